import type { Journal } from '../src/journal/journal.ts';
import type { Clock } from '../src/model/clock.ts';
import type { MigrationOptions } from '../src/model/options.ts';
import type { Plan, UnitPlan } from '../src/model/plan.ts';
import type { RetirementPhase, RetirementRecord } from '../src/model/retirement.ts';
import type { UnitRecord, UnitStatus, UnitStep } from '../src/model/run.ts';
import { runWord, unitWord } from '../src/model/text/status-words.ts';
import { plannedDuration } from '../src/plan/duration.ts';
import { durationText, retirementTitle } from '../src/report/summary.ts';
import { count, hang, type Palette, type Tone } from '../src/report/text.ts';
import type { Terminal } from './terminal.ts';

/** What a step means to someone who watches. */
const STEPS: Readonly<Record<UnitStep, string>> = {
  split: 'making a service account',
  associate: 'associating',
  addon: 'updating its add-on',
  injection: 'waiting for injection',
  proof: 'proving credentials',
  restart: 'restarting workloads',
  rollout: 'rolling out',
  verify: 'checking pods, soaking',
  soak: 'checking pods again',
  annotations: 'removing annotation',
  together: 'waiting for the rest of its add-on',
  undo: 'rolling back',
};

const STATUS_TONES: Partial<Record<UnitStatus, Tone>> = { migrated: 'good', 'rolled-back': 'bad', 'needs-operator': 'bad', held: 'warn' };

const WRITES: Readonly<Record<string, string>> = {
  trust: 'trust policy of',
  association: 'association of',
  addon: 'add-on',
  restart: 'pods of',
  eviction: 'evicted pods of',
  annotations: 'annotations of',
  'service-account': 'service account of',
  binding: 'RBAC binding of',
  template: 'pod template of',
  'probe-pod': 'probe pod',
  daemon: 'daemon',
  rule: 'rule of node',
};

const PHASES: Readonly<Record<RetirementPhase, string>> = {
  rules: 'removing its rule from the nodes',
  stop: 'stopping it',
  proof: 'asking instance metadata on every node',
  back: 'putting it back',
};

const RETIREMENT_TONES: Partial<Record<RetirementRecord['status'], Tone>> = {
  retired: 'good',
  done: 'good',
  refused: 'warn',
  restored: 'bad',
  'needs-operator': 'bad',
};

/** Names of units are lined up to this width at most. */
const WIDEST_NAME = 40;

/**
 * The same journal, with a line of talk for each change that someone who waits wants to see. Times are the run's own
 * (a rehearsal's are the twin's), counted from the first line. One line per transition: nothing moves on the screen.
 */
export function narrate(journal: Journal, clock: Clock, terminal: Terminal): Journal {
  const started = clock.now();
  const seen = new Set<string>();
  const { palette } = terminal;
  let column = 0;
  const say = (key: string, subject: string, text: string): void => {
    if (seen.has(key)) return;
    seen.add(key);
    const time = offset(clock.now() - started);
    const lead = `${time}  ${subject === '' ? '' : `${subject.padEnd(column)}  `}`;
    terminal.talk(hang(lead, text, terminal.talkColumns).replace(time, palette('faint', time)));
  };
  const saySteps = (unitId: string, { plan }: UnitRecord, begun: UnitRecord['stepStartedAt'] = {}): void => {
    for (const step of Object.keys(begun) as UnitStep[]) if (concerns(step, plan)) say(`${unitId} ${step}`, unitId, STEPS[step]);
  };
  return overlay(journal, {
    async putDocument(runId, name, value) {
      await journal.putDocument(runId, name, value);
      if (name === 'retirement') sayRetirement(value as RetirementRecord, say, palette);
      if (name !== 'plan') return;
      const plan = value as Plan;
      column = Math.min(
        WIDEST_NAME,
        Math.max(0, ...plan.units.filter((unit) => unit.decision === 'migrate').map((unit) => unit.id.length)),
      );
      say('plan', '', describePlan(plan, palette));
      const { options } = await journal.getRun(runId);
      const time = describeDuration(plan, options);
      if (time !== '') say('time', '', time);
    },
    async updateRun(runId, changes, from) {
      const run = await journal.updateRun(runId, changes, from);
      // Every failure opens a rollback; where nothing was written there is none to speak of.
      if (changes.status === 'rolling-back' && (await journal.listEntries(runId)).length === 0) return run;
      if (changes.status !== undefined)
        say(
          `run ${changes.status} ${run.reason}`,
          '',
          `run ${run.runId}: ${runWord(changes.status)}${run.reason === '' ? '' : `: ${run.reason}`}`,
        );
      return run;
    },
    async noteUnit(found, changes) {
      const unit = await journal.noteUnit(found, changes);
      saySteps(unit.unitId, unit, changes.stepStartedAt);
      return unit;
    },
    async updateUnit(runId, unitId, changes) {
      const unit = await journal.updateUnit(runId, unitId, changes);
      saySteps(unitId, unit, changes.stepStartedAt);
      const tone = changes.status === undefined ? undefined : STATUS_TONES[changes.status];
      if (changes.status !== undefined && tone !== undefined) {
        say(
          `${unitId} ${changes.status}`,
          unitId,
          `${palette(tone, unitWord({ status: unit.status, wave: unit.plan.wave }))}${unit.reason === '' ? '' : `: ${unit.reason}`}`,
        );
      }
      return unit;
    },
    async markApplied(runId, key, after, ended) {
      await journal.markApplied(runId, key, after, ended);
      const [kind = '', object = ''] = key.split('#');
      if (kind === 'trust' || kind === 'addon')
        say(`applied ${key}`, '', `written: ${WRITES[kind] ?? kind} ${object.split('/').at(-1) ?? object}`);
    },
    async markUndone(runId, key, requests) {
      await journal.markUndone(runId, key, requests);
      const [kind = '', object = ''] = key.split('#');
      // a probe pod goes as soon as it has answered: that is no rollback
      if (kind !== 'probe-pod') say(`undone ${key}`, '', `restored: ${WRITES[kind] ?? kind} ${object}`);
    },
  });
}

/** How a retirement goes on: each phase as it begins, and how it ended. */
function sayRetirement(
  { plan, status, since, reason }: RetirementRecord,
  say: (key: string, subject: string, text: string) => void,
  palette: Palette,
): void {
  for (const phase of Object.keys(since) as RetirementPhase[]) say(`retirement ${phase}`, plan.mechanism, PHASES[phase]);
  const tone = RETIREMENT_TONES[status];
  if (tone !== undefined)
    say(`retirement ${status}`, plan.mechanism, `${palette(tone, retirementTitle(status))}${reason === '' ? '' : `: ${reason}`}`);
}

/** Whether a step has anything to do for this unit: some have nothing to restart, and some annotations stay. */
function concerns(step: UnitStep, plan: UnitPlan): boolean {
  if (step === 'annotations') return plan.removeAnnotations.length > 0;
  if (step === 'restart' || step === 'rollout') return plan.workloads.some((workload) => workload.restart !== 'none');
  return true;
}

/** The journal with some methods replaced; a spread would lose what lives on a class's prototype. */
export function overlay(journal: Journal, methods: Partial<Journal>): Journal {
  return new Proxy(journal, {
    get(target, name) {
      const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function describePlan(plan: Plan, palette: Palette): string {
  const migrate = plan.units.filter((unit) => unit.decision === 'migrate').length;
  const blocked = plan.units.filter((unit) => unit.decision === 'hold').length;
  const agent = plan.agent.action === 'install' ? `; will install the agent add-on ${plan.agent.addonVersion ?? ''}` : '';
  return `${palette('strong', 'plan')}: ${migrate} to migrate in ${count(plan.waves, 'wave')}, ${blocked} blocked${agent}`;
}

/** How long a run of the plan takes, and why; empty where it changes nothing. */
function describeDuration({ units }: Plan, options: MigrationOptions): string {
  const text = durationText(plannedDuration(units, options));
  return text === '' ? '' : `a run takes ${text}`;
}

/** `+0:07`, `+12:05`, `+1:02:00`. */
export function offset(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (number: number): string => String(number).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `+${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`.padStart(7);
}
