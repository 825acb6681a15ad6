import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { loadSharedConfigFiles } from '@smithy/core/config';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { REMEDIES } from '../model/errors/kinds.ts';
import { PodshiftError } from '../model/errors.ts';
import { codeOf, connectionFailure } from '../model/text/connection-failure.ts';
import { quotedWord } from '../model/text/shell-word.ts';

/** Where the SDK's default chain looks first. */
interface ChainSettings {
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
}

/** The kinds of failure of the chain. */
type Kind = 'AWS profile' | 'AWS SSO session' | 'AWS configuration' | 'AWS credentials';

/**
 * The SDK's default chain of credential providers. What fails it is thrown as `CredentialsMissing`, which says which of the chain's places
 * was meant and what is wrong there; connections that cannot be made are thrown as they are.
 */
export function defaultCredentials({ profile, region }: ChainSettings): AwsCredentialIdentityProvider {
  const chain = fromNodeProviderChain({
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { clientConfig: { region } }),
  });
  return async (properties) => {
    try {
      return await chain(properties);
    } catch (error) {
      if (connectionFailure(codeOf(error)) !== undefined) throw error;
      throw await explained(error, profile ?? process.env.AWS_PROFILE);
    }
  };
}

async function explained(error: unknown, profile: string | undefined): Promise<PodshiftError> {
  const text = error instanceof Error ? error.message : '';
  const named = profile === undefined ? 'the default profile' : `the profile "${profile}"`;
  const login = profile === undefined ? 'aws sso login' : `aws sso login --profile ${quotedWord(profile)}`;
  if (/aws sso login|SSO session/i.test(text)) {
    return failure('AWS SSO session', `the SSO session of ${named} has expired, or was never started`, login);
  }
  const profiles = await profilesOfThisMachine();
  if (profile !== undefined && !Object.hasOwn(profiles, profile)) {
    const known = Object.keys(profiles).sort();
    const list =
      known.length === 0 ? 'there are none' : `there are ${known.slice(0, 10).join(', ')}${known.length > 10 ? ' and more' : ''}`;
    return failure('AWS profile', `${named} is not in the AWS configuration: ${list}`);
  }
  const keys = Object.keys(profiles[profile ?? 'default'] ?? {}).filter((key) => SOURCES.has(key));
  if (keys.length > 0) return failure('AWS configuration', `${named} gives no credentials; it has ${keys.sort().join(', ')}`);
  return failure(
    'AWS credentials',
    profile === undefined
      ? 'no AWS credentials were found: no environment variables, no default profile, no role of this machine'
      : `${named} has no credentials`,
  );
}

/** Settings of a profile that lead to credentials. */
const SOURCES: ReadonlySet<string> = new Set([
  'aws_access_key_id',
  'credential_process',
  'credential_source',
  'login_session',
  'role_arn',
  'source_profile',
  'sso_account_id',
  'sso_role_name',
  'sso_session',
  'sso_start_url',
  'web_identity_token_file',
]);

async function profilesOfThisMachine(): Promise<Readonly<Record<string, Readonly<Record<string, unknown>>>>> {
  // Files are read anew: a process that goes on for hours outlives a change of them. One that cannot be read is as one without profiles.
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ ignoreCache: true });
  const own = Object.fromEntries(Object.entries(configFile).filter(([name]) => !/^(sso-session|services)\./.test(name)));
  const names = new Set([...Object.keys(own), ...Object.keys(credentialsFile)]);
  return Object.fromEntries([...names].map((name) => [name, { ...own[name], ...credentialsFile[name] }]));
}

function failure(kind: Kind, message: string, login = 'aws sso login'): PodshiftError {
  return new PodshiftError('CredentialsMissing', message, {
    remedy: REMEDIES[kind].remedy.replace('aws sso login --profile NAME', login),
    details: { code: 'CredentialsProviderError', kind },
  });
}
