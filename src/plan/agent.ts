import { type Finding, type FindingCode, finding } from '../model/findings.ts';
import type { Inventory } from '../model/inventory.ts';
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
  const nodeNames = inventory.nodes
    .filter((node) => node.ready && (node.class === 'linux' || (node.class === 'hybrid' && node.agentReady)))
    .map((node) => node.name);
  const refused = checkVersion(inventory);
  const { addon, daemonSet, defaultVersion } = inventory.agent;
  const ready: AgentPlan = { action: 'ready', addonVersion: null, nodeNames };
  if (addon !== null && FAILED.has(addon.status)) {
    const message = `the add-on eks-pod-identity-agent is ${addon.status}`;
    return { agent: { ...ready, action: 'missing' }, findings: [], blocker: refused ?? { code: 'PS404', message } };
  }
  if (addon !== null || daemonSet !== null) return { agent: ready, findings: agentWarnings(inventory, nodeNames), blocker: refused };
  if (inventory.cluster.autoMode && nodeNames.length === 0) return { agent: ready, findings: [], blocker: refused };
  if (options.installAgent && defaultVersion !== null) {
    const message = `the cluster has no Pod Identity agent; the add-on is installed in version ${defaultVersion}`;
    return {
      agent: { action: 'install', addonVersion: defaultVersion, nodeNames },
      findings: [finding('PS402', SUBJECT, message)],
      blocker: refused,
    };
  }
  const why = options.installAgent
    ? `EKS offers no version of it for Kubernetes ${inventory.cluster.version}`
    : 'it is not to be installed';
  return {
    agent: { action: 'missing', addonVersion: null, nodeNames },
    findings: [],
    blocker: refused ?? { code: 'PS401', message: `the cluster has no Pod Identity agent, and ${why}` },
  };
}

function agentWarnings(inventory: Inventory, nodeNames: readonly string[]): Finding[] {
  const { addon } = inventory.agent;
  const served = new Set(inventory.nodes.filter((node) => node.agentReady).map((node) => node.name));
  const unserved = nodeNames.filter((name) => !served.has(name));
  return [
    ...(addon === null || addon.status === 'ACTIVE'
      ? []
      : [finding('PS403', SUBJECT, `the add-on eks-pod-identity-agent is ${addon.status}`)]),
    ...(unserved.length === 0
      ? []
      : [finding('PS403', SUBJECT, `no agent is ready on ${unserved.length} of ${nodeNames.length} nodes, such as ${unserved[0]}`)]),
  ];
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
