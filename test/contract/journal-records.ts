import type { UnitPlan } from '../../src/model/plan.ts';
import type { RoleRecord, UnitRecord } from '../../src/model/run.ts';

/** The cluster and the role of all records here. */
export const CLUSTER = 'arn:aws:eks:eu-west-1:111122223333:cluster/shop';
export const ROLE = 'arn:aws:iam::111122223333:role/team/cart';

/** What a plan says of one unit. */
export const unitPlan: UnitPlan = {
  id: 'shop/cart',
  namespace: 'shop',
  serviceAccount: 'cart',
  mechanism: 'irsa',
  roleArn: ROLE,
  decision: 'migrate',
  reason: '',
  wave: 0,
  findings: [],
  workloads: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart', restart: 'rollout', replicas: 2, note: '' }],
  removeAnnotations: ['eks.amazonaws.com/role-arn'],
  before: { uid: 'u', resourceVersion: '1', annotations: { 'eks.amazonaws.com/role-arn': ROLE }, associationId: null },
  probe: { nodeNames: ['n1'], tolerations: [{ operator: 'Exists' }] },
};
/** A unit of a run as it begins. */
export const unit = (runId: string, unitId = 'shop/cart'): UnitRecord => ({
  runId,
  unitId,
  plan: { ...unitPlan, id: unitId },
  status: 'pending',
  reason: '',
  stepStartedAt: {},
  facts: {},
});
/** A role of a run as it begins. */
export const role = (runId: string, roleArn = ROLE): RoleRecord => ({
  runId,
  roleArn,
  trustBefore: '{"a":1}',
  trustAfter: '{"a":1}',
  blocked: '',
});
/** An entry ahead of a write. */
export const intent = (runId: string, key: string, before: unknown = { a: 1 }) => ({
  runId,
  key,
  unitId: 'shop/cart',
  kind: 'trust' as const,
  object: ROLE,
  before,
});
