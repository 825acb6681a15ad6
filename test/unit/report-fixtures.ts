import type { Journal } from '../../src/journal/journal.ts';
import { finding } from '../../src/model/findings.ts';
import { migrationOptions } from '../../src/model/options.ts';
import type { Plan, RolePlan, UnitPlan } from '../../src/model/plan.ts';
import type { Evidence, RoleRecord, RunRecord, UnitRecord } from '../../src/model/run.ts';

export const CLUSTER = 'arn:aws:eks:eu-central-1:444455556666:cluster/pier';
export const roleArn = (name: string, account = '444455556666'): string => `arn:aws:iam::${account}:role/${name}`;

const PROVIDER = 'oidc.eks.eu-central-1.amazonaws.com/id/0A1B';

/** A trust policy for IRSA, and with `namespace/name` given, with a Pod Identity statement for it. */
export function trust(serviceAccount: string, podIdentity = false): string {
  const irsa = {
    Effect: 'Allow',
    Principal: { Federated: `arn:aws:iam::444455556666:oidc-provider/${PROVIDER}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${PROVIDER}:sub`]: `system:serviceaccount:${serviceAccount.replace('/', ':')}` } },
  };
  const [namespace, name] = serviceAccount.split('/');
  const ours = {
    Sid: 'Podshift0123456789ab0',
    Effect: 'Allow',
    Principal: { Service: 'pods.eks.amazonaws.com' },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
    Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': namespace, 'aws:RequestTag/kubernetes-service-account': name } },
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: podIdentity ? [irsa, ours] : [irsa] });
}

export function unit(id: string, changes: Partial<UnitPlan> = {}): UnitPlan {
  const [namespace = '', serviceAccount = ''] = id.split('/');
  return {
    id,
    namespace,
    serviceAccount,
    mechanism: 'irsa',
    roleArn: roleArn(`pier-${serviceAccount}`),
    decision: 'migrate',
    reason: '',
    wave: 1,
    findings: [],
    workloads: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: serviceAccount, restart: 'rollout', replicas: 2, note: '' }],
    removeAnnotations: ['eks.amazonaws.com/role-arn'],
    before: { uid: 'u', resourceVersion: '1', annotations: {}, associationId: null },
    probe: { nodeNames: [], tolerations: [] },
    ...changes,
  };
}

export function role(serviceAccount: string, changed = true): RolePlan {
  const name = serviceAccount.split('/')[1] ?? '';
  const before = trust(serviceAccount);
  return {
    roleArn: roleArn(`pier-${name}`),
    roleName: `pier-${name}`,
    trustBefore: before,
    trustAfter: changed ? trust(serviceAccount, true) : before,
    waves: [],
  };
}

/** Two units that migrate, one that is associated already, one that is held; out of order, as a report must not be. */
export function plan(changes: Partial<Plan> = {}): Plan {
  return {
    clusterArn: CLUSTER,
    clusterName: 'pier',
    region: 'eu-central-1',
    madeAt: '2026-03-02T10:00:00.000Z',
    digest: 'd'.repeat(64),
    agent: { action: 'install', addonVersion: 'v1.3.8-eksbuild.2', nodeNames: ['node-1'] },
    units: [
      unit('quay/tickets', {
        workloads: [
          { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'tickets-ledger', restart: 'rollout', replicas: 3, note: '' },
          { apiVersion: 'apps/v1', kind: 'Deployment', name: 'tickets-api', restart: 'rollout', replicas: 3, note: '' },
        ],
      }),
      unit('quay/gates', { wave: 0, workloads: [] }),
      unit('dock/lamps', { decision: 'already-associated', reason: 'already associated', wave: null, findings: ['PS112'] }),
      unit('dock/cranes', {
        decision: 'hold',
        reason: 'the container crane sets AWS_ROLE_ARN by hand',
        wave: null,
        findings: ['PS301', 'PS104'],
        roleArn: roleArn('partner', '777788889999'),
      }),
    ],
    roles: [role('quay/tickets'), role('quay/gates'), role('dock/lamps', false)],
    findings: [
      finding('PS402', 'Addon/eks-pod-identity-agent', 'the add-on will be installed'),
      finding('PS301', 'Deployment/dock/cranes', 'the container crane sets AWS_ROLE_ARN by hand'),
      finding('PS112', 'ServiceAccount/dock/lamps', 'an association with the same role exists'),
      finding('PS319', 'Deployment/quay/tickets', 'the Deployment has one replica'),
    ],
    waves: 2,
    ...changes,
  };
}

/** A journal that holds what a finished run leaves behind; `changes` alter single records. */
export function journal(changes: {
  readonly plan?: Plan | undefined;
  readonly run?: Partial<RunRecord>;
  readonly units?: Readonly<Record<string, Partial<UnitRecord>>>;
  readonly roles?: readonly RoleRecord[];
  readonly evidence?: ReadonlyMap<string, readonly Evidence[]>;
}): Journal {
  const made = 'plan' in changes ? changes.plan : plan();
  const run: RunRecord = {
    runId: 'run1',
    target: { clusterName: 'pier', region: 'eu-central-1', assumeRoleArn: null },
    clusterArn: CLUSTER,
    status: 'migrated',
    reason: '',
    digest: made?.digest ?? '',
    options: migrationOptions.parse({}),
    approval: null,
    startedAt: '2026-03-02T10:00:00.000Z',
    endedAt: '2026-03-02T10:12:30.000Z',
    calls: { eks: 20, iam: 9, sts: 8, kubernetes: 120, cloudtrail: 0 },
    ...changes.run,
  };
  const units = Object.entries(changes.units ?? {}).map(([unitId, record]): UnitRecord => {
    const planned = made?.units.find((one) => one.id === unitId) ?? unit(unitId);
    return { runId: 'run1', unitId, plan: planned, status: 'migrated', reason: '', stepStartedAt: {}, facts: {}, ...record };
  });
  const known: Partial<Journal> = {
    getRun: async () => run,
    getDocument: async () => made,
    listUnits: async () => units,
    listRoles: async () => [...(changes.roles ?? [])],
    listEvidence: async () => changes.evidence ?? new Map(),
  };
  return known as Journal;
}
