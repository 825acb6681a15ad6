import pLimit from 'p-limit';
import type { AssociationSummary, AwsGateways, Cluster, Role, RoleWithTags } from '../aws/gateways.ts';
import { isPodshiftError } from '../model/errors.ts';
import type { AssociationFacts, ClusterFacts, RoleFacts, TrustingRole } from '../model/inventory.ts';
import { MECHANISM_TAG, RUN_TAG } from '../model/run.ts';
import { type InstalledAddon, owningAddon, readAddons } from './addons.ts';
import { roleOwners } from './owners/owners.ts';
import { policyFacts } from './policies.ts';

/** Requests under way to one service at a time: IAM's and EKS's rates are shared by the whole account and not published. */
const CONCURRENCY = 8;

/** What the account says ahead of any question about single service accounts. */
export interface Account {
  readonly cluster: Cluster;
  readonly associations: readonly AssociationSummary[];
  readonly addons: readonly InstalledAddon[];
  /** Without tags where the account's authorization details may not be read. */
  readonly roles: readonly (Role | RoleWithTags)[];
  readonly oidcProviders: readonly string[] | null;
  /** Undefined where the account's figures may not be read: then IAM's default holds. */
  readonly trustPolicyQuota: number | undefined;
  readonly fargateProfiles: Awaited<ReturnType<AwsGateways['eks']['listFargateProfiles']>>;
}

/** The bulk reads: one list per kind, and single reads for each add-on, whose list has names alone. */
export async function readAccount(aws: AwsGateways): Promise<Account> {
  const listed = aws.eks.listAssociations();
  const owners = async () => new Set((await listed).map((association) => owningAddon(association.ownerArn)));
  const [cluster, associations, addons, roles, oidcProviders, fargateProfiles, trustPolicyQuota] = await Promise.all([
    aws.eks.describeCluster(),
    listed,
    owners().then((names) => readAddons(aws, (name) => names.has(name))),
    listRoles(aws),
    readProviders(aws),
    aws.eks.listFargateProfiles(),
    readQuota(aws),
  ]);
  // A profile that could not be made takes no pod; one that is being made or deleted may.
  const taking = fargateProfiles.filter(({ status }) => status !== 'CREATE_FAILED');
  return { cluster, associations, addons, roles, oidcProviders, fargateProfiles: taking, trustPolicyQuota };
}

/** With tags, in one bulk read, where that is allowed; the list without them needs less. */
async function listRoles(aws: AwsGateways): Promise<(Role | RoleWithTags)[]> {
  try {
    return await aws.iam.listRolesWithTags();
  } catch (error) {
    if (isPodshiftError(error, 'AccessDenied')) return aws.iam.listRoles();
    throw error;
  }
}

/** Null where the list may not be read: then the cluster's issuer is taken as registered, as its pods show every day. */
async function readProviders(aws: AwsGateways): Promise<string[] | null> {
  try {
    return await aws.iam.listOpenIdConnectProviders();
  } catch (error) {
    if (isPodshiftError(error, 'AccessDenied')) return null;
    throw error;
  }
}

async function readQuota(aws: AwsGateways): Promise<number | undefined> {
  try {
    return await aws.iam.trustPolicyQuota();
  } catch (error) {
    if (isPodshiftError(error, 'AccessDenied')) return undefined;
    throw error;
  }
}

/**
 * The roles of these ARNs that exist in the account, with their owners. Where the bulk read brought no tags, which alone
 * tell of CloudFormation and Terraform, they cost one GetRole for each role that some service account names, and no other.
 */
export async function readRoles(aws: AwsGateways, roles: Account['roles'], wanted: ReadonlySet<string>): Promise<RoleFacts[]> {
  const limit = pLimit(CONCURRENCY);
  const named = roles.filter((role) => wanted.has(role.arn));
  const trusting = rolesTrusting(roles);
  return Promise.all(
    named.map(async (role) => {
      const withTags = 'tags' in role ? role : await limit(() => aws.iam.getRole(role.roleName));
      return {
        arn: role.arn,
        name: role.roleName,
        trustPolicy: (withTags ?? role).trustPolicy,
        owners: roleOwners(withTags?.tags ?? {}),
        ...permissionsOf(role, roles, trusting),
      };
    }),
  );
}

/**
 * What a role's permissions say, with the trust policies of the roles that it may assume. In one account a trust policy that names a
 * role is enough (IAM User Guide, "Cross-account policy evaluation logic"), so the account's own trust policies tell of permissions on
 * `*` too, and of a role that may read no permissions.
 */
function permissionsOf(
  role: Account['roles'][number],
  roles: Account['roles'],
  trusting: ReadonlyMap<string, ReadonlySet<string>>,
): Pick<RoleFacts, 'policies' | 'chained'> {
  const policies = 'policies' in role && role.policies !== undefined ? policyFacts(role.policies) : undefined;
  const may = new Set([...(policies?.assumes ?? []), ...(trusting.get(role.arn) ?? [])]);
  const chained = may.size === 0 ? [] : roles.filter(({ arn }) => may.has(arn)).map(({ arn, trustPolicy }) => ({ arn, trustPolicy }));
  return { ...(policies === undefined ? {} : { policies }), ...(chained.length === 0 ? {} : { chained }) };
}

/** The roles whose trust policies name a role, as a principal or in a condition, by that role's ARN. */
function rolesTrusting(roles: Account['roles']): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { arn, trustPolicy } of roles) {
    for (const [, named] of trustPolicy.matchAll(/"(arn:[a-z-]+:iam::\d{12}:role\/[^"*?]+)"/g)) {
      found.set(named as string, (found.get(named as string) ?? new Set()).add(arn));
    }
  }
  return found;
}

/** The roles that trust the cluster's OIDC provider, but for those that are known already. */
export function trustingRoles({ cluster, roles }: Account, known: ReadonlySet<string>): TrustingRole[] {
  const issuer = cluster.oidcIssuer?.replace(/^https:\/\//, '');
  if (issuer === undefined) return [];
  return roles
    .filter(({ arn, trustPolicy }) => !known.has(arn) && trustPolicy.includes(issuer))
    .map(({ arn, trustPolicy }) => ({ arn, trustPolicy }));
}

/** Roles by these ARNs, and those whose trust policies name Pod Identity and the cluster's name, but for those that are known already. */
export function trustingPods({ cluster, roles }: Account, known: ReadonlySet<string>, wanted: ReadonlySet<string>): TrustingRole[] {
  const clusterName = cluster.arn.slice(cluster.arn.indexOf('/') + 1);
  return roles
    .filter(({ arn, trustPolicy }) => {
      const isScoped = trustPolicy.includes('pods.eks.amazonaws.com') && trustPolicy.includes(clusterName);
      return !known.has(arn) && (isScoped || wanted.has(arn));
    })
    .map(({ arn, trustPolicy }) => ({ arn, trustPolicy }));
}

/** The associations behind these summaries; one that went away meanwhile is left out. */
export async function readAssociations(aws: AwsGateways, summaries: readonly AssociationSummary[]): Promise<AssociationFacts[]> {
  const limit = pLimit(CONCURRENCY);
  const found = await Promise.all(summaries.map((summary) => limit(() => aws.eks.describeAssociation(summary.associationId))));
  return found
    .filter((association) => association !== undefined)
    .map((association) => ({
      associationId: association.associationId,
      namespace: association.namespace,
      serviceAccount: association.serviceAccount,
      ownerArn: association.ownerArn ?? null,
      roleArn: association.roleArn,
      targetRoleArn: association.targetRoleArn ?? null,
      disableSessionTags: association.disableSessionTags,
      podshiftRun: association.tags[RUN_TAG] ?? null,
      ...mechanismOf(association.tags[MECHANISM_TAG]),
    }));
}

function mechanismOf(tag: string | undefined): Pick<AssociationFacts, 'mechanism'> {
  return tag === 'kube2iam' || tag === 'kiam' ? { mechanism: tag } : {};
}

/** The cluster's facts; region, account and partition are those of its ARN. */
export function clusterFacts(cluster: Cluster): ClusterFacts {
  const [, partition = '', , region = '', accountId = ''] = cluster.arn.split(':');
  return {
    arn: cluster.arn,
    name: cluster.name,
    region,
    accountId,
    partition,
    version: cluster.version,
    platformVersion: cluster.platformVersion,
    oidcIssuer: cluster.oidcIssuer ?? null,
    autoMode: cluster.autoMode,
    outpost: cluster.outpost,
    ...(cluster.registered === true ? { registered: true } : {}),
    ...(cluster.status === 'ACTIVE' || cluster.status === '' ? {} : { status: cluster.status }),
    ...(cluster.ipFamily === undefined ? {} : { ipFamily: cluster.ipFamily }),
  };
}
