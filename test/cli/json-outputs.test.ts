import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTPUTS, type Output, type OutputName } from '../../cli/outputs/schemas.ts';
import { problemsOf } from '../support/published-schemas.ts';
import { startScript } from '../unit/fixtures/scripted-server.ts';
import { type Ended, podshift, ROOT, start } from './spawn.ts';

const SHOP = join(ROOT, 'examples/shop');
const PRESS = join(ROOT, 'examples/press-kube2iam');
/** Waits that a migration on a twin need not have. */
const QUICK = ['-n', 'media', '--soak-seconds', '0', '--iam-propagation-seconds', '1', '--injection-interval-seconds', '1'];
const CALLER = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/me</Arn><UserId>U</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;

/** Each command and each schema that something which it printed was held to. */
const held = new Set<string>();

/** Holds JSON to the published schema of a command's output. */
function hold(command: string, name: OutputName, text: string): unknown {
  const value: unknown = JSON.parse(text);
  expect(problemsOf(name, value)).toEqual([]);
  held.add(`${command}: ${name}`);
  return value;
}

/** Holds the answer of a command that must have ended with the code. */
function answered(command: string, name: OutputName, code: number, ended: Ended): unknown {
  expect([ended.code, ended.stderr]).toEqual([code, expect.any(String)]);
  return hold(command, name, ended.stdout);
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-outputs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A served twin, and podshift against it. */
async function startTwin() {
  const twin = start(['cli/main.ts', 'twin', SHOP, '--no-delays']);
  const all = await twin.seen('podshift plan --cluster');
  const { aws } = hold('twin', 'twin', all.split('\n')[0] ?? '') as { aws: string };
  const env = Object.fromEntries(
    [...all.matchAll(/(AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
  );
  return (...args: string[]) => start(['cli/main.ts', ...args, '--endpoint-url', aws], { env }).ended;
}

describe('what -o json prints', { timeout: 600_000 }, () => {
  it('of a snapshot is as published', async () => {
    const json = ['-o', 'json'];
    answered('scan', 'scan', 0, await podshift('scan', SHOP, ...json));
    const kept = join(folder, 'plan.json');
    answered('plan', 'plan', 0, await podshift('plan', PRESS, ...json, '--out', kept));
    hold('plan', 'plan-file', await readFile(kept, 'utf8'));
    answered('plan', 'plan-comparison', 3, await podshift('plan', PRESS, ...json, '--compare', kept, '--wave-size', '7', '-n', 'press'));
    answered('export', 'export', 0, await podshift('export', kept, '--out', join(folder, 'code'), ...json));
    answered('rehearse', 'run-report', 4, await podshift('rehearse', PRESS, ...json));
    answered('demo', 'run-report', 0, await podshift('demo', ...json));
    answered('retire', 'plan', 0, await podshift('retire', 'kube2iam', '--snapshot', PRESS, ...json));
    answered('config', 'config', 0, await podshift('config', ...json));
    answered('explain', 'explanations', 0, await podshift('explain', ...json));
    answered('addon permissions', 'addon-permissions', 0, await podshift('addon', 'permissions', 'vpc-cni', '--snapshot', SHOP, ...json));
    answered('fleet rehearse', 'fleet-report', 4, await podshift('fleet', 'rehearse', PRESS, ...json));
  });

  it('of a run of this machine is as published, from its plan to its rollback', async () => {
    const run = await startTwin();
    const journal = ['--journal', join(folder, 'journal'), '-o', 'json'];
    const cluster = ['--cluster', 'shop', ...journal];
    answered('doctor', 'doctor', 0, await run('doctor', ...cluster));
    answered('run', 'plan', 0, await run('run', ...cluster, ...QUICK));
    const migrated = answered('run', 'run-report', 0, await run('run', ...cluster, ...QUICK, '--approve')) as { run: { id: string } };
    const { id } = migrated.run;
    answered('status', 'run-list', 0, await podshift('status', ...journal));
    answered('status', 'run-report', 0, await podshift('status', id, ...journal));
    for (const line of (await podshift('status', id, '--watch', ...journal)).stdout.trim().split('\n')) hold('status', 'status-line', line);
    answered('report', 'run-report', 0, await podshift('report', id, ...journal));
    const record = join(folder, 'record.json');
    const { stdout: audited } = await podshift('audit', id, ...journal);
    hold('audit', 'audit', audited);
    await writeFile(record, audited);
    answered('audit', 'audit-verdict', 0, await podshift('audit', '--verify', record, '--against', id, ...journal));
    answered('watch', 'run-report', 0, await podshift('watch', id, ...journal));
    answered('rollback', 'rollback-plan', 0, await run('rollback', id, ...journal));
    answered('rollback', 'run-report', 0, await run('rollback', id, ...journal, '--approve'));
    answered('retire', 'run-report', 3, await run('retire', 'kube2iam', ...cluster, '--approve'));
  });

  it('of a capture and of a fleet of this machine is as published', async () => {
    const run = await startTwin();
    const journal = ['--journal', join(folder, 'fleets'), '-o', 'json'];
    expect((await run('capture', '--cluster', 'shop', '--out', join(folder, 'captured'))).code).toBe(0);
    hold('capture', 'capture', await readFile(join(folder, 'captured/capture.json'), 'utf8'));

    const settings = join(folder, 'fleet.yaml');
    const migration = '{namespaces: [media], soakSeconds: 0, iamPropagationSeconds: 1, injectionIntervalSeconds: 1}';
    await writeFile(settings, `regions: [eu-central-1]\nmigration: ${migration}\n`);
    answered('fleet plan', 'fleet-report', 0, await run('fleet', 'plan', settings, ...journal));
    const fleet = answered('fleet run', 'fleet-report', 0, await run('fleet', 'run', settings, ...journal, '--approve')) as {
      fleet: { id: string };
    };
    answered('fleet status', 'fleet-list', 0, await podshift('fleet', 'status', ...journal));
    answered('fleet status', 'fleet-report', 0, await podshift('fleet', 'status', fleet.fleet.id, ...journal));
  });

  it('of a service is as published', async () => {
    const served = start(['cli/main.ts', 'serve', SHOP, '--speed', '50']);
    const seen = await served.seen(/\{"url":.*\}/);
    const { url } = hold('serve', 'serve', /\{"url":.*\}/.exec(seen)?.[0] ?? '') as { url: string };
    const service = ['--service', url, '-o', 'json'];
    const flags = ['--cluster', 'shop', '--region', 'eu-central-1', '-n', 'media', '--soak-seconds', '60'];
    const patience = ['--injection-timeout-seconds', '7200', '--proof-timeout-seconds', '7200', '--rollout-timeout-seconds', '7200'];
    answered('doctor', 'doctor', 0, await podshift('doctor', ...service));
    answered('run', 'run-report', 0, await podshift('run', ...flags, ...service));
    const waits = start(['cli/main.ts', 'run', ...flags, ...patience, ...service, '--approve', '--require-approval']);
    const [, id = '', digest = ''] = /podshift approve (\w+) .*--digest (\w{64})/.exec(await waits.seen(/--digest \w{64}/)) ?? [];
    answered('approve', 'run-report', 0, await podshift('approve', id, ...service));
    answered('status', 'run-list', 0, await podshift('status', ...service));
    answered('report', 'run-report', 0, await podshift('report', id, ...service));
    expect((await podshift('approve', id, '--digest', digest, ...service)).code).toBe(0);
    answered('run', 'run-report', 0, await waits.ended);
    answered('watch', 'run-report', 0, await podshift('watch', id, ...service));
    answered('status', 'run-report', 0, await podshift('status', id, ...service));
    answered('report', 'page-link', 0, await podshift('report', id, '--link', ...service));
    answered('rollback', 'rollback-plan', 0, await podshift('rollback', id, ...service));
  });

  it('of schedules and of fleets of a service is as published', async () => {
    const server = await startScript(({ method, path, headers }) => {
      if (headers['x-amz-target'] !== undefined)
        return { body: { executionArn: 'arn:aws:states:eu-west-1:111122223333:execution:m:e', startDate: 1 } };
      if (path === '/') return { headers: { 'content-type': 'text/xml' }, body: CALLER };
      if (method === 'GET' && path === '/schedules') return { body: { Schedules: [{ Name: 'nightly' }] } };
      return { body: { State: 'ENABLED', Description: 'scan of shop in eu-west-1', ScheduleExpression: 'rate(1 day)' } };
    });
    const env = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };
    const common = ['--region', 'eu-west-1', '--endpoint-url', server.url, '-o', 'json'];
    const run = (...args: string[]) => start(['cli/main.ts', ...args, ...common], { env }).ended;
    const schedule = ['schedule', 'create', 'nightly', '--cluster', 'shop', '--expression', 'rate(1 day)', '--flexible-minutes', '30'];
    answered('schedule create', 'schedule', 0, await run(...schedule));
    answered('schedule create', 'schedule', 0, await run(...schedule, '--starts', 'run', '--wave-size', '3'));
    answered('schedule list', 'schedule-list', 0, await run('schedule', 'list'));
    const service = ['--service', 'arn:aws:states:eu-west-1:111122223333:stateMachine:podshift-migrate-fleet-prod'];
    answered('fleet plan', 'fleet-start', 0, await run('fleet', 'plan', ...service));
    answered('fleet run', 'fleet-start', 0, await run('fleet', 'run', ...service, '--approve'));
  });

  it('was held to every schema of every command', () => {
    const published = Object.entries<Output>(OUTPUTS).flatMap(([name, { commands }]) => commands.map((command) => `${command}: ${name}`));
    expect([...held].sort()).toEqual(published.sort());
  });
});
