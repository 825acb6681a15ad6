import type { AwsGateways, Cluster } from '../aws/gateways.ts';
import type { Journal } from '../journal/journal.ts';
import type { KubernetesGateway } from '../kubernetes/gateway.ts';
import type { Clock, Ids } from '../model/clock.ts';
import type { Deployment } from '../model/deployment.ts';
import type { CallCounts, ClusterTarget } from '../model/run.ts';
import type { Executions } from '../service/executions.ts';
import type { Pages } from '../service/pages.ts';

/**
 * What every function may touch, handed in: the journal. A Lambda makes one per cold start, the local engine one per run.
 * A function is packaged with the clients of its own runtime, and no others.
 */
export interface JournalRuntime {
  /** What the journal is stamped with, too. */
  readonly clock: Clock;
  /** The services' time, for what they stamped; `clock` where absent. */
  readonly serverClock?: Clock | undefined;
  readonly ids: Ids;
  readonly journal: Journal;
  /** Structured log lines without secrets. */
  readonly logger: Logger;
  /** Version and commit of this podshift, such as `1.2.3 (0f1e2d3c4b5a)`; absent where it does not know. */
  readonly podshift?: string | undefined;
  /** What the deployer decides for all callers; absent on one machine, whose user is the deployer. */
  readonly deployment?: Deployment | undefined;
  /** Where the pages of runs are stored; absent where none are. */
  readonly pages?: Pages | undefined;
  /** ARN of whoever's credentials this process has, who asks for its runs; null where STS does not say. Absent but on one machine. */
  whoAsks?(target: ClusterTarget): Promise<string | null>;
  /** Units or roles of a batch that are worked on at once; 8 where absent. A rehearsal, in which that takes no time, is the same each time with one. */
  readonly atOnce?: number | undefined;
  /** True where the process itself renews the lock of the run that it carries out, for as long as it lives. */
  readonly heartbeat?: true | undefined;
}

/** What a step may touch that works in the account. */
export interface Runtime extends JournalRuntime {
  aws(target: ClusterTarget): AwsGateways;
  /** Requests sent since the last call of this method, retries included. */
  takeCalls(): CallCounts;
}

/** What a step may touch that works in the cluster too. */
export interface ClusterRuntime extends Runtime {
  /** Describes the cluster once, or goes by what the caller has just read of it, and keeps the connection. Throws `ClusterNotFound`, `ClusterUnreachable`. */
  kubernetes(target: ClusterTarget, described?: Cluster): Promise<KubernetesGateway>;
}

/** What a function may touch that starts or resumes state machines. */
export interface ServiceRuntime extends JournalRuntime {
  /** Made when it is first asked for. */
  executions(): Promise<Executions>;
}

/** A logger; fields are facts, never secrets. */
export interface Logger {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}
