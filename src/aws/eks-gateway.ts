import {
  CreatePodIdentityAssociationCommand,
  DeletePodIdentityAssociationCommand,
  DescribeClusterCommand,
  DescribeFargateProfileCommand,
  DescribeNodegroupCommand,
  DescribePodIdentityAssociationCommand,
  type EKSClient,
  type PodIdentityAssociation,
  type PodIdentityAssociationSummary,
  paginateListAccessEntries,
  paginateListClusters,
  paginateListFargateProfiles,
  paginateListNodegroups,
  paginateListPodIdentityAssociations,
  type Cluster as SdkCluster,
} from '@aws-sdk/client-eks';
import { PodshiftError } from '../model/errors.ts';
import type { ClusterTarget } from '../model/run.ts';
import { addonOperations } from './eks-addons.ts';
import { awsCall, awsLookup } from './errors.ts';
import type { Association, AssociationSummary, Cluster, EksGateway, FargateProfile, Nodegroup } from './gateways.ts';

/** The most that EKS gives in one page of any list. */
const PAGE_SIZE = 100;

/** A call of EKS, for messages. */
const eks = (operation: string) => ({ service: 'eks', operation });

/** The gateway to EKS over its SDK client. `client` is called at the first use. */
export function createEksGateway(target: ClusterTarget, client: () => EKSClient): EksGateway {
  const { clusterName } = target;
  return {
    listClusters: () =>
      awsCall(eks('ListClusters'), async () => {
        const names: string[] = [];
        for await (const page of paginateListClusters({ client: client(), pageSize: PAGE_SIZE }, {})) {
          names.push(...(page.clusters ?? []));
        }
        return names;
      }),

    describeCluster: () => describeCluster(target, client),

    listAssociations: (filter = {}) =>
      awsCall(eks('ListPodIdentityAssociations'), async () => {
        const associations: AssociationSummary[] = [];
        const pages = paginateListPodIdentityAssociations({ client: client(), pageSize: PAGE_SIZE }, { clusterName, ...filter });
        for await (const page of pages) {
          associations.push(...(page.associations ?? []).map(associationSummary));
        }
        return associations;
      }),

    describeAssociation: async (associationId) => {
      const call = eks('DescribePodIdentityAssociation');
      const command = new DescribePodIdentityAssociationCommand({ clusterName, associationId });
      const answer = await awsLookup(call, () => client().send(command));
      return answer?.association === undefined ? undefined : association(answer.association);
    },

    createAssociation: async (request) => {
      const call = eks('CreatePodIdentityAssociation');
      const answer = await awsCall(call, () => client().send(new CreatePodIdentityAssociationCommand({ clusterName, ...request })));
      if (answer.association === undefined) {
        throw new PodshiftError('InternalError', 'eks:CreatePodIdentityAssociation returned no association');
      }
      return association(answer.association);
    },

    deleteAssociation: async (associationId) => {
      const command = new DeletePodIdentityAssociationCommand({ clusterName, associationId });
      await awsLookup(eks('DeletePodIdentityAssociation'), () => client().send(command));
    },

    ...addonOperations(clusterName, client),

    listFargateProfiles: () => listFargateProfiles(clusterName, client),

    listAccessEntries: () =>
      awsCall(eks('ListAccessEntries'), async () => {
        const principals: string[] = [];
        for await (const page of paginateListAccessEntries({ client: client(), pageSize: PAGE_SIZE }, { clusterName })) {
          principals.push(...(page.accessEntries ?? []));
        }
        return principals;
      }),

    listNodegroups: () => listNodegroups(clusterName, client),
  };
}

async function describeCluster(target: ClusterTarget, client: () => EKSClient): Promise<Cluster> {
  const answer = await awsLookup(eks('DescribeCluster'), () => client().send(new DescribeClusterCommand({ name: target.clusterName })));
  if (answer?.cluster === undefined) {
    throw new PodshiftError('ClusterNotFound', `there is no cluster ${target.clusterName} in ${target.region}`);
  }
  return cluster(answer.cluster, target);
}

function cluster(answer: SdkCluster, target: ClusterTarget): Cluster {
  return {
    name: answer.name ?? target.clusterName,
    arn: answer.arn ?? '',
    version: answer.version ?? '',
    platformVersion: answer.platformVersion ?? '',
    status: answer.status ?? '',
    endpoint: answer.endpoint ?? '',
    certificateAuthority: Buffer.from(answer.certificateAuthority?.data ?? '', 'base64').toString('utf8'),
    oidcIssuer: answer.identity?.oidc?.issuer,
    authenticationMode: answer.accessConfig?.authenticationMode,
    ipFamily: answer.kubernetesNetworkConfig?.ipFamily,
    endpointPublicAccess: answer.resourcesVpcConfig?.endpointPublicAccess ?? false,
    autoMode: answer.computeConfig?.enabled ?? false,
    outpost: answer.outpostConfig !== undefined,
    ...(answer.connectorConfig === undefined ? {} : { registered: true }),
    tags: answer.tags ?? {},
    hybridNodes: (answer.remoteNetworkConfig?.remoteNodeNetworks ?? []).length > 0,
  };
}

function associationSummary(answer: PodIdentityAssociationSummary | PodIdentityAssociation): AssociationSummary {
  return {
    associationId: answer.associationId ?? '',
    associationArn: answer.associationArn ?? '',
    namespace: answer.namespace ?? '',
    serviceAccount: answer.serviceAccount ?? '',
    ownerArn: answer.ownerArn,
  };
}

function association(answer: PodIdentityAssociation): Association {
  return {
    ...associationSummary(answer),
    roleArn: answer.roleArn ?? '',
    targetRoleArn: answer.targetRoleArn,
    disableSessionTags: answer.disableSessionTags ?? false,
    tags: answer.tags ?? {},
    createdAt: answer.createdAt?.toISOString() ?? '',
  };
}

async function listFargateProfiles(clusterName: string, client: () => EKSClient): Promise<FargateProfile[]> {
  const names = await awsCall(eks('ListFargateProfiles'), async () => {
    const all: string[] = [];
    for await (const page of paginateListFargateProfiles({ client: client(), pageSize: PAGE_SIZE }, { clusterName })) {
      all.push(...(page.fargateProfileNames ?? []));
    }
    return all;
  });
  const profiles: FargateProfile[] = [];
  // One by one: EKS allows ten profiles to a cluster.
  for (const name of names) {
    const command = new DescribeFargateProfileCommand({ clusterName, fargateProfileName: name });
    const answer = await awsLookup(eks('DescribeFargateProfile'), () => client().send(command));
    if (answer?.fargateProfile !== undefined) {
      const { selectors = [], status } = answer.fargateProfile;
      profiles.push({
        name,
        ...(status === undefined ? {} : { status }),
        selectors: selectors.map((selector) => ({ namespace: selector.namespace ?? '', labels: selector.labels ?? {} })),
      });
    }
  }
  return profiles;
}

async function listNodegroups(clusterName: string, client: () => EKSClient): Promise<Nodegroup[]> {
  const names = await awsCall(eks('ListNodegroups'), async () => {
    const all: string[] = [];
    for await (const page of paginateListNodegroups({ client: client(), pageSize: PAGE_SIZE }, { clusterName })) {
      all.push(...(page.nodegroups ?? []));
    }
    return all;
  });
  const groups: Nodegroup[] = [];
  for (const name of names) {
    const command = new DescribeNodegroupCommand({ clusterName, nodegroupName: name });
    const answer = await awsLookup(eks('DescribeNodegroup'), () => client().send(command));
    if (answer?.nodegroup !== undefined) groups.push({ name, nodeRoleArn: answer.nodegroup.nodeRole ?? '' });
  }
  return groups;
}
