import { type AgentSetting, agentConfiguration } from '../model/agent.ts';
import type { Inventory, NodeFacts } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { AgentPlan } from '../model/plan.ts';

/** States in which the add-on does not become ready by waiting (EKS API reference, Addon.status). */
const FAILED = new Set(['CREATE_FAILED', 'DELETING', 'DELETE_FAILED']);

/** How the cluster stands with the agent, and the nodes that need one. */
export interface AgentSituation {
  /**
   * - `failed`: its add-on does not become ready by waiting
   * - `running`: an add-on or a DaemonSet of it is there
   * - `built-in`: every node has EKS Auto Mode's
   * - `install`: this plan installs the add-on
   * - `missing`: it is not there, and is not installed
   */
  readonly state: 'failed' | 'running' | 'built-in' | 'install' | 'missing';
  /** Nodes that must have a ready agent before a unit migrates. */
  readonly nodeNames: readonly string[];
  /** JSON of the configuration values that it is installed with; null for EKS's defaults. */
  readonly configuration: string | null;
}

/** How the cluster stands with the agent. */
export function agentSituation(inventory: Inventory, options: MigrationOptions): AgentSituation {
  const served = hybridNodesServed(inventory, options);
  const nodeNames = inventory.nodes
    .filter((node) => node.ready && (node.class === 'linux' || served.has(node.name)))
    .map(({ name }) => name);
  const { addon, daemonSet } = inventory.agent;
  const is = (state: AgentSituation['state'], configuration: string | null = null): AgentSituation => ({ state, nodeNames, configuration });
  if (addon !== null && FAILED.has(addon.status)) return is('failed');
  if (addon !== null || daemonSet !== null) return is('running');
  if (inventory.cluster.autoMode && nodeNames.length === 0) return is('built-in');
  if (installs(inventory, options)) return is('install', agentConfiguration(settingsFor(inventory)));
  return is('missing');
}

/** What the plan does about the agent. */
export function planAgent({ agent: { defaultVersion, pods } }: Inventory, { state, nodeNames, configuration }: AgentSituation): AgentPlan {
  const found: AgentPlan = { action: 'ready', addonVersion: null, nodeNames, ...(pods === undefined ? {} : { pods }) };
  switch (state) {
    case 'running':
    case 'built-in':
      return found;
    case 'install':
      return { ...found, action: 'install', addonVersion: defaultVersion, configuration };
    case 'failed':
    case 'missing':
      return { ...found, action: 'missing' };
  }
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
