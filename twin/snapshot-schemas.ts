import { z } from 'zod';
import { PodshiftError } from '../src/model/errors.ts';
import { withoutNulls } from './nulls.ts';

// Members that the services' models call optional are optional here too, but for what names a thing: without it nothing can be said of it.
// Times come from the AWS CLI as RFC 3339 text, and from its older version 1 as seconds.
const time = z
  .union([z.string(), z.number()])
  .transform((value) => (typeof value === 'number' ? new Date(value * 1000).toISOString() : value));
const textMap = z.record(z.string(), z.string()).default({});
const roleArn = z.string().regex(/^arn:[a-z0-9-]+:iam::\d{12}:role\/.+$/, 'expected the ARN of an IAM role');
const name = z.string().min(1);

const cluster = z.looseObject({
  name,
  arn: z.string().regex(/^arn:[a-z0-9-]+:eks:[a-z0-9-]+:\d{12}:cluster\/.+$/, 'expected the ARN of an EKS cluster'),
  /** Empty where EKS does not know it, as of a registered cluster that is not connected yet. */
  version: z.string().default(''),
  status: z.string().default('ACTIVE'),
  platformVersion: z.string().default(''),
  createdAt: time.optional(),
  identity: z.looseObject({ oidc: z.looseObject({ issuer: z.string().optional() }).optional() }).optional(),
  accessConfig: z.looseObject({ authenticationMode: z.string().optional() }).optional(),
  kubernetesNetworkConfig: z.looseObject({ ipFamily: z.string().optional() }).optional(),
  computeConfig: z.looseObject({ enabled: z.boolean().optional() }).optional(),
  connectorConfig: z.looseObject({}).optional(),
  tags: textMap,
});

const addon = z.looseObject({
  addonName: name,
  clusterName: name.optional(),
  status: z.string().default('ACTIVE'),
  addonVersion: name,
  addonArn: z.string().optional(),
  serviceAccountRoleArn: z.string().optional(),
  configurationValues: z.string().optional(),
  podIdentityAssociations: z.array(z.string()).default([]),
  namespaceConfig: z.looseObject({ namespace: z.string().optional() }).optional(),
  health: z
    .looseObject({ issues: z.array(z.looseObject({ code: z.string().optional(), message: z.string().optional() })).default([]) })
    .default({ issues: [] }),
  createdAt: time.optional(),
  modifiedAt: time.optional(),
  tags: textMap,
});

const addonConfiguration = z.looseObject({
  addonName: name,
  addonVersion: name,
  configurationSchema: z.string().optional(),
  podIdentityConfiguration: z
    .array(z.looseObject({ serviceAccount: z.string().default(''), recommendedManagedPolicies: z.array(z.string()).default([]) }))
    .default([])
    .transform((list) => list.filter(({ serviceAccount }) => serviceAccount !== '')),
});

const addonVersions = z.looseObject({
  addonName: name,
  type: z.string().optional(),
  defaultNamespace: z.string().optional(),
  addonVersions: z
    .array(
      z.looseObject({
        addonVersion: z.string().default(''),
        compatibilities: z
          .array(
            z.looseObject({
              clusterVersion: z.string().default(''),
              platformVersions: z.array(z.string()).default(['*']),
              defaultVersion: z.boolean().default(false),
            }),
          )
          .default([]),
      }),
    )
    .default([])
    .transform((list) => list.filter(({ addonVersion }) => addonVersion !== '')),
});

const association = z.looseObject({
  clusterName: name.optional(),
  namespace: name,
  serviceAccount: name,
  roleArn,
  associationArn: z.string().optional(),
  associationId: name,
  tags: textMap,
  createdAt: time.optional(),
  modifiedAt: time.optional(),
  ownerArn: z.string().optional(),
  targetRoleArn: z.string().optional(),
  disableSessionTags: z.boolean().optional(),
  externalId: z.string().optional(),
  policy: z.string().optional(),
});

const fargateProfile = z.looseObject({
  fargateProfileName: name,
  clusterName: name.optional(),
  // A selector must have a namespace; one without it takes no pod.
  selectors: z.array(z.looseObject({ namespace: z.string().default(''), labels: textMap })).default([]),
  status: z.string().default('ACTIVE'),
});

const nodegroup = z.looseObject({
  nodegroupName: name,
  clusterName: name.optional(),
  nodeRole: roleArn.optional(),
});

const accessEntry = z.looseObject({
  clusterName: name.optional(),
  principalArn: name,
  type: z.string().default('STANDARD'),
});

const role = z.looseObject({
  Path: z.string().startsWith('/').default('/'),
  RoleName: name,
  RoleId: z.string().default(''),
  Arn: roleArn,
  CreateDate: time.optional(),
  AssumeRolePolicyDocument: z.union([z.string().min(1), z.looseObject({})]),
  RolePolicyList: z.array(z.looseObject({ PolicyName: z.string().default(''), PolicyDocument: z.unknown().optional() })).default([]),
  AttachedManagedPolicies: z.array(z.looseObject({ PolicyName: z.string().default(''), PolicyArn: z.string().default('') })).default([]),
  InstanceProfileList: z.array(z.looseObject({ InstanceProfileName: z.string().optional() })).default([]),
  PermissionsBoundary: z.looseObject({ PermissionsBoundaryArn: z.string().optional() }).optional(),
  Tags: z.array(z.looseObject({ Key: z.string(), Value: z.string().default('') })).default([]),
});

const policy = z.looseObject({
  PolicyName: z.string().default(''),
  Arn: z.string().default(''),
  PolicyVersionList: z.array(z.looseObject({ Document: z.unknown().optional(), IsDefaultVersion: z.boolean().default(false) })).default([]),
});

const account = z.looseObject({
  RoleDetailList: z.array(role),
  Policies: z.array(policy).default([]),
  UserDetailList: z.array(z.looseObject({})).default([]),
  GroupDetailList: z.array(z.looseObject({})).default([]),
});
const providers = z.looseObject({ OpenIDConnectProviderList: z.array(z.looseObject({ Arn: z.string().optional() })).default([]) });
const summary = z.looseObject({ SummaryMap: z.record(z.string(), z.number()).default({}) });

const trailEvent = z.looseObject({
  EventId: z.string().default(''),
  EventName: z.string().default(''),
  EventSource: z.string().default(''),
  EventTime: time.optional(),
  ReadOnly: z.union([z.string(), z.boolean()]).default('false').transform(String),
  Username: z.string().optional(),
  Resources: z.array(z.looseObject({ ResourceType: z.string().default(''), ResourceName: z.string().default('') })).default([]),
  CloudTrailEvent: z.string().default('{}'),
});
const trail = z.looseObject({ Events: z.array(trailEvent).default([]) });

const capture = z.looseObject({
  takenAt: z.string().optional(),
  kinds: z
    .array(
      z.looseObject({
        group: z.string().default(''),
        version: z.string().default('v1'),
        kind: name,
        plural: z.string().optional(),
        namespaced: z.boolean().optional(),
        outcome: z.enum(['read', 'denied', 'failed', 'not-asked']).default('read'),
        reason: z.string().optional(),
      }),
    )
    .default([]),
  files: z
    .array(
      z.looseObject({
        file: name,
        outcome: z.enum(['read', 'denied', 'failed', 'not-asked']).default('read'),
        reason: z.string().optional(),
      }),
    )
    .default([]),
});

/** `describe-cluster`: every field, the ones read here typed. */
export type ClusterDescription = z.output<typeof cluster>;
export type AddonDescription = z.output<typeof addon> & { readonly clusterName: string };
export type AddonConfiguration = z.output<typeof addonConfiguration>;
/** One add-on of `describe-addon-versions`. */
export type AddonVersions = z.output<typeof addonVersions>;
export type AssociationDescription = z.output<typeof association> & { readonly clusterName: string; readonly associationArn: string };
export type FargateProfileDescription = z.output<typeof fargateProfile> & { readonly clusterName: string };
export type NodegroupDescription = z.output<typeof nodegroup> & { readonly clusterName: string };
export type AccessEntryDescription = z.output<typeof accessEntry> & { readonly clusterName: string };
/** A managed policy: of the account's own, or one of AWS's where they were asked for. */
export type PolicyDescription = z.output<typeof policy>;
/** A role of the account; `trustPolicy` is its trust document as IAM stores it, decoded to text. */
export type SnapshotRole = Pick<
  z.output<typeof role>,
  | 'Path'
  | 'RoleName'
  | 'RoleId'
  | 'Arn'
  | 'CreateDate'
  | 'RolePolicyList'
  | 'AttachedManagedPolicies'
  | 'InstanceProfileList'
  | 'PermissionsBoundary'
  | 'Tags'
> & {
  readonly trustPolicy: string;
  readonly [field: string]: unknown;
};
/** An event of `lookup-events`. */
export type TrailEventDescription = z.output<typeof trailEvent>;
/** `capture.json`: what was asked for, and what came of it. */
export type CaptureRecord = z.output<typeof capture>;
/** What get-account-authorization-details says of an account. */
export interface AccountDescription {
  readonly roles: readonly SnapshotRole[];
  readonly policies: readonly PolicyDescription[];
  /** Users and groups, as they stand. */
  readonly users: readonly Readonly<Record<string, unknown>>[];
  readonly groups: readonly Readonly<Record<string, unknown>>[];
}

export const readCluster = reader(cluster, 'cluster', 'the answer of describe-cluster');
export const readAddon = reader(addon, 'addon', 'the answer of describe-addon');
export const readAddonConfiguration = reader(addonConfiguration, undefined, 'the answer of describe-addon-configuration');
export const readAssociation = reader(association, 'association', 'the answer of describe-pod-identity-association');
export const readFargateProfile = reader(fargateProfile, 'fargateProfile', 'the answer of describe-fargate-profile');
export const readNodegroup = reader(nodegroup, 'nodegroup', 'the answer of describe-nodegroup');
export const readAccessEntry = reader(accessEntry, 'accessEntry', 'the answer of describe-access-entry');
export const readCapture = reader(capture, undefined, 'the record that podshift capture writes');

const readAddonList = reader(
  z.looseObject({ addons: z.array(addonVersions).default([]) }),
  undefined,
  'the answer of describe-addon-versions',
);
const readDetails = reader(account, undefined, 'the answer of get-account-authorization-details');
const readProviderList = reader(providers, undefined, 'the answer of list-open-id-connect-providers');
const readSummaryMap = reader(summary, undefined, 'the answer of get-account-summary');
const readTrail = reader(trail, undefined, 'the answer of lookup-events');

/** The add-ons of describe-addon-versions; versions of one add-on may stand on several pages. Throws `SnapshotUnreadable`. */
export function readAddonVersions(pages: readonly unknown[], file: string): AddonVersions[] {
  const found = new Map<string, AddonVersions>();
  for (const one of pages.flatMap((page) => readAddonList(Array.isArray(page) ? { addons: page } : page, file).addons)) {
    const known = found.get(one.addonName);
    const newer = one.addonVersions.filter((version) => !known?.addonVersions.some((other) => other.addonVersion === version.addonVersion));
    found.set(one.addonName, known === undefined ? one : { ...known, addonVersions: [...known.addonVersions, ...newer] });
  }
  return [...found.values()];
}

/** The ARNs of list-open-id-connect-providers. Throws `SnapshotUnreadable`. */
export function readProviders(value: unknown, file: string): string[] {
  const listed = Array.isArray(value)
    ? { OpenIDConnectProviderList: value.map((entry) => (typeof entry === 'string' ? { Arn: entry } : entry)) }
    : value;
  return readProviderList(listed, file).OpenIDConnectProviderList.flatMap((provider) => (provider.Arn === undefined ? [] : [provider.Arn]));
}

/** The figures of get-account-summary by name. Throws `SnapshotUnreadable`. */
export function readAccountSummary(value: unknown, file: string): Readonly<Record<string, number>> {
  return readSummaryMap(value, file).SummaryMap;
}

/** The events of lookup-events. Throws `SnapshotUnreadable`. */
export function readTrailEvents(pages: readonly unknown[], file: string): TrailEventDescription[] {
  return pages.flatMap((page) => readTrail(page, file).Events);
}

/**
 * The pages of get-account-authorization-details as one; a role that stands on two of them is one where both say the same. Throws
 * `SnapshotUnreadable`.
 */
export function readAccount(pages: readonly unknown[], file: string): AccountDescription {
  const details = pages.map((page) => readDetails(page, file));
  const roles = new Map<string, SnapshotRole>();
  for (const [index, { AssumeRolePolicyDocument, ...rest }] of details.flatMap((page) => page.RoleDetailList).entries()) {
    const field = `RoleDetailList.${index}`;
    const trustPolicy = trustText(AssumeRolePolicyDocument, file, `${field}.AssumeRolePolicyDocument`);
    const found = { ...rest, trustPolicy } as SnapshotRole;
    const key = rest.RoleName.toLowerCase();
    const known = roles.get(key);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(found))
      fail(file, `${field}.RoleName`, `role ${rest.RoleName} is listed twice; expected each role once`);
    roles.set(key, found);
  }
  const policies = new Map(details.flatMap((page) => page.Policies.filter(({ Arn }) => Arn !== '')).map((one) => [one.Arn, one]));
  return {
    roles: [...roles.values()],
    policies: [...policies.values()],
    users: details.flatMap((page) => page.UserDetailList),
    groups: details.flatMap((page) => page.GroupDetailList),
  };
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
    const given = withoutNulls(value);
    const inner = outerKey !== undefined && isRecord(given) && outerKey in given ? given[outerKey] : given;
    const result = schema.safeParse(inner);
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'the document' : issue.path.join('.');
    return fail(file, field, `${problemOf(issue)}; expected ${expected}`);
  };
}

/** What is wrong, without the schema library's words. */
function problemOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'invalid_type') {
    const found = /received (\w+)$/.exec(issue.message)?.[1];
    return found === undefined || found === 'undefined' ? 'it is missing' : `it is of type ${found}, not ${issue.expected}`;
  }
  if (issue?.code === 'too_small') return 'it is empty';
  return issue?.code === 'invalid_union' ? 'it is missing, or of another type' : (issue?.message ?? 'not as expected');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fail(file: string, field: string, problem: string): never {
  throw new PodshiftError('SnapshotUnreadable', `${file}: ${field}: ${problem}`, { details: { file, field } });
}
