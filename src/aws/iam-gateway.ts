import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  GetAccountSummaryCommand,
  GetRoleCommand,
  type IAMClient,
  ListOpenIDConnectProvidersCommand,
  paginateGetAccountAuthorizationDetails,
  paginateListRoles,
  type RoleDetail,
  type Tag,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { awsCall, awsLookup } from './errors.ts';
import type { IamGateway, Role, RolePolicy, RoleWithTags } from './gateways.ts';

/** The most that IAM gives in one page. */
const PAGE_SIZE = 1000;

/** A call of IAM, for messages. */
const iam = (operation: string) => ({ service: 'iam', operation });

/** The gateway to IAM over its SDK client. `client` is called at the first use. */
export function createIamGateway(client: () => IAMClient): IamGateway {
  return {
    listRoles: () =>
      awsCall(iam('ListRoles'), async () => {
        const roles: Role[] = [];
        for await (const page of paginateListRoles({ client: client(), pageSize: PAGE_SIZE }, {})) {
          roles.push(...(page.Roles ?? []).map(role));
        }
        return roles;
      }),

    listRolesWithTags: () =>
      awsCall(iam('GetAccountAuthorizationDetails'), async () => {
        const details: RoleDetail[] = [];
        const documents = new Map<string, string>();
        const settings = { client: client(), pageSize: PAGE_SIZE };
        for await (const page of paginateGetAccountAuthorizationDetails(settings, { Filter: ['Role', 'LocalManagedPolicy'] })) {
          details.push(...(page.RoleDetailList ?? []));
          for (const policy of page.Policies ?? []) {
            const version = policy.PolicyVersionList?.find((one) => one.IsDefaultVersion);
            documents.set(policy.Arn ?? '', decodePolicy(version?.Document ?? ''));
          }
        }
        return details.map(
          (detail): RoleWithTags => ({
            ...role(detail),
            tags: tagsOf(detail.Tags),
            policies: policiesOf(detail, documents),
            ...boundaryOf(detail, documents),
            instanceProfiles: (detail.InstanceProfileList ?? []).flatMap(({ InstanceProfileName: name }) =>
              name === undefined ? [] : [name],
            ),
          }),
        );
      }),

    getRole: async (roleName) => {
      const answer = await awsLookup(iam('GetRole'), () => client().send(new GetRoleCommand({ RoleName: roleName })));
      if (answer?.Role === undefined) {
        return undefined;
      }
      return { ...role(answer.Role), tags: tagsOf(answer.Role.Tags) };
    },

    updateAssumeRolePolicy: async (roleName, document) => {
      const command = new UpdateAssumeRolePolicyCommand({ RoleName: roleName, PolicyDocument: document });
      await awsCall(iam('UpdateAssumeRolePolicy'), () => client().send(command));
    },

    createRole: async (roleName, trustPolicy, tags) => {
      const command = new CreateRoleCommand({
        RoleName: roleName,
        AssumeRolePolicyDocument: trustPolicy,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      });
      const answer = await awsCall(iam('CreateRole'), () => client().send(command));
      return answer.Role?.Arn ?? '';
    },

    attachRolePolicy: async (roleName, policyArn) => {
      const command = new AttachRolePolicyCommand({ RoleName: roleName, PolicyArn: policyArn });
      await awsCall(iam('AttachRolePolicy'), () => client().send(command));
    },

    trustPolicyQuota: async () => {
      const answer = await awsCall(iam('GetAccountSummary'), () => client().send(new GetAccountSummaryCommand({})));
      return answer.SummaryMap?.AssumeRolePolicySizeQuota;
    },

    listOpenIdConnectProviders: async () => {
      const answer = await awsCall(iam('ListOpenIDConnectProviders'), () => client().send(new ListOpenIDConnectProvidersCommand({})));
      return (answer.OpenIDConnectProviderList ?? []).flatMap((provider) => (provider.Arn === undefined ? [] : [provider.Arn]));
    },
  };
}

function policiesOf(detail: RoleDetail, documents: ReadonlyMap<string, string>): RolePolicy[] {
  const inline = (detail.RolePolicyList ?? []).map(({ PolicyDocument }) => ({ arn: '', document: decodePolicy(PolicyDocument ?? '') }));
  const attached = (detail.AttachedManagedPolicies ?? []).map(({ PolicyArn = '' }) => ({
    arn: PolicyArn,
    document: documents.get(PolicyArn) ?? '',
  }));
  return [...inline, ...attached];
}

function boundaryOf({ PermissionsBoundary }: RoleDetail, documents: ReadonlyMap<string, string>): Pick<RoleWithTags, 'boundary'> {
  const arn = PermissionsBoundary?.PermissionsBoundaryArn;
  return arn === undefined ? {} : { boundary: { arn, document: documents.get(arn) ?? '' } };
}

function tagsOf(tags: readonly Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']));
}

function role(answer: Pick<RoleDetail, 'RoleName' | 'Arn' | 'Path' | 'AssumeRolePolicyDocument'>): Role {
  return {
    roleName: answer.RoleName ?? '',
    arn: answer.Arn ?? '',
    path: answer.Path ?? '/',
    trustPolicy: decodePolicy(answer.AssumeRolePolicyDocument ?? ''),
  };
}

/**
 * A policy document as it was stored. IAM's API URL-encodes documents by RFC 3986 and the SDK does not decode them (IAM API
 * Reference, "Role"). An encoded document cannot begin with a brace; a decoded one always does, and may hold a bare `%`.
 */
export function decodePolicy(document: string): string {
  return document.trimStart().startsWith('{') ? document : decodeURIComponent(document);
}
