import type { Addon } from '../../src/aws/gateways.ts';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { Plan, RolePlan, UnitPlan, WorkloadPlan } from '../../src/model/plan.ts';

export const START = Date.UTC(2026, 0, 5, 10);
export const RUN = 'run-1';
export const CLUSTER_ARN = 'arn:aws:eks:eu-west-1:111122223333:cluster/shop';
export const ROLE = 'arn:aws:iam::111122223333:role/orders';
export const TARGET = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
const PREFIX = 'eks.amazonaws.com';

export const NEW_WAY = [
  { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'http://169.254.170.23/v1/credentials' },
  {
    name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    value: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token',
  },
];
export const OLD_WAY = [
  { name: 'AWS_ROLE_ARN', value: ROLE },
  { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token' },
];

export function addon(addonName: string, more: Partial<Addon> = {}): Addon {
  return {
    addonName,
    addonVersion: 'v1',
    status: 'ACTIVE',
    serviceAccountRoleArn: undefined,
    configurationValues: undefined,
    namespace: undefined,
    podIdentityAssociations: [],
    healthIssues: [],
    tags: {},
    ...more,
  };
}

export const DEPLOYMENT: WorkloadPlan = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name: 'orders',
  restart: 'rollout',
  replicas: 1,
  note: '',
};

export function unitPlan(more: Partial<UnitPlan> = {}): UnitPlan {
  return {
    id: 'shop/orders',
    namespace: 'shop',
    serviceAccount: 'orders',
    mechanism: 'irsa',
    roleArn: ROLE,
    decision: 'migrate',
    reason: '',
    wave: 0,
    findings: [],
    workloads: [DEPLOYMENT],
    removeAnnotations: [`${PREFIX}/role-arn`],
    before: { uid: 'uid-orders', resourceVersion: '1', annotations: { [`${PREFIX}/role-arn`]: ROLE }, associationId: null },
    probe: { nodeNames: ['node-1', 'node-2'], tolerations: [] },
    ...more,
  };
}

export const OIDC_TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Federated: 'arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC' },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { 'oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub': 'system:serviceaccount:shop:orders' } },
    },
    { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
});

export function planWith(units: readonly UnitPlan[], roles: readonly RolePlan[], more: Partial<Plan> = {}): Plan {
  return {
    clusterArn: CLUSTER_ARN,
    clusterName: 'shop',
    region: 'eu-west-1',
    madeAt: new Date(START).toISOString(),
    digest: 'digest-1',
    agent: { action: 'ready', addonVersion: null, nodeNames: [] },
    units,
    roles,
    findings: [],
    waves: 1 + Math.max(-1, ...units.map((unit) => unit.wave ?? -1)),
    ...more,
  };
}

export function serviceAccount(name = 'orders', annotations: Record<string, string> = { [`${PREFIX}/role-arn`]: ROLE }): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'shop', annotations } };
}

export function deployment(more: { spec?: object; status?: object; annotations?: Record<string, string> } = {}): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'orders', namespace: 'shop', generation: 1 },
    spec: {
      replicas: 1,
      template: { metadata: { ...(more.annotations === undefined ? {} : { annotations: more.annotations }) } },
      ...more.spec,
    },
    status: { observedGeneration: 99, replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1, ...more.status },
  };
}

export function runningPod(
  name: string,
  env: readonly unknown[],
  more: { ready?: boolean; owner?: string | null; createdAt?: string } = {},
): KubernetesObject {
  const { ready = true, owner = 'ReplicaSet', createdAt } = more;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      ...(createdAt === undefined ? {} : { creationTimestamp: createdAt }),
      ...(owner === null ? {} : { ownerReferences: [{ apiVersion: 'apps/v1', kind: owner, name: 'orders', uid: 'o', controller: true }] }),
    },
    spec: { serviceAccountName: 'orders', containers: [{ name: 'app', env }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}
