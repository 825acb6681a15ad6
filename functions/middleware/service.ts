import type { z } from 'zod';
import type { ServiceRuntime } from '../../src/migration/runtime.ts';
import { type Step, type StepHandler, stepFunction } from './step.ts';

/** `lambdaFunction` for a step that starts state machines: such a function is packaged with the client of Step Functions. */
export function serviceFunction<Schema extends z.ZodType, Output>(
  schema: Schema,
  step: Step<z.output<Schema>, Output, ServiceRuntime>,
): StepHandler<Output, ServiceRuntime> {
  return stepFunction(schema, step, runtimeOfEnvironment);
}

let runtime: Promise<ServiceRuntime> | undefined;

/** Imported on first use, as the local engine needs neither the environment nor the client. */
function runtimeOfEnvironment(): Promise<ServiceRuntime> {
  runtime ??= import('../runtime/service.ts').then((module) => module.createServiceRuntime(process.env));
  return runtime;
}
