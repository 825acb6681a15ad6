import type { AssociationFacts } from '../../model/inventory.ts';
import { type Answer, admitsRole, parseTrustPolicy } from '../../trust/index.ts';
import { roleOf } from '../role-access.ts';
import { isAssociated, isHalfWay, lacksSessionTags, type UnitFacts } from '../unit-facts.ts';
import { workloadSubject } from '../world.ts';
import { ofAccount, ofRole, type UnitCheck, type UnitTable } from './unit-rows.ts';

/** Characters of session tags from which little is left for what an application adds to its own sessions. */
const LONG_TAGS = 400;

const malformedRole: UnitCheck = ({ id, roleArn, reference }) =>
  reference.kind === 'malformed' ? `the annotation of ${id} is no ARN of an IAM role: ${JSON.stringify(roleArn)}` : undefined;

const roleOfOtherPartition: UnitCheck = ({ id, reference, world: { inventory } }) =>
  reference.kind === 'other-partition'
    ? `${id} names a role of partition ${reference.partition}; the cluster is in ${inventory.cluster.partition}`
    : undefined;

const roleOfOtherAccount: UnitCheck = (unit) =>
  unit.reference.kind === 'other-account'
    ? {
        message: `${unit.id} names a role of account ${unit.reference.accountId}; the cluster is in ${unit.world.inventory.cluster.accountId}`,
        remedy: targetRoleSteps(unit),
      }
    : undefined;

const missingRole: UnitCheck = ({ id, roleArn, reference }) =>
  reference.kind === 'missing' ? `${id} names the role ${roleArn}, which does not exist` : undefined;

const serviceLinkedRole: UnitCheck = ({ roleArn, reference }) =>
  reference.kind === 'service-linked' ? `${roleArn} is a service-linked role` : undefined;

const clusterWithoutIssuer: UnitCheck = ({ id, access }) =>
  access.kind === 'no-issuer' ? `the cluster has no OIDC issuer, so the annotation of ${id} has no effect` : undefined;

const issuerNotRegistered: UnitCheck = ({ id, access }) =>
  access.kind === 'no-provider' ? `${access.providerArn} is not registered, so the annotation of ${id} has no effect` : undefined;

const defaultServiceAccount: UnitCheck = ({ id, facts }) =>
  facts.name === 'default' ? `${id} is the default service account of its namespace: every pod that names none uses it` : undefined;

const associatedWithOtherRole: UnitCheck = ({ id, roleArn, association, associationState }) =>
  associationState === 'other-role'
    ? `${nameOf(association)} gives ${id} the role ${association?.roleArn}, the annotation names ${roleArn}`
    : undefined;

const associatedWithTargetRole: UnitCheck = ({ id, association, associationState }) =>
  associationState === 'target-role' ? `${nameOf(association)} gives ${id} the credentials of ${association?.targetRoleArn}` : undefined;

const associatedWithoutSessionTags: UnitCheck = (unit) =>
  lacksSessionTags(unit) && !unit.world.options.allowClusterScope
    ? `${nameOf(unit.association)} of ${unit.id} passes no session tags, and the trust policy of ${unit.roleArn} admits nothing without them`
    : undefined;

const associatedAlready: UnitCheck = (unit) =>
  isAssociated(unit) ? `${unit.id} is associated with ${unit.roleArn} already, and the trust policy admits it` : undefined;

const leftHalfWay: UnitCheck = (unit) => {
  if (!isHalfWay(unit)) return undefined;
  const old = unit.workloads.map(({ workload }) => workload).filter(({ oldPods = 0 }) => oldPods > 0);
  const pods = old.reduce((sum, { oldPods = 0 }) => sum + oldPods, 0);
  return `${unit.id} is associated with ${unit.roleArn}, and ${pods} pods of ${old.map(workloadSubject).join(', ')} still use the old mechanism`;
};

const associationWithoutEffect: UnitCheck = ({ id, roleArn, access }) =>
  access.kind === 'no-annotation'
    ? `${id} has an association but no annotation, and the trust policy of ${roleArn} does not admit it`
    : undefined;

/** The session tags go on to every role that the application assumes with its session: what cannot be read from here is told. */
const assumesUnreadRoles: UnitCheck = (unit) => {
  const chained = tagsTaken(unit);
  const all = new Set([...(roleOf(unit.reference)?.policies?.assumes ?? []), ...chained.keys()]);
  const unread = [...all].filter((arn) => (chained.get(arn) ?? 'undecidable') === 'undecidable');
  return unread.length > 0 ? `the permissions of ${unit.roleArn} allow sts:AssumeRole on ${unread.join(', ')}` : undefined;
};

const dependsOnSessionName: UnitCheck = ({ roleArn, reference }) => {
  const policies = roleOf(reference)?.policies;
  const depends = [...(policies?.sessionKeys ?? []), ...(policies?.usesKafka === true ? ['kafka-cluster actions'] : [])];
  return depends.length > 0 ? `the permissions of ${roleArn} use ${depends.join(' and ')}` : undefined;
};

const longSessionTags: UnitCheck = ({ id, roleArn, reference, world: { inventory } }) => {
  if ((roleOf(reference)?.policies?.assumes ?? []).length === 0) return undefined;
  const { cluster } = inventory;
  // The six tags' values: cluster ARN and name, namespace, service account, and a pod's name and uid.
  const size = cluster.arn.length + cluster.name.length + id.length + 63 + 36;
  return size > LONG_TAGS ? `the session tags of ${id} have about ${size} characters, and ${roleArn} assumes other roles` : undefined;
};

const assumesRoleWithoutTags: UnitCheck = (unit) =>
  [...tagsTaken(unit)]
    .filter(([, takes]) => takes === 'no')
    .map(([arn]) => `${unit.roleArn} assumes ${arn}, whose trust policy does not let it pass session tags`);

/** The service account and its role (PS1xx). */
export const ROLE: UnitTable = [
  ofAccount('PS101', malformedRole),
  ofAccount('PS102', roleOfOtherPartition),
  ofAccount('PS103', roleOfOtherAccount),
  ofAccount('PS104', missingRole),
  ofRole('PS105', serviceLinkedRole),
  ofAccount('PS106', clusterWithoutIssuer),
  ofAccount('PS107', issuerNotRegistered),
  ofAccount('PS108', defaultServiceAccount),
  ofAccount('PS109', associatedWithOtherRole),
  ofAccount('PS110', associatedWithTargetRole),
  ofAccount('PS111', associatedWithoutSessionTags),
  ofAccount('PS112', associatedAlready),
  ofAccount('PS113', associationWithoutEffect),
  ofRole('PS114', assumesUnreadRoles, 'unless-associated'),
  ofRole('PS115', dependsOnSessionName, 'unless-associated'),
  ofRole('PS116', longSessionTags, 'unless-associated'),
  ofRole('PS117', assumesRoleWithoutTags, 'unless-associated'),
  ofAccount('PS118', leftHalfWay),
];

function nameOf(association: AssociationFacts | undefined): string {
  return `association ${association?.associationId}`;
}

/** Whether each role that the unit's role may assume lets it pass session tags; only those whose trust policies are known. */
function tagsTaken({ roleArn, reference }: UnitFacts): ReadonlyMap<string, Answer> {
  const role = roleOf(reference);
  return new Map((role?.chained ?? []).map(({ arn, trustPolicy }) => [arn, takesTags(trustPolicy, roleArn)]));
}

/** Whether a role that admits this one lets it pass tags; `yes` for one that does not admit it at all, as nothing works there today. */
function takesTags(trustPolicy: string, principalArn: string): Answer {
  const parsed = parseTrustPolicy(trustPolicy);
  if (!parsed.ok) return 'undecidable';
  const admits = admitsRole(parsed.policy, { principalArn });
  if (admits !== 'yes') return admits === 'no' ? 'yes' : 'undecidable';
  return admitsRole(parsed.policy, { principalArn, tagged: true });
}

/** How a role of another account is reached: the steps that podshift does not carry out. */
function targetRoleSteps({ roleArn, facts: { namespace, name }, world }: UnitFacts): string {
  const { cluster } = world.inventory;
  const source = `arn:${cluster.partition}:iam::${cluster.accountId}:role/${roleArn.split('/').at(-1)}-source`;
  return [
    `Create the role ${source} in the cluster's account, which trusts pods.eks.amazonaws.com for sts:AssumeRole and sts:TagSession, and allow it both actions on ${roleArn}`,
    `let ${roleArn} trust ${source} for both actions`,
    `then run: aws eks create-pod-identity-association --cluster-name ${cluster.name} --namespace ${namespace} --service-account ${name} --role-arn ${source} --target-role-arn ${roleArn}`,
  ].join('; ');
}
