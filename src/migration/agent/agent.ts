import { createHash } from 'node:crypto';
import type { EksGateway } from '../../aws/gateways.ts';
import type { KubernetesGateway } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { ADDON_PODS, AGENT } from '../../model/agent.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { AgentPlan } from '../../model/plan.ts';
import { type JournalEntry, RUN_TAG, type RunRecord } from '../../model/run.ts';
import { isReady } from '../../verification/pods.ts';
import { PACES, waitedAfter, waitIn } from '../polls.ts';
import { planOf } from '../run/plan-run.ts';
import type { ClusterRuntime, JournalRuntime, Runtime } from '../runtime.ts';
import { forwardRun, holdLock, journaledWrite, markUndone, type Poll, READY } from '../write.ts';

/** Key of the journal's entry of the agent's installation. */
export const AGENT_KEY = `addon#${AGENT}`;

/** A token that is the same at every try of the same write of the same run. */
export function requestToken(run: RunRecord, what: string): string {
  return createHash('sha256').update(`${run.clusterArn}\n${run.runId}\n${what}`).digest('hex').slice(0, 64);
}

/** Installs the agent as an add-on in the plan's version and configuration, unless somebody has installed it meanwhile. */
export async function installAgent(runtime: Runtime, input: { runId: string }): Promise<{ installed: boolean }> {
  const run = await forwardRun(runtime, input.runId);
  const { agent } = await planOf(runtime, run.runId);
  const { addonVersion } = agent;
  if (await isRemoved(runtime, run)) return { installed: false };
  const { eks } = runtime.aws(run.target);
  const present = await eks.describeAddon(AGENT);
  if (addonVersion === null || (present !== undefined && present.tags[RUN_TAG] !== run.runId)) return { installed: false };
  await journaledWrite(runtime, run, {
    key: AGENT_KEY,
    unitId: null,
    kind: 'addon',
    object: AGENT,
    before: null,
    perform: async () => {
      if (present === undefined) await createAgent(eks, run, addonVersion, agent.configuration ?? null);
      const created = await eks.describeAddon(AGENT);
      if (created === undefined) throw new PodshiftError('ServiceUnavailable', `EKS does not show the add-on ${AGENT} yet`);
      return { addonVersion: created.addonVersion };
    },
  });
  return { installed: true };
}

async function createAgent(eks: EksGateway, run: RunRecord, addonVersion: string, configuration: string | null): Promise<void> {
  try {
    await eks.createAddon({
      addonName: AGENT,
      addonVersion,
      clientRequestToken: requestToken(run, AGENT),
      tags: { [RUN_TAG]: run.runId },
      ...(configuration === null ? {} : { configurationValues: configuration }),
    });
  } catch (error) {
    // Either the reply of an earlier try was lost, or somebody was faster: the read back tells by the tag.
    if (!(error instanceof PodshiftError && error.name === 'AlreadyExists')) throw error;
  }
}

/**
 * Whether the agent serves every node that the plan needs, whoever installed it. A node that has left the cluster meanwhile needs
 * none. It is called until it is ready; `tries` counts the calls, so that an approval that took days costs no time.
 * Throws `AgentNotReady` after the option's time, or when the add-on failed.
 */
export async function checkAgent(
  runtime: ClusterRuntime,
  input: { runId: string; tries: number },
): Promise<Poll & { tries: number; missingNodes: number }> {
  const run = await forwardRun(runtime, input.runId);
  const { agentTimeoutSeconds } = run.options;
  const tries = input.tries + 1;
  const missing = await whatIsMissing(runtime, run);
  if (missing.length === 0) return { ...READY, tries, missingNodes: 0 };
  const waited = waitedAfter(PACES.agent, input.tries, agentTimeoutSeconds - 1);
  if (waited >= agentTimeoutSeconds) {
    throw new PodshiftError('AgentNotReady', `after ${agentTimeoutSeconds} s the agent is not ready: ${missing.slice(0, 5).join('; ')}`);
  }
  return { ...(await waitIn(runtime, run, PACES.agent, waited, agentTimeoutSeconds - 1)), tries, missingNodes: missing.length };
}

async function whatIsMissing(runtime: ClusterRuntime, run: RunRecord): Promise<string[]> {
  const { agent } = await planOf(runtime, run.runId);
  if (agent.action === 'install' && (await isRemoved(runtime, run))) return [];
  const installing = agent.action === 'install' ? await addonUnderWay(runtime, run) : '';
  if (installing !== '') return [installing];
  if (agent.nodeNames.length === 0) return [];
  const kubernetes = await runtime.kubernetes(run.target);
  const served = await servedNodes(kubernetes, agent);
  const unserved = agent.nodeNames.filter((name) => !served.has(name));
  if (unserved.length === 0) return [];
  const nodes = new Set((await kubernetes.list(RESOURCES.nodes)).map((node) => node.metadata.name));
  return unserved.filter((name) => nodes.has(name)).map((name) => `no ready agent pod on node ${name}`);
}

/** What is still to come of the add-on's installation; empty when it is there. */
async function addonUnderWay(runtime: ClusterRuntime, run: RunRecord): Promise<string> {
  const addon = await runtime.aws(run.target).eks.describeAddon(AGENT);
  if (addon?.status === 'CREATE_FAILED') {
    const issues = addon.healthIssues.map((issue) => issue.code).join(', ');
    throw new PodshiftError('AgentNotReady', `the add-on ${AGENT} could not be created${issues === '' ? '' : ` (${issues})`}`);
  }
  // DEGRADED passes: it may be about a node that no unit needs, and the nodes that are needed are looked at one by one.
  const isThere = addon === undefined || addon.status === 'ACTIVE' || addon.status === 'DEGRADED';
  return isThere ? '' : `the add-on is ${addon.status}`;
}

/** Nodes with a ready pod of the agent that the plan goes by. */
export async function servedNodes(kubernetes: KubernetesGateway, { pods = [ADDON_PODS] }: AgentPlan): Promise<Set<string>> {
  const found = await Promise.all(
    pods.map(({ namespace, labelSelector }) => kubernetes.list(RESOURCES.pods, { namespace, labelSelector })),
  );
  return new Set(
    found
      .flat()
      // One that is ending serves nobody for long.
      .filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined)
      .flatMap((pod): string[] => pod.spec?.nodeName ?? []),
  );
}

/** Whether the run has removed its agent again, as nothing was migrated: a run that is resumed after that only has to end. */
async function isRemoved({ journal }: JournalRuntime, { runId }: RunRecord): Promise<boolean> {
  return (await journal.getEntry(runId, AGENT_KEY))?.state === 'undone';
}

/** How long to look whether the add-on is gone. */
const GONE_SECONDS = 600;

/** For how long EKS may still list the run's own associations, which are deleted. What stays longer is somebody's. */
const LATE_SECONDS = 60;

/**
 * Takes the agent away again if this run installed it and nothing in the cluster needs it any more: at the end of a rollback, and of
 * a run that migrated nothing. It is called until it is ready; `tries` counts the calls. Throws `UndoFailed` where EKS does not delete it.
 */
export async function removeAgent(runtime: Runtime, input: { runId: string; tries: number }): Promise<Poll & { tries: number }> {
  const run = await runtime.journal.getRun(input.runId);
  const entry = await runtime.journal.getEntry(run.runId, AGENT_KEY);
  const tries = input.tries + 1;
  const waited = waitedAfter(PACES.agent, input.tries, GONE_SECONDS - 1);
  const again = async () => ({ ...(await waitIn(runtime, run, PACES.agent, waited, GONE_SECONDS - 1)), tries });
  if (entry === undefined || entry.state === 'undone' || (await hasOpenUnits(runtime, run))) return { ...READY, tries };
  const { eks } = runtime.aws(run.target);
  const addon = await eks.describeAddon(AGENT);
  if (addon === undefined || addon.tags[RUN_TAG] !== run.runId) {
    await markUndone(runtime, run.runId, AGENT_KEY);
    return { ...READY, tries };
  }
  const associations = await eks.listAssociations();
  if (associations.length > 0) {
    const own = await rolledBack(runtime, run);
    const isListedLate = waited < LATE_SECONDS && associations.every((one) => own.has(`${one.namespace}/${one.serviceAccount}`));
    return isListedLate ? again() : { ...READY, tries };
  }
  if (addon.status === 'DELETE_FAILED' || waited >= GONE_SECONDS) {
    throw new PodshiftError('UndoFailed', `EKS does not delete the add-on ${AGENT}, which this run installed (${addon.status})`);
  }
  if (addon.status !== 'DELETING') {
    await holdLock(runtime, run);
    try {
      await eks.deleteAddon(AGENT);
    } catch (error) {
      // Asked for already: the reply was lost, the step was delivered twice, or EKS shows late what it does. The next look tells.
      if (!isPodshiftError(error, 'InvalidRequest', 'AlreadyExists', 'Conflict')) throw error;
      runtime.logger.info('EKS does not take the deletion of the add-on now', { runId: run.runId, error: error.message });
    }
  }
  return again();
}

/** Service accounts whose unit of this run went back, as `NAMESPACE/NAME`. */
async function rolledBack({ journal }: JournalRuntime, { runId }: RunRecord): Promise<Set<string>> {
  const gone = (await journal.listUnits(runId)).filter(({ status }) => status === 'rolled-back');
  return new Set(gone.map(({ plan }) => `${plan.namespace}/${plan.serviceAccount}`));
}

/** Whether a unit has pods that may live on the agent's credentials: it is migrated, not at its end, or an operator has to look at it. */
async function hasOpenUnits({ journal }: JournalRuntime, { runId }: RunRecord): Promise<boolean> {
  return (await journal.listUnits(runId)).some(({ status }) => status !== 'rolled-back' && status !== 'held');
}

/** What the reason of a run says that ends with nothing migrated, where its agent stays; empty where it does not. */
export function agentThatStays(entries: readonly JournalEntry[]): string {
  const agent = entries.find(({ key }) => key === AGENT_KEY);
  // Nothing of this run needs it any more, so somebody else's associations do: removeAgent looked.
  return agent === undefined || agent.state === 'undone' ? '' : `; the add-on ${AGENT} stays: associations of others need it`;
}
