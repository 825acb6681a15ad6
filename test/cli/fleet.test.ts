import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { exitCode, exitOfFleet } from '../../cli/exit-codes.ts';
import { fleetSpecOf } from '../../cli/fleet-file.ts';
import { fleetServiceOf } from '../../cli/fleet-sessions.ts';
import { parseCommandLine } from '../../cli/program.ts';
import { fleetSpec } from '../../src/model/fleet.ts';
import { type FleetReport, fleetList, fleetReport } from '../../src/model/fleet-report.ts';
import { startScript } from '../unit/fixtures/scripted-server.ts';
import { commandIn, pasted } from './paste.ts';
import { podshift, ROOT, start } from './spawn.ts';

const SHOP = join(ROOT, 'examples/shop');
const PRESS = join(ROOT, 'examples/press-kiam-3');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => rm(folder, { recursive: true, force: true }));

function parsed(...argv: string[]) {
  const result = parseCommandLine(['fleet', ...argv], '0.0.0', 80);
  if ('text' in result) throw new Error('help, where a command was expected');
  return result;
}

describe('the settings of a fleet', () => {
  const file = async (text: string) => {
    const name = join(folder, `${Math.abs(text.length)}.yaml`);
    await writeFile(name, text);
    return name;
  };

  it('come from a file, and flags overrule it', async () => {
    const name = await file('accounts: [self]\nregions: [eu-west-1]\nclusters: {names: [a], exclude: [b]}\nmigration: {waveSize: 3}\n');
    const invocation = parsed(
      'plan',
      name,
      '--account',
      '111122223333,self',
      '--region',
      'us-east-1',
      '--name',
      'prod-*',
      '--tag',
      'team=x',
      '--tag',
      'live',
    );
    expect(await fleetSpecOf(invocation, name)).toMatchObject({
      accounts: ['111122223333', 'self'],
      regions: ['us-east-1'],
      clusters: { names: ['prod-*'], exclude: ['b'], tags: { team: 'x', live: '*' } },
      migration: { waveSize: 3 },
    });
    const others = parsed('plan', '--region', 'us-east-1', '--canary', 'c', '--member-role', 'r', '--external-id', 'id');
    expect(await fleetSpecOf(others, undefined)).toMatchObject({ accounts: ['self'], canary: 'c', memberRole: 'r', externalId: 'id' });
  });

  it.each<[string, string | undefined, string[], RegExp]>([
    ['no region', undefined, [], /^which regions\?/],
    ['an unknown key', 'region: [eu-west-1]\n', [], /unknown key "region" in the fleet file .*; did you mean "regions"\?/],
    ['a key that is like none', 'regions: [eu-west-1]\nxyzzyxyzzy: 1\n', [], /unknown key "xyzzyxyzzy" in the fleet file [^;]*$/],
    ['a wrong value', 'regions: [eu-west-1]\nmigration: {waveSize: 0}\n', [], /^migration\.waveSize: /],
    ['no map', '- a\n', [], /must be a map/],
    ['no YAML', 'a: [\n', [], /is not YAML: line 2, column 1: the text ends in the middle$/],
    ['a tag without a key', 'regions: [eu-west-1]\n', ['--tag', '=x'], /--tag takes KEY or KEY=VALUE, not "=x"/],
  ])('are refused with %s', async (_title, text, flags, message) => {
    const name = text === undefined ? undefined : await file(text);
    await expect(fleetSpecOf(parsed('plan', ...flags), name)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringMatching(message),
    });
  });

  it('are refused where the file is not there', async () => {
    await expect(fleetSpecOf(parsed('plan'), join(folder, 'none.yaml'))).rejects.toMatchObject({
      message: expect.stringContaining('(ENOENT)'),
    });
  });

  it('name the service by the ARN of its state machine', () => {
    expect(fleetServiceOf(parsed('status'))).toBeUndefined();
    const arn = 'arn:aws:states:eu-west-1:111122223333:stateMachine:podshift-migrate-fleet-prod';
    expect(fleetServiceOf(parsed('status', '--service', arn))).toBeDefined();
    expect(fleetServiceOf(parsed('status', '--service', `${arn}:live`))).toBeDefined();
    expect(() => fleetServiceOf(parsed('status', '--service', 'prod'))).toThrow('--service takes the ARN');
  });
});

describe('the exit code of a fleet', () => {
  const cluster = (more: Partial<FleetReport['clusters'][number]> = {}): FleetReport['clusters'][number] => ({
    cluster: 'arn',
    status: 'migrated',
    reason: '',
    wave: 0,
    units: { pending: 0, migrated: 1, held: 0, rolledBack: 0, needsOperator: 0 },
    planRun: null,
    run: null,
    ...more,
  });
  const held = { pending: 0, migrated: 1, held: 1, rolledBack: 0, needsOperator: 0 };
  it.each<[string, Partial<FleetReport['fleet']>, Partial<FleetReport>, number]>([
    ['all migrated', {}, { clusters: [cluster()] }, 0],
    ['nothing found', { status: 'held' }, { clusters: [] }, 0],
    ['one without anything to migrate', {}, { clusters: [cluster({ status: 'held', units: { ...held, migrated: 0, held: 0 } })] }, 0],
    ['a unit held', {}, { clusters: [cluster({ units: held })] }, 4],
    ['a cluster that could not be planned', {}, { clusters: [cluster(), cluster({ status: 'held', units: null })] }, 4],
    ['an account that refused', {}, { clusters: [cluster()], refused: [{ account: 'a', region: 'r', reason: '' }] }, 4],
    ['all rolled back', { status: 'rolled-back' }, { clusters: [cluster({ status: 'rolled-back' })] }, 5],
    ['one rolled back', { status: 'needs-operator' }, { clusters: [cluster(), cluster({ status: 'rolled-back' })] }, 1],
    ['another plan than was approved', { status: 'held' }, { clusters: [cluster({ status: 'held', units: { ...held, pending: 1 } })] }, 3],
    ['no end', { status: 'running', endedAt: null }, { clusters: [cluster()] }, 1],
  ])('with %s', (_title, fleet, more, code) => {
    const facts = {
      id: 'f',
      mode: 'run',
      status: 'migrated',
      reason: '',
      digest: '',
      canary: '',
      startedAt: 't',
      endedAt: 't',
      ...fleet,
    } as const;
    expect(
      exitCode(
        exitOfFleet({ apiVersion: 'podshift/v1', kind: 'FleetReport', clusters: [], refused: [], promises: null, ...more, fleet: facts }),
      ),
    ).toBe(code);
  });
});

describe('podshift fleet', () => {
  it('rehearses a whole fleet on twins, and exits with 4 where units are held', async () => {
    const settings = join(folder, 'rehearsal.yaml');
    await writeFile(settings, 'canary: shop\nmigration: {soakSeconds: 60}\n');
    const { code, stdout, stderr } = await podshift('fleet', 'rehearse', SHOP, PRESS, '--file', settings, '-o', 'json');
    expect(code, stderr).toBe(4);
    const report = fleetReport.parse(JSON.parse(stdout));
    expect(report.fleet).toMatchObject({ status: 'migrated', canary: 'arn:aws:eks:eu-central-1:444455556666:cluster/shop' });
    expect(report.clusters.map(({ cluster, wave, status }) => [cluster.split('/').at(-1), wave, status])).toEqual([
      ['shop', 0, 'migrated'],
      ['press3', 1, 'migrated'],
    ]);
    expect(report.promises).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    expect(stderr).toMatch(/shop \(eu-central-1\): running, as the canary/);
  });

  it.each([
    ['no snapshot', ['rehearse'], 'which clusters?'],
    ['a snapshot twice', ['rehearse', SHOP, SHOP], 'two of the snapshots are of'],
    ['two files', ['plan', 'a', 'b'], 'one argument is enough'],
    ['approvals that nobody could give', ['run', '--region', 'eu-west-1', '--approve', '--approve-each'], '--approve-each needs --service'],
  ])('refuses %s', async (_title, args, message) => {
    const { fleet } = await import('../../cli/commands/fleet.ts');
    await expect(fleet({} as never, parsed(...args))).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining(message),
    });
  });

  it('names the actions that there are', () => {
    expect(() => parsed('migrate')).toThrow('Allowed choices are plan, run, status, rehearse');
  });

  it('plans, runs, is interrupted, goes on, and is in the journal', async () => {
    const twin = start(['cli/main.ts', 'twin', SHOP, '--no-delays']);
    const all = await twin.seen('podshift plan --cluster');
    const { aws } = JSON.parse(all.split('\n')[0] ?? '') as { aws: string };
    const env = Object.fromEntries(
      [...all.matchAll(/(AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY))=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const settings = join(folder, 'fleet.yaml');
    await writeFile(
      settings,
      'regions: [eu-central-1]\nmigration: {namespaces: [media], soakSeconds: 0, iamPropagationSeconds: 11, injectionIntervalSeconds: 1}\n',
    );
    const run = (...args: string[]) => start([join(ROOT, 'cli/main.ts'), 'fleet', ...args], { env, cwd: folder });

    const planned = await run('plan', settings, '--endpoint-url', aws).ended;
    expect(planned.code, planned.stderr).toBe(0);
    expect(planned.stdout).toMatch(/^shop .* canary +1 to migrate +would migrate/m);
    const command = /^ {2}podshift fleet (run .* --approve --digest \w{64})$/m.exec(planned.stderr)?.[1] ?? '';
    const refused = await run('run', settings, '--endpoint-url', aws, '--digest', 'f'.repeat(64)).ended;
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('PE201 WorldMoved') });
    expect(await run('status').ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`no fleets in ${join(folder, 'state/podshift')}`),
    });
    expect(await run('status', 'none').ended).toMatchObject({ code: 2, stderr: expect.stringContaining('FleetNotFound') });

    const first = run(...command.split(' '));
    await first.seen('running, as the canary');
    first.process.kill('SIGINT');
    const interrupted = await first.ended;
    expect(interrupted.code, interrupted.stderr).toBe(130);
    const looked = await pasted(commandIn(interrupted.stderr, 'fleet status'), { env, cwd: folder });
    expect(looked).toMatchObject({ code: 0, stdout: expect.stringContaining('interrupted') });
    const resume = commandIn(interrupted.stderr, 'fleet run --resume');
    // The list and the fleet itself have no --endpoint-url to hand on: it is set by the environment of a twin.
    expect(commandIn(looked.stdout, 'fleet run --resume')).toBe(resume);
    const ended = await pasted(`${resume} -o json`, { env, cwd: folder });
    expect(ended.code, ended.stderr).toBe(0);
    const report = fleetReport.parse(JSON.parse(ended.stdout));
    expect(report.clusters).toMatchObject([{ status: 'migrated', units: { migrated: 1 } }]);

    const listed = fleetList.parse(JSON.parse((await run('status', '-o', 'json').ended).stdout));
    expect(listed.fleets.map(({ id, status }) => [id, status])).toEqual([[report.fleet.id, 'migrated']]);
    const shown = await run('status', report.fleet.id).ended;
    expect(shown.stdout).toContain('podshift rollback RUN --approve');
    const back = commandIn(shown.stdout, 'rollback').replace('RUN', report.clusters[0]?.run ?? '');
    expect(await pasted(back, { env: { ...env, AWS_ENDPOINT_URL: aws }, cwd: folder })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('rolled back'),
    });
  }, 300_000);

  it('starts a fleet in the service, and says how to look at it', async () => {
    const { url, seen } = await startScript(() => ({
      headers: { 'content-type': 'application/x-amz-json-1.0' },
      body: { executionArn: 'arn:started' },
    }));
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKID');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    const { fleet } = await import('../../cli/commands/fleet.ts');
    const written: string[] = [];
    const terminal = { data: async (text: string) => void written.push(text), talk: (text: string) => void written.push(text) };
    const arn = 'arn:aws:states:eu-west-1:111122223333:stateMachine:podshift-migrate-fleet-prod';
    const flags = ['--region', 'eu-central-1', '--service', arn, '--endpoint-url', url];
    await fleet({ terminal } as never, parsed('plan', ...flags));
    await fleet({ terminal } as never, parsed('run', ...flags, '--approve', '--digest', 'd'.repeat(12), '--approve-each'));
    const asked = seen.map(({ body }) => JSON.parse(body) as { stateMachineArn: string; name: string; input: string });
    expect(asked.map(({ stateMachineArn }) => stateMachineArn)).toEqual([`${arn}:live`, `${arn}:live`]);
    const inputs = asked.map(({ input }) => JSON.parse(input) as { fleetId: string });
    expect(inputs).toMatchObject([
      { mode: 'plan', approval: 'none', expectedDigest: null, spec: fleetSpec.parse({ regions: ['eu-central-1'] }) },
      { mode: 'run', approval: 'required', expectedDigest: 'd'.repeat(12) },
    ]);
    expect(asked.every(({ name }, index) => name.startsWith(`${inputs[index]?.fleetId}-`))).toBe(true);
    expect(JSON.parse(written[0] ?? '')).toEqual({ fleet: inputs[0]?.fleetId, execution: 'arn:started' });
    expect(written[2]).toBe(`  podshift fleet status ${inputs[0]?.fleetId} --service ${arn} --endpoint-url ${url}`);
    // Typed as it stands, it asks the table of that service for the fleet, which this one does not keep.
    const words = commandIn(written[2] ?? '', 'fleet status')
      .split(' ')
      .slice(2);
    await expect(fleet({ terminal } as never, parsed(...words))).rejects.toMatchObject({ name: 'FleetNotFound' });
    expect(JSON.parse(seen.at(-1)?.body ?? '')).toMatchObject({ TableName: 'podshift-journal-prod' });
  });
});
