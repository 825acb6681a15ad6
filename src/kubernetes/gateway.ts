/** A kind of object as the API serves it. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** What a cluster serves, as its discovery tells. */
export interface ServedResources {
  /** Kinds that can be listed, each in its group's preferred version; sorted. */
  readonly resources: readonly Resource[];
  /** Groups whose own server did not answer; sorted. */
  readonly unanswered: readonly string[];
}

/** An object as the API server gives it: nothing is dropped, nothing converted. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  // biome-ignore lint/suspicious/noExplicitAny: what lies beyond metadata differs by kind and is read where it is used
  readonly [field: string]: any;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly ManagedFields[];
}

/** What one field manager has set, as the API server keeps it; `f:NAME` stands for the field NAME. */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly fieldsV1?: { readonly 'f:metadata'?: { readonly 'f:annotations'?: Readonly<Record<string, unknown>> } };
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/**
 * The gateway to one cluster. It throws `PodshiftError`s by name: `KubernetesUnauthorized` (401), `KubernetesForbidden`
 * (403), `Conflict` (409 on a write), `AlreadyExists` (409 on create), `NotFound`, `Throttled` (429), `InvalidRequest`
 * (400, 415, 422), `ServiceUnavailable` (5xx), `ClusterUnreachable` (no answer). Messages never hold a body or a header.
 */
export interface KubernetesGateway {
  /** All pages of a list (500 an answer); starts again, at most three times, where a continue token has expired (410). A kind that the cluster does not serve is an empty list. */
  list(resource: Resource, options?: { namespace?: string; labelSelector?: string; fieldSelector?: string }): Promise<KubernetesObject[]>;
  /**
   * Hands each object of all namespaces to `visit`, once, page by page: no more than a page is held. Where a continue token has expired
   * it starts again as {@link list} does, and leaves out those that were handed over already.
   */
  visit(resource: Resource, visit: (object: KubernetesObject) => void): Promise<void>;
  /** The kinds of these groups that can be listed, as the cluster's discovery tells; what `wanted` refuses is not asked for. */
  discover(wanted: (group: string) => boolean): Promise<ServedResources>;
  /** Undefined where it does not exist. */
  get(resource: Resource, namespace: string | undefined, name: string): Promise<KubernetesObject | undefined>;
  /** Small patches alone, with the content type that `type` names. `resourceVersion` in the body's metadata guards it; with `dryRun` nothing is kept. */
  patch(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    patch: { type: 'merge' | 'strategic' | 'json'; body: unknown },
    options?: { dryRun?: boolean },
  ): Promise<KubernetesObject>;
  /** The object as admitted; with `dryRun` nothing is kept (admission webhooks run all the same). */
  create(resource: Resource, namespace: string | undefined, object: unknown, options?: { dryRun?: boolean }): Promise<KubernetesObject>;
  /** Deleting what is gone is no error; with `uid`, an object of the same name but another uid is left alone. */
  delete(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    options?: { uid?: string; gracePeriodSeconds?: number },
  ): Promise<void>;
  /** By the eviction API: `blocked` is a PodDisruptionBudget's 429. */
  evict(namespace: string, podName: string, options?: { uid?: string }): Promise<'evicted' | 'blocked' | 'gone'>;
}
