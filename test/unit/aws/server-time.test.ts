import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLambdaRuntime, lambdaClock } from '../../../functions/runtime/lambda.ts';
import { createAwsGateways } from '../../../src/aws/aws-gateways.ts';
import type { Cluster } from '../../../src/aws/gateways.ts';
import { createTransport } from '../../../src/kubernetes/transport.ts';
import { createServerClock } from '../../../src/model/server-clock.ts';
import { type ScriptedReply, startScript } from '../fixtures/scripted-server.ts';

const AHEAD = 600_000;
/** The `Date` of a service that is ten minutes behind this machine's clock. */
const behind = () => ({ date: new Date(Date.now() - AHEAD).toUTCString() });
const isCorrected = (clock: { now(): number }) => Math.abs(Date.now() - AHEAD - clock.now()) < 60_000;

afterEach(() => vi.unstubAllEnvs());

describe('the services’ time is heard', () => {
  it.each<[string, () => ScriptedReply]>([
    ['an answer', () => ({ headers: behind(), body: { cluster: { name: 'shop', status: 'ACTIVE' } } })],
    ['a refusal', () => ({ status: 403, headers: behind(), body: { __type: 'AccessDeniedException', message: 'no' } })],
  ])('from %s of AWS', async (_what, reply) => {
    const server = await startScript(reply);
    const clock = createServerClock({ now: () => Date.now() });
    const { eks } = createAwsGateways({
      target: { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null },
      endpoint: server.url,
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
      retryDelays: 'none',
      onRequest: () => undefined,
      serverTime: clock,
    });
    await eks.describeCluster().catch(() => undefined);
    // The SDK sends again what may have been refused for the clock.
    expect(server.seen.length).toBeGreaterThan(0);
    expect(isCorrected(clock)).toBe(true);
  });

  it('from an answer of an API server', async () => {
    const clock = createServerClock({ now: () => Date.now() });
    const send = createTransport({
      cluster: { name: 'shop', status: 'ACTIVE', endpoint: 'https://127.0.0.1:1', certificateAuthority: '' } as Cluster,
      tokens: { token: () => Promise.resolve('t'), forget: () => undefined },
      retryDelays: 'none',
      onRequest: () => undefined,
      exchange: async () => ({ status: 200, headers: behind(), body: '{}' }),
      serverTime: clock,
    });
    await send({ method: 'GET', path: '/api', what: 'get x' });
    expect(isCorrected(clock)).toBe(true);
  });

  it('by a Lambda function from its journal, and the journal is stamped by it', async () => {
    const server = await startScript(() => ({ headers: { ...behind(), 'content-type': 'application/x-amz-json-1.0' } }));
    vi.stubEnv('AWS_ENDPOINT_URL', server.url);
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 's');
    const { journal, clock } = createLambdaRuntime({ JOURNAL_TABLE: 'journal', LOG_LEVEL: 'INFO' });
    expect(isCorrected(clock)).toBe(false);
    await expect(journal.getRun('run')).rejects.toMatchObject({ name: 'RunNotFound' });
    expect(server.seen).toHaveLength(1);
    expect(clock).toBe(lambdaClock);
    expect(isCorrected(clock)).toBe(true);
  });
});
