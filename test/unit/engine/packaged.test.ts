import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadPackagedService } from '../../../engine/packaged-service.ts';
import { runStateMachine } from '../../../engine/state-machine.ts';
import type { ClusterRuntime } from '../../../src/migration/runtime.ts';
import { createVirtualClock } from '../../../twin/clock.ts';
import { START, writeProject } from '../fixtures/engine-project.ts';

/** A placeholder of `Fn::Sub`. */
const placeholder = (name: string): string => `\${${name}}`;

const MACHINE = JSON.stringify({ StartAt: 'Only', States: { Only: { Type: 'Task', Resource: placeholder('5b1'), End: true } } });
const DEFINITION = { 'Fn::Sub': [MACHINE, { '5b1': { 'Fn::GetAtt': ['FirstLambdaFunction', 'Arn'] } }] };

/** The folder of a packaged service with one state machine; its functions are those of a test's project. */
async function packagedWith(DefinitionString: unknown): Promise<{ folder: string; root: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'podshift-packaged-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const Resources = {
    FirstLambdaFunction: { Type: 'AWS::Lambda::Function', Properties: { Handler: 'functions.first' } },
    OtherLambdaFunction: { Type: 'AWS::Lambda::Function', Properties: { Handler: 'functions.other' } },
    ImageLambdaFunction: { Type: 'AWS::Lambda::Function', Properties: { PackageType: 'Image' } },
    MigrateCluster: { Type: 'AWS::StepFunctions::StateMachine', Properties: { DefinitionString } },
    Journal: { Type: 'AWS::DynamoDB::Table', Properties: {} },
  };
  await writeFile(join(folder, 'cloudformation-template-update-stack.json'), JSON.stringify({ Resources }));
  return { folder, root: await writeProject({}) };
}

describe('a packaged service', () => {
  it('runs the definition of the template with the functions that its references name', async () => {
    const { folder, root } = await packagedWith(DEFINITION);
    const clock = createVirtualClock(START).engine;
    const runtime = { clock, ids: { next: () => 'id' }, steps: { first: (event: object) => ({ ...event, ran: true }) } };
    const output = await runStateMachine({
      name: 'migrate-cluster',
      input: { asked: true },
      runtime: runtime as unknown as ClusterRuntime,
      clock,
      service: await loadPackagedService(folder, root),
    });
    expect(output).toEqual({ asked: true, ran: true });
  });

  it('takes a definition that is text without references', async () => {
    const machine = { StartAt: 'Only', States: { Only: { Type: 'Pass', Result: placeholder('kept'), End: true } } };
    const { folder, root } = await packagedWith(JSON.stringify(machine));
    const service = await loadPackagedService(folder, root);
    expect(await service.stateMachine('migrate-cluster')).toEqual(machine);
  });

  it.each([
    { what: 'a placeholder that stands for nothing', definition: { 'Fn::Sub': [MACHINE, {}] }, message: /uses \$\{5b1\}/ },
    {
      what: 'a placeholder within a text',
      definition: { 'Fn::Sub': [JSON.stringify({ Comment: `in ${placeholder('5b1')}` }), DEFINITION['Fn::Sub'][1]] },
      message: /uses in \$\{5b1\}/,
    },
    { what: 'a definition elsewhere', definition: { Ref: 'Elsewhere' }, message: /MigrateCluster of .* is not what the packaging writes/ },
  ])('refuses $what', async ({ definition, message }) => {
    const { folder, root } = await packagedWith(definition);
    const service = await loadPackagedService(folder, root);
    await expect(service.stateMachine('migrate-cluster')).rejects.toMatchObject({
      name: 'InternalError',
      message: expect.stringMatching(message),
    });
  });

  it('refuses a machine that the template lacks', async () => {
    const { folder, root } = await packagedWith(DEFINITION);
    const service = await loadPackagedService(folder, root);
    await expect(service.stateMachine('rollback-run')).rejects.toMatchObject({
      name: 'InternalError',
      message: expect.stringMatching(/has no state machine rollback-run/),
    });
  });

  it.each([
    {
      what: 'one that the template lacks',
      id: 'SecondLambdaFunction',
      message: /SecondLambdaFunction, which the service does not declare/,
    },
    { what: 'one without a handler', id: 'ImageLambdaFunction', message: /ImageLambdaFunction, which the service does not declare/ },
    { what: 'one whose module exports something else', id: 'OtherLambdaFunction', message: /functions.ts exports no handler "other"/ },
  ])('refuses a function: $what', async ({ id, message }) => {
    const { folder, root } = await packagedWith(DEFINITION);
    const service = await loadPackagedService(folder, root);
    await expect(service.handler(id)).rejects.toMatchObject({ name: 'InternalError', message: expect.stringMatching(message) });
  });
});
