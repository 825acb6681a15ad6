import type { FindingCode } from '../model/findings.ts';
import type { Inventory, WorkloadFacts } from '../model/inventory.ts';
import type { DaemonFacts, Interception, KiamServerSettings, Kube2iamSettings, MetadataInventory } from '../model/metadata.ts';
import { KIAM, kiamArn, type MetadataAnswer, resolveKiam, resolveKube2iam } from './metadata-roles.ts';

/** A reason for which no pod of the daemons can be migrated. */
export interface SystemProblem {
  readonly code: FindingCode;
  readonly message: string;
}

/** kube2iam, or kiam's agent and server together: who answers the pods' calls to instance metadata. */
export interface MetadataSystem {
  readonly mechanism: 'kube2iam' | 'kiam';
  /** The daemon that resolves roles. */
  readonly resolver: DaemonFacts & { readonly settings: Kube2iamSettings | KiamServerSettings };
  /** Nodes where its interceptor is ready. */
  readonly nodeNames: ReadonlySet<string>;
  readonly roleKey: string;
  readonly externalIdKey: string;
  readonly problems: readonly SystemProblem[];
  /** Roles that may ask STS for the pods' role; null where the account does not tell. */
  readonly callers: readonly string[] | null;
}

type Of<Part extends DaemonFacts['settings']['part']> = DaemonFacts & {
  readonly settings: Extract<DaemonFacts['settings'], { part: Part }>;
};

function daemonsOf<Part extends DaemonFacts['settings']['part']>(metadata: MetadataInventory, part: Part): Of<Part>[] {
  return metadata.daemons.filter((daemon): daemon is Of<Part> => daemon.settings.part === part);
}

/** The systems of a cluster; more than one is a problem of each of them. */
export function metadataSystems(inventory: Inventory): MetadataSystem[] {
  const { metadata } = inventory;
  if (metadata === undefined) return [];
  const kube2iam = daemonsOf(metadata, 'kube2iam').map((daemon) => kube2iamSystem(daemon, metadata));
  const [server, ...moreServers] = daemonsOf(metadata, 'kiam-server');
  const agents = daemonsOf(metadata, 'kiam-agent');
  const kiam = server === undefined ? [] : [kiamSystem(server, agents, moreServers, inventory, metadata)];
  const systems = [...kube2iam, ...kiam];
  if (systems.length < 2) return systems;
  const message = `${systems.map(({ resolver }) => resolver.subject).join(' and ')} answer for the same pods`;
  return systems.map((system) => ({ ...system, problems: [{ code: 'PS703', message }, ...system.problems] }));
}

function kube2iamSystem(daemon: Of<'kube2iam'>, metadata: MetadataInventory): MetadataSystem {
  return {
    mechanism: 'kube2iam',
    resolver: daemon,
    nodeNames: new Set(daemon.nodeNames),
    roleKey: daemon.settings.roleKey,
    externalIdKey: daemon.settings.externalIdKey,
    problems: [...unreadProblems(daemon), ...interceptionProblems(daemon, daemon.settings.interception)],
    callers: metadata.nodeRoleArns,
  };
}

function kiamSystem(
  server: Of<'kiam-server'>,
  agents: readonly Of<'kiam-agent'>[],
  moreServers: readonly DaemonFacts[],
  { cluster }: Inventory,
  metadata: MetadataInventory,
): MetadataSystem {
  const { assumeRoleArn, base } = server.settings;
  const problems: SystemProblem[] = [...unreadProblems(server)];
  if (moreServers.length > 0)
    problems.push({ code: 'PS703', message: `${server.subject} and ${moreServers[0]?.subject} are both kiam's server` });
  if (server.nodeNames.length === 0) problems.push({ code: 'PS708', message: `no pod of ${server.subject}, kiam's server, is ready` });
  if (agents.length === 0) problems.push({ code: 'PS709', message: `there is no agent of kiam beside its server ${server.subject}` });
  for (const agent of agents) problems.push(...unreadProblems(agent), ...interceptionProblems(agent, agent.settings.interception));
  return {
    mechanism: 'kiam',
    resolver: server,
    nodeNames: new Set(agents.flatMap((agent) => agent.nodeNames)),
    roleKey: KIAM.role,
    externalIdKey: KIAM.externalId,
    problems,
    callers: assumeRoleArn === '' ? metadata.nodeRoleArns : [kiamArn(assumeRoleArn, base, cluster)],
  };
}

function unreadProblems(daemon: DaemonFacts): SystemProblem[] {
  if (daemon.unread.length === 0) return [];
  return [{ code: 'PS704', message: `${daemon.subject} takes ${daemon.unread.join(', ')} from where podshift does not read` }];
}

/** Whether the rule takes the calls of ordinary pods: the VPC CNI names their interfaces `eni…`, Calico `cali…`, Cilium `lxc…`. */
export function interceptsPods(hostInterface: string): boolean {
  const negated = hostInterface.startsWith('!');
  const pattern = hostInterface.replace(/^!\s*/, '');
  const covers = (name: string): boolean => (pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
  const covered = ['eni', 'cali', 'lxc'].map((prefix) => covers(`${prefix}0123456789a`));
  return negated ? !covered.includes(true) : covered.includes(true);
}

function interceptionProblems(daemon: DaemonFacts, interception: Interception): SystemProblem[] {
  if (!interception.iptables) return [{ code: 'PS709', message: `${daemon.subject} adds no iptables rule (--iptables is off)` }];
  if (interceptsPods(interception.hostInterface)) return [];
  return [
    { code: 'PS709', message: `the rule of ${daemon.subject} is for the interface ${interception.hostInterface}, which is no pod's` },
  ];
}

/** What pods with these annotations get from the system. */
export function answerOf(
  system: MetadataSystem,
  inventory: Inventory,
  namespace: string,
  annotations: Readonly<Record<string, string>>,
): MetadataAnswer {
  const { settings } = system.resolver;
  const space = inventory.metadata?.namespaces.find(({ name }) => name === namespace)?.annotations ?? {};
  return settings.part === 'kube2iam'
    ? resolveKube2iam(settings, inventory.cluster, annotations, space)
    : resolveKiam(settings, inventory.cluster, annotations, space);
}

/** The system that a workload's pods ask, by its annotation; the first one where they ask none. */
export function systemOf(systems: readonly MetadataSystem[], workload: WorkloadFacts): MetadataSystem | undefined {
  const sets = [workload.metadata?.template, ...(workload.metadata?.live ?? [])];
  return systems.find(({ roleKey }) => sets.some((annotations) => annotations?.[roleKey] !== undefined)) ?? systems[0];
}
