import { z } from 'zod';
import { fail, reader } from './snapshot-reader.ts';
import { name, roleArn, time } from './snapshot-schemas.ts';

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
/** What get-account-authorization-details says of an account. */
export interface AccountDescription {
  readonly roles: readonly SnapshotRole[];
  readonly policies: readonly PolicyDescription[];
  /** Users and groups, as they stand. */
  readonly users: readonly Readonly<Record<string, unknown>>[];
  readonly groups: readonly Readonly<Record<string, unknown>>[];
}

const readDetails = reader(account, undefined, 'the output of get-account-authorization-details');

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
