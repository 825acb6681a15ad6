import type { SimulatedClock } from './clock.ts';
import { type Accident, type Fortune, type Invocation, nameOfFunction, type Told } from './functions.ts';
import type { Act, Fault, Happening, History, When, Word } from './history.ts';
import type { Call, Fate, Weather } from './network.ts';

/** An event of a failed execution arrives after so many milliseconds, where nothing else is said. */
const USUAL_DELIVERY = [1_500];

/** Carries out a history: what becomes of calls and invocations, and who does what when. */
export class Happenings implements Weather, Fortune {
  readonly #clock: SimulatedClock;
  readonly #start: number;
  readonly #tell: Told;
  readonly #happenings: readonly Happening[];
  /** Begin of those that last. */
  readonly #since = new Map<Happening, number>();
  readonly #counts = new Map<Fault, number>();
  readonly #invocations = new Map<string, number>();
  /** Calls that were sent so far, of whatever kind. */
  calls = 0;
  /** When each of podshift's writes left. */
  readonly writes: number[] = [];
  #waiting: { readonly after: string; readonly plus: number; readonly begin: () => void; left: number }[] = [];

  constructor(history: History, clock: SimulatedClock, start: number, tell: Told) {
    this.#happenings = history.happenings;
    this.#clock = clock;
    this.#start = start;
    this.#tell = tell;
  }

  /** Sets all up that has a time. */
  begin(onAct: (act: Act) => void, onWord: (word: Word) => void): void {
    for (const happening of this.#happenings) {
      if (!('when' in happening)) continue;
      this.#at(happening.when, () => {
        if (happening.kind === 'act') onAct(happening);
        else if ('service' in happening) {
          this.#tell(`${happening.kind} of ${happening.service} for ${happening.seconds} s`);
          this.#since.set(happening, this.#clock.now());
        } else onWord(happening);
      });
    }
  }

  fateOf(call: Call, usual: Fate): Fate {
    this.calls += 1;
    if (call.write && call.service !== 'journal') this.#written(call);
    let fate = usual;
    for (const happening of this.#happenings) {
      switch (happening.kind) {
        case 'lost':
          if (this.#isLost(happening, call))
            fate = { ...fate, failure: { kind: 'reset', when: happening.part === 'request' ? 'before' : 'after' } };
          break;
        case 'refused':
          if (happening.operation === call.operation && happening.object === call.object)
            fate = { ...fate, failure: { kind: 'denied', when: 'before' } };
          break;
        case 'outage':
          if (happening.service === call.service && this.#lasts(happening))
            fate = { ...fate, failure: { kind: happening.failure, when: 'before' } };
          break;
        case 'slow':
          if (happening.service === call.service && this.#lasts(happening)) fate = { ...fate, there: fate.there + happening.milliseconds };
          break;
      }
    }
    return fate;
  }

  accidentOf({ functionId }: Invocation): Accident {
    const name = nameOfFunction(functionId);
    const number = (this.#invocations.get(name) ?? 0) + 1;
    this.#invocations.set(name, number);
    let accident: Accident = {};
    for (const happening of this.#happenings) {
      if (!('of' in happening) || happening.of.toLowerCase() !== name) continue;
      if (happening.kind === 'deadly') accident = { ...accident, deadly: happening };
      else if (happening.number !== number) continue;
      else if (happening.kind === 'cut') accident = { ...accident, cut: { call: happening.call, error: happening.error } };
      else accident = { ...accident, [happening.kind]: happening.milliseconds };
    }
    return accident;
  }

  skewOf({ number }: Invocation): number {
    const jumps = this.#happenings.filter((one) => one.kind === 'clock' && one.invocation <= number) as Extract<Fault, { kind: 'clock' }>[];
    return jumps.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  }

  /** Milliseconds by which a service reads late now. */
  lagOf(service: 'iam' | 'eks'): number {
    const lags = this.#happenings.filter((one) => one.kind === 'reads late' && one.service === service && this.#lasts(one));
    return Math.max(0, ...lags.map((one) => (one as Extract<Fault, { kind: 'reads late' }>).milliseconds));
  }

  deliveries(): readonly number[] {
    return this.#happenings.find((happening) => happening.kind === 'events')?.deliveries ?? USUAL_DELIVERY;
  }

  #isLost(happening: Extract<Fault, { kind: 'lost' }>, call: Call): boolean {
    if ((happening.service !== 'any' && happening.service !== call.service) || (happening.writes && !call.write)) return false;
    const count = (this.#counts.get(happening) ?? 0) + 1;
    this.#counts.set(happening, count);
    if (count === happening.number) this.#tell(`${happening.part} lost: ${call.service} ${call.operation} ${call.object}`);
    return count === happening.number;
  }

  #lasts(happening: Extract<Happening, { seconds: number; service: unknown }>): boolean {
    const since = this.#since.get(happening);
    return since !== undefined && this.#clock.now() < since + happening.seconds * 1000;
  }

  #written(call: Call): void {
    this.writes.push(this.#clock.now());
    this.#tell(`write ${this.writes.length}: ${call.service} ${call.operation} ${call.object}`);
    for (const one of this.#waiting) if (call.operation.startsWith(one.after)) one.left -= 1;
    const due = this.#waiting.filter(({ left }) => left === 0);
    this.#waiting = this.#waiting.filter(({ left }) => left > 0);
    for (const { plus, begin } of due) this.#clock.schedule(plus, begin);
  }

  #at(when: When, begin: () => void): void {
    if ('second' in when) this.#clock.schedule(this.#start + when.second * 1000 - this.#clock.now(), begin);
    else this.#waiting.push({ after: when.after, plus: when.plus, begin, left: when.number });
  }
}
