import type { z } from 'zod';
import type { JournalRuntime } from '../../src/migration/runtime.ts';
import type { Route } from '../../src/service/routes.ts';
import { type HttpHandler, type Operation, routeFunction } from './http.ts';
import { type Step, type StepHandler, stepFunction } from './step.ts';

/** `lambdaFunction` for a step that stores the page of a run. */
export function pageFunction<Schema extends z.ZodType, Output>(schema: Schema, step: Step<z.output<Schema>, Output>): StepHandler<Output> {
  return stepFunction(schema, step, runtimeOfEnvironment);
}

/** `httpFunction` for an operation that gives links to pages. */
export function pageHttpFunction<R extends Route>(route: R, operation: Operation<R, JournalRuntime>): HttpHandler {
  return routeFunction(route, operation, runtimeOfEnvironment);
}

let runtime: Promise<JournalRuntime> | undefined;

/** Imported on first use, as the local engine needs neither the environment nor the clients. */
function runtimeOfEnvironment(): Promise<JournalRuntime> {
  runtime ??= import('../runtime/pages.ts').then((module) => module.createPagesRuntime(process.env));
  return runtime;
}
