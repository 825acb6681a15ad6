import type { AwsGateways } from '../aws/gateways.ts';
import type { Journal } from '../journal/journal.ts';
import type { KubernetesGateway } from '../kubernetes/gateway.ts';
import type { Clock, Ids } from '../model/clock.ts';
import type { CallCounts, ClusterTarget } from '../model/run.ts';
import type { Executions } from '../service/executions.ts';

/** What a step may touch, handed in. A Lambda makes one per cold start, the local engine one per run. */
export interface Runtime {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly journal: Journal;
  /** Structured log lines without secrets. */
  readonly logger: Logger;
  aws(target: ClusterTarget): AwsGateways;
  /** Made when it is first asked for: few steps start or resume a state machine. */
  executions(): Promise<Executions>;
  /** Requests sent since the last call of this method, retries included. */
  takeCalls(): CallCounts;
}

/** What a step may touch that works in a cluster too; functions whose steps do not are packaged without a Kubernetes client. */
export interface ClusterRuntime extends Runtime {
  /** Describes the cluster once and keeps the connection. Throws `ClusterNotFound`, `ClusterUnreachable`. */
  kubernetes(target: ClusterTarget): Promise<KubernetesGateway>;
}

/** A logger; fields are facts, never secrets. */
export interface Logger {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}
