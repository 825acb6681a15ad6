import type { AssociationFacts, Inventory, RoleFacts, ServiceAccountFacts } from '../model/inventory.ts';
import type { ServiceAccountName } from '../model/plan.ts';
import {
  type Answer,
  admitsPodIdentity,
  admitsRole,
  admitsWebIdentity,
  type PodIdentityRequest,
  parseTrustPolicy,
  type TrustPolicy,
  type Undecided,
  undecidedRole,
  undecidedWebIdentity,
} from '../trust/index.ts';
import type { MetadataSystem } from './metadata/system.ts';
import { admitsWiderSubjects } from './subjects.ts';
import { annotatedRole, type World } from './world.ts';

/** An IAM role's ARN, path and all (IAM User Guide, "IAM identifiers"): partition, account, path and name. */
const ROLE_ARN = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/((?:[\x21-\x7e]+\/)?)([\w+=,.@-]{1,64})$/;

/** What the ARN that a unit is to get leads to; `found` is a role of this account whose trust policy can be read. */
export type RoleReference =
  | { readonly kind: 'malformed' | 'service-linked' | 'missing' }
  | { readonly kind: 'other-partition'; readonly partition: string }
  | { readonly kind: 'other-account'; readonly accountId: string }
  | { readonly kind: 'unreadable'; readonly role: RoleFacts; readonly problem: string }
  | { readonly kind: 'found'; readonly role: RoleFacts; readonly policy: TrustPolicy };

/** What a role's ARN leads to in this account. */
export function referenceOf(roleArn: string, { inventory: { cluster }, roleOf }: World): RoleReference {
  const parts = ROLE_ARN.exec(roleArn);
  if (parts === null) return { kind: 'malformed' };
  const [, partition, accountId, path] = parts as string[] as [string, string, string, string];
  if (partition !== cluster.partition) return { kind: 'other-partition', partition };
  if (accountId !== cluster.accountId) return { kind: 'other-account', accountId };
  if (path.startsWith('aws-service-role/')) return { kind: 'service-linked' };
  const role = roleOf.get(roleArn);
  if (role === undefined) return { kind: 'missing' };
  const parsed = parseTrustPolicy(role.trustPolicy);
  return parsed.ok ? { kind: 'found', role, policy: parsed.policy } : { kind: 'unreadable', role, problem: parsed.problem };
}

/** The role that a reference leads to, whether its trust policy can be read or not. */
export function roleOf(reference: RoleReference): RoleFacts | undefined {
  return 'role' in reference ? reference.role : undefined;
}

/** What is needed of a unit to judge its access. */
export interface AccessRequest {
  readonly facts: ServiceAccountFacts;
  readonly roleArn: string;
  readonly reference: RoleReference;
  readonly association: AssociationFacts | undefined;
}

/**
 * An association beside the role that is meant: it gives another role, or another role's credentials, or else whether the trust
 * policy admits it. `none` also where the trust policy cannot be read.
 */
export type AssociationState = 'none' | 'other-role' | 'target-role' | Answer;

/** How an association stands to the role that is meant. */
export function associationState({ facts, roleArn, reference, association }: AccessRequest, { inventory }: World): AssociationState {
  if (association === undefined || reference.kind !== 'found') return 'none';
  if (association.roleArn !== roleArn) return 'other-role';
  if (association.targetRoleArn !== null) return 'target-role';
  return admitsPodIdentity(reference.policy, podIdentityRequest(facts, association, inventory));
}

/** The call that EKS makes for a service account by its association. */
export function podIdentityRequest(
  { namespace, name }: ServiceAccountName,
  association: AssociationFacts | undefined,
  { cluster: { arn: clusterArn, name: clusterName, accountId } }: Inventory,
): PodIdentityRequest {
  return { clusterArn, clusterName, accountId, namespace, serviceAccount: name, sessionTags: association?.disableSessionTags !== true };
}

/**
 * What works today, and must not begin to work by the migration where it does not:
 * - `unknown`: nothing to judge, as the role or its trust policy cannot be read, or another check judges it
 * - `no-annotation`, `no-issuer`, `no-provider`: nothing works by IRSA
 * - `by-irsa`, `by-daemon`: whether the trust policy admits the service account, or the daemon's own role
 */
export type AccessToday =
  | { readonly kind: 'unknown' | 'no-annotation' | 'no-issuer' }
  | { readonly kind: 'no-provider'; readonly providerArn: string }
  | {
      readonly kind: 'by-irsa';
      readonly answer: Answer;
      readonly audience: string;
      readonly wider: boolean;
      /** What keeps the answer from being decided. */
      readonly undecided: readonly Undecided[];
    }
  | { readonly kind: 'by-daemon'; readonly answer: Answer; readonly asWhom: string; readonly undecided: readonly Undecided[] };

/** What a service account may do by IRSA today. */
export function accessByIrsa({ facts, reference, association }: AccessRequest, world: World): AccessToday {
  const { cluster, oidcProviders, annotationPrefix } = world.inventory;
  if (reference.kind !== 'found') return { kind: 'unknown' };
  // An add-on's service account without an annotation is judged with its add-on.
  if (annotatedRole(facts.annotations, world) === undefined)
    return { kind: facts.addon !== null && association === undefined ? 'unknown' : 'no-annotation' };
  if (cluster.oidcIssuer === null) return { kind: 'no-issuer' };
  const issuer = cluster.oidcIssuer.replace(/^https:\/\//, '');
  const providerArn = `arn:${cluster.partition}:iam::${cluster.accountId}:oidc-provider/${issuer}`;
  if (oidcProviders !== null && !oidcProviders.includes(providerArn)) return { kind: 'no-provider', providerArn };
  const audience = facts.annotations[`${annotationPrefix}/audience`] ?? 'sts.amazonaws.com';
  const subject = `system:serviceaccount:${facts.namespace}:${facts.name}`;
  // EKS's webhook points SDKs at the region's own endpoint of STS, unless the service account says otherwise.
  const global = /^(0|f|F|false|FALSE|False)$/.test(facts.annotations[`${annotationPrefix}/sts-regional-endpoints`] ?? '');
  const request = { providerArn, issuer, subject, audience, ...(global ? {} : { region: cluster.region }) };
  const answer = admitsWebIdentity(reference.policy, request);
  const undecided = answer === 'undecidable' ? undecidedWebIdentity(reference.policy, request) : [];
  return { kind: 'by-irsa', answer, audience, wider: admitsWiderSubjects(reference.policy, issuer, providerArn), undecided };
}

/** What the daemon may do today; where nobody can tell as whom it asks, anybody whom the document names. */
export function accessByDaemon(
  { reference }: AccessRequest,
  { callers, asWhom, tagsOf }: Pick<MetadataSystem, 'callers' | 'asWhom' | 'tagsOf'>,
): AccessToday {
  if (reference.kind !== 'found') return { kind: 'unknown' };
  const asked = callers ?? namedPrincipals(reference.policy);
  const answers = asked.map((principalArn) => admitsRole(reference.policy, { principalArn, ...tagsOf(principalArn) }));
  const answer: Answer = answers.includes('yes') ? 'yes' : answers.includes('undecidable') ? 'undecidable' : 'no';
  const undecided =
    answer === 'undecidable'
      ? asked.flatMap((principalArn) => undecidedRole(reference.policy, { principalArn, ...tagsOf(principalArn) }))
      : [];
  return { kind: 'by-daemon', answer, undecided, asWhom };
}

/** Roles and users that the document's statements name as principals. */
function namedPrincipals(policy: TrustPolicy): string[] {
  const names = policy.statements.flatMap(({ value }) => [
    ...JSON.stringify([value.Principal]).matchAll(/"(arn:[^"]*:(?:role|user)\/[^"]*)"/g),
  ]);
  return [...new Set(names.map(([, name]) => name as string))];
}
