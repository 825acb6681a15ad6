import type { KubernetesObject } from '../src/kubernetes/gateway.ts';

/** The twin's time. A rehearsal's is virtual: it stands still while anything works and jumps while all wait. */
export interface TwinClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `action` once, `milliseconds` from now; the answer cancels it. Actions due at the same time run in the order they were scheduled. */
  schedule(milliseconds: number, action: () => void): () => void;
  sleep(milliseconds: number): Promise<void>;
}

/** The services of the twin, as the report counts calls. */
export type TwinService = 'eks' | 'iam' | 'sts' | 'kubernetes' | 'cloudtrail' | 'cloudformation' | 'other';

/** One request that reached the twin. */
export interface TwinRequest {
  /** From 1, in the order of arrival. */
  readonly sequence: number;
  readonly service: TwinService;
  /** The AWS action (`CreatePodIdentityAssociation`), or verb and resource (`patch deployments`, `create pods/eviction`, `create pods?dryRun`). */
  readonly operation: string;
  /** The object: `NAMESPACE/NAME`, a role's name, an association's id; empty for lists. */
  readonly object: string;
  /** The API group of a Kubernetes resource; empty for the core group. */
  readonly apiGroup?: string;
  /** ARN of who asked; absent where the twin does not know them. */
  readonly principal?: string;
  /** Whether it changes something (dry runs and reads do not). */
  readonly write: boolean;
  /** Twin time, milliseconds since the epoch. */
  readonly at: number;
}

/** Faults that are an answer of the service: too many requests, its own failure, a permission that is withheld. */
export type FaultAnswer = 'throttle' | 'server-error' | 'denied';

/** What goes wrong with a request: before it is applied, or after it was applied (the reply is lost). */
export interface Fault {
  readonly kind: FaultAnswer | 'reset';
  readonly when: 'before' | 'after';
}

/** Hooks around every request, for fault sweeps and for the watch over the promises. */
export interface TwinHooks {
  /** Called ahead of a request; an answer makes it fail so. */
  beforeRequest?(request: TwinRequest): Fault | undefined;
  /** Called when it was applied (or refused), ahead of the reply. */
  afterRequest?(request: TwinRequest, httpStatus: number): void;
}

/** How long things take in the twin, in milliseconds. */
export interface TwinDelays {
  /** From UpdateAssumeRolePolicy until STS and EKS see the new document. */
  readonly iamPropagation: number;
  /** From an association's create or delete until the webhook sees it; each API server instance adds up to this much again. */
  readonly associationPropagation: number;
  /** From CreateAddon until ACTIVE. */
  readonly addonActive: number;
  /** From a pod's creation until it is running, and from there until it is ready. */
  readonly podStart: number;
  readonly podReady: number;
  /** From an event until CloudTrail shows it. */
  readonly cloudTrailDelivery: number;
}

/** Who a process would be. `via` is the link of the SDK's chain that answered (domain.md §5.1). */
export interface CallerIdentity {
  readonly via: 'static-keys' | 'web-identity' | 'pod-identity' | 'instance-metadata' | 'none';
  /** The role's ARN; empty where there are no credentials, or for static keys. */
  readonly roleArn: string;
  /** `arn:…:assumed-role/ROLE/SESSION`; empty where there are no credentials. */
  readonly assumedRoleArn: string;
  /** What the process would print; empty where it got credentials. */
  readonly error: string;
}

/** What the Kubernetes half of the twin asks of the AWS half. */
export interface AwsSide {
  /** Whether the webhook behind API server instance `instance` (0, 1, …) sees an association of this service account by now. */
  webhookSeesAssociation(namespace: string, serviceAccount: string, instance: number): boolean;
  /** Who a process in this container is when it asks now, by the provider order of an up-to-date SDK. It records CloudTrail events and fills the agent's cache, as the call would. */
  callerIdentity(pod: KubernetesObject, containerName: string): CallerIdentity;
  /** What a process of the pod gets that asks instance metadata without a token: an HTTP status, or its error's words. */
  instanceMetadata(pod: KubernetesObject): number | string;
  /** Deletes a rule of PREROUTING from a node, by what follows `-A PREROUTING`; answers how often it was there. */
  removeRule(nodeName: string, rule: readonly string[]): number;
  /** The principal behind an EKS bearer token (domain.md §7.1), or undefined for a bad one. */
  authenticate(bearerToken: string): { readonly arn: string } | undefined;
  /** Whether a Fargate profile takes pods of this namespace with these labels. */
  isFargate(namespace: string, labels: Readonly<Record<string, string>>): boolean;
}

/** One change of an object in the Kubernetes half. `before` or `after` is undefined for a create or delete. */
export interface ObjectChange {
  readonly before: KubernetesObject | undefined;
  readonly after: KubernetesObject | undefined;
  /** `request`: asked for by a client over HTTP; `system`: a controller, kubelet, webhook or EKS itself. */
  readonly by: 'request' | 'system';
}

/** What the AWS half, and the watch over the promises, ask of the Kubernetes half. */
export interface KubernetesSide {
  /** All objects of a kind, such as `Pod`, in every namespace. */
  objects(kind: string): readonly KubernetesObject[];
  object(kind: string, namespace: string | undefined, name: string): KubernetesObject | undefined;
  /** Writes as EKS's own controllers do. */
  apply(object: KubernetesObject): void;
  remove(kind: string, namespace: string | undefined, name: string): void;
  onChange(listener: (change: ObjectChange) => void): void;
}
