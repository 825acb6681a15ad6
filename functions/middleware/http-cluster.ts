import type { ClusterRuntime, ServiceRuntime } from '../../src/migration/runtime.ts';
import type { Route } from '../../src/service/routes.ts';
import { type HttpHandler, type Operation, routeFunction } from './http.ts';

type Both = ClusterRuntime & ServiceRuntime;

/** `serviceHttpFunction` for an operation that looks at the cluster too: such a function is packaged with all clients. */
export function clusterHttpFunction<R extends Route>(route: R, operation: Operation<R, Both>): HttpHandler<Both> {
  return routeFunction(route, operation, runtimeOfEnvironment);
}

let runtime: Promise<Both> | undefined;

/** Imported on first use, as a local server needs neither the environment nor the clients. */
function runtimeOfEnvironment(): Promise<Both> {
  runtime ??= import('../runtime/cluster-service.ts').then((module) => module.createClusterServiceRuntime(process.env));
  return runtime;
}
