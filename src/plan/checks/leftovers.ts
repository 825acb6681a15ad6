import type { AssociationFacts, StaleRoleFact, TrustingRole } from '../../model/inventory.ts';
import type { Decision, ServiceAccountName } from '../../model/plan.ts';
import { isSelected } from '../../model/selection.ts';
import { admitServiceAccounts, admitsPodIdentity, namedPairs, parseTrustPolicy, type TrustPolicy } from '../../trust/index.ts';
import { podIdentityRequest } from '../role-access.ts';
import { idOf, type World } from '../world.ts';
import { type Answers, row, type Table, type Told } from './check.ts';

/** What is decided about a service account of the plan, and its role. */
export interface DecidedUnit {
  readonly roleArn: string;
  readonly decision: Decision;
}

/** The cluster beside the units of its plan, which are given by their ids. */
export interface Leftovers {
  readonly world: World;
  readonly units: ReadonlyMap<string, DecidedUnit>;
  /** By service account; `unknown` for one of which only that it is there is known. */
  readonly associations: ReadonlyMap<string, AssociationFacts | 'unknown'>;
  /** Roles that trust Pod Identity in this cluster, and those of the plan. */
  readonly roles: ReadonlyMap<string, TrustingRole>;
}

/** What the checks look at. */
export function leftovers(world: World, units: Leftovers['units']): Leftovers {
  const { roles, trustingPods = [], associated = [], associations, otherAssociations = [] } = world.inventory;
  const key = (one: { readonly namespace: string; readonly serviceAccount: string }) => `${one.namespace}/${one.serviceAccount}`;
  return {
    world,
    units,
    associations: new Map<string, AssociationFacts | 'unknown'>([
      ...associated.map((one) => [key(one), 'unknown'] as const),
      ...[...otherAssociations, ...associations].map((one) => [key(one), one] as const),
    ]),
    roles: new Map([...roles, ...trustingPods].map((role) => [role.arn, role])),
  };
}

type LeftoverCheck = (facts: Leftovers) => Answers<Told>;

/** Associations of service accounts that are no units; those of units are judged with them. */
const associationWithoutTrust: LeftoverCheck = ({ world, units, roles }) =>
  (world.inventory.otherAssociations ?? []).flatMap((association) => {
    const id = `${association.namespace}/${association.serviceAccount}`;
    const why = units.has(id) ? undefined : whyWithoutEffect(association, roles.get(association.roleArn)?.trustPolicy, world);
    if (why === undefined) return [];
    return {
      subject: `ServiceAccount/${id}`,
      message: `association ${association.associationId} gives ${id} the role ${association.roleArn}, ${why.message}: pods that started since it exists get no credentials by it, and older ones keep what they have until they restart`,
      remedy: `${why.remedy} ${removalOf(association, world)}`,
    };
  });

/** Statements for Pod Identity that name this cluster and service accounts which have no association with the role. */
const trustWithoutAssociation: LeftoverCheck = (facts) =>
  [...facts.roles.values()].flatMap(({ arn, trustPolicy }) => {
    const parsed = parseTrustPolicy(trustPolicy);
    if (!parsed.ok) return [];
    const statements = namedPairs(parsed.policy).map(({ statement, pairs, hasPatterns }) => {
      const left = pairs.filter((pair) => isLeft(pair, arn, parsed.policy, facts));
      return { statement, left, isWhole: left.length === pairs.length && !hasPatterns };
    });
    const found = statements.filter(({ left }) => left.length > 0);
    const pairs = [...new Map(found.flatMap(({ left }) => left).map((pair) => [idOf(pair), pair])).values()];
    if (pairs.length === 0) return [];
    const ids = pairs.map(idOf).join(', ');
    const has = pairs.length === 1 ? 'which has no association' : 'none of which has an association';
    const cuts = found.map(({ statement, left, isWhole }) =>
      isWhole ? `take ${statement} out` : `take ${left.map(idOf).join(', ')} out of ${statement}`,
    );
    const roleName = arn.split('/').at(-1);
    return {
      subject: `Role/${arn}`,
      message: `the trust policy of ${arn} admits ${ids} of this cluster by Pod Identity, ${has} with it: whoever may create one (eks:CreatePodIdentityAssociation, with iam:PassRole on the role) gives pods of that service account the role`,
      remedy: [
        ...pairs.flatMap((pair) => completionOf(pair, arn, facts)),
        `Where nobody needs it, ${cuts.join(' and ')} (aws iam get-role --role-name ${roleName} --query Role.AssumeRolePolicyDocument > trust.json, edit it, then aws iam update-assume-role-policy --role-name ${roleName} --policy-document file://trust.json).`,
      ].join(' '),
    };
  });

/** Pods hold the role that the annotation named when they were created; what they get next is told as far as associations are known. */
const podsWithOtherRole: LeftoverCheck = (facts) =>
  (facts.world.inventory.staleRoles ?? []).flatMap((fact) => {
    const { subject, namespace, serviceAccount, roleArn, named, pods } = fact;
    const id = `${namespace}/${serviceAccount}`;
    const association = facts.associations.get(id);
    // Whether it gives that very role is not known.
    if (association === 'unknown') return [];
    // What gives the role, or is told of with its unit.
    if (association?.roleArn === roleArn || association?.targetRoleArn === roleArn) return [];
    const next = nextRole(fact, association, facts);
    const names = named === null ? 'names no role' : `names the role ${named}`;
    const has = pods === 1 ? '1 pod' : `${pods} pods`;
    return {
      subject,
      message: `${has} of ${subject} ${pods === 1 ? 'has' : 'have'} the role ${roleArn} by IRSA, and the service account ${id} ${names}${next.also}: they keep that role until they restart, and ${next.after}`,
      remedy: repairOf(fact, next.meant, association, facts.world),
    };
  });

/** What a migration that somebody began and left has left behind, beside what is told of the units; nothing of it decides anything. */
export const LEFTOVERS: Table<Leftovers> = [
  row('PS119', associationWithoutTrust),
  row('PS213', trustWithoutAssociation),
  row('PS343', podsWithOtherRole),
];

/** Why an association gives nothing, and how it would; undefined where it works, or nobody can tell. */
function whyWithoutEffect(
  association: AssociationFacts,
  trustPolicy: string | undefined,
  { inventory }: World,
): { readonly message: string; readonly remedy: string } | undefined {
  const { namespace, serviceAccount: name, roleArn, disableSessionTags } = association;
  const roleName = roleArn.split('/').at(-1);
  const { cluster, trustPolicyQuota: sizeLimit } = inventory;
  if (trustPolicy === undefined) {
    const remedy = `If it is meant, create the role ${roleName} with a trust policy for pods.eks.amazonaws.com.`;
    return { message: 'which does not exist', remedy };
  }
  const parsed = parseTrustPolicy(trustPolicy);
  if (!parsed.ok) return undefined;
  const request = podIdentityRequest({ namespace, name }, association, inventory);
  if (admitsPodIdentity(parsed.policy, request) !== 'no') return undefined;
  if (disableSessionTags && admitsPodIdentity(parsed.policy, { ...request, sessionTags: true }) === 'yes') {
    return {
      message: 'whose trust policy admits it by session tags alone, which the association does not pass',
      remedy: `If it is meant: aws eks update-pod-identity-association --cluster-name ${cluster.name} --association-id ${association.associationId} --no-disable-session-tags.`,
    };
  }
  const result = admitServiceAccounts(parsed.policy, {
    clusterArn: cluster.arn,
    accountId: cluster.accountId,
    serviceAccounts: [{ namespace, name }],
    scope: disableSessionTags ? 'cluster' : 'service-account',
    ...(sizeLimit === undefined ? {} : { sizeLimit }),
  });
  const message = 'whose trust policy does not admit it';
  if (result.kind === 'refused') return { message, remedy: `If it is meant, correct the trust policy first: ${result.problem.message}.` };
  /* v8 ignore next -- a policy that does not admit it is refused or changes */
  const text = result.kind === 'changed' ? result.text : trustPolicy;
  return {
    message,
    remedy: `If it is meant, add the statement: aws iam update-assume-role-policy --role-name ${roleName} --policy-document ${quoted(text)}.`,
  };
}

/** An association that an add-on owns is EKS's to delete. */
function removalOf({ associationId, ownerArn }: AssociationFacts, { inventory: { cluster } }: World): string {
  return ownerArn === null
    ? `If nobody needs it: aws eks delete-pod-identity-association --cluster-name ${cluster.name} --association-id ${associationId}.`
    : `It is owned by ${ownerArn}, which alone can take it away.`;
}

/** Whether the role admits a service account in the plan's scope by name, in this cluster alone, and no association gives it the role. */
function isLeft(pair: ServiceAccountName, roleArn: string, policy: TrustPolicy, { world, units, associations }: Leftovers): boolean {
  const { inventory, options } = world;
  const id = idOf(pair);
  if (inventory.associated === undefined || !isSelected(options, pair.namespace, pair.name)) return false;
  const unit = units.get(id);
  if (unit?.decision === 'migrate' && unit.roleArn === roleArn) return false;
  const association = associations.get(id);
  if (association === 'unknown' || association?.roleArn === roleArn) return false;
  const request = podIdentityRequest(pair, undefined, inventory);
  const elsewhere = { ...request, clusterArn: `${request.clusterArn}${STRANGER}`, clusterName: `${request.clusterName}${STRANGER}` };
  return admitsPodIdentity(policy, request) === 'yes' && admitsPodIdentity(policy, elsewhere) === 'no';
}

/** Makes a cluster's name one that no statement names. */
const STRANGER = '-podshift-asks-for-nobody';

/** How the trust would be used as it is meant; nothing where the service account has, or is to have, another role. */
function completionOf({ namespace, name }: ServiceAccountName, roleArn: string, { world, units, associations }: Leftovers): string[] {
  const id = idOf({ namespace, name });
  const unit = units.get(id);
  if (unit?.roleArn === roleArn) return [`podshift completes it for ${id} when nothing blocks that service account any more.`];
  if (unit !== undefined || associations.has(id)) return [];
  const { cluster } = world.inventory;
  return [
    `If ${id} is to have the role: aws eks create-pod-identity-association --cluster-name ${cluster.name} --namespace ${namespace} --service-account ${name} --role-arn ${roleArn}.`,
  ];
}

/** Kinds that kubectl restarts by their templates. */
const RESTARTED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);

/** What pods have once they restart: in words, and what has to be meant for a restart to be right. */
interface NextRole {
  readonly also: string;
  readonly after: string;
  readonly meant: string;
}

function nextRole({ named }: StaleRoleFact, association: AssociationFacts | undefined, { world, roles }: Leftovers): NextRole {
  if (association === undefined) {
    return named === null
      ? { also: '', after: 'start without it then, unless an association gives it', meant: 'they need no role' }
      : { also: '', after: `get ${named} then, unless an association gives another`, meant: `${named} is meant` };
  }
  const role = association.targetRoleArn ?? association.roleArn;
  const why = whyWithoutEffect(association, roles.get(association.roleArn)?.trustPolicy, world);
  const also = ` and is associated with ${role}`;
  return why === undefined
    ? { also, after: `get ${role} then`, meant: `${role} is meant` }
    : {
        also: `${also}, ${why.message}`,
        after: 'start without any role then',
        meant: `${role} is meant, see that the association works, then`,
      };
}

function repairOf(
  { subject, namespace, serviceAccount, roleArn }: StaleRoleFact,
  otherwise: string,
  association: AssociationFacts | undefined,
  { inventory: { annotationPrefix, cluster } }: World,
): string {
  const [kind = '', , name] = subject.split('/');
  const meant =
    association === undefined
      ? `kubectl annotate serviceaccount ${serviceAccount} -n ${namespace} --overwrite ${annotationPrefix}/role-arn=${roleArn}`
      : `aws eks update-pod-identity-association --cluster-name ${cluster.name} --association-id ${association.associationId} --role-arn ${roleArn}`;
  const restart = RESTARTED.has(kind)
    ? `kubectl rollout restart ${kind.toLowerCase()}/${name} -n ${namespace}`
    : `restart the pods of ${subject} by what made them`;
  return `If ${roleArn} is still meant: ${meant}, before they restart. If ${otherwise}: ${restart}.`;
}

/** A JSON document as one word of a POSIX shell: JSON has line breaks between its parts alone. */
function quoted(json: string): string {
  return `'${json.replaceAll(/\s*[\r\n]\s*/g, ' ').replaceAll("'", "'\\''")}'`;
}
