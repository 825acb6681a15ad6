import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { groupOf, type Kind } from '../kinds.ts';
import { controllerOf } from '../objects.ts';
import { matchesSelector } from '../selectors.ts';
import type { StoredChange } from '../store.ts';
import type { World } from '../world.ts';
import { reconcileCronJob } from './cron-job.ts';
import { reconcileDaemonSet } from './daemon-set.ts';
import { reconcileDeployment } from './deployment.ts';
import { reconcileBudget } from './disruption.ts';
import { reconcileJob } from './job.ts';
import { reconcileReplicaSet } from './replica-set.ts';
import { reconcileRollout } from './rollout.ts';
import { reconcileStatefulSet } from './stateful-set.ts';

type Reconcile = (world: World, object: KubernetesObject, retry: { key: string; work: () => void }, kind: Kind) => void;

const CONTROLLERS: Readonly<Record<string, Reconcile>> = {
  'apps/Deployment': reconcileDeployment,
  'apps/StatefulSet': reconcileStatefulSet,
  'apps/DaemonSet': reconcileDaemonSet,
  'apps/ReplicaSet': (world, object, retry, kind) => reconcileReplicaSet(world, kind, object, retry),
  '/ReplicationController': (world, object, retry, kind) => reconcileReplicaSet(world, kind, object, retry),
  'batch/Job': reconcileJob,
  'argoproj.io/Rollout': reconcileRollout,
  'policy/PodDisruptionBudget': reconcileBudget,
};

/** Whether the twin makes the pods of this kind; a kind of the same name in another group is an unknown owner. */
export function isWorkload({ apiVersion, kind }: Pick<KubernetesObject, 'apiVersion' | 'kind'>): boolean {
  return kind !== 'PodDisruptionBudget' && `${groupOf(apiVersion)}/${kind}` in CONTROLLERS;
}

/** Starts the controllers: each change names what has to be looked at, and nothing else is. CronJobs make Jobs where `cronJobs` says so. */
export function startControllers(world: World, cronJobs: boolean): void {
  const controllers: Readonly<Record<string, Reconcile>> = cronJobs ? { ...CONTROLLERS, 'batch/CronJob': reconcileCronJob } : CONTROLLERS;
  const enqueue = (kind: Kind, { metadata: { namespace, name } }: Pick<KubernetesObject, 'metadata'>): void => {
    const reconcile = controllers[`${kind.group}/${kind.kind}`];
    if (reconcile === undefined) {
      return;
    }
    const key = `${kind.kind}/${namespace}/${name}`;
    const work = (): void => {
      const object = world.store.get(kind, namespace, name);
      if (object !== undefined && object.metadata.deletionTimestamp === undefined) {
        reconcile(world, object, { key, work }, kind);
      }
    };
    world.queue.add(key, work);
  };

  const enqueueOwner = (object: KubernetesObject, gone: boolean): void => {
    const owner = controllerOf(object);
    const kind = owner === undefined ? undefined : world.kinds.of(owner as unknown as KubernetesObject);
    if (owner === undefined || kind === undefined) {
      return;
    }
    enqueue(kind, { metadata: { ...object.metadata, name: owner.name } });
    const holder = gone ? world.store.get(kind, object.metadata.namespace, owner.name) : undefined;
    // A Deployment that recreates waits for the last old pod to be gone, which no status of its ReplicaSet tells.
    if (holder !== undefined) {
      enqueueOwner(holder, false);
    }
  };

  const budgets = world.kind('policy', 'PodDisruptionBudget');
  const daemonSets = world.kind('apps', 'DaemonSet');
  const serviceAccounts = world.kind('', 'ServiceAccount');

  world.store.subscribe(({ kind, before, after }: StoredChange) => {
    const object = (after ?? before) as KubernetesObject;
    enqueueOwner(object, after === undefined);
    if (after !== undefined) {
      enqueue(kind, after);
    }
    if (kind === world.pods) {
      for (const budget of world.store.list(budgets, object.metadata.namespace ?? '')) {
        if (matchesSelector(budget.spec.selector, object.metadata.labels)) {
          enqueue(budgets, budget);
        }
      }
    }
    if (kind.kind === 'Node' && placement(before) !== placement(after)) {
      world.store.list(daemonSets).forEach((set) => void enqueue(daemonSets, set));
    }
    if (kind.kind === 'Namespace' && before === undefined && after !== undefined && !world.loading) {
      const metadata = { name: 'default', namespace: after.metadata.name };
      world.store.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata }, 'system');
    }
  });
}

/** What of a node decides which daemon pods it gets. */
function placement(node: KubernetesObject | undefined): string {
  return node === undefined ? '' : JSON.stringify([node.metadata.labels, node.spec?.taints, node.status?.nodeInfo?.operatingSystem]);
}
