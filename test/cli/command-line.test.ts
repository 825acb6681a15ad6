import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { EXIT_CODES, exitCode, exitOfDemo, exitOfRollback, exitOfRun } from '../../cli/exit-codes.ts';
import { reportFailure } from '../../cli/failure.ts';
import { watchInterrupts } from '../../cli/interrupts.ts';
import { migrationFlags, migrationOptionsOf } from '../../cli/migration-flags.ts';
import { type Invocation, parseCommandLine } from '../../cli/program.ts';
import { narrate } from '../../cli/progress.ts';
import { nextCommand, quoted } from '../../cli/shell.ts';
import { createTerminal } from '../../cli/terminal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { ERRORS, PodshiftError } from '../../src/model/errors.ts';
import { migrationOptions } from '../../src/model/options.ts';
import { nearest } from '../../src/model/text/nearest.ts';
import { buildPlanReport, buildReport } from '../../src/report/report.ts';
import { journal, plan, unit } from '../unit/fixtures/report-fixtures.ts';

function parsed(...argv: string[]): Invocation {
  const result = parseCommandLine(argv, '0.0.0', 80);
  if ('text' in result) throw new Error('help, where a command was expected');
  return result;
}

/** A terminal that keeps what is written to it. */
function recorder(environment: Record<string, string> = {}, streams: { isTTY?: boolean; columns?: number } = {}) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    ...streams,
    write: (text: string, done?: () => void) => {
      written[name] += text;
      done?.();
    },
  });
  return { written, terminal: createTerminal({ stdout: stream('stdout'), stderr: stream('stderr') }, environment, { color: true }) };
}

describe('the table of exit codes', () => {
  it('is the one of docs/cli.md', async () => {
    const page = await readFile(new URL('../../docs/cli.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, code, meaning]) => ({ code: Number(code), meaning }));
    expect(rows).toEqual(Object.values(EXIT_CODES));
  });

  it('has a row for every code that an error ends with', () => {
    const codes: number[] = Object.values(EXIT_CODES).map((row) => row.code);
    for (const row of Object.values(ERRORS)) expect(codes).toContain(row.exitCode);
  });

  const statuses = (...all: string[]) =>
    Object.fromEntries(all.map((status, index) => [`n/u${index}`, { status }])) as Record<string, never>;
  it.each([
    ['all migrated', 'migrated', ['migrated', 'migrated'], 0],
    ['nothing to do', 'held', [], 0],
    ['one held', 'migrated', ['migrated', 'held'], 4],
    ['all held', 'held', ['held'], 4],
    ['one rolled back', 'needs-operator', ['migrated', 'rolled-back'], 4],
    ['one that needs an operator, whatever else there is', 'needs-operator', ['held', 'rolled-back', 'needs-operator'], 1],
    ['halted for another reason', 'needs-operator', ['migrated'], 1],
    ['rolled back as a whole', 'rolled-back', ['rolled-back', 'held'], 5],
  ])('a run with %s', async (_name, status, units, code) => {
    const report = await buildReport(
      journal({ plan: undefined, run: { status: status as never }, units: statuses(...units) }),
      'run1',
      null,
    );
    expect(exitCode(exitOfRun(report))).toBe(code);
  });

  it('a run that did not end is no success', async () => {
    const report = await buildReport(journal({ plan: undefined, run: { status: 'running', endedAt: null }, units: {} }), 'run1', null);
    expect(exitOfRun(report)).toBe('failed');
  });

  it('a rollback is done when what was asked for is undone', async () => {
    const units = { 'n/a': { status: 'rolled-back' }, 'n/b': { status: 'needs-operator' } } as const;
    const report = await buildReport(journal({ plan: undefined, units }), 'run1', null);
    expect(exitOfRollback(report, ['n/a'])).toBe('done');
    expect(exitOfRollback(report, ['n/b'])).toBe('failed');
    expect(exitOfRollback(report, null)).toBe('failed');
  });

  it('a demo is done when its cluster ended as its plan said', async () => {
    const made = plan({ units: [unit('n/a'), unit('n/b', { decision: 'hold', wave: null })], roles: [], findings: [] });
    const facts = {
      runId: 'r',
      status: 'planned',
      startedAt: '',
      endedAt: null,
      calls: { eks: 0, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 },
      promises: null,
    } as const;
    const end = (status: 'migrated' | 'rolled-back') =>
      buildReport(journal({ plan: made, units: { 'n/a': { status }, 'n/b': { status: 'held' } } }), 'run1', null);
    expect(exitOfDemo(buildPlanReport(made, facts), await end('migrated'))).toBe('done');
    expect(exitOfDemo(buildPlanReport(made, facts), await end('rolled-back'))).toBe('failed');
  });
});

describe('flags', () => {
  it('has one for every key of the migration options', () => {
    const names = new Set(migrationFlags().map((flag) => flag.attributeName()));
    expect([...names]).toEqual(expect.arrayContaining(Object.keys(migrationOptions.shape)));
  });

  it.each([
    ['nothing', [], {}],
    ['a switch', ['--keep-annotations'], { keepAnnotations: true }],
    ['a switch that is on by default, turned off', ['--no-install-agent'], { installAgent: false }],
    [
      'lists, repeated, with commas, and by both names',
      ['-n', 'a', '--namespace', 'b,c', '--namespaces', 'd'],
      { namespaces: ['d', 'a', 'b', 'c'] },
    ],
    ['numbers and choices', ['--wave-size', '7', '--on-wave-failure', 'rollback'], { waveSize: 7, onWaveFailure: 'rollback' }],
  ])('reads %s', (_name, argv, options) => {
    expect(migrationOptionsOf(parsed('run', ...argv).flags)).toEqual(options);
  });

  it('lets flags overrule the file, a switch turned off again included', () => {
    const file = { name: 'o.yaml', text: 'keepAnnotations: true\nwaveSize: 3\nsoakSeconds: 1\n' };
    expect(migrationOptionsOf(parsed('run', '--no-keep-annotations', '--wave-size', '9').flags, file)).toEqual({
      keepAnnotations: false,
      waveSize: 9,
      soakSeconds: 1,
    });
    expect(migrationOptionsOf({}, { name: 'o.yaml', text: '' })).toEqual({});
  });

  it.each([
    ['an unknown key, with the nearest one', 'waveSiez: 3', 'unknown key "waveSiez" in the options file o.yaml; did you mean "waveSize"?'],
    ['an unknown key that is near nothing', 'zzz: 3', 'unknown key "zzz" in the options file o.yaml'],
    ['no map', '- a', 'the options file o.yaml must be a map of keys to values'],
    ['no YAML', 'a: [', /^the options file o\.yaml is not YAML: line 1, column 5: the text ends in the middle$/],
    ['a key twice', 'waveSize: 1\nwaveSize: 2', /is not YAML: line \d+, column 1: a key stands twice in one map/],
    ['a value of the wrong kind', 'waveSize: many', /--wave-size \(waveSize\): must be a number/],
    ['a malformed service account', 'serviceAccounts: [x]', /--service-account \(serviceAccounts\)/],
    ['a finding that cannot be accepted', 'accept: ["PS104:shop/orders"]', /--accept \(accept\): must be CODE:NAMESPACE\/NAME/],
    ['a finding that does not exist', 'accept: ["PS999:shop/orders"]', /--accept \(accept\): must be CODE:NAMESPACE\/NAME/],
  ])('refuses a file with %s', (_name, text, message) => {
    expect(() => migrationOptionsOf({}, { name: 'o.yaml', text })).toThrow(message);
    expect(() => migrationOptionsOf({}, { name: 'o.yaml', text })).toThrow(expect.objectContaining({ name: 'UsageError' }));
  });

  it('takes the flags of the program ahead of the command and behind it', () => {
    expect(parsed('--no-color', 'status').flags.color).toBe(false);
    expect(parsed('status', '--no-color').flags.color).toBe(false);
  });

  it.each([
    ...['scan', 'plan', 'capture', 'rehearse', 'run', 'retire', 'status', 'rollback', 'approve', 'watch', 'report', 'addon', 'schedule'],
    ...['fleet', 'twin', 'serve', 'service', 'doctor', 'explain', 'export', 'audit', 'demo', 'config', 'completion'],
  ])('helps with %s within 80 columns', (name) => {
    const answer = parseCommandLine([name, '--help'], '0.0.0', 200);
    if (!('text' in answer)) throw new Error('no help');
    expect(answer.text).toMatch(new RegExp(`^Usage: podshift ${name}`));
    for (const line of answer.text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it('helps with all commands within 80 columns', () => {
    const answer = parseCommandLine(['--help'], '0.0.0', 200);
    if (!('text' in answer)) throw new Error('no help');
    for (const line of answer.text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it('helps where nothing was asked for', () => {
    expect(parseCommandLine([], '0.0.0', 80)).toMatchObject({ text: expect.stringContaining('Exit codes:') });
  });
});

describe('nearest', () => {
  it.each([
    ['aprove', 'approve'],
    ['waveSiez', 'waveSize'],
    ['WAVESIZE', 'waveSize'],
    ['xyz', undefined],
  ])('%s means %s', (word, name) => {
    expect(nearest(word, ['approve', 'waveSize', 'soakSeconds'])).toBe(name);
  });
});

describe('the terminal', () => {
  it.each([
    ['a file', {}, {}, false],
    ['a terminal', {}, { isTTY: true }, true],
    ['a dumb terminal', { TERM: 'dumb' }, { isTTY: true }, false],
    ['NO_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, { isTTY: true }, false],
    ['an empty NO_COLOR', { NO_COLOR: '' }, { isTTY: true }, true],
    ['FORCE_COLOR', { FORCE_COLOR: '1' }, {}, true],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, { isTTY: true }, false],
  ])('with %s', (_name, environment, streams, color) => {
    expect(recorder(environment as Record<string, string>, streams).terminal.screen.color).toBe(color);
  });

  it('has no colour with --no-color, whatever else is said', () => {
    const stream = { isTTY: true, write: () => undefined };
    expect(createTerminal({ stdout: stream, stderr: stream }, { FORCE_COLOR: '1' }, { color: false }).screen.color).toBe(false);
  });

  it.each([
    ['a terminal', { COLUMNS: '70' }, { isTTY: true, columns: 132 }, 132],
    ['COLUMNS', { COLUMNS: '70' }, {}, 70],
    ['nonsense', { COLUMNS: 'wide' }, {}, 80],
    ['nothing', {}, {}, 80],
    ['too little', { COLUMNS: '3' }, {}, 40],
  ])('is as wide as %s says', (_name, environment, streams, columns) => {
    expect(recorder(environment as Record<string, string>, streams).terminal.helpColumns).toBe(columns);
  });

  it.each([
    ['the terminal has', { isTTY: true, columns: 132 }, 132],
    ['COLUMNS says, where the terminal does not', { isTTY: true }, 70],
    ['it takes, where it goes to a pipe', {}, Number.POSITIVE_INFINITY],
  ])('prints data as wide as %s', (_name, streams, columns) => {
    expect(recorder({ COLUMNS: '70' }, streams).terminal.screen.columns).toBe(columns);
  });
});

describe('failures', () => {
  it('are told with code, name, message and remedy, and end with the code of the table', () => {
    const { terminal, written } = recorder();
    const code = reportFailure(
      new PodshiftError('ClusterNotFound', `there is no cluster "${'x'.repeat(60)}" in eu-central-1`),
      terminal,
      false,
    );
    expect(code).toBe(1);
    expect(written.stderr).toMatch(
      /^error PE301 ClusterNotFound: there is no cluster\n {2}"x+" in eu-central-1\n {2}-> Check the cluster name/,
    );
    expect(written.stdout).toBe('');
  });

  it('name the id of the request that AWS refused', () => {
    const { terminal, written } = recorder({ COLUMNS: '200' });
    const details = { service: 'eks', host: 'eks.eu-central-1.amazonaws.com', requestId: 'r-1' };
    reportFailure(new PodshiftError('AccessDenied', 'no', { details }), terminal, false);
    expect(written.stderr.split('\n')[1]).toBe('  request id r-1, eks, eks.eu-central-1.amazonaws.com');
  });

  it('that have no name are a bug', () => {
    const { terminal, written } = recorder();
    expect(reportFailure(new TypeError('x is undefined'), terminal, false)).toBe(1);
    expect(reportFailure('thrown', terminal, true)).toBe(1);
    expect(written.stderr).toContain('error PE901 InternalError: TypeError: x is undefined\n  -> This is a bug in podshift.');
  });

  it('show their causes with --debug', () => {
    const { terminal, written } = recorder();
    reportFailure(new PodshiftError('AccessDenied', 'no', { cause: new Error('why') }), terminal, true);
    expect(written.stderr).toMatch(/\n\s+at [\s\S]*caused by Error: why\n\s+at /);
  });
});

describe('interrupts', () => {
  it('stop at the first key press, and end at the second one', () => {
    const listeners = new Map<string, () => void>();
    let now = 0;
    let ended = 0;
    const { signal } = watchInterrupts(
      { on: (name, listener) => listeners.set(name, listener) },
      () => now,
      () => {
        ended += 1;
      },
    );
    expect(signal.aborted).toBe(false);
    listeners.get('SIGINT')?.();
    now = 499; // the same press, passed on by the terminal, npm and the launcher
    listeners.get('SIGINT')?.();
    expect([signal.aborted, ended]).toEqual([true, 0]);
    now = 500;
    listeners.get('SIGTERM')?.();
    expect(ended).toBe(1);
  });
});

describe('commands to copy', () => {
  it('quote what a shell would read otherwise', () => {
    expect(quoted('eu-central-1')).toBe('eu-central-1');
    expect(quoted("it's $HOME")).toBe("'it'\\''s $HOME'");
  });

  it('reach the same cluster and journal', () => {
    const local = parsed('run', '--profile', 'a b', '--endpoint-url', 'http://x', '--journal', 'j');
    expect(nextCommand(local, 'rollback', 'r', '--approve')).toBe(
      "podshift rollback r --journal j --profile 'a b' --endpoint-url http://x --approve",
    );
    expect(nextCommand(local, 'report', 'r')).toBe("podshift report r --journal j --profile 'a b'");
    expect(nextCommand(parsed('run'), 'rollback', 'r')).toBe('podshift rollback r');
  });

  it('reach the same service, as the same caller', () => {
    const url = 'https://x.execute-api.eu-west-1.amazonaws.com';
    const remote = parsed('rollback', 'r', '--service', url, '--profile', 'p', '--endpoint-url', 'http://x');
    for (const words of [['rollback', 'r'], ['status'], ['report', 'r'], ['watch', 'r'], ['approve', 'r'], ['run']])
      expect(nextCommand(remote, ...words)).toBe(`podshift ${words.join(' ')} --service ${url} --profile p`);
    expect(nextCommand(remote, 'rollback', 'r', '--stop', '--approve')).toBe(
      `podshift rollback r --service ${url} --profile p --stop --approve`,
    );
    const arn = 'arn:aws:states:eu-west-1:111122223333:stateMachine:podshift-migrate-fleet-prod';
    const fleet = parsed('fleet', 'run', '--service', arn, '--region', 'eu-west-1', '--endpoint-url', 'http://x');
    expect(nextCommand(fleet, 'fleet', 'status', 'f')).toBe(`podshift fleet status f --service ${arn} --endpoint-url http://x`);
  });

  it('take no flag twice, and none that the command does not know', () => {
    const plan = parsed('plan', '--cluster', 'c', '--role-arn', 'arn:r', '--external-id', 'e', '--profile', 'p', '--out', 'f');
    expect(nextCommand(plan, 'run', '--plan', 'f', '--profile', 'q')).toBe('podshift run --plan f --profile q');
    expect(nextCommand(plan, 'plan', '--compare', 'f')).toBe('podshift plan --compare f --role-arn arn:r --external-id e --profile p');
  });
});

describe('progress', () => {
  const planned = unit('quay/tickets');
  const still = unit('quay/lamps', { removeAnnotations: [], workloads: [] });

  /** A journal that takes everything, as a class would: its methods on the prototype. */
  class Quiet {
    readonly added: string[] = [];
    calls = 0;
    async putDocument(): Promise<void> {
      this.calls += 1;
    }
    async updateRun(runId: string, changes: object) {
      return { runId, reason: '', ...changes };
    }
    async getRun() {
      return { options: migrationOptions.parse({}) };
    }
    async listEntries(runId: string) {
      return runId === 'wrote' ? [{ key: 'association#ServiceAccount/quay/tickets' }] : [];
    }
    async updateUnit(_runId: string, unitId: string, changes: object) {
      return { unitId, plan: unitId === still.id ? still : planned, reason: '', ...changes };
    }
    async markApplied(): Promise<void> {
      this.calls += 1;
    }
    async markUndone(): Promise<void> {
      this.calls += 1;
    }
    async addEvidence(_runId: string, unitId: string): Promise<void> {
      this.added.push(unitId);
    }
  }

  it('speaks of no rollback where nothing was written', async () => {
    const { terminal, written } = recorder();
    const told = narrate(new Quiet() as unknown as Journal, { now: () => 0 }, terminal);
    for (const runId of ['planned', 'wrote'])
      for (const status of ['rolling-back', 'held'] as const) await told.updateRun(runId, { status, reason: `of ${runId}` });
    expect(written.stderr.split('\n')).toEqual([
      '  +0:00  run planned: not started: of planned',
      '  +0:00  run wrote: rolling back: of wrote',
      '  +0:00  run wrote: not started: of wrote',
      '',
    ]);
  });

  it('says each transition once, with the time since the start', async () => {
    const { terminal, written } = recorder();
    const inner = new Quiet();
    let now = 1_000_000;
    const told = narrate(inner as unknown as Journal, { now: () => now }, terminal);

    await told.putDocument('r', 'inventory', {});
    await told.updateRun('r', { status: 'running' });
    await told.updateRun('r', { digest: 'd' });
    await told.putDocument('r', 'plan', plan({ units: [planned, still] }));
    await told.putDocument('r', 'plan', plan());
    now += 67_000;
    await told.updateUnit('r', 'quay/tickets', { stepStartedAt: { associate: 't' } });
    await told.updateUnit('r', 'quay/tickets', { stepStartedAt: { associate: 't' } });
    await told.updateUnit('r', 'quay/tickets', { status: 'running' });
    await told.updateUnit('r', 'quay/lamps', { stepStartedAt: { restart: 't', rollout: 't', annotations: 't', verify: 't' } });
    await told.markApplied('r', 'trust#arn:aws:iam::444455556666:role/x/pier#1', {});
    await told.markApplied('r', 'association#ServiceAccount/quay/tickets', {});
    now += 3_600_000;
    await told.markUndone('r', 'association#ServiceAccount/quay/tickets');
    await told.markUndone('r', 'probe-pod#Pod/quay/p');
    await told.updateUnit('r', 'quay/tickets', { status: 'rolled-back', reason: 'no proof' });
    await told.addEvidence('r', 'quay/tickets', { grade: 1, kind: 'dry-run', passed: true, at: '', facts: {} });

    expect(written.stderr.split('\n')).toEqual([
      '  +0:00  run r: running',
      '  +0:00  plan: 2 to migrate in 2 waves, 0 blocked; will install the agent add-on',
      '         v1.3.8-eksbuild.2',
      '  +0:00  a run takes about 17 min where all goes well: one soak of 15 min and',
      '         the steps of 1 wave',
      '  +1:07  quay/tickets  associating',
      '  +1:07  quay/lamps    checking pods, soaking',
      '  +1:07  written: trust policy of pier',
      '+1:01:07  restored: association of ServiceAccount/quay/tickets',
      '+1:01:07  quay/tickets  rolled back: no proof',
      '',
    ]);
    expect(inner.added).toEqual(['quay/tickets']);
    expect(inner.calls).toBe(7);
  });
});
