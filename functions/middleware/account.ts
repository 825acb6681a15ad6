import type { z } from 'zod';
import type { Runtime } from '../../src/migration/runtime.ts';
import { countedCalls } from './calls.ts';
import { type Step, type StepHandler, stepFunction } from './step.ts';

/** `lambdaFunction` for a step that works in the account: such a function is packaged with clients of AWS. */
export function accountFunction<Schema extends z.ZodType, Output>(
  schema: Schema,
  step: Step<z.output<Schema>, Output, Runtime>,
): StepHandler<Output, Runtime> {
  return stepFunction(schema, step, runtimeOfEnvironment, [countedCalls]);
}

let runtime: Promise<Runtime> | undefined;

/** Imported on first use, as the local engine needs neither the environment nor the clients. */
function runtimeOfEnvironment(): Promise<Runtime> {
  runtime ??= import('../runtime/account.ts').then((module) => module.createAccountRuntime(process.env));
  return runtime;
}
