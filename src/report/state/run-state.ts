import { ERRORS, type ErrorName } from '../../model/errors.ts';
import type { Approval, RunRecord, RunStatus, UnitCounts, UnitRecord, UnitStatus } from '../../model/run.ts';
import { APPROVAL_SECONDS } from '../../model/run.ts';
import type { Carrier, RunState } from '../../model/run-state.ts';
import type { CommandText } from '../commands.ts';
import { count } from '../text.ts';

/** What the words for a run are made from: its record and its units, from the journal or from a service. */
export interface RunFacts {
  readonly runId: string;
  readonly status: RunStatus;
  /** Undefined of a run of an earlier version. */
  readonly mode: 'plan' | 'run' | undefined;
  readonly reason: string;
  /** Empty until there is a plan. */
  readonly digest: string;
  readonly approval: Pick<Approval, 'status' | 'expiresAt'> | null;
  /** RFC 3339; null where it does not roll back, or no record says since when. */
  readonly rollbackStartedAt: string | null;
  /** The daemon that it is to retire. */
  readonly retires: 'none' | 'kube2iam' | 'kiam';
  /** Of all its units; `wave` is null for one that was not to be migrated, `soakUntil` (RFC 3339) for one that has not begun to soak. */
  readonly units: readonly { readonly status: UnitStatus; readonly wave: number | null; readonly soakUntil: string | null }[];
  /** How its units stood at its last end; null where no record says so. */
  readonly unitCounts: UnitCounts | null;
}

/** The facts of a run by the journal's records. */
export function factsOfRecords(run: RunRecord, units: readonly UnitRecord[]): RunFacts {
  return {
    runId: run.runId,
    status: run.status,
    mode: run.terms?.mode,
    reason: run.reason,
    digest: run.digest,
    approval: run.approval,
    rollbackStartedAt: run.rollbackStartedAt ?? null,
    retires: run.options.retireDaemon,
    units: units.map(({ status, plan, facts: { soakUntil } }) => ({
      status,
      wave: plan.wave,
      soakUntil: typeof soakUntil === 'string' ? soakUntil : null,
    })),
    unitCounts: run.unitCounts ?? null,
  };
}

/**
 * How a run stands in words. Waves are counted from 1, the canary. `now` is in milliseconds since the epoch; `command` makes a
 * command, from its words, that reaches the same journal or service. Pure.
 */
export function stateOf(facts: RunFacts, carrier: Carrier, now: number, command: CommandText): RunState {
  switch (facts.status) {
    case 'pending':
    case 'running':
    case 'rolling-back':
      return carrier.kind === 'none' ? interrupted(facts, carrier.lastSign, command) : underWay(facts, now, command);
    case 'needs-operator':
      return {
        name: 'needs-operator',
        text: because('needs an operator', facts.reason),
        attention: true,
        next: [{ action: 'look', command: command('report', facts.runId) }],
      };
    case 'planned':
      return calm('planned', `planned${counted(facts, 'pending', 'to migrate')}`);
    case 'migrated':
      return calm('migrated', `migrated${counted(facts, 'migrated', '')}`);
    case 'rolled-back':
      return calm('rolled-back', because('rolled back', facts.reason));
    case 'held':
      return isRefused(facts) ? calm('refused', because('refused', facts.reason)) : calm('held', because('not started', facts.reason));
  }
}

/** The words with the commands behind them, as one sentence. */
export function sentenceOf({ text, next }: Pick<RunState, 'text' | 'next'>): string {
  const ways = next.map(({ action, command }) => `${action} with \`${command}\``);
  return ways.length === 0 ? text : `${text}: ${ways.join(' or ')}`;
}

/** Orders those first that need somebody. */
export function byAttention(
  a: { readonly state: Pick<RunState, 'attention'> },
  b: { readonly state: Pick<RunState, 'attention'> },
): number {
  return Number(b.state.attention) - Number(a.state.attention);
}

/** A time without its fractions of a second. */
export function shortTime(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z');
}

function underWay(facts: RunFacts, now: number, command: CommandText): RunState {
  const { runId, approval } = facts;
  if (approval?.status === 'waiting') {
    const since = new Date(Date.parse(approval.expiresAt) - APPROVAL_SECONDS * 1000).toISOString();
    return {
      name: 'waiting',
      text: `waiting for approval since ${shortTime(since)}, until ${shortTime(approval.expiresAt)}`,
      attention: true,
      next: [{ action: 'approve', command: command('approve', runId) }],
    };
  }
  if (facts.status === 'rolling-back') {
    const since = facts.rollbackStartedAt === null ? '' : ` since ${shortTime(facts.rollbackStartedAt)}`;
    return calm('rolling-back', because(`rolling back${since}${bracketed(undone(facts))}`, facts.reason));
  }
  if (facts.digest === '') return calm('planning', 'planning');
  const soak = soakEnd(facts, now);
  const wave = waveOf(facts, now);
  if (wave === null) return calm('migrating', `${lastPart(facts)}${bracketed(progress(facts))}`);
  return soak === null
    ? calm('migrating', `migrating, ${wave}${bracketed(progress(facts))}`)
    : calm('soaking', `${wave}, soaking until ${shortTime(soak)}${bracketed(progress(facts))}`);
}

function interrupted(facts: RunFacts, lastSign: string, command: CommandText): RunState {
  const { runId, status, mode } = facts;
  const isPlan = mode === 'plan';
  const wave = waveOf(facts);
  const [where, done] =
    status === 'rolling-back'
      ? ['while rolling back', undone(facts)]
      : facts.digest === ''
        ? ['while planning', '']
        : [wave === null ? `while ${lastPart(facts)}` : `in ${wave}`, progress(facts)];
  const text = `interrupted ${[where, done].filter((part) => part !== '').join(', ')} (no process runs it: last sign of life ${shortTime(lastSign)})`;
  const back = { action: 'roll back', command: command('rollback', runId, '--approve') } as const;
  const resume = { action: 'resume', command: command('run', '--local', '--resume', runId) } as const;
  return { name: 'interrupted', text, attention: !isPlan, next: isPlan ? [] : status === 'rolling-back' ? [back] : [resume, back] };
}

/** `wave 2 of 5`: the one that the run works on; null where none has a unit without an end. */
function waveOf(facts: RunFacts, now = Number.POSITIVE_INFINITY): string | null {
  const waves = facts.units.flatMap(({ wave }) => (wave === null ? [] : [wave]));
  const current = currentWave(facts, now);
  return current === null ? null : `wave ${current + 1} of ${Math.max(...waves) + 1}`;
}

/** The first wave that was begun and does not soak, as others may soak meanwhile; where all do, the first of those. */
function currentWave({ units }: RunFacts, now: number): number | null {
  const open = openUnits(units).filter(({ wave }) => wave !== null);
  const busy = open.filter(({ status, soakUntil }) => status !== 'pending' && !(soakUntil !== null && Date.parse(soakUntil) > now));
  const waves = (busy.length > 0 ? busy : open).map(({ wave }) => wave as number);
  return waves.length === 0 ? null : Math.min(...waves);
}

/** What a run without open units does. */
function lastPart({ units, retires }: RunFacts): string {
  if (retires !== 'none') return `retiring ${retires}`;
  return units.length === 0 ? 'migrating' : 'finishing';
}

/** When the last unit of the wave has soaked; null where one of its units has not come to it, or all have done it. */
function soakEnd(facts: RunFacts, now: number): string | null {
  const open = openUnits(facts.units);
  const first = currentWave(facts, now) ?? Number.POSITIVE_INFINITY;
  const ends = open.filter(({ wave }) => wave === first).map(({ status, soakUntil }) => (status === 'running' ? (soakUntil ?? '') : ''));
  const last = ends.toSorted().at(-1) ?? '';
  return ends.every((end) => end !== '') && Date.parse(last) > now ? last : null;
}

function openUnits(units: RunFacts['units']): RunFacts['units'] {
  return units.filter(({ status }) => status === 'pending' || status === 'running' || status === 'rolling-back');
}

/** `12 of 40 units migrated, 1 rolled back`, of those that were to be migrated. */
function progress({ units }: RunFacts): string {
  const mine = units.filter(({ wave }) => wave !== null);
  const number = (status: UnitStatus): number => mine.filter((unit) => unit.status === status).length;
  if (mine.length === 0) return '';
  const needy = number('needs-operator');
  const rest = [
    [number('rolled-back'), 'rolled back'],
    [number('rolling-back'), 'rolling back'],
    [number('held'), 'not started'],
    [needy, needy === 1 ? 'needs an operator' : 'need an operator'],
  ] as const;
  const others = rest.flatMap(([some, what]) => (some === 0 ? [] : [`${some} ${what}`]));
  return [`${number('migrated')} of ${count(mine.length, 'unit')} migrated`, ...others].join(', ');
}

/** `2 of 3 units rolled back`, of those that a rollback is about; empty where the run has none. */
function undone({ units }: RunFacts): string {
  const begun = units.filter(({ wave, status }) => wave !== null && status !== 'held' && status !== 'pending');
  const back = begun.filter(({ status }) => status === 'rolled-back').length;
  return begun.length === 0 ? '' : `${back} of ${count(begun.length, 'unit')} rolled back`;
}

/** ` (10 units to migrate, 4 blocked)`; empty where nobody counted. */
function counted({ units, unitCounts }: RunFacts, what: 'pending' | 'migrated', verb: string): string {
  const number = (status: 'pending' | 'migrated' | 'held'): number =>
    unitCounts?.[status] ?? units.filter((unit) => unit.status === status).length;
  if (unitCounts === null && units.length === 0) return '';
  const held = number('held');
  const all = [`${count(number(what), 'unit')}${verb === '' ? '' : ` ${verb}`}`, ...(held === 0 ? [] : [`${held} blocked`])];
  return bracketed(all.join(', '));
}

/** A plan that was not approved, or a run that would not begin in the world as it is: errors of the table that refuse. */
function isRefused({ approval, reason }: RunFacts): boolean {
  if (approval?.status === 'refused' || approval?.status === 'expired') return true;
  const name = /\((\w+)\)$/.exec(reason)?.[1] ?? '';
  return Object.hasOwn(ERRORS, name) && ERRORS[name as ErrorName].exitCode === REFUSED;
}

/** The exit code of errors by which podshift refuses (docs/cli.md, "Exit codes"). */
const REFUSED = 3;

function calm(name: RunState['name'], text: string): RunState {
  return { name, text, attention: false, next: [] };
}

function because(text: string, reason: string): string {
  return reason === '' ? text : `${text}: ${reason}`;
}

function bracketed(text: string): string {
  return text === '' ? '' : ` (${text})`;
}
