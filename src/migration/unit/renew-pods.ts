import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import type { JournalEntry, UnitRecord } from '../../model/run.ts';
import { agentTokenSeconds, usesAgent } from '../../verification/injection.ts';
import { isReady, livePods, terminatingPods } from '../../verification/pods.ts';
import { judgeRollout } from '../../verification/rollout.ts';
import { leftOut } from '../pauses.ts';
import type { JournalRuntime } from '../runtime.ts';
import { secondsSince } from '../server-time.ts';
import { fence, type UnitContext } from '../write.ts';
import { type LiveWorkload, markValue, resourceOf, restartMark, subjectOf } from './workloads.ts';

/** The agent asks EKS Auth again for what it holds once it is so old (eks-pod-identity-agent, internal/credsretriever); a little less. */
const AGENT_HOLDS_SECONDS = 3 * 3600 - 60;
/** The kubelet writes a new token once four fifths of its life are over, up to ten seconds early (k8s.io/kubernetes, pkg/kubelet/token); a little more. */
const EARLY_SECONDS = 20;
/** What a rollback should have at least between the end of an association and its last old pod, however slow the API server is. */
const RESERVE_SECONDS = 5400;
/** Until the webhook has forgotten an association and dry runs have shown it, beside the dry runs themselves. */
const FORGET_SECONDS = 45;
/** How long a roll-out takes that nobody has seen. */
export const ROLLOUT_SECONDS = 120;
/** How long the pods' own renewal is waited for. */
const LONGEST_SECONDS = 900;

/**
 * What is missing until the pods can do without their association until they are on the old way again; empty when they can. Without it
 * a pod lives on what its agent holds: for its token, which the kubelet replaces, and for three hours, after which the agent asks
 * EKS Auth again and is refused. Pods that have too little of that left are renewed while the association is there, so that all of
 * them begin anew. Where a whole life of the token is too short for the roll-out, renewing them helps nobody: it is left out.
 */
export async function podsFresh(runtime: JournalRuntime, context: UnitContext, entries: readonly JournalEntry[]): Promise<string> {
  const { unit } = context;
  if (!entries.some((entry) => entry.kind === 'association' && entry.state !== 'undone')) return '';
  const restarted = await restartedWorkloads(context, entries);
  if (restarted.length === 0 || unit.facts.renewal === 'over') return '';
  if (unit.facts.renewal !== 'begun') return beginRenewal(runtime, context, restarted);
  const lasted = runtime.clock.now() - Number(unit.facts.renewedAt);
  await renew(runtime, context, restarted);
  const rolling = restarted.map(({ subject, object }) => ({ subject, verdict: judgeRollout(object) }));
  const left = rolling.find(({ verdict }) => verdict.state === 'progressing');
  if (left !== undefined && lasted <= LONGEST_SECONDS * 1000)
    return `${left.subject} is restarted before its association is deleted: ${left.verdict.message}`;
  // A roll-out is over before its last old pod is: that one asks until its grace period ends.
  const last = await terminatingPod(context);
  if (last !== undefined && lasted <= LONGEST_SECONDS * 1000)
    return `Pod/${unit.plan.namespace}/${last} is terminating, and needs the association until it is gone`;
  // The rollback itself has its whole time.
  await runtime.journal.updateUnit(unit.runId, unit.unitId, { facts: { renewal: 'over', ...leftOut(unit, 'undo', lasted) } });
  return '';
}

async function beginRenewal(runtime: JournalRuntime, context: UnitContext, restarted: readonly LiveWorkload[]): Promise<string> {
  const { unit, kubernetes } = context;
  const { namespace, serviceAccount } = unit.plan;
  const pods = await livePods(kubernetes, namespace, serviceAccount);
  const lives = pods.filter((pod) => usesAgent(pod) && isReady(pod)).map((pod) => ({ pod, life: lifeOf(runtime, context, pod) }));
  const note = (facts: UnitRecord['facts']) => runtime.journal.updateUnit(unit.runId, unit.unitId, { facts });
  if (lives.some(({ life }) => life === 'too short') && unit.facts.tokensTooShort !== true) await note({ tokensTooShort: true });
  const stale = lives.find(({ life }) => life === 'stale');
  if (stale === undefined) return '';
  const renewedAt = runtime.clock.now();
  const begun = await note({ renewal: 'begun', renewedAt, renewalMark: markOf(renewedAt) });
  await renew(runtime, { ...context, unit: begun }, restarted);
  return `Pod/${namespace}/${stale.pod.metadata.name} would have to ask for credentials anew before it is back on its old mechanism, and is restarted first`;
}

async function terminatingPod({ unit, kubernetes }: UnitContext): Promise<string | undefined> {
  const { namespace, serviceAccount } = unit.plan;
  const pods = await terminatingPods(kubernetes, namespace, serviceAccount);
  return pods.find(usesAgent)?.metadata.name;
}

/** The workloads that the run has restarted, as they are now. */
async function restartedWorkloads({ unit, kubernetes }: UnitContext, entries: readonly JournalEntry[]): Promise<LiveWorkload[]> {
  const live: LiveWorkload[] = [];
  for (const plan of unit.plan.workloads) {
    const subject = subjectOf(unit.plan, plan);
    const resource = resourceOf(plan);
    if (
      resource === undefined ||
      !entries.some(({ kind, object, state }) => kind === 'restart' && object === subject && state !== 'undone')
    )
      continue;
    const object = await kubernetes.get(resource, unit.plan.namespace, plan.name);
    if (object !== undefined) live.push({ plan, resource, object, subject });
  }
  return live;
}

/** Whole seconds of RFC 3339, as kubectl writes them. */
function markOf(at: number): string {
  return new Date(Math.floor(at / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Sets the mark of this rollback where podshift's own is: what somebody else has set since has renewed the pods as well. */
async function renew(runtime: JournalRuntime, { run, unit, kubernetes }: UnitContext, workloads: readonly LiveWorkload[]): Promise<void> {
  for (const workload of workloads) {
    const mark = restartMark(workload);
    if (mark.current !== markValue(run, unit, workload.plan)) continue;
    await fence(runtime, run);
    await kubernetes.patch(workload.resource, unit.plan.namespace, workload.plan.name, mark.patch(String(unit.facts.renewalMark)));
  }
}

/** Whether a pod can do without the association as long as the rollback may take; `too short`: not even a new pod could. */
function lifeOf(runtime: JournalRuntime, { run, unit }: UnitContext, pod: KubernetesObject): 'fresh' | 'stale' | 'too short' {
  const rollout = rolloutSeconds(unit);
  const wanted = FORGET_SECONDS + 2 * run.options.injectionChecks * run.options.injectionIntervalSeconds + rollout;
  const life = Math.min(Math.floor(agentTokenSeconds(pod) * 0.8) - EARLY_SECONDS, AGENT_HOLDS_SECONDS);
  const left = life - secondsSince(runtime, pod.status?.startTime ?? pod.metadata.creationTimestamp);
  // The last pod of a renewal is so much younger than the first.
  if (life - rollout < wanted) return left < wanted ? 'too short' : 'fresh';
  return left < Math.max(wanted, Math.min(RESERVE_SECONDS, life / 2)) ? 'stale' : 'fresh';
}

/** How long the roll-out took on the way forward. */
function rolloutSeconds({ facts, stepStartedAt }: UnitRecord): number {
  const took = (Date.parse(String(facts.rolledOutAt)) - Date.parse(stepStartedAt.restart ?? '')) / 1000;
  return Number.isFinite(took) ? Math.max(took, 1) : ROLLOUT_SECONDS;
}
