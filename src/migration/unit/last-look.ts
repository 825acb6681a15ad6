import type { RoleWithTags } from '../../aws/gateways.ts';
import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { AgentPlan } from '../../model/plan.ts';
import { admitsPodIdentity, parseTrustPolicy } from '../../trust/index.ts';
import { isOnNewWay } from '../../verification/injection.ts';
import { endsByItself, keepsItsWay, livePods } from '../../verification/pods.ts';
import { servedNodes } from '../agent/agent.ts';
import { planOf } from '../run/plan-run.ts';
import type { JournalRuntime } from '../runtime.ts';
import { accountOf, trustedRole } from '../trust/role-trust.ts';
import type { UnitContext } from '../write.ts';
import { currentAssociation } from './associate.ts';

/**
 * What of the new way is not there, in one look: `whole`, nothing; `broken`, somebody took a part of it away, which no waiting
 * brings back; `starting`, a pod or an agent that may only need its time.
 */
export type Look =
  /** `ending` are the pods (`Pod/NAMESPACE/NAME`) on the old way that end by themselves. */
  { readonly state: 'whole'; readonly ending: readonly string[] } | { readonly state: 'broken' | 'starting'; readonly message: string };

/** Where a look has its answers from. */
export interface NewWayReads {
  /** The unit's role; undefined where it is gone. */
  role(context: UnitContext): Promise<RoleWithTags | undefined>;
  /** The live pods of the unit's service account. */
  pods(context: UnitContext): Promise<readonly KubernetesObject[]>;
  /** Nodes with a ready pod of the agent. */
  served(context: UnitContext, agent: AgentPlan): Promise<ReadonlySet<string>>;
}

/** The unit's role as it is now. */
function freshRole({ aws, unit }: UnitContext): Promise<RoleWithTags | undefined> {
  return aws.iam.getRole(trustedRole(unit.plan.roleArn).roleName);
}

/** Each asked for now. */
const FRESH: NewWayReads = {
  role: freshRole,
  pods: ({ kubernetes, unit: { plan } }) => livePods(kubernetes, plan.namespace, plan.serviceAccount),
  served: ({ kubernetes }, agent) => servedNodes(kubernetes, agent),
};

/**
 * Looks at what EKS and IAM hold of the new way, ahead of a restart: new pods get the association whether or not the role still
 * admits them, and then have neither way. Throws `ProofFailed` where somebody took a part of it away.
 */
export async function refuseBroken(runtime: JournalRuntime, context: UnitContext): Promise<void> {
  const broken = await brokenDocument(runtime, context, freshRole);
  if (broken !== '') throw new PodshiftError('ProofFailed', broken);
}

/**
 * Looks at all that the unit's pods need by the new way, as it is now: the association with this role, the trust policy that
 * admits the service account, an agent ready on every node of its pods, and every pod on the new way. It is asked right before
 * the old way goes, and right after: what was proved an hour ago may have been undone since. A look that no write depends on may have
 * its answers from `reads`.
 */
export async function lookAtNewWay(runtime: JournalRuntime, context: UnitContext, reads: NewWayReads = FRESH): Promise<Look> {
  const broken = await brokenDocument(runtime, context, reads.role);
  if (broken !== '') return { state: 'broken', message: broken };
  const { namespace } = context.unit.plan;
  const pods = await reads.pods(context);
  const starting = await unreadyPod(runtime, context, pods, reads);
  if (starting !== '') return { state: 'starting', message: starting };
  return { state: 'whole', ending: pods.filter((pod) => isEnding(context, pod)).map((pod) => `Pod/${namespace}/${pod.metadata.name}`) };
}

function isEnding({ run }: UnitContext, pod: KubernetesObject): boolean {
  return endsByItself(pod) && !isOnNewWay(pod, run.options.annotationPrefix);
}

/** What EKS and IAM lack; empty where they lack nothing. */
async function brokenDocument(runtime: JournalRuntime, context: UnitContext, roleOf: NewWayReads['role']): Promise<string> {
  const { run, unit, aws } = context;
  const { namespace, serviceAccount, roleArn } = unit.plan;
  const association = await currentAssociation(runtime, aws.eks, unit);
  if (association === undefined) return `the association of ${unit.unitId} with ${roleArn} is gone`;
  if (association.roleArn !== roleArn)
    return `association ${association.associationId} gives ${unit.unitId} the role ${association.roleArn} by now, not ${roleArn}`;
  const role = await roleOf(context);
  if (role === undefined) return `the role ${roleArn} is gone`;
  const parsed = parseTrustPolicy(role.trustPolicy);
  if (!parsed.ok) return `the trust policy of ${roleArn} cannot be read by now: ${parsed.problem}`;
  const answer = admitsPodIdentity(parsed.policy, {
    clusterArn: run.clusterArn,
    clusterName: run.target.clusterName,
    accountId: accountOf(run.clusterArn).accountId,
    namespace,
    serviceAccount,
    sessionTags: !association.disableSessionTags,
  });
  return answer === 'yes' ? '' : `the trust policy of ${roleArn} does not admit ${unit.unitId} by Pod Identity any more`;
}

/** The first pod that could not get credentials by the new way now, and why; empty where there is none. The pod of a Job, and one that ends by itself, keeps the way that it has. */
async function unreadyPod(
  runtime: JournalRuntime,
  context: UnitContext,
  pods: readonly KubernetesObject[],
  reads: NewWayReads,
): Promise<string> {
  const { run, unit, kubernetes } = context;
  const name = (pod: KubernetesObject): string => `Pod/${unit.plan.namespace}/${pod.metadata.name}`;
  const old = pods.find((pod) => !keepsItsWay(pod) && !isOnNewWay(pod, run.options.annotationPrefix));
  if (old !== undefined) return `${name(old)} does not use Pod Identity`;
  const { agent } = await planOf(runtime, run.runId);
  const nodes = [...new Set(pods.filter((pod) => !keepsItsWay(pod)).flatMap((pod) => pod.spec?.nodeName ?? []))];
  const served = nodes.length === 0 ? new Set<string>() : await reads.served(context, agent);
  for (const node of nodes) {
    if (served.has(node)) continue;
    const found = await kubernetes.get(RESOURCES.nodes, undefined, node);
    // EKS Auto Mode has the agent built into its nodes (EKS User Guide, "EKS Auto Mode"); the pods of a node that is gone end.
    if (found === undefined || found.metadata.labels?.['eks.amazonaws.com/compute-type'] === 'auto') continue;
    return `no agent is ready on node ${node}, which runs ${name(pods.find((pod) => pod.spec?.nodeName === node) as KubernetesObject)}`;
  }
  return '';
}
