import type { AwsCredentialIdentity } from '@smithy/types';
import { describe, expect, it } from 'vitest';
import { keptCredentials, targetCredentials } from '../../../src/aws/credentials.ts';
import { createClusterConnections } from '../../../src/kubernetes/connections.ts';
import { startScript } from '../fixtures/scripted-server.ts';

const START = Date.UTC(2026, 0, 5);
const MINUTE = 60_000;
const role = 'arn:aws:iam::444455556666:role/podshift-member';
const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: role };

/** STS, as far as AssumeRole goes, and EKS: each session lasts an hour by `now`. */
async function account(now: () => number, refusal?: { status: number; code: string }) {
  let sessions = 0;
  const { url, seen } = await startScript((request) => {
    if (request.path !== '/') return { body: { clusters: [] } };
    if (refusal !== undefined) {
      const body = `<ErrorResponse><Error><Code>${refusal.code}</Code><Message>no</Message></Error></ErrorResponse>`;
      return { status: refusal.status, headers: { 'content-type': 'text/xml' }, body };
    }
    sessions += 1;
    const expiration = new Date(now() + 60 * MINUTE).toISOString();
    const given = `<AccessKeyId>ASIA${sessions}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${expiration}</Expiration>`;
    const body = `<AssumeRoleResponse><AssumeRoleResult><Credentials>${given}</Credentials></AssumeRoleResult></AssumeRoleResponse>`;
    return { headers: { 'content-type': 'text/xml' }, body };
  });
  const base = { accessKeyId: 'AKIA', secretAccessKey: 's' };
  return {
    settings: { endpoint: url, credentials: base, retryDelays: 'none' as const },
    seen,
    assumed: () => seen.filter(({ path }) => path === '/'),
  };
}

describe('the credentials of a member account', () => {
  it('are one session of an hour for all clients and clusters of the account, with the external id', async () => {
    let now = START;
    const { settings, assumed } = await account(() => now);
    const { aws } = createClusterConnections({ ...settings, clock: { now: () => now } });
    const member = { ...target, externalId: 'of-the-fleet' };
    await aws(member).eks.listAddons();
    await aws({ ...member, clusterName: 'other' }).eks.listAddons();
    now += 54 * MINUTE;
    await aws(member).eks.listAddons();
    expect(assumed()).toHaveLength(1);
    const asked = new URLSearchParams(assumed()[0]?.body);
    expect(Object.fromEntries(asked)).toMatchObject({ RoleArn: role, DurationSeconds: '3600', ExternalId: 'of-the-fleet' });
    await aws(target).eks.listAddons();
    expect(new URLSearchParams(assumed()[1]?.body).has('ExternalId')).toBe(false);
  });

  it('are asked for with the external id of the deployment, and no other account than a member’s hears of it', async () => {
    const { settings, assumed, seen } = await account(() => START);
    const { aws } = createClusterConnections({ ...settings, clock: { now: () => START }, externalId: 'of-the-deployment' });
    await aws(target).eks.listAddons();
    await aws({ ...target, assumeRoleArn: null }).eks.listAddons();
    expect(assumed().map(({ body }) => new URLSearchParams(body).get('ExternalId'))).toEqual(['of-the-deployment']);
    const others = seen.filter((one) => !assumed().includes(one));
    expect(others).toHaveLength(2);
    expect(JSON.stringify(others)).not.toContain('of-the-deployment');
  });

  it('are renewed five minutes ahead of their end, however long the run', async () => {
    let now = START;
    const { settings, assumed } = await account(() => now);
    const { aws } = createClusterConnections({ ...settings, clock: { now: () => now } });
    for (let hour = 0; hour < 5; hour += 1) {
      await aws(target).eks.listAddons();
      now += 55 * MINUTE;
    }
    expect(assumed()).toHaveLength(5);
  });

  it.each([
    ['a refusal', { status: 403, code: 'AccessDenied' }, 'MemberRoleRefused'],
    ['credentials that STS does not know', { status: 403, code: 'InvalidClientTokenId' }, 'CredentialsMissing'],
    ['a fault of STS', { status: 500, code: 'InternalFailure' }, 'ServiceUnavailable'],
  ])('tell %s as the error that it is, from whatever call needed them', async (_title, refusal, name) => {
    const { settings } = await account(() => START, refusal);
    const { aws, kubernetes } = createClusterConnections({ ...settings, clock: { now: () => START } });
    await expect(aws(target).eks.listAddons()).rejects.toMatchObject({ name });
    await expect(aws(target).iam.getRole('x')).rejects.toMatchObject({ name });
    await expect(kubernetes(target)).rejects.toMatchObject({ name });
  });
});

describe('kept credentials', () => {
  const identity = (number: number, expiration?: number): AwsCredentialIdentity => ({
    accessKeyId: `A${number}`,
    secretAccessKey: 's',
    ...(expiration === undefined ? {} : { expiration: new Date(expiration) }),
  });

  it('are kept for good where they do not expire', async () => {
    let asked = 0;
    const ask = async () => {
      asked += 1;
      return identity(asked);
    };
    const kept = keptCredentials(ask, { now: () => START });
    expect(await kept()).toEqual(identity(1));
    expect(await kept()).toEqual(identity(1));
  });

  it('are asked for again after a failure, which every caller sees', async () => {
    let asked = 0;
    const kept = keptCredentials(
      async () => {
        asked += 1;
        if (asked === 1) throw new Error('no');
        return identity(asked);
      },
      { now: () => START },
    );
    const both = await Promise.allSettled([kept(), kept()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await kept()).toEqual(identity(2));
  });

  it('are the given ones themselves where the target names no role', async () => {
    const settings = {
      target: { ...target, assumeRoleArn: null },
      credentials: identity(7),
      retryDelays: 'none',
      onRequest: () => undefined,
    } as const;
    expect(await targetCredentials(settings)()).toEqual(identity(7));
  });
});
