import { AwsError, denied } from './errors.ts';
import { encodeDocument, iamWire, wireDocument, wireTime } from './iam-wire.ts';
import type { RoleState } from './records.ts';
import type { AwsState } from './state.ts';
import { validateTrust } from './trust-validation.ts';

/** One action of a query service: `write` says whether it changes something, `object` what the request log names. */
export interface QueryAction {
  readonly write: boolean;
  readonly object?: (parameters: URLSearchParams) => string;
  readonly run: (parameters: URLSearchParams) => Record<string, unknown> | undefined;
}

/** IAM's actions over the twin's account (IAM API reference, 2010-05-08). */
export function iamActions(state: AwsState): Readonly<Record<string, QueryAction>> {
  const named = (parameters: URLSearchParams): RoleState => {
    const name = required(parameters, 'RoleName');
    if (!/^[\w+=,.@-]{1,64}$/.test(name)) {
      throw new AwsError(
        'ValidationError',
        400,
        'The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-',
      );
    }
    const role = state.role(name);
    if (role === undefined) throw new AwsError('NoSuchEntity', 404, `The role with name ${name} cannot be found.`);
    return role;
  };
  const object = (parameters: URLSearchParams) => parameters.get('RoleName') ?? '';
  const principalExists = (arn: string) => state.principalExists(arn);
  return {
    ListRoles: { write: false, run: (parameters) => listRoles(state, parameters) },
    GetAccountAuthorizationDetails: {
      write: false,
      run: (parameters) => {
        // To whoever took the snapshot it was denied: its roles are those of ListRoles, and nobody knows what they may do.
        if (state.snapshot.denied.includes('iam/account-authorization-details.json')) throw denied('iam');
        return authorizationDetails(state, parameters);
      },
    },
    GetAccountSummary: { write: false, run: () => accountSummary(state) },
    GetRole: {
      write: false,
      object,
      run: (parameters) => {
        const role = named(parameters);
        const { Tags, PermissionsBoundary, RoleLastUsed } = role.description;
        const more = { ...(Tags.length === 0 ? {} : { Tags }), PermissionsBoundary, RoleLastUsed: RoleLastUsed ?? {} };
        return { Role: { ...roleSummary(state, role), ...(iamWire(more) as object) } };
      },
    },
    UpdateAssumeRolePolicy: {
      write: true,
      object,
      run: (parameters) => {
        const role = named(parameters);
        const document = required(parameters, 'PolicyDocument');
        if (role.description.Path.startsWith('/aws-service-role/')) {
          throw new AwsError(
            'UnmodifiableEntity',
            400,
            `Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`,
          );
        }
        validateTrust(document, { accountId: state.accountId, principalExists, sizeLimit: state.trustSizeLimit });
        state.writeTrust(role, document, 'request');
        return undefined;
      },
    },
    CreateRole: {
      write: true,
      object,
      run: (parameters) => ({ Role: roleSummary(state, createRole(state, parameters, principalExists)) }),
    },
    DeleteRole: {
      write: true,
      object,
      run: (parameters) => {
        const role = named(parameters);
        const { AttachedManagedPolicies, RolePolicyList, InstanceProfileList } = role.description;
        const left = AttachedManagedPolicies.length > 0 ? 'detach all policies' : RolePolicyList.length > 0 ? 'delete policies' : '';
        const why = left === '' && InstanceProfileList.length > 0 ? 'remove roles from instance profile' : left;
        if (why !== '') throw new AwsError('DeleteConflict', 409, `Cannot delete entity, must ${why} first.`);
        state.deleteRole(role, 'request');
        return undefined;
      },
    },
    DetachRolePolicy: {
      write: true,
      object,
      run: (parameters) => {
        const { AttachedManagedPolicies: attached } = named(parameters).description;
        const PolicyArn = required(parameters, 'PolicyArn');
        const index = attached.findIndex((policy) => policy.PolicyArn === PolicyArn);
        if (index === -1) throw new AwsError('NoSuchEntity', 404, `Policy ${PolicyArn} was not found.`);
        attached.splice(index, 1);
        return undefined;
      },
    },
    AttachRolePolicy: {
      write: true,
      object,
      run: (parameters) => {
        const { AttachedManagedPolicies: attached } = named(parameters).description;
        const PolicyArn = required(parameters, 'PolicyArn');
        if (!attached.some((policy) => policy.PolicyArn === PolicyArn))
          attached.push({ PolicyName: PolicyArn.split('/').at(-1) ?? '', PolicyArn });
        return undefined;
      },
    },
    ListOpenIDConnectProviders: {
      write: false,
      run: () => ({ OpenIDConnectProviderList: [...state.openIdConnectProviders].map((Arn) => ({ Arn })) }),
    },
    GetOpenIDConnectProvider: {
      write: false,
      object: (parameters) => parameters.get('OpenIDConnectProviderArn') ?? '',
      run: (parameters) => openIdConnectProvider(state, required(parameters, 'OpenIDConnectProviderArn')),
    },
    ListRolePolicies: {
      write: false,
      object,
      run: (parameters) => ({
        PolicyNames: named(parameters).description.RolePolicyList.map((policy) => policy.PolicyName),
        IsTruncated: false,
      }),
    },
    GetRolePolicy: {
      write: false,
      object,
      run: (parameters) => {
        const role = named(parameters);
        const name = required(parameters, 'PolicyName');
        const policy = role.description.RolePolicyList.find((one) => one.PolicyName === name);
        if (policy === undefined) throw new AwsError('NoSuchEntity', 404, `The role policy with name ${name} cannot be found.`);
        return { RoleName: role.name, PolicyName: name, PolicyDocument: wireDocument(policy.PolicyDocument) ?? '' };
      },
    },
    ListAttachedRolePolicies: {
      write: false,
      object,
      run: (parameters) => ({
        AttachedPolicies: named(parameters).description.AttachedManagedPolicies.map(({ PolicyName, PolicyArn }) => ({
          PolicyName,
          PolicyArn,
        })),
        IsTruncated: false,
      }),
    },
  };
}

/** A registered provider; its audience and thumbprint are those that every EKS cluster's has (eksctl, pkg/iam/oidc). */
function openIdConnectProvider(state: AwsState, arn: string): Record<string, unknown> {
  if (!state.openIdConnectProviders.has(arn)) throw new AwsError('NoSuchEntity', 404, `OpenIDConnect Provider not found for arn ${arn}`);
  return {
    Url: arn.slice(arn.indexOf('/') + 1),
    ClientIDList: ['sts.amazonaws.com'],
    ThumbprintList: ['9e99a48a9960b14926bb7f3b02e22da2b0ab7280'],
    CreateDate: wireTime(state.cluster.createdAt ?? '2020-01-01T00:00:00Z'),
    Tags: [],
  };
}

function createRole(state: AwsState, parameters: URLSearchParams, principalExists: (arn: string) => boolean): RoleState {
  const name = required(parameters, 'RoleName');
  const document = required(parameters, 'AssumeRolePolicyDocument');
  if (state.role(name) !== undefined) throw new AwsError('EntityAlreadyExists', 409, `Role with name ${name} already exists.`);
  validateTrust(document, { accountId: state.accountId, principalExists, sizeLimit: state.trustSizeLimit });
  const tags = [...parameters].filter(([key]) => /^Tags\.member\.\d+\.Key$/.test(key));
  return state.createRole(
    name,
    document,
    tags.map(([key, Key]) => ({ Key, Value: parameters.get(key.replace(/Key$/, 'Value')) ?? '' })),
    'request',
  );
}

/** A parameter that must be there. Throws `ValidationError`. */
export function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name);
  if (value !== null && value !== '') return value;
  const field = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  throw new AwsError(
    'ValidationError',
    400,
    `1 validation error detected: Value null at '${field}' failed to satisfy constraint: Member must not be null`,
  );
}

function listRoles(state: AwsState, parameters: URLSearchParams): Record<string, unknown> {
  const prefix = parameters.get('PathPrefix') ?? '/';
  const { items, rest } = pageOfRoles(state, parameters, (role) => role.description.Path.startsWith(prefix));
  return { ...rest, Roles: items.map((role) => roleSummary(state, role)) };
}

/** Roles page by page; users, groups and policies all on the first page. An absent filter means all kinds (IAM API Reference). */
function authorizationDetails(state: AwsState, parameters: URLSearchParams): Record<string, unknown> {
  const kinds = [...parameters].filter(([name]) => name.startsWith('Filter.member.')).map(([, kind]) => kind);
  const wants = (kind: string) => kinds.length === 0 || kinds.includes(kind);
  const { items, rest } = pageOfRoles(state, parameters, () => wants('Role'));
  const first = !parameters.has('Marker');
  const { users, groups, policies } = state.snapshot;
  const ofAws = (arn: string) => arn.split(':')[4] === 'aws';
  return {
    ...rest,
    UserDetailList: first && wants('User') ? iamWire(users) : [],
    GroupDetailList: first && wants('Group') ? iamWire(groups) : [],
    RoleDetailList: items.map((role) => roleDetail(state, role)),
    Policies: first ? iamWire(policies.filter(({ Arn }) => wants(ofAws(Arn) ? 'AWSManagedPolicy' : 'LocalManagedPolicy'))) : [],
  };
}

/** A role with all that is known of it. */
function roleDetail(state: AwsState, role: RoleState): Record<string, unknown> {
  const { trustPolicy: _, ...rest } = role.description;
  return { ...(iamWire(rest) as object), ...roleSummary(state, role) };
}

/** The account's figures: what the snapshot has, and what the twin counts itself. */
function accountSummary(state: AwsState): Record<string, unknown> {
  const figures = {
    Roles: state.roles.size,
    Providers: state.openIdConnectProviders.size,
    AssumeRolePolicySizeQuota: state.trustSizeLimit,
  };
  const entries = Object.entries({ ...state.snapshot.accountSummary, ...figures });
  return { SummaryMap: { entry: entries.map(([key, value]) => ({ key, value })) } };
}

function pageOfRoles(state: AwsState, parameters: URLSearchParams, isWanted: (role: RoleState) => boolean) {
  const limit = Number(parameters.get('MaxItems') ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw new AwsError(
      'ValidationError',
      400,
      `1 validation error detected: Value '${parameters.get('MaxItems')}' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000`,
    );
  }
  const marker = parameters.get('Marker');
  const start = marker === null ? 0 : Number(Buffer.from(marker, 'base64url').toString('utf8').replace('roles:', ''));
  if (!Number.isInteger(start) || start < 0) throw new AwsError('ValidationError', 400, 'Invalid Marker.');
  const roles = [...state.roles.values()].filter(isWanted).sort((a, b) => (a.name < b.name ? -1 : 1));
  const more = start + limit < roles.length;
  return {
    items: roles.slice(start, start + limit),
    rest: { IsTruncated: more, ...(more ? { Marker: Buffer.from(`roles:${start + limit}`).toString('base64url') } : {}) },
  };
}

/** A role as lists show it: without tags, boundary and last use. */
function roleSummary(state: AwsState, role: RoleState): Record<string, unknown> {
  const { Path, RoleName, RoleId, Arn, CreateDate, Description, MaxSessionDuration } = role.description;
  return {
    Path,
    RoleName,
    RoleId,
    Arn,
    CreateDate: wireTime(CreateDate ?? '2020-01-01T00:00:00Z'),
    AssumeRolePolicyDocument: encodeDocument(state.readTrust(role).text),
    ...(typeof Description === 'string' ? { Description } : {}),
    MaxSessionDuration: MaxSessionDuration ?? 3600,
  };
}
