import { AGENT_ADDRESSES } from '../../model/agent.ts';
import type { AgentPortFact, NodeRoleFact } from '../../model/inventory.ts';
import type { UnitFacts } from '../unit-facts.ts';
import { type World, workloadSubject } from '../world.ts';
import { type Row, row, type Table } from './check.ts';
import { ofWorkload, type UnitTable, type WorkloadCheck } from './unit-rows.ts';

const onHybridNodeWithoutAgent: WorkloadCheck = ({ workload, subject }, { world }) => {
  const bare = workload.nodeNames.find((name) => world.hybridNodes.has(name));
  return bare === undefined ? undefined : `pods of ${subject} run on the hybrid node ${bare}, where no agent is ready`;
};

/** The agent asks EKS Auth with the node's role: where that is not allowed, no pod of the node gets credentials. */
const onNodesWithoutEksAuth: Row<UnitFacts>['check'] = ({ id, workloads, world: { inventory } }) => {
  const nodeRoles = inventory.platform?.nodeRoles ?? [];
  const lacking = nodeRoles.filter(({ agent }) => agent === 'no');
  const everywhere = lacking.length === nodeRoles.length;
  return lacking.flatMap((role) => {
    const { nodeNames } = role;
    const refuses = refusalOf(role);
    const remedy = boundaryRemedy(role);
    const noNode = { subject: `ServiceAccount/${id}`, message: `${refuses}, so no node can serve ${id}`, remedy };
    const some = workloads.flatMap(({ workload }) => {
      const subject = workloadSubject(workload);
      const node = workload.unservedNodes?.find((name) => nodeNames?.includes(name));
      return node === undefined ? [] : [{ subject, message: `${refuses}, and pods of ${subject} can run on its node ${node}`, remedy }];
    });
    return everywhere ? [noNode, ...some] : some;
  });
};

/** That a node role, or its permissions boundary, does not let the agent in. */
export function refusalOf({ arn, boundary }: NodeRoleFact): string {
  const who = boundary === undefined ? `the node role ${arn}` : `the permissions boundary ${boundary} of the node role ${arn}`;
  return `${who} does not allow eks-auth:AssumeRoleForPodIdentity`;
}

/** What to do about a boundary, which no further policy of the role can widen. */
export function boundaryRemedy({ arn, boundary }: NodeRoleFact): string | undefined {
  return boundary === undefined
    ? undefined
    : `Allow eks-auth:AssumeRoleForPodIdentity in the policy ${boundary}, or take it off the role as its boundary (aws iam delete-role-permissions-boundary --role-name ${arn.split('/').at(-1)}), then plan again.`;
}

/** What the platform means for one unit (PS4xx). */
export const PLATFORM: UnitTable = [
  ofWorkload('PS407', onHybridNodeWithoutAgent),
  row('PS409', onNodesWithoutEksAuth, 'unless-associated'),
];

/** Says something that holds every unit of the cluster. */
type ClusterCheck = (world: World) => string | undefined;

const agentMissing: ClusterCheck = ({ agent, inventory, options }) => {
  if (agent.state !== 'missing') return undefined;
  const why = options.installAgent
    ? `EKS offers no version of it for Kubernetes ${inventory.cluster.version}`
    : 'it is not to be installed';
  return `the cluster has no Pod Identity agent, and ${why}`;
};

const agentFailed: ClusterCheck = ({ agent, inventory }) =>
  agent.state === 'failed' ? `the add-on eks-pod-identity-agent is ${inventory.agent.addon?.status}` : undefined;

const onOutposts: ClusterCheck = ({ inventory: { cluster } }) =>
  cluster.outpost ? `the cluster ${cluster.name} runs on Outposts` : undefined;

/** The first platform version with Pod Identity, by Kubernetes minor (EKS User Guide, "Pod Identity cluster versions"); later ones have it. */
const FIRST_PLATFORM: Readonly<Record<number, number>> = { 24: 12, 25: 13, 26: 9, 27: 8, 28: 4 };

const versionTooOld: ClusterCheck = ({ inventory: { cluster } }) => {
  const minor = Number(cluster.version.split('.')[1]);
  const platform = Number(/^eks\.(\d+)$/.exec(cluster.platformVersion)?.[1] ?? Number.NaN);
  const first = FIRST_PLATFORM[minor];
  return minor < 24 || (first !== undefined && platform < first)
    ? `Kubernetes ${cluster.version} on platform ${cluster.platformVersion} has no Pod Identity`
    : undefined;
};

/** An agent that does not listen where the webhook of this cluster sends pods serves nobody. */
const agentOnOtherAddress: ClusterCheck = ({ agent, inventory }) => {
  const { listens = null } = inventory.agent;
  const { ipFamily: family } = inventory.cluster;
  if (agent.state !== 'running' || listens === null || listens === 'both') return undefined;
  if ((family !== 'ipv4' && family !== 'ipv6') || listens === family) return undefined;
  return `the agent listens on ${AGENT_ADDRESSES[listens]} alone, and pods of the ${family} cluster ask ${AGENT_ADDRESSES[family]}`;
};

/** The agent's pods are `system-node-critical`: the scheduler evicts whoever holds their ports and is less so, and cannot evict its like. */
const agentPortsHeld: ClusterCheck = ({ agent, inventory, options }) => {
  if (agent.state !== 'install') return undefined;
  const holders = inventory.platform?.agentPorts ?? [];
  const critical = holders.filter((holder) => holder.critical);
  if (critical.length > 0)
    return `the agent cannot start on the nodes of ${holdersOf(critical)}, whose pods are system-node-critical as its own are`;
  if (holders.length === 0 || options.allowAgentPreemption) return undefined;
  return `installing the agent evicts the pods of ${holdersOf(holders)}: its own need the same ports, and are system-node-critical`;
};

/** At most so many workloads are named in one message. */
const MOST_NAMED = 3;

/** Who holds which of the agent's ports, in words. */
export function holdersOf(holders: readonly AgentPortFact[]): string {
  const named = holders.slice(0, MOST_NAMED).map(({ subject, ports }) => `${subject} (host port ${ports.join(' and ')})`);
  const more = holders.length - named.length;
  return `${named.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

const registered: ClusterCheck = ({ inventory: { cluster } }) =>
  cluster.registered === true ? `the cluster ${cluster.name} is registered with EKS, which does not run it` : undefined;

/** What keeps the cluster as a whole from Pod Identity; the first of them in the order of reasons is told of each unit. */
export const CLUSTER_BLOCKERS: Table<World> = [
  ofCluster('PS401', agentMissing),
  ofCluster('PS404', agentFailed),
  ofCluster('PS405', onOutposts),
  ofCluster('PS406', versionTooOld),
  ofCluster('PS414', agentOnOtherAddress),
  ofCluster('PS418', agentPortsHeld),
  ofCluster('PS420', registered),
];

function ofCluster(code: Row<World>['code'], check: ClusterCheck): Row<World> {
  return row(code, (world) => {
    const message = check(world);
    return message === undefined ? undefined : { subject: `Cluster/${world.inventory.cluster.name}`, message };
  });
}
