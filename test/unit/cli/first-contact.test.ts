import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchFirstContact } from '../../../cli/first-contact.ts';
import { REMEDIES } from '../../../src/model/errors/kinds.ts';
import { start } from '../../cli/spawn.ts';
import { startScript } from '../fixtures/scripted-server.ts';

const HOST = 'eks.eu-west-1.amazonaws.com';
const NEEDED = ['eks', 'iam', 'kubernetes'] as const;

function watched(isResumed = false) {
  const lines: string[] = [];
  const watch = watchFirstContact({ talk: (line) => void lines.push(line), talkColumns: 500 }, isResumed, NEEDED);
  return { ...watch, lines };
}

describe('the first contact with a host', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is said to have failed at once, and is given up within 30 seconds of the first try', () => {
    const { contacts, signal, lines } = watched();
    contacts.failed(HOST, 'ETIMEDOUT', 'eks');
    expect(lines).toEqual([`no connection to ${HOST}: it did not answer in time (ETIMEDOUT); trying again`]);
    vi.advanceTimersByTime(5000);
    contacts.failed(HOST, 'ECONNREFUSED', 'eks');
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(7000);
    expect(lines).toHaveLength(1);
    expect(signal.reason).toMatchObject({
      name: 'ServiceUnavailable',
      message: `no connection to ${HOST}: nothing listens there, or a firewall refuses it (ECONNREFUSED); gave up after 2 tries in 12 s`,
      remedy: REMEDIES['AWS connection'].remedy,
    });
  });

  it('is given up at once where the certificate is not trusted', () => {
    const { contacts, signal, lines } = watched();
    contacts.failed('cluster.example', 'SELF_SIGNED_CERT_IN_CHAIN', 'kubernetes');
    expect(lines).toEqual([]);
    expect(signal.reason).toMatchObject({
      name: 'ClusterUnreachable',
      message: 'no connection to cluster.example: its certificate is not trusted (SELF_SIGNED_CERT_IN_CHAIN)',
      remedy: REMEDIES['API server certificate'].remedy,
    });
  });

  it.each([
    ['a host that answers after all', ({ contacts }: ReturnType<typeof watched>) => contacts.answered(HOST), HOST, 'eks'],
    ['what is under way', ({ underWay }: ReturnType<typeof watched>) => underWay(), HOST, 'eks'],
    ['a service that a plan does without', () => undefined, 'cloudtrail.example', 'cloudtrail'],
    ['what is closed', ({ close }: ReturnType<typeof watched>) => close(), HOST, 'eks'],
  ] as const)('never ends %s', (_title, meanwhile, host, service) => {
    const watch = watched();
    watch.contacts.failed(host, 'ECONNREFUSED', service);
    meanwhile(watch);
    vi.advanceTimersByTime(600_000);
    expect(watch.signal.aborted).toBe(false);
  });

  it('never ends what waits for a host that has answered before', () => {
    const { contacts, signal, lines } = watched();
    contacts.answered(HOST);
    contacts.failed(HOST, 'ECONNREFUSED', 'eks');
    vi.advanceTimersByTime(600_000);
    expect([signal.aborted, lines]).toEqual([false, []]);
  });

  it('never ends a resumed run or a rollback once any host has answered, by a certificate neither', () => {
    const { contacts, signal } = watched(true);
    contacts.answered(HOST);
    contacts.failed('cluster.example', 'ECONNREFUSED', 'kubernetes');
    contacts.failed('other.example', 'CERT_HAS_EXPIRED', 'kubernetes');
    vi.advanceTimersByTime(600_000);
    expect(signal.aborted).toBe(false);
  });
});

describe('a command that cannot reach AWS', () => {
  const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', COLUMNS: '500' };
  const plan = (url: string) =>
    start(['cli/main.ts', 'plan', '--cluster', 'shop', '--region', 'eu-west-1', '--endpoint-url', url], { env });

  it('says so at once, and ends with host and cause', async () => {
    const running = plan('http://127.0.0.1:1');
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    expect(stderr).toContain(
      'no connection to 127.0.0.1:1: nothing listens there, or a firewall refuses it (ECONNREFUSED); trying again\n',
    );
    expect(stderr).toMatch(
      /\nerror PE305 ServiceUnavailable: no connection to 127\.0\.0\.1:1: .+ \(ECONNREFUSED\); gave up after \d+ tries in \d+ s\n/,
    );
    expect(stderr).toContain(`  -> ${REMEDIES['AWS connection'].remedy.replace('then run the command again.', 'then run again:')}\n`);
    expect(stderr).toMatch(/\n {5}podshift plan --cluster shop --region eu-west-1 --endpoint-url http:\/\/127\.0\.0\.1:1\n$/);
  });

  it('does not try again where its connection is intercepted', async () => {
    const server = await startScript(() => ({ body: {} }), true);
    const { code, stderr } = await plan(server.url).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error PE305 ServiceUnavailable: no connection to 127\.0\.0\.1:\d+: its certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\n {2}-> /,
    );
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS');
    expect(stderr).not.toMatch(/again\n/);
  });
});
