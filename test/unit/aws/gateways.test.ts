import { describe, expect, it, vi } from 'vitest';
import { type AwsSettings, createAwsGateways } from '../../../src/aws/aws-gateways.ts';
import { decodePolicy } from '../../../src/aws/iam-gateway.ts';
import type { Pacer } from '../../../src/aws/pacing.ts';
import { type ScriptedReply, type SeenRequest, startScript } from '../fixtures/scripted-server.ts';

const SECRET = 'SECRETSECRETSECRETSECRET';
const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };

/** Gateways over a scripted AWS, and what they asked of it. */
async function gateways(script: (request: SeenRequest, index: number) => ScriptedReply, settings: Partial<AwsSettings> = {}) {
  const server = await startScript(script);
  const counted: string[] = [];
  const aws = createAwsGateways({
    target,
    endpoint: server.url,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET, sessionToken: 'SESSIONTOKEN' },
    retryDelays: 'none',
    onRequest: (service) => counted.push(service),
    ...settings,
  });
  return { ...aws, seen: server.seen, counted };
}

const eksError = (status: number, code: string, message = 'no'): ScriptedReply => ({
  status,
  headers: { 'x-amzn-errortype': code, 'content-type': 'application/json' },
  body: { message },
});
const queryError = (status: number, code: string, message = 'no'): ScriptedReply => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
});
const queryReply = (action: string, result: string): ScriptedReply => ({
  headers: { 'content-type': 'text/xml' },
  body: `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`,
});
const actionOf = (request: SeenRequest): string | null => new URLSearchParams(request.body).get('Action');
const association = {
  associationId: 'a-1',
  associationArn: 'arn:a-1',
  namespace: 'shop',
  serviceAccount: 'cart',
  roleArn: 'arn:role',
  clusterName: 'shop',
};
const request = { namespace: 'shop', serviceAccount: 'cart', roleArn: 'arn:role', clientRequestToken: 'token', tags: { a: 'b' } };

describe('the gateway to EKS', () => {
  it('describes a cluster in the words of the gateway', async () => {
    const { eks, seen } = await gateways(() => ({
      body: {
        cluster: {
          name: 'shop',
          arn: 'arn:aws:eks:eu-west-1:111122223333:cluster/shop',
          version: '1.30',
          platformVersion: 'eks.5',
          status: 'ACTIVE',
          endpoint: 'https://abc.eks.amazonaws.com',
          certificateAuthority: { data: Buffer.from('PEM').toString('base64') },
          identity: { oidc: { issuer: 'https://oidc.example/id/1' } },
          accessConfig: { authenticationMode: 'API' },
          kubernetesNetworkConfig: { ipFamily: 'ipv6' },
          resourcesVpcConfig: { endpointPublicAccess: true },
          computeConfig: { enabled: true },
          remoteNetworkConfig: { remoteNodeNetworks: [{ cidrs: ['10.0.0.0/8'] }] },
          tags: { team: 'shop' },
        },
      },
    }));
    expect(await eks.describeCluster()).toEqual({
      name: 'shop',
      arn: 'arn:aws:eks:eu-west-1:111122223333:cluster/shop',
      version: '1.30',
      platformVersion: 'eks.5',
      status: 'ACTIVE',
      endpoint: 'https://abc.eks.amazonaws.com',
      certificateAuthority: 'PEM',
      oidcIssuer: 'https://oidc.example/id/1',
      authenticationMode: 'API',
      ipFamily: 'ipv6',
      endpointPublicAccess: true,
      autoMode: true,
      outpost: false,
      hybridNodes: true,
      tags: { team: 'shop' },
    });
    expect(seen[0]?.path).toBe('/clusters/shop');
  });

  it('follows every page of the clusters, a hundred at a time', async () => {
    const { eks, seen } = await gateways(({ query }) => ({
      body:
        query.get('nextToken') === null
          ? { clusters: ['a'], nextToken: 'n1' }
          : query.get('nextToken') === 'n1'
            ? { clusters: ['b'], nextToken: 'n2' }
            : {},
    }));
    expect(await eks.listClusters()).toEqual(['a', 'b']);
    expect(seen.map(({ path, query }) => [path, query.get('maxResults')])).toEqual(Array.from({ length: 3 }, () => ['/clusters', '100']));
  });

  it('fills in what a cluster that is being created lacks', async () => {
    const { eks } = await gateways(() => ({ body: { cluster: {} } }));
    expect(await eks.describeCluster()).toMatchObject({
      name: 'shop',
      endpoint: '',
      certificateAuthority: '',
      oidcIssuer: undefined,
      hybridNodes: false,
      tags: {},
    });
  });

  it('names the region of a cluster that is not there', async () => {
    const { eks } = await gateways(() => eksError(404, 'ResourceNotFoundException', 'No cluster found'));
    await expect(eks.describeCluster()).rejects.toMatchObject({ name: 'ClusterNotFound', message: expect.stringContaining('eu-west-1') });
  });

  it('follows every page of the associations, a hundred at a time', async () => {
    const { eks, seen } = await gateways(({ query }) =>
      query.get('nextToken') === null
        ? { body: { associations: [association], nextToken: 'n1' } }
        : { body: { associations: [{ ...association, associationId: 'a-2' }] } },
    );
    const all = await eks.listAssociations({ namespace: 'shop', serviceAccount: 'cart' });
    expect(all.map((one) => one.associationId)).toEqual(['a-1', 'a-2']);
    expect(
      seen.map(({ query }) => [query.get('maxResults'), query.get('nextToken'), query.get('namespace'), query.get('serviceAccount')]),
    ).toEqual([
      ['100', null, 'shop', 'cart'],
      ['100', 'n1', 'shop', 'cart'],
    ]);
  });

  it('creates an association with the token and tags that it was given', async () => {
    const { eks, seen } = await gateways(() => ({ body: { association: { ...association, tags: { a: 'b' }, createdAt: 1_700_000_000 } } }));
    expect(await eks.createAssociation(request)).toEqual({
      associationId: 'a-1',
      associationArn: 'arn:a-1',
      namespace: 'shop',
      serviceAccount: 'cart',
      ownerArn: undefined,
      roleArn: 'arn:role',
      targetRoleArn: undefined,
      disableSessionTags: false,
      tags: { a: 'b' },
      createdAt: '2023-11-14T22:13:20.000Z',
    });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual(request);
  });

  it.each([
    ['Trust policy of the role provided is invalid', 'InvalidParameterException', 400, 'RoleNotReady'],
    ['Role provided in the request does not exist.', 'InvalidParameterException', 400, 'RoleNotReady'],
    ['The namespace is not valid', 'InvalidParameterException', 400, 'InvalidRequest'],
    ['Association already exists: a-x', 'ResourceInUseException', 409, 'AlreadyExists'],
    ['5000 associations', 'ResourceLimitExceededException', 400, 'LimitExceeded'],
    ['User: x is not authorized to perform: iam:PassRole on resource: y', 'AccessDeniedException', 403, 'AccessDenied'],
  ])('names "%s" (%s)', async (message, code, status, name) => {
    const { eks, seen } = await gateways(() => eksError(status, code, message));
    await expect(eks.createAssociation(request)).rejects.toMatchObject({ name });
    expect(seen).toHaveLength(1);
  });

  it('takes what is gone as undefined, or as done', async () => {
    const { eks } = await gateways(() => eksError(404, 'ResourceNotFoundException'));
    expect(await eks.describeAssociation('a-1')).toBeUndefined();
    expect(await eks.describeAddon('x')).toBeUndefined();
    expect(await eks.defaultAddonVersion('x', '1.30')).toBeUndefined();
    await eks.deleteAssociation('a-1');
    await eks.deleteAddon('x');
  });

  it('reads add-ons, and the default version for a Kubernetes version', async () => {
    const { eks } = await gateways(({ path }) => {
      if (path === '/addons/supported-versions') {
        return {
          body: {
            addons: [
              {
                addonVersions: [
                  {
                    addonVersion: 'v2',
                    compatibilities: [
                      { clusterVersion: '1.31', defaultVersion: true },
                      { clusterVersion: '1.30', defaultVersion: false },
                    ],
                  },
                  { addonVersion: 'v1', compatibilities: [{ clusterVersion: '1.30', defaultVersion: true }] },
                ],
              },
            ],
          },
        };
      }
      return path.endsWith('/addons')
        ? { body: { addons: ['vpc-cni'] } }
        : {
            body: {
              addon: {
                addonName: 'vpc-cni',
                addonVersion: 'v9',
                status: 'DEGRADED',
                health: { issues: [{ code: 'AccessDenied', message: 'no' }] },
              },
            },
          };
    });
    expect(await eks.listAddons()).toEqual(['vpc-cni']);
    expect(await eks.defaultAddonVersion('agent', '1.30')).toBe('v1');
    expect(await eks.defaultAddonVersion('agent', '1.29')).toBeUndefined();
    expect(await eks.describeAddon('vpc-cni')).toEqual({
      addonName: 'vpc-cni',
      addonVersion: 'v9',
      status: 'DEGRADED',
      serviceAccountRoleArn: undefined,
      configurationValues: undefined,
      podIdentityAssociations: [],
      healthIssues: [{ code: 'AccessDenied', message: 'no' }],
      tags: {},
    });
  });

  it('describes each Fargate profile', async () => {
    const { eks } = await gateways(({ path }) =>
      path.endsWith('/fargate-profiles')
        ? { body: { fargateProfileNames: ['p'] } }
        : { body: { fargateProfile: { selectors: [{ namespace: 'batch', labels: { a: 'b' } }, {}] } } },
    );
    expect(await eks.listFargateProfiles()).toEqual([
      {
        name: 'p',
        selectors: [
          { namespace: 'batch', labels: { a: 'b' } },
          { namespace: '', labels: {} },
        ],
      },
    ]);
  });
});

describe('the gateway to IAM', () => {
  const trust = '{"Version":"2012-10-17","Statement":[]}';
  const roleXml = (name: string, policy: string) =>
    `<RoleName>${name}</RoleName><Arn>arn:aws:iam::111122223333:role/team/${name}</Arn><Path>/team/</Path><AssumeRolePolicyDocument>${policy}</AssumeRolePolicyDocument>`;

  it('follows every page of the roles, a thousand at a time, with decoded policies', async () => {
    const { iam, seen } = await gateways(({ body }) =>
      new URLSearchParams(body).get('Marker') === null
        ? queryReply(
            'ListRoles',
            `<Roles><member>${roleXml('a', encodeURIComponent(trust))}</member></Roles><IsTruncated>true</IsTruncated><Marker>m</Marker>`,
          )
        : queryReply('ListRoles', `<Roles><member>${roleXml('b', trust)}</member></Roles><IsTruncated>false</IsTruncated>`),
    );
    const roles = await iam.listRoles();
    expect(roles.map(({ roleName, path, trustPolicy }) => [roleName, path, trustPolicy])).toEqual([
      ['a', '/team/', trust],
      ['b', '/team/', trust],
    ]);
    expect(seen.map(({ body }) => new URLSearchParams(body).get('MaxItems'))).toEqual(['1000', '1000']);
  });

  it('gets a role with its tags, and knows which are not there', async () => {
    const { iam } = await gateways(({ body }) =>
      new URLSearchParams(body).get('RoleName') === 'a'
        ? queryReply(
            'GetRole',
            `<Role>${roleXml('a', encodeURIComponent(trust))}<Tags><member><Key>k</Key><Value>v</Value></member></Tags></Role>`,
          )
        : queryError(404, 'NoSuchEntity'),
    );
    expect(await iam.getRole('a')).toMatchObject({ roleName: 'a', tags: { k: 'v' }, trustPolicy: trust });
    expect(await iam.getRole('gone')).toBeUndefined();
  });

  it('writes a trust policy as it is', async () => {
    const { iam, seen } = await gateways(() => queryReply('UpdateAssumeRolePolicy', ''));
    await iam.updateAssumeRolePolicy('a', trust);
    const form = new URLSearchParams(seen[0]?.body);
    expect([form.get('Action'), form.get('RoleName'), form.get('PolicyDocument')]).toEqual(['UpdateAssumeRolePolicy', 'a', trust]);
  });

  it("reads the account's quota of trust policies, where IAM says it", async () => {
    const entry = '<entry><key>AssumeRolePolicySizeQuota</key><value>4096</value></entry>';
    const quota = async (entries: string) =>
      (await gateways(() => queryReply('GetAccountSummary', `<SummaryMap>${entries}</SummaryMap>`))).iam.trustPolicyQuota();
    expect(await quota(`<entry><key>Roles</key><value>7</value></entry>${entry}`)).toBe(4096);
    expect(await quota('')).toBeUndefined();
  });

  it("reads a role's permissions boundary with its document", async () => {
    const arn = 'arn:aws:iam::111122223333:policy/limits';
    const policy = `<Policies><member><Arn>${arn}</Arn><PolicyVersionList><member><IsDefaultVersion>true</IsDefaultVersion><Document>%7B%7D</Document></member></PolicyVersionList></member></Policies>`;
    const boundary = `<PermissionsBoundary><PermissionsBoundaryArn>${arn}</PermissionsBoundaryArn></PermissionsBoundary>`;
    const roles = `<RoleDetailList><member><RoleName>a</RoleName>${boundary}</member><member><RoleName>b</RoleName></member></RoleDetailList>`;
    const { iam } = await gateways(() => queryReply('GetAccountAuthorizationDetails', roles + policy));
    expect((await iam.listRolesWithTags()).map((one) => one.boundary)).toEqual([{ arn, document: '{}' }, undefined]);
  });

  it('lists OIDC providers', async () => {
    const { iam } = await gateways(() =>
      queryReply(
        'ListOpenIDConnectProviders',
        '<OpenIDConnectProviderList><member><Arn>arn:p</Arn></member><member></member></OpenIDConnectProviderList>',
      ),
    );
    expect(await iam.listOpenIdConnectProviders()).toEqual(['arn:p']);
  });

  it.each([
    ['Throttling', 400, 'Throttled', 5],
    ['ServiceFailure', 500, 'ServiceUnavailable', 5],
    ['NoSuchEntity', 404, 'NotFound', 1],
    ['MalformedPolicyDocument', 400, 'InvalidRequest', 1],
    // The SDK takes this one for throttling.
    ['LimitExceeded', 409, 'LimitExceeded', 5],
    ['UnmodifiableEntity', 400, 'InvalidRequest', 1],
    ['ConcurrentModification', 409, 'Conflict', 1],
    ['AccessDenied', 403, 'AccessDenied', 1],
    ['ExpiredToken', 403, 'CredentialsMissing', 1],
    ['InvalidClientTokenId', 403, 'CredentialsMissing', 1],
    ['SomethingNew', 403, 'AccessDenied', 1],
    ['SomethingNew', 503, 'ServiceUnavailable', 5],
  ])('names %s (%i) as %s, after %i requests', async (code, status, name, requests) => {
    const { iam, seen, counted } = await gateways(() => queryError(status, code));
    await expect(iam.updateAssumeRolePolicy('a', trust)).rejects.toMatchObject({
      name,
      details: { service: 'iam', operation: 'UpdateAssumeRolePolicy' },
    });
    expect([seen.length, counted.length]).toEqual([requests, requests]);
  });

  it('decodes what IAM encoded, and leaves alone what is a document already', () => {
    const tricky = '{"a":"100%","b":"%7B"}';
    expect(decodePolicy(encodeURIComponent(tricky))).toBe(tricky);
    expect(decodePolicy(tricky)).toBe(tricky);
    expect(decodePolicy(` ${tricky}`)).toBe(` ${tricky}`);
  });
});

describe('the gateways to STS and CloudTrail', () => {
  it('says who the caller is', async () => {
    const { sts } = await gateways(() => queryReply('GetCallerIdentity', '<Account>111122223333</Account><Arn>arn:me</Arn>'));
    expect(await sts.getCallerIdentity()).toEqual({ accountId: '111122223333', arn: 'arn:me' });
  });

  it('looks events up over all pages, as many as wanted', async () => {
    const event = (id: number) => ({
      EventId: String(id),
      EventName: 'AssumeRole',
      EventTime: 1_700_000_000 + id,
      CloudTrailEvent: `{"id":${id}}`,
    });
    const { cloudTrail, seen } = await gateways(({ body }) => {
      const { NextToken: token = '0' } = JSON.parse(body) as { NextToken?: string };
      return {
        headers: { 'content-type': 'application/x-amz-json-1.1' },
        body: { Events: [event(Number(token)), event(Number(token) + 1)], NextToken: String(Number(token) + 2) },
      };
    });
    const query = { attribute: 'ResourceName' as const, value: 'arn:role', startTime: 1_000, endTime: 2_000_000 };
    const events = await cloudTrail.lookupEvents({ ...query, limit: 5 });
    expect(events.map(({ eventId }) => eventId)).toEqual(['0', '1', '2', '3', '4']);
    expect(events[0]).toEqual({ eventId: '0', eventName: 'AssumeRole', eventTime: 1_700_000_000_000, event: { id: 0 } });
    expect(seen).toHaveLength(3);
    const some = await cloudTrail.lookupEvents({ ...query, isEnough: () => seen.length >= 5 });
    expect(some.map(({ eventId }) => eventId)).toEqual(['0', '1', '2', '3']);
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
      LookupAttributes: [{ AttributeKey: 'ResourceName', AttributeValue: 'arn:role' }],
      StartTime: 1,
      EndTime: 2000,
    });
  });

  it.each([
    ['eu-west-1', 'us-east-1'],
    ['cn-northwest-1', 'cn-north-1'],
    ['us-gov-east-1', 'us-gov-west-1'],
    ['us-east-1', 'us-east-1'],
  ])('looks for IAM’s events of a cluster in %s in %s, and paces that by the region that is asked', async (region, ofIam) => {
    const keys: string[] = [];
    const pacer: Pacer = { acquire: async (_service, key) => void keys.push(key), report: () => undefined, rate: () => 1 };
    const json = { headers: { 'content-type': 'application/x-amz-json-1.1' }, body: { Events: [] } };
    const { cloudTrail, seen } = await gateways(() => json, { target: { ...target, region }, pacer });
    const query = { attribute: 'EventName', value: 'UpdateAssumeRolePolicy', startTime: 0, endTime: 1 } as const;
    await cloudTrail.lookupEvents(query);
    await cloudTrail.lookupEvents({ ...query, scope: 'global' });
    expect(keys).toEqual([`cloudtrail::${region}`, `cloudtrail::${ofIam}`]);
    const signedFor = seen.map(({ headers }) => /Credential=[^/]+\/\d+\/([^/]+)\//.exec(String(headers.authorization))?.[1]);
    expect(signedFor).toEqual([region, ofIam]);
  });

  it('does not ask whether the last page is enough', async () => {
    const { cloudTrail } = await gateways(() => ({ headers: { 'content-type': 'application/x-amz-json-1.1' }, body: { Events: [] } }));
    const isEnough = vi.fn(() => false);
    expect(await cloudTrail.lookupEvents({ attribute: 'EventName', value: 'x', startTime: 0, endTime: 1, isEnough })).toEqual([]);
    expect(isEnough).not.toHaveBeenCalled();
  });

  it.each(['not json', '[]'])('refuses an event that is %s', async (text) => {
    const { cloudTrail } = await gateways(() => ({
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: { Events: [{ CloudTrailEvent: text }] },
    }));
    const query = { attribute: 'EventName' as const, value: 'x', startTime: 0, endTime: 1 };
    await expect(cloudTrail.lookupEvents(query)).rejects.toMatchObject({ name: 'InternalError' });
  });
});

describe('every gateway to AWS', () => {
  it('counts each request, retries included, by service', async () => {
    const { eks, iam, counted } = await gateways((seen, index) => {
      if (index < 2) {
        return index === 0 ? eksError(429, 'ThrottlingException') : 'reset';
      }
      return seen.path === '/' ? queryReply('ListOpenIDConnectProviders', '<OpenIDConnectProviderList/>') : { body: { addons: [] } };
    });
    await eks.listAddons();
    await iam.listOpenIdConnectProviders();
    expect(counted).toEqual(['eks', 'eks', 'eks', 'iam']);
  });

  it('sends nothing before it is asked', async () => {
    expect((await gateways(() => 'reset')).seen).toEqual([]);
  });

  it('says that a service whose connections break is unavailable', async () => {
    const { eks, counted } = await gateways(() => 'reset');
    await expect(eks.listAddons()).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(counted).toHaveLength(5);
  });

  it('says that a service where nobody listens is unavailable', async () => {
    const { eks } = await gateways(() => 'reset', { endpoint: 'http://127.0.0.1:1' });
    await expect(eks.listAddons()).rejects.toMatchObject({ name: 'ServiceUnavailable', details: { code: 'ECONNREFUSED' } });
  });

  it('names the action that is missing', async () => {
    const { eks } = await gateways(() =>
      eksError(403, 'AccessDeniedException', 'User: arn:x is not authorized to perform: iam:PassRole on resource: y'),
    );
    await expect(eks.createAssociation(request)).rejects.toMatchObject({
      message: 'not allowed to perform iam:PassRole in eu-west-1: User: arn:x is not authorized to perform: iam:PassRole on resource: y',
    });
    const { iam } = await gateways(() => queryError(403, 'AccessDenied', 'no'));
    await expect(iam.listRoles()).rejects.toMatchObject({ message: 'not allowed to perform iam:ListRoles: no' });
  });

  it('says that credentials are missing, without saying more', async () => {
    const failing = () =>
      Promise.reject(Object.assign(new Error(`looked in /home/me/.aws and found ${SECRET}`), { name: 'CredentialsProviderError' }));
    const { sts } = await gateways(() => 'reset', { credentials: failing });
    const error = await sts.getCallerIdentity().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'CredentialsMissing' });
    expect(String(error)).not.toContain(SECRET);
  });

  it('keeps credentials and headers out of its errors', async () => {
    const { iam } = await gateways(() => queryError(403, 'SignatureDoesNotMatch', `The string to sign was ... SESSIONTOKEN ${SECRET}`));
    const error = (await iam.listRoles().catch((thrown: unknown) => thrown)) as Error & { details: unknown };
    const text = JSON.stringify([error.message, error.stack, error.details, error.cause]);
    for (const secret of [SECRET, 'SESSIONTOKEN', 'AWS4-HMAC', 'AKIDEXAMPLE']) {
      expect(text).not.toContain(secret);
    }
  });

  it('says that an answer which cannot be read is no answer', async () => {
    const { eks } = await gateways(() => ({ body: '<html>' }));
    await expect(eks.listAddons()).rejects.toMatchObject({ name: 'InternalError' });
    const { sts } = await gateways(() => ({ status: 502, body: '<html>bad gateway' }));
    await expect(sts.getCallerIdentity()).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  });

  it('acts as the role of the target', async () => {
    const { eks, seen, counted } = await gateways(
      (asked) =>
        actionOf(asked) === 'AssumeRole'
          ? queryReply(
              'AssumeRole',
              '<Credentials><AccessKeyId>ASIAOTHER</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>',
            )
          : { body: { addons: [] } },
      { target: { ...target, assumeRoleArn: 'arn:aws:iam::444455556666:role/podshift' } },
    );
    await eks.listAddons();
    await eks.listAddons();
    expect([...counted].sort()).toEqual(['eks', 'eks', 'sts']);
    const assume = seen.find((asked) => actionOf(asked) === 'AssumeRole');
    expect(new URLSearchParams(assume?.body).get('RoleArn')).toBe('arn:aws:iam::444455556666:role/podshift');
    expect(seen.filter((asked) => asked.path !== '/').map((asked) => asked.headers.authorization)).toEqual([
      expect.stringContaining('Credential=ASIAOTHER/'),
      expect.stringContaining('Credential=ASIAOTHER/'),
    ]);
  });

  it('says which role it may not assume', async () => {
    const { eks } = await gateways(
      () => queryError(403, 'AccessDenied', 'User: arn:me is not authorized to perform: sts:AssumeRole on resource: arn:x'),
      {
        target: { ...target, assumeRoleArn: 'arn:x' },
      },
    );
    await expect(eks.listAddons()).rejects.toMatchObject({
      name: 'MemberRoleRefused',
      message: expect.stringMatching(
        /^sts:AssumeRole of arn:x was refused: not allowed to perform sts:AssumeRole in .*: User: arn:me is not authorized/,
      ),
      details: { service: 'sts', operation: 'AssumeRole', httpStatus: 403 },
    });
  });
});
