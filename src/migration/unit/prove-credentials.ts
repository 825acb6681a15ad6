import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { JournalEntry, RunRecord, UnitRecord } from '../../model/run.ts';
import { isOnNewWay } from '../../verification/injection.ts';
import { livePods } from '../../verification/pods.ts';
import { isStuck, judgeProbe, type ProbeVerdict, probeName, probePod } from '../../verification/probe.ts';
import { addEvidenceOnce, isProved } from '../evidence.ts';
import { PACES, waitIn } from '../polls.ts';
import type { ClusterRuntime, JournalRuntime } from '../runtime.ts';
import { ageSeconds } from '../server-time.ts';
import {
  fence,
  forwardUnit,
  holdLock,
  journaledWrite,
  markUndone,
  type Poll,
  READY,
  secondsIn,
  type UnitContext,
  type UnitInput,
} from '../write.ts';
import { probeRequest } from './check-injection.ts';

/** How long one probe may stay unscheduled or without its image before the next node is tried. */
const STUCK_SECONDS = 45;

/**
 * Proves that a pod of the service account gets the expected role from the agent on a node that runs its pods: a probe pod
 * asks STS who it is. A try that says nothing about the role (it did not start, it missed the injection) is repeated on the
 * next node until the option's time is over; other credentials than the expected ones fail at once.
 * Throws `ProofFailed`.
 */
export async function proveCredentials(runtime: ClusterRuntime, input: UnitInput): Promise<Poll> {
  const { run, unit, kubernetes } = await forwardUnit(runtime, input, 'proof');
  const attempt = Number(unit.facts.probeAttempt ?? 0);
  const again = (): Promise<Poll> =>
    waitIn(runtime, run, PACES.proof, secondsIn(runtime.clock, unit, 'proof'), run.options.proofTimeoutSeconds);
  if (isProved(unit, 2, 'probe-pod')) {
    await removeProbe(runtime, run, kubernetes, unit, attempt);
    return READY;
  }
  const pod = await probeOf(runtime, run, unit, kubernetes, attempt);
  // The same step, delivered twice, may have ended this try and removed its pod while this one made it anew.
  const now = await runtime.journal.getUnit(run.runId, unit.unitId);
  if (isProved(now, 2, 'probe-pod') || Number(now.facts.probeAttempt ?? 0) !== attempt) {
    await removeProbe(runtime, run, kubernetes, unit, attempt);
    return isProved(now, 2, 'probe-pod') ? READY : again();
  }
  const verdict = judgeProbe(pod, unit.plan.roleArn);
  const injected = isOnNewWay(pod, run.options.annotationPrefix);
  if (verdict.state === 'running' && !(isStuck(pod) && ageSeconds(runtime, pod) > STUCK_SECONDS)) {
    return tooLate(runtime, run, unit) ? giveUp(runtime, run, unit, kubernetes, pod, verdict.message) : again();
  }
  if (verdict.state === 'passed' && injected) {
    await addEvidenceOnce(runtime, unit, { grade: 2, kind: 'probe-pod', passed: true, facts: factsOf(run, pod, verdict) });
    await removeProbe(runtime, run, kubernetes, unit, attempt);
    return READY;
  }
  if (verdict.state === 'wrong' && injected) return giveUp(runtime, run, unit, kubernetes, pod, verdict.message);
  const message = injected ? verdict.message : 'the probe pod was made without the Pod Identity variables';
  if (tooLate(runtime, run, unit)) return giveUp(runtime, run, unit, kubernetes, pod, message);
  await removeProbe(runtime, run, kubernetes, unit, attempt);
  await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { probeAttempt: attempt + 1, probeMessage: message } });
  return again();
}

/** Key of the journal's entry of one probe pod. */
export function probeKey(namespace: string, name: string): string {
  return `probe-pod#${namespace}/${name}`;
}

/** This try's pod: the one that is there already, or a new one. */
async function probeOf(
  runtime: JournalRuntime,
  run: RunRecord,
  unit: UnitRecord,
  kubernetes: KubernetesGateway,
  attempt: number,
): Promise<KubernetesObject> {
  const { namespace } = unit.plan;
  const name = probeName(run.runId, unit.unitId, 'probe', attempt);
  const found = await kubernetes.get(RESOURCES.pods, namespace, name);
  if (found !== undefined) return found;
  const nodeNames = await nodesOf(unit, kubernetes, attempt);
  const nodeName = nodeNames[attempt % Math.max(1, nodeNames.length)];
  const made: { pod?: KubernetesObject } = {};
  await journaledWrite(runtime, run, {
    key: probeKey(namespace, name),
    unitId: unit.unitId,
    kind: 'probe-pod',
    object: `Pod/${namespace}/${name}`,
    before: null,
    perform: async () => {
      made.pod = await create(kubernetes, namespace, name, probePod(name, probeRequest(run, unit, nodeName)));
      return { uid: made.pod.metadata.uid };
    },
  });
  if (made.pod === undefined) throw new PodshiftError('InternalError', 'the probe pod was not made');
  return made.pod;
}

/**
 * The nodes of the unit's pods: as the plan saw them at first, and as they are now once that did not do, since nodes come and go.
 * Where it has no pods the plan's are tried one after another, and then any.
 */
async function nodesOf({ plan }: UnitRecord, kubernetes: KubernetesGateway, attempt: number): Promise<readonly (string | undefined)[]> {
  if (attempt === 0) return plan.probe.nodeNames;
  // Those of a split run as its old service account still.
  const own = await livePods(kubernetes, plan.namespace, plan.metadata?.splitFrom ?? plan.serviceAccount);
  const names = own.flatMap(({ spec }) => (typeof spec?.nodeName === 'string' ? [spec.nodeName] : []));
  return names.length === 0 ? [...plan.probe.nodeNames, undefined] : [...new Set(names)].sort();
}

async function create(kubernetes: KubernetesGateway, namespace: string, name: string, pod: KubernetesObject): Promise<KubernetesObject> {
  try {
    return await kubernetes.create(RESOURCES.pods, namespace, pod);
  } catch (error) {
    if (isPodshiftError(error, 'KubernetesForbidden', 'InvalidRequest')) {
      throw new PodshiftError('ProofFailed', `the probe pod is not admitted in ${namespace}: ${error.message}`, { cause: error });
    }
    if (isPodshiftError(error, 'NotFound'))
      throw new PodshiftError('WorldMoved', `namespace ${namespace} is gone since the plan was made; plan again without it`, {
        cause: error,
      });
    if (!isPodshiftError(error, 'AlreadyExists')) throw error;
    const found = await kubernetes.get(RESOURCES.pods, namespace, name);
    if (found === undefined) throw new PodshiftError('Conflict', `the probe pod ${namespace}/${name} came and went`, { cause: error });
    return found;
  }
}

async function removeProbe(
  runtime: JournalRuntime,
  run: RunRecord,
  kubernetes: KubernetesGateway,
  unit: UnitRecord,
  attempt: number,
): Promise<void> {
  const { namespace } = unit.plan;
  const name = probeName(run.runId, unit.unitId, 'probe', attempt);
  const entry = await runtime.journal.getEntry(run.runId, probeKey(namespace, name));
  if (entry === undefined || entry.state === 'undone') return;
  await holdLock(runtime, run);
  await kubernetes.delete(RESOURCES.pods, namespace, name);
  await markUndone(runtime, run.runId, entry.key);
}

async function giveUp(
  runtime: JournalRuntime,
  run: RunRecord,
  unit: UnitRecord,
  kubernetes: KubernetesGateway,
  pod: KubernetesObject,
  message: string,
): Promise<never> {
  const facts = { ...factsOf(run, pod, judgeProbe(pod, unit.plan.roleArn)), message };
  await addEvidenceOnce(runtime, unit, { grade: 2, kind: 'probe-pod', passed: false, facts });
  await removeProbe(runtime, run, kubernetes, unit, Number(unit.facts.probeAttempt ?? 0));
  throw new PodshiftError('ProofFailed', message);
}

function tooLate(runtime: JournalRuntime, run: RunRecord, unit: UnitRecord): boolean {
  return secondsIn(runtime.clock, unit, 'proof') > run.options.proofTimeoutSeconds;
}

function factsOf(run: RunRecord, pod: KubernetesObject, verdict: ProbeVerdict): Record<string, unknown> {
  return {
    assumedRoleArn: verdict.assumedRoleArn,
    account: verdict.account,
    node: pod.spec?.nodeName ?? '',
    pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
    podUid: pod.metadata.uid ?? '',
    image: run.options.probeImage,
  };
}

/** Deletes what is left of the unit's probe pods. */
export async function undoProbes(
  runtime: JournalRuntime,
  { run, unit, kubernetes }: UnitContext,
  entries: readonly JournalEntry[],
): Promise<void> {
  for (const entry of entries) {
    if (entry.kind !== 'probe-pod' || entry.state === 'undone') continue;
    await fence(runtime, run);
    await kubernetes.delete(RESOURCES.pods, unit.plan.namespace, entry.object.split('/').at(-1) ?? '');
    await markUndone(runtime, run.runId, entry.key);
  }
}
