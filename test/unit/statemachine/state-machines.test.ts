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

describe('migrate-unit', () => {
  it('turns every failure into a result: each Task leads back, and the way back leads to an end', async () => {
    const unit = await composeDefinition('migrate-unit');
    for (const [stateName, state] of Object.entries(unit.States)) {
      if (state.Type !== 'Task') continue;
      const expected = { UndoUnit: 'MarkNeedsOperator', MarkNeedsOperator: 'UnitLost' }[stateName] ?? 'UndoUnit';
      expect(state.Catch, stateName).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: expected }]);
    }
    expect(Object.values(unit.States).some((state) => state.Type === 'Fail')).toBe(false);
  });

  it('undoes a unit by the same states as rollback-run does', async () => {
    const unit = await composeDefinition('migrate-unit');
    const undo = (await composeDefinition('rollback-run')).States.UndoUnits?.ItemProcessor;
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
    const { States } = await composeDefinition('migrate-unit');
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
