import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Invocation, parseCommandLine } from '../../cli/program.ts';
import { applySettings } from '../../cli/settings/apply.ts';
import { settingsOf, settingsPath } from '../../cli/settings/file.ts';
import { configReport } from '../../cli/settings/report.ts';
import { SETTINGS } from '../../cli/settings/table.ts';
import { nextCommand } from '../../cli/shell.ts';
import { ROOT, start } from './spawn.ts';

const URL_OF_SERVICE = 'https://x.execute-api.eu-west-1.amazonaws.com';
const ARN = 'arn:aws:states:eu-west-1:111122223333:stateMachine:podshift-migrate-fleet-prod';
const ALL = `service: ${URL_OF_SERVICE}\nfleetService: ${ARN}\njournal: /j\nregion: eu-central-1\nprofile: me\noutput: wide\n`;

/** A command as it is called with these settings. */
function settled(argv: readonly string[], text: string, environment: Record<string, string> = {}) {
  const parsed = parseCommandLine(argv, '0.0.0', 80) as Invocation;
  const { invocation, environment: after } = applySettings(parsed, environment, settingsOf(environment, { path: 'f', text }));
  const { service, journal, profile, output, local, region } = invocation.flags;
  return { invocation, flags: { service, journal, profile, output, local, region }, region: after.AWS_REGION };
}

describe('the file of settings', () => {
  it.each([
    ['in ~/.config', 'linux', {}, '/home/ada', '/home/ada/.config/podshift/config.yaml'],
    ['where the environment says', 'darwin', { XDG_CONFIG_HOME: '/etc/ada' }, '/Users/ada', '/etc/ada/podshift/config.yaml'],
    ['not in a relative folder', 'linux', { XDG_CONFIG_HOME: 'ada' }, '/h', '/h/.config/podshift/config.yaml'],
    ['on Windows', 'win32', { APPDATA: 'D:\\Roaming' }, 'C:\\Users\\ada', 'D:\\Roaming\\podshift\\config.yaml'],
    ['on Windows without the variable', 'win32', {}, 'C:\\U', 'C:\\U\\AppData\\Roaming\\podshift\\config.yaml'],
  ] as const)('is %s', (_name, platform, environment, home, path) => {
    expect(settingsPath({ platform, environment, home })).toBe(path);
  });

  it('says each setting with its line, and the environment comes first', () => {
    const found = settingsOf({ AWS_REGION: 'eu-west-2', PODSHIFT_JOURNAL: '/k' }, { path: '/c.yaml', text: `# mine\n${ALL}` });
    expect(found.map(({ name, value, source, from }) => [name, value, source, from])).toEqual([
      ['service', URL_OF_SERVICE, 'file', '/c.yaml:2'],
      ['fleetService', ARN, 'file', '/c.yaml:3'],
      ['journal', '/k', 'environment', 'PODSHIFT_JOURNAL'],
      ['region', 'eu-west-2', 'environment', 'AWS_REGION'],
      ['profile', 'me', 'file', '/c.yaml:6'],
      ['output', 'wide', 'file', '/c.yaml:7'],
    ]);
    expect(settingsOf({ AWS_REGION: '' }, { path: 'c', text: undefined })).toEqual([]);
    expect(settingsOf({}, { path: 'c', text: '# nothing yet\n' })).toEqual([]);
  });

  it('gives its profile up where the environment has credentials', () => {
    for (const [variable, value] of [
      ['AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE'],
      ['AWS_WEB_IDENTITY_TOKEN_FILE', '/token'],
    ])
      expect(settingsOf({ [variable ?? '']: value }, { path: 'c', text: 'profile: me' })).toEqual([]);
  });

  it.each([
    [
      'an unknown key',
      'region: eu-west-1\nregoin: eu-west-1\n',
      'c.yaml:2: unknown key "regoin"; known are service, fleetService, journal, region, profile, output; did you mean region?',
    ],
    [
      'a key that is like none',
      '\n\nzzzzzz: 1\n',
      'c.yaml:3: unknown key "zzzzzz"; known are service, fleetService, journal, region, profile, output',
    ],
    ['a wrong region', 'region: Frankfurt\n', 'c.yaml:1: region must be an AWS region, such as eu-central-1'],
    ['a wrong format', 'profile: a\noutput: xml\n', 'c.yaml:2: output must be one of table, wide, json, yaml, markdown, html'],
    ['a relative journal', 'journal: here\n', 'c.yaml:1: journal must be the path of a folder that begins with / or ~/'],
    ['a value that is no text', 'region: [a]\n', 'c.yaml:1: region must be an AWS region, such as eu-central-1'],
    [
      'a service without TLS',
      'service: http://example.com\n',
      'c.yaml:1: service must be the URL of a service, https://… (or http://127.0.0.1…), without user and password',
    ],
    [
      'a password',
      'service: https://me:hunter2@example.com\n',
      'c.yaml:1: service must be the URL of a service, https://… (or http://127.0.0.1…), without user and password',
    ],
    ['no map', '- a\n', 'c.yaml:1: settings are a map of keys to values, such as "region: eu-central-1"'],
    ['no YAML', 'region: eu-west-1\nprofile: [\n', 'c.yaml:3: this is no YAML'],
    ['a key twice', 'region: eu-west-1\nregion: eu-west-2\n', 'c.yaml:2: this key is there twice'],
  ])('is refused with %s, and no value of it is told', (_name, text, message) => {
    expect(() => settingsOf({}, { path: 'c.yaml', text })).toThrow(expect.objectContaining({ name: 'UsageError', message }));
  });

  it('is not needed where the environment is wrong to see that', () => {
    expect(() => settingsOf({ PODSHIFT_OUTPUT: 'xml' }, { path: 'c', text: undefined })).toThrow(
      'PODSHIFT_OUTPUT: it must be one of table, wide, json, yaml, markdown, html',
    );
  });
});

describe('settings', () => {
  it.each([
    ['all that a command takes', ['status'], { service: URL_OF_SERVICE, profile: 'me', output: 'wide', journal: null }],
    [
      'none where flags say otherwise',
      ['status', '--service', 'https://y', '--profile', 'p', '-o', 'json'],
      { service: 'https://y', profile: 'p', output: 'json' },
    ],
    ['no service with --journal', ['status', '--journal', '/mine'], { service: undefined, journal: '/mine', local: true }],
    ['no service with --local', ['status', '--local'], { service: undefined, journal: '/j', local: true }],
    ['no service with a twin', ['run', '--cluster', 'c', '--endpoint-url', 'http://x'], { service: undefined, journal: '/j', local: true }],
    ['no service with --resume', ['run', '--resume', 'r'], { service: undefined, local: true }],
    ['no service where it plans on a snapshot', ['retire', 'kiam', '--snapshot', 'f'], { service: undefined }],
    ['the service of fleets', ['fleet', 'status'], { service: ARN, region: undefined }],
    ['the service of fleets with a fleet to resume', ['fleet', 'run', '--resume', 'f'], { service: ARN }],
    ['no service of fleets with --local', ['fleet', 'status', '--local'], { service: undefined, journal: '/j', local: true }],
    [
      'no flag that the command does not take',
      ['rehearse', 'f'],
      { service: undefined, profile: undefined, output: 'wide', journal: undefined },
    ],
  ])('are %s', (_name, argv, flags) => {
    expect(settled(argv, ALL).flags).toMatchObject(flags);
  });

  it('leave a format alone that the command cannot print', () => {
    expect(settled(['status'], 'output: markdown').flags.output).toBe('table');
    expect(settled(['report', 'r'], 'output: markdown').flags.output).toBe('markdown');
    expect(settled(['status', '--watch'], 'output: yaml').flags.output).toBe('table');
    expect(settled(['status', '--watch'], 'output: json').flags.output).toBe('json');
  });

  it('say the region where neither a flag nor the environment does, and overrule no file of a fleet or a plan', () => {
    expect(settled(['plan', '--cluster', 'c'], ALL)).toMatchObject({ region: 'eu-central-1', flags: { region: undefined } });
    expect(settled(['plan', '--cluster', 'c'], ALL, { AWS_REGION: 'eu-west-2' }).region).toBe('eu-west-2');
    expect(settled(['plan', '--cluster', 'c'], ALL, { AWS_DEFAULT_REGION: 'eu-west-3' }).region).toBe('eu-west-3');
  });

  it('keep the printed commands where the command was', () => {
    expect(nextCommand(settled(['run', '--cluster', 'c'], ALL).invocation, 'report', 'r')).toBe(
      `podshift report r --service ${URL_OF_SERVICE} --profile me`,
    );
    const local = settled(['run', '--cluster', 'c', '--endpoint-url', 'http://x'], ALL).invocation;
    expect(nextCommand(local, 'report', 'r')).toBe('podshift report r --local --journal /j --profile me');
    expect(settled(['report', 'r', '--local', '--journal', '/j'], ALL).flags.service).toBeUndefined();
  });
});

describe('podshift config', () => {
  async function machine(text?: string) {
    const folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await mkdir(join(folder, 'config/podshift'), { recursive: true });
    const file = join(folder, 'config/podshift/config.yaml');
    if (text !== undefined) await writeFile(file, text);
    const podshift = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) =>
      start([join(ROOT, 'cli/main.ts'), ...argv], { cwd: folder, env: { AWS_ACCESS_KEY_ID: undefined, ...env } }).ended;
    return { folder, file, podshift };
  }

  it('shows each value and where it is from', async () => {
    const { folder, file, podshift } = await machine('region: eu-central-1\nprofile: me\n');
    const { code, stdout, stderr } = await podshift(['config', '-o', 'json'], { AWS_PROFILE: 'other' });
    expect(code, stderr).toBe(0);
    const report = configReport.parse(JSON.parse(stdout));
    expect(report).toEqual({
      apiVersion: 'podshift/v1',
      kind: 'Config',
      file,
      settings: [
        { name: 'service', value: null, source: 'default', from: '' },
        { name: 'fleetService', value: null, source: 'default', from: '' },
        { name: 'journal', value: join(folder, 'state/podshift'), source: 'default', from: '' },
        { name: 'region', value: 'eu-central-1', source: 'file', from: `${file}:1` },
        { name: 'profile', value: 'other', source: 'environment', from: 'AWS_PROFILE' },
        { name: 'output', value: 'table', source: 'default', from: '' },
      ],
    });
    expect(report.settings.map(({ name }) => name)).toEqual(Object.keys(SETTINGS));
    const table = await podshift(['config']);
    expect(table.stdout).toMatch(new RegExp(`^region +eu-central-1 +${file}:1 `, 'm'));
    expect(table.stderr).toContain(`the file is ${file}`);
  });

  it('is refused with a wrong file, as every command that would use it; help is not', async () => {
    const { file, podshift } = await machine('regoin: eu-central-1\n');
    for (const argv of [['config'], ['status'], ['plan', '--cluster', 'shop']])
      expect(await podshift(argv)).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(new RegExp(`${file}:1:\\s+unknown key`)),
      });
    for (const argv of [
      ['status', '--help'],
      ['completion', 'bash'],
    ])
      expect((await podshift(argv)).code).toBe(0);
  });

  it('reaches the commands', async () => {
    const { folder, podshift } = await machine();
    const settings = `journal: ${join(folder, 'kept')}\noutput: json\nregion: eu-central-1\n`;
    await writeFile(join(folder, 'config/podshift/config.yaml'), settings);
    expect(JSON.parse((await podshift(['status'])).stdout)).toMatchObject({ kind: 'RunList', runs: [] });
    expect(await podshift(['status', '-o', 'table'])).toMatchObject({ code: 0, stderr: `no runs in ${join(folder, 'kept')}\n` });
    const refused = await podshift(['plan', '--cluster', 'shop', '--endpoint-url', 'http://127.0.0.1:9', '--profile', 'none']);
    expect(refused.stderr).not.toContain('which region?');
  });
});
