import type { Plan } from '../../model/plan.ts';
import type { RunRecord, UnitRecord } from '../../model/run.ts';
import type { JournalRuntime } from '../runtime.ts';
import { trustKey } from '../trust/role-trust.ts';
import { forwardRun, holdLock } from '../write.ts';
import { isEnd } from './outcome.ts';
import { planOf } from './plan-run.ts';

/** The next wave, or that there is none. */
export interface NextWaveOutput {
  readonly status: 'wave' | 'done';
  readonly wave: number;
  readonly roleArns: readonly string[];
  readonly unitIds: readonly string[];
  /** How long to wait after its trust policies were written; 0 where none is to be written. */
  readonly iamWaitSeconds: number;
  /** The daemon to retire once all waves are done, if the options name one. */
  readonly daemons: readonly string[];
}

/**
 * The first wave with a unit that has not ended: the canary first, and after a crash the one that was under way. Once the
 * run's window is closed only a wave that was begun goes on; the units of the others are held, for a later run.
 */
export async function nextWave(runtime: JournalRuntime, input: { runId: string }): Promise<NextWaveOutput> {
  const run = await forwardRun(runtime, input.runId);
  const all = await runtime.journal.listUnits(run.runId);
  const window = windowOf(runtime, run);
  const late = runtime.clock.now() >= window.end ? unbegun(all) : [];
  const { reason } = window;
  for (const { unitId } of late) await runtime.journal.updateUnit(run.runId, unitId, { status: 'held', reason });
  const open = all.filter((unit) => !isEnd(unit) && !late.includes(unit));
  const wave = Math.min(...open.map((unit) => unit.plan.wave ?? Number.POSITIVE_INFINITY));
  // Units that wait for another window may still need the daemon; a step that runs again finds them held.
  const waits = late.length > 0 || all.some((unit) => unit.status === 'held' && unit.reason === reason);
  const daemons = waits ? [] : daemonsOf(run);
  if (!Number.isFinite(wave)) return { status: 'done', wave: 0, roleArns: [], unitIds: [], iamWaitSeconds: 0, daemons };
  const units = open.filter((unit) => unit.plan.wave === wave);
  const roleArns = [...new Set(units.map((unit) => unit.plan.roleArn))].sort();
  const iamWaitSeconds = await iamWait(runtime, run, await planOf(runtime, run.runId), wave, roleArns);
  await holdLock(runtime, run, iamWaitSeconds);
  return { status: 'wave', wave, roleArns, unitIds: units.map((unit) => unit.unitId).sort(), iamWaitSeconds, daemons: [] };
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
  const entries = await runtime.journal.listEntries(run.runId, null);
  const waits = plan.roles
    .filter((role) => roleArns.includes(role.roleArn) && role.waves.some((candidate) => candidate.wave === wave))
    .map((role) => {
      const entry = entries.find((candidate) => candidate.key === trustKey(role.roleArn, wave) && candidate.state === 'applied');
      const passed = entry === undefined ? 0 : Math.floor((runtime.clock.now() - Date.parse(entry.at)) / 1000);
      return Math.max(0, run.options.iamPropagationSeconds - passed);
    });
  return Math.max(0, ...waits);
}

/** What follows a wave. */
export interface JudgeWaveOutput {
  readonly decision: 'go-on' | 'halt' | 'rollback';
  readonly reason: string;
  /** Roles of units that went back: what was let in for them has to go again. */
  readonly roleArns: readonly string[];
}

/**
 * Whether the run goes on: the canary wave allows no failure, later ones as many as the option's share, and a unit that
 * needs an operator halts the run in any case.
 */
export async function judgeWave(runtime: JournalRuntime, input: { runId: string; wave: number }): Promise<JudgeWaveOutput> {
  const run = await forwardRun(runtime, input.runId);
  const all = await runtime.journal.listUnits(run.runId);
  const units = all.filter((unit) => unit.plan.decision === 'migrate' && unit.plan.wave === input.wave);
  const judgement = decide(run, units, input.wave);
  // The rollback of the whole run is another execution's work; it finds the reason with the run.
  if (judgement.decision === 'rollback') await runtime.journal.updateRun(run.runId, { reason: judgement.reason });
  const back = units.filter((unit) => unit.status === 'rolled-back' || unit.status === 'held');
  return { ...judgement, roleArns: [...new Set(back.map((unit) => unit.plan.roleArn))].sort() };
}

function decide(run: RunRecord, units: readonly UnitRecord[], wave: number): Omit<JudgeWaveOutput, 'roleArns'> {
  const operator = units.filter((unit) => !isEnd(unit) || unit.status === 'needs-operator');
  if (operator.length > 0) return { decision: 'halt', reason: `wave ${wave} was halted: ${operator.length} of its units need an operator` };
  // What somebody deleted meanwhile has not failed.
  const failed = units.filter((unit) => unit.status !== 'migrated' && unit.facts.gone !== true);
  const percent = (failed.length * 100) / Math.max(1, units.length);
  const over = failed.length > 0 && (wave === 0 || percent > run.options.failureThresholdPercent);
  if (!over) return { decision: 'go-on', reason: '' };
  const reason = `wave ${wave} failed: ${failed.length} of ${units.length} units were not migrated (${failed[0]?.unitId}: ${failed[0]?.reason})`;
  return { decision: run.options.onWaveFailure === 'rollback' ? 'rollback' : 'halt', reason };
}
