import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import { PodshiftError } from '../../model/errors.ts';
import { injectionOf } from '../../verification/injection.ts';
import { controllerKind, isReady, isRecreated, keepsItsWay, livePods } from '../../verification/pods.ts';
import { addEvidenceOnce } from '../evidence.ts';
import { PACES, waitIn } from '../polls.ts';
import type { ClusterRuntime, JournalRuntime } from '../runtime.ts';
import { forwardUnit, holdLock, type Poll, READY, secondsIn, type UnitContext, type UnitInput } from '../write.ts';
import { associatedAt } from './associate.ts';
import { isRenewed } from './check-rollout.ts';
import { evictionKey, evictPod, ownerOf } from './evict.ts';
import { liveWorkloads } from './workloads.ts';

/** How many pods of a unit that missed the injection are evicted, before it counts as failed. */
const MOST_EVICTIONS = 5;

/**
 * Whether every pod of the unit is on the new way: newer than the association, both container variables in each container
 * that counts, nothing that outranks them, ready. A pod that missed the injection (admission fails open) is evicted once.
 * A running Job keeps the pod that it has: its template cannot change, and what comes after it is injected. So does a pod that
 * ends by itself.
 * Throws `ProofFailed` when the option's time is over, or too many pods missed the injection.
 */
export async function verifyPods(runtime: ClusterRuntime, input: UnitInput): Promise<Poll> {
  const context = await forwardUnit(runtime, input, 'verify');
  const checked = await checkPods(runtime, context);
  const { run, unit } = context;
  if (checked.missing === '') {
    await addEvidenceOnce(runtime, unit, { grade: 1, kind: 'pods', passed: true, facts: checked.facts });
    await holdLock(runtime, run, run.options.soakSeconds);
    // The run waits until then (run/next-step.ts).
    const soakUntil = new Date(runtime.clock.now() + run.options.soakSeconds * 1000).toISOString();
    await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { soakUntil } });
    return READY;
  }
  const waited = secondsIn(runtime.clock, unit, 'verify');
  if (waited > run.options.rolloutTimeoutSeconds) {
    await addEvidenceOnce(runtime, unit, { grade: 1, kind: 'pods', passed: false, facts: checked.facts });
    throw new PodshiftError('ProofFailed', `after ${run.options.rolloutTimeoutSeconds} s ${checked.missing}`);
  }
  return waitIn(runtime, run, PACES.verify, waited, run.options.rolloutTimeoutSeconds);
}

/** What is wrong with the unit's pods; `missing` is empty where nothing is. */
export interface PodCheck {
  readonly missing: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** The live pods that were looked at. */
  readonly pods: readonly KubernetesObject[];
  /** Pods of Jobs, and those that end by themselves, that still are on the old way. */
  readonly oldJobs: number;
}

/** One look at the unit's pods; evicts a pod that missed the injection. */
export async function checkPods(runtime: JournalRuntime, context: UnitContext): Promise<PodCheck> {
  const { run, unit, kubernetes } = context;
  const { namespace, serviceAccount } = unit.plan;
  const since = await associatedAt(runtime, unit);
  const pods = await livePods(kubernetes, namespace, serviceAccount);
  const prefix = run.options.annotationPrefix;
  const stale = pods.filter((pod) => !isRenewed(pod, since, prefix));
  const oldJobs = stale.filter(keepsItsWay);
  const wrong = stale.filter((pod) => !oldJobs.includes(pod));
  const unready = pods.filter((pod) => !wrong.includes(pod) && !oldJobs.includes(pod) && !keepsItsWay(pod) && !isReady(pod));
  const runningJobs = oldJobs.filter((pod) => controllerKind(pod) === 'Job').length;
  const ending = oldJobs.length - runningJobs;
  const facts = {
    pods: pods.length,
    renewed: pods.length - stale.length,
    ready: pods.filter(isReady).length,
    runningJobs,
    ...(ending === 0 ? {} : { ending }),
  };
  const [first] = wrong;
  const reason = first === undefined ? '' : await renew(runtime, context, first, pods, wrong.length);
  const [slow] = unready;
  const missing = reason !== '' ? reason : slow === undefined ? '' : `Pod/${namespace}/${slow.metadata.name} is not ready`;
  return { missing, pods, oldJobs: oldJobs.length, facts: missing === '' ? facts : { ...facts, missing } };
}

async function renew(
  runtime: JournalRuntime,
  context: UnitContext,
  pod: KubernetesObject,
  pods: readonly KubernetesObject[],
  wrong: number,
): Promise<string> {
  const { run, unit } = context;
  const name = `Pod/${unit.plan.namespace}/${pod.metadata.name}`;
  const containers = injectionOf(pod, run.options.annotationPrefix).filter(({ way, outranking }) => way !== 'new' || outranking.length > 0);
  const outranking = containers.flatMap((container) => container.outranking);
  const unserved = containers.some(({ way }) => way === 'unserved') ? 'has the variables and no token behind them' : '';
  const what = outranking.length > 0 ? `carries ${[...new Set(outranking)].join(', ')}` : unserved || 'has no Pod Identity variables';
  const evicted = Number(unit.facts.missedInjection ?? 0);
  if (!isRecreated(pod) || (evicted >= MOST_EVICTIONS && !(await isOnRecord(runtime, run.runId, pod)))) {
    throw new PodshiftError('ProofFailed', `${name} ${what}${evicted > 0 ? `, after ${evicted} pods were restarted for that` : ''}`);
  }
  const setting = outranking.length === 0 ? '' : await templateThatSets(context, outranking);
  if (setting !== '')
    throw new PodshiftError(
      'ProofFailed',
      `${name} ${what}, as the pod template of ${setting} does: take it out there, then migrate again`,
    );
  // Counted by its entry: an eviction that a budget blocked, or whose reply was lost, is asked for again and counted once.
  if (!(await isOnRecord(runtime, run.runId, pod))) {
    await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { missedInjection: evicted + 1 } });
  }
  if ((await evictPod(runtime, context, pod, pods, 'forward')) === 'spent')
    throw new PodshiftError('ProofFailed', `${name} ${what}, and so did those of ${ownerOf(pod)} that were evicted before it`);
  return `${wrong} pods are not on Pod Identity; ${name} ${what} and is restarted`;
}

async function isOnRecord(runtime: JournalRuntime, runId: string, pod: KubernetesObject): Promise<boolean> {
  return (await runtime.journal.getEntry(runId, evictionKey(pod))) !== undefined;
}

/** The workload of the unit whose own template sets one of these variables: each pod that it makes anew has it again. Empty where none does. */
async function templateThatSets({ unit, kubernetes }: UnitContext, variables: readonly string[]): Promise<string> {
  for (const { object, subject } of await liveWorkloads(kubernetes, unit.plan)) {
    const { initContainers = [], containers = [] } = object.spec?.template?.spec ?? {};
    const names = [...initContainers, ...containers].flatMap(({ env = [] }: { env?: { name: string }[] }) => env.map(({ name }) => name));
    if (variables.some((variable) => names.includes(variable))) return subject;
  }
  return '';
}
