import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import { currentRun, sessionName } from '../audit/run-session.ts';
import type { Runtime } from '../migration/runtime.ts';
import type { Clock } from '../model/clock.ts';
import { type CallCounts, type ClusterTarget, noCalls } from '../model/run.ts';
import type { ServerTime } from '../model/server-clock.ts';
import { createAwsGateways } from './aws-gateways.ts';
import type { AwsSettings } from './clients.ts';
import { keptCredentials, targetCredentials } from './credentials.ts';
import type { AwsGateways } from './gateways.ts';
import type { Pacer } from './pacing.ts';
import { sessionArn } from './session-arn.ts';

/** What all connections of a process share. */
export interface ConnectionSettings {
  readonly clock: Clock;
  /** One endpoint for every AWS service, such as the twin's; AWS's own where it is absent. */
  readonly endpoint?: string;
  /** The SDK's default chain where absent. */
  readonly credentials?: AwsCredentialIdentity | AwsCredentialIdentityProvider;
  readonly retryDelays: 'standard' | 'none';
  /** The external id that roles of member accounts ask for, where a target brings none of its own. */
  readonly externalId?: string | undefined;
  /** Paces requests: one for the whole process, or, in Lambda, for all that run now. Requests are sent at once where absent. */
  readonly pacer?: Pacer;
  /** Called for each request that was refused as one too many, the SDK's retries included; a rehearsal's are not told. */
  readonly onThrottle?: (service: keyof CallCounts) => void;
  /** See `AwsSettings`. */
  readonly serverTime?: ServerTime;
  /** See `AwsSettings`. */
  readonly contacts?: AwsSettings['contacts'];
  /** See `AwsSettings`. */
  readonly requestHandler?: AwsSettings['requestHandler'];
  readonly maxAttempts?: AwsSettings['maxAttempts'];
  readonly onAnswer?: AwsSettings['onAnswer'];
  /** ARN of the principal that this process is without assuming a role; null where nobody knows. Nobody does where absent. */
  readonly ownPrincipal?: ((target: ClusterTarget) => Promise<string | null>) | undefined;
  /** Which of a member account's two roles is assumed where a target names one; `changing` where absent, as the target has it. */
  readonly memberRole?: MemberRole | undefined;
}

/** What a process does in member accounts: `reading` comes as the role that may change nothing. */
export type MemberRole = 'changing' | 'reading';

/** How the name of a member account's role that only reads ends: the other one's name goes before it (infra/member-account.yml). */
export const READING_SUFFIX = '-read';

/** The part of a {@link Runtime} that reaches AWS: one set of clients for each target, every request counted. */
export function createConnections(settings: ConnectionSettings): Pick<Runtime, 'aws' | 'takeCalls'> {
  const { aws, takeCalls } = openConnections(settings);
  return { aws, takeCalls };
}

/** The connections to AWS, and what others need to be counted, paced and signed alike. */
export interface Connections extends Pick<Runtime, 'aws' | 'takeCalls'> {
  readonly count: (service: keyof CallCounts) => void;
  readonly pacer?: Pacer;
  /** Those that act on the target: one session of a role serves all clusters that are reached by it. */
  credentialsOf(target: ClusterTarget): AwsCredentialIdentityProvider;
  /** The target with the role that this process assumes for it. */
  reachedBy(target: ClusterTarget): ClusterTarget;
  /** ARN of the principal that these credentials are of; null where nobody knows. */
  principalOf(target: ClusterTarget): () => Promise<string | null>;
}

/** Opens the connections of a process; the clients are made when they are first needed. */
export function openConnections(settings: ConnectionSettings): Connections {
  let calls = noCalls();
  const count = (service: keyof CallCounts) => {
    calls[service] += 1;
  };
  const sessions = new Map<string, AwsCredentialIdentityProvider>();
  const paced = settings.pacer === undefined ? {} : { pacer: telling(settings.pacer, settings.onThrottle) };
  const gateways = new Map<string, AwsGateways>();
  const awsSettings = (target: ClusterTarget): AwsSettings => ({
    target: target.externalId === undefined ? { ...target, externalId: settings.externalId } : target,
    retryDelays: settings.retryDelays,
    onRequest: count,
    ...paced,
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
    ...(settings.serverTime === undefined ? {} : { serverTime: settings.serverTime }),
    ...(settings.requestHandler === undefined ? {} : { requestHandler: settings.requestHandler }),
    maxAttempts: settings.maxAttempts,
    onAnswer: settings.onAnswer,
    contacts: settings.contacts,
  });
  const credentialsOf = (target: ClusterTarget): AwsCredentialIdentityProvider => {
    const key = JSON.stringify([target.region, target.assumeRoleArn, target.externalId, sessionOf(target)]);
    const session = sessions.get(key) ?? keptCredentials(targetCredentials(awsSettings(target)), settings.clock);
    sessions.set(key, session);
    return session;
  };
  const reachedBy = (target: ClusterTarget): ClusterTarget =>
    settings.memberRole !== 'reading' || target.assumeRoleArn === null
      ? target
      : { ...target, assumeRoleArn: `${target.assumeRoleArn}${READING_SUFFIX}` };
  const principalOf = (target: ClusterTarget): (() => Promise<string | null>) => {
    const session = sessionOf(target);
    return async () =>
      session === '' ? ((await settings.ownPrincipal?.(target)) ?? null) : sessionArn(target.assumeRoleArn ?? '', session);
  };
  return {
    count,
    credentialsOf,
    reachedBy,
    principalOf,
    ...paced,
    aws: (target) => {
      const key = targetKey(target);
      const existing = gateways.get(key);
      if (existing !== undefined) {
        return existing;
      }
      const reached = reachedBy(target);
      const made = createAwsGateways({ ...awsSettings(target), principal: principalOf(reached) }, credentialsOf(reached));
      gateways.set(key, made);
      return made;
    },
    takeCalls: () => {
      const taken = calls;
      calls = noCalls();
      return taken;
    },
  };
}

/** A pacer that tells of throttled requests as well. */
function telling(pacer: Pacer, onThrottle: ConnectionSettings['onThrottle']): Pacer {
  return {
    ...pacer,
    report: (service, key, outcome) => {
      if (outcome === 'throttled') onThrottle?.(service);
      pacer.report(service, key, outcome);
    },
  };
}

/** The same text for the same target and, where a role is assumed for it, the same run: its session carries the run's name. */
export function targetKey(target: ClusterTarget): string {
  return JSON.stringify([target.clusterName, target.region, target.assumeRoleArn, target.externalId, sessionOf(target)]);
}

/** The name of the session in which the target's role is assumed now; empty where none is. */
function sessionOf({ assumeRoleArn }: ClusterTarget): string {
  return assumeRoleArn === null ? '' : sessionName(currentRun());
}
