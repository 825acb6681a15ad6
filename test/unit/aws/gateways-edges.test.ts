import { describe, expect, it, vi } from 'vitest';
import { createAwsGateways } from '../../../src/aws/aws-gateways.ts';
import { retryStrategy } from '../../../src/aws/clients.ts';
import { awsCall, awsError } from '../../../src/aws/errors.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { type ScriptedReply, startScript } from '../fixtures/scripted-server.ts';

const call = { service: 'eks', operation: 'DescribeCluster' };
const thrown = (fields: object) => Object.assign(new Error('text'), fields);

async function answering(body: unknown, headers: Record<string, string> = {}) {
  const reply: ScriptedReply = { body, headers };
  const server = await startScript(() => reply);
  return createAwsGateways({
    target: { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null },
    endpoint: server.url,
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    retryDelays: 'none',
    onRequest: () => undefined,
  });
}
const xml = (action: string, result: string) =>
  answering(`<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`, { 'content-type': 'text/xml' });

describe('awsError', () => {
  it.each([
    ['an unknown code with 429', { name: 'New', $metadata: { httpStatusCode: 429 } }, 'Throttled'],
    ['an unknown code with 502', { name: 'New', $metadata: { httpStatusCode: 502 } }, 'ServiceUnavailable'],
    ['an unknown code with 418', { name: 'New', $metadata: { httpStatusCode: 418 } }, 'InvalidRequest'],
    ['a broken connection', { code: 'ECONNRESET' }, 'ServiceUnavailable'],
    ['a connection that ended', { message: 'socket hang up' }, 'ServiceUnavailable'],
    ['a time-out', { name: 'TimeoutError' }, 'ServiceUnavailable'],
    ['a name of the language itself', { name: 'constructor' }, 'InternalError'],
    ['anything else', {}, 'InternalError'],
  ])('names %s', (_title, fields, name) => {
    expect(awsError(thrown(fields), call).name).toBe(name);
  });

  it.each(['a string', null, undefined, 7])('names %j that was thrown', (value) => {
    expect(awsError(value, call)).toMatchObject({ name: 'InternalError', details: { code: 'Error' } });
  });

  it('keeps the facts that help a support case, and not the error itself', () => {
    const error = awsError(
      thrown({ name: 'New', $metadata: { httpStatusCode: 400, requestId: 'r', attempts: 2 }, $response: { headers: {} } }),
      call,
    );
    expect(error.details).toEqual({ ...call, code: 'New', httpStatus: 400, requestId: 'r', attempts: 2 });
    expect(error.cause).toBeUndefined();
    expect(error.message).toBe('eks:DescribeCluster: text');
    expect(awsError({ name: 'New', $metadata: { httpStatusCode: 400 } }, call).message).toBe('eks:DescribeCluster: New');
  });

  it('lets errors of the table pass', async () => {
    const own = new PodshiftError('Conflict', 'x');
    await expect(awsCall(call, () => Promise.reject(own))).rejects.toBe(own);
  });
});

describe('answers that lack what AWS may leave out', () => {
  it('reads what EKS leaves out as empty', async () => {
    const { eks } = await answering({});
    expect(await eks.listAssociations()).toEqual([]);
    expect(await eks.listAddons()).toEqual([]);
    expect(await eks.listFargateProfiles()).toEqual([]);
    expect(await eks.listAccessEntries()).toEqual([]);
    expect(await eks.listNodegroups()).toEqual([]);
    expect(await eks.describeAssociation('a')).toBeUndefined();
    expect(await eks.describeAddon('a')).toBeUndefined();
    expect(await eks.defaultAddonVersion('a', '1.30')).toBeUndefined();
    await expect(eks.describeCluster()).rejects.toMatchObject({ name: 'ClusterNotFound' });
    const request = { namespace: 'n', serviceAccount: 's', roleArn: 'r', clientRequestToken: 't', tags: {} };
    await expect(eks.createAssociation(request)).rejects.toMatchObject({ name: 'InternalError' });
    await eks.createAddon({ addonName: 'a', addonVersion: 'v', clientRequestToken: 't', tags: {} });
  });

  it('reads empty objects of EKS', async () => {
    const { eks } = await answering({
      associations: [{}],
      association: {},
      addon: { health: { issues: [{}] } },
      addons: [{}, { addonVersions: [{}, { compatibilities: [{ clusterVersion: '1.30', defaultVersion: true }] }] }],
      fargateProfileNames: ['p'],
      fargateProfile: {},
      nodegroups: ['g'],
      nodegroup: {},
      accessEntries: ['arn'],
    });
    const nobody = { associationId: '', associationArn: '', namespace: '', serviceAccount: '', ownerArn: undefined };
    expect(await eks.listAssociations()).toEqual([nobody]);
    expect(await eks.describeAssociation('a')).toEqual({
      ...nobody,
      roleArn: '',
      targetRoleArn: undefined,
      disableSessionTags: false,
      tags: {},
      createdAt: '',
    });
    expect(await eks.describeAddon('a')).toMatchObject({
      addonName: '',
      addonVersion: '',
      status: '',
      healthIssues: [{ code: '', message: '' }],
    });
    expect(await eks.defaultAddonVersion('a', '1.30')).toBeUndefined();
    expect(await eks.listFargateProfiles()).toEqual([{ name: 'p', selectors: [] }]);
    expect(await eks.listNodegroups()).toEqual([{ name: 'g', nodeRoleArn: '' }]);
    expect(await eks.listAccessEntries()).toEqual(['arn']);
  });

  it('passes over a Fargate profile and a node group that are gone between the list and their description', async () => {
    const { eks } = await answering({ fargateProfileNames: ['p'], nodegroups: ['g'] });
    expect(await eks.listFargateProfiles()).toEqual([]);
    expect(await eks.listNodegroups()).toEqual([]);
  });

  it('reads what IAM and STS leave out as empty', async () => {
    const empty = { roleName: '', arn: '', path: '/', trustPolicy: '' };
    expect(await (await xml('ListRoles', '<Roles><member><RoleId>r</RoleId></member></Roles>')).iam.listRoles()).toEqual([empty]);
    expect(await (await xml('ListRoles', '')).iam.listRoles()).toEqual([]);
    expect(await (await xml('GetRole', '')).iam.getRole('a')).toBeUndefined();
    expect(await (await xml('GetRole', '<Role><RoleId>r</RoleId><Tags><member></member></Tags></Role>')).iam.getRole('a')).toMatchObject(
      empty,
    );
    expect(await (await xml('ListOpenIDConnectProviders', '')).iam.listOpenIdConnectProviders()).toEqual([]);
    expect(await (await xml('GetCallerIdentity', '')).sts.getCallerIdentity()).toEqual({ accountId: '', arn: '' });
    const { iam } = await xml('GetAccountAuthorizationDetails', '<RoleDetailList><member><RoleName>a</RoleName></member></RoleDetailList>');
    expect(await iam.listRolesWithTags()).toEqual([{ ...empty, roleName: 'a', tags: {}, policies: [], instanceProfiles: [] }]);
    expect(await (await xml('GetAccountAuthorizationDetails', '')).iam.listRolesWithTags()).toEqual([]);
  });

  it('reads empty events of CloudTrail', async () => {
    const json = { 'content-type': 'application/x-amz-json-1.1' };
    const query = { attribute: 'EventName' as const, value: 'x', startTime: 0, endTime: 1 };
    expect(await (await answering({ Events: [{}] }, json)).cloudTrail.lookupEvents(query)).toEqual([
      { eventId: '', eventName: '', eventTime: 0, event: {} },
    ]);
    expect(await (await answering({}, json)).cloudTrail.lookupEvents(query)).toEqual([]);
  });
});

describe('settings', () => {
  it("keeps the SDK's own delays unless they are switched off", async () => {
    const delayOf = async (delays: 'standard' | 'none') => {
      const strategy = retryStrategy(delays);
      const token = await strategy.acquireInitialRetryToken('test');
      vi.useFakeTimers();
      try {
        let waited = false;
        const retry = strategy.refreshRetryTokenForRetry(token, { errorType: 'THROTTLING' }).then(() => {
          waited = true;
        });
        await vi.advanceTimersByTimeAsync(0);
        const atOnce = waited;
        await vi.advanceTimersByTimeAsync(30_000);
        await retry;
        return atOnce;
      } finally {
        vi.useRealTimers();
      }
    };
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    expect(await delayOf('none')).toBe(true);
    expect(await delayOf('standard')).toBe(false);
    vi.restoreAllMocks();
  });

  it('needs no credentials and no endpoint before the first call', () => {
    const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: 'arn:aws:iam::111122223333:role/r' };
    expect(createAwsGateways({ target, retryDelays: 'standard', onRequest: () => undefined })).toBeDefined();
  });

  it('takes credentials as a provider', async () => {
    const server = await startScript(() => ({ body: { addons: [] } }));
    const { eks } = createAwsGateways({
      target: { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null },
      endpoint: server.url,
      credentials: () => Promise.resolve({ accessKeyId: 'PROVIDED', secretAccessKey: 's' }),
      retryDelays: 'none',
      onRequest: () => undefined,
    });
    await eks.listAddons();
    expect(server.seen[0]?.headers.authorization).toContain('Credential=PROVIDED/');
  });
});
