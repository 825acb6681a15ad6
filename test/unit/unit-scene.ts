import type { RolePlan, UnitPlan } from '../../src/model/plan.ts';
import type { Evidence, UnitRecord } from '../../src/model/run.ts';
import {
  beginRun,
  deployment,
  type FakeMigration,
  fakeMigration,
  OIDC_TRUST,
  planWith,
  ROLE,
  RUN,
  serviceAccount,
  unitPlan,
} from './fake-migration.ts';

/** The one unit of the scene, as the state machine names it. */
export const UNIT = { runId: RUN, unitId: 'shop/orders' };
const ROLE_PLAN: RolePlan = { roleArn: ROLE, roleName: 'orders', trustBefore: OIDC_TRUST, trustAfter: OIDC_TRUST, waves: [] };

/** What the tests of one unit's steps share. */
export interface UnitScene {
  /** A new run of one unit, whose service account and Deployment are in the cluster; handed to the test by `use`. */
  begin(unit?: Partial<UnitPlan>, options?: Record<string, unknown>): Promise<void>;
  unit(): Promise<UnitRecord>;
  evidence(): Promise<readonly Evidence[]>;
  /** Key and state of each journal entry, newest first. */
  entries(): Promise<string[]>;
  /** RFC 3339, so many seconds from now. */
  later(seconds: number): string;
}

/** The scene; `use` gets each new fake before the run begins in it. */
export function unitScene(use: (fake: FakeMigration) => void): UnitScene {
  let fake: FakeMigration;
  return {
    begin: async (unit = {}, options = {}) => {
      fake = await fakeMigration();
      use(fake);
      await beginRun(fake, planWith([unitPlan(unit)], [ROLE_PLAN]), options);
      fake.put(serviceAccount());
      fake.put(deployment());
    },
    unit: () => fake.runtime.journal.getUnit(RUN, UNIT.unitId),
    evidence: async () => (await fake.runtime.journal.listEvidence(RUN)).get(UNIT.unitId) ?? [],
    entries: async () => (await fake.runtime.journal.listEntries(RUN)).map(({ key, state }) => `${key} ${state}`),
    later: (seconds) => new Date(fake.now() + seconds * 1000).toISOString().replace('.000Z', 'Z'),
  };
}
