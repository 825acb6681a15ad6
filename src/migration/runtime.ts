import type { AwsGateways } from '../aws/gateways.ts';
import type { Journal } from '../journal/journal.ts';
import type { KubernetesGateway } from '../kubernetes/gateway.ts';
import type { Clock, Ids } from '../model/clock.ts';
import type { CallCounts, ClusterTarget } from '../model/run.ts';
import type { Executions } from '../service/executions.ts';

/** Everything a step may touch, handed in. A Lambda makes one per cold start, the local engine one per run. */
export interface Runtime {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly journal: Journal;
  /** Structured log lines without secrets. */
  readonly logger: Logger;
  aws(target: ClusterTarget): AwsGateways;
  /** Describes the cluster once and keeps the connection. Throws `ClusterNotFound`, `ClusterUnreachable`. */
  kubernetes(target: ClusterTarget): Promise<KubernetesGateway>;
  /** Made when it is first asked for: few steps start or resume a state machine. */
  executions(): Promise<Executions>;
  /** Requests sent since the last call of this method, retries included. */
  takeCalls(): CallCounts;
}

/** A logger; fields are facts, never secrets. */
export interface Logger {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}
