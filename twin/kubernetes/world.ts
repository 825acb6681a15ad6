import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { AwsSide, TwinClock, TwinDelays } from '../contracts.ts';
import type { Admission } from './admission.ts';
import { deleteObject } from './deletion.ts';
import type { Kind, KindRegistry } from './kinds.ts';
import { controllerOf, ownedBy, withMetadata } from './objects.ts';
import { randomSuffix } from './registry.ts';
import { ApiError } from './status.ts';
import type { Store } from './store.ts';
import { validateCreate } from './validation.ts';
import type { WorkQueue } from './work-queue.ts';

/** A pod template, as workloads hold it. */
export interface PodTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: a pod's spec, read where it is used
  readonly spec: any;
}

/** Milliseconds until a controller tries again to make a pod that admission refused. */
const RETRY = 5000;

/** What controllers and kubelets share. */
export class World {
  readonly store: Store;
  readonly kinds: KindRegistry;
  readonly clock: TwinClock;
  readonly queue: WorkQueue;
  readonly aws: AwsSide;
  readonly delays: TwinDelays;
  readonly #admission: Admission;
  /** While the snapshot is loaded pods start at once. */
  loading = true;
  /** When the twin began, milliseconds since the epoch. */
  readonly started: number;
  #pods = 0;

  constructor(parts: {
    store: Store;
    kinds: KindRegistry;
    clock: TwinClock;
    queue: WorkQueue;
    aws: AwsSide;
    delays: TwinDelays;
    admission: Admission;
  }) {
    this.store = parts.store;
    this.kinds = parts.kinds;
    this.clock = parts.clock;
    this.started = parts.clock.now();
    this.queue = parts.queue;
    this.aws = parts.aws;
    this.delays = parts.delays;
    this.#admission = parts.admission;
  }

  /** The built-in kind of that name. */
  kind(group: string, kind: string): Kind {
    return this.kinds.byKind(group, kind) as Kind;
  }

  get pods(): Kind {
    return this.kind('', 'Pod');
  }

  /** The pods that a controller's object manages. */
  podsOf(owner: KubernetesObject): KubernetesObject[] {
    return this.ownedBy(owner, 'Pod');
  }

  /** What an object controls, of one kind, sorted by name. */
  ownedBy(owner: KubernetesObject, kind: string): KubernetesObject[] {
    const { uid } = owner.metadata;
    return this.store
      .dependents(uid)
      .filter((object) => object.kind === kind && controllerOf(object)?.uid === uid)
      .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  }

  /**
   * Makes a pod of a template as a controller does: through admission and validation, on one API server or the other. Where
   * they refuse it, undefined, and `retry` is worked on again later.
   */
  createPod(
    owner: KubernetesObject,
    template: PodTemplate,
    extra: PodExtra,
    retry: { key: string; work: () => void },
  ): KubernetesObject | undefined {
    this.#pods += 1;
    const namespace = owner.metadata.namespace as string;
    const pod: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: extra.name ?? this.#freeName(namespace, `${owner.metadata.name}-`),
        ...(extra.name === undefined ? { generateName: `${owner.metadata.name}-` } : {}),
        namespace,
        ...(template.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
        labels: { ...template.metadata?.labels, ...extra.labels },
        ownerReferences: ownedBy(owner),
      },
      spec: { ...template.spec, ...extra.spec },
      status: { phase: 'Pending' },
    };
    // The API server refuses it for good, and the controller's object goes as well.
    if (this.store.get(this.kind('', 'Namespace'), undefined, namespace)?.metadata.deletionTimestamp !== undefined) return undefined;
    try {
      const admitted = this.#admission.create(this.pods, pod, this.#pods % 2);
      validateCreate(this.pods, admitted);
      return this.store.create(this.pods, admitted, 'system');
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      this.queue.addAt(this.clock.now() + RETRY, retry.key, retry.work);
      return undefined;
    }
  }

  deletePod(pod: KubernetesObject): void {
    this.delete(this.pods, pod);
  }

  delete(kind: Kind, object: KubernetesObject): void {
    deleteObject(this.store, this.kinds, this.clock, kind, object, {}, 'system');
  }

  /** Writes what a controller found out; nothing where it is known already. */
  setStatus(kind: Kind, object: KubernetesObject, status: Record<string, unknown>): KubernetesObject {
    const given = Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
    return this.store.update(kind, object, { ...object, status: given }, 'system');
  }

  /** Sets annotations as a controller does. */
  annotate(kind: Kind, object: KubernetesObject, annotations: Readonly<Record<string, string>>): KubernetesObject {
    return this.store.update(
      kind,
      object,
      withMetadata(object, { annotations: { ...object.metadata.annotations, ...annotations } }),
      'system',
    );
  }

  #freeName(namespace: string, prefix: string): string {
    for (let attempt = this.#pods; ; attempt += 7919) {
      const name = `${prefix}${randomSuffix(attempt, 5)}`;
      if (this.store.get(this.pods, namespace, name) === undefined) {
        return name;
      }
    }
  }
}

/** What a controller adds to its template. */
export interface PodExtra {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}
