import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { type Snapshot, snapshotFromObjects } from '../../../twin/snapshot.ts';
import { CLUSTER_ARN, ISSUER, irsaStatement, role, roleArn, trust } from '../../support/twin-account.ts';

/** One workload that gets its credentials by a role, and how. */
export interface UnitSpec {
  /** Name of the workload. */
  readonly name: string;
  readonly namespace: string;
  /** Its service account; workloads of mechanism `split` share one. */
  readonly serviceAccount: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'CronJob';
  readonly replicas: number;
  /** Name of its role. */
  readonly role: string;
  readonly mechanism: 'irsa' | 'kube2iam' | 'split' | 'addon';
}

/** A small world. */
export interface WorldSpec {
  readonly units: readonly UnitSpec[];
  readonly nodes: number;
  /** Whether the agent is installed. */
  readonly agent: boolean;
}

/** The namespace of all units but an add-on's. */
export const NAMESPACE = 'shop';
/** The add-on of worlds that have one, and its role. */
export const ADDON = 'aws-efs-csi-driver';
/** What kube2iam goes by. */
const ROLE_KEY = 'iam.amazonaws.com/role';

const VERSIONS = {
  'eks-pod-identity-agent': 'v1.3.9-eksbuild.3',
  [ADDON]: 'v2.1.11-eksbuild.1',
};

const OFFERED = {
  addons: Object.entries(VERSIONS).map(([addonName, addonVersion]) => ({
    addonName,
    type: 'networking',
    addonVersions: [
      { addonVersion, architecture: ['amd64', 'arm64'], compatibilities: [{ clusterVersion: '1.31', defaultVersion: true }] },
    ],
  })),
};

const known = new Map<string, Snapshot>();

/** The snapshot of a world; the same one for the same world. */
export function snapshotOf(spec: WorldSpec): Snapshot {
  const key = JSON.stringify(spec);
  const snapshot = known.get(key) ?? build(spec);
  known.set(key, snapshot);
  return snapshot;
}

/** The name of a node, from 1. */
export function nodeName(number: number): string {
  return `ip-10-0-0-${number}.eu-west-1.compute.internal`;
}

/** A node of the world. */
export function node(number: number): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName(number), labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' } },
    spec: { providerID: `aws:///eu-west-1a/i-0123456789abcdef${number}` },
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      addresses: [{ type: 'InternalIP', address: `10.0.0.${number}` }],
      nodeInfo: { operatingSystem: 'linux', architecture: 'amd64' },
    },
  };
}

/** The service account of a unit. */
export function serviceAccount({ serviceAccount: name, namespace, mechanism, role: roleName }: UnitSpec): KubernetesObject {
  const isAnnotated = mechanism === 'irsa' || mechanism === 'addon';
  const annotations = isAnnotated ? { annotations: { 'eks.amazonaws.com/role-arn': roleArn(roleName) } } : {};
  const labels = mechanism === 'addon' ? { labels: { 'app.kubernetes.io/name': ADDON } } : {};
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, ...labels, ...annotations } };
}

/** What runs as a unit, as its owner's repository has it. */
export function workload(unit: UnitSpec, image = 'registry.example/app:1'): KubernetesObject {
  const { name, namespace, kind, replicas } = unit;
  const labels = { app: name };
  const pod = { serviceAccountName: unit.serviceAccount, containers: [{ name: 'app', image }] };
  const asks = unit.mechanism === 'kube2iam' || unit.mechanism === 'split';
  const podMetadata = { labels, ...(asks ? { annotations: { [ROLE_KEY]: unit.role } } : {}) };
  const metadata = { name, namespace };
  if (kind === 'CronJob') {
    const template = { metadata: podMetadata, spec: { ...pod, restartPolicy: 'Never' } };
    return { apiVersion: 'batch/v1', kind, metadata, spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template } } } };
  }
  const spec = {
    selector: { matchLabels: labels },
    template: { metadata: podMetadata, spec: pod },
    ...(kind === 'DaemonSet' ? {} : { replicas }),
  };
  return { apiVersion: 'apps/v1', kind, metadata, spec: kind === 'StatefulSet' ? { ...spec, serviceName: name } : spec };
}

/** The trust policy of a role, for the units that have it. */
export function trustOf(units: readonly UnitSpec[]): string {
  const byNode = units.some(({ mechanism }) => mechanism === 'kube2iam' || mechanism === 'split');
  const irsa = units.filter(({ mechanism }) => mechanism === 'irsa' || mechanism === 'addon');
  return trust(
    ...(byNode ? [{ Effect: 'Allow', Principal: { AWS: roleArn('node') }, Action: 'sts:AssumeRole' }] : []),
    ...irsa.map((unit) => irsaStatement(unit.namespace, unit.serviceAccount)),
  );
}

/** kube2iam, as its chart runs it. */
function kube2iam(): KubernetesObject[] {
  const labels = { name: 'kube2iam' };
  const container = {
    name: 'kube2iam',
    image: 'jtblin/kube2iam:0.11.1',
    args: [`--base-role-arn=${roleArn('')}`, '--iptables=true', '--host-ip=$(HOST_IP)', '--host-interface=eni+'],
    env: [{ name: 'HOST_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
    securityContext: { privileged: true },
  };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'kube2iam', namespace: 'kube-system' } },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'kube2iam', namespace: 'kube-system' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { hostNetwork: true, serviceAccountName: 'kube2iam', containers: [container] } },
      },
    },
  ];
}

function addon(addonName: keyof typeof VERSIONS, more: object = {}): object {
  const addonArn = `arn:aws:eks:eu-west-1:111122223333:addon/shop/${addonName}/1`;
  const times = { createdAt: '2025-01-01T00:00:00Z', modifiedAt: '2025-01-01T00:00:00Z' };
  return {
    addon: {
      addonName,
      clusterName: 'shop',
      status: 'ACTIVE',
      addonVersion: VERSIONS[addonName],
      health: { issues: [] },
      addonArn,
      ...times,
      tags: {},
      ...more,
    },
  };
}

function build({ units, nodes, agent }: WorldSpec): Snapshot {
  const roles = [...new Set(units.map((unit) => unit.role))];
  const accounts = [...new Map(units.map((unit) => [`${unit.namespace}/${unit.serviceAccount}`, unit])).values()];
  const ofAddon = units.filter(({ mechanism }) => mechanism === 'addon');
  const [driver] = ofAddon;
  return snapshotFromObjects({
    cluster: {
      cluster: {
        name: 'shop',
        arn: CLUSTER_ARN,
        version: '1.31',
        status: 'ACTIVE',
        createdAt: '2024-01-01T00:00:00Z',
        identity: { oidc: { issuer: `https://${ISSUER}` } },
        accessConfig: { authenticationMode: 'API' },
      },
    },
    account: {
      RoleDetailList: [
        ...roles.map((name) => role(name, trustOf(units.filter((unit) => unit.role === name)))),
        role('node', trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }), {
          AttachedManagedPolicies: [
            { PolicyName: 'AmazonEKSWorkerNodePolicy', PolicyArn: 'arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy' },
          ],
        }),
      ],
    },
    objects: [
      ...[...new Set([NAMESPACE, 'kube-system', ...units.map(({ namespace }) => namespace)])].map((name) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      })),
      ...Array.from({ length: nodes }, (_, index) => node(index + 1)),
      ...accounts.map(serviceAccount),
      ...units.map((unit) => workload(unit)),
      ...(units.some(({ mechanism }) => mechanism === 'kube2iam' || mechanism === 'split') ? kube2iam() : []),
    ],
    addons: [
      ...(agent ? [addon('eks-pod-identity-agent')] : []),
      ...(driver === undefined ? [] : [addon(ADDON, { serviceAccountRoleArn: roleArn(driver.role) })]),
    ],
    addonConfigurations: [
      {
        addonName: ADDON,
        addonVersion: VERSIONS[ADDON],
        configurationSchema: '{"type":"object","additionalProperties":false,"properties":{}}',
        podIdentityConfiguration: ofAddon.map((unit) => ({ serviceAccount: unit.serviceAccount, recommendedManagedPolicies: [] })),
      },
    ],
    addonVersions: OFFERED,
  });
}
