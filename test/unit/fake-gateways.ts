import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type {
  Addon,
  AddonVersion,
  Association,
  AwsGateways,
  Cluster,
  FargateProfile,
  Nodegroup,
  RoleWithTags,
} from '../../src/aws/gateways.ts';
import type { KubernetesGateway, KubernetesObject, Resource } from '../../src/kubernetes/gateway.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { noCalls } from '../../src/model/run.ts';

/** Objects in memory behind the gateways' interfaces: what an inventory reads, and nothing else. */
export interface FakeWorld {
  cluster: Cluster;
  objects: KubernetesObject[];
  roles: RoleWithTags[];
  /** `denied` for a caller that may not list them. */
  oidcProviders: string[] | 'denied' | 'failing';
  /** Whether the caller may read the account's authorization details; allowed where absent. */
  authorizationDetails?: 'denied';
  associations: Association[];
  addons: Addon[];
  fargateProfiles: FargateProfile[];
  /** Principals with an access entry; none where absent. */
  accessEntries?: string[] | 'denied';
  nodegroups?: Nodegroup[];
  defaultAddonVersion: string | undefined;
  addonVersions?: AddonVersion[];
  /** Service accounts that a version of an add-on can give a role by Pod Identity, by `NAME@VERSION`. */
  podIdentity?: Readonly<Record<string, readonly string[]>>;
  /** The configuration schema of a version of an add-on, as text, by `NAME@VERSION`. */
  schemas?: Readonly<Record<string, string>>;
}

/** Page sizes of the real services: ListRoles 1,000, EKS lists 100, Kubernetes lists 500, OIDC providers unpaged. */
export const PAGES = { roles: 1000, eks: 100, kubernetes: 500 } as const;

export const pagesOf = (items: number, size: number): number => Math.max(1, Math.ceil(items / size));

const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Gateways over a world, and the requests that the real ones would have sent for what was asked. */
export function fakeGateways(world: FakeWorld) {
  const calls = noCalls();
  const log: string[] = [];
  const count = (service: keyof typeof calls, operation: string, requests = 1) => {
    calls[service] += requests;
    log.push(operation);
  };
  const unused = (): never => {
    throw new Error('an inventory writes nothing');
  };
  const aws: AwsGateways = {
    eks: {
      listClusters: unused,
      describeCluster: async () => {
        count('eks', 'DescribeCluster');
        return clone(world.cluster);
      },
      listAssociations: async () => {
        count('eks', 'ListPodIdentityAssociations', pagesOf(world.associations.length, PAGES.eks));
        return clone(world.associations);
      },
      describeAssociation: async (id) => {
        count('eks', 'DescribePodIdentityAssociation');
        return clone(world.associations).find(({ associationId }) => associationId === id);
      },
      createAssociation: unused,
      deleteAssociation: unused,
      listAddons: async () => {
        count('eks', 'ListAddons', pagesOf(world.addons.length, PAGES.eks));
        return world.addons.map(({ addonName }) => addonName);
      },
      describeAddon: async (name) => {
        count('eks', 'DescribeAddon');
        return clone(world.addons).find(({ addonName }) => addonName === name);
      },
      defaultAddonVersion: async () => {
        count('eks', 'DescribeAddonVersions');
        return world.defaultAddonVersion;
      },
      addonVersions: async () => {
        count('eks', 'DescribeAddonVersions');
        return clone(world.addonVersions ?? []);
      },
      describeAddonConfiguration: async (name, version) => {
        count('eks', 'DescribeAddonConfiguration');
        const serviceAccounts = world.podIdentity?.[`${name}@${version}`] ?? [];
        const schema = world.schemas?.[`${name}@${version}`];
        if (serviceAccounts.length === 0 && schema === undefined) return undefined;
        return {
          schema,
          podIdentity: serviceAccounts.map((serviceAccount) => ({ serviceAccount, recommendedManagedPolicies: [] })),
        };
      },
      updateAddon: unused,
      describeUpdate: unused,
      createAddon: unused,
      deleteAddon: unused,
      listFargateProfiles: async () => {
        count('eks', 'ListFargateProfiles', pagesOf(world.fargateProfiles.length, PAGES.eks) + world.fargateProfiles.length);
        return clone(world.fargateProfiles);
      },
      listAccessEntries: async () => {
        count('eks', 'ListAccessEntries');
        if (world.accessEntries === 'denied') throw new PodshiftError('AccessDenied', 'eks:ListAccessEntries is not allowed');
        return [...(world.accessEntries ?? [])];
      },
      listNodegroups: async () => {
        count('eks', 'ListNodegroups', 1 + (world.nodegroups?.length ?? 0));
        return clone(world.nodegroups ?? []);
      },
    },
    iam: {
      listRoles: async () => {
        count('iam', 'ListRoles', pagesOf(world.roles.length, PAGES.roles));
        return clone(world.roles).map(({ tags: _, ...role }) => role);
      },
      listRolesWithTags: async () => {
        if (world.authorizationDetails === 'denied')
          throw new PodshiftError('AccessDenied', 'iam:GetAccountAuthorizationDetails is not allowed');
        count('iam', 'GetAccountAuthorizationDetails', pagesOf(world.roles.length, PAGES.roles));
        return clone(world.roles);
      },
      getRole: async (name) => {
        count('iam', `GetRole ${name}`);
        return clone(world.roles.find(({ roleName }) => roleName === name));
      },
      updateAssumeRolePolicy: unused,
      createRole: unused,
      attachRolePolicy: unused,
      listOpenIdConnectProviders: async () => {
        count('iam', 'ListOpenIDConnectProviders');
        if (world.oidcProviders === 'denied') throw new PodshiftError('AccessDenied', 'iam:ListOpenIDConnectProviders is not allowed');
        if (world.oidcProviders === 'failing') throw new PodshiftError('ServiceUnavailable', 'IAM did not answer');
        return [...world.oidcProviders];
      },
    },
    sts: { getCallerIdentity: unused },
    cloudTrail: {
      lookupEvents: async () => {
        count('cloudtrail', 'LookupEvents');
        return [];
      },
    },
  };
  const served = (resource: Resource) => {
    const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
    return world.objects.filter((object) => object.kind === resource.kind && object.apiVersion === apiVersion);
  };
  const kubernetes: KubernetesGateway = {
    list: async (resource) => {
      const found = served(resource);
      count('kubernetes', `list ${resource.plural} ${resource.version}`, pagesOf(found.length, PAGES.kubernetes));
      return clone(found);
    },
    get: async (resource, namespace, name) => {
      count('kubernetes', `get ${resource.plural} ${namespace}/${name}`);
      return clone(served(resource)).find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
    },
    patch: unused,
    create: unused,
    delete: unused,
    evict: unused,
  };
  return { aws, kubernetes, calls, log };
}

/** Reads a snapshot folder's files as they are, and adds the pods and ReplicaSets that controllers would have made. */
export function readWorld(folder: string): FakeWorld {
  const json = (...path: string[]) => JSON.parse(readFileSync(join(folder, ...path), 'utf8'));
  const files = (part: string): string[] => {
    try {
      return readdirSync(join(folder, part)).map((name) => join(part, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  };
  const { cluster } = json('eks', 'cluster.json');
  const objects = files('kubernetes').flatMap((path) => {
    const documents = parseAllDocuments(readFileSync(join(folder, path), 'utf8')).map((document) => document.toJS({ maxAliasCount: -1 }));
    return documents.filter(Boolean).flatMap((object) => (object.kind === 'List' ? object.items : [object])) as KubernetesObject[];
  });
  const named = objects.map((object, index) => withServerFields(object, `uid-${index}`));
  const decode = (document: unknown) => (typeof document === 'string' ? decodeURIComponent(document) : JSON.stringify(document));
  return {
    cluster: {
      name: cluster.name,
      arn: cluster.arn,
      version: cluster.version,
      platformVersion: cluster.platformVersion,
      status: cluster.status,
      endpoint: cluster.endpoint,
      certificateAuthority: '',
      oidcIssuer: cluster.identity?.oidc?.issuer,
      authenticationMode: cluster.accessConfig?.authenticationMode,
      ipFamily: 'ipv4',
      endpointPublicAccess: true,
      autoMode: cluster.computeConfig?.enabled === true,
      outpost: cluster.outpostConfig !== undefined,
      hybridNodes: cluster.remoteNetworkConfig !== undefined,
      tags: cluster.tags ?? {},
    },
    objects: [...named, ...named.flatMap((object) => podsOf(object, named))],
    roles: json('iam', 'account-authorization-details.json').RoleDetailList.map((role: Record<string, unknown>) => ({
      roleName: role.RoleName,
      arn: role.Arn,
      path: role.Path,
      trustPolicy: decode(role.AssumeRolePolicyDocument),
      tags: Object.fromEntries(((role.Tags ?? []) as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value])),
    })),
    oidcProviders: 'denied',
    associations: files(join('eks', 'pod-identity-associations')).map((path) => ({
      tags: {},
      disableSessionTags: false,
      ...json(path).association,
    })),
    addons: files(join('eks', 'addons')).map((path) => ({ podIdentityAssociations: [], healthIssues: [], ...json(path).addon })),
    fargateProfiles: files(join('eks', 'fargate-profiles')).map((path) => {
      const { fargateProfile } = json(path);
      return {
        name: fargateProfile.fargateProfileName,
        selectors: fargateProfile.selectors.map((selector: object) => ({ labels: {}, ...selector })),
      };
    }),
    defaultAddonVersion: 'v1.3.4-eksbuild.1',
    addonVersions: ['v1.14.1-eksbuild.1'].map((version) => ({
      version,
      isDefault: true,
      requiresIamPermissions: true,
      defaultNamespace: undefined,
    })),
    podIdentity: Object.fromEntries(
      files(join('eks', 'addon-configurations')).map((path) => {
        const { addonName, addonVersion, podIdentityConfiguration } = json(path);
        return [`${addonName}@${addonVersion}`, podIdentityConfiguration.map((one: { serviceAccount: string }) => one.serviceAccount)];
      }),
    ),
  };
}

function withServerFields(object: KubernetesObject, uid: string): KubernetesObject {
  return { ...object, metadata: { uid, resourceVersion: '1', ...object.metadata } };
}

/** The pods that a controller would run, by way of a ReplicaSet for a Deployment; none for Jobs. */
function podsOf(object: KubernetesObject, all: readonly KubernetesObject[]): KubernetesObject[] {
  if (!['Deployment', 'StatefulSet', 'DaemonSet'].includes(object.kind)) return [];
  const { name, namespace } = object.metadata;
  const owner = (kind: string, of: string, uid: string) => [{ apiVersion: 'apps/v1', kind, name: of, uid, controller: true }];
  const set = `${name}-abc`;
  const replicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: set,
      uid: `${object.metadata.uid}-rs`,
      ownerReferences: owner('Deployment', name, String(object.metadata.uid)),
      ...(namespace === undefined ? {} : { namespace }),
    },
    spec: { replicas: object.spec.replicas ?? 1, template: object.spec.template },
  };
  const nodes = all.filter(
    ({ kind, metadata }) => kind === 'Node' && !metadata.name.startsWith('fargate-') && metadata.labels?.['kubernetes.io/os'] === 'linux',
  );
  const count = object.kind === 'DaemonSet' ? nodes.length : (object.spec.replicas ?? 1);
  const isDeployment = object.kind === 'Deployment';
  const pods = Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${index}`,
      ...(namespace === undefined ? {} : { namespace }),
      uid: `${object.metadata.uid}-${index}`,
      labels: object.spec.template.metadata?.labels,
      annotations: object.spec.template.metadata?.annotations,
      ownerReferences: isDeployment
        ? owner('ReplicaSet', set, `${object.metadata.uid}-rs`)
        : owner(object.kind, name, String(object.metadata.uid)),
    },
    spec: { ...object.spec.template.spec, nodeName: nodes[index % Math.max(1, nodes.length)]?.metadata.name },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  }));
  return [...(isDeployment ? [replicaSet] : []), ...pods];
}
