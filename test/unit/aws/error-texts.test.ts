import { describe, expect, it } from 'vitest';
import { type AwsSettings, createAwsGateways } from '../../../src/aws/aws-gateways.ts';
import { awsError } from '../../../src/aws/errors.ts';
import type { Contacts } from '../../../src/aws/places.ts';
import { REMEDIES } from '../../../src/model/errors/kinds.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { type ScriptedReply, startScript } from '../fixtures/scripted-server.ts';

const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
const call = { service: 'eks', operation: 'DescribeCluster' };
const USER = 'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_ReadOnly_0123456789abcdef/mia';

function gateways(endpoint: string, contacts?: Contacts) {
  const counted: string[] = [];
  const settings: AwsSettings = {
    target,
    endpoint,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'SECRETSECRETSECRET' },
    retryDelays: 'none',
    onRequest: (service) => counted.push(service),
    contacts,
  };
  return { ...createAwsGateways(settings), counted };
}

async function failureOf(work: Promise<unknown>): Promise<PodshiftError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof PodshiftError) return thrown;
  throw new Error(`no error of the table: ${String(thrown)}`);
}

const refusal = (text: string): ScriptedReply => ({
  status: 403,
  headers: { 'x-amzn-errortype': 'AccessDeniedException', 'content-type': 'application/json', 'x-amzn-requestid': 'r-1' },
  body: { message: text },
});

describe('what AWS refuses', () => {
  it('keeps principal, action, resource and reason, and names region, service and request', async () => {
    const sentence = `User: ${USER} is not authorized to perform: eks:DescribeCluster on resource: arn:aws:eks:eu-west-1:111122223333:cluster/shop because no identity-based policy allows the eks:DescribeCluster action`;
    const server = await startScript(() => refusal(sentence));
    const failure = await failureOf(gateways(server.url).eks.describeCluster());
    expect(failure.message).toBe(`not allowed to perform eks:DescribeCluster in eu-west-1: ${sentence}`);
    expect(failure.details).toMatchObject({ service: 'eks', region: 'eu-west-1', requestId: 'r-1', host: new URL(server.url).host });
  });

  it.each([
    [
      'ids of access keys',
      'User: AKIAIOSFODNN7EXAMPLE is not authorized to perform: eks:X',
      'User: AKIA… is not authorized to perform: eks:X',
    ],
    [
      'what only an administrator can decode',
      `You are not authorized to perform this operation. Encoded authorization failure message: ${'Ab1_'.repeat(99)}`,
      'You are not authorized to perform this operation.',
    ],
    ['what looks like a token', `denied: ${'Ab1_'.repeat(99)}`, 'denied: …'],
    ['line breaks and commands of a terminal', 'User: x\n\u001b[31mis\u0007 not authorized', 'User: x [31mis not authorized'],
    ['what goes on and on', 'word '.repeat(400), `${'word '.repeat(160)}…`],
    ['nothing, where AWS says nothing', '', undefined],
  ])('leaves out of the sentence %s', (_title, text, shown) => {
    const { message } = awsError(Object.assign(new Error(text), { name: 'AccessDenied' }), call);
    const action = /perform: (\w+:\w+)/.exec(text)?.[1] ?? 'eks:DescribeCluster';
    expect(message).toBe(`not allowed to perform ${action}${shown === undefined ? '' : `: ${shown}`}`);
  });
});

describe('a connection to AWS that cannot be made', () => {
  const nobody = 'http://127.0.0.1:1';

  it('names the host and the cause, and what to check', async () => {
    const failure = await failureOf(gateways(nobody).eks.listAddons());
    expect(failure).toMatchObject({
      name: 'ServiceUnavailable',
      message: 'eks:ListAddons: no connection to 127.0.0.1:1: nothing listens there, or a firewall refuses it (ECONNREFUSED)',
      remedy: REMEDIES['AWS connection'].remedy,
      details: { connection: 'refused', host: '127.0.0.1:1', code: 'ECONNREFUSED', region: 'eu-west-1' },
    });
  });

  it('names a host whose name nobody knows', async () => {
    const failure = await failureOf(gateways('http://nowhere.invalid').eks.listAddons());
    expect(failure.message).toMatch(
      /^eks:ListAddons: no connection to nowhere\.invalid: the name of the host is not known \((ENOTFOUND|EAI_AGAIN)\)$/,
    );
  });

  it('does not try again where another answers in place of the host: its certificate is not trusted', async () => {
    const server = await startScript(() => ({ body: {} }), true);
    const { eks, counted } = gateways(server.url);
    const failure = await failureOf(eks.listAddons());
    expect(failure).toMatchObject({
      name: 'ServiceUnavailable',
      message: `eks:ListAddons: no connection to ${new URL(server.url).host}: its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)`,
      remedy: REMEDIES['AWS certificate'].remedy,
    });
    expect(failure.remedy).toContain('NODE_EXTRA_CA_CERTS');
    expect(counted).toEqual(['eks']);
  });

  it('does not try again where what answers speaks no TLS', async () => {
    const server = await startScript(() => ({ body: {} }));
    const { eks, counted } = gateways(server.url.replace('http:', 'https:'));
    const failure = await failureOf(eks.listAddons());
    expect(failure.message).toMatch(/: it does not speak TLS \((EPROTO|ERR_SSL_\w+)\)$/);
    expect(counted).toEqual(['eks']);
  });

  it.each([
    ['CERT_HAS_EXPIRED', 'untrusted'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'untrusted'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'untrusted'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'untrusted'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'untrusted'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'untrusted'],
    ['EPROTO', 'no-tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'no-tls'],
    ['ETIMEDOUT', 'timed-out'],
    ['EHOSTUNREACH', 'no-route'],
    ['ENETUNREACH', 'no-route'],
    ['ECONNRESET', undefined],
    ['constructor', undefined],
  ])('knows %s', (code, connection) => {
    expect(awsError(Object.assign(new Error(''), { code }), call).details.connection).toBe(connection);
  });

  it('finds the cause in what Node throws for a host of several addresses, and in what a library wraps', () => {
    const several = Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' });
    expect(awsError(several, call).message).toMatch(/\(ECONNREFUSED\)$/);
    expect(awsError(new Error('fetch failed', { cause: several }), call).message).toMatch(/\(ECONNREFUSED\)$/);
  });

  it("knows the SDK's own error of a connection that did not stand in time", () => {
    const text = 'the request socket did not establish a connection with the server within the configured timeout of 5000 ms.';
    const error = awsError(Object.assign(new Error(text), { name: 'TimeoutError' }), call);
    expect(error.message).toBe('eks:DescribeCluster: no connection: it did not answer in time (TimeoutError)');
  });

  it('is told with each try, and so is each answer', async () => {
    const told: string[] = [];
    const contacts = {
      answered: (host: string) => void told.push(`answer of ${host}`),
      failed: (host: string, code: string) => void told.push(`${host} ${code}`),
    };
    await failureOf(gateways(nobody, contacts).eks.listAddons());
    expect(told).toEqual(Array(5).fill('127.0.0.1:1 ECONNREFUSED'));
    told.length = 0;
    const server = await startScript((_request, index) => (index === 0 ? refusal('no') : index === 1 ? 'reset' : { body: { addons: [] } }));
    const { eks } = gateways(server.url, contacts);
    await failureOf(eks.listAddons());
    await eks.listAddons();
    const { host } = new URL(server.url);
    expect(told).toEqual([`answer of ${host}`, `answer of ${host}`]);
  });
});
