import { DescribeClusterVersionsCommand, EKSClient } from '@aws-sdk/client-eks';
import { GetOpenIDConnectProviderCommand, IAMClient, ListOpenIDConnectProvidersCommand } from '@aws-sdk/client-iam';
import { afterEach, describe, expect, it } from 'vitest';
import { REGION, shopParts, startTwinAccount } from '../support/twin-account.ts';

let account: Awaited<ReturnType<typeof startTwinAccount>> | undefined;
const open = async (options: Parameters<typeof startTwinAccount>[0] = {}) => {
  account = await startTwinAccount(options);
  const settings = { endpoint: account.endpoint, region: REGION, credentials: account.credentials, maxAttempts: 1 };
  return { account, eks: new EKSClient(settings), iam: new IAMClient(settings) };
};

afterEach(async () => {
  await account?.close();
  account = undefined;
});

/** A request signed for a service, as its clients send it. */
async function ask(service: string, request: { readonly form?: Record<string, string>; readonly target?: string; readonly path?: string }) {
  const { endpoint, credentials } = account as NonNullable<typeof account>;
  const scope = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20260302/${REGION}/${service}/aws4_request`;
  const type = request.form === undefined ? 'application/x-amz-json-1.0' : 'application/x-www-form-urlencoded';
  const answer = await fetch(`${endpoint}${request.path ?? '/'}`, {
    method: request.form === undefined && request.target === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `${scope}, SignedHeaders=host, Signature=0`,
      ...(request.path === undefined ? { 'content-type': type } : {}),
      ...(request.target === undefined ? {} : { 'x-amz-target': request.target }),
    },
    ...(request.form === undefined ? (request.target === undefined ? {} : { body: '{}' }) : { body: new URLSearchParams(request.form) }),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

describe('DescribeClusterVersions of the twin', () => {
  const versions = async (client: EKSClient, input: ConstructorParameters<typeof DescribeClusterVersionsCommand>[0] = {}) =>
    (await client.send(new DescribeClusterVersionsCommand(input))).clusterVersions ?? [];

  it("says what EKS offers at the twin's time, newest first, with the day on which each support ends", async () => {
    const { eks } = await open();
    const found = await versions(eks);
    expect(found.map(({ clusterVersion, versionStatus }) => `${clusterVersion} ${versionStatus}`)).toEqual([
      '1.35 STANDARD_SUPPORT',
      '1.34 STANDARD_SUPPORT',
      '1.33 STANDARD_SUPPORT',
      '1.32 STANDARD_SUPPORT',
      '1.31 EXTENDED_SUPPORT',
      '1.30 EXTENDED_SUPPORT',
      '1.29 EXTENDED_SUPPORT',
    ]);
    expect(found.filter(({ defaultVersion }) => defaultVersion).map(({ clusterVersion }) => clusterVersion)).toEqual(['1.35']);
    expect(found[1]).toMatchObject({
      clusterType: 'eks',
      status: 'standard-support',
      releaseDate: new Date('2025-10-02'),
      endOfStandardSupportDate: new Date('2026-12-02'),
      endOfExtendedSupportDate: new Date('2027-12-02'),
    });
  });

  it('takes versions, a status, the default alone, and all of them', async () => {
    const { eks } = await open();
    const names = async (input: Parameters<typeof versions>[1]) => (await versions(eks, input)).map(({ clusterVersion }) => clusterVersion);
    expect(await names({ clusterVersions: ['1.31', '1.28'] })).toEqual(['1.31', '1.28']);
    expect(await names({ versionStatus: 'EXTENDED_SUPPORT' })).toEqual(['1.31', '1.30', '1.29']);
    expect(await names({ defaultOnly: true })).toEqual(['1.35']);
    expect(await names({ includeAll: true })).toContain('1.28');
    expect(await names({ clusterType: 'eks-local' })).toEqual([]);
    await expect(names({ versionStatus: 'NEW' as 'UNSUPPORTED' })).rejects.toMatchObject({ name: 'InvalidParameterException' });
    const first = await eks.send(new DescribeClusterVersionsCommand({ maxResults: 2 }));
    expect(first.clusterVersions).toHaveLength(2);
    expect(await names({ nextToken: first.nextToken })).toContain('1.29');
  });

  it.each([
    ['is past its end', '1.24', 'EXTENDED_SUPPORT'],
    ['nobody knows yet', '1.47', 'STANDARD_SUPPORT'],
  ])('always has the version of the cluster that is there, and so has one that %s', async (_what, version, versionStatus) => {
    const cluster = { ...(shopParts().cluster as { cluster: object }).cluster, version };
    const { eks } = await open({ parts: { cluster: { cluster } } });
    expect((await versions(eks)).find(({ clusterVersion }) => clusterVersion === version)).toMatchObject({ versionStatus });
  });
});

describe('GetOpenIDConnectProvider of the twin', () => {
  it('describes each provider of the list, and refuses any other', async () => {
    const { iam } = await open();
    const { OpenIDConnectProviderList: list = [] } = await iam.send(new ListOpenIDConnectProvidersCommand({}));
    const [{ Arn: arn = '' } = {}] = list;
    const provider = await iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }));
    expect(arn.endsWith(`oidc-provider/${provider.Url}`)).toBe(true);
    expect(provider).toMatchObject({ ClientIDList: ['sts.amazonaws.com'], CreateDate: expect.any(Date) });
    await expect(iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: `${arn}x` }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
  });
});

describe('CloudFormation of the twin', () => {
  const call = (Action: string, more: Record<string, string> = {}) =>
    ask('cloudformation', { form: { Action, Version: '2010-05-15', ...more } });

  it.each([
    ['ListStacks', 'StackSummaries'],
    ['DescribeStacks', 'Stacks'],
    ['ListExports', 'Exports'],
  ])('has nothing to say to %s', async (action, member) => {
    await open();
    const { status, body } = await call(action);
    expect([status, body]).toEqual([
      200,
      expect.stringMatching(
        new RegExp(
          `^<${action}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><${action}Result><${member}></${member}></${action}Result>`,
        ),
      ),
    ]);
  });

  it.each([
    ['DescribeStacks', 'Stack with id eksctl-shop-cluster does not exist'],
    ['ListStackResources', 'Stack with id eksctl-shop-cluster does not exist'],
    ['DescribeStackEvents', 'Stack [eksctl-shop-cluster] does not exist'],
    ['DescribeStackResource', 'Stack &#39;eksctl-shop-cluster&#39; does not exist'],
    ['UpdateStack', 'Stack [eksctl-shop-cluster] does not exist'],
  ])('says to %s of one stack that it is not there', async (action, message) => {
    await open();
    const { status, body } = await call(action, { StackName: 'eksctl-shop-cluster' });
    expect(status).toBe(400);
    expect(body).toContain('<Code>ValidationError</Code>');
    expect(body.replaceAll("'", '&#39;')).toContain(`<Message>${message}</Message>`);
  });

  it('deletes what is not there, and makes nothing', async () => {
    await open();
    expect((await call('DeleteStack', { StackName: 'x' })).status).toBe(200);
    const made = await call('CreateStack', { StackName: 'x', TemplateBody: '{}' });
    expect([made.status, made.body]).toEqual([400, expect.stringContaining('<Code>InvalidAction</Code>')]);
  });

  it('is asked by its own credentials', async () => {
    const { account: twin } = await open();
    const unsigned = await fetch(twin.endpoint, {
      method: 'POST',
      body: new URLSearchParams({ Action: 'ListStacks', Version: '2010-05-15' }),
    });
    expect([unsigned.status, await unsigned.text()]).toEqual([
      403,
      expect.stringMatching(/cloudformation\.amazonaws\.com.*MissingAuthenticationToken/),
    ]);
  });
});

describe('a service that the twin does not have', () => {
  it.each<[string, Parameters<typeof ask>[1], number, RegExp]>([
    [
      'ec2',
      { form: { Action: 'DescribeInstances', Version: '2016-11-15' } },
      400,
      /<Response><Errors><Error><Code>InvalidAction<\/Code><Message>The action DescribeInstances is not valid for this web service: the twin has no ec2/,
    ],
    [
      'autoscaling',
      { form: { Action: 'DescribeAutoScalingGroups', Version: '2011-01-01' } },
      400,
      /^<ErrorResponse><Error><Type>Sender<\/Type><Code>InvalidAction<\/Code>.*no autoscaling/,
    ],
    ['ssm', { target: 'AmazonSSM.GetParameter' }, 400, /^\{"__type":"UnknownOperationException","message":"the twin has no ssm/],
    ['s3', { path: '/bucket?list-type=2' }, 501, /<Error><Code>NotImplemented<\/Code><Message>the twin has no s3/],
    ['route53', { path: '/2013-04-01/hostedzone' }, 404, /^<ErrorResponse><Error><Type>Sender<\/Type><Code>UnknownOperationException/],
    ['lambda', { path: '/2015-03-31/functions' }, 404, /^\{"message":"the twin has no lambda/],
    ['eks-auth', { path: '/clusters/shop/assume-role-for-pod-identity' }, 404, /^\{"message":"the twin has no eks-auth/],
  ])('gives the error of its own kind: %s', async (service, request, status, body) => {
    const { account: twin } = await open();
    const answer = await ask(service, request);
    expect([answer.status, answer.body]).toEqual([status, expect.stringMatching(body)]);
    expect(twin.log.requests.at(-1)).toMatchObject({ service: 'other', write: false, operation: expect.stringContaining(`${service} `) });
  });

  it('names the type of a REST error in its header, and answers JSON in the version that it was asked in', async () => {
    await open();
    expect((await ask('lambda', { path: '/2015-03-31/functions' })).headers.get('x-amzn-errortype')).toBe('UnknownOperationException');
    expect((await ask('ssm', { target: 'AmazonSSM.GetParameter' })).headers.get('content-type')).toBe('application/x-amz-json-1.0');
  });

  it('throttles in its own words, too', async () => {
    await open({ rateLimits: { other: { burst: 0, perSecond: 1 } } });
    const answer = await ask('ec2', { form: { Action: 'DescribeInstances' } });
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('<Errors><Error><Code>Throttling</Code>')]);
  });
});
