import { takeInventory } from '../../inventory/inventory.ts';
import { stopMark } from '../../inventory/metadata/daemon-reach.ts';
import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { Inventory } from '../../model/inventory.ts';
import {
  type DaemonPlan,
  RETIRED_LABEL,
  type RetiredMechanism,
  type RetirementPhase,
  type RetirementPlan,
  type RetirementRecord,
} from '../../model/retirement.ts';
import type { RunRecord } from '../../model/run.ts';
import { planRetirement } from '../../plan/retirement.ts';
import { PACES, waitIn } from '../polls.ts';
import type { ClusterRuntime, JournalRuntime, Runtime } from '../runtime.ts';
import { forwardRun, journaledWrite, type Poll, READY } from '../write.ts';
import { workOnNodes } from './node-work.ts';
import { isLate, keepRetirement, pausable, progressOf, retirementOf, secondsOf } from './retirement-record.ts';
import { forwardRetirement, interceptorNow, podsOfDaemon } from './retirement-state.ts';

/** The whole cluster, whatever namespaces the run chose: anybody can depend on a daemon. */
export async function wholeInventory(runtime: ClusterRuntime, run: RunRecord): Promise<Inventory> {
  const options = { ...run.options, namespaces: [], serviceAccounts: [] };
  return takeInventory(runtime.aws(run.target), await runtime.kubernetes(run.target), options, runtime.clock);
}

/** The plan over this inventory; `done` where the journal says that an earlier run retired the daemon. */
export async function decideRetirement(
  runtime: JournalRuntime,
  run: RunRecord,
  inventory: Inventory,
  mechanism: RetiredMechanism,
): Promise<RetirementPlan> {
  const plan = planRetirement(inventory, run.options, mechanism);
  const stoppedBy = inventory.metadata?.daemons.find((daemon) => daemon.mechanism === mechanism && daemon.stoppedBy !== null)?.stoppedBy;
  if (stoppedBy == null || stoppedBy === run.runId || plan.decision !== 'retire') return plan;
  const before = await retirementOf(runtime, stoppedBy);
  return before?.status === 'retired' ? { ...plan, decision: 'done', rule: null } : plan;
}

/** What the state machine does next: retire, go on with putting it back, or nothing. */
export interface OpenRetirementOutput {
  readonly status: 'retire' | 'restore' | 'over';
}

const NEXT: Partial<Record<RetirementRecord['status'], OpenRetirementOutput['status']>> = { retiring: 'retire', restoring: 'restore' };

/**
 * Looks at the whole cluster once more, right ahead of the first change, and decides. A retirement that was under way is
 * taken up; one that has ended stays as it is.
 */
export async function openRetirement(
  runtime: ClusterRuntime,
  input: { runId: string; daemon: RetiredMechanism },
): Promise<OpenRetirementOutput> {
  const run = await forwardRun(runtime, input.runId);
  const known = await retirementOf(runtime, run.runId);
  if (known !== undefined) return { status: NEXT[known.status] ?? 'over' };
  const plan = await decideRetirement(runtime, run, await wholeInventory(runtime, run), input.daemon);
  const status = plan.decision === 'retire' ? 'retiring' : plan.decision === 'refuse' ? 'refused' : 'done';
  const record: RetirementRecord = { plan, status, reason: plan.reason, since: {}, nodes: {}, oldPods: [] };
  await runtime.journal.putRoles(
    plan.roles.map(({ roleArn, trustBefore }) => ({ runId: run.runId, roleArn, trustBefore, trustAfter: trustBefore, blocked: '' })),
  );
  await keepRetirement(runtime, run.runId, record, {});
  return { status: plan.decision === 'retire' ? 'retire' : 'over' };
}

/**
 * Takes the rule away on every node while the daemon still runs, so that no pod's call meets a port where nobody listens.
 * A daemon that takes its rule away itself is left to do so. Throws `RetirementFailed`.
 */
export async function removeRules(runtime: ClusterRuntime, input: { runId: string }): Promise<Poll> {
  return pausable(runtime, input.runId, () => removeRulesNow(runtime, input));
}

async function removeRulesNow(runtime: ClusterRuntime, input: { runId: string }): Promise<Poll> {
  if ((await retirementOf(runtime, input.runId))?.plan.rule?.removedByDaemon === true) return READY;
  const context = await forwardRetirement(runtime, input.runId, 'rules');
  const { daemon, nodeNames } = await interceptorNow(context.kubernetes, context.rule);
  const { record, busy } = await workOnNodes(runtime, { ...context, daemon }, 'rule', (now) =>
    nodeNames.filter((node) => progressOf(now, node).removed === null),
  );
  if (!busy) return READY;
  if (isLate(runtime, record, 'rules', context.run.options.retireTimeoutSeconds))
    throw new PodshiftError('RetirementFailed', `the rule of ${context.rule.interceptor} is not gone from every node in time`);
  return waitInPhase(runtime, context.run, record, 'rules');
}

/** Stops the daemon, and waits until its pods have left the nodes. Throws `RetirementFailed`. */
export async function stopDaemon(runtime: ClusterRuntime, input: { runId: string }): Promise<Poll> {
  return pausable(runtime, input.runId, () => stopDaemonNow(runtime, input));
}

async function stopDaemonNow(runtime: ClusterRuntime, input: { runId: string }): Promise<Poll> {
  const { run, record, kubernetes } = await forwardRetirement(runtime, input.runId, 'stop');
  for (const daemon of record.plan.daemons) if (daemon.action === 'stop') await stop(runtime, run, kubernetes, daemon);
  const pods = await Promise.all(
    record.plan.daemons.filter(({ kind }) => kind === 'DaemonSet').map((daemon) => podsOfDaemon(kubernetes, daemon)),
  );
  const [left] = pods.flat();
  if (left === undefined) return READY;
  if (isLate(runtime, record, 'stop', run.options.retireTimeoutSeconds))
    throw new PodshiftError('RetirementFailed', `Pod/${left.metadata.namespace}/${left.metadata.name} does not end`);
  return waitInPhase(runtime, run, record, 'stop');
}

function waitInPhase(runtime: Runtime, run: RunRecord, record: RetirementRecord, phase: RetirementPhase): Promise<Poll> {
  return waitIn(runtime, run, PACES.retirement, secondsOf(runtime, record, phase), run.options.retireTimeoutSeconds);
}

/** The fields by which a daemon is stopped, as they were: labels and a number, never a template. */
export interface DaemonImage {
  readonly nodeSelector?: Readonly<Record<string, string>> | null;
  readonly replicas?: number;
}

/** How a daemon is called in the journal. */
export function daemonKey({ kind, namespace, name }: Pick<DaemonPlan, 'kind' | 'namespace' | 'name'>): string {
  return `daemon#${kind}/${namespace}/${name}`;
}

async function stop(runtime: Runtime, run: RunRecord, kubernetes: KubernetesGateway, plan: DaemonPlan): Promise<void> {
  const { kind, namespace, name } = plan;
  const resource = kind === 'DaemonSet' ? RESOURCES.daemonSets : RESOURCES.deployments;
  const object = await kubernetes.get(resource, namespace, name);
  // Somebody was faster, and it runs nowhere either.
  if (object === undefined) return;
  const isStopped = (found: KubernetesObject): boolean =>
    kind === 'DaemonSet' ? stopMark(found) === run.runId : found.spec?.replicas === 0;
  const entry = await runtime.journal.getEntry(run.runId, daemonKey(plan));
  if (entry?.state === 'applied' && isStopped(object)) return;
  const { resourceVersion } = object.metadata;
  const spec = kind === 'DaemonSet' ? { template: { spec: { nodeSelector: { [RETIRED_LABEL]: run.runId } } } } : { replicas: 0 };
  await journaledWrite(runtime, run, {
    key: daemonKey(plan),
    unitId: null,
    kind: 'daemon',
    object: `${kind}/${namespace}/${name}`,
    before: imageOf(object, kind),
    perform: async () => {
      const written = isStopped(object)
        ? object
        : await kubernetes.patch(resource, namespace, name, {
            type: 'strategic',
            body: { ...(resourceVersion === undefined ? {} : { metadata: { resourceVersion } }), spec },
          });
      if (!isStopped(written)) throw new PodshiftError('Conflict', `${kind}/${namespace}/${name} is not as podshift wrote it`);
      return imageOf(written, kind);
    },
  });
}

function imageOf(object: KubernetesObject, kind: DaemonPlan['kind']): DaemonImage {
  return kind === 'DaemonSet'
    ? { nodeSelector: object.spec?.template?.spec?.nodeSelector ?? null }
    : { replicas: object.spec?.replicas ?? 1 };
}

/**
 * Proves on every node that pods reach instance metadata itself again, now that nobody listens at the daemon's port: an
 * answer can come from nobody else. Where a pod was refused, a rule is left (a node that joined, an agent that died
 * without cleaning up): it is taken away there, and a pod asks again. Throws `RetirementFailed`.
 */
export async function proveRules(runtime: ClusterRuntime, input: { runId: string }): Promise<Poll> {
  return pausable(runtime, input.runId, () => proveRulesNow(runtime, input));
}

async function proveRulesNow(runtime: ClusterRuntime, input: { runId: string }): Promise<Poll> {
  const context = await forwardRetirement(runtime, input.runId, 'proof');
  const { daemon, nodeNames } = await interceptorNow(context.kubernetes, context.rule);
  const asked = await workOnNodes(runtime, { ...context, daemon }, 'metadata', (now) =>
    nodeNames.filter((node) => progressOf(now, node).answered === null && !progressOf(now, node).intercepted),
  );
  const cleared = await workOnNodes(runtime, { ...context, record: asked.record, daemon }, 'rule', (now) =>
    nodeNames.filter((node) => progressOf(now, node).intercepted),
  );
  const open = nodeNames.filter((node) => progressOf(cleared.record, node).answered === null);
  if (!asked.busy && !cleared.busy && open.length === 0) {
    await keepRetirement(runtime, input.runId, cleared.record, { status: 'retired' });
    return READY;
  }
  if (isLate(runtime, cleared.record, 'proof', context.run.options.retireTimeoutSeconds))
    throw new PodshiftError('RetirementFailed', `no pod on node ${open[0]} reached instance metadata in time`);
  return waitInPhase(runtime, context.run, cleared.record, 'proof');
}
