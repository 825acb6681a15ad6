import { AGENT_ADDRESSES, AGENT_VALUES, type AgentSetting, agentConfiguration } from '../model/agent.ts';
import { type Finding, type FindingCode, finding } from '../model/findings.ts';
import type { Inventory, NodeFacts } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { AgentPlan } from '../model/plan.ts';

/** The subject of findings about the agent. */
const SUBJECT = 'Addon/eks-pod-identity-agent';

/** States in which the add-on does not become ready by waiting (EKS API reference, Addon.status). */
const FAILED = new Set(['CREATE_FAILED', 'DELETING', 'DELETE_FAILED']);

/** What the cluster as a whole says about Pod Identity. A blocker is for every unit: code and message. */
export interface Platform {
  readonly agent: AgentPlan;
  readonly findings: readonly Finding[];
  readonly blocker: { readonly code: FindingCode; readonly message: string } | null;
}

/** Whether the cluster can serve Pod Identity, and what has to be done about the agent. */
export function planPlatform(inventory: Inventory, options: MigrationOptions): Platform {
  const served = hybridNodesServed(inventory, options);
  const nodeNames = inventory.nodes
    .filter((node) => node.ready && (node.class === 'linux' || served.has(node.name)))
    .map(({ name }) => name);
  const refused = checkVersion(inventory);
  const { addon, daemonSet, defaultVersion, pods } = inventory.agent;
  const ready: AgentPlan = { action: 'ready', addonVersion: null, nodeNames, ...(pods === undefined ? {} : { pods }) };
  if (addon !== null && FAILED.has(addon.status)) {
    const message = `the add-on eks-pod-identity-agent is ${addon.status}`;
    return { agent: { ...ready, action: 'missing' }, findings: [], blocker: refused ?? { code: 'PS404', message } };
  }
  if (addon !== null || daemonSet !== null)
    return { agent: ready, findings: agentWarnings(inventory, nodeNames), blocker: refused ?? checkAddresses(inventory) };
  if (inventory.cluster.autoMode && nodeNames.length === 0) return { agent: ready, findings: [], blocker: refused };
  if (installs(inventory, options)) {
    const configuration = agentConfiguration(settingsFor(inventory));
    const values = configuration === null ? '' : `, with the configuration values ${configuration}`;
    const message = `the cluster has no Pod Identity agent; the add-on is installed in version ${defaultVersion}${values}`;
    return {
      agent: { ...ready, action: 'install', addonVersion: defaultVersion, configuration },
      findings: [finding('PS402', SUBJECT, message)],
      blocker: refused,
    };
  }
  const why = options.installAgent
    ? `EKS offers no version of it for Kubernetes ${inventory.cluster.version}`
    : 'it is not to be installed';
  return {
    agent: { ...ready, action: 'missing' },
    findings: [],
    blocker: refused ?? { code: 'PS401', message: `the cluster has no Pod Identity agent, and ${why}` },
  };
}

/** Whether the plan installs the add-on. */
function installs({ agent, cluster, nodes }: Inventory, options: MigrationOptions): boolean {
  const builtIn = cluster.autoMode && !nodes.some((node) => node.class === 'linux' || node.class === 'hybrid');
  return agent.addon === null && agent.daemonSet === null && !builtIn && options.installAgent && agent.defaultVersion !== null;
}

/** Which DaemonSet of the agent is for a hybrid node. */
function settingOf(node: NodeFacts): AgentSetting {
  return node.bottlerocket === true ? 'hybrid-bottlerocket' : 'hybrid';
}

/**
 * What the add-on is installed with, as far as its version takes it. A node does not say whether its IPv6 is on, and where it is
 * off the agent does not start unless it is told to listen on IPv4 alone. In a cluster of IPv4 no pod is ever given the other
 * address, so there it is always told so.
 */
function settingsFor({ agent, cluster, nodes }: Inventory): AgentSetting[] {
  const wanted = new Set<AgentSetting>([
    ...(cluster.ipFamily === 'ipv4' ? (['ipv4-only'] as const) : []),
    ...nodes.filter((node) => node.class === 'hybrid').map(settingOf),
  ]);
  return (agent.settings ?? []).filter((setting) => wanted.has(setting));
}

/** Hybrid nodes that run pods of the inventory and have an agent: one that is ready, or one that this plan installs. */
export function hybridNodesServed(inventory: Inventory, options: MigrationOptions): ReadonlySet<string> {
  const used = new Set(inventory.workloads.flatMap((workload) => workload.nodeNames));
  const installed = new Set(installs(inventory, options) ? settingsFor(inventory) : []);
  const served = inventory.nodes.filter(
    (node) => node.class === 'hybrid' && (node.agentReady || (used.has(node.name) && installed.has(settingOf(node)))),
  );
  return new Set(served.map(({ name }) => name));
}

function agentWarnings(inventory: Inventory, nodeNames: readonly string[]): Finding[] {
  const { addon, listens, restarting = [] } = inventory.agent;
  const served = new Set(inventory.nodes.filter((node) => node.agentReady).map((node) => node.name));
  const unserved = nodeNames.filter((name) => !served.has(name));
  const ipv4 = inventory.cluster.ipFamily === 'ipv4' && listens !== 'ipv4';
  const remedy = `If IPv6 is off on that node, install the agent with the configuration values ${JSON.stringify(AGENT_VALUES['ipv4-only'])}; else look at the log of its pod.`;
  return [
    ...(addon === null || addon.status === 'ACTIVE'
      ? []
      : [finding('PS403', SUBJECT, `the add-on eks-pod-identity-agent is ${addon.status}`)]),
    ...(unserved.length === 0
      ? []
      : [finding('PS403', SUBJECT, `no agent is ready on ${unserved.length} of ${nodeNames.length} nodes, such as ${unserved[0]}`)]),
    ...restarting.map((node) =>
      finding('PS415', `Node/${node}`, `the agent on node ${node} ends again and again`, ipv4 ? remedy : undefined),
    ),
  ];
}

/** An agent that does not listen where the webhook of this cluster sends pods serves nobody. */
function checkAddresses({ agent: { listens = null }, cluster }: Inventory): Platform['blocker'] {
  const family = cluster.ipFamily;
  if (listens === null || listens === 'both' || (family !== 'ipv4' && family !== 'ipv6') || listens === family) return null;
  return {
    code: 'PS414',
    message: `the agent listens on ${AGENT_ADDRESSES[listens]} alone, and pods of the ${family} cluster ask ${AGENT_ADDRESSES[family]}`,
  };
}

/** The first platform version with Pod Identity, by Kubernetes minor (EKS User Guide, "Pod Identity cluster versions"); later ones have it. */
const FIRST_PLATFORM: Readonly<Record<number, number>> = { 24: 12, 25: 13, 26: 9, 27: 8, 28: 4 };

function checkVersion({ cluster }: Inventory): Platform['blocker'] {
  if (cluster.outpost) return { code: 'PS405', message: `the cluster ${cluster.name} runs on Outposts` };
  const minor = Number(cluster.version.split('.')[1]);
  const platform = Number(/^eks\.(\d+)$/.exec(cluster.platformVersion)?.[1] ?? Number.NaN);
  const first = FIRST_PLATFORM[minor];
  const old = minor < 24 || (first !== undefined && platform < first);
  return old
    ? { code: 'PS406', message: `Kubernetes ${cluster.version} on platform ${cluster.platformVersion} has no Pod Identity` }
    : null;
}
