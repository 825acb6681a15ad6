import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { controllerOf, timestamp } from './objects.ts';
import type { Store, StoredChange } from './store.ts';

/** What an event tells, about an object. */
interface Told {
  readonly about: KubernetesObject;
  readonly reason: string;
  readonly message: string;
  readonly by: string;
  readonly type?: 'Normal' | 'Warning';
}

/** As many events as are kept: the twin's clock may run through months, and an API server keeps an hour's. */
const KEPT = 1000;
const LIFE = 60 * 60 * 1000;

/**
 * What the twin's scheduler, kubelets and controllers tell of what they do. Events are no part of the store: they move no resource
 * version, and no one watches them.
 */
export class EventLog {
  readonly #now: () => number;
  readonly #changes: StoredChange[] = [];
  readonly #times: number[] = [];

  constructor(store: Pick<Store, 'subscribe'>, now: () => number) {
    this.#now = now;
    store.subscribe((change) => this.#keep(change));
  }

  /** Events of a namespace, or of all, oldest first. They are worked out when somebody looks. */
  list(namespace: string | undefined): KubernetesObject[] {
    const since = this.#now() - LIFE;
    return this.#changes.flatMap((change, index) => {
      const at = this.#times[index] as number;
      const { metadata } = (change.after ?? change.before) as KubernetesObject;
      if (at < since || (namespace !== undefined && (metadata.namespace ?? 'default') !== namespace)) return [];
      return toldOf(change).map((told, part) => eventOf(told, at, `${change.resourceVersion}${part.toString(16)}`));
    });
  }

  get(namespace: string | undefined, name: string): KubernetesObject | undefined {
    return this.list(namespace).find(({ metadata }) => metadata.name === name);
  }

  #keep(change: StoredChange): void {
    if (change.kind.kind !== 'Pod' && change.kind.kind !== 'ReplicaSet') return;
    this.#changes.push(change);
    this.#times.push(this.#now());
    if (this.#changes.length <= KEPT) return;
    this.#changes.shift();
    this.#times.shift();
  }
}

function eventOf({ about, reason, message, by, type = 'Normal' }: Told, at: number, id: string): KubernetesObject {
  const { name, namespace = 'default', uid, resourceVersion } = about.metadata;
  const time = timestamp(at);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${id}`, namespace, uid: `event-${id}`, resourceVersion, creationTimestamp: time },
    involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name, namespace: about.metadata.namespace, uid, resourceVersion },
    type,
    reason,
    message,
    source: { component: by },
    reportingComponent: by,
    reportingInstance: '',
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  } as unknown as KubernetesObject;
}

/** What Kubernetes' own components tell of a change, in their words. */
function toldOf({ kind, before, after }: StoredChange): Told[] {
  return kind.kind === 'Pod' ? ofPod(before, after) : ofReplicaSet(before, after);
}

function ofPod(before: KubernetesObject | undefined, after: KubernetesObject | undefined): Told[] {
  const pod = (after ?? before) as KubernetesObject;
  const { name, namespace } = pod.metadata;
  const told: Told[] = [];
  const owner = ownerOf(pod);
  if (owner !== undefined && before === undefined)
    told.push({ about: owner, reason: 'SuccessfulCreate', message: `Created pod: ${name}`, by: `${owner.kind.toLowerCase()}-controller` });
  if (owner !== undefined && after === undefined)
    told.push({ about: owner, reason: 'SuccessfulDelete', message: `Deleted pod: ${name}`, by: `${owner.kind.toLowerCase()}-controller` });
  if (after === undefined) return told;
  const node: unknown = after.spec?.nodeName;
  if (node !== undefined && before?.spec?.nodeName === undefined)
    told.push({
      about: pod,
      reason: 'Scheduled',
      message: `Successfully assigned ${namespace}/${name} to ${node}`,
      by: 'default-scheduler',
    });
  const unscheduled = (object: KubernetesObject | undefined): string | undefined =>
    (object?.status?.conditions ?? []).find((one: Record<string, string>) => one.type === 'PodScheduled' && one.reason === 'Unschedulable')
      ?.message;
  const why = unscheduled(after);
  if (why !== undefined && why !== unscheduled(before))
    told.push({ about: pod, reason: 'FailedScheduling', message: why, by: 'default-scheduler', type: 'Warning' });
  const running = (object: KubernetesObject | undefined): string[] =>
    (object?.status?.containerStatuses ?? []).flatMap((one: { name: string; state?: { running?: object } }) =>
      one.state?.running === undefined ? [] : [one.name],
    );
  const ran = new Set(running(before));
  for (const container of running(after))
    if (!ran.has(container)) told.push({ about: pod, reason: 'Started', message: `Started container ${container}`, by: 'kubelet' });
  if (after.metadata.deletionTimestamp !== undefined && before?.metadata.deletionTimestamp === undefined)
    for (const container of running(after))
      told.push({ about: pod, reason: 'Killing', message: `Stopping container ${container}`, by: 'kubelet' });
  return told;
}

function ofReplicaSet(before: KubernetesObject | undefined, after: KubernetesObject | undefined): Told[] {
  const owner = after === undefined ? undefined : ownerOf(after);
  if (after === undefined || owner?.kind !== 'Deployment') return [];
  const [from, to]: [number, number] = [before?.spec?.replicas ?? 0, after.spec?.replicas ?? 1];
  if (from === to) return [];
  const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${after.metadata.name} from ${from} to ${to}`;
  return [{ about: owner, reason: 'ScalingReplicaSet', message, by: 'deployment-controller' }];
}

/** The controller of an object, as far as its reference tells. */
function ownerOf(object: KubernetesObject): KubernetesObject | undefined {
  const owner = controllerOf(object);
  if (owner === undefined) return undefined;
  const { apiVersion, kind, name, uid } = owner;
  return { apiVersion, kind, metadata: { name, namespace: object.metadata.namespace, uid } } as KubernetesObject;
}
