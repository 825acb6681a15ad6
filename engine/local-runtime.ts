import { randomBytes } from 'node:crypto';
import type { AwsSettings } from '../src/aws/aws-gateways.ts';
import { createPacer, type Pacer } from '../src/aws/pacing.ts';
import type { Journal } from '../src/journal/journal.ts';
import { createClusterConnections } from '../src/kubernetes/connections.ts';
import type { ClusterRuntime, Logger, ServiceRuntime } from '../src/migration/runtime.ts';
import type { Deployment } from '../src/model/deployment.ts';
import { isPodshiftError } from '../src/model/errors.ts';
import { createIds } from '../src/model/ids.ts';
import type { ClusterTarget } from '../src/model/run.ts';
import { createServerClock } from '../src/model/server-clock.ts';
import { contextual } from '../src/service/log-context.ts';
import type { Pages } from '../src/service/pages.ts';
import type { EngineClock } from './clock.ts';
import { createLocalExecutions, type LocalExecutions } from './local-executions.ts';
import type { Service } from './service.ts';

/** What a runtime of this process is made of. */
export interface LocalRuntimeSettings {
  readonly clock: EngineClock;
  readonly journal: Journal;
  /** Endpoint of every AWS service; AWS's own where absent. The cluster's endpoint is what EKS says. */
  readonly endpoint?: string;
  /** The SDK's default chain where absent. */
  readonly credentials?: NonNullable<AwsSettings['credentials']>;
  readonly retryDelays: 'standard' | 'none';
  /** Where absent, one of this process' own with standard delays, and none without. */
  readonly pacer?: Pacer;
  /** Told of each try to reach a host; nobody is where absent. */
  readonly contacts?: AwsSettings['contacts'];
  readonly logger: Logger;
  /** Source of the ids' random bytes; a rehearsal gives one that can be replayed. */
  readonly random?: (bytes: number) => Uint8Array;
  /** True where this process renews the lock of the run that it carries out; else each step holds it beyond the wait that it hands on. */
  readonly heartbeat?: true;
  /** The rules of a deployment, to be held as its functions hold them; on one machine there are none. */
  readonly deployment?: Deployment;
  /** True where runs are asked for by whoever's credentials this process has. */
  readonly ownRequests?: true;
  /** Version and commit of this podshift, for the record of its runs; not recorded where absent. */
  readonly podshift?: string;
  /** What executions run; this project's own serverless.yml where absent. */
  readonly service?: Service;
  /** Where the pages of runs are stored; nowhere where absent. */
  readonly pages?: Pages | undefined;
}

/** A runtime whose state machines run in this process, too. */
export interface LocalRuntime extends ClusterRuntime, ServiceRuntime {
  executions(): Promise<LocalExecutions>;
}

/** The runtime that the local engine hands to the steps: the same gateways as a Lambda's. */
export function createLocalRuntime(settings: LocalRuntimeSettings): LocalRuntime {
  const { clock, endpoint, credentials, retryDelays } = settings;
  const ownPacer = () => createPacer(clock, (milliseconds) => clock.pause(milliseconds));
  const pacer = settings.pacer ?? (retryDelays === 'standard' ? ownPacer() : undefined);
  // A twin's answers carry this machine's time, whatever its own is.
  const serverClock = endpoint === undefined ? createServerClock(clock) : undefined;
  // Asked once: a service that is away is not waited for with each write.
  let own: Promise<string | null> | undefined;
  const whoIsThis = (target: ClusterTarget): Promise<string | null> => {
    own ??= ownArn(connections, target, settings.logger);
    return own;
  };
  const connections: ReturnType<typeof createClusterConnections> = createClusterConnections({
    clock,
    ...(settings.ownRequests === true ? { ownPrincipal: whoIsThis } : {}),
    ...(serverClock === undefined ? {} : { serverTime: serverClock }),
    retryDelays,
    ...(pacer === undefined ? {} : { pacer }),
    contacts: settings.contacts,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  return createRuntimeOver(connections, { ...settings, serverClock, whoIsThis });
}

/** A runtime of this process that reaches the world by these connections. */
export function createRuntimeOver(
  connections: Pick<ClusterRuntime, 'aws' | 'kubernetes' | 'takeCalls'>,
  settings: Pick<
    LocalRuntimeSettings,
    'clock' | 'journal' | 'logger' | 'random' | 'heartbeat' | 'ownRequests' | 'deployment' | 'service' | 'podshift' | 'pages'
  > &
    Pick<ClusterRuntime, 'serverClock'> & { readonly whoIsThis?: ClusterRuntime['whoAsks'] },
): LocalRuntime {
  const { clock, journal, logger, random = randomBytes } = settings;
  const runtime: LocalRuntime = {
    clock,
    serverClock: settings.serverClock,
    journal,
    logger: contextual(logger),
    heartbeat: settings.heartbeat,
    deployment: settings.deployment,
    podshift: settings.podshift,
    pages: settings.pages,
    ...(settings.ownRequests === true ? { whoAsks: settings.whoIsThis ?? ((target) => ownArn(connections, target, logger)) } : {}),
    ids: createIds(clock, random),
    ...connections,
    executions: async () => executions,
  };
  const executions = createLocalExecutions({ runtime, clock, ...(settings.service === undefined ? {} : { service: settings.service }) });
  return runtime;
}

/** Null where STS does not say: a record is no reason to refuse a run. */
async function ownArn({ aws }: Pick<ClusterRuntime, 'aws'>, target: ClusterTarget, logger: Logger): Promise<string | null> {
  try {
    return (await aws({ ...target, assumeRoleArn: null }).sts.getCallerIdentity()).arn;
  } catch (error) {
    if (!isPodshiftError(error)) throw error;
    logger.warn('STS does not say who asks for the run', { error: error.name });
    return null;
  }
}
