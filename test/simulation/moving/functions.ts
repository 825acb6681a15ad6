import type { ServiceHandler } from '../../../engine/service.ts';
import { TaskFailure } from '../../../engine/task-failure.ts';
import type { SimulatedClock } from './clock.ts';
import { Environment, type Shared } from './environment.ts';
import type { Call } from './network.ts';

/** One call of a function, from 1 in the order of their beginnings. */
export interface Invocation {
  readonly number: number;
  readonly functionId: string;
  readonly event: unknown;
}

/** What goes wrong with an invocation, besides its calls. */
export interface Accident {
  /**
   * The environment dies ahead of its so-many-th call (from 1), or with its answer where it makes fewer, and Step Functions hears this
   * error's name.
   */
  readonly cut?: { readonly call: number; readonly error: string };
  /** The environment dies ahead of each call about such an object, but for the journal's; whoever called hears of it after so many seconds. */
  readonly deadly?: { readonly object: string; readonly error: string; readonly seconds: number };
  /** It is delivered a second time so many milliseconds after the first; whoever called hears of the first. */
  readonly again?: number;
  /** It begins so many milliseconds late, and whoever called hears at once that it failed. */
  readonly late?: number;
}

/** What decides of invocations, besides chance. */
export interface Fortune {
  accidentOf(invocation: Invocation): Accident;
  /** Milliseconds by which the clock of the environment that takes the invocation is ahead. */
  skewOf(invocation: Invocation): number;
}

/** An invocation that has ended, and how many calls it made. */
export interface Served {
  /** Which function, and the so-many-th invocation of it, as a history's faults name it. */
  readonly of: string;
  readonly number: number;
  readonly calls: number;
}

/** What the whole of a world's functions is told about, for its history. */
export type Told = (line: string) => void;

/** Lambda: environments that are kept warm and used again one invocation at a time, and what ends them. */
export class Functions {
  readonly #shared: Shared;
  readonly #fortune: Fortune;
  readonly #timeoutOf: (functionId: string) => number;
  readonly #tell: Told;
  readonly #warm: Environment[] = [];
  readonly #served: Served[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #handlers = new WeakMap<Environment, Map<ServiceHandler, (event: unknown) => Promise<unknown>>>();
  #count = 0;
  #running = 0;

  /** `timeoutOf`: seconds that a function may run. */
  constructor(shared: Shared, fortune: Fortune, timeoutOf: (functionId: string) => number, tell: Told) {
    this.#shared = shared;
    this.#fortune = fortune;
    this.#timeoutOf = timeoutOf;
    this.#tell = tell;
  }

  /** Invocations that have begun so far. */
  get count(): number {
    return this.#count;
  }

  /** Invocations that have ended, in the order of their ends. */
  get served(): readonly Served[] {
    return this.#served;
  }

  /** Invocations that go on now, whoever waits for them. */
  get running(): number {
    return this.#running;
  }

  /** Calls a function, as Step Functions does. Throws {@link TaskFailure}s in Lambda's words, and what the function throws. */
  async invoke(functionId: string, handler: ServiceHandler, event: unknown): Promise<unknown> {
    this.#count += 1;
    const invocation = { number: this.#count, functionId, event };
    const accident = this.#fortune.accidentOf(invocation);
    const deliver = (own: Accident): Promise<unknown> => this.#deliver(invocation, handler, own);
    if (accident.again !== undefined) this.#later(accident.again, `${functionId} again`, () => deliver({}));
    if (accident.late !== undefined) {
      this.#later(accident.late, `${functionId} late`, () => deliver({}));
      throw new TaskFailure('Lambda.ClientExecutionTimeoutException', 'the connection to Lambda broke');
    }
    return deliver(accident);
  }

  #later(milliseconds: number, what: string, work: () => Promise<unknown>): void {
    this.#running += 1;
    void this.#shared.clock.sleep(milliseconds).then(async () => {
      this.#tell(what);
      await work().then(
        () => this.#tell(`${what}: done`),
        (error: unknown) => this.#tell(`${what}: ${nameOf(error)}`),
      );
      this.#running -= 1;
    });
  }

  async #deliver(invocation: Invocation, handler: ServiceHandler, { cut, deadly }: Accident): Promise<unknown> {
    const { clock } = this.#shared;
    const of = nameOfFunction(invocation.functionId);
    const number = (this.#numbers.get(of) ?? 0) + 1;
    this.#numbers.set(of, number);
    const environment = this.#warm.pop() ?? new Environment(this.#shared);
    environment.skew = this.#fortune.skewOf(invocation);
    this.#running += 1;
    let end: (error: TaskFailure) => void = () => undefined;
    const ended = new Promise<never>((_resolve, reject) => {
      end = (error) => {
        environment.die();
        reject(error);
      };
    });
    ended.catch(() => undefined);
    const seconds = this.#timeoutOf(invocation.functionId);
    const cancel = at(clock, seconds * 1000, () => end(new TaskFailure('Sandbox.Timedout', `the function ran for ${seconds} seconds`)));
    let calls = 0;
    environment.onEffect = (call: Call) => {
      calls += 1;
      const isDeadly = deadly !== undefined && call.service !== 'journal' && call.object.includes(deadly.object);
      const died = (error: string): void => end(new TaskFailure(error, `the function died ahead of ${call.service} ${call.operation}`));
      if (cut?.call === calls) died(cut.error);
      if (!isDeadly) return;
      environment.die();
      at(clock, deadly.seconds * 1000, () => died(deadly.error));
    };
    try {
      const work = this.#handlerOf(environment, handler)(event(invocation.event));
      work.catch(() => undefined);
      const answer = await Promise.race([work, ended]);
      if (cut !== undefined && cut.call > calls) throw new TaskFailure(cut.error, 'the function died with its answer');
      return answer;
    } catch (error) {
      this.#tell(`${invocation.functionId} #${invocation.number}: ${nameOf(error)}`);
      throw error;
    } finally {
      cancel();
      this.#served.push({ of, number, calls });
      this.#running -= 1;
      environment.onEffect = () => undefined;
      if (environment.isAlive) this.#warm.push(environment);
    }
  }

  #handlerOf(environment: Environment, handler: ServiceHandler): (event: unknown) => Promise<unknown> {
    const known = this.#handlers.get(environment) ?? new Map<ServiceHandler, (event: unknown) => Promise<unknown>>();
    this.#handlers.set(environment, known);
    const made = known.get(handler) ?? handler.withRuntime(environment.runtime);
    known.set(handler, made);
    return made;
  }
}

/** A function's name as serverless.yml has it, in small letters: `associate`. */
export function nameOfFunction(functionId: string): string {
  return functionId.replace(/LambdaFunction$/, '').toLowerCase();
}

/** Each delivery gets a copy of its own. */
function event(value: unknown): unknown {
  return structuredClone(value);
}

/** Runs an action that may let work go on. */
function at(clock: SimulatedClock, milliseconds: number, action: () => void): () => void {
  let cancelled = false;
  const cancel = clock.schedule(milliseconds, () => {
    // An action alone is not waited for: what it wakes has to come to rest.
    if (!cancelled) void clock.sleep(0).then(() => (cancelled ? undefined : action()));
  });
  return () => {
    cancelled = true;
    cancel();
  };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : String(error);
}
