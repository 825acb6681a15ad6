import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultCredentials } from '../../../src/aws/default-credentials.ts';
import { awsError } from '../../../src/aws/errors.ts';
import { REMEDIES } from '../../../src/model/errors/kinds.ts';

const folder = mkdtempSync(join(tmpdir(), 'podshift-aws-'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const CONFIG = `
[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Admin
region = eu-west-1
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.com/start
[profile oldsso]
sso_account_id = 111122223333
sso_role_name = Admin
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.com/start
[profile half]
sso_account_id = 111122223333
sso_start_url = https://corp.awsapps.com/start
[profile lost]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = nowhere
[profile process]
credential_process = ${process.execPath} --version-of-nothing
[profile empty]
region = eu-west-1
`;

beforeEach(() => {
  for (const name of [
    'AWS_PROFILE',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_ROLE_ARN',
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  ])
    vi.stubEnv(name, undefined);
  const file = join(folder, 'config');
  writeFileSync(file, CONFIG);
  vi.stubEnv('HOME', folder);
  vi.stubEnv('AWS_CONFIG_FILE', file);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});

const failureOf = (profile?: string) =>
  defaultCredentials({ profile, region: 'eu-west-1' })().then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the SDK’s default credentials', () => {
  it.each([
    [
      'nope',
      'the profile "nope" is not in the AWS configuration: there are empty, half, lost, oldsso, process, sso',
      REMEDIES['AWS profile'].remedy,
    ],
    [
      'sso',
      'the SSO session of the profile "sso" has expired, or was never started',
      'Sign in (aws sso login --profile sso), then run the command again.',
    ],
    [
      'oldsso',
      'the SSO session of the profile "oldsso" has expired, or was never started',
      'Sign in (aws sso login --profile oldsso), then run the command again.',
    ],
    ['half', 'the profile "half" gives no credentials; it has sso_account_id, sso_start_url', REMEDIES['AWS configuration'].remedy],
    ['lost', 'the profile "lost" gives no credentials; it has role_arn, source_profile', REMEDIES['AWS configuration'].remedy],
    ['process', 'the profile "process" gives no credentials; it has credential_process', REMEDIES['AWS configuration'].remedy],
    ['empty', 'the profile "empty" has no credentials', REMEDIES['AWS credentials'].remedy],
    [
      undefined,
      'no AWS credentials were found: no environment variables, no default profile, no role of this machine',
      REMEDIES['AWS credentials'].remedy,
    ],
  ])('of the profile %s say what is missing, and what to do', async (profile, message, remedy) => {
    expect(await failureOf(profile)).toMatchObject({ name: 'CredentialsMissing', message, remedy });
  });

  it('are of the profile that AWS_PROFILE names', async () => {
    vi.stubEnv('AWS_PROFILE', 'nope');
    expect(await failureOf()).toMatchObject({ message: expect.stringMatching(/^the profile "nope" is not in/) });
  });

  it('are those of the environment', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
    expect(await defaultCredentials({ region: 'eu-west-1' })()).toMatchObject({ accessKeyId: 'a', secretAccessKey: 'b' });
  });

  it('say nothing of a configuration that cannot be read but that there are none', async () => {
    vi.stubEnv('AWS_CONFIG_FILE', folder);
    expect(await failureOf('sso')).toMatchObject({ message: 'the profile "sso" is not in the AWS configuration: there are none' });
  });
});

describe('credentials that AWS does not take', () => {
  const call = { service: 'eks', operation: 'DescribeCluster' };
  it.each([
    ['ExpiredToken', 'the AWS session token has expired: eks:DescribeCluster (ExpiredToken)', 'AWS session token'],
    ['ExpiredTokenException', 'the AWS session token has expired: eks:DescribeCluster (ExpiredTokenException)', 'AWS session token'],
    [
      'UnrecognizedClientException',
      'AWS does not take the access key: eks:DescribeCluster (UnrecognizedClientException)',
      'AWS access key',
    ],
    ['SignatureDoesNotMatch', 'AWS does not take the access key: eks:DescribeCluster (SignatureDoesNotMatch)', 'AWS access key'],
  ] as const)('are told from others: %s', (name, message, kind) => {
    const error = awsError(Object.assign(new Error('SECRET'), { name }), call);
    expect(error).toMatchObject({ name: 'CredentialsMissing', message, remedy: REMEDIES[kind].remedy });
  });
});
