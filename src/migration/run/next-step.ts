import pLimit from 'p-limit';
import type { Plan } from '../../model/plan.ts';
import type { RunRecord, UnitRecord } from '../../model/run.ts';
import { GATED_WAVES } from '../../plan/duration.ts';
import { cutBatches, type RoleBatch, roleBatches, type UnitBatch } from '../batch/batch.ts';
import type { JournalRuntime } from '../runtime.ts';
import { trustKey } from '../trust/role-trust.ts';
import { forwardRun, holdLock } from '../write.ts';
import { isEnd } from './outcome.ts';
import { planOf } from './plan-run.ts';
import { isBack, isBegun, reasonToHalt } from './waves.ts';

/** Reads of the journal under way at once. */
const CONCURRENCY = 16;

/** What the run does next. */
export interface NextStepOutput {
  /**
   * `migrate` a wave, up to its soak; `confirm` one whose soak is over; `wait` for a soak; `done`, or `halted` where a wave that was over
   * the failure threshold let no other begin.
   */
  readonly status: 'migrate' | 'confirm' | 'wait' | 'done' | 'halted';
  readonly wave: number;
  /** Whose trust policies let the wave in first. */
  readonly roles: readonly RoleBatch[];
  readonly batches: readonly UnitBatch[];
  /** How long to wait after the trust policies were written; 0 where none is to be written. */
  readonly iamWaitSeconds: number;
  /** Until the first soak is over. */
  readonly waitSeconds: number;
  /** The daemon to retire once all waves are done, if the options name one. */
  readonly daemons: readonly string[];
  /** Why it was halted; empty else. */
  readonly reason: string;
}

const NOTHING = { wave: 0, roles: [], batches: [], iamWaitSeconds: 0, waitSeconds: 0, daemons: [], reason: '' } as const;

/**
 * What the run does next, by how its units stand in the journal, so that a resumed run goes on where it was. A wave that was begun comes
 * first, then one to be confirmed, then the next wave; it begins when those before it are confirmed, or, after the first three, when they
 * soak. Once a wave is over the failure threshold no further unit begins, not even of the same wave. Once the run's window is closed only
 * waves that were begun go on; the units of the others are held, for a later run.
 */
export async function nextStep(runtime: JournalRuntime, input: { runId: string }): Promise<NextStepOutput> {
  const run = await forwardRun(runtime, input.runId);
  const all = await runtime.journal.listUnits(run.runId);
  const now = runtime.clock.now();
  const window = windowOf(runtime, run);
  const late = now >= window.end ? unbegun(all) : [];
  const { reason } = window;
  for (const { unitId } of late) await runtime.journal.updateUnit(run.runId, unitId, { status: 'held', reason });
  const planned = all.filter(({ plan }) => plan.decision === 'migrate');
  const halted = planned.length === 0 ? '' : reasonToHalt(run, planned);
  const waves = wavesOf(planned.filter((unit) => !late.includes(unit) && (halted === '' || isBegun(unit, planned))));
  const open = waves.filter(({ units }) => units.length > 0);
  const begun = open.find(({ isBegun, units }) => isBegun && units.some((unit) => !isSoaking(unit)));
  if (begun !== undefined) return migrate(runtime, run, begun);
  const judged = await waveToJudge(runtime, run, planned, halted);
  if (judged !== undefined) return { ...NOTHING, status: 'confirm', wave: judged };
  const soaking = open.filter(({ isBegun }) => isBegun).map((wave) => ({ ...wave, until: soakEnd(wave) }));
  const over = soaking.find(({ until }) => until <= now);
  if (over !== undefined)
    return { ...NOTHING, status: 'confirm', wave: over.wave, batches: cutBatches(over.units.map(cuttable), 'by-role') };
  const next = open.find(({ isBegun }) => !isBegun);
  if (next !== undefined && halted === '' && mayBegin(run, next, soaking)) return migrate(runtime, run, next);
  if (soaking.length > 0) {
    const waitSeconds = Math.max(1, Math.ceil((Math.min(...soaking.map(({ until }) => until)) - now) / 1000));
    await holdLock(runtime, run, waitSeconds);
    return { ...NOTHING, status: 'wait', waitSeconds };
  }
  if (halted !== '') return { ...NOTHING, status: 'halted', reason: halted };
  // Units that wait for another window may still need the daemon; a step that runs again finds them held.
  const waits = late.length > 0 || all.some((unit) => unit.status === 'held' && unit.reason === reason);
  return { ...NOTHING, status: 'done', daemons: waits ? [] : daemonsOf(run) };
}

/**
 * A wave whose judgement is owed: a crash came between the end of one of its units and the judgement, or the revocation that follows it.
 * There is nothing to confirm of it then; JudgeWave comes after that, and RevokeTrust.
 */
async function waveToJudge(
  { journal }: JournalRuntime,
  run: RunRecord,
  planned: readonly UnitRecord[],
  halted: string,
): Promise<number | undefined> {
  const waves = new Set(planned.filter(({ status }) => status !== 'pending').map(({ plan }) => plan.wave));
  const left = planned.filter((unit) => (halted !== '' && waves.has(unit.plan.wave) && !isBegun(unit, planned)) || isBack(unit));
  if (left.length === 0) return undefined;
  const carrier = await journal.carrier(run.runId);
  return carrier === undefined ? undefined : (left.find(({ facts }) => facts.judged !== carrier.executionId)?.plan.wave ?? undefined);
}

/** A wave, with those of its units that have not ended. */
interface Wave {
  readonly wave: number;
  readonly units: readonly UnitRecord[];
  readonly isBegun: boolean;
}

/** In their order. */
function wavesOf(units: readonly UnitRecord[]): Wave[] {
  return [...Map.groupBy(units, ({ plan }) => plan.wave ?? 0)]
    .map(([wave, members]) => ({
      wave,
      units: members.filter((unit) => !isEnd(unit)),
      isBegun: members.some(({ status }) => status !== 'pending'),
    }))
    .sort((a, b) => a.wave - b.wave);
}

/** Whether a wave may begin while these soak. */
function mayBegin(run: RunRecord, { wave }: Wave, soaking: readonly Wave[]): boolean {
  if (run.options.sequentialWaves) return soaking.length === 0;
  return soaking.every((one) => one.wave >= GATED_WAVES) && (wave > GATED_WAVES || soaking.length === 0);
}

/** Its pods were verified after the restart, and are looked at again after a while. */
function isSoaking({ status, facts }: UnitRecord): boolean {
  return status === 'running' && typeof facts.soakUntil === 'string';
}

/** When the soak of the last of its units is over, in milliseconds since the epoch. */
function soakEnd({ units }: Wave): number {
  return Math.max(...units.map(({ facts }) => Date.parse(String(facts.soakUntil))));
}

async function migrate(runtime: JournalRuntime, run: RunRecord, { wave, units }: Wave): Promise<NextStepOutput> {
  const batches = cutBatches(units.filter((unit) => !isSoaking(unit)).map(cuttable));
  const taken = new Set(batches.flatMap((batch) => batch.units.map(({ unitId }) => unitId)));
  const roleArns = [...new Set(units.filter(({ unitId }) => taken.has(unitId)).map(({ plan }) => plan.roleArn))].sort();
  const iamWaitSeconds = await iamWait(runtime, run, await planOf(runtime, run.runId), wave, roleArns);
  await holdLock(runtime, run, iamWaitSeconds);
  return { ...NOTHING, status: 'migrate', wave, roles: roleBatches(roleArns), batches, iamWaitSeconds };
}

function cuttable({ unitId, plan }: UnitRecord) {
  return { unitId, roleArn: plan.roleArn, addon: plan.addon?.name, splits: (plan.metadata?.splitFrom ?? null) !== null };
}

/** Until when waves may begin, in milliseconds since the epoch, by the run's own window and the deployment's longest run. */
function windowOf({ deployment }: JournalRuntime, { startedAt, options }: RunRecord): { readonly end: number; readonly reason: string } {
  const start = Date.parse(startedAt);
  const seconds = deployment?.limits.longestRunSeconds ?? Number.POSITIVE_INFINITY;
  if (options.windowMinutes === 0 || options.windowMinutes * 60 > seconds)
    return { end: start + seconds * 1000, reason: `the ${seconds} seconds of the longest run that is allowed were over before its turn` };
  return { end: start + options.windowMinutes * 60_000, reason: `the window of ${options.windowMinutes} minutes closed before its turn` };
}

/** Units of waves of which nothing was begun. */
function unbegun(units: readonly UnitRecord[]): UnitRecord[] {
  const planned = units.filter(({ plan }) => plan.decision === 'migrate');
  const begun = new Set(planned.filter(({ status }) => status !== 'pending').map(({ plan }) => plan.wave));
  return planned.filter(({ status, plan }) => status === 'pending' && !begun.has(plan.wave));
}

function daemonsOf({ options: { retireDaemon } }: RunRecord): string[] {
  return retireDaemon === 'none' ? [] : [retireDaemon];
}

/** A write of an earlier try has had part of its time to spread already. */
async function iamWait(runtime: JournalRuntime, run: RunRecord, plan: Plan, wave: number, roleArns: readonly string[]): Promise<number> {
  const writes = new Map(plan.roles.map(({ roleArn, waves }) => [roleArn, waves.some((one) => one.wave === wave)]));
  const limit = pLimit(CONCURRENCY);
  const waits = roleArns
    .filter((roleArn) => writes.get(roleArn) === true)
    .map((roleArn) =>
      limit(async () => {
        const entry = await runtime.journal.getEntry(run.runId, trustKey(roleArn, wave));
        const passed = entry?.state === 'applied' ? Math.floor((runtime.clock.now() - Date.parse(entry.at)) / 1000) : 0;
        return Math.max(0, run.options.iamPropagationSeconds - passed);
      }),
    );
  return Math.max(0, ...(await Promise.all(waits)));
}
