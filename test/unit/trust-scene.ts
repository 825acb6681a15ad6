import type { RolePlan, ServiceAccountName, UnitPlan } from '../../src/model/plan.ts';
import type { RoleRecord, UnitRecord, UnitStatus } from '../../src/model/run.ts';
import { admitServiceAccounts, admitsPodIdentity, parseTrustPolicy, type TrustPolicy } from '../../src/trust/index.ts';
import { beginRun, CLUSTER_ARN, type FakeMigration, fakeMigration, OIDC_TRUST, planWith, ROLE, RUN, unitPlan } from './fake-migration.ts';

const ACCOUNT = '111122223333';
export const ORDERS: ServiceAccountName = { namespace: 'shop', name: 'orders' };
export const BILLS: ServiceAccountName = { namespace: 'shop', name: 'bills' };
/** The two writes of the role's trust policy. */
export const FIRST = { runId: RUN, roleArn: ROLE, wave: 0 };
export const SECOND = { ...FIRST, wave: 1 };

function policyOf(text: string): TrustPolicy {
  const parsed = parseTrustPolicy(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.policy;
}

/** The text that also admits these service accounts. */
export function admit(text: string, serviceAccounts: readonly ServiceAccountName[]): string {
  const result = admitServiceAccounts(policyOf(text), {
    clusterArn: CLUSTER_ARN,
    accountId: ACCOUNT,
    serviceAccounts,
    scope: 'service-account',
  });
  if (result.kind !== 'changed') throw new Error(result.kind);
  return result.text;
}

export const AFTER_FIRST = admit(OIDC_TRUST, [ORDERS]);
export const AFTER_SECOND = admit(AFTER_FIRST, [BILLS]);
/** One role of two units, which come in two waves. */
export const ROLE_PLAN: RolePlan = {
  roleArn: ROLE,
  roleName: 'orders',
  trustBefore: OIDC_TRUST,
  trustAfter: AFTER_SECOND,
  waves: [
    { wave: 0, admit: [ORDERS], trustAfter: AFTER_FIRST },
    { wave: 1, admit: [BILLS], trustAfter: AFTER_SECOND },
  ],
};
const UNITS: readonly Partial<UnitPlan>[] = [{}, { id: 'shop/bills', serviceAccount: 'bills', wave: 1 }];

/** What the tests of a role's trust policy share. */
export interface TrustScene {
  /** A new run of the role's two units; handed to the test by `use`. */
  begin(role?: RolePlan, options?: Record<string, unknown>): Promise<void>;
  /** The role's trust policy as IAM has it. */
  trust(): string;
  setTrust(trustPolicy: string): void;
  record(): Promise<RoleRecord>;
  end(unitId: string, status: UnitStatus): Promise<UnitRecord>;
  /** Whether the role admits a service account of the namespace `shop`. */
  admits(serviceAccount: string): string;
}

/** The scene; `use` gets each new fake before the run begins in it. */
export function trustScene(use: (fake: FakeMigration) => void): TrustScene {
  let fake: FakeMigration;
  const trust = () => fake.account.roles.get('orders')?.trustPolicy ?? '';
  return {
    begin: async (role = ROLE_PLAN, options = {}) => {
      fake = await fakeMigration();
      use(fake);
      await beginRun(fake, planWith(UNITS.map(unitPlan), [role]), options);
    },
    trust,
    setTrust: (trustPolicy) => {
      const role = fake.account.roles.get('orders');
      if (role !== undefined) fake.account.roles.set('orders', { ...role, trustPolicy });
    },
    record: () => fake.runtime.journal.getRole(RUN, ROLE),
    end: (unitId, status) => fake.runtime.journal.updateUnit(RUN, unitId, { status }),
    admits: (serviceAccount) =>
      admitsPodIdentity(policyOf(trust()), {
        clusterArn: CLUSTER_ARN,
        clusterName: 'shop',
        accountId: ACCOUNT,
        namespace: 'shop',
        serviceAccount,
        sessionTags: true,
      }),
  };
}
