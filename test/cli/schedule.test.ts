import { describe, expect, it } from 'vitest';
import { startScript } from '../unit/fixtures/scripted-server.ts';
import { start } from './spawn.ts';

const CALLER = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/me</Arn><UserId>U</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;

/** An account with STS and EventBridge Scheduler, and podshift against it. */
async function scene() {
  const server = await startScript(({ method, path }) => {
    if (path === '/') return { headers: { 'content-type': 'text/xml' }, body: CALLER };
    if (method === 'GET' && path === '/schedules') return { body: { Schedules: [{ Name: 'nightly' }] } };
    if (method === 'GET')
      return { body: { State: 'ENABLED', Description: 'scan of shop in eu-west-1', ScheduleExpression: 'rate(1 day)' } };
    return { body: { ScheduleArn: 'arn' } };
  });
  const env = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };
  const podshift = (...args: string[]) =>
    start(['cli/main.ts', 'schedule', ...args, '--region', 'eu-west-1', '--endpoint-url', server.url], { env }).ended;
  const changes = () =>
    server.seen.filter(({ method, path }) => path !== '/' && method !== 'GET').map(({ method, path }) => `${method} ${path}`);
  return { server, podshift, changes };
}

const NIGHTLY = ['create', 'nightly', '--cluster', 'shop', '--expression', 'cron(0 2 * * ? *)', '--timezone', 'Europe/Berlin'];

describe('podshift schedule', () => {
  it('says what it would create, and creates it with --approve alone', async () => {
    const { podshift, changes, server } = await scene();
    const said = await podshift(...NIGHTLY, '-o', 'json');
    expect([said.code, changes()]).toEqual([0, []]);
    expect(JSON.parse(said.stdout)).toMatchObject({ Name: 'nightly', Target: { Input: { target: { clusterName: 'shop' } } } });
    expect(said.stderr).toContain('nothing was changed; run again with --approve');
    const done = await podshift(...NIGHTLY, '--approve');
    expect([done.code, changes()]).toEqual([0, ['POST /schedules/nightly']]);
    expect(JSON.parse(server.seen.at(-1)?.body ?? '').Target.Arn).toContain('podshift-scan-cluster-prod');
  });

  it('takes the flexible start off the window of a run', async () => {
    const { podshift } = await scene();
    const run = [...NIGHTLY, '--starts', 'run', '--window-minutes', '120', '--flexible-minutes', '30', '-o', 'json'];
    const { stdout } = await podshift(...run);
    expect(JSON.parse(JSON.parse(stdout).Target.Input.Input)).toMatchObject({ mode: 'run', options: { windowMinutes: 90 } });
  });

  it('lists, and deletes with --approve alone', async () => {
    const { podshift, changes } = await scene();
    const listed = await podshift('list', '-o', 'json');
    expect(JSON.parse(listed.stdout).schedules).toMatchObject([{ name: 'nightly', expression: 'rate(1 day)', state: 'ENABLED' }]);
    expect((await podshift('list')).stdout).toContain('scan of shop');
    expect((await podshift('delete', 'nightly')).stderr).toContain('would delete');
    expect(changes()).toEqual([]);
    expect([(await podshift('delete', 'nightly', '--approve')).code, changes()]).toEqual([0, ['DELETE /schedules/nightly']]);
  });

  it.each([
    [['create', '--cluster', 'shop'], 'which schedule'],
    [['create', 'a b', '--cluster', 'shop', '--expression', 'rate(1 day)'], 'no name of a schedule'],
    [['create', 'x', '--cluster', 'shop', '--expression', 'daily'], 'when?'],
    [['create', 'x', '--cluster', 'shop', '--expression', 'rate(1 day)', '--digest', 'd'.repeat(12)], 'are for --starts run'],
    [[...NIGHTLY, '--starts', 'run', '--window-minutes', '30', '--flexible-minutes', '30'], 'less than --window-minutes'],
  ])('refuses %j', async (args, text) => {
    const { podshift, changes } = await scene();
    const { code, stderr } = await podshift(...args);
    expect([code, changes()]).toEqual([2, []]);
    expect(stderr).toContain(text);
  });
});
