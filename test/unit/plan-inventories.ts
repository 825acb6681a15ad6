import type { FindingCode } from '../../src/model/findings.ts';
import type {
  AddonFacts,
  AssociationFacts,
  Inventory,
  NodeFacts,
  RoleFacts,
  ServiceAccountFacts,
  WorkloadFacts,
} from '../../src/model/inventory.ts';
import { type MigrationOptions, migrationOptions } from '../../src/model/options.ts';
import type { Decision, Plan, UnitPlan } from '../../src/model/plan.ts';
import { makePlan } from '../../src/plan/plan.ts';

export const ACCOUNT = '123456789012';
export const ISSUER = 'oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF';
export const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}`;
export const CLUSTER = `arn:aws:eks:eu-central-1:${ACCOUNT}:cluster/shop`;
export const PREFIX = 'eks.amazonaws.com';

export const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;

/** A statement for these subjects, as IRSA has it. */
export function irsaStatement(subjects: string | string[], operator = 'StringEquals'): object {
  return {
    Effect: 'Allow',
    Principal: { Federated: PROVIDER },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      [operator]: { [`${ISSUER}:sub`]: subjects },
      StringEquals: { [`${ISSUER}:aud`]: 'sts.amazonaws.com', ...(operator === 'StringEquals' ? { [`${ISSUER}:sub`]: subjects } : {}) },
    },
  };
}

export function trust(...statements: object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

export function subjectOf(id: string): string {
  return `system:serviceaccount:${id.replace('/', ':')}`;
}

export function role(name: string, ids: string[], changes: Partial<RoleFacts> = {}): RoleFacts {
  return { arn: roleArn(name), name, trustPolicy: trust(irsaStatement(ids.map(subjectOf))), owners: [], ...changes };
}

export function serviceAccount(id: string, roleName: string, changes: Partial<ServiceAccountFacts> = {}): ServiceAccountFacts {
  const [namespace = '', name = ''] = id.split('/');
  return {
    namespace,
    name,
    uid: `uid-${id}`,
    resourceVersion: '7',
    annotations: { [`${PREFIX}/role-arn`]: roleArn(roleName) },
    owners: [],
    addon: null,
    ...changes,
  };
}

export function workload(id: string, changes: Partial<WorkloadFacts> = {}): WorkloadFacts {
  const [namespace = '', name = ''] = id.split('/');
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace,
    name,
    serviceAccount: name,
    replicas: 2,
    livePods: 2,
    nodeNames: ['node-a', 'node-b'],
    candidateNodeNames: [],
    paused: false,
    idle: null,
    strategy: 'RollingUpdate',
    partition: 0,
    surge: true,
    controlledBy: null,
    owners: [],
    windows: false,
    fargate: null,
    skipsWebhook: false,
    overrides: [],
    blockingBudgets: [],
    tolerations: [],
    secretProviderClasses: [],
    ...changes,
  };
}

export function association(id: string, changes: Partial<AssociationFacts> = {}): AssociationFacts {
  const [namespace = '', name = ''] = id.split('/');
  return {
    associationId: 'a-0123456789abcdefg',
    namespace,
    serviceAccount: name,
    ownerArn: null,
    roleArn: roleArn('api'),
    targetRoleArn: null,
    disableSessionTags: false,
    podshiftRun: null,
    ...changes,
  };
}

/** A healthy add-on with the role `cni`, whose version supports Pod Identity for `aws-node`. */
export function addon(name: string, changes: Partial<AddonFacts> = {}): AddonFacts {
  return {
    name,
    version: 'v1.19.0-eksbuild.1',
    status: 'ACTIVE',
    serviceAccountRoleArn: roleArn('cni'),
    namespace: 'kube-system',
    issues: [],
    configurationHash: null,
    configurationReadable: true,
    podIdentity: ['aws-node'],
    associations: [],
    upgradeTo: null,
    ...changes,
  };
}

export function node(name: string, changes: Partial<NodeFacts> = {}): NodeFacts {
  return { name, class: 'linux', ready: true, agentReady: true, ...changes };
}

/** A cluster with one service account `shop/api` of the role `api` and its Deployment of two replicas; the agent is there. */
export function inventory(changes: Partial<Inventory> = {}): Inventory {
  return {
    version: 1,
    takenAt: '2026-01-01T00:00:00.000Z',
    cluster: {
      arn: CLUSTER,
      name: 'shop',
      region: 'eu-central-1',
      accountId: ACCOUNT,
      partition: 'aws',
      version: '1.34',
      platformVersion: 'eks.5',
      oidcIssuer: `https://${ISSUER}`,
      autoMode: false,
      outpost: false,
    },
    annotationPrefix: PREFIX,
    agent: { addon: { version: 'v1.3.8-eksbuild.2', status: 'ACTIVE' }, daemonSet: null, defaultVersion: null },
    nodes: [node('node-a'), node('node-b')],
    serviceAccounts: [serviceAccount('shop/api', 'api')],
    workloads: [workload('shop/api')],
    indirectUsers: [],
    roles: [role('api', ['shop/api'])],
    oidcProviders: [PROVIDER],
    associations: [],
    addons: [],
    legacy: [],
    ...changes,
  };
}

export const clock = { now: () => Date.UTC(2026, 0, 2) };

export function planOf(facts: Inventory, options: Partial<MigrationOptions> = {}): Plan {
  return makePlan(facts, { ...migrationOptions.parse({}), ...options }, clock);
}

/** The unit of a plan; fails where there is none. */
export function unitOf(plan: Plan, id = 'shop/api'): UnitPlan {
  const unit = plan.units.find((candidate) => candidate.id === id);
  if (unit === undefined) throw new Error(`no unit ${id}`);
  return unit;
}

export const api = (changes: Parameters<typeof serviceAccount>[2] = {}) => [serviceAccount('shop/api', 'api', changes)];
export const annotated = (arn: string) => api({ annotations: { [`${PREFIX}/role-arn`]: arn } });
export const trusted = (trustPolicy: string) => [role('api', [], { trustPolicy })];
/** The statement of `shop/api`. */
export const irsa = irsaStatement(subjectOf('shop/api'));
export const podIdentity = (condition: object) => ({
  Effect: 'Allow',
  Principal: { Service: 'pods.eks.amazonaws.com' },
  Action: ['sts:AssumeRole', 'sts:TagSession'],
  ...condition,
});
export const scoped = podIdentity({
  Condition: {
    StringEquals: {
      'aws:SourceAccount': ACCOUNT,
      'aws:RequestTag/eks-cluster-arn': CLUSTER,
      'aws:RequestTag/kubernetes-namespace': 'shop',
      'aws:RequestTag/kubernetes-service-account': 'api',
    },
  },
});
export const cluster = (changes: Partial<Inventory['cluster']>) => ({ cluster: { ...inventory().cluster, ...changes } });
export const used = (changes: Partial<WorkloadFacts>) => ({ workloads: [workload('shop/api', changes)] });

/** What is known of a cluster, and what the plan must make of it. */
export interface Case {
  facts: Partial<Inventory>;
  options?: Partial<MigrationOptions>;
  decision: Decision;
  /** All findings of the unit. */
  codes: FindingCode[];
}
