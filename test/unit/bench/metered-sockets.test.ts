import { createServer as createHttpServer, get as getHttp } from 'node:http';
import { createServer as createHttpsServer, get as getHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { meterTls } from '../../../bench/metered-sockets.ts';
import { twinCertificate } from '../../../twin/certificate.ts';

const BODY = 'x'.repeat(10_000);
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function serve(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function read(get: typeof getHttp | typeof getHttps, url: string, ca?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, ...(ca === undefined ? {} : { ca }) }, (answer) => answer.resume().once('close', resolve)).once(
      'error',
      reject,
    );
  });
}

it('counts what servers send over TLS until it is stopped, and nothing else', async () => {
  const { key, certificate } = await twinCertificate();
  const tls = await serve(createHttpsServer({ key, cert: certificate }, (_request, response) => void response.end(BODY)));
  const plain = await serve(createHttpServer((_request, response) => void response.end(BODY)));
  const meter = meterTls();
  await read(getHttp, `http://127.0.0.1:${plain}`);
  expect(meter.bytes()).toBe(0);
  await read(getHttps, `https://127.0.0.1:${tls}`, certificate);
  await read(getHttps, `https://127.0.0.1:${tls}`, certificate);
  const sent = meter.bytes();
  expect(sent).toBeGreaterThanOrEqual(2 * BODY.length);
  expect(sent).toBeLessThan(2 * BODY.length + 2_000);
  meter.stop();
  await read(getHttps, `https://127.0.0.1:${tls}`, certificate);
  expect(meter.bytes()).toBe(sent);
});
