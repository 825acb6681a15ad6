import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { type Snapshot, snapshotFromObjects } from '../../../twin/snapshot.ts';
import { CLUSTER_ARN, ISSUER, irsaStatement, role, roleArn, trust } from '../../support/twin-account.ts';

/** One service account that is to be migrated, and what runs as it. */
export interface UnitSpec {
  /** Name of the service account and its workload. */
  readonly name: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'CronJob';
  readonly replicas: number;
  /** Name of its role: its own, where it is its own name. */
  readonly role: string;
  readonly mechanism: 'irsa' | 'kube2iam';
}

/** A small world. */
export interface WorldSpec {
  readonly units: readonly UnitSpec[];
  readonly nodes: number;
  /** Whether the agent is installed. */
  readonly agent: boolean;
}

/** The namespace of all units. */
export const NAMESPACE = 'shop';

const AGENT_VERSIONS = {
  addons: [
    {
      addonName: 'eks-pod-identity-agent',
      type: 'networking',
      addonVersions: [
        {
          addonVersion: 'v1.3.9-eksbuild.3',
          architecture: ['amd64', 'arm64'],
          compatibilities: [{ clusterVersion: '1.31', defaultVersion: true }],
        },
      ],
    },
  ],
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
export function serviceAccount(unit: UnitSpec): KubernetesObject {
  const annotations = unit.mechanism === 'irsa' ? { annotations: { 'eks.amazonaws.com/role-arn': roleArn(unit.role) } } : {};
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: unit.name, namespace: NAMESPACE, ...annotations } };
}

/** What runs as a unit, as its owner's repository has it. */
export function workload({ name, kind, replicas }: UnitSpec, image = 'registry.example/app:1'): KubernetesObject {
  const labels = { app: name };
  const pod = { serviceAccountName: name, containers: [{ name: 'app', image }] };
  const metadata = { name, namespace: NAMESPACE };
  if (kind === 'CronJob') {
    const template = { metadata: { labels }, spec: { ...pod, restartPolicy: 'Never' } };
    return { apiVersion: 'batch/v1', kind, metadata, spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template } } } };
  }
  const template = { metadata: { labels }, spec: pod };
  const spec = { selector: { matchLabels: labels }, template, ...(kind === 'DaemonSet' ? {} : { replicas }) };
  return { apiVersion: 'apps/v1', kind, metadata, spec: kind === 'StatefulSet' ? { ...spec, serviceName: name } : spec };
}

/** The trust policy of a role, for the units that have it. */
export function trustOf(units: readonly UnitSpec[]): string {
  return trust(...units.map(({ name }) => irsaStatement(NAMESPACE, name)));
}

function build({ units, nodes, agent }: WorldSpec): Snapshot {
  const roles = [...new Set(units.map((unit) => unit.role))];
  const addon = {
    addon: {
      addonName: 'eks-pod-identity-agent',
      clusterName: 'shop',
      status: 'ACTIVE',
      addonVersion: 'v1.3.9-eksbuild.3',
      health: { issues: [] },
      addonArn: `arn:aws:eks:eu-west-1:111122223333:addon/shop/eks-pod-identity-agent/1`,
      createdAt: '2025-01-01T00:00:00Z',
      modifiedAt: '2025-01-01T00:00:00Z',
      tags: {},
    },
  };
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
      ...['shop', 'kube-system'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
      ...Array.from({ length: nodes }, (_, index) => node(index + 1)),
      ...units.map(serviceAccount),
      ...units.map((unit) => workload(unit)),
    ],
    addons: agent ? [addon] : [],
    addonVersions: AGENT_VERSIONS,
  });
}
