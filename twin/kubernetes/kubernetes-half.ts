import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { AwsSide, KubernetesSide, TwinClock, TwinDelays } from '../contracts.ts';
import type { TwinHttpService } from '../server.ts';
import { createAdmission } from './admission.ts';
import { createApiServer } from './api-server.ts';
import { startControllers } from './controllers/manager.ts';
import { KindRegistry } from './kinds.ts';
import { Kubelet } from './kubelet.ts';
import { Lists } from './lists.ts';
import { loadObjects } from './loading.ts';
import { Registry } from './registry.ts';
import type { Authorize } from './reviews.ts';
import { createSide } from './side.ts';
import { Store } from './store.ts';
import { Watches } from './watches.ts';
import { WorkQueue } from './work-queue.ts';
import { World } from './world.ts';

/** What the Kubernetes half of a twin is made of. */
export interface KubernetesHalfSettings {
  /** The snapshot's objects, as `kubectl get -o json` gives them (lists taken apart). */
  readonly objects: readonly KubernetesObject[];
  readonly clock: TwinClock;
  /** Asked from the start on: pods are made, and go through admission, while the half is created. */
  readonly aws: AwsSide;
  readonly delays: TwinDelays;
  readonly clusterName: string;
  /** The region that the webhook injects; without one it injects none. */
  readonly region?: string | undefined;
  /** `ipv6` where the cluster's addresses are. */
  readonly ipFamily?: string | undefined;
  /** `MAJOR.MINOR`, as EKS names it. */
  readonly kubernetesVersion?: string | undefined;
  /** Who issues the tokens of service accounts, with `https://`; the API server itself where absent. */
  readonly issuer?: string | undefined;
  /** Kinds that the cluster was seen to have, whether there are objects of them or not. */
  readonly kinds?: readonly Parameters<KindRegistry['learnServed']>[0][] | undefined;
  /** Custom kinds, as `KIND.GROUP`, of which nobody knows whether there are objects: they may not be read. */
  readonly unknownKinds?: readonly string[] | undefined;
  /** RBAC: false denies with 403. Everything is allowed by default. Subresources are `pods/eviction`. */
  readonly authorize?: Authorize | undefined;
  /** Images that no node can pull. */
  readonly unpullableImages?: ((image: string) => boolean) | undefined;
  /** Whether CronJobs make their Jobs when their time comes; not where absent. */
  readonly cronJobs?: boolean | undefined;
}

/** The Kubernetes half: an API server with its controllers, kubelets and webhook. */
export interface KubernetesHalf {
  readonly side: KubernetesSide;
  /** To be served over TLS by `startTwinServer`. */
  readonly service: TwinHttpService;
  /** Pods that the predicate names do not become ready any more, until the answer is called; then those that run become ready. */
  failReadiness(predicate: (pod: KubernetesObject) => boolean): () => void;
  /** Lets all continue tokens and old resource versions expire, as etcd's compaction does every 5 minutes. */
  compact(): void;
  /** Ends open watches. */
  close(): void;
}

/** Milliseconds from a change until controllers and schedulers act on it. */
const CONTROLLER_LAG = 10;
/** The age of what the twin made itself while it was loaded. */
const AGE_AT_START = 60 * 60 * 1000;

/**
 * Loads the objects and brings the cluster to rest: all pods that can run are ready, all statuses are right. Throws
 * where an object cannot be kept by any API server.
 */
export function createKubernetesHalf(settings: KubernetesHalfSettings): KubernetesHalf {
  const { clock, aws, delays } = settings;
  const kinds = new KindRegistry();
  const store = new Store(kinds, () => (world.loading ? clock.now() - AGE_AT_START : clock.now()));
  const admission = createAdmission({ store, kinds, aws, region: settings.region, ipv6: settings.ipFamily === 'ipv6' });
  const queue = new WorkQueue(clock, CONTROLLER_LAG);
  const world: World = new World({ store, kinds, clock, queue, aws, delays, admission });
  const kubelet = new Kubelet(world, settings.unpullableImages ?? (() => false));
  startControllers(world, settings.cronJobs === true);
  queue.hold();
  for (const kind of settings.kinds ?? []) kinds.learnServed(kind);
  loadObjects(settings.objects, kinds, store, clock.now());
  queue.drain();
  world.loading = false;
  store.compact();
  const lists = new Lists(store, () => clock.now());
  const watches = new Watches(store, clock);
  const service = createApiServer({
    store,
    kinds,
    registry: new Registry(store, kinds, admission, clock),
    lists,
    watches,
    clock,
    aws,
    kubernetesVersion: settings.kubernetesVersion ?? '1.30',
    authorize: settings.authorize ?? (() => true),
    issuer: settings.issuer ?? 'https://kubernetes.default.svc',
    unknownKinds: new Set(settings.unknownKinds ?? []),
  });
  return {
    side: createSide(world),
    service,
    failReadiness: (predicate) => kubelet.failReadiness(predicate),
    compact: () => {
      store.compact();
      lists.compact();
    },
    close: () => watches.close(),
  };
}
