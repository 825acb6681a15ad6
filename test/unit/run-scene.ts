import type { Plan, RolePlan, UnitPlan } from '../../src/model/plan.ts';
import type { RunRecord, UnitRecord, UnitStatus } from '../../src/model/run.ts';
import { beginRun, type FakeMigration, fakeMigration, OIDC_TRUST, planWith, ROLE, RUN, unitPlan } from './fake-migration.ts';

/** The role of every unit, whose trust policy is written in the first wave. */
export const ROLE_PLAN: RolePlan = {
  roleArn: ROLE,
  roleName: 'orders',
  trustBefore: OIDC_TRUST,
  trustAfter: 'after',
  waves: [{ wave: 0, admit: [{ namespace: 'shop', name: 'orders' }], trustAfter: 'after' }],
};

/** What the tests of a whole run's steps share. */
export interface RunScene {
  /** A new account without a run; handed to the test by `use`. */
  empty(): Promise<void>;
  /** A new run of these units, in a cluster without objects; handed to the test by `use`. */
  begin(units?: readonly Partial<UnitPlan>[], plan?: Partial<Plan>, options?: Record<string, unknown>): Promise<void>;
  run(): Promise<RunRecord>;
  setUnit(unitId: string, status: UnitStatus, reason?: string): Promise<UnitRecord>;
}

/** The scene; `use` gets each new fake. */
export function runScene(use: (fake: FakeMigration) => void): RunScene {
  let fake: FakeMigration;
  const empty = async () => {
    fake = await fakeMigration();
    use(fake);
  };
  return {
    empty,
    begin: async (units = [{}], plan = {}, options = {}) => {
      await empty();
      await beginRun(fake, planWith(units.map(unitPlan), [ROLE_PLAN], plan), options);
    },
    run: () => fake.runtime.journal.getRun(RUN),
    setUnit: (unitId, status, reason = '') => fake.runtime.journal.updateUnit(RUN, unitId, { status, reason }),
  };
}
