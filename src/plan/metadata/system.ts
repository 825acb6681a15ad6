import type { FindingCode } from '../../model/findings.ts';
import type { Inventory, WorkloadFacts } from '../../model/inventory.ts';
import type { DaemonFacts, Interception, KiamServerSettings, Kube2iamSettings, MetadataInventory } from '../../model/metadata.ts';
import { admitsWebIdentity, parseTrustPolicy } from '../../trust/index.ts';
import { KIAM, kiamArn, type MetadataAnswer, resolveKiam, resolveKube2iam } from './roles.ts';

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
  /** Roles that may ask STS for the pods' role; null where nobody can tell, and empty where the daemon itself gets no credentials. */
  readonly callers: readonly string[] | null;
  /** As whom the daemon asks, in words. */
  readonly asWhom: string;
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
  const kube2iam = daemonsOf(metadata, 'kube2iam').map((daemon) => kube2iamSystem(daemon, inventory, metadata));
  const [server, ...moreServers] = daemonsOf(metadata, 'kiam-server');
  const agents = daemonsOf(metadata, 'kiam-agent');
  const kiam = server === undefined ? [] : [kiamSystem(server, agents, moreServers, inventory, metadata)];
  const systems = [...kube2iam, ...kiam];
  if (systems.length < 2) return systems;
  const message = `${systems.map(({ resolver }) => resolver.subject).join(' and ')} answer for the same pods`;
  return systems.map((system) => ({ ...system, problems: [{ code: 'PS703', message }, ...system.problems] }));
}

function kube2iamSystem(daemon: Of<'kube2iam'>, inventory: Inventory, metadata: MetadataInventory): MetadataSystem {
  return {
    mechanism: 'kube2iam',
    resolver: daemon,
    nodeNames: new Set(daemon.nodeNames),
    roleKey: daemon.settings.roleKey,
    externalIdKey: daemon.settings.externalIdKey,
    problems: [...unreadSettings(daemon), ...notIntercepting(daemon, daemon.settings.interception)],
    ...callersOf(daemon, inventory, metadata),
  };
}

function kiamSystem(
  server: Of<'kiam-server'>,
  agents: readonly Of<'kiam-agent'>[],
  moreServers: readonly DaemonFacts[],
  inventory: Inventory,
  metadata: MetadataInventory,
): MetadataSystem {
  const { assumeRoleArn, base } = server.settings;
  const taken = assumeRoleArn === '' ? undefined : kiamArn(assumeRoleArn, base, inventory.cluster);
  return {
    mechanism: 'kiam',
    resolver: server,
    nodeNames: new Set(agents.flatMap((agent) => agent.nodeNames)),
    roleKey: KIAM.role,
    externalIdKey: KIAM.externalId,
    problems: [
      ...unreadSettings(server),
      ...moreServers.slice(0, 1).map((other) => problem('PS703', `${server.subject} and ${other.subject} are both kiam's server`)),
      ...(server.nodeNames.length > 0 ? [] : [problem('PS708', `no pod of ${server.subject}, kiam's server, is ready`)]),
      ...(agents.length > 0 ? [] : [problem('PS709', `there is no agent of kiam beside its server ${server.subject}`)]),
      ...agents.flatMap((agent) => [...unreadSettings(agent), ...notIntercepting(agent, agent.settings.interception)]),
    ],
    ...(taken === undefined ? callersOf(server, inventory, metadata) : { callers: [taken], asWhom: taken }),
  };
}

/** As whom a daemon calls STS: its nodes' roles, or one of its own where that one admits it. */
function callersOf(
  { identity = { kind: 'node' } }: DaemonFacts,
  inventory: Inventory,
  { nodeRoleArns }: MetadataInventory,
): Pick<MetadataSystem, 'callers' | 'asWhom'> {
  if (identity.kind === 'node') return { callers: nodeRoleArns, asWhom: nodeRoleArns?.join(' or ') ?? 'any role of a node' };
  if (identity.kind === 'unknown') return { callers: null, asWhom: `anybody whose credentials the daemon may have (${identity.by})` };
  const { roleArn, serviceAccount } = identity;
  if (serviceAccount === null || !isRefused(roleArn, serviceAccount, inventory)) return { callers: [roleArn], asWhom: roleArn };
  return { callers: [], asWhom: `${roleArn}, which itself does not admit ${serviceAccount} by IRSA` };
}

/** Whether a role's own trust policy lets a service account not in by IRSA; a role that cannot be looked at is no refusal. */
function isRefused(roleArn: string, id: string, { cluster, roles }: Inventory): boolean {
  const role = roles.find(({ arn }) => arn === roleArn);
  const parsed = role === undefined ? undefined : parseTrustPolicy(role.trustPolicy);
  if (parsed?.ok !== true || cluster.oidcIssuer === null) return false;
  const issuer = cluster.oidcIssuer.replace(/^https:\/\//, '');
  const request = {
    providerArn: `arn:${cluster.partition}:iam::${cluster.accountId}:oidc-provider/${issuer}`,
    issuer,
    subject: `system:serviceaccount:${id.replace('/', ':')}`,
    audience: 'sts.amazonaws.com',
  };
  return admitsWebIdentity(parsed.policy, request) === 'no';
}

function problem(code: FindingCode, message: string): SystemProblem {
  return { code, message };
}

function unreadSettings({ subject, unread }: DaemonFacts): SystemProblem[] {
  return unread.length === 0 ? [] : [problem('PS704', `${subject} takes ${unread.join(', ')} from where podshift does not read`)];
}

/** Whether the rule takes the calls of ordinary pods: the VPC CNI names their interfaces `eni…`, Calico `cali…`, Cilium `lxc…`. */
export function interceptsPods(hostInterface: string): boolean {
  const negated = hostInterface.startsWith('!');
  const pattern = hostInterface.replace(/^!\s*/, '');
  const covers = (name: string): boolean => (pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
  const covered = ['eni', 'cali', 'lxc'].map((prefix) => covers(`${prefix}0123456789a`));
  return negated ? !covered.includes(true) : covered.includes(true);
}

function notIntercepting({ subject }: DaemonFacts, { iptables, hostInterface }: Interception): SystemProblem[] {
  if (!iptables) return [problem('PS709', `${subject} adds no iptables rule (--iptables is off)`)];
  return interceptsPods(hostInterface)
    ? []
    : [problem('PS709', `the rule of ${subject} is for the interface ${hostInterface}, which is no pod's`)];
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
