import { stopMark } from '../../inventory/metadata/daemon-reach.ts';
import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { PodshiftError } from '../../model/errors.ts';
import { RETIRED_LABEL, type RetirementRecord } from '../../model/retirement.ts';
import type { JournalEntry, RunRecord } from '../../model/run.ts';
import { isReady } from '../../verification/pods.ts';
import { PACES, waitIn } from '../polls.ts';
import type { ClusterRuntime, JournalRuntime, Runtime } from '../runtime.ts';
import { type Failure, reasonOf } from '../trust/grant-trust.ts';
import { fence, markUndone, type Poll, READY } from '../write.ts';
import type { DaemonImage } from './retire-daemon.ts';
import { beginPhase, isLate, keepRetirement, pausable, retirementOf, secondsOf } from './retirement-record.ts';
import { interceptorNow, podsOfDaemon } from './retirement-state.ts';

/** Nothing was done, or it is undone. */
const OVER: ReadonlySet<RetirementRecord['status']> = new Set(['refused', 'done', 'restored']);

/** Why the daemon comes back: what was caught, or that the run is rolled back. */
export interface RestoreInput {
  readonly runId: string;
  /** Units that are rolled back; null for the whole run. */
  readonly chosen: readonly string[] | null;
  readonly failure: Failure;
}

/**
 * Puts the daemon back as it was, from the journal alone: it runs again, and each node that lost its rule gets a new pod of
 * it, which adds the rule as it starts. It is called until it is ready. Nothing is done where this run retired nothing, or
 * where none of the chosen units has to return to the daemon. Throws `UndoFailed`.
 */
export async function restoreDaemon(runtime: ClusterRuntime, input: RestoreInput): Promise<Poll> {
  return pausable(runtime, input.runId, () => restoreDaemonNow(runtime, input));
}

async function restoreDaemonNow(runtime: ClusterRuntime, input: RestoreInput): Promise<Poll> {
  const run = await runtime.journal.getRun(input.runId);
  const found = await retirementOf(runtime, run.runId);
  const entries = (await runtime.journal.listEntries(run.runId, null)).filter(isOfRetirement);
  if (found === undefined || OVER.has(found.status) || !(await isWanted(runtime, input, found))) return READY;
  const record = await openRestore(runtime, run, found, reasonOf(input.failure));
  const kubernetes = await runtime.kubernetes(run.target);
  await removePods(runtime, run, kubernetes, entries);
  for (const entry of entries) if (entry.kind === 'daemon' && entry.state !== 'undone') await start(runtime, run, kubernetes, entry);
  const missing = await serving(runtime, run, kubernetes, record, entries);
  if (missing === '') {
    for (const entry of entries) if (entry.state !== 'undone') await markUndone(runtime, run.runId, entry.key);
    await keepRetirement(runtime, run.runId, record, { status: 'restored' });
    return READY;
  }
  if (isLate(runtime, record, 'back', run.options.undoTimeoutSeconds))
    throw new PodshiftError('UndoFailed', `after ${run.options.undoTimeoutSeconds} s of starting the daemon again, ${missing}`);
  return waitIn(runtime, run, PACES.daemonBack, secondsOf(runtime, record, 'back'), run.options.undoTimeoutSeconds);
}

/** Entries of this run that are the retirement's own: its pods, the nodes' rules, the daemons. Newest first. */
function isOfRetirement(entry: JournalEntry): boolean {
  return entry.unitId === null && (entry.kind === 'daemon' || entry.kind === 'rule' || entry.kind === 'probe-pod');
}

async function isWanted(runtime: JournalRuntime, { runId, chosen }: RestoreInput, { plan }: RetirementRecord): Promise<boolean> {
  if (chosen === null) return true;
  const units = await runtime.journal.listUnits(runId);
  return units.some((unit) => chosen.includes(unit.unitId) && unit.plan.mechanism === plan.mechanism);
}

/** A rollback that begins notes which pods of the daemon run: those of them on cleared nodes have to go. */
async function openRestore(runtime: ClusterRuntime, run: RunRecord, found: RetirementRecord, reason: string): Promise<RetirementRecord> {
  if (found.status === 'restoring') return beginPhase(runtime, run.runId, found, 'back');
  const kubernetes = await runtime.kubernetes(run.target);
  const { rule } = found.plan;
  const pods = rule === null ? [] : await podsOfDaemon(kubernetes, rule);
  const oldPods = pods.map(({ metadata }) => metadata.uid ?? '').sort();
  const { back: _earlier, ...since } = found.since;
  const begun = await keepRetirement(runtime, run.runId, found, { status: 'restoring', reason, oldPods, since });
  return beginPhase(runtime, run.runId, begun, 'back');
}

/** Deletes what is left of the pods that this run made on the nodes. */
async function removePods(
  runtime: Runtime,
  run: RunRecord,
  kubernetes: KubernetesGateway,
  entries: readonly JournalEntry[],
): Promise<void> {
  for (const entry of entries) {
    if (entry.kind !== 'probe-pod' || entry.state === 'undone') continue;
    const [, namespace = '', name = ''] = entry.object.split('/');
    await fence(runtime, run);
    await kubernetes.delete(RESOURCES.pods, namespace, name);
    await markUndone(runtime, run.runId, entry.key);
  }
}

/** Lets a daemon run again, unless somebody has done so. Throws `UndoFailed` where it is gone. */
async function start(runtime: Runtime, run: RunRecord, kubernetes: KubernetesGateway, entry: JournalEntry): Promise<void> {
  const [kind, namespace, name = ''] = entry.object.split('/');
  const resource = kind === 'DaemonSet' ? RESOURCES.daemonSets : RESOURCES.deployments;
  const object = await kubernetes.get(resource, namespace, name);
  if (object === undefined)
    throw new PodshiftError(
      'UndoFailed',
      `${entry.object} was deleted after podshift stopped it; create it again, then roll back once more`,
    );
  const before = entry.before as DaemonImage;
  const body = kind === 'DaemonSet' ? selectorBack(object, run.runId, before) : replicasBack(object, before);
  if (body === undefined) return;
  const { resourceVersion } = object.metadata;
  await fence(runtime, run);
  await kubernetes.patch(resource, namespace, name, {
    type: 'strategic',
    body: { ...(resourceVersion === undefined ? {} : { metadata: { resourceVersion } }), spec: body },
  });
}

function selectorBack(object: KubernetesObject, runId: string, { nodeSelector }: DaemonImage): object | undefined {
  if (stopMark(object) !== runId) return undefined;
  const isAlone = Object.keys(object.spec?.template?.spec?.nodeSelector ?? {}).length === 1;
  return { template: { spec: { nodeSelector: nodeSelector === null && isAlone ? null : { [RETIRED_LABEL]: null } } } };
}

function replicasBack(object: KubernetesObject, { replicas }: DaemonImage): object | undefined {
  return object.spec?.replicas === 0 && replicas !== 0 ? { replicas } : undefined;
}

/**
 * What is missing until the daemon serves every node as before; empty when it does. On a node that lost its rule, a pod
 * that ran ahead of the rollback is deleted: only one that starts adds the rule.
 */
async function serving(
  runtime: Runtime,
  run: RunRecord,
  kubernetes: KubernetesGateway,
  record: RetirementRecord,
  entries: readonly JournalEntry[],
): Promise<string> {
  const { rule, daemons } = record.plan;
  // A refused retirement has no entries, so there is a rule.
  if (rule === null) return '';
  // One that somebody else had stopped stays so: a rule behind which nobody listens is nothing to go back to.
  if (daemons.some(({ kind, name, action }) => kind === 'DaemonSet' && name === rule.name && action === 'stopped')) return '';
  const cleared = new Set(entries.filter(lostRule).map(({ object }) => object.replace('Node/', '')));
  const { readyNames } = await interceptorNow(kubernetes, rule);
  const pods = await podsOfDaemon(kubernetes, rule);
  for (const pod of pods) {
    const { uid = '', name, deletionTimestamp } = pod.metadata;
    if (!cleared.has(String(pod.spec?.nodeName)) || !record.oldPods.includes(uid) || deletionTimestamp !== undefined) continue;
    await fence(runtime, run);
    await kubernetes.delete(RESOURCES.pods, rule.namespace, name, { uid });
  }
  const isBack = (node: string, pod: KubernetesObject): boolean =>
    pod.spec?.nodeName === node && isReady(pod) && !(cleared.has(node) && record.oldPods.includes(pod.metadata.uid ?? ''));
  const bare = readyNames.find((node) => !pods.some((pod) => isBack(node, pod)));
  if (bare !== undefined) return `no new pod of ${rule.interceptor} is ready on node ${bare}`;
  for (const { kind, namespace, name } of daemons.filter((one) => one.kind === 'Deployment')) {
    const server = await kubernetes.get(RESOURCES.deployments, namespace, name);
    if ((server?.status?.readyReplicas ?? 0) < (server?.spec?.replicas ?? 0)) return `${kind}/${namespace}/${name} is not ready`;
  }
  return '';
}

/** Whether a node had the rule, or may have had it: a pod that was to remove it was never heard. */
function lostRule({ kind, after }: JournalEntry): boolean {
  return kind === 'rule' && (after as { readonly removed: number } | null)?.removed !== 0;
}
