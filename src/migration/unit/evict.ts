import { takeNotes, withRequestNotes } from '../../audit/request-notes.ts';
import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import type { UnitRecord } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';
import { fence, journaledWrite, UNWRITTEN, type UnitContext } from '../write.ts';

/** Key of the journal's entry of one eviction. */
export function evictionKey(pod: KubernetesObject): string {
  return `eviction#Pod/${pod.metadata.namespace}/${pod.metadata.name}#${pod.metadata.uid}`;
}

/** Forward, or on a rollback: each has a budget of its own. */
export type Direction = 'forward' | 'back';

/**
 * `blocked` is a PodDisruptionBudget's answer: nothing happened, and the caller asks again later. `spent`: the pods of this owner
 * were evicted as often as they may be, and their successors are no better; nothing happened either.
 */
export type Eviction = 'evicted' | 'blocked' | 'gone' | 'spent';

/** Evictions for each pod that an owner has: what is no better by the second try is not by a third one. */
const TRIES_PER_POD = 2;

/** Evictions that a small run may make beyond twice its pods: a pod that admission missed, one that a lost node made. */
const RUN_ALLOWANCE = 20;

/**
 * Evicts one pod by the eviction API, with its intent on record, within the budget of its owner: twice as often as it has pods
 * (`pods` are all of the unit's); and within the run's, in each direction: owners may be new each time. A pod of the same name but another uid is left alone.
 */
export async function evictPod(
  runtime: JournalRuntime,
  context: UnitContext,
  pod: KubernetesObject,
  pods: readonly KubernetesObject[],
  direction: Direction,
): Promise<Eviction> {
  const { run, unit, kubernetes } = context;
  const { namespace = unit.plan.namespace, name, uid } = pod.metadata;
  const key = evictionKey(pod);
  const isNew = (await runtime.journal.getEntry(run.runId, key)) === undefined;
  // One that a budget blocked, or whose reply was lost, is asked for again and counted once.
  if (isNew && !((await hasRunLeft(runtime, unit, direction)) && (await spend(runtime, unit, pod, pods, direction)))) return 'spent';
  const evict = () => kubernetes.evict(namespace, name, uid === undefined ? {} : { uid });
  const entry = { key, unitId: unit.unitId, kind: 'eviction' as const, object: `Pod/${namespace}/${name}`, before: { uid, direction } };
  let answer: Exclude<Eviction, 'spent'> = 'gone';
  if (direction === 'forward') {
    const perform = async () => {
      answer = await evict();
      return answer === 'blocked' ? UNWRITTEN : { evicted: true };
    };
    await journaledWrite(runtime, run, { ...entry, perform });
    return answer;
  }
  await fence(runtime, run);
  const begun = await runtime.journal.recordIntent({ runId: run.runId, ...entry });
  return withRequestNotes(async () => {
    answer = await evict();
    // An entry of an earlier version has no place for the requests of a try.
    const ended = begun.requests === undefined ? undefined : { id: runtime.ids.next(), requests: takeNotes() };
    if (answer !== 'blocked') await runtime.journal.markApplied(run.runId, key, { evicted: true }, ended);
    return answer;
  });
}

/** Whether the run may evict one more pod in this direction; of a rollback those since it began, or began again, count. */
async function hasRunLeft({ journal }: JournalRuntime, { runId, facts }: UnitRecord, direction: Direction): Promise<boolean> {
  const since = direction === 'back' ? Number(facts.undoSince ?? 0) : 0;
  const evicted = (await journal.listEntries(runId)).filter(
    ({ kind, before, at }) =>
      kind === 'eviction' && (before as { direction?: Direction }).direction === direction && Date.parse(at) >= since,
  );
  if (evicted.length < RUN_ALLOWANCE) return true;
  const workloads = (await journal.listUnits(runId)).flatMap(({ plan }) => plan.workloads);
  const pods = workloads.reduce((sum, { replicas }) => sum + (replicas ?? 1), 0);
  return evicted.length < RUN_ALLOWANCE + TRIES_PER_POD * pods;
}

/** Counts one eviction of the pod's owner; false, and not counted, where its budget is spent. */
async function spend(
  runtime: JournalRuntime,
  unit: UnitRecord,
  pod: KubernetesObject,
  pods: readonly KubernetesObject[],
  direction: Direction,
): Promise<boolean> {
  const owner = ownerOf(pod);
  // A rollback that an operator starts again has its whole budget.
  const since = direction === 'back' ? ` ${String(unit.facts.undoSince ?? '')}` : '';
  const [evicted, most] = [`evicted ${direction}${since} ${owner}`, `pods ${direction}${since} ${owner}`];
  const { facts } = await runtime.journal.getUnit(unit.runId, unit.unitId);
  const count = Math.max(1, pods.filter((one) => ownerOf(one) === owner).length, Number(facts[most] ?? 0));
  const spent = Number(facts[evicted] ?? 0);
  if (spent >= TRIES_PER_POD * count) return false;
  await runtime.journal.updateUnit(unit.runId, unit.unitId, { facts: { [evicted]: spent + 1, [most]: count } });
  return true;
}

/** `Kind/name` of what makes the pod anew; all ReplicaSets of one Deployment are one owner. */
export function ownerOf({ metadata }: KubernetesObject): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return `Pod/${metadata.name}`;
  const hash = metadata.labels?.['pod-template-hash'];
  const name = hash !== undefined && owner.name.endsWith(`-${hash}`) ? owner.name.slice(0, -hash.length - 1) : owner.name;
  return `${owner.kind}/${name}`;
}
