import { LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  DescribeAddonCommand,
  DescribeAddonConfigurationCommand,
  DescribeAddonVersionsCommand,
  DescribeClusterCommand,
  DescribeFargateProfileCommand,
  DescribeNodegroupCommand,
  DescribePodIdentityAssociationCommand,
  DescribeUpdateCommand,
  ListAccessEntriesCommand,
  ListAddonsCommand,
  ListFargateProfilesCommand,
  ListNodegroupsCommand,
  ListPodIdentityAssociationsCommand,
} from '@aws-sdk/client-eks';
import {
  GetAccountAuthorizationDetailsCommand,
  GetAccountSummaryCommand,
  GetRoleCommand,
  ListOpenIDConnectProvidersCommand,
  ListRolesCommand,
} from '@aws-sdk/client-iam';
import type { Clients } from './clients.ts';

/** What the reads are asked about. */
export interface ReadFacts {
  readonly cluster: string;
  /** Name of a role of the account; one that is not there will do, too. */
  readonly roleName: string;
}

/** A read that asks for as little as the action can. */
type Read = (clients: Clients, facts: ReadFacts) => Promise<unknown>;

const ONE = { maxResults: 1 };

/** An add-on that every cluster knows, installed or not. */
const AGENT = 'eks-pod-identity-agent';

/** Of an object that is not there: AWS says so only to who may ask. */
const NOBODY = 'podshift-doctor';

/**
 * How each action that reads is really tried, by its name: with one object of a list, or one that is not there. An action that is not here is one
 * that writes, or that no call tells about.
 */
export const READS: Readonly<Record<string, Read>> = {
  'eks:DescribeCluster': ({ eks }, { cluster: name }) => eks.send(new DescribeClusterCommand({ name })),
  'eks:ListPodIdentityAssociations': ({ eks }, { cluster: clusterName }) =>
    eks.send(new ListPodIdentityAssociationsCommand({ clusterName, ...ONE })),
  'eks:DescribePodIdentityAssociation': async ({ eks }, { cluster: clusterName }) => {
    const { associations = [] } = await orNothing(eks.send(new ListPodIdentityAssociationsCommand({ clusterName, ...ONE })));
    const associationId = associations[0]?.associationId ?? 'a-00000000000000000';
    return eks.send(new DescribePodIdentityAssociationCommand({ clusterName, associationId }));
  },
  'eks:ListAddons': ({ eks }, { cluster: clusterName }) => eks.send(new ListAddonsCommand({ clusterName, ...ONE })),
  'eks:DescribeAddon': ({ eks }, { cluster: clusterName }) => eks.send(new DescribeAddonCommand({ clusterName, addonName: AGENT })),
  'eks:DescribeAddonVersions': ({ eks }) => eks.send(new DescribeAddonVersionsCommand({ addonName: AGENT, ...ONE })),
  'eks:DescribeAddonConfiguration': async ({ eks }) => {
    const { addons = [] } = await orNothing(eks.send(new DescribeAddonVersionsCommand({ addonName: AGENT, ...ONE })));
    const addonVersion = addons[0]?.addonVersions?.[0]?.addonVersion ?? 'v1.0.0-eksbuild.1';
    return eks.send(new DescribeAddonConfigurationCommand({ addonName: AGENT, addonVersion }));
  },
  'eks:DescribeUpdate': ({ eks }, { cluster: name }) =>
    eks.send(new DescribeUpdateCommand({ name, updateId: '00000000-0000-4000-8000-000000000000' })),
  'eks:ListFargateProfiles': ({ eks }, { cluster: clusterName }) => eks.send(new ListFargateProfilesCommand({ clusterName, ...ONE })),
  'eks:DescribeFargateProfile': ({ eks }, { cluster: clusterName }) =>
    eks.send(new DescribeFargateProfileCommand({ clusterName, fargateProfileName: NOBODY })),
  'eks:ListAccessEntries': ({ eks }, { cluster: clusterName }) => eks.send(new ListAccessEntriesCommand({ clusterName, ...ONE })),
  'eks:ListNodegroups': ({ eks }, { cluster: clusterName }) => eks.send(new ListNodegroupsCommand({ clusterName, ...ONE })),
  'eks:DescribeNodegroup': ({ eks }, { cluster: clusterName }) =>
    eks.send(new DescribeNodegroupCommand({ clusterName, nodegroupName: NOBODY })),
  'iam:GetAccountAuthorizationDetails': ({ iam }) => iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['Role'], MaxItems: 1 })),
  'iam:ListRoles': ({ iam }) => iam.send(new ListRolesCommand({ MaxItems: 1 })),
  'iam:GetRole': ({ iam }, { roleName: RoleName }) => iam.send(new GetRoleCommand({ RoleName })),
  'iam:GetAccountSummary': ({ iam }) => iam.send(new GetAccountSummaryCommand({})),
  'iam:ListOpenIDConnectProviders': ({ iam }) => iam.send(new ListOpenIDConnectProvidersCommand({})),
  'cloudtrail:LookupEvents': ({ cloudTrail }) => cloudTrail.send(new LookupEventsCommand({ MaxResults: 1 })),
};

/** What a list answers, or nothing where it may not be read: that is told by its own check. */
function orNothing<T extends object>(answer: Promise<T>): Promise<Partial<T>> {
  return answer.catch((): Partial<T> => ({}));
}
