import {
  CreateAddonCommand,
  DeleteAddonCommand,
  DescribeAddonCommand,
  DescribeAddonConfigurationCommand,
  DescribeUpdateCommand,
  type EKSClient,
  paginateDescribeAddonVersions,
  paginateListAddons,
  type Addon as SdkAddon,
  type Update as SdkUpdate,
  UpdateAddonCommand,
} from '@aws-sdk/client-eks';
import { awsCall, awsLookup } from './errors.ts';
import type { Addon, AddonUpdate, AddonVersion, EksGateway } from './gateways.ts';

/** The most that EKS gives in one page of any list. */
const PAGE_SIZE = 100;

/** A call of EKS, for messages. */
const eks = (operation: string) => ({ service: 'eks', operation });

type AddonOperations = Pick<
  EksGateway,
  | 'listAddons'
  | 'describeAddon'
  | 'defaultAddonVersion'
  | 'addonVersions'
  | 'describeAddonConfiguration'
  | 'createAddon'
  | 'updateAddon'
  | 'describeUpdate'
  | 'deleteAddon'
>;

/** The add-on operations of the gateway to EKS. */
export function addonOperations(clusterName: string, client: () => EKSClient): AddonOperations {
  const addonVersions = (addonName: string, kubernetesVersion: string) => listVersions(client, addonName, kubernetesVersion);
  return {
    listAddons: () =>
      awsCall(eks('ListAddons'), async () => {
        const names: string[] = [];
        for await (const page of paginateListAddons({ client: client(), pageSize: PAGE_SIZE }, { clusterName })) {
          names.push(...(page.addons ?? []));
        }
        return names;
      }),

    describeAddon: async (addonName) => {
      const answer = await awsLookup(eks('DescribeAddon'), () => client().send(new DescribeAddonCommand({ clusterName, addonName })));
      return answer?.addon === undefined ? undefined : addon(answer.addon);
    },

    defaultAddonVersion: async (addonName, kubernetesVersion) =>
      (await addonVersions(addonName, kubernetesVersion)).find((version) => version.isDefault)?.version,

    addonVersions,

    describeAddonConfiguration: async (addonName, addonVersion) => {
      const command = new DescribeAddonConfigurationCommand({ addonName, addonVersion });
      const answer = await awsLookup(eks('DescribeAddonConfiguration'), () => client().send(command));
      if (answer === undefined) return undefined;
      return {
        schema: answer.configurationSchema,
        podIdentity: (answer.podIdentityConfiguration ?? []).map((one) => ({
          serviceAccount: one.serviceAccount ?? '',
          recommendedManagedPolicies: one.recommendedManagedPolicies ?? [],
        })),
      };
    },

    createAddon: async (request) => {
      await awsCall(eks('CreateAddon'), () => client().send(new CreateAddonCommand({ clusterName, ...request })));
    },

    updateAddon: async ({ podIdentityAssociations, ...request }) => {
      const command = new UpdateAddonCommand({
        clusterName,
        ...request,
        resolveConflicts: 'PRESERVE',
        podIdentityAssociations: podIdentityAssociations.map(({ serviceAccount, roleArn }) => ({ serviceAccount, roleArn })),
      });
      const answer = await awsCall(eks('UpdateAddon'), () => client().send(command));
      return update(answer.update);
    },

    describeUpdate: async (addonName, updateId) => {
      // Without the add-on's name EKS looks among the cluster's own updates (Amazon EKS API Reference, "DescribeUpdate").
      const command = new DescribeUpdateCommand({ name: clusterName, addonName, updateId });
      const answer = await awsLookup(eks('DescribeUpdate'), () => client().send(command));
      return answer === undefined ? undefined : update(answer.update);
    },

    deleteAddon: async (addonName) => {
      await awsLookup(eks('DeleteAddon'), () => client().send(new DeleteAddonCommand({ clusterName, addonName })));
    },
  };
}

async function listVersions(client: () => EKSClient, addonName: string, kubernetesVersion: string): Promise<AddonVersion[]> {
  const found = await awsLookup(eks('DescribeAddonVersions'), async () => {
    const versions: AddonVersion[] = [];
    for await (const page of paginateDescribeAddonVersions({ client: client() }, { addonName, kubernetesVersion })) {
      for (const entry of page.addons ?? []) {
        for (const version of entry.addonVersions ?? []) {
          const fitting = (version.compatibilities ?? []).filter((one) => one.clusterVersion === kubernetesVersion);
          if (version.addonVersion === undefined || fitting.length === 0) continue;
          versions.push({
            version: version.addonVersion,
            isDefault: fitting.some((one) => one.defaultVersion === true),
            requiresIamPermissions: version.requiresIamPermissions ?? false,
            defaultNamespace: entry.defaultNamespace,
          });
        }
      }
    }
    return versions;
  });
  return found ?? [];
}

function addon(answer: SdkAddon): Addon {
  return {
    addonName: answer.addonName ?? '',
    addonVersion: answer.addonVersion ?? '',
    status: answer.status ?? '',
    serviceAccountRoleArn: answer.serviceAccountRoleArn,
    configurationValues: answer.configurationValues,
    namespace: answer.namespaceConfig?.namespace,
    podIdentityAssociations: answer.podIdentityAssociations ?? [],
    healthIssues: (answer.health?.issues ?? []).map((issue) => ({ code: issue.code ?? '', message: issue.message ?? '' })),
    tags: answer.tags ?? {},
  };
}

function update(answer: SdkUpdate | undefined): AddonUpdate {
  return {
    updateId: answer?.id ?? '',
    status: answer?.status ?? '',
    errors: (answer?.errors ?? []).map((one) => ({ code: one.errorCode ?? '', message: one.errorMessage ?? '' })),
  };
}
