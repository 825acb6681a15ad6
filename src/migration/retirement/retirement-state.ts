import { reaches } from '../../inventory/metadata/daemon-reach.ts';
import { readNode } from '../../inventory/nodes.ts';
import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { RetirementPhase, RetirementRecord, RulePlan } from '../../model/retirement.ts';
import type { RunRecord } from '../../model/run.ts';
import type { ClusterRuntime } from '../runtime.ts';
import { forwardRun } from '../write.ts';
import { beginPhase, retirementOf } from './retirement-record.ts';

/** What every step of a retirement needs. */
export interface RetirementContext {
  readonly run: RunRecord;
  readonly record: RetirementRecord;
  readonly kubernetes: KubernetesGateway;
}

/** The retirement of a run that goes forward, with `phase` noted as begun. Throws `LockLost`, and `InternalError` where there is none. */
export async function forwardRetirement(
  runtime: ClusterRuntime,
  runId: string,
  phase: RetirementPhase,
): Promise<RetirementContext & { readonly rule: RulePlan }> {
  const run = await forwardRun(runtime, runId);
  const record = await retirementOf(runtime, runId);
  if (record?.plan.rule == null || record.status !== 'retiring')
    throw new PodshiftError('InternalError', `run ${runId} retires nothing now`);
  return {
    run,
    record: await beginPhase(runtime, runId, record, phase),
    rule: record.plan.rule,
    kubernetes: await runtime.kubernetes(run.target),
  };
}

/** The DaemonSet that adds the rule, the nodes that can have it now, and those of them that are ready. Throws `NotFound` where it is gone. */
export async function interceptorNow(
  kubernetes: KubernetesGateway,
  { namespace, name, interceptor }: RulePlan,
): Promise<{ daemon: KubernetesObject; nodeNames: string[]; readyNames: string[] }> {
  const daemon = await kubernetes.get(RESOURCES.daemonSets, namespace, name);
  if (daemon === undefined) throw new PodshiftError('NotFound', `${interceptor} is gone`);
  const nodes = (await kubernetes.list(RESOURCES.nodes)).map(readNode).filter((node) => reaches({ ...daemon, kind: 'DaemonSet' }, node));
  return { daemon, nodeNames: nodes.map((node) => node.name), readyNames: nodes.filter(({ ready }) => ready).map((node) => node.name) };
}

/** The pods of a DaemonSet, those that leave included. */
export async function podsOfDaemon(
  kubernetes: KubernetesGateway,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<KubernetesObject[]> {
  const pods = await kubernetes.list(RESOURCES.pods, { namespace });
  return pods.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.kind === 'DaemonSet' && owner.name === name));
}
