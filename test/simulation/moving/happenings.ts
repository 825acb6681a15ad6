import type { Journal } from '../../../src/journal/journal.ts';
import type { UnservedTwin } from '../../../twin/twin.ts';
import type { SimulatedClock } from './clock.ts';
import type { Accident, Fortune, Invocation, Told } from './functions.ts';
import type { Fault, Happening, History, When } from './history.ts';
import type { Call, Fate, Weather } from './network.ts';
import type { StepFunctions } from './step-functions.ts';

/** What people and actors work on. */
export interface Stage {
  readonly executions: StepFunctions;
  readonly twin: UnservedTwin;
  readonly journal: Journal;
}

/** An event of a failed execution arrives after so many milliseconds, where nothing else is said. */
const USUAL_DELIVERY = [1_500];

/** Carries out a history: what becomes of calls and invocations, and who does what when. */
export class Happenings implements Weather, Fortune {
  readonly #clock: SimulatedClock;
  readonly #start: number;
  readonly #tell: Told;
  readonly #happenings: readonly Happening[];
  /** Begin of those that last, by their place in the history. */
  readonly #since = new Map<Happening, number>();
  readonly #counts = new Map<Fault, number>();
  #writes = 0;
  #waiting: { readonly write: number; readonly plus: number; readonly begin: () => void }[] = [];

  constructor(history: History, clock: SimulatedClock, start: number, tell: Told) {
    this.#happenings = history.happenings;
    this.#clock = clock;
    this.#start = start;
    this.#tell = tell;
  }

  /** Sets all up that has a time. */
  begin(_stage: Stage): void {
    for (const happening of this.#happenings) {
      if ('when' in happening) this.#at(happening.when, () => void this.#since.set(happening, this.#clock.now()));
    }
  }

  fateOf(call: Call, usual: Fate): Fate {
    if (call.write && call.service !== 'journal') this.#written();
    let fate = usual;
    for (const happening of this.#happenings) {
      if (
        happening.kind === 'lost' &&
        (happening.service === 'any' || happening.service === call.service) &&
        (!happening.writes || call.write)
      ) {
        const count = (this.#counts.get(happening) ?? 0) + 1;
        this.#counts.set(happening, count);
        if (count === happening.number) {
          this.#tell(`${happening.part} lost: ${call.service} ${call.operation} ${call.object}`);
          fate = { ...fate, failure: { kind: 'reset', when: happening.part === 'request' ? 'before' : 'after' } };
        }
      }
      if (happening.kind === 'outage' && happening.service === call.service && this.#lasts(happening))
        fate = { ...fate, failure: { kind: happening.failure, when: 'before' } };
      if (happening.kind === 'slow' && happening.service === call.service && this.#lasts(happening))
        fate = { ...fate, there: fate.there + happening.milliseconds };
    }
    return fate;
  }

  accidentOf({ number }: Invocation): Accident {
    let accident: Accident = {};
    for (const happening of this.#happenings) {
      if (happening.kind === 'cut' && happening.invocation === number)
        accident = { ...accident, cut: { call: happening.call, error: happening.error } };
      if (happening.kind === 'again' && happening.invocation === number) accident = { ...accident, again: happening.milliseconds };
      if (happening.kind === 'late' && happening.invocation === number) accident = { ...accident, late: happening.milliseconds };
    }
    return accident;
  }

  skewOf({ number }: Invocation): number {
    return this.#happenings.reduce(
      (sum, happening) => (happening.kind === 'clock' && happening.invocation <= number ? sum + happening.milliseconds : sum),
      0,
    );
  }

  deliveries(): readonly number[] {
    return this.#happenings.find((happening) => happening.kind === 'events')?.deliveries ?? USUAL_DELIVERY;
  }

  #lasts(happening: Extract<Happening, { seconds: number }>): boolean {
    const since = this.#since.get(happening);
    return since !== undefined && this.#clock.now() < since + happening.seconds * 1000;
  }

  #written(): void {
    this.#writes += 1;
    const due = this.#waiting.filter(({ write }) => write <= this.#writes);
    this.#waiting = this.#waiting.filter(({ write }) => write > this.#writes);
    for (const { plus, begin } of due) this.#clock.schedule(plus, begin);
  }

  #at(when: When, begin: () => void): void {
    if ('second' in when) this.#clock.schedule(this.#start + when.second * 1000 - this.#clock.now(), begin);
    else this.#waiting.push({ ...when, begin });
  }
}
