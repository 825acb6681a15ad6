import type { ServiceRuntime } from '../../src/migration/runtime.ts';
import type { Route } from '../../src/service/routes.ts';
import { type HttpHandler, type Operation, routeFunction } from './http.ts';

/** `httpFunction` for an operation that starts or resumes state machines: such a function is packaged with the client for them. */
export function serviceHttpFunction<R extends Route>(route: R, operation: Operation<R, ServiceRuntime>): HttpHandler<ServiceRuntime> {
  return routeFunction(route, operation, runtimeOfEnvironment);
}

let runtime: Promise<ServiceRuntime> | undefined;

/** Imported on first use, as a local server needs neither the environment nor the clients. */
function runtimeOfEnvironment(): Promise<ServiceRuntime> {
  runtime ??= import('../runtime/service.ts').then((module) => module.createServiceRuntime(process.env));
  return runtime;
}
