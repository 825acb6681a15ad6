import type { RoleWithTags } from '../src/aws/gateways.ts';
import { takeInventory } from '../src/inventory/inventory.ts';
import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import { migrationOptions } from '../src/model/options.ts';
import { makePlan } from '../src/plan/plan.ts';
import { type FakeWorld, fakeGateways, PAGES, pagesOf } from '../test/unit/fixtures/fake-gateways.ts';

/** How big a generated cluster is. Pods and roles are spread evenly over the service accounts. */
export interface ClusterSize {
  readonly serviceAccounts: number;
  readonly pods: number;
  readonly roles: number;
}

/** What reading and planning a generated cluster took. */
export interface InventoryMeasure extends ClusterSize {
  readonly seconds: number;
  /** The process's resident memory at its highest during the work. */
  readonly megabytes: number;
  /** Requests that the real gateways would have sent. */
  readonly calls: number;
  /** The fewest that the page sizes allow: see {@link fewestCalls}. */
  readonly fewest: number;
  readonly migrating: number;
}

const ACCOUNT = '123456789012';
const ISSUER = 'oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF';
const NODES = 200;

/** A cluster of that size: one Deployment with its ReplicaSet per service account, each pod as the webhook leaves it. */
export function generateCluster(size: ClusterSize): FakeWorld {
  const objects: KubernetesObject[] = Array.from({ length: NODES }, (_, index) => node(index));
  const subjects = new Map<number, string[]>();
  for (let index = 0; index < size.serviceAccounts; index += 1) {
    const namespace = `team-${index % 100}`;
    const role = index % size.roles;
    subjects.set(role, [...(subjects.get(role) ?? []), `system:serviceaccount:${namespace}:app-${index}`]);
    const replicas = Math.floor(size.pods / size.serviceAccounts) + Number(index < size.pods % size.serviceAccounts);
    objects.push(...application(namespace, index, role, replicas));
  }
  return {
    cluster: {
      name: 'big',
      arn: `arn:aws:eks:eu-central-1:${ACCOUNT}:cluster/big`,
      version: '1.34',
      platformVersion: 'eks.9',
      status: 'ACTIVE',
      endpoint: 'https://127.0.0.1',
      certificateAuthority: '',
      oidcIssuer: `https://${ISSUER}`,
      authenticationMode: 'API',
      ipFamily: 'ipv4',
      endpointPublicAccess: true,
      autoMode: false,
      outpost: false,
      hybridNodes: false,
      tags: {},
    },
    objects,
    roles: Array.from({ length: size.roles }, (_, index) => roleOf(index, subjects.get(index) ?? [])),
    oidcProviders: [`arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}`],
    associations: [],
    addons: [],
    fargateProfiles: [],
    defaultAddonVersion: 'v1.3.8-eksbuild.2',
  };
}

function node(index: number): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `ip-10-0-${Math.floor(index / 250)}-${index % 250}.eu-central-1.compute.internal`,
      labels: { 'kubernetes.io/os': 'linux' },
    },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { operatingSystem: 'linux' } },
  };
}

function application(namespace: string, index: number, role: number, replicas: number): KubernetesObject[] {
  const name = `app-${index}`;
  const roleArn = `arn:aws:iam::${ACCOUNT}:role/role-${role}`;
  const controlledBy = (kind: string, of: string, uid: string) => [{ apiVersion: 'apps/v1', kind, name: of, uid, controller: true }];
  const labels = { app: name, 'app.kubernetes.io/part-of': namespace, 'pod-template-hash': '7d9c5b6f4' };
  const spec = {
    serviceAccountName: name,
    containers: ['server', 'proxy'].map((container) => ({
      name: container,
      image: `registry.example.com/${namespace}/${container}:1.${index % 50}.0`,
      env: Array.from({ length: 12 }, (_, at) => ({ name: `SETTING_${at}`, value: `value of setting ${at} of ${name}` })),
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '256Mi' } },
    })),
  };
  const injected = {
    ...spec,
    containers: spec.containers.map((container) => ({
      ...container,
      env: [
        ...container.env,
        { name: 'AWS_ROLE_ARN', value: roleArn },
        { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token' },
      ],
      volumeMounts: [{ name: 'aws-iam-token', mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount', readOnly: true }],
    })),
    volumes: [
      { name: 'aws-iam-token', projected: { sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com', path: 'token' } }] } },
    ],
  };
  const template = { metadata: { labels }, spec };
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace, uid: `sa-${index}`, resourceVersion: '1', annotations: { 'eks.amazonaws.com/role-arn': roleArn } },
    },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, uid: `d-${index}`, labels }, spec: { replicas, template } },
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-7d9c5b6f4`,
        namespace,
        uid: `rs-${index}`,
        labels,
        ownerReferences: controlledBy('Deployment', name, `d-${index}`),
      },
      spec: { replicas, template },
    },
    ...Array.from({ length: replicas }, (_, at) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${name}-7d9c5b6f4-${at}`,
        namespace,
        uid: `p-${index}-${at}`,
        labels,
        ownerReferences: controlledBy('ReplicaSet', `${name}-7d9c5b6f4`, `rs-${index}`),
      },
      spec: { ...injected, nodeName: `ip-10-0-0-${(index + at) % NODES}.eu-central-1.compute.internal` },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    })),
  ];
}

function roleOf(index: number, subjects: readonly string[]): RoleWithTags {
  const trustPolicy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { [`${ISSUER}:sub`]: subjects, [`${ISSUER}:aud`]: 'sts.amazonaws.com' } },
      },
    ],
  });
  return { roleName: `role-${index}`, arn: `arn:aws:iam::${ACCOUNT}:role/role-${index}`, path: '/', trustPolicy, tags: {} };
}

/** Kinds whose lists are read whether or not the cluster has any: the empty ones cost one call each. */
const EMPTY_LISTS = ['statefulsets', 'daemonsets', 'replicationcontrollers', 'jobs', 'cronjobs', 'rollouts', 'poddisruptionbudgets'];

/**
 * The fewest calls that tell all that decisions need: every page of every list, one look at what kinds there
 * are, the cluster, and the agent's default version with its configuration.
 */
export function fewestCalls(size: ClusterSize): number {
  const { serviceAccounts, pods, roles } = size;
  const kubernetes = [NODES, serviceAccounts, pods, serviceAccounts, serviceAccounts].map((items) => pagesOf(items, PAGES.kubernetes));
  const lists = kubernetes.reduce((sum, pages) => sum + pages, EMPTY_LISTS.length + 1);
  const eks = [
    'DescribeCluster',
    'ListAddons',
    'ListPodIdentityAssociations',
    'ListFargateProfiles',
    'DescribeAddonVersions',
    'DescribeAddonConfiguration',
    'ListAccessEntries',
  ].length;
  // Beside them one list of OIDC providers, the account's figures, the network policies, and one look at IRSA's exchanges in CloudTrail.
  return lists + eks + pagesOf(roles, PAGES.roles) + 1 + 1 + 1 + 1;
}

/** Takes the inventory of a generated cluster and plans it. The gateways are in memory: what is measured is podshift's own work. */
export async function measureInventory(size: ClusterSize): Promise<InventoryMeasure> {
  const { aws, kubernetes, calls } = fakeGateways(generateCluster(size));
  const options = migrationOptions.parse({});
  const clock = { now: () => 0 };
  let peak = process.memoryUsage.rss();
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 10);
  const from = performance.now();
  const inventory = await takeInventory(aws, kubernetes, options, clock);
  peak = Math.max(peak, process.memoryUsage.rss());
  const plan = makePlan(inventory, options, clock);
  const seconds = (performance.now() - from) / 1000;
  clearInterval(sampler);
  return {
    ...size,
    seconds,
    megabytes: Math.max(peak, process.memoryUsage.rss()) / 1024 / 1024,
    calls: Object.values(calls).reduce((sum, count) => sum + count, 0),
    fewest: fewestCalls(size),
    migrating: plan.units.filter((unit) => unit.decision === 'migrate').length,
  };
}
