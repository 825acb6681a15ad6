import { type Finding, finding } from '../model/findings.ts';
import type { AssociationFacts, Inventory, LegacyFact } from '../model/inventory.ts';
import { admitsPodIdentity, parseTrustPolicy } from '../trust/index.ts';
import { compareText } from './waves.ts';

/** What podshift itself did between two scans; units are `NAMESPACE/SERVICEACCOUNT`, pod templates `Kind/namespace/name`. */
export interface OwnWork {
  /** Units that it migrated. */
  readonly migrated: ReadonlySet<string>;
  /** Of these, units and templates whose annotations it took off. */
  readonly cleaned: ReadonlySet<string>;
  /** Units and templates that it took back, or is at work on: however they stand, it is its own doing. */
  readonly moved: ReadonlySet<string>;
}

/**
 * What changed in a cluster between two scans of the same scope, as far as it concerns how pods get their roles; warnings
 * first. What podshift did itself is no finding, but what does not stay as podshift left it is one. Pure.
 */
export function drift(before: Inventory, after: Inventory, own: OwnWork): Finding[] {
  const [old, now] = [accountsOf(before), accountsOf(after)];
  const ids = [...new Set([...old.keys(), ...now.keys(), ...own.migrated])].filter((id) => !own.moved.has(id));
  const accounts = ids.flatMap((id) => {
    const [was, is] = [asLeft(id, old.get(id) ?? NOTHING, own), now.get(id) ?? NOTHING];
    return [...associationDrift(id, was, is), ...annotationDrift(id, was, is)];
  });
  const all = [...accounts, ...usersDrift(before, after, own), ...daemonDrift(before, after), ...agentDrift(before, after)];
  return [...all, ...trustDrift(before, after)].sort(
    (a, b) =>
      Number(b.severity === 'warning') - Number(a.severity === 'warning') ||
      compareText(a.code, b.code) ||
      compareText(a.subject, b.subject) ||
      compareText(a.message, b.message),
  );
}

/** How a service account gets its role. */
interface Account {
  /** As the annotation names it. */
  readonly role: string | null;
  /** The id of its association, or that podshift made one since. */
  readonly associationId: string | null;
  /** Its facts, where the inventory has them. */
  readonly association: AssociationFacts | undefined;
}

const NOTHING: Account = { role: null, associationId: null, association: undefined };

/** The association that a migration leaves behind; what it is called is not known here. */
const MADE_BY_PODSHIFT = 'that podshift made';

/** A service account as podshift left it: that of a unit which it migrated since has an association, and maybe no annotation. */
function asLeft(id: string, was: Account, { migrated, cleaned }: OwnWork): Account {
  if (!migrated.has(id)) return was;
  return { role: cleaned.has(id) ? null : was.role, associationId: MADE_BY_PODSHIFT, association: undefined };
}

function accountsOf({ annotationPrefix, serviceAccounts, associations, associated = associations }: Inventory): Map<string, Account> {
  const facts = new Map(associations.map((one) => [one.associationId, one]));
  const accounts = new Map<string, Account>(
    associated.map(({ associationId, namespace, serviceAccount }) => [
      `${namespace}/${serviceAccount}`,
      { ...NOTHING, associationId, association: facts.get(associationId) },
    ]),
  );
  for (const { namespace, name, annotations } of serviceAccounts) {
    const id = `${namespace}/${name}`;
    accounts.set(id, { ...(accounts.get(id) ?? NOTHING), role: annotations[`${annotationPrefix}/role-arn`] ?? null });
  }
  return accounts;
}

function isOurs({ association }: Account): boolean {
  return (association?.podshiftRun ?? null) !== null;
}

function associationDrift(id: string, was: Account, is: Account): Finding[] {
  const subject = `ServiceAccount/${id}`;
  if (is.associationId === null)
    return was.associationId === null
      ? []
      : [finding('PS804', subject, `${id} has no association any more, where it had ${nameOf(was.associationId)}`)];
  if (was.associationId === MADE_BY_PODSHIFT || (is.associationId !== was.associationId && isOurs(is))) return [];
  if (was.associationId === null) return [finding('PS813', subject, `${id} has the association ${is.associationId}`)];
  const changes = [
    ...(is.associationId === was.associationId ? [] : [`${is.associationId} takes the place of ${was.associationId}`]),
    ...changesOf(was.association, is.association),
  ];
  return changes.length === 0 ? [] : [finding('PS805', subject, `the association of ${id} was changed: ${changes.join(', ')}`)];
}

function nameOf(associationId: string): string {
  return associationId === MADE_BY_PODSHIFT ? `the one ${MADE_BY_PODSHIFT}` : associationId;
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

function annotationDrift(id: string, was: Account, is: Account): Finding[] {
  const subject = `ServiceAccount/${id}`;
  if (was.role === is.role) return [];
  // podshift takes the annotation off behind its own association, EKS that of an add-on which podshift moves.
  if (is.role === null)
    return isOurs(is) || was.associationId === MADE_BY_PODSHIFT
      ? []
      : [finding('PS811', subject, `${id} no longer names the role ${was.role}`)];
  if (was.role !== null) return [finding('PS806', subject, `${id} named the role ${was.role} and names ${is.role}`)];
  return was.associationId === null && is.associationId === null
    ? [finding('PS801', subject, `${id} names the role ${is.role}`)]
    : [finding('PS803', subject, `${id} names the role ${is.role} again`)];
}

/** Kinds whose objects come and go by themselves: one that asks for the role of an earlier one in its namespace is no new user. */
const PASSING: ReadonlySet<string> = new Set(['Pod', 'Job', 'ReplicaSet', 'ReplicationController']);

/** What makes two facts the same user of kube2iam or kiam. */
function userOf({ subject, name }: LegacyFact): string {
  const [kind = '', namespace] = subject.split('/');
  return PASSING.has(kind) ? `${namespace} ${name}` : `${subject} ${name}`;
}

function usersDrift(before: Inventory, after: Inventory, { cleaned, moved }: OwnWork): Finding[] {
  const annotated = ({ legacy }: Inventory): LegacyFact[] =>
    legacy.filter(({ kind, subject }) => kind === 'annotation' && !moved.has(subject));
  const [old, now] = [annotated(before).filter(({ subject }) => !cleaned.has(subject)), annotated(after)];
  const [oldUsers, users] = [new Set(old.map(userOf)), new Set(now.map(userOf))];
  return [
    ...now
      .filter((fact) => !oldUsers.has(userOf(fact)))
      .map(({ subject, name }) => finding('PS802', subject, `${subject} asks for the role ${name}`)),
    ...old
      .filter((fact) => !users.has(userOf(fact)))
      .map(({ subject, name }) => finding('PS812', subject, `${subject} no longer asks for the role ${name}`)),
  ];
}

function daemonDrift(before: Inventory, after: Inventory): Finding[] {
  const daemons = ({ legacy }: Inventory): Map<string, string> =>
    new Map(legacy.filter(({ kind }) => kind === 'daemon').map(({ subject, name }) => [subject, name]));
  const [old, now] = [daemons(before), daemons(after)];
  // A daemon that nobody asks any more is retired, not lost.
  const asked = after.legacy.some(({ kind }) => kind === 'annotation');
  return [
    ...[...now].filter(([subject]) => !old.has(subject)).map(([subject, name]) => finding('PS809', subject, `${subject} runs ${name}`)),
    ...[...old]
      .filter(([subject]) => asked && !now.has(subject))
      .map(([subject, name]) => finding('PS810', subject, `${subject} no longer runs ${name}, and pods still ask it for roles`)),
  ];
}

function agentDrift(before: Inventory, after: Inventory): Finding[] {
  const isThere = ({ agent }: Inventory): boolean => agent.addon !== null || agent.daemonSet !== null;
  const isNeeded = (after.associated ?? after.associations).length > 0;
  return isThere(before) && !isThere(after) && isNeeded
    ? [finding('PS808', 'Addon/eks-pod-identity-agent', 'neither the add-on nor a DaemonSet of the agent is there any more')]
    : [];
}

/** Roles that admitted a service account by its association, and do not any more. */
function trustDrift(before: Inventory, after: Inventory): Finding[] {
  return after.associations.flatMap((association) => {
    const { roleArn, namespace, serviceAccount } = association;
    if (!admits(before, association) || admits(after, association)) return [];
    const exists = after.roles.some(({ arn }) => arn === roleArn);
    const what = exists ? `no longer admits ${namespace}/${serviceAccount}` : `of ${namespace}/${serviceAccount} is gone`;
    return [finding('PS807', `Role/${roleArn}`, `the role ${roleArn} ${what}`)];
  });
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
