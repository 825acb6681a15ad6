import type { FindingCode } from '../model/findings.ts';
import { admitsPodIdentity, admitsWebIdentity, parseTrustPolicy, type TrustPolicy } from '../trust/index.ts';
import { accountSubject, note, type UnitDraft, type World } from './draft.ts';
import { admitsWiderSubjects } from './subjects.ts';

/** An IAM role's ARN, path and all (IAM User Guide, "IAM identifiers"): partition, account, path and name. */
const ROLE_ARN = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/((?:[\x21-\x7e]+\/)?)([\w+=,.@-]{1,64})$/;

/**
 * Whether the annotated role can be moved to: it exists here, its trust policy can be read, what works today works by this
 * very annotation, and an existing association agrees with it. Fills in `role`, `settled` and `sessionTagsOff`.
 */
export function checkRole(unit: UnitDraft, world: World): undefined {
  const { cluster } = world.inventory;
  const subject = accountSubject(unit);
  const parts = ROLE_ARN.exec(unit.roleArn);
  if (unit.facts.name === 'default')
    note(unit, 'PS108', subject, `${unit.id} is the default service account of its namespace: every pod that names none uses it`);
  if (parts === null)
    return note(unit, 'PS101', subject, `the annotation of ${unit.id} is no ARN of an IAM role: ${JSON.stringify(unit.roleArn)}`);
  const [, partition, accountId, path = ''] = parts;
  if (partition !== cluster.partition)
    return note(unit, 'PS102', subject, `${unit.id} names a role of partition ${partition}; the cluster is in ${cluster.partition}`);
  if (accountId !== cluster.accountId)
    return note(unit, 'PS103', subject, `${unit.id} names a role of account ${accountId}; the cluster is in ${cluster.accountId}`);
  if (path.startsWith('aws-service-role/')) return note(unit, 'PS105', `Role/${unit.roleArn}`, `${unit.roleArn} is a service-linked role`);
  unit.role = world.roleOf.get(unit.roleArn);
  if (unit.role === undefined) return note(unit, 'PS104', subject, `${unit.id} names the role ${unit.roleArn}, which does not exist`);
  const parsed = parseTrustPolicy(unit.role.trustPolicy);
  if (!parsed.ok)
    return note(unit, 'PS201', `Role/${unit.roleArn}`, `the trust policy of ${unit.roleArn} cannot be read: ${parsed.problem}`);
  checkAssociation(unit, parsed.policy, world);
  if (!unit.settled) checkToday(unit, parsed.policy, world);
}

/** An association that exists: right as it is, to be completed, or somebody's decision. */
function checkAssociation(unit: UnitDraft, policy: TrustPolicy, world: World): undefined {
  const { association } = unit;
  if (association === undefined) return;
  const subject = accountSubject(unit);
  const name = `association ${association.associationId}`;
  if (association.roleArn !== unit.roleArn)
    return note(unit, 'PS109', subject, `${name} gives ${unit.id} the role ${association.roleArn}, the annotation names ${unit.roleArn}`);
  if (association.targetRoleArn !== null)
    return note(unit, 'PS110', subject, `${name} gives ${unit.id} the credentials of ${association.targetRoleArn}`);
  const { arn, name: clusterName, accountId } = world.inventory.cluster;
  const request = { clusterArn: arn, clusterName, accountId, namespace: unit.facts.namespace, serviceAccount: unit.facts.name };
  const answer = admitsPodIdentity(policy, { ...request, sessionTags: !association.disableSessionTags });
  unit.settled = answer === 'yes';
  if (answer === 'undecidable')
    return note(
      unit,
      'PS203',
      `Role/${unit.roleArn}`,
      `the trust policy of ${unit.roleArn} does not show whether Pod Identity may assume it for ${unit.id}`,
    );
  if (unit.settled || !association.disableSessionTags) return;
  unit.sessionTagsOff = true;
  if (!world.options.allowClusterScope)
    note(
      unit,
      'PS111',
      subject,
      `${name} of ${unit.id} passes no session tags, and the trust policy of ${unit.roleArn} admits nothing without them`,
    );
}

/** What works today, and must not begin to work by the migration where it does not. */
function checkToday(unit: UnitDraft, policy: TrustPolicy, world: World): undefined {
  const { cluster, oidcProviders, annotationPrefix } = world.inventory;
  const subject = accountSubject(unit);
  // An add-on's service account without an annotation is judged with its add-on.
  if (unit.facts.annotations[`${annotationPrefix}/role-arn`] === undefined && unit.facts.addon !== null && unit.association === undefined)
    return;
  if (unit.facts.annotations[`${annotationPrefix}/role-arn`] === undefined)
    return note(
      unit,
      'PS113',
      subject,
      `${unit.id} has an association but no annotation, and the trust policy of ${unit.roleArn} does not admit it`,
    );
  if (cluster.oidcIssuer === null)
    return note(unit, 'PS106', subject, `the cluster has no OIDC issuer, so the annotation of ${unit.id} has no effect`);
  const issuer = cluster.oidcIssuer.replace(/^https:\/\//, '');
  const providerArn = `arn:${cluster.partition}:iam::${cluster.accountId}:oidc-provider/${issuer}`;
  if (oidcProviders !== null && !oidcProviders.includes(providerArn))
    return note(unit, 'PS107', subject, `${providerArn} is not registered, so the annotation of ${unit.id} has no effect`);
  const audience = unit.facts.annotations[`${annotationPrefix}/audience`] ?? 'sts.amazonaws.com';
  const token = `system:serviceaccount:${unit.facts.namespace}:${unit.facts.name}`;
  const answer = admitsWebIdentity(policy, { providerArn, issuer, subject: token, audience });
  const code: Readonly<Record<typeof answer, FindingCode | null>> = { yes: null, no: 'PS202', undecidable: 'PS203' };
  const problem = code[answer];
  if (problem === null) {
    if (admitsWiderSubjects(policy, issuer, providerArn))
      note(
        unit,
        'PS209',
        `Role/${unit.roleArn}`,
        `the trust policy of ${unit.roleArn} admits a pattern of service accounts; podshift admits the exact ones`,
      );
    return;
  }
  const message =
    answer === 'no'
      ? `the trust policy of ${unit.roleArn} does not admit ${unit.id} with audience ${audience}: nothing works through it today`
      : `the trust policy of ${unit.roleArn} does not show whether it admits ${unit.id} with audience ${audience}`;
  note(unit, problem, `Role/${unit.roleArn}`, message);
}
