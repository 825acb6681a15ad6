import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../src/aws/gateways.ts';
import { answerError, connectionError } from '../../../src/kubernetes/errors.ts';
import { createTokenSource } from '../../../src/kubernetes/token.ts';
import { createTransport } from '../../../src/kubernetes/transport.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { type ScriptedReply, startScript } from '../fixtures/scripted-server.ts';

const CLUSTER = { name: 'shop', status: 'ACTIVE', authenticationMode: 'API' } as Cluster;
const tokens = { token: () => Promise.resolve('t'), forget: () => undefined };
const get = { method: 'GET' as const, path: '/api', what: 'get x' };

describe('tokens', () => {
  const settings = (
    credentials: () => Promise<never | { accessKeyId: string; secretAccessKey: string; expiration?: Date }>,
    now: () => number,
    region = 'eu-west-1',
  ) => createTokenSource({ clusterName: 'shop', region, credentials, clock: { now } });
  const hostOf = (token: string) => new URL(Buffer.from(token.replace('k8s-aws-v1.', ''), 'base64url').toString()).host;

  it('is signed once for many who ask at once', async () => {
    let asked = 0;
    const source = settings(
      () => {
        asked += 1;
        return Promise.resolve({ accessKeyId: 'a', secretAccessKey: 's' });
      },
      () => 0,
    );
    const all = await Promise.all([source.token(), source.token(), source.token()]);
    expect([new Set(all).size, asked]).toEqual([1, 1]);
  });

  it('is renewed a minute before its credentials end', async () => {
    let now = 0;
    const source = settings(
      () => Promise.resolve({ accessKeyId: 'a', secretAccessKey: 's', expiration: new Date(300_000) }),
      () => now,
    );
    const first = await source.token();
    now = 239_000;
    expect(await source.token()).toBe(first);
    now = 241_000;
    expect(await source.token()).not.toBe(first);
  });

  it('says that credentials are missing, and tries again', async () => {
    let working = false;
    const source = settings(
      () =>
        working
          ? Promise.resolve({ accessKeyId: 'a', secretAccessKey: 's' })
          : Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' })),
      () => 0,
    );
    await expect(source.token()).rejects.toMatchObject({ name: 'CredentialsMissing' });
    working = true;
    expect(await source.token()).toMatch(/^k8s-aws-v1\./);
  });

  it('is signed for the STS of the partition', async () => {
    const credentials = () => Promise.resolve({ accessKeyId: 'a', secretAccessKey: 's' });
    expect(hostOf(await settings(credentials, () => 0, 'cn-north-1').token())).toBe('sts.cn-north-1.amazonaws.com.cn');
    expect(hostOf(await settings(credentials, () => 0, 'us-gov-west-1').token())).toBe('sts.us-gov-west-1.amazonaws.com');
  });
});

describe('the transport', () => {
  it.each([
    ['what the server says', { 'retry-after': '3' }, 3000],
    ['a second, where it says nothing', {}, 1000],
    ['a second, where it says a date', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 1000],
    ['ten seconds at most', { 'retry-after': '3600' }, 10_000],
  ])('waits before a retry: %s', async (_title, headers: Record<string, string>, expected) => {
    const server = await startScript(
      (_request, index): ScriptedReply => (index === 0 ? { status: 429, headers, body: '' } : { body: {} }),
      true,
    );
    const delays: number[] = [];
    const send = createTransport({
      cluster: { ...CLUSTER, endpoint: server.url, certificateAuthority: server.certificateAuthority },
      tokens,
      retryDelays: 'standard',
      delay: (milliseconds) => {
        delays.push(milliseconds);
        return Promise.resolve();
      },
      onRequest: () => undefined,
    });
    expect((await send(get)).status).toBe(200);
    expect(delays).toEqual([expected]);
  });

  it.each(['first', 'last'])('takes the certificates of a rotation as a bundle: the one in use is the %s', async (place) => {
    const server = await startScript(() => ({ body: {} }), true);
    const { cert: retired } = await generate([{ name: 'commonName', value: 'another authority' }], { keyType: 'ec', algorithm: 'sha256' });
    const bundle = [server.certificateAuthority.trim(), retired.trim()];
    const certificateAuthority = `${(place === 'first' ? bundle : bundle.reverse()).join('\n')}\n`;
    const cluster = { ...CLUSTER, endpoint: server.url, certificateAuthority };
    const send = createTransport({ cluster, tokens, retryDelays: 'none', onRequest: () => undefined });
    expect((await send(get)).status).toBe(200);
  });

  it('uses a cluster whose certificate the machine trusts', async () => {
    const send = createTransport({
      cluster: { ...CLUSTER, endpoint: 'https://127.0.0.1:1', certificateAuthority: '' },
      tokens,
      retryDelays: 'none',
      onRequest: () => undefined,
    });
    await expect(send({ ...get, newConnection: true })).rejects.toMatchObject({ name: 'ClusterUnreachable' });
  });
});

describe('errors of a connection', () => {
  const nested = (...codes: (string | undefined)[]) =>
    codes.reduceRight<unknown>(
      (cause, code) => Object.assign(new TypeError('fetch failed', { cause }), code === undefined ? {} : { code }),
      undefined,
    );

  it.each([
    [nested(undefined, 'ECONNRESET'), 'ServiceUnavailable', 'ECONNRESET'],
    [nested(undefined, 'UND_ERR_SOCKET'), 'ServiceUnavailable', 'UND_ERR_SOCKET'],
    [nested(undefined, 'ENOTFOUND'), 'ClusterUnreachable', 'ENOTFOUND'],
    [nested(undefined, 'CERT_HAS_EXPIRED'), 'ClusterUnreachable', 'CERT_HAS_EXPIRED'],
    [new DOMException('late', 'TimeoutError'), 'ClusterUnreachable', 'TimeoutError'],
    [nested(undefined), 'ClusterUnreachable', 'unknown'],
    ['thrown text', 'ClusterUnreachable', 'unknown'],
  ])('names %s as %s', (error, name, code) => {
    expect(connectionError(error, 'get x')).toMatchObject({ name, details: { code } });
  });

  it('lets errors of the table pass', () => {
    const own = new PodshiftError('CredentialsMissing', 'x');
    expect(connectionError(own, 'get x')).toBe(own);
  });
});

describe('errors of an answer', () => {
  it.each(['null', '"text"', '{}', 'no JSON', '{"details":{"causes":[{}]}}'])('reads a body of %s', (body) => {
    expect(answerError({ status: 422, headers: {}, body }, 'get x', CLUSTER)).toMatchObject({
      name: 'InvalidRequest',
      message: 'the API server refused: get x (HTTP 422)',
    });
  });
});
