import { z } from 'zod';
import { PodshiftError } from '../src/model/errors.ts';

// Times come from the AWS CLI as RFC 3339 text, and from its older version 1 as seconds.
const time = z
  .union([z.string(), z.number()])
  .transform((value) => (typeof value === 'number' ? new Date(value * 1000).toISOString() : value));
const tagMap = z.record(z.string(), z.string()).default({});
const roleArn = z.string().regex(/^arn:[a-z0-9-]+:iam::\d{12}:role\/.+$/, 'expected the ARN of an IAM role');

const cluster = z.looseObject({
  name: z.string().min(1),
  arn: z.string().regex(/^arn:[a-z0-9-]+:eks:[a-z0-9-]+:\d{12}:cluster\/.+$/, 'expected the ARN of an EKS cluster'),
  version: z.string().min(1),
  status: z.string().default('ACTIVE'),
  platformVersion: z.string().default('eks.1'),
  createdAt: time.optional(),
  identity: z.looseObject({ oidc: z.looseObject({ issuer: z.string().startsWith('https://').optional() }).optional() }).optional(),
  accessConfig: z.looseObject({ authenticationMode: z.string().optional() }).optional(),
  computeConfig: z.looseObject({ enabled: z.boolean().optional() }).nullish(),
});

const addon = z.looseObject({
  addonName: z.string().min(1),
  clusterName: z.string().min(1),
  status: z.string().default('ACTIVE'),
  addonVersion: z.string().min(1),
  addonArn: z.string().optional(),
  serviceAccountRoleArn: z.string().optional(),
  configurationValues: z.string().optional(),
  podIdentityAssociations: z.array(z.string()).default([]),
  health: z
    .looseObject({ issues: z.array(z.looseObject({ code: z.string().optional(), message: z.string().optional() })).default([]) })
    .default({ issues: [] }),
  createdAt: time.optional(),
  modifiedAt: time.optional(),
  tags: tagMap,
});

const addonConfiguration = z.looseObject({
  addonName: z.string().min(1),
  addonVersion: z.string().min(1),
  configurationSchema: z.string().optional(),
  podIdentityConfiguration: z
    .array(z.looseObject({ serviceAccount: z.string(), recommendedManagedPolicies: z.array(z.string()).default([]) }))
    .default([]),
});

const addonVersions = z.looseObject({
  addonName: z.string().min(1),
  addonVersions: z.array(
    z.looseObject({
      addonVersion: z.string().min(1),
      compatibilities: z
        .array(
          z.looseObject({
            clusterVersion: z.string(),
            platformVersions: z.array(z.string()).default(['*']),
            defaultVersion: z.boolean().default(false),
          }),
        )
        .default([]),
    }),
  ),
});

const association = z.looseObject({
  clusterName: z.string().min(1),
  namespace: z.string().min(1),
  serviceAccount: z.string().min(1),
  roleArn,
  associationArn: z.string().min(1),
  associationId: z.string().min(1),
  tags: tagMap,
  createdAt: time.optional(),
  modifiedAt: time.optional(),
  ownerArn: z.string().nullish(),
  targetRoleArn: z.string().nullish(),
  disableSessionTags: z.boolean().nullish(),
  externalId: z.string().nullish(),
  policy: z.string().nullish(),
});

const fargateProfile = z.looseObject({
  fargateProfileName: z.string().min(1),
  clusterName: z.string().min(1),
  selectors: z.array(z.looseObject({ namespace: z.string(), labels: z.record(z.string(), z.string()).default({}) })).default([]),
  status: z.string().default('ACTIVE'),
});

const nodegroup = z.looseObject({
  nodegroupName: z.string().min(1),
  clusterName: z.string().min(1),
  nodeRole: roleArn,
});

const accessEntry = z.looseObject({
  clusterName: z.string().min(1),
  principalArn: z.string().min(1),
  type: z.string().default('STANDARD'),
});

const role = z.looseObject({
  Path: z.string().startsWith('/').default('/'),
  RoleName: z.string().min(1),
  RoleId: z.string().min(1),
  Arn: roleArn,
  CreateDate: time.optional(),
  AssumeRolePolicyDocument: z.union([z.string().min(1), z.looseObject({})]),
  RolePolicyList: z.array(z.looseObject({ PolicyName: z.string(), PolicyDocument: z.unknown() })).default([]),
  AttachedManagedPolicies: z.array(z.looseObject({ PolicyName: z.string(), PolicyArn: z.string() })).default([]),
  InstanceProfileList: z.array(z.looseObject({})).default([]),
  Tags: z.array(z.looseObject({ Key: z.string(), Value: z.string() })).default([]),
});

const policy = z.looseObject({
  PolicyName: z.string().min(1),
  Arn: z.string().min(1),
  PolicyVersionList: z.array(z.looseObject({ Document: z.unknown(), IsDefaultVersion: z.boolean() })).default([]),
});

const account = z.looseObject({ RoleDetailList: z.array(role), Policies: z.array(policy).default([]) });
const providers = z.looseObject({ OpenIDConnectProviderList: z.array(z.looseObject({ Arn: z.string().min(1) })) });

/** `describe-cluster`: every field, the ones read here typed. */
export type ClusterDescription = z.output<typeof cluster>;
export type AddonDescription = z.output<typeof addon>;
export type AddonConfiguration = z.output<typeof addonConfiguration>;
/** One add-on of `describe-addon-versions`. */
export type AddonVersions = z.output<typeof addonVersions>;
export type AssociationDescription = z.output<typeof association>;
export type FargateProfileDescription = z.output<typeof fargateProfile>;
export type NodegroupDescription = z.output<typeof nodegroup>;
export type AccessEntryDescription = z.output<typeof accessEntry>;
/** A managed policy of the account's own. */
export type PolicyDescription = z.output<typeof policy>;
/** A role of the account; `trustPolicy` is its trust document as IAM stores it, decoded to text. */
export type SnapshotRole = Pick<
  z.output<typeof role>,
  'Path' | 'RoleName' | 'RoleId' | 'Arn' | 'CreateDate' | 'RolePolicyList' | 'AttachedManagedPolicies' | 'InstanceProfileList' | 'Tags'
> & {
  readonly trustPolicy: string;
  readonly [field: string]: unknown;
};

export const readCluster = reader(cluster, 'cluster', 'the answer of describe-cluster');
export const readAddon = reader(addon, 'addon', 'the answer of describe-addon');
export const readAddonConfiguration = reader(addonConfiguration, undefined, 'the answer of describe-addon-configuration');
export const readAssociation = reader(association, 'association', 'the answer of describe-pod-identity-association');
export const readFargateProfile = reader(fargateProfile, 'fargateProfile', 'the answer of describe-fargate-profile');
export const readNodegroup = reader(nodegroup, 'nodegroup', 'the answer of describe-nodegroup');
export const readAccessEntry = reader(accessEntry, 'accessEntry', 'the answer of describe-access-entry');

const readAddonList = reader(z.array(addonVersions), 'addons', 'the answer of describe-addon-versions');
const readRoles = reader(account, undefined, 'the answer of get-account-authorization-details');
const readProviderList = reader(providers, undefined, 'the answer of list-open-id-connect-providers');

/** The add-ons of describe-addon-versions. Throws `SnapshotUnreadable`. */
export function readAddonVersions(value: unknown, file: string): AddonVersions[] {
  return readAddonList(value, file);
}

/** The ARNs of list-open-id-connect-providers. Throws `SnapshotUnreadable`. */
export function readProviders(value: unknown, file: string): string[] {
  const listed = Array.isArray(value)
    ? { OpenIDConnectProviderList: value.map((entry) => (typeof entry === 'string' ? { Arn: entry } : entry)) }
    : value;
  return readProviderList(listed, file).OpenIDConnectProviderList.map((provider) => provider.Arn);
}

/** The account's own managed policies, where get-account-authorization-details was asked for them. Throws `SnapshotUnreadable`. */
export function readPolicies(value: unknown, file: string): PolicyDescription[] {
  return readRoles(value, file).Policies;
}

/** The roles of get-account-authorization-details; two of one name are refused. Throws `SnapshotUnreadable`. */
export function readAccount(value: unknown, file: string): SnapshotRole[] {
  const names = new Set<string>();
  return readRoles(value, file).RoleDetailList.map(({ AssumeRolePolicyDocument, ...rest }, index) => {
    const name = rest.RoleName.toLowerCase();
    if (names.has(name)) fail(file, `RoleDetailList.${index}.RoleName`, `role ${rest.RoleName} is listed twice; expected each role once`);
    names.add(name);
    return {
      ...rest,
      trustPolicy: trustText(AssumeRolePolicyDocument, file, `RoleDetailList.${index}.AssumeRolePolicyDocument`),
    } as SnapshotRole;
  });
}

/** The document as text: IAM answers it URL-encoded (RFC 3986), the AWS CLI decodes it to JSON, some tools keep the text. */
function trustText(document: string | Record<string, unknown>, file: string, field: string): string {
  if (typeof document !== 'string') return JSON.stringify(document);
  if (!/^\s*%7B/i.test(document) && !/^%(?:20|0A|09|0D)/i.test(document)) return document;
  try {
    return decodeURIComponent(document);
  } catch {
    return fail(file, field, 'is URL-encoded but not well-formed; expected RFC 3986 encoding of a JSON document');
  }
}

function reader<T extends z.ZodType>(
  schema: T,
  outerKey: string | undefined,
  expected: string,
): (value: unknown, file: string) => z.output<T> {
  return (value, file) => {
    const inner = outerKey !== undefined && isRecord(value) && outerKey in value ? value[outerKey] : value;
    const result = schema.safeParse(inner);
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'the document' : issue.path.join('.');
    return fail(file, field, `${issue?.message ?? 'not as expected'}; expected ${expected}`);
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fail(file: string, field: string, problem: string): never {
  throw new PodshiftError('SnapshotUnreadable', `${file}: ${field}: ${problem}`, { details: { file, field } });
}
