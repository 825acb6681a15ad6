import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import { currentRun, sessionName } from '../audit/run-session.ts';
import type { Clock } from '../model/clock.ts';
import { PodshiftError } from '../model/errors.ts';
import { type AwsSettings, requestCounter, retryStrategy } from './clients.ts';
import { defaultCredentials } from './default-credentials.ts';
import { awsError } from './errors.ts';
import { TIMEOUTS } from './timeouts.ts';

/** A session of a chained role lasts an hour at most (IAM user guide, "Role chaining"). */
const SESSION_SECONDS = 3600;

/** A session is renewed this long before its end. */
const MARGIN = 5 * 60_000;

/**
 * The credentials that act on the target: the given or default ones, or those of the role that the target names.
 * Throws `MemberRoleRefused` where that role cannot be assumed.
 */
export function targetCredentials(settings: AwsSettings): AwsCredentialIdentityProvider {
  const { target, credentials } = settings;
  const base: AwsCredentialIdentityProvider =
    credentials === undefined
      ? defaultCredentials({ region: target.region })
      : typeof credentials === 'function'
        ? credentials
        : () => Promise.resolve(credentials);
  return target.assumeRoleArn === null ? base : memberCredentials(settings, base, target.assumeRoleArn);
}

function memberCredentials(settings: AwsSettings, base: AwsCredentialIdentityProvider, roleArn: string): AwsCredentialIdentityProvider {
  const { target, endpoint } = settings;
  const assume = fromTemporaryCredentials({
    masterCredentials: base,
    params: {
      RoleArn: roleArn,
      RoleSessionName: sessionName(currentRun()),
      DurationSeconds: SESSION_SECONDS,
      ...(target.externalId === undefined ? {} : { ExternalId: target.externalId }),
    },
    clientConfig: {
      region: target.region,
      ...(endpoint === undefined ? {} : { endpoint }),
      retryStrategy: retryStrategy(settings.retryDelays, settings.maxAttempts),
      requestHandler: settings.requestHandler ?? TIMEOUTS,
    },
    clientPlugins: [requestCounter(settings, 'sts')],
  });
  return async (properties) => {
    try {
      return await assume(properties);
    } catch (thrown) {
      const error = awsError(thrown, { service: 'sts', operation: 'AssumeRole' });
      if (error.name !== 'AccessDenied') throw error;
      throw new PodshiftError('MemberRoleRefused', `sts:AssumeRole of ${roleArn} was refused: ${error.message}`, {
        details: error.details,
      });
    }
  };
}

/** The same credentials, kept until shortly before they expire by `clock`; a failure is not kept. */
export function keptCredentials(provider: AwsCredentialIdentityProvider, clock: Clock): AwsCredentialIdentityProvider {
  let current: Promise<AwsCredentialIdentity> | undefined;
  let validUntil = Number.POSITIVE_INFINITY;
  return (properties) => {
    if (current === undefined || clock.now() >= validUntil) {
      const asked = provider(properties);
      current = asked;
      validUntil = Number.POSITIVE_INFINITY;
      asked.then(
        ({ expiration }) => {
          if (current === asked && expiration !== undefined) validUntil = expiration.getTime() - MARGIN;
        },
        () => {
          // The caller sees the failure; the next call tries again.
          if (current === asked) current = undefined;
        },
      );
    }
    return current;
  };
}
