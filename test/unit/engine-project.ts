import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadService } from '../../engine/service.ts';
import { runStateMachine, type StateMachineRun } from '../../engine/state-machine.ts';
import type { ClusterRuntime } from '../../src/migration/runtime.ts';
import { createVirtualClock, type VirtualClock } from '../../twin/clock.ts';

/** The functions of a test's project: `first` and `second`, whatever the test makes of them. */
export interface Steps {
  first?(event: never): unknown;
  second?(event: never): unknown;
}

export const FIRST = { 'Fn::GetAtt': ['FirstLambdaFunction', 'Arn'] };
export const SECOND = { 'Fn::GetAtt': ['SecondLambdaFunction', 'Arn'] };

/** Where virtual time starts in these tests. */
export const START = Date.UTC(2025, 5, 1);

const FUNCTIONS = `
export const first = { withRuntime: (runtime) => async (event) => runtime.steps.first(event) };
export const second = { withRuntime: (runtime) => async (event) => runtime.steps.second(event) };
`;

const SERVERLESS = `
service: test
custom: { machine: machine.asl.json }
functions:
  first: { handler: functions.first }
  second: { handler: functions.second }
  unrelated: { handler: elsewhere.handler, environment: { STAGE: '\${sls:stage}' } }
stepFunctions:
  stateMachines:
    migrateCluster:
      name: '\${self:service}-\${sls:stage}'
      definition: \${file(machine.asl.json)}
`;

/** Writes a project with one state machine to a folder that goes away after the test. */
export async function writeProject(machine: unknown, processor?: unknown): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'podshift-engine-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await writeFile(join(root, 'serverless.yml'), SERVERLESS);
  await writeFile(join(root, 'functions.ts'), FUNCTIONS);
  await writeFile(join(root, 'machine.asl.json'), JSON.stringify(machine));
  await writeFile(join(root, 'processor.asl.json'), JSON.stringify(processor ?? {}));
  return root;
}

/** Runs a machine of a test on a virtual clock. */
export async function execute(
  machine: unknown,
  input: unknown,
  steps: Steps,
  options: Partial<StateMachineRun> & { processor?: unknown; clock?: VirtualClock['engine'] } = {},
): Promise<{ output: unknown; seconds: number }> {
  const { processor, ...rest } = options;
  const root = await writeProject(machine, processor);
  const clock = rest.clock ?? createVirtualClock(START).engine;
  let id = 0;
  const ids = {
    next: () => {
      id += 1;
      return `id-${id}`;
    },
  };
  const runtime = { clock, ids, steps } as unknown as ClusterRuntime;
  const begin = clock.now();
  const output = await runStateMachine({ ...rest, name: 'migrate-cluster', input, runtime, clock, service: await loadService(root) });
  return { output, seconds: (clock.now() - begin) / 1000 };
}

/** A machine of one Task state. */
export function oneTask(task: object = {}): object {
  return { StartAt: 'Only', States: { Only: { Type: 'Task', Resource: FIRST, End: true, ...task } } };
}
