import type { FindingCode } from '../../model/findings.ts';
import type { AssociationFacts, Inventory, LegacyFact } from '../../model/inventory.ts';
import { admitsPodIdentity, parseTrustPolicy } from '../../trust/index.ts';
import { type Answers, type Row, row, type Table, type Told } from './check.ts';

/** What podshift itself did between two scans; units are `NAMESPACE/SERVICEACCOUNT`, pod templates `Kind/namespace/name`. */
export interface OwnWork {
  /** Units that it migrated. */
  readonly migrated: ReadonlySet<string>;
  /** Of these, units and templates whose annotations it took off. */
  readonly cleaned: ReadonlySet<string>;
  /** Units and templates that it rolled back, or is at work on: however they stand, it is its own doing. */
  readonly moved: ReadonlySet<string>;
}

/** Two scans of the same scope. */
export interface Scans {
  readonly before: Inventory;
  readonly after: Inventory;
  readonly own: OwnWork;
  /** Service accounts of either scan, but for those that podshift is at work on. */
  readonly accounts: readonly AccountChange[];
}

/** How a service account got its role, as podshift left it, and how it does now. */
export interface AccountChange {
  readonly id: string;
  readonly was: Account;
  readonly is: Account;
}

/** How a service account gets its role. */
export interface Account {
  /** As the annotation names it. */
  readonly role: string | null;
  /** The id of its association, or that podshift made one since. */
  readonly associationId: string | null;
  /** Its facts, where the inventory has them. */
  readonly association: AssociationFacts | undefined;
}

/** The association that a migration leaves behind; what it is called is not known here. */
export const MADE_BY_PODSHIFT = 'that podshift made';

type DriftCheck = (scans: Scans) => Answers<Told>;

/** Looks at one service account, which its finding is about. */
type AccountCheck = (change: AccountChange) => string | undefined;

const roleByIrsa: AccountCheck = ({ id, was, is }) =>
  was.role === null && is.role !== null && was.associationId === null && is.associationId === null
    ? `${id} names the role ${is.role}`
    : undefined;

const newUsers: DriftCheck = ({ before, after, own }) => {
  const known = new Set(usersBefore(before, own).map(userOf));
  return users(after, own)
    .filter((fact) => !known.has(userOf(fact)))
    .map(({ subject, name }) => ({ subject, message: `${subject} asks for the role ${name}` }));
};

const annotationBack: AccountCheck = ({ id, was, is }) =>
  was.role === null && is.role !== null && (was.associationId !== null || is.associationId !== null)
    ? `${id} names the role ${is.role} again`
    : undefined;

const associationGone: AccountCheck = ({ id, was, is }) => {
  if (is.associationId !== null || was.associationId === null) return undefined;
  const name = was.associationId === MADE_BY_PODSHIFT ? `the one ${MADE_BY_PODSHIFT}` : was.associationId;
  return `${id} has no association any more, where it had ${name}`;
};

const associationChanged: AccountCheck = ({ id, was, is }) => {
  if (was.associationId === null || is.associationId === null || isOwnAssociation(was, is)) return undefined;
  const changes = [
    ...(is.associationId === was.associationId ? [] : [`${is.associationId} takes the place of ${was.associationId}`]),
    ...changesOf(was.association, is.association),
  ];
  return changes.length === 0 ? undefined : `the association of ${id} was changed: ${changes.join(', ')}`;
};

const otherRole: AccountCheck = ({ id, was, is }) =>
  was.role !== null && is.role !== null && was.role !== is.role ? `${id} named the role ${was.role} and names ${is.role}` : undefined;

/** Roles that admitted a service account by its association, and do not any more. */
const admittedNoMore: DriftCheck = ({ before, after }) =>
  after.associations
    .filter((association) => admits(before, association) && !admits(after, association))
    .map(({ roleArn, namespace, serviceAccount }) => {
      const exists = after.roles.some(({ arn }) => arn === roleArn);
      const what = exists ? `no longer admits ${namespace}/${serviceAccount}` : `of ${namespace}/${serviceAccount} is gone`;
      return { subject: `Role/${roleArn}`, message: `the role ${roleArn} ${what}` };
    });

const agentGone: DriftCheck = ({ before, after }) => {
  const isThere = ({ agent }: Inventory): boolean => agent.addon !== null || agent.daemonSet !== null;
  const isNeeded = (after.associated ?? after.associations).length > 0;
  return isThere(before) && !isThere(after) && isNeeded
    ? { subject: 'Addon/eks-pod-identity-agent', message: 'neither the add-on nor a DaemonSet of the agent is there any more' }
    : undefined;
};

const daemonNew: DriftCheck = ({ before, after }) => {
  const old = daemons(before);
  return [...daemons(after)]
    .filter(([subject]) => !old.has(subject))
    .map(([subject, name]) => ({ subject, message: `${subject} runs ${name}` }));
};

/** A daemon that nobody asks any more is retired, not lost. */
const daemonGone: DriftCheck = ({ before, after }) => {
  const now = daemons(after);
  const isAsked = after.legacy.some(({ kind }) => kind === 'annotation');
  return [...daemons(before)]
    .filter(([subject]) => isAsked && !now.has(subject))
    .map(([subject, name]) => ({ subject, message: `${subject} no longer runs ${name}, and pods still ask it for roles` }));
};

/** podshift takes the annotation off behind its own association, EKS that of an add-on which podshift moves. */
const roleByIrsaGone: AccountCheck = ({ id, was, is }) =>
  was.role !== null && is.role === null && !isOurs(is) && was.associationId !== MADE_BY_PODSHIFT
    ? `${id} no longer names the role ${was.role}`
    : undefined;

const usersGone: DriftCheck = ({ before, after, own }) => {
  const now = new Set(users(after, own).map(userOf));
  return usersBefore(before, own)
    .filter((fact) => !now.has(userOf(fact)))
    .map(({ subject, name }) => ({ subject, message: `${subject} no longer asks for the role ${name}` }));
};

const associationNew: AccountCheck = ({ id, was, is }) =>
  was.associationId === null && is.associationId !== null && !isOurs(is) ? `${id} has the association ${is.associationId}` : undefined;

/** What changed between two scans (PS8xx), as far as it concerns how pods get their roles, and podshift did not do it itself. */
export const DRIFT: Table<Scans> = [
  ofAccounts('PS801', roleByIrsa),
  row('PS802', newUsers),
  ofAccounts('PS803', annotationBack),
  ofAccounts('PS804', associationGone),
  ofAccounts('PS805', associationChanged),
  ofAccounts('PS806', otherRole),
  row('PS807', admittedNoMore),
  row('PS808', agentGone),
  row('PS809', daemonNew),
  row('PS810', daemonGone),
  ofAccounts('PS811', roleByIrsaGone),
  row('PS812', usersGone),
  ofAccounts('PS813', associationNew),
];

function ofAccounts(code: FindingCode, check: AccountCheck): Row<Scans> {
  return row(code, ({ accounts }) =>
    accounts.flatMap((change) => {
      const message = check(change);
      return message === undefined ? [] : [{ subject: `ServiceAccount/${change.id}`, message }];
    }),
  );
}

function isOurs({ association }: Account): boolean {
  return (association?.podshiftRun ?? null) !== null;
}

/** Whether an association is podshift's own work: the one that it made since, or one that took another's place. */
function isOwnAssociation(was: Account, is: Account): boolean {
  return was.associationId === MADE_BY_PODSHIFT || (is.associationId !== was.associationId && isOurs(is));
}

/** What two associations say differently; nothing where one of them is not known in full. */
function changesOf(was: AssociationFacts | undefined, is: AssociationFacts | undefined): string[] {
  if (was === undefined || is === undefined) return [];
  const tags = (association: AssociationFacts): string => (association.disableSessionTags ? 'off' : 'on');
  const fields = [
    ['the role', was.roleArn, is.roleArn],
    ['the target role', was.targetRoleArn ?? 'none', is.targetRoleArn ?? 'none'],
    ['session tagging', tags(was), tags(is)],
  ] as const;
  return fields.filter(([, from, to]) => from !== to).map(([name, from, to]) => `${name} was ${from} and is ${to}`);
}

/** Kinds whose objects come and go by themselves: one that asks for the role of an earlier one in its namespace is no new user. */
const PASSING: ReadonlySet<string> = new Set(['Pod', 'Job', 'ReplicaSet', 'ReplicationController']);

/** What makes two facts the same user of kube2iam or kiam. */
function userOf({ subject, name }: LegacyFact): string {
  const [kind = '', namespace] = subject.split('/');
  return PASSING.has(kind) ? `${namespace} ${name}` : `${subject} ${name}`;
}

function users({ legacy }: Inventory, { moved }: OwnWork): LegacyFact[] {
  return legacy.filter(({ kind, subject }) => kind === 'annotation' && !moved.has(subject));
}

/** Users of the earlier scan whose annotations podshift did not take off since. */
function usersBefore(before: Inventory, own: OwnWork): LegacyFact[] {
  return users(before, own).filter(({ subject }) => !own.cleaned.has(subject));
}

function daemons({ legacy }: Inventory): ReadonlyMap<string, string> {
  return new Map(legacy.filter(({ kind }) => kind === 'daemon').map(({ subject, name }) => [subject, name]));
}

function admits({ cluster, roles }: Inventory, { roleArn, namespace, serviceAccount, disableSessionTags }: AssociationFacts): boolean {
  const role = roles.find(({ arn }) => arn === roleArn);
  if (role === undefined) return false;
  const parsed = parseTrustPolicy(role.trustPolicy);
  // Nobody can tell, so nothing is told.
  if (!parsed.ok) return true;
  const { arn: clusterArn, name: clusterName, accountId } = cluster;
  const request = { clusterArn, clusterName, accountId, namespace, serviceAccount, sessionTags: !disableSessionTags };
  return admitsPodIdentity(parsed.policy, request) !== 'no';
}
