import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import { ruleRemoval } from '../../model/interception.ts';
import type { NodeProgress, RetirementRecord, RulePlan } from '../../model/retirement.ts';
import {
  judgeNodePod,
  metadataPod,
  type NodePodRequest,
  type NodeTask,
  type NodeVerdict,
  nodeOfPod,
  nodePodName,
  nodePodSelector,
  rulePod,
} from '../../verification/node-pods.ts';
import { isStuck } from '../../verification/probe.ts';
import type { Runtime } from '../runtime.ts';
import { ageSeconds } from '../server-time.ts';
import { probeKey } from '../unit/prove-credentials.ts';
import { fence, journaledWrite, markUndone } from '../write.ts';
import { keepRetirement, progressOf } from './retirement-record.ts';
import type { RetirementContext } from './retirement-state.ts';

/** Pods that may say nothing useful on one node, before the retirement fails. */
const MOST_TRIES = 3;
/** How long one may stay unscheduled or without its image. */
const STUCK_SECONDS = 60;

/** Key of the journal's entry of the rule on one node. */
export function ruleKey(nodeName: string): string {
  return `rule#${nodeName}`;
}

/**
 * One pass over the nodes: looks at this run's pods of a task, keeps what they said, deletes those that ended, and starts
 * new ones on the `wanted` nodes, so many at once as the options allow. Answers the record and whether any pod is left.
 * Throws `RetirementFailed` where pods of one node said nothing useful too often, or none is admitted.
 */
export async function workOnNodes(
  runtime: Runtime,
  context: RetirementContext & { readonly rule: RulePlan; readonly daemon: KubernetesObject },
  task: NodeTask,
  wanted: (record: RetirementRecord) => readonly string[],
): Promise<{ record: RetirementRecord; busy: boolean }> {
  const { run, kubernetes, rule } = context;
  const pods = (
    await kubernetes.list(RESOURCES.pods, { namespace: rule.namespace, labelSelector: nodePodSelector(run.runId, task) })
  ).filter((pod) => nodeOfPod(pod, task) !== '' && pod.metadata.deletionTimestamp === undefined);
  const judged = pods.map((pod) => ({ pod, node: nodeOfPod(pod, task), verdict: verdictOn(runtime, pod, task) }));
  const ended = judged.filter(({ verdict }) => verdict.state !== 'running');
  let { record } = context;
  if (ended.length > 0) {
    const said = ended.map(({ pod, node, verdict }) => [node, hear(progressOf(record, node), pod.metadata.uid ?? '', verdict)] as const);
    record = await keepRetirement(runtime, run.runId, record, { nodes: { ...record.nodes, ...Object.fromEntries(said) } });
  }
  for (const { pod, node, verdict } of ended) {
    if (verdict.state === 'removed')
      await runtime.journal.markApplied(run.runId, ruleKey(node), { removed: progressOf(record, node).removed });
    await removePod(runtime, context, pod.metadata.name);
  }
  const open = wanted(record);
  const lost = open.find((node) => progressOf(record, node).tries >= MOST_TRIES);
  if (lost !== undefined)
    throw new PodshiftError(
      'RetirementFailed',
      `node ${lost}: ${progressOf(record, lost).message} (the rule: ${ruleRemoval(rule.arguments)})`,
    );
  const running = judged.filter(({ verdict }) => verdict.state === 'running').map(({ node }) => node);
  const next = open.filter((node) => !running.includes(node));
  const started = next.slice(0, Math.max(0, run.options.retireNodesAtOnce - running.length));
  for (const nodeName of started) await startPod(runtime, { ...context, record }, task, nodeName);
  return { record, busy: running.length + next.length > 0 };
}

function verdictOn(runtime: Runtime, pod: KubernetesObject, task: NodeTask): NodeVerdict {
  const verdict = judgeNodePod(pod, task);
  if (verdict.state !== 'running' || !isStuck(pod) || ageSeconds(runtime, pod) <= STUCK_SECONDS) return verdict;
  const waiting: string | undefined = pod.status?.containerStatuses?.[0]?.state?.waiting?.reason;
  return { state: 'again', message: `the pod does not start (${waiting ?? 'Unschedulable'})` };
}

/** What is known of a node once a pod was heard; the same pod again changes nothing. */
function hear(before: NodeProgress, heard: string, verdict: NodeVerdict): NodeProgress {
  if (before.heard === heard) return before;
  const tries = before.tries + 1;
  switch (verdict.state) {
    case 'removed':
      return { ...before, heard, removed: (before.removed ?? 0) + verdict.times, intercepted: false };
    case 'answered':
      return { ...before, heard, answered: verdict.status, message: '' };
    case 'intercepted':
      return { ...before, heard, intercepted: true, tries, message: `a rule is left there: ${verdict.message}` };
    case 'again':
      return { ...before, heard, tries, message: verdict.message };
    case 'running':
      return before;
  }
}

async function startPod(
  runtime: Runtime,
  { run, kubernetes, record, rule, daemon }: RetirementContext & { readonly rule: RulePlan; readonly daemon: KubernetesObject },
  task: NodeTask,
  nodeName: string,
): Promise<void> {
  const image = run.options.retireImage || rule.image;
  const request: NodePodRequest = { runId: run.runId, nodeName, attempt: progressOf(record, nodeName).tries, image, daemon };
  const name = nodePodName(task, request);
  if (task === 'rule')
    await runtime.journal.recordIntent({
      runId: run.runId,
      key: ruleKey(nodeName),
      unitId: null,
      kind: 'rule',
      object: `Node/${nodeName}`,
      before: { rule: rule.arguments },
    });
  const pod = task === 'rule' ? rulePod(request, rule.arguments) : metadataPod(request);
  await journaledWrite(runtime, run, {
    key: probeKey(rule.namespace, name),
    unitId: null,
    kind: 'probe-pod',
    object: `Pod/${rule.namespace}/${name}`,
    before: null,
    perform: async () => {
      try {
        return { uid: (await kubernetes.create(RESOURCES.pods, rule.namespace, pod)).metadata.uid };
      } catch (error) {
        if (isPodshiftError(error, 'KubernetesForbidden', 'InvalidRequest'))
          throw new PodshiftError('RetirementFailed', `the pod for node ${nodeName} is not admitted: ${error.message}`, { cause: error });
        // The reply of an earlier try was lost: the next look finds it.
        if (!isPodshiftError(error, 'AlreadyExists')) throw error;
        return null;
      }
    },
  });
}

async function removePod(runtime: Runtime, { run, kubernetes, record }: RetirementContext, name: string): Promise<void> {
  const namespace = record.plan.rule?.namespace ?? '';
  await fence(runtime, run);
  await kubernetes.delete(RESOURCES.pods, namespace, name);
  await markUndone(runtime, run.runId, probeKey(namespace, name));
}
