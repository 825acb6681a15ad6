import type { IndirectUserFact } from '../../model/inventory.ts';
import { consumersOf, isHolding, needsAnnotation } from '../consumers.ts';
import { admitsToken } from '../token-roles.ts';
import type { UnitFacts } from '../unit-facts.ts';
import { annotatedRole, idOf, type World } from '../world.ts';
import { type Answers, row, type Table, type Told } from './check.ts';
import { ofAccount, ofWorkload, type UnitCheck, type UnitTable, type WorkloadCheck } from './unit-rows.ts';

const exchangesToken: UnitCheck = (unit) =>
  consumersOf(unit)
    .filter(({ needs }) => needs === 'token')
    .map(({ subject }) => `${subject} exchanges tokens of ${unit.id} by web identity itself`);

const usedBySecretsDriver: WorkloadCheck = ({ workload, subject }) =>
  workload.secretProviderClasses.map((name) => `${subject} mounts SecretProviderClass ${name}, which takes the role by IRSA`);

const namesWebIdentity: UnitCheck = (unit) =>
  consumersOf(unit)
    .filter(({ webIdentity }) => webIdentity !== undefined)
    .map(({ subject, webIdentity }) => `${subject} names ${unit.id}, and the web-identity provider in ${webIdentity}`);

const readsAnnotation: UnitCheck = (unit) =>
  consumersOf(unit)
    .filter(({ needs }) => needs === 'annotation')
    .map(({ subject, at }) => `${subject} reads the role from the annotation of ${unit.id}${byField(at)}, so the annotation stays`);

const namedForPods: UnitCheck = (unit) =>
  consumersOf(unit)
    .filter((consumer) => (consumer.needs === 'pods' || consumer.needs === 'nothing') && !isHolding(consumer))
    .map(({ subject, at, needs }) =>
      needs === 'pods'
        ? `${subject} starts pods as ${unit.id}${byField(at)}; they get Pod Identity once it is associated`
        : `${subject} names ${unit.id}${byField(at)}`,
    );

const namedByUnknown: UnitCheck = (unit) =>
  consumersOf(unit)
    .filter((consumer) => consumer.needs === 'unknown' && !isHolding(consumer))
    .map(({ subject, at }) => `${subject} names ${unit.id}${byField(at)}, of a kind that podshift does not know; the annotation stays`);

/** What a token is exchanged for beside the annotated role: it goes away when Pod Identity takes the place of IRSA. */
const admittedByOtherRole: UnitCheck = (unit) =>
  otherRolesOf(unit)
    .filter(({ arn }) => !isSeen(unit, arn))
    .map(({ arn, answer }) => {
      const admits = answer === 'yes' ? 'admits' : 'names';
      return `the trust policy of ${arn} ${admits} ${unit.id} by OIDC beside its own role; the token for that goes away with Pod Identity`;
    });

const usesOtherRole: UnitCheck = (unit) =>
  (unit.world.inventory.platform?.tokenUses ?? [])
    .filter(({ namespace, serviceAccount, roleArn }) => `${namespace}/${serviceAccount}` === unit.id && roleArn !== unit.roleArn)
    .filter(() => isByAnnotation(unit))
    .map(({ roleArn }) => `${unit.id} exchanged its token for ${roleArn} within the last hours, and its own role is ${unit.roleArn}`);

/** EKS takes the annotation off with the role of the add-on. */
const annotationOfAddon: UnitCheck = (unit) =>
  consumersOf(unit)
    .filter(needsAnnotation)
    .map(({ subject }) => `${subject} needs the annotation of ${unit.id}, which EKS would take off with the add-on's role`);

/** Who uses the role without running as the service account (PS5xx): of every mechanism. */
export const INDIRECT_USERS: UnitTable = [ofAccount('PS505', exchangesToken), ofWorkload('PS506', usedBySecretsDriver)];

/** Custom resources and other roles that depend on the service account (PS5xx): of every mechanism. */
export const CONSUMERS: UnitTable = [
  ofAccount('PS510', namesWebIdentity),
  ofAccount('PS512', namedForPods),
  ofAccount('PS514', admittedByOtherRole, 'unless-associated'),
  ofAccount('PS515', usesOtherRole, 'unless-associated'),
];

/** The same of units of IRSA, whose annotation podshift would take off. */
export const CONSUMERS_OF_IRSA: UnitTable = [
  ofAccount('PS510', namesWebIdentity),
  ofAccount('PS511', readsAnnotation, 'if-migrated'),
  ofAccount('PS512', namedForPods),
  ofAccount('PS513', namedByUnknown, 'if-migrated'),
  ofAccount('PS514', admittedByOtherRole, 'unless-associated'),
  ofAccount('PS515', usesOtherRole, 'unless-associated'),
];

/** The same of units of add-ons. */
export const CONSUMERS_OF_ADDON: UnitTable = [...CONSUMERS, ofAccount('PS516', annotationOfAddon, 'unless-associated')];

const namesNobody = ({ inventory: { customResources } }: World): Answers<Told> =>
  customResources?.webIdentity.map(({ subject, at }) => ({
    subject,
    message: `${subject} names the web-identity provider in ${at}, and no service account`,
  }));

const unreadKinds = ({ inventory: { cluster, customResources } }: World): Answers<Told> => {
  const unread = customResources?.unread ?? [];
  if (unread.length === 0) return undefined;
  const message = `custom resources of ${unread.join(', ')} could not be listed, so podshift does not know whom they name`;
  return { subject: `Cluster/${cluster.name}`, message };
};

/** Roles that many may use by their tokens are told once, with whom of the units they admit. */
const admitsByPattern = (world: World): Answers<Told> =>
  world.tokenRoles?.byPattern.flatMap((role) => {
    const admitted = world.inventory.serviceAccounts.filter((facts) => {
      const annotated = annotatedRole(facts.annotations, world);
      if (annotated === undefined || annotated === role.arn || world.tokenRoles === undefined) return false;
      const subject = `system:serviceaccount:${idOf(facts).replace('/', ':')}`;
      const audience = facts.annotations[`${world.inventory.annotationPrefix}/audience`] ?? 'sts.amazonaws.com';
      return !role.trustPolicy.includes(`"${subject}"`) && admitsToken(role, subject, audience, world.tokenRoles) === 'yes';
    });
    const [first] = admitted;
    if (first === undefined) return [];
    const whom = admitted.length === 1 ? idOf(first) : `${admitted.length} service accounts with another role, such as ${idOf(first)}`;
    return [{ subject: `Role/${role.arn}`, message: `the trust policy of ${role.arn} admits ${whom} by a pattern` }];
  });

/** What custom resources and trust policies say that belongs to no unit. */
export const CONSUMERS_OF_CLUSTER: Table<World> = [row('PS517', namesNobody), row('PS518', unreadKinds), row('PS519', admitsByPattern)];

function byField(at: IndirectUserFact['at']): string {
  return at === undefined ? '' : ` (${at})`;
}

function isByAnnotation({ facts, world }: UnitFacts): boolean {
  return annotatedRole(facts.annotations, world) !== undefined;
}

function isSeen({ id, world }: UnitFacts, arn: string): boolean {
  const uses = world.inventory.platform?.tokenUses ?? [];
  return uses.some(({ namespace, serviceAccount, roleArn }) => `${namespace}/${serviceAccount}` === id && roleArn === arn);
}

/** The roles beside its own whose trust policies name a unit's service account, and do or may admit it. */
function otherRolesOf(unit: UnitFacts): readonly { readonly arn: string; readonly answer: string }[] {
  const { facts, roleArn, world } = unit;
  const { tokenRoles } = world;
  // Where the own role is not there, nothing works that could be taken away.
  if (tokenRoles === undefined || !isByAnnotation(unit) || unit.reference.kind !== 'found') return [];
  const subject = `system:serviceaccount:${facts.namespace}:${facts.name}`;
  const audience = facts.annotations[`${world.inventory.annotationPrefix}/audience`] ?? 'sts.amazonaws.com';
  return (tokenRoles.bySubject.get(subject) ?? [])
    .filter(({ arn }) => arn !== roleArn)
    .map((role) => ({ arn: role.arn, answer: admitsToken(role, subject, audience, tokenRoles) }))
    .filter(({ answer }) => answer !== 'no');
}
