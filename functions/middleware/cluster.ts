import type { z } from 'zod';
import type { ClusterRuntime } from '../../src/migration/runtime.ts';
import { countedCalls } from './calls.ts';
import { type Step, type StepHandler, stepFunction } from './step.ts';

/** `lambdaFunction` for a step that works in the cluster: such a function is packaged with clients of AWS and Kubernetes. */
export function clusterFunction<Schema extends z.ZodType, Output>(
  schema: Schema,
  step: Step<z.output<Schema>, Output, ClusterRuntime>,
): StepHandler<Output, ClusterRuntime> {
  return stepFunction(schema, step, runtimeOfEnvironment, [countedCalls]);
}

let runtime: Promise<ClusterRuntime> | undefined;

/** Imported on first use, as the local engine needs neither the environment nor the clients. */
function runtimeOfEnvironment(): Promise<ClusterRuntime> {
  runtime ??= import('../runtime/cluster.ts').then((module) => module.createClusterRuntime(process.env));
  return runtime;
}
