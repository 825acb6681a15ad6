import { takeInventory as readInventory } from '../../inventory/inventory.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { Plan, UnitPlan } from '../../model/plan.ts';
import type { RunRecord, UnitRecord } from '../../model/run.ts';
import { busyAddons, isBusy } from '../../plan/addon.ts';
import { isDigestOf } from '../../plan/digest.ts';
import { makePlan as decide } from '../../plan/plan.ts';
import { PACES, waitIn } from '../polls.ts';
import type { ClusterRuntime, JournalRuntime, Runtime } from '../runtime.ts';
import { holdLock, type Poll, READY } from '../write.ts';
import { checkPlan } from './check-limits.ts';

/**
 * Reads the cluster and its account into the journal. A run that has a plan keeps it, and reads nothing. Where an update of an
 * add-on is running, a run that changes things waits for it, from its start for as long as the option allows, and reads all anew
 * when it has ended; after that time, and where only a plan is asked for, the inventory is kept as it is.
 */
export async function takeInventory(
  runtime: ClusterRuntime,
  input: { runId: string; mode: 'plan' | 'run' },
): Promise<Poll & { taken: boolean }> {
  const run = await runtime.journal.getRun(input.runId);
  if ((await runtime.journal.getDocument(run.runId, 'plan')) !== undefined) return { ...READY, taken: false };
  const { addonTimeoutSeconds } = run.options;
  const waited = (runtime.clock.now() - Date.parse(run.startedAt)) / 1000;
  const mayWait = input.mode === 'run' && waited < addonTimeoutSeconds;
  const again = (): Promise<Poll> => waitIn(runtime, run, PACES.runningAddons, waited, addonTimeoutSeconds);
  const before = await runtime.journal.getDocument(run.runId, 'inventory');
  if (mayWait && before !== undefined && (await isStillBusy(runtime, run, before as Inventory))) {
    await holdLock(runtime, run);
    return { ...(await again()), taken: false };
  }
  const inventory = await freshInventory(runtime, run);
  await runtime.journal.putDocument(run.runId, 'inventory', inventory);
  const busy = busyAddons(inventory);
  if (!mayWait || busy.length === 0) return { ...READY, taken: true };
  runtime.logger.info('updates of add-ons are running', { runId: run.runId, addons: busy });
  return { ...(await again()), taken: true };
}

/** Whether an add-on that an earlier look found in an update is in it still: asked of these add-ons alone, not of the whole cluster. */
async function isStillBusy(runtime: Runtime, run: RunRecord, inventory: Inventory): Promise<boolean> {
  const { eks } = runtime.aws(run.target);
  const found = await Promise.all(busyAddons(inventory).map((name) => eks.describeAddon(name)));
  return found.some((addon) => addon !== undefined && isBusy(addon));
}

async function freshInventory(runtime: ClusterRuntime, run: RunRecord): Promise<Inventory> {
  // Anybody in the cluster can depend on a daemon.
  const options = run.options.retireOnly ? { ...run.options, namespaces: [], serviceAccounts: [] } : run.options;
  return readInventory(runtime.aws(run.target), await runtime.kubernetes(run.target), options, runtime.clock);
}

/** What the state machine does next. `nothing`: no unit is to be migrated; `planned`: planning is all that was asked for. */
export interface MakePlanOutput {
  readonly status: 'planned' | 'nothing' | 'migrate';
  readonly agent: 'ready' | 'install' | 'missing';
  readonly digest: string;
  readonly units: number;
  readonly waves: number;
  /** True once this run has written something: it was approved then, and is not asked about again. */
  readonly begun: boolean;
}

/**
 * Makes the plan of the run, or keeps the one that it has, and its records of units and roles.
 * Throws `OutsideLimits` where it would touch what the deployment does not allow, and `WorldMoved` where the digest is not the expected
 * one; nothing is kept then.
 */
export async function makePlan(
  runtime: JournalRuntime,
  input: { runId: string; mode: 'plan' | 'run'; expectedDigest: string | null },
): Promise<MakePlanOutput> {
  const run = await runtime.journal.getRun(input.runId);
  const plan = await storedOrNewPlan(runtime, run);
  if (input.mode === 'run') await checkReach(runtime, run, plan);
  if (input.expectedDigest !== null && !isDigestOf(input.expectedDigest, plan.digest)) {
    throw new PodshiftError('WorldMoved', `the cluster or its roles changed: the plan is ${plan.digest} now, not ${input.expectedDigest}`, {
      details: { expected: input.expectedDigest, found: plan.digest },
    });
  }
  await runtime.journal.putDocument(run.runId, 'plan', plan);
  await runtime.journal.putRoles(
    plan.roles.map((role) => ({
      runId: run.runId,
      roleArn: role.roleArn,
      trustBefore: role.trustBefore,
      trustAfter: role.trustBefore,
      blocked: '',
    })),
  );
  await runtime.journal.putUnits(plan.units.map((unit) => firstRecord(run.runId, unit)));
  if (run.digest !== plan.digest) await runtime.journal.updateRun(run.runId, { digest: plan.digest });
  const migrating = plan.units.filter((unit) => unit.decision === 'migrate').length;
  return {
    status: input.mode === 'plan' ? 'planned' : migrating === 0 && !retires(plan) ? 'nothing' : 'migrate',
    agent: plan.agent.action,
    digest: plan.digest,
    units: migrating,
    waves: plan.waves,
    begun: (await runtime.journal.listEntries(run.runId)).length > 0,
  };
}

/** What a plan would touch, only the plan says. A run that is refused has the reason on record, for its end. */
async function checkReach(runtime: JournalRuntime, run: RunRecord, plan: Plan): Promise<void> {
  try {
    checkPlan(runtime, plan);
  } catch (error) {
    if (isPodshiftError(error)) await runtime.journal.updateRun(run.runId, { reason: error.message });
    throw error;
  }
}

/** Whether the run has more to do than its units. */
function retires({ retirement }: Plan): boolean {
  return retirement !== undefined && retirement.decision !== 'refuse';
}

async function storedOrNewPlan(runtime: JournalRuntime, run: RunRecord): Promise<Plan> {
  const stored = await runtime.journal.getDocument(run.runId, 'plan');
  if (stored !== undefined) return stored as Plan;
  const inventory = await runtime.journal.getDocument(run.runId, 'inventory');
  if (inventory === undefined) throw new PodshiftError('InternalError', `run ${run.runId} has no inventory to plan from`);
  return decide(inventory as Inventory, run.options, runtime.clock);
}

/** The last plan that a runtime read: a run's plan never changes once it is kept, and a large one is dear to read for each role. */
const lastPlans = new WeakMap<JournalRuntime, { readonly runId: string; readonly plan: Plan }>();

/** The plan of a run. Throws `InternalError` where there is none yet: the state machine plans before it does anything else. */
export async function planOf(runtime: JournalRuntime, runId: string): Promise<Plan> {
  const known = lastPlans.get(runtime);
  if (known?.runId === runId) return known.plan;
  const plan = await runtime.journal.getDocument(runId, 'plan');
  if (plan === undefined) throw new PodshiftError('InternalError', `run ${runId} has no plan`);
  lastPlans.set(runtime, { runId, plan: plan as Plan });
  return plan as Plan;
}

/** The plan that a run would have of the world as it is now. */
export async function planNow(runtime: ClusterRuntime, run: RunRecord): Promise<Plan> {
  return decide(await freshInventory(runtime, run), run.options, runtime.clock);
}

function firstRecord(runId: string, plan: UnitPlan): UnitRecord {
  const status = plan.decision === 'hold' ? 'held' : plan.decision === 'already-associated' ? 'migrated' : 'pending';
  return { runId, unitId: plan.id, plan, status, reason: plan.reason, stepStartedAt: {}, facts: {} };
}
