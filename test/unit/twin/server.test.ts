import { Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../../twin/clock.ts';
import type { Fault, TwinHooks } from '../../../twin/contracts.ts';
import { createRequestLog, startTwinServer, type TwinHttpService, type TwinServer } from '../../../twin/server.ts';

interface Got {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, unknown>;
}

const open: TwinServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(
  service: Partial<TwinHttpService> = {},
  more: { hooks?: TwinHooks; tls?: boolean; hold?: () => () => void; now?: () => number } = {},
) {
  const log = createRequestLog({ now: () => 42 });
  const applied: string[] = [];
  const server = await startTwinServer({
    service: {
      describe: (request) =>
        request.url.pathname === '/quiet'
          ? undefined
          : { service: 'eks', operation: `${request.method} ${request.url.pathname}`, object: '', write: request.method === 'POST' },
      handle: (request) => {
        applied.push(request.body);
        return { status: 200, body: `${request.connection}:${request.body}` };
      },
      fault: (kind) => ({ status: kind === 'throttle' ? 429 : 503, headers: { 'retry-after': '1' } }),
      ...service,
    },
    log,
    hooks: more.hooks,
    tls: more.tls ?? false,
    hold: more.hold,
    ...(more.now === undefined ? {} : { now: more.now }),
  });
  open.push(server);
  return { server, log, applied };
}

function call(server: TwinServer, path = '/', options: { body?: string; agent?: Agent; ca?: string } = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const send = server.url.startsWith('https') ? httpsRequest : httpRequest;
    const { agent, ca, body } = options;
    const request = send(
      `${server.url}${path}`,
      { method: body === undefined ? 'GET' : 'POST', ...(agent === undefined ? {} : { agent }), ca },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => void chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), headers: response.headers }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

describe('twin server', () => {
  it('logs each request in the order of arrival, but for what the service leaves out', async () => {
    const { server, log } = await start();
    await call(server, '/a');
    await call(server, '/quiet');
    await call(server, '/b', { body: 'x' });
    expect(log.requests).toEqual([
      { sequence: 1, service: 'eks', operation: 'GET /a', object: '', write: false, at: 42 },
      { sequence: 2, service: 'eks', operation: 'POST /b', object: '', write: true, at: 42 },
    ]);
  });

  it('tells TCP connections apart', async () => {
    const { server } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const kept = [await call(server, '/', { agent }), await call(server, '/', { agent })];
    const fresh = await call(server, '/', { agent: new Agent() });
    agent.destroy();
    expect([...kept, fresh].map(({ body }) => body)).toEqual(['0:', '0:', '1:']);
  });

  it.each<[Fault, number | 'reset', number, number]>([
    [{ kind: 'throttle', when: 'before' }, 429, 0, 429],
    [{ kind: 'server-error', when: 'before' }, 503, 0, 503],
    [{ kind: 'reset', when: 'before' }, 'reset', 0, 0],
    [{ kind: 'throttle', when: 'after' }, 429, 1, 200],
    [{ kind: 'server-error', when: 'after' }, 503, 1, 200],
    [{ kind: 'reset', when: 'after' }, 'reset', 1, 200],
  ])('with fault %j answers %s, applies the request %i times and tells the hook %i', async (fault, expected, times, told) => {
    const heard: number[] = [];
    let faults = 1;
    const { server, applied } = await start(
      {},
      {
        hooks: {
          beforeRequest: () => {
            faults -= 1;
            return faults === 0 ? fault : undefined;
          },
          afterRequest: (_request, status) => void heard.push(status),
        },
      },
    );
    const got = await call(server, '/', { body: 'x' }).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) => {
        expect(error.code).toBe('ECONNRESET');
        return 'reset' as const;
      },
    );
    expect([got, applied.length, heard]).toEqual([expected, times, [told]]);
    expect((await call(server)).status).toBe(200);
  });

  it('speaks TLS with a certificate that clients can trust, the same in the whole process', async () => {
    const one = await start({}, { tls: true });
    const two = await start({}, { tls: true });
    const ca = one.server.certificateAuthority ?? '';
    expect(two.server.certificateAuthority).toBe(ca);
    expect((await call(two.server, '/', { ca })).status).toBe(200);
    await expect(call(one.server)).rejects.toThrow(/self[- ]signed/);
  });

  it('dates its answers by the machine, or by the time that it is given', async () => {
    const own = await start({}, { now: () => Date.parse('2031-04-05T06:07:08.900Z') });
    const other = await start();
    expect((await call(own.server)).headers.date).toBe('Sat, 05 Apr 2031 06:07:08 GMT');
    expect(Math.abs(Date.parse(String((await call(other.server)).headers.date)) - Date.now())).toBeLessThan(60_000);
  });

  it('keeps time still while it works', async () => {
    const clock = createVirtualClock(0);
    const gate = Promise.withResolvers<void>();
    const { server } = await start({ handle: async () => gate.promise.then(() => ({ status: 204 })) }, { hold: clock.hold });
    const reply = call(server);
    await new Promise((resolve) => void setTimeout(resolve, 20));
    const sleeper = clock.sleep(1000).then(() => 'woken');
    await new Promise((resolve) => void setTimeout(resolve, 20));
    expect(clock.now()).toBe(0);
    gate.resolve();
    expect((await reply).status).toBe(204);
    expect(await sleeper).toBe('woken');
  });

  it('refuses a body that is too large', async () => {
    const { server, applied } = await start();
    const outcome = await call(server, '/', { body: 'x'.repeat(9 * 1024 * 1024) }).then(
      ({ status }) => status,
      () => 'reset',
    );
    expect([413, 'reset']).toContain(outcome);
    expect(applied).toEqual([]);
  });

  it('ends open streams when it closes', async () => {
    const closed: string[] = [];
    const { server } = await start({
      handle: () => ({
        status: 200,
        stream: (stream) => {
          stream.send('first');
          stream.onClose(() => void closed.push('closed'));
        },
      }),
    });
    const first = Promise.withResolvers<string>();
    const end = Promise.withResolvers<void>();
    const request = httpRequest(`${server.url}/watch`, (response) => {
      response.on('data', (chunk: Buffer) => first.resolve(chunk.toString()));
      response.on('close', () => end.resolve());
      response.on('error', () => end.resolve());
    });
    request.on('error', () => end.resolve());
    request.end();
    expect(await first.promise).toBe('first');
    await server.close();
    await end.promise;
    expect(closed).toEqual(['closed']);
  });
});
