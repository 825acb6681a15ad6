import aslValidator from 'asl-validator';
import { beforeAll, describe, expect, it } from 'vitest';
import type { JournalRuntime } from '../../src/migration/runtime.ts';
import { lockSeconds, WRITER_SECONDS } from '../../src/migration/write.ts';
import { ERRORS } from '../../src/model/errors.ts';

/** A rule of `Retry` or `Catch`. */
export interface Rule {
  readonly ErrorEquals: readonly string[];
  readonly [field: string]: unknown;
}
/** A state, as far as it is looked at. */
export interface State {
  readonly Type: string;
  readonly Retry?: readonly Rule[];
  readonly Catch?: readonly Rule[];
  readonly ItemProcessor?: Machine;
  readonly [field: string]: unknown;
}
/** A state machine, or the processor of a Map. */
export interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
  readonly [field: string]: unknown;
}

/** The function did not run, or nobody knows (Step Functions Developer Guide, "Handle Lambda service exceptions"; Lambda API Reference, Invoke). */
const LAMBDA_FAULTS = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ResourceNotReadyException',
  'Lambda.ENINotReadyException',
  'Lambda.ENILimitReachedException',
  'Lambda.SubnetIPAddressLimitReachedException',
  'Lambda.EC2ThrottledException',
  'Lambda.EC2UnexpectedException',
  'Lambda.ResourceConflictException',
];
/** It ran out of time or crashed. */
const DEATHS = ['Lambda.Unknown', 'Sandbox.Timedout', 'Runtime.ExitError'];
const BUSY = 'Lambda.TooManyRequestsException';
const LAMBDA_ERRORS = [...LAMBDA_FAULTS, ...DEATHS, BUSY];
/** Of ours: who fails so waits for a turn, and the queue may be long. */
const QUEUES = ['Throttled', 'LeaseHeld'];
/** The two Tasks that come before anybody knows whether the cluster can be reached at all. */
const FIRST_CONTACT = ['OpenRun', 'CheckCluster'];
/** Scheduled, started, failed: what a try of a function adds to a history (Step Functions API Reference, GetExecutionHistory). */
const EVENTS_PER_TRY = 3;
/** How long any execution may take: 90 days. Old versions of functions are kept as long (docs/operations.md). */
const LONGEST = 7_776_000;
const RETRYABLE = Object.entries(ERRORS).flatMap(([name, row]) => (row.retryable ? [name] : []));
/** Everything that a state of ours may say: what both engines do alike. The packaging adds the default of `QueryLanguage`. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Task: ['Type', 'Comment', 'Resource', 'Parameters', 'TimeoutSeconds', 'Retry', 'Catch', 'ResultPath', 'OutputPath', 'Next', 'End'],
  Map: ['Type', 'Comment', 'ItemsPath', 'ItemSelector', 'MaxConcurrency', 'ItemProcessor', 'Catch', 'ResultPath', 'Next'],
  Choice: ['Type', 'Comment', 'Choices', 'Default'],
  Wait: ['Type', 'Comment', 'SecondsPath', 'Next'],
  Pass: ['Type', 'Comment', 'Parameters', 'Result', 'ResultPath', 'Next', 'End'],
  Fail: ['Type', 'Comment', 'Error', 'Cause'],
};

/** How long a rule waits in all, in the mean: full jitter draws each delay between 0 and what the rule gives. */
function meanSeconds(rule: Rule | undefined): number {
  const { IntervalSeconds, BackoffRate, MaxDelaySeconds, MaxAttempts } = (rule ?? { MaxAttempts: 0 }) as unknown as Record<string, number>;
  const delays = Array.from({ length: MaxAttempts ?? 0 }, (_, attempt) =>
    Math.min((IntervalSeconds ?? 0) * (BackoffRate ?? 1) ** attempt, MaxDelaySeconds ?? 0),
  );
  return delays.reduce((sum, delay) => sum + delay, 0) / 2;
}

/** The rule that a failure of this name meets: the first that names it. */
function ruleFor(state: State, error: string): Rule | undefined {
  return state.Retry?.find(({ ErrorEquals }) => ErrorEquals.includes(error));
}

/** Whether the Task waits for somebody's word: its own time-out is an answer then. */
function isAsking(state: State): boolean {
  return String(state.Resource).endsWith('.waitForTaskToken');
}

/** Every state of a machine and of those within it. */
export function states(machine: Machine): [string, State][] {
  return Object.entries(machine.States).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...(state.ItemProcessor === undefined ? [] : states(state.ItemProcessor)),
  ]);
}

/** What holds of every definition of ours, whether it is the source or what the packaging made of it. */
export function describeDefinition(name: string, load: () => Promise<Machine>): void {
  describe(`the definition of ${name}`, () => {
    let machine: Machine;
    let all: [string, State][];
    const ofType = (type: string) => all.filter(([, state]) => state.Type === type);

    beforeAll(async () => {
      machine = await load();
      all = states(machine);
    });

    it('is valid by asl-validator', () => {
      const arns = JSON.parse(JSON.stringify(machine), (_key, value) =>
        typeof value === 'object' && value !== null && 'Fn::GetAtt' in value ? 'arn:aws:lambda:us-east-1:123456789012:function:any' : value,
      );
      const result = aslValidator(arns, { checkArn: true, checkPaths: true });
      expect(result.isValid ? '' : result.errorsText('\n')).toBe('');
    });

    it('names each state once', () => {
      const names = all.map(([stateName]) => stateName);
      expect(names.filter((stateName, index) => names.indexOf(stateName) !== index)).toEqual([]);
    });

    it('uses only features that both engines honour', () => {
      const unknown = all.flatMap(([stateName, state]) =>
        Object.keys(state)
          .filter((field) => !['QueryLanguage', ...(FIELDS[state.Type] ?? [])].includes(field))
          .map((field) => `${stateName}.${field}`),
      );
      expect(unknown).toEqual([]);
      expect(JSON.stringify(machine)).not.toMatch(/JSONata|"Assign"|ResultWriter|ItemReader|ItemBatcher|Tolerated/);
    });

    it('bounds every Task in time', () => {
      const unbounded = ofType('Task').filter(([, state]) => !(Number(state.TimeoutSeconds) > 0));
      expect(unbounded.map(([stateName]) => stateName)).toEqual([]);
    });

    it('ends in its own time: no run goes on for ever', () => {
      expect(machine.TimeoutSeconds).toBeGreaterThan(0);
      expect(machine.TimeoutSeconds).toBeLessThanOrEqual(LONGEST);
    });

    it('retries every transient error of Lambda and of ours in every Task, with full jitter and a bounded delay', () => {
      for (const [stateName, state] of ofType('Task')) {
        const retried = (state.Retry ?? []).flatMap((rule) => rule.ErrorEquals);
        const expected = [...LAMBDA_ERRORS, ...RETRYABLE, ...(isAsking(state) ? [] : ['States.Timeout'])];
        expect([...retried].sort(), stateName).toEqual(expected.sort());
        for (const rule of state.Retry ?? []) {
          expect(rule, stateName).toMatchObject({
            JitterStrategy: 'FULL',
            MaxDelaySeconds: expect.any(Number),
            MaxAttempts: expect.any(Number),
          });
        }
      }
    });

    it('waits longer for a function that is busy than for one that fails: its reserved concurrency makes a queue', () => {
      for (const [stateName, state] of ofType('Task')) {
        const rule = ruleFor(state, BUSY);
        expect(rule, stateName).toMatchObject({ ErrorEquals: [BUSY], MaxDelaySeconds: 60 });
        expect(meanSeconds(rule), stateName).toBeGreaterThan(4 * 3600);
      }
    });

    it('waits for a turn as long as a queue can be, apart from what fails', () => {
      for (const [stateName, state] of ofType('Task')) {
        for (const error of QUEUES) {
          expect(ruleFor(state, error)?.ErrorEquals, stateName).toEqual(QUEUES);
          expect(meanSeconds(ruleFor(state, error)), stateName).toBeGreaterThan(20 * 3600);
        }
      }
    });

    it('rides out a service that is away for minutes, once the cluster is known to be reached', () => {
      for (const [stateName, state] of ofType('Task')) {
        const contact = FIRST_CONTACT.includes(stateName);
        for (const error of RETRYABLE.filter((name) => !QUEUES.includes(name))) {
          const seconds = meanSeconds(ruleFor(state, error));
          expect(seconds, `${stateName}: ${error}`).toBeGreaterThan(contact ? 60 : 900);
          expect(seconds, `${stateName}: ${error}`).toBeLessThan(contact ? 120 : 1800);
        }
      }
    });

    it('waits between two tries of a write no longer than the cluster is locked', () => {
      for (const [stateName, state] of ofType('Task')) {
        const longest = Math.max(...(state.Retry ?? []).map(({ MaxDelaySeconds }) => Number(MaxDelaySeconds)));
        expect(longest + WRITER_SECONDS, stateName).toBeLessThan(lockSeconds({} as JournalRuntime));
      }
    });

    it('keeps the tries of one state few enough for a history', () => {
      for (const [stateName, state] of ofType('Task')) {
        const tries = (state.Retry ?? []).reduce((sum, { MaxAttempts }) => sum + Number(MaxAttempts), 0);
        expect(tries * EVENTS_PER_TRY, stateName).toBeLessThan(4000);
      }
    });

    it('names only errors of the table, of Lambda and of Step Functions', () => {
      const named = all.flatMap(([, state]) => [...(state.Retry ?? []), ...(state.Catch ?? [])].flatMap((rule) => rule.ErrorEquals));
      const failing = ofType('Fail').map(([, state]) => String(state.Error));
      const known = [...Object.keys(ERRORS), ...LAMBDA_ERRORS, 'States.ALL', 'States.Timeout'];
      expect([...named, ...failing].filter((error) => !known.includes(error))).toEqual([]);
    });

    it('has States.ALL alone and last', () => {
      for (const [stateName, state] of all) {
        for (const rules of [state.Retry ?? [], state.Catch ?? []]) {
          for (const [index, rule] of rules.entries()) {
            if (!rule.ErrorEquals.includes('States.ALL')) continue;
            expect(rule.ErrorEquals, stateName).toEqual(['States.ALL']);
            expect(index, stateName).toBe(rules.length - 1);
          }
        }
      }
    });

    it('lets no child of a Map fail, which engines count differently: each Task leads to a Pass state in the end', () => {
      for (const [mapName, { ItemProcessor }] of ofType('Map')) {
        const { States = {}, ProcessorConfig } = (ItemProcessor ?? {}) as Partial<Machine>;
        expect(ProcessorConfig, mapName).toMatchObject({ Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' });
        expect(Object.values(States).filter((state) => state.Type === 'Fail')).toEqual([]);
        for (const [stateName, state] of Object.entries(States)) {
          if (state.Type !== 'Task') continue;
          const caught = (state.Catch ?? []).find((rule) => rule.ErrorEquals.includes('States.ALL'))?.Next;
          expect(['Task', 'Pass'], `${stateName} of ${mapName}`).toContain(States[String(caught)]?.Type);
        }
      }
    });

    it('has plain paths, and only intrinsic functions and context fields that were seen to mean the same everywhere', () => {
      const texts: string[] = [];
      JSON.stringify(machine, (_key, value) => {
        if (typeof value === 'string' && /^(?:\$|States\.\w+\()/.test(value)) texts.push(value);
        return value;
      });
      const plain = /^\$(?:\.[a-zA-Z]+)*$|^\$\$\.(?:Execution\.Id|Map\.Item\.Value|Task\.Token)$|^States\.ArrayContains\(/;
      expect(texts.filter((text) => !plain.test(text))).toEqual([]);
    });

    it('waits only as long as a step says', () => {
      expect(ofType('Wait').filter(([, state]) => typeof state.SecondsPath !== 'string')).toEqual([]);
    });
  });
}
