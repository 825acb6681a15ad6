import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { checkDefinition } from '../../../engine/check.ts';
import { parseYaml, projectService } from '../../../engine/service.ts';
import { describeDefinition, type State, states } from '../../support/definition-suite.ts';
import { composeDefinition } from '../../support/definitions.ts';

const MACHINES = ['migrate-cluster', 'scan-cluster', 'rollback-run', 'migrate-fleet'] as const;

function functionOf(state: State): string {
  const text = JSON.stringify([state.Resource, state.Parameters]);
  return /"Fn::GetAtt":\["(\w+)LambdaFunction","Arn"\]/.exec(text)?.[1] ?? '';
}

for (const name of MACHINES) describeDefinition(name, () => composeDefinition(name));

describe('what the local engine runs', () => {
  // The engine takes the project's own definitions as they are: a check at each start takes longer than many an execution.
  it.each(MACHINES)('is valid and means the same there as in Step Functions: %s', async (name) => {
    checkDefinition(await (await projectService()).stateMachine(name), name);
  });
});

function choicesOf(state: State | undefined): readonly { readonly StringEquals: string; readonly Next: string }[] {
  return (state?.Choices ?? []) as { StringEquals: string; Next: string }[];
}

/** What the failures of a batch of units lead to, in each of the two definitions. */
const BATCHES = [
  ['migrate-units', 'UndoUnits', 'IsolateUnits', 'IsolateUndo', 'UnitsLost', 'WhereAreUnits'],
  ['confirm-units', 'UndoConfirmed', 'IsolateConfirmed', 'IsolateConfirmedUndo', 'ConfirmedLost', 'WhereAreConfirmed'],
] as const;

describe.each(BATCHES)('%s', (name, undo, isolate, isolateUndo, lost, where) => {
  it('turns every failure into a result: a call that does not end is made for each unit alone, and what that fails for is undone', async () => {
    const { States } = await composeDefinition(name);
    for (const [stateName, state] of Object.entries(States)) {
      if (state.Type !== 'Task') continue;
      const expected = { [undo]: isolateUndo, [isolate]: lost, [isolateUndo]: lost }[stateName] ?? isolate;
      expect(state.Catch, stateName).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: expected }]);
    }
    expect(Object.values(States).some((state) => state.Type === 'Fail')).toBe(false);
    expect(States[isolateUndo]?.Parameters).toMatchObject({ undo: true });
    expect(States[isolate]?.Parameters).toMatchObject({ undo: false });
  });

  it('asks after every stage for units to undo first, and comes back to that stage', async () => {
    const { States } = await composeDefinition(name);
    const resumed = choicesOf(States[where]).map(({ Next }) => Next);
    const stages = Object.entries(States).filter(([, { Type, Parameters }]) => Type === 'Task' && !('failure.$' in (Parameters as object)));
    expect(stages.map(([stateName]) => stateName).filter((stateName) => stateName !== undo)).toEqual(resumed);
    for (const stage of resumed) {
      const [first, waiting] = choicesOf(States[String(States[stage]?.Next)]);
      expect(first, stage).toMatchObject({ StringEquals: 'undo', Next: undo });
      expect(waiting, stage).toMatchObject({ StringEquals: 'waiting' });
      expect(States[String(waiting?.Next)], stage).toMatchObject({ Type: 'Wait', Next: stage });
    }
    expect(States[where]?.Default).toBe(undo);
  });
});

describe('the order that safety needs', () => {
  /** The Tasks from one state on where nothing fails, with what is passed over by the default of `passed`. */
  const orderFrom = async (name: string, begin: string, passed: readonly string[] = []): Promise<string[]> => {
    const { States } = await composeDefinition(name);
    const order: string[] = [];
    for (let at: string | undefined = begin; at !== undefined && !order.includes(at); ) {
      const state: State | undefined = States[at];
      if (state?.Type === 'Task') order.push(at);
      const choices: { Next: string; Variable: string }[] = (state?.Choices as { Next: string; Variable: string }[] | undefined) ?? [];
      const ofKind: { Next: string } | undefined = choices.find(({ Variable }) => Variable === '$.batch.kind');
      at = (state?.Next as string | undefined) ?? (ofKind !== undefined && !passed.includes(at) ? ofKind.Next : (state?.Default as string));
    }
    return order;
  };
  const PROVED = ['CheckInjection', 'ProveCredentials', 'RestartWorkloads', 'CheckRollout', 'VerifyPods'];

  it.each([
    ['Associate', ['Associate']],
    ['SplitServiceAccount', ['SplitServiceAccount', 'Associate']],
    ['UpdateAddon', ['UpdateAddon', 'CheckAddon']],
  ])('holds from %s on', async (begin, first) => {
    expect(await orderFrom('migrate-units', begin)).toEqual([...first, ...PROVED]);
  });

  it('holds after the soak', async () => {
    const last = ['RemoveAnnotations', 'CheckRenewal', 'FinishUnits'];
    expect(await orderFrom('confirm-units', 'ResumeUnits', ['IsOfAddon'])).toEqual(['ResumeUnits', 'ConfirmUse', ...last]);
    expect(await orderFrom('confirm-units', 'ResumeUnits')).toEqual(['ResumeUnits', 'ConfirmUse', 'CheckTogether', 'FinishUnits']);
  });
});

describe('serverless.yml', () => {
  it('declares exactly the functions that the state machines or events call, each with a module that exports a handler', async () => {
    const service = parseYaml(await readFile(new URL('../../../serverless.yml', import.meta.url), 'utf8')) as {
      functions: Record<string, { handler: string; timeout?: number; events?: unknown }>;
      provider: { timeout: number };
    };
    const called = new Set<string>();
    for (const name of MACHINES) {
      for (const [stateName, state] of states(await composeDefinition(name))) {
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
    const triggered = Object.entries(service.functions).flatMap(([name, { events }]) => (events === undefined ? [] : [name]));
    expect(Object.keys(service.functions).sort()).toEqual([...called, ...triggered].sort());
    for (const [name, { handler }] of Object.entries(service.functions)) {
      const module = (await import(new URL(`../../../${handler.replace(/\.handler$/, '.ts')}`, import.meta.url).href)) as Record<
        string,
        unknown
      >;
      expect((module.handler as { withRuntime?: unknown }).withRuntime, name).toBeTypeOf('function');
    }
  });
});
