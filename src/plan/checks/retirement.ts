import type { FindingCode } from '../../model/findings.ts';
import type { WorkloadFacts } from '../../model/inventory.ts';
import type { DaemonFacts, Interception, Kube2iamSettings, MetadataInventory } from '../../model/metadata.ts';
import type { RetiredMechanism } from '../../model/retirement.ts';
import { KIAM } from '../metadata/roles.ts';
import { interceptsPods } from '../metadata/system.ts';
import { nameOfOwner, reconcilingOwner, sourceOf } from '../owners.ts';
import { annotatedRole, type World, workloadSubject } from '../world.ts';
import { type Answers, type Row, row, type Table, type Told } from './check.ts';

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

/** What a retirement is decided by. */
export interface RetirementFacts {
  readonly world: World;
  readonly mechanism: RetiredMechanism;
  /** Undefined where the cluster has neither kube2iam nor kiam. */
  readonly parts: DaemonParts | undefined;
  /** Workloads that migrate ahead of the retirement, `Kind/namespace/name`. */
  readonly leaving: ReadonlySet<string>;
}

type RetirementCheck = (facts: RetirementFacts) => Answers<Told>;

/** Looks at the parts of a daemon that is there. */
type PartsCheck = (parts: DaemonParts, facts: RetirementFacts) => Answers<Told>;

/** Looks at the daemon that has the rule. */
type InterceptorCheck = (interceptor: Interceptor, facts: RetirementFacts, parts: DaemonParts) => Answers<Told>;

/** Looks at one DaemonSet or Deployment of a daemon that has a rule. */
type DaemonCheck = (daemon: DaemonFacts) => Omit<Told, 'subject' | 'place'> | undefined;

const severalDaemons: InterceptorCheck = (interceptor, _, { mechanism, metadata, interceptors: [, second] }) => {
  const rival = second ?? metadata.daemons.find((daemon) => daemon.mechanism !== mechanism && 'interception' in daemon.settings);
  if (rival === undefined) return undefined;
  return { subject: rival.subject, message: `${interceptor.subject} and ${rival.subject} answer for the same pods` };
};

const unreadSettings: DaemonCheck = ({ subject, unread }) =>
  unread.length > 0 ? { message: `${subject} takes ${unread.join(', ')} from where podshift does not read` } : undefined;

/** Workloads of every kind that ask by template or by a live pod, suspended ones and those scaled to zero too, whether they get it or not. */
const stillAsking: PartsCheck = (parts, { world, leaving }) => {
  const keys = roleKeys(parts);
  return world.inventory.workloads.flatMap((workload) => {
    const seen = workload.metadata;
    if (seen === undefined || workload.idle === 'finished' || leaving.has(workloadSubject(workload))) return [];
    const sets = [seen.template, ...seen.live];
    const role = sets.flatMap((annotations) => keys.map((key) => annotations?.[key] ?? '')).find((value) => value !== '');
    return role === undefined ? [] : stillDepends(workload, seen.exposed, `${parts.mechanism} for the role ${role}`, world);
  });
};

/** A template whose service account does not exist is in no inventory of workloads. */
const askingWithoutAccount: PartsCheck = ({ mechanism }, { world: { inventory } }) => {
  const known = new Set(inventory.workloads.map(workloadSubject));
  return inventory.legacy
    .filter(({ kind, subject }) => kind === 'annotation' && !subject.startsWith('Pod/') && !known.has(subject))
    .map(({ subject, name }) => ({ subject, message: `${subject} asks ${mechanism} for the role ${name}` }));
};

const onDefaultRole: PartsCheck = ({ mechanism, metadata, all }, { leaving }) =>
  mechanism === 'kiam'
    ? undefined
    : metadata.defaultRoleUsers
        .filter((subject) => !leaving.has(subject))
        .map((subject) => ({
          subject,
          message: `the pods of ${subject} ask for no role, and kube2iam gives them ${nameOfDefaultRole(all)}`,
        }));

const missing: RetirementCheck = ({ world: { inventory }, mechanism, parts }) => {
  if (parts !== undefined && parts.interceptors.length > 0) return undefined;
  const what = mechanism === 'kiam' ? "kiam's agent" : 'kube2iam';
  return { subject: `Cluster/${inventory.cluster.name}`, message: `there is no DaemonSet of ${what} in the cluster` };
};

const unknownRule: InterceptorCheck = ({ subject, settings: { interception } }) => {
  if (!interception.iptables)
    return { subject, message: `${subject} adds no iptables rule (--iptables is off), so the rule on the nodes is somebody else's` };
  if (interception.hostAddress === null)
    return { subject, message: `the address that the rule of ${subject} sends calls to cannot be read` };
  return interceptsPods(interception.hostInterface)
    ? undefined
    : { subject, message: `the rule of ${subject} is for the interface ${interception.hostInterface}, which is no pod's` };
};

const ownedDaemon: DaemonCheck = ({ kind, subject, owners, stopped }) => {
  const owner = reconcilingOwner(owners);
  if (owner === undefined || stopped) return undefined;
  const stop =
    kind === 'Deployment' ? 'set its replicas to 0' : 'give it the node selector "podshift/retired-by: source", which no node has';
  return {
    message: `${nameOfOwner(owner)} owns ${subject}, and would start it again`,
    remedy: `At its source, ${sourceOf(owner)}: ${stop}, and let it be applied. Then retire it with podshift, which removes the rule, and delete it at its source at last.`,
  };
};

const privilegedPodsRefused: InterceptorCheck = ({ subject, podSecurity, namespace }) =>
  podSecurity === 'baseline' || podSecurity === 'restricted'
    ? { subject, message: `namespace ${namespace} enforces the Pod Security level ${podSecurity}` }
    : undefined;

const unreadyNodes: InterceptorCheck = ({ subject, reach }, { world: { inventory } }) => {
  const unready = new Set(inventory.nodes.filter(({ ready }) => !ready).map(({ name }) => name));
  return reach
    .filter((name) => unready.has(name))
    .map((name) => ({ subject: `Node/${name}`, message: `node ${name} is not ready, and may have the rule of ${subject}` }));
};

/** Why a daemon is not retired: what is in podshift's own way, and who still gets a role from it, or may. */
export const OBSTACLES: Table<RetirementFacts> = [
  ofInterceptor('PS703', severalDaemons),
  ofDaemon('PS704', unreadSettings),
  ofParts('PS731', stillAsking),
  ofParts('PS731', askingWithoutAccount),
  ofParts('PS732', onDefaultRole),
  row('PS733', missing),
  ofInterceptor('PS734', unknownRule),
  ofDaemon('PS735', ownedDaemon),
  ofInterceptor('PS736', privilegedPodsRefused),
  ofInterceptor('PS737', unreadyNodes),
];

/** What is known of a daemon that is retired, and of the roles of its pods. */
export interface Retirement {
  readonly parts: DaemonParts;
  readonly interceptor: Interceptor;
  /** Who asks STS for the pods' roles. */
  readonly principals: readonly string[];
  /** Roles whose trust policies keep these principals, and why. */
  readonly kept: readonly { readonly roleArn: string; readonly problem: string }[];
}

type ConsequenceCheck = (retirement: Retirement) => Answers<Told>;

const metadataInReach: ConsequenceCheck = ({ interceptor: { subject, reach, settings } }) => {
  const closed = settings.part === 'kiam-agent' ? `, most of which ${subject} keeps from them today` : '';
  const message = `pods that are not on the host network will reach the instance metadata of ${reach.length} nodes themselves${closed}`;
  return { subject, message };
};

const objectStays: ConsequenceCheck = ({ parts }) =>
  parts.all.map(({ subject }) => ({ subject, message: `${subject} stays in the cluster and runs nowhere` }));

const grantStays: ConsequenceCheck = ({ parts: { mechanism, metadata }, principals }) =>
  metadata.assumeGrants
    .filter(({ roleArn }) => principals.includes(roleArn) || mechanism === 'kiam')
    .map(({ roleArn, policy, sid, resources }) => {
      const statement = `${sid === '' ? 'a statement' : `the statement ${sid}`} of ${policy === '' ? 'an inline policy' : policy}`;
      return {
        subject: `Role/${roleArn}`,
        message: `${roleArn} may take the roles ${resources.join(', ')} by ${statement}`,
        remedy: `Once nothing else that runs as ${roleArn} takes a role, take sts:AssumeRole on ${resources.join(', ')} out of ${statement}.`,
      };
    });

const principalStays: ConsequenceCheck = ({ kept }) =>
  kept.map(({ roleArn, problem }) => ({ subject: `Role/${roleArn}`, message: `the trust policy of ${roleArn} stays: ${problem}` }));

/** What is worth knowing once the daemon is gone. */
export const CONSEQUENCES: Table<Retirement> = [
  row('PS738', metadataInReach),
  row('PS739', objectStays),
  row('PS740', grantStays),
  row('PS741', principalStays),
];

function ofParts(code: FindingCode, check: PartsCheck): Row<RetirementFacts> {
  return row(code, (facts) => (facts.parts === undefined ? undefined : check(facts.parts, facts)));
}

function ofInterceptor(code: FindingCode, check: InterceptorCheck): Row<RetirementFacts> {
  return ofParts(code, (parts, facts) => {
    const [interceptor] = parts.interceptors;
    return interceptor === undefined ? undefined : check(interceptor, facts, parts);
  });
}

function ofDaemon(code: FindingCode, check: DaemonCheck): Row<RetirementFacts> {
  return ofParts(code, ({ all, interceptors }) =>
    (interceptors.length === 0 ? [] : all).flatMap((daemon, index) => {
      const said = check(daemon);
      return said === undefined ? [] : [{ subject: daemon.subject, ...said, place: [index, 0] as const }];
    }),
  );
}

/** `asked` is whom the workload asks, and for which role. */
function stillDepends(workload: WorkloadFacts, exposed: number, asked: string, world: World): Told[] {
  const subject = workloadSubject(workload);
  const id = `${workload.namespace}/${workload.serviceAccount}`;
  if (!hasOwnRole(id, world)) return [{ subject, message: `${subject} asks ${asked}` }];
  if (exposed === 0) return [];
  const message = `${exposed} of the pods of ${subject} asked ${asked} before ${id} had one of its own`;
  return [{ subject, message, remedy: `Restart ${subject}, or wait until these pods have ended. Then retire the daemon.` }];
}

/** Whether new pods of a service account get a role ahead of instance metadata: by Pod Identity or by IRSA. */
function hasOwnRole(id: string, world: World): boolean {
  const facts = world.inventory.serviceAccounts.find(({ namespace, name }) => `${namespace}/${name}` === id);
  return world.associationOf.has(id) || (facts !== undefined && annotatedRole(facts.annotations, world) !== undefined);
}

function nameOfDefaultRole(daemons: readonly DaemonFacts[]): string {
  const role = kube2iamSettings(daemons)
    .map(({ defaultRole }) => defaultRole)
    .find((name) => name !== '');
  return role === undefined ? "the nodes' own role" : `its default role ${role}`;
}

/** Annotations by which pods ask this daemon for a role. */
function roleKeys({ mechanism, all }: DaemonParts): string[] {
  return mechanism === 'kiam' ? [KIAM.role] : kube2iamSettings(all).map(({ roleKey }) => roleKey);
}

/** The settings of those of the daemons that are kube2iam. */
function kube2iamSettings(daemons: readonly DaemonFacts[]): Kube2iamSettings[] {
  return daemons.map(({ settings }) => settings).filter((settings): settings is Kube2iamSettings => settings.part === 'kube2iam');
}
