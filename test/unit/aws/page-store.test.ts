import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createPageStore, type PageStoreSettings, presignedLink } from '../../../src/aws/page-store.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { LINK_SECONDS } from '../../../src/service/pages.ts';
import { type ScriptedReply, type SeenRequest, startScript } from '../fixtures/scripted-server.ts';

const NOW = Date.UTC(2026, 0, 5, 10);
const CREDENTIALS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'a-secret', sessionToken: 'a/session+token=' };
const PAGE = { runId: 'run-1', endedAt: '2026-01-05T09:59:58.123Z' };
const PATH = '/pages-bucket/runs/run-1/2026-01-05T09%3A59%3A58.123Z.html';
const HTML = '<!doctype html><p>größer als 1 & "2"</p>';
const DENIED = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>arn:aws:sts::1:x is not</Message></Error>';

async function bucket(script: (request: SeenRequest, index: number) => ScriptedReply, changes: Partial<PageStoreSettings> = {}) {
  const server = await startScript(script);
  const settings = {
    bucketUrl: `${server.url}/pages-bucket`,
    region: 'eu-central-1',
    credentials: async () => CREDENTIALS,
    clock: { now: () => NOW },
    retryDelays: 'none',
    ...changes,
  } satisfies PageStoreSettings;
  return { server, pages: createPageStore(settings) };
}

/** The name of what a promise is rejected with, and all that it says. */
const failure = (promise: Promise<unknown>): Promise<{ name: string; said: string }> =>
  promise.then(
    () => ({ name: 'none', said: '' }),
    (error: PodshiftError) => ({ name: error.name, said: JSON.stringify([error.message, error.details, String(error.cause)]) }),
  );

describe('a page that is stored', () => {
  it('is put under the id and the end of its run, signed, encrypted, and named as what it is', async () => {
    const { server, pages } = await bucket(() => ({ status: 200 }));
    await pages.put(PAGE, HTML);
    const [seen, ...others] = server.seen;
    expect([seen?.method, seen?.path, seen?.body, others]).toEqual(['PUT', PATH, HTML, []]);
    expect(seen?.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'private, no-store',
      'x-amz-server-side-encryption': 'AES256',
      'x-amz-date': '20260105T100000Z',
      'x-amz-security-token': CREDENTIALS.sessionToken,
      'x-amz-content-sha256': createHash('sha256').update(HTML).digest('hex'),
    });
    const signed = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=[0-9a-f]{64}$/.exec(
      seen?.headers.authorization ?? '',
    );
    expect(signed?.[1]).toBe(`${CREDENTIALS.accessKeyId}/20260105/eu-central-1/s3/aws4_request`);
    expect(signed?.[2]?.split(';')).toEqual(expect.arrayContaining(['host', 'x-amz-content-sha256', 'x-amz-server-side-encryption']));
  });

  it('has a key within those of the pages, whatever the id of its run', async () => {
    const { server, pages } = await bucket(() => ({ status: 200 }));
    await pages.put({ ...PAGE, runId: "../a b/'(c)" }, HTML);
    expect(server.seen[0]?.path).toBe('/pages-bucket/runs/..%2Fa%20b%2F%27%28c%29/2026-01-05T09%3A59%3A58.123Z.html');
  });

  it.each<[string, ScriptedReply]>([
    ['S3 is not there for a moment', { status: 503, body: '<Error><Code>ServiceUnavailable</Code></Error>' }],
    ['S3 asks for a slower pace', { status: 503, body: '<Error><Code>SlowDown</Code></Error>' }],
    ['the connection breaks', 'reset'],
  ])('is sent again where %s', async (_title, reply) => {
    const { server, pages } = await bucket((_request, index) => (index < 2 ? reply : { status: 200 }));
    await pages.put(PAGE, HTML);
    expect(server.seen).toHaveLength(3);
  });

  it('is given up after three tries', async () => {
    const { server, pages } = await bucket(() => ({ status: 503, body: '<Error><Code>SlowDown</Code></Error>' }));
    expect((await failure(pages.put(PAGE, HTML))).name).toBe('Throttled');
    expect(server.seen).toHaveLength(3);
  });

  it('is not sent again where S3 refuses it, and the error has nothing of the answer but its code', async () => {
    const { server, pages } = await bucket(() => ({ status: 403, headers: { 'content-type': 'application/xml' }, body: DENIED }));
    const { name, said } = await failure(pages.put(PAGE, HTML));
    expect([name, server.seen.length]).toEqual(['AccessDenied', 1]);
    expect(said).not.toMatch(/arn:aws:sts|a-secret|session\+token|Signature/);
  });

  it('follows no redirect', async () => {
    const { server, pages } = await bucket(() => ({ status: 307, headers: { location: 'https://elsewhere.test/' } }));
    expect((await failure(pages.put(PAGE, HTML))).name).not.toBe('none');
    expect(server.seen).toHaveLength(1);
  });

  it('is not sent without credentials', async () => {
    const credentials = () => Promise.reject(new PodshiftError('CredentialsMissing', 'none'));
    const { server, pages } = await bucket(() => ({ status: 200 }), { credentials });
    expect((await failure(pages.put(PAGE, HTML))).name).toBe('CredentialsMissing');
    expect(server.seen).toEqual([]);
  });
});

describe('whether a page is there', () => {
  it.each<[string, number, boolean]>([
    ['is, where S3 has it', 200, true],
    ['is not, where S3 says so', 404, false],
    ['is not, where S3 does not say so to one who may not list the bucket', 403, false],
  ])('%s', async (_title, status, expected) => {
    const { server, pages } = await bucket(() => ({ status }));
    expect(await pages.has(PAGE)).toBe(expected);
    expect(server.seen.map(({ method, path }) => [method, path])).toEqual([['HEAD', PATH]]);
    expect(server.seen[0]?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
  });

  it('is asked again where S3 is away, and is an error where it stays so', async () => {
    const { server, pages } = await bucket((_request, index) => ({ status: index < 2 ? 503 : 200 }));
    expect(await pages.has(PAGE)).toBe(true);
    expect(server.seen).toHaveLength(3);
    const away = await bucket(() => ({ status: 503 }));
    expect((await failure(away.pages.has(PAGE))).name).toBe('ServiceUnavailable');
  });
});

describe('a link to a page', () => {
  const EXAMPLE = {
    bucketUrl: 'https://examplebucket.s3.amazonaws.com',
    region: 'us-east-1',
    credentials: async () => ({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }),
    clock: { now: () => Date.UTC(2013, 4, 24) },
  };

  it('is the one that the Amazon S3 API reference has as its example of a presigned URL', async () => {
    const { url, expiresAt } = await presignedLink(EXAMPLE, '/test.txt', 86_400);
    const { host, pathname, searchParams } = new URL(url);
    expect([host, pathname, expiresAt]).toEqual(['examplebucket.s3.amazonaws.com', '/test.txt', '2013-05-25T00:00:00.000Z']);
    expect(Object.fromEntries(searchParams)).toEqual({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request',
      'X-Amz-Date': '20130524T000000Z',
      'X-Amz-Expires': '86400',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    });
  });

  it('opens the page of its run for 15 minutes, asks nobody for it, and says when it ends', async () => {
    const { server, pages } = await bucket(() => ({ status: 200 }));
    const { url, expiresAt } = await pages.link(PAGE);
    const { pathname, searchParams } = new URL(url);
    expect([pathname, expiresAt, LINK_SECONDS]).toEqual([PATH, '2026-01-05T10:15:00.000Z', 900]);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      'X-Amz-Expires': '900',
      'X-Amz-Security-Token': CREDENTIALS.sessionToken,
      'X-Amz-SignedHeaders': 'host',
    });
    expect(url).not.toContain(CREDENTIALS.secretAccessKey);
    expect(server.seen).toEqual([]);
  });

  it('ends with the credentials that signed it, where they say when they end', async () => {
    const { pages } = await bucket(() => ({ status: 200 }), {
      credentials: async () => ({ ...CREDENTIALS, expiration: new Date(NOW + 600_000) }),
    });
    expect((await pages.link(PAGE)).expiresAt).toBe('2026-01-05T10:10:00.000Z');
  });
});
