import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttps } from '../../../src/kubernetes/https.ts';
import { twinCertificate } from '../../../twin/certificate.ts';

describe('createHttps', () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  async function serving(listener: RequestListener) {
    const { key, certificate } = await twinCertificate();
    const server = createServer({ key, cert: certificate }, listener);
    servers.push(server);
    const seen = { connections: 0 };
    server.on('secureConnection', () => {
      seen.connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/api`);
    const send = createHttps(certificate);
    const ask = (more: { method?: string; body?: string; newConnection?: boolean } = {}) =>
      send({ method: 'GET', url, headers: { Accept: 'application/json' }, newConnection: false, ...more });
    return { ask, url, seen };
  }

  it('unpacks what the server packed, and asks for it', async () => {
    const { ask } = await serving((request, response) => {
      const packed = gzipSync(JSON.stringify({ accepts: request.headers['accept-encoding'] }));
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
    });
    expect(await ask()).toMatchObject({ status: 200, body: '{"accepts":"gzip"}' });
  });

  it('sends a body with its length, whatever the verb', async () => {
    const { ask } = await serving((request, response) => {
      let text = '';
      request.on('data', (part: Buffer) => {
        text += part.toString();
      });
      request.on('end', () => response.end(`${request.method} ${request.headers['content-length']} ${text}`));
    });
    expect((await ask({ method: 'DELETE', body: '{"a":"ü"}' })).body).toBe('DELETE 10 {"a":"ü"}');
    expect((await ask({ method: 'POST', body: '{}' })).body).toBe('POST 2 {}');
  });

  it('keeps its connection, but for a request that wants one of its own', async () => {
    const { ask, seen } = await serving((_, response) => response.end('{}'));
    await ask();
    await ask();
    expect(seen.connections).toBe(1);
    await ask({ newConnection: true });
    expect(seen.connections).toBe(2);
    await ask();
    expect(seen.connections).toBe(2);
  });

  it('follows no redirect: its token is for one server', async () => {
    const asked: (string | undefined)[] = [];
    const { ask } = await serving((request, response) => {
      asked.push(request.url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await ask()).toMatchObject({ status: 302, headers: { location: '/elsewhere' } });
    expect(asked).toEqual(['/api']);
  });

  it.each([
    ['plain', {}],
    ['packed', { 'content-encoding': 'gzip' }],
  ])('rejects where a %s answer breaks off', async (_, headers) => {
    const { ask } = await serving((_request, response) => {
      response.writeHead(200, { ...headers, 'content-length': '1000' });
      response.write(gzipSync('the beginning').subarray(0, 12), () => response.destroy());
    });
    await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('trusts the authority that it was given, and no other', async () => {
    const { url } = await serving((_, response) => response.end('{}'));
    const send = createHttps('');
    await expect(send({ method: 'GET', url, headers: {}, newConnection: false })).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  });
});
