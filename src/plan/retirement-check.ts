import { type Finding, finding } from '../model/findings.ts';
import type { OwnerFact, WorkloadFacts } from '../model/inventory.ts';
import type { AssumeGrantFact, DaemonFacts, Interception, Kube2iamSettings, MetadataInventory } from '../model/metadata.ts';
import type { RetiredMechanism } from '../model/retirement.ts';
import { KIAM } from './metadata-roles.ts';
import { interceptsPods } from './metadata-system.ts';
import { nameOfOwner, reconcilingOwner, sourceOf } from './owners.ts';
import { type World, workloadSubject } from './world.ts';

/** One daemon's parts: those that intercept, and for kiam the server behind them. */
export interface DaemonParts {
  readonly mechanism: RetiredMechanism;
  readonly metadata: MetadataInventory;
  readonly all: readonly DaemonFacts[];
  readonly interceptors: readonly Interceptor[];
}

/** A daemon that has pods' calls to instance metadata come to it. */
export type Interceptor = DaemonFacts & { readonly settings: Extract<DaemonFacts['settings'], { interception: Interception }> };

/** The parts of a daemon in this cluster. */
export function partsOf(mechanism: RetiredMechanism, metadata: MetadataInventory): DaemonParts {
  const all = metadata.daemons.filter((daemon) => daemon.mechanism === mechanism);
  return { mechanism, metadata, all, interceptors: all.filter((daemon): daemon is Interceptor => 'interception' in daemon.settings) };
}

/** Annotations by which pods ask this daemon for a role. */
function roleKeys({ mechanism, all }: DaemonParts): string[] {
  return mechanism === 'kiam' ? [KIAM.role] : kube2iamSettings(all).map(({ roleKey }) => roleKey);
}

function kube2iamSettings(daemons: readonly DaemonFacts[]): Kube2iamSettings[] {
  return daemons.map(({ settings }) => settings).filter((settings): settings is Kube2iamSettings => settings.part === 'kube2iam');
}

/**
 * Everything that still gets a role from the daemon, or may: workloads of every kind that ask for one by template or by a
 * live pod, suspended ones and those scaled to zero too, whether they get it or not; and users of the default role.
 * `leaving` are the workloads that migrate ahead of the retirement.
 */
export function dependents(parts: DaemonParts, world: World, leaving: ReadonlySet<string>): Finding[] {
  const keys = roleKeys(parts);
  const asks = (annotations: Readonly<Record<string, string>> | null | undefined): string =>
    keys.map((key) => annotations?.[key] ?? '').find((value) => value !== '') ?? '';
  const { workloads, legacy } = world.inventory;
  const known = new Set(workloads.map(workloadSubject));
  const byWorkload = workloads.flatMap((workload): Finding[] => {
    const subject = workloadSubject(workload);
    const seen = workload.metadata;
    const role = [seen?.template, ...(seen?.live ?? [])].map(asks).find((value) => value !== '');
    if (seen === undefined || role === undefined || leaving.has(subject) || workload.idle === 'finished') return [];
    return stillDepends(workload, seen.exposed, `asked ${parts.mechanism} for the role ${role}`, world);
  });
  // A template whose service account does not exist is in no inventory of workloads.
  const unbound = legacy.filter(({ kind, subject }) => kind === 'annotation' && !subject.startsWith('Pod/') && !known.has(subject));
  return [
    ...byWorkload,
    ...unbound.map(({ subject, name }) => finding('PS731', subject, `${subject} asks ${parts.mechanism} for the role ${name}`)),
    ...(parts.mechanism === 'kube2iam' ? parts.metadata.defaultRoleUsers : [])
      .filter((subject) => !leaving.has(subject))
      .map((subject) =>
        finding('PS732', subject, `the pods of ${subject} ask for no role, and kube2iam gives them ${defaultRoleOf(parts.all)}`),
      ),
  ];
}

function stillDepends(workload: WorkloadFacts, exposed: number, asked: string, world: World): Finding[] {
  const subject = workloadSubject(workload);
  const id = `${workload.namespace}/${workload.serviceAccount}`;
  if (!hasOwnRole(id, world)) return [finding('PS731', subject, `${subject} ${asked.replace('asked', 'asks')}`)];
  if (exposed === 0) return [];
  const remedy = `Restart ${subject}, or wait until these pods have ended. Then retire the daemon.`;
  return [finding('PS731', subject, `${exposed} of the pods of ${subject} ${asked} before ${id} had one of its own`, remedy)];
}

/** Whether new pods of a service account get a role ahead of instance metadata: by Pod Identity or by IRSA. */
function hasOwnRole(id: string, { associationOf, inventory }: World): boolean {
  const facts = inventory.serviceAccounts.find(({ namespace, name }) => `${namespace}/${name}` === id);
  return associationOf.has(id) || facts?.annotations[`${inventory.annotationPrefix}/role-arn`] !== undefined;
}

function defaultRoleOf(daemons: readonly DaemonFacts[]): string {
  const role = kube2iamSettings(daemons)
    .map(({ defaultRole }) => defaultRole)
    .find((name) => name !== '');
  return role === undefined ? "the nodes' own role" : `its default role ${role}`;
}

/** That there is nothing to retire. */
export function missing(mechanism: RetiredMechanism, { inventory }: World): Finding {
  const what = mechanism === 'kiam' ? "kiam's agent" : 'kube2iam';
  return finding('PS733', `Cluster/${inventory.cluster.name}`, `there is no DaemonSet of ${what} in the cluster`);
}

/** Why podshift cannot retire the daemon itself, whoever depends on it. */
export function obstacles(parts: DaemonParts, world: World): Finding[] {
  const { mechanism, metadata, all, interceptors } = parts;
  const [interceptor, second] = interceptors;
  if (interceptor === undefined) return [missing(mechanism, world)];
  const found: Finding[] = [];
  const rival = second ?? metadata.daemons.find((daemon) => daemon.mechanism !== mechanism && 'interception' in daemon.settings);
  if (rival !== undefined)
    found.push(finding('PS703', rival.subject, `${interceptor.subject} and ${rival.subject} answer for the same pods`));
  for (const daemon of all) {
    if (daemon.unread.length > 0)
      found.push(finding('PS704', daemon.subject, `${daemon.subject} takes ${daemon.unread.join(', ')} from where podshift does not read`));
    const owner = reconcilingOwner(daemon.owners);
    if (owner !== undefined && !daemon.stopped) found.push(ownedBy(daemon, owner));
  }
  found.push(...ruleObstacles(interceptor));
  const unready = new Set(world.inventory.nodes.filter(({ ready }) => !ready).map(({ name }) => name));
  for (const name of interceptor.reach.filter((node) => unready.has(node)))
    found.push(finding('PS737', `Node/${name}`, `node ${name} is not ready, and may have the rule of ${interceptor.subject}`));
  return found;
}

function ownedBy(daemon: DaemonFacts, owner: OwnerFact): Finding {
  const stop =
    daemon.kind === 'Deployment' ? 'set its replicas to 0' : 'give it the node selector "podshift/retired-by: source", which no node has';
  return finding(
    'PS735',
    daemon.subject,
    `${nameOfOwner(owner)} owns ${daemon.subject}, and would start it again`,
    `At its source, ${sourceOf(owner)}: ${stop}, and let it be applied. Then retire it with podshift, which removes the rule, and delete it at its source at last.`,
  );
}

function ruleObstacles({ subject, settings: { interception }, podSecurity, namespace }: Interceptor): Finding[] {
  const found: Finding[] = [];
  if (!interception.iptables)
    found.push(
      finding('PS734', subject, `${subject} adds no iptables rule (--iptables is off), so the rule on the nodes is somebody else's`),
    );
  else if (interception.hostAddress === null)
    found.push(finding('PS734', subject, `the address that the rule of ${subject} sends calls to cannot be read`));
  else if (!interceptsPods(interception.hostInterface))
    found.push(finding('PS734', subject, `the rule of ${subject} is for the interface ${interception.hostInterface}, which is no pod's`));
  if (podSecurity === 'baseline' || podSecurity === 'restricted')
    found.push(finding('PS736', subject, `namespace ${namespace} enforces the Pod Security level ${podSecurity}`));
  return found;
}

/** What is worth knowing once the daemon is gone. */
export function consequences(parts: DaemonParts, principals: readonly string[]): Finding[] {
  const [interceptor] = parts.interceptors as [Interceptor];
  const closed = interceptor.settings.part === 'kiam-agent' ? `, most of which ${interceptor.subject} keeps from them today` : '';
  return [
    finding(
      'PS738',
      interceptor.subject,
      `pods that are not on the host network will reach the instance metadata of ${interceptor.reach.length} nodes themselves${closed}`,
    ),
    ...parts.all.map((daemon) => finding('PS739', daemon.subject, `${daemon.subject} stays in the cluster and runs nowhere`)),
    ...parts.metadata.assumeGrants.filter(({ roleArn }) => principals.includes(roleArn) || parts.mechanism === 'kiam').map(grantFinding),
  ];
}

function grantFinding({ roleArn, policy, sid, resources }: AssumeGrantFact): Finding {
  const statement = `${sid === '' ? 'a statement' : `the statement ${sid}`} of ${policy === '' ? 'an inline policy' : policy}`;
  return finding(
    'PS740',
    `Role/${roleArn}`,
    `${roleArn} may take the roles ${resources.join(', ')} by ${statement}`,
    `Once nothing else that runs as ${roleArn} takes a role, take sts:AssumeRole on ${resources.join(', ')} out of ${statement}.`,
  );
}
