import { AGENT_VALUES } from '../../model/agent.ts';
import type { Inventory } from '../../model/inventory.ts';
import { goRegexp } from '../go-regexp.ts';
import { KIAM, stringArray } from '../metadata/roles.ts';
import type { MetadataSystem } from '../metadata/system.ts';
import type { World } from '../world.ts';
import { type Answers, row, type Table, type Told } from './check.ts';
import { CONSUMERS_OF_CLUSTER } from './consumer.ts';
import { boundaryRemedy, holdersOf, refusalOf } from './platform.ts';

/** Looks at the cluster and its account as a whole. */
type ClusterCheck = (world: World) => Answers<Told>;

/** The subject of findings about the agent. */
const AGENT_SUBJECT = 'Addon/eks-pod-identity-agent';

const agentInstalled: ClusterCheck = ({ agent, inventory }) => {
  if (agent.state !== 'install') return undefined;
  const values = agent.configuration === null ? '' : `, with the configuration values ${agent.configuration}`;
  const message = `the cluster has no Pod Identity agent; the add-on is installed in version ${inventory.agent.defaultVersion}${values}`;
  return { subject: AGENT_SUBJECT, message };
};

const agentAddonNotActive: ClusterCheck = ({
  agent,
  inventory: {
    agent: { addon },
  },
}) =>
  agent.state === 'running' && addon !== null && addon.status !== 'ACTIVE'
    ? { subject: AGENT_SUBJECT, message: `the add-on eks-pod-identity-agent is ${addon.status}` }
    : undefined;

const agentNotReadyOnNodes: ClusterCheck = ({ agent: { state, nodeNames }, inventory }) => {
  const served = new Set(inventory.nodes.filter((node) => node.agentReady).map((node) => node.name));
  const unserved = nodeNames.filter((name) => !served.has(name));
  if (state !== 'running' || unserved.length === 0) return undefined;
  return {
    subject: AGENT_SUBJECT,
    message: `no agent is ready on ${unserved.length} of ${nodeNames.length} nodes, such as ${unserved[0]}`,
  };
};

const privateEndpoint: ClusterCheck = ({ inventory: { cluster, platform } }) =>
  platform?.privateEndpoint === true
    ? {
        subject: `Cluster/${cluster.name}`,
        message: `the endpoint of ${cluster.name} is private; its nodes need com.amazonaws.${cluster.region}.eks-auth`,
      }
    : undefined;

const podGroupsCutOff: ClusterCheck = ({ inventory: { platform } }) =>
  platform?.podGroupsCutOff === true
    ? {
        subject: 'DaemonSet/kube-system/aws-node',
        message: 'pods with security groups of their own cannot reach the agent of their node',
      }
    : undefined;

const portTaken: ClusterCheck = ({ inventory: { platform } }) =>
  platform?.port80.map((subject) => ({ subject, message: `${subject} takes port 80 of its nodes` }));

const otherControllers: ClusterCheck = ({ inventory: { platform } }) =>
  platform?.controllers.map((subject) => ({ subject, message: `${subject} manages associations or annotations of service accounts` }));

const agentRestarting: ClusterCheck = ({ agent: { state }, inventory: { agent, cluster } }) => {
  const values = JSON.stringify(AGENT_VALUES['ipv4-only']);
  const remedy = `If IPv6 is off on that node, install the agent with the configuration values ${values}; else look at the log of its pod.`;
  const isDualStack = cluster.ipFamily === 'ipv4' && agent.listens !== 'ipv4';
  if (state !== 'running') return undefined;
  return agent.restarting?.map((node) => ({
    subject: `Node/${node}`,
    message: `the agent on node ${node} ends again and again`,
    remedy: isDualStack ? remedy : undefined,
  }));
};

const nodeRolesWithoutEksAuth: ClusterCheck = ({ inventory: { platform } }) =>
  platform?.nodeRoles.flatMap((role) =>
    role.agent === 'no' && role.nodeNames !== null
      ? [{ subject: `Role/${role.arn}`, message: `${refusalOf(role)}; ${whoRunsAsIt(role.nodeNames)}`, remedy: boundaryRemedy(role) }]
      : [],
  );

const notActive: ClusterCheck = ({ inventory: { cluster } }) =>
  cluster.status === undefined
    ? undefined
    : {
        subject: `Cluster/${cluster.name}`,
        message: `the cluster ${cluster.name} is ${cluster.status}: no run is begun until it is ACTIVE`,
      };

const evictedByAgent: ClusterCheck = ({ agent, inventory, options }) => {
  const holders = (inventory.platform?.agentPorts ?? []).filter(({ critical }) => !critical);
  if (agent.state !== 'install' || !options.allowAgentPreemption) return undefined;
  return holders.map((holder) => ({
    subject: holder.subject,
    message: `installing the agent evicts the pods of ${holdersOf([holder])}, and they do not start again on its nodes`,
  }));
};

const asksDaemonForRole: ClusterCheck = ({ inventory }) =>
  legacyOf(inventory, 'annotation').map(({ subject, name }) => ({
    subject,
    message: `the pods of ${subject} ask kube2iam or kiam for the role ${name}`,
  }));

const daemonRuns: ClusterCheck = ({ inventory }) =>
  legacyOf(inventory, 'daemon').map(({ subject, name }) => ({ subject, message: `${subject} runs ${name}` }));

const addonInstalled: ClusterCheck = ({ inventory: { addons } }) =>
  addons.map(({ name, version, status, serviceAccountRoleArn: role }) => {
    const withRole = role === null ? 'without a role of its own' : `with the role ${role}`;
    return { subject: `Addon/${name}`, message: `the add-on ${name} ${version} is ${status}, ${withRole}` };
  });

const unreadableNamespaces: ClusterCheck = ({ systems, inventory }) =>
  inventory.metadata?.namespaces.flatMap(({ name, annotations }) =>
    systems.flatMap(({ resolver: { settings } }) => {
      const key = settings.part === 'kube2iam' ? settings.namespaceKey : KIAM.permitted;
      const problem = annotationProblem(annotations[key] ?? '', settings);
      return problem === '' ? [] : [{ subject: `Namespace/${name}`, message: `the annotation ${key} of namespace ${name}: ${problem}` }];
    }),
  );

/** What was seen of the cluster as a whole, beside its units; nothing of it holds one. */
export const CLUSTER: Table<World> = [
  row('PS402', agentInstalled),
  row('PS403', agentAddonNotActive),
  row('PS403', agentNotReadyOnNodes),
  row('PS408', privateEndpoint),
  row('PS410', podGroupsCutOff),
  row('PS411', portTaken),
  row('PS413', otherControllers),
  row('PS415', agentRestarting),
  row('PS416', nodeRolesWithoutEksAuth),
  row('PS417', notActive),
  row('PS419', evictedByAgent),
  ...CONSUMERS_OF_CLUSTER,
  row('PS601', asksDaemonForRole),
  row('PS602', daemonRuns),
  row('PS604', addonInstalled),
  row('PS706', unreadableNamespaces),
];

function whoRunsAsIt(names: readonly string[]): string {
  const [first] = names;
  if (first === undefined) return 'no node that says so runs as it now';
  return names.length === 1 ? `node ${first} runs as it` : `${names.length} nodes run as it, such as ${first}`;
}

function legacyOf({ legacy }: Inventory, kind: Inventory['legacy'][number]['kind']) {
  return legacy.filter((fact) => fact.kind === kind);
}

/** Why a daemon cannot read its annotation of a namespace; empty where it can, and where there is none. */
function annotationProblem(text: string, settings: MetadataSystem['resolver']['settings']): string {
  if (text === '') return '';
  if (settings.part === 'kiam-server') return patternProblem(text);
  if (!settings.namespaceRestrictions) return '';
  const value = stringArray(text);
  if (value === undefined) return 'it is no JSON array of strings';
  if (settings.restrictionFormat.toLowerCase() !== 'regexp') return '';
  return value.map(patternProblem).find((problem) => problem !== '') ?? '';
}

function patternProblem(text: string): string {
  const compiled = goRegexp(text);
  return compiled.kind === 'pattern' ? '' : `${JSON.stringify(text)}: ${compiled.reason}`;
}
