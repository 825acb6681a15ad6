import { readFile } from 'node:fs/promises';
import aslValidator from 'asl-validator';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ERRORS } from '../../src/model/errors.ts';

interface Rule {
  readonly ErrorEquals: readonly string[];
  readonly [field: string]: unknown;
}
interface State {
  readonly Type: string;
  readonly Retry?: readonly Rule[];
  readonly Catch?: readonly Rule[];
  readonly ItemProcessor?: Machine;
  readonly [field: string]: unknown;
}
interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
  readonly [field: string]: unknown;
}

const MACHINES = ['migrate-cluster', 'rollback-run'] as const;
const LAMBDA_ERRORS = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
];
const RETRYABLE = Object.entries(ERRORS).flatMap(([name, row]) => (row.retryable ? [name] : []));
/** Everything that a state of ours may say: what both engines do alike. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Task: ['Type', 'Comment', 'Resource', 'Parameters', 'TimeoutSeconds', 'Retry', 'Catch', 'ResultPath', 'OutputPath', 'Next', 'End'],
  Map: ['Type', 'Comment', 'ItemsPath', 'ItemSelector', 'MaxConcurrency', 'ItemProcessor', 'Catch', 'ResultPath', 'Next'],
  Choice: ['Type', 'Comment', 'Choices', 'Default'],
  Wait: ['Type', 'Comment', 'SecondsPath', 'Next'],
  Pass: ['Type', 'Comment', 'Parameters', 'Result', 'ResultPath', 'Next', 'End'],
  Fail: ['Type', 'Comment', 'Error', 'Cause'],
};

async function read(name: string): Promise<Machine> {
  const text = await readFile(new URL(`../../statemachine/${name}.asl.json`, import.meta.url), 'utf8');
  return JSON.parse(text) as Machine;
}

/** The definition with its files put in, as the packaging does. */
async function compose(name: string): Promise<Machine> {
  const parts = new Map(await Promise.all(['migrate-unit', 'retire-daemon'].map(async (part) => [part, await read(part)] as const)));
  const fileOf = (value: unknown): string =>
    (typeof value === 'string' ? /^\$\{file\(statemachine\/([\w-]+)\.asl\.json\)\}$/.exec(value)?.[1] : undefined) ?? '';
  return JSON.parse(JSON.stringify(await read(name)), (_key, value) => parts.get(fileOf(value)) ?? value);
}

function states(machine: Machine): [string, State][] {
  return Object.entries(machine.States).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...(state.ItemProcessor === undefined ? [] : states(state.ItemProcessor)),
  ]);
}

function functionOf(state: State): string {
  const text = JSON.stringify([state.Resource, state.Parameters]);
  return /"Fn::GetAtt":\["(\w+)LambdaFunction","Arn"\]/.exec(text)?.[1] ?? '';
}

describe.each(MACHINES)('the definition of %s', (name) => {
  let machine: Machine;
  let all: [string, State][];
  const ofType = (type: string) => all.filter(([, state]) => state.Type === type);

  beforeAll(async () => {
    machine = await compose(name);
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
        .filter((field) => !(FIELDS[state.Type] ?? []).includes(field))
        .map((field) => `${stateName}.${field}`),
    );
    expect(unknown).toEqual([]);
    expect(JSON.stringify(machine)).not.toMatch(/JSONata|"Assign"|ResultWriter|ItemReader|ItemBatcher|Tolerated/);
  });

  it('bounds every Task in time', () => {
    const unbounded = ofType('Task').filter(([, state]) => !(Number(state.TimeoutSeconds) > 0));
    expect(unbounded.map(([stateName]) => stateName)).toEqual([]);
  });

  it('retries every transient error of Lambda and of ours in every Task, with full jitter and a bounded delay', () => {
    for (const [stateName, state] of ofType('Task')) {
      const retried = (state.Retry ?? []).flatMap((rule) => rule.ErrorEquals);
      expect(retried, stateName).toEqual(expect.arrayContaining([...LAMBDA_ERRORS, ...RETRYABLE]));
      for (const rule of state.Retry ?? []) {
        expect(rule, stateName).toMatchObject({
          JitterStrategy: 'FULL',
          MaxDelaySeconds: expect.any(Number),
          MaxAttempts: expect.any(Number),
        });
      }
    }
  });

  it('retries nothing that another try cannot mend', () => {
    const retried = new Set(all.flatMap(([, state]) => (state.Retry ?? []).flatMap((rule) => rule.ErrorEquals)));
    expect([...retried].sort()).toEqual([...LAMBDA_ERRORS, ...RETRYABLE, 'States.Timeout'].sort());
  });

  it('names only errors of the table, of Lambda and of Step Functions', () => {
    const named = all.flatMap(([, state]) => [...(state.Retry ?? []), ...(state.Catch ?? [])].flatMap((rule) => rule.ErrorEquals));
    const failing = ofType('Fail').map(([, state]) => String(state.Error));
    const unknown = [...named, ...failing].filter((error) => !(error in ERRORS) && !/^(States|Lambda)\./.test(error));
    expect(unknown).toEqual([]);
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

  it('waits only as long as a step says', () => {
    expect(ofType('Wait').filter(([, state]) => typeof state.SecondsPath !== 'string')).toEqual([]);
  });
});

describe('migrate-unit', () => {
  it('turns every failure into a result: each Task leads back, and the way back leads to an end', async () => {
    const unit = await read('migrate-unit');
    for (const [stateName, state] of Object.entries(unit.States)) {
      if (state.Type !== 'Task') continue;
      const expected = { UndoUnit: 'MarkNeedsOperator', MarkNeedsOperator: 'UnitLost' }[stateName] ?? 'UndoUnit';
      expect(state.Catch, stateName).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: expected }]);
    }
    expect(Object.values(unit.States).some((state) => state.Type === 'Fail')).toBe(false);
  });

  it('undoes a unit by the same states as rollback-run does', async () => {
    const unit = await read('migrate-unit');
    const undo = (await read('rollback-run')).States.UndoUnits?.ItemProcessor;
    for (const [stateName, state] of Object.entries(undo?.States ?? {})) expect(unit.States[stateName], stateName).toEqual(state);
    expect(Object.keys(undo?.States ?? {})).toContain('UndoUnit');
  });

  it.each([
    { begin: 'Associate', ofAddon: false, first: ['Associate'], last: ['RemoveAnnotations', 'CheckRenewal', 'FinishUnit'] },
    {
      begin: 'SplitServiceAccount',
      ofAddon: false,
      first: ['SplitServiceAccount', 'Associate'],
      last: ['RemoveAnnotations', 'CheckRenewal', 'FinishUnit'],
    },
    { begin: 'UpdateAddon', ofAddon: true, first: ['UpdateAddon', 'CheckAddon'], last: ['CheckTogether', 'FinishUnit'] },
  ])('has the order that safety needs from $begin on', async ({ begin, ofAddon, first, last }) => {
    const { States } = await read('migrate-unit');
    const order: string[] = [];
    for (let name: string | undefined = begin; name !== undefined; ) {
      const state: State | undefined = States[name];
      if (state?.Type === 'Task') order.push(name);
      const choices: { Next: string }[] = (state?.Choices as { Next: string }[] | undefined) ?? [];
      const skipped: boolean = name === 'IsOfAddon' && !ofAddon;
      name = (state?.Next as string | undefined) ?? (skipped ? (state?.Default as string) : choices[0]?.Next);
    }
    expect(order).toEqual([
      ...first,
      'CheckInjection',
      'ProveCredentials',
      'RestartWorkloads',
      'CheckRollout',
      'VerifyPods',
      'ConfirmUse',
      ...last,
    ]);
  });
});

describe('serverless.yml', () => {
  it('declares exactly the functions that the state machines call, each with a module that exports a handler', async () => {
    const service = parse(await readFile(new URL('../../serverless.yml', import.meta.url), 'utf8')) as {
      functions: Record<string, { handler: string; timeout?: number }>;
      provider: { timeout: number };
    };
    const called = new Set<string>();
    for (const name of MACHINES) {
      for (const [stateName, state] of states(await compose(name))) {
        if (state.Type !== 'Task') continue;
        const id = functionOf(state);
        expect(id, stateName).not.toBe('');
        called.add(id.charAt(0).toLowerCase() + id.slice(1));
        const declared = service.functions[id.charAt(0).toLowerCase() + id.slice(1)];
        expect(declared, `${stateName} calls ${id}`).toBeDefined();
        expect(declared?.timeout ?? service.provider.timeout, `${stateName} outlives its function`).toBeLessThan(
          Number(state.TimeoutSeconds),
        );
      }
    }
    expect(Object.keys(service.functions).sort()).toEqual([...called].sort());
    for (const [name, { handler }] of Object.entries(service.functions)) {
      const module = (await import(new URL(`../../${handler.replace(/\.handler$/, '.ts')}`, import.meta.url).href)) as Record<
        string,
        unknown
      >;
      expect((module.handler as { withRuntime?: unknown }).withRuntime, name).toBeTypeOf('function');
    }
  });
});
