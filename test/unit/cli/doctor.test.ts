import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { doctor } from '../../../cli/commands/doctor.ts';
import { within } from '../../../cli/doctor/attempt.ts';
import { clockChecks } from '../../../cli/doctor/aws.ts';
import { READS } from '../../../cli/doctor/aws-reads.ts';
import { journalOutcome, sqliteOutcome } from '../../../cli/doctor/machine.ts';
import { actionsOf, resourcesOf } from '../../../cli/doctor/needs.ts';
import { renderDoctor } from '../../../cli/doctor/render.ts';
import { type DoctorReport, doctorReport } from '../../../cli/outputs/doctor.ts';
import { parseCommandLine } from '../../../cli/program.ts';
import { createSystemClock } from '../../../twin/clock.ts';
import { loadSnapshot } from '../../../twin/snapshot.ts';
import { startTwin, type TwinSettings } from '../../../twin/twin.ts';
import { ACTION_REASONS, RESOURCE_REASONS } from '../../permissions/reasons.ts';

const page = await readFile(new URL('../../../docs/permissions.md', import.meta.url), 'utf8');
const SHOP = fileURLToPath(new URL('../../../examples/shop', import.meta.url));

/** Actions of a deployed service: where its journal and its executions are, and what only fleets ask for. */
const OF_A_SERVICE = /^(dynamodb|states|events|s3|sqs):|^eks:ListClusters$/;
const LOCAL = Object.keys(ACTION_REASONS).filter((action) => !OF_A_SERVICE.test(action));

afterEach(() => void vi.unstubAllEnvs());

/** Runs doctor over the twin of the example. */
async function examine(settings: Partial<TwinSettings> = {}, ...flags: string[]) {
  const clock = createSystemClock();
  const twin = await startTwin({ snapshot: await loadSnapshot(SHOP), clock, ...settings });
  onTestFinished(async () => {
    await twin.close();
    clock.close();
  });
  return { ...(await doctorAt(twin.awsEndpoint, twin.credentials, ...flags)), twin };
}

async function doctorAt(url: string, keys: { accessKeyId: string; secretAccessKey: string }, ...flags: string[]) {
  vi.stubEnv('AWS_ACCESS_KEY_ID', keys.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', keys.secretAccessKey);
  vi.stubEnv('AWS_SESSION_TOKEN', undefined);
  const journal = await mkdtemp(join(tmpdir(), 'podshift-doctor-'));
  onTestFinished(() => rm(journal, { recursive: true, force: true }));
  const where = ['--cluster', 'shop', '--region', 'eu-central-1', '--endpoint-url', url, '--journal', journal];
  const invocation = parseCommandLine(['doctor', ...where, '-o', 'json', ...flags], '0.0.0', 80);
  if ('text' in invocation) throw new Error('help, where a command was expected');
  const [printed, talked]: [string[], string[]] = [[], []];
  const terminal = { data: async (text: string) => void printed.push(text), talk: (line: string) => void talked.push(line) };
  const context = { terminal, interrupts: { signal: new AbortController().signal }, environment: {}, debug: false };
  const exit = await doctor(context as never, invocation);
  const report = doctorReport.parse(JSON.parse(printed.join('')));
  return { exit, report, talked: talked.join('\n') };
}

const failing = ({ checks }: DoctorReport): string[] => checks.filter(({ status }) => status !== 'ok').map(({ check }) => check);
const checkOf = ({ checks }: DoctorReport, name: string) => checks.find(({ check }) => check === name || check.startsWith(`${name} `));

describe('what doctor looks at', () => {
  it('is every action that a run on this machine needs, by the page that says so', () => {
    expect(actionsOf(page).map(({ action }) => action)).toEqual(LOCAL);
    expect(
      actionsOf(page)
        .filter(({ optional }) => optional)
        .map(({ action }) => action),
    ).toEqual([
      'eks:ListAccessEntries',
      'eks:ListNodegroups',
      'eks:DescribeNodegroup',
      'iam:GetAccountAuthorizationDetails',
      'iam:GetAccountSummary',
      'iam:ListOpenIDConnectProviders',
      'cloudtrail:LookupEvents',
    ]);
  });

  it('is really called where it reads, and nowhere else', () => {
    expect(Object.keys(READS).sort()).toEqual(LOCAL.filter((action) => /:(Get|List|Describe|Lookup)/.test(action)).sort());
  });

  it('is every verb on every resource that the ClusterRoles have', () => {
    const needs = resourcesOf(page);
    expect(
      [
        ...new Set(
          needs.map(({ resource, group }) => (resource === '*' ? '*.custom-resources' : group === '' ? resource : `${resource}.${group}`)),
        ),
      ].sort(),
    ).toEqual(Object.keys(RESOURCE_REASONS).sort());
    expect([...new Set(needs.map(({ role }) => role))].sort()).toEqual(['migrating', 'reading', 'retiring', 'splitting']);
    expect(needs.find(({ role, resource }) => role === 'migrating' && resource === 'pods')).toMatchObject({
      verbs: ['get', 'list', 'create', 'delete'],
    });
    expect(needs.every(({ why }) => why !== '' && why !== 'the same')).toBe(true);
  });

  it('is not guessed where the page has no such table', () => {
    expect(() => actionsOf('# Permissions\n')).toThrow(expect.objectContaining({ name: 'InternalError' }));
    expect(() => resourcesOf('# Permissions\n')).toThrow(expect.objectContaining({ name: 'InternalError' }));
  });
});

describe('podshift doctor over a cluster where all is well', () => {
  it('tries every action and every verb, misses nothing, and changes nothing', async () => {
    const { exit, report, talked, twin } = await examine();
    expect([exit, report.ok, failing(report)]).toEqual(['done', true, []]);
    expect(report.identity).toBe('arn:aws:sts::444455556666:assumed-role/podshift/operator');
    for (const action of LOCAL) expect(checkOf(report, action), action).toMatchObject({ area: 'aws', status: 'ok' });
    for (const { resource, group, verbs } of resourcesOf(page).filter((one) => one.resource !== '*'))
      expect(checkOf(report, `${verbs.join(', ')} ${group === '' ? resource : `${resource}.${group}`}`), resource).toBeDefined();
    for (const name of [
      'SQLite',
      'journal',
      'credentials',
      'clock',
      'API server',
      'cluster',
      'Pod Identity agent',
      'list custom resources',
      'probe pod',
    ])
      expect(checkOf(report, name), name).toMatchObject({ status: 'ok' });
    expect(talked).toContain('  podshift plan --cluster shop --region eu-central-1 --endpoint-url http://127.0.0.1:');
    // Reads were really sent, and what was written is a review or a dry run, of which nothing is kept.
    const sent = twin.requests.map(({ service, operation }) => `${service}:${operation}`);
    for (const action of Object.keys(READS)) expect(sent).toContain(action);
    const written = twin.requests.filter(({ write, operation }) => write && !/selfsubjectaccessreviews/.test(operation));
    expect(written).toEqual([]);
    expect(twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
  });
});

describe('podshift doctor over a cluster where something is missing', () => {
  it('names a read that is denied, says what to allow, and exits with 1', async () => {
    const denied = ['ListAddons', 'GetAccountSummary'];
    const hooks: TwinSettings['hooks'] = {
      beforeRequest: ({ operation }) => (denied.includes(operation) ? { kind: 'denied', when: 'before' } : undefined),
    };
    const { exit, report, talked } = await examine({ hooks });
    expect([exit, report.ok, failing(report)]).toEqual(['failed', false, ['eks:ListAddons', 'iam:GetAccountSummary']]);
    expect(checkOf(report, 'eks:ListAddons')).toMatchObject({
      status: 'missing',
      needed: 'always',
      remedy: expect.stringContaining('Allow eks:ListAddons'),
    });
    expect(checkOf(report, 'iam:GetAccountSummary')).toMatchObject({
      status: 'missing',
      needed: 'sometimes',
      remedy: expect.stringContaining('A run can do without'),
    });
    expect(talked).toContain('1 check of');
  });

  it('wants one of two ways to read the roles, and no more', async () => {
    const without = async (...operations: string[]) => {
      const hooks: TwinSettings['hooks'] = {
        beforeRequest: ({ operation }) => (operations.includes(operation) ? { kind: 'denied', when: 'before' } : undefined),
      };
      return (await examine({ hooks })).exit;
    };
    expect(await without('ListRoles')).toBe('done');
    expect(await without('GetAccountAuthorizationDetails')).toBe('done');
    expect(await without('ListRoles', 'GetAccountAuthorizationDetails')).toBe('failed');
  });

  it('does without what a run can do without', async () => {
    const hooks: TwinSettings['hooks'] = {
      beforeRequest: ({ operation }) => (operation === 'GetAccountSummary' ? { kind: 'denied', when: 'before' } : undefined),
    };
    const { exit, report } = await examine({ hooks });
    expect([exit, report.ok, failing(report)]).toEqual(['done', true, ['iam:GetAccountSummary']]);
  });

  it("leaves writes unknown where IAM's simulator may not be asked, and says what would tell", async () => {
    const hooks: TwinSettings['hooks'] = {
      beforeRequest: ({ operation }) => (operation === 'SimulatePrincipalPolicy' ? { kind: 'denied', when: 'before' } : undefined),
    };
    const { exit, report, talked } = await examine({ hooks });
    const writes = LOCAL.filter((action) => !Object.hasOwn(READS, action) && action !== 'sts:AssumeRole');
    expect([exit, failing(report).sort()]).toEqual(['done', writes.sort()]);
    expect(checkOf(report, 'iam:PassRole')).toMatchObject({
      status: 'unknown',
      remedy: expect.stringContaining('Allow iam:SimulatePrincipalPolicy'),
    });
    expect(talked).toContain(`${writes.length} could not be told`);
  });

  it('names verbs that the cluster does not allow, and what only some clusters need', async () => {
    const authorize: TwinSettings['authorize'] = (verb, resource) =>
      !(resource === 'deployments' && verb === 'patch') && !(resource === 'rolebindings' && verb === 'patch');
    const { exit, report } = await examine({ authorize });
    expect(exit).toBe('failed');
    const missing = report.checks.filter(({ status }) => status === 'missing');
    expect(missing.map(({ check, needed }) => [check, needed])).toEqual([
      ['get, patch deployments.apps', 'always'],
      ['get, patch deployments.apps', 'sometimes'],
      ['get, patch rolebindings.rbac.authorization.k8s.io', 'sometimes'],
    ]);
    expect(missing[0]).toMatchObject({
      detail: 'not allowed: patch',
      remedy: expect.stringContaining('infra/cluster-access/migrating.yaml'),
    });
  });

  it('says so where the cluster lets nobody in, and asks no further there', async () => {
    const { exit, report } = await examine({ authorize: () => false });
    expect(exit).toBe('failed');
    expect(checkOf(report, 'API server')).toMatchObject({ status: 'missing', detail: expect.stringContaining('namespaces') });
    expect(checkOf(report, 'probe pod')).toMatchObject({ status: 'missing' });
  });

  it('says what is wrong with the cluster’s name, and tries the rest', async () => {
    const { exit, report } = await examine({}, '--cluster', 'shpo');
    expect(exit).toBe('failed');
    expect(checkOf(report, 'eks:DescribeCluster')).toMatchObject({ status: 'missing', detail: expect.stringContaining('shpo') });
    expect(checkOf(report, 'iam:ListRoles')).toMatchObject({ status: 'ok' });
    expect(checkOf(report, 'iam:PassRole')).toMatchObject({ status: 'unknown', detail: 'not tried: the cluster could not be described' });
  });

  it('ends at once where the credentials are nobody’s', async () => {
    const { twin } = await examine();
    const { exit, report } = await doctorAt(twin.awsEndpoint, { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' });
    expect([exit, failing(report)]).toEqual(['failed', ['credentials']]);
    expect(checkOf(report, 'credentials')?.remedy).toMatch(/access key/);
  });

  it('names a host that cannot be reached', async () => {
    const { exit, report } = await doctorAt('http://127.0.0.1:1', { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' });
    expect([exit, failing(report)]).toEqual(['failed', ['credentials']]);
    expect(checkOf(report, 'credentials')?.detail).toContain('127.0.0.1:1');
  });

  it('judges the role that is assumed, not who assumes it', async () => {
    const snapshot = await loadSnapshot(SHOP);
    const arn = `arn:aws:iam::${snapshot.accountId}:role/podshift`;
    const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: arn }, Action: 'sts:AssumeRole' }] };
    const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'eks:*', Resource: '*' }] };
    const [first] = snapshot.roles;
    if (first === undefined) throw new Error('the example has no roles');
    const limited = {
      ...first,
      Arn: `arn:aws:iam::${snapshot.accountId}:role/limited`,
      RoleName: 'limited',
      trustPolicy: JSON.stringify(trust),
      AttachedManagedPolicies: [],
      RolePolicyList: [{ PolicyName: 'p', PolicyDocument: policy }],
    };
    const { exit, report } = await examine({ snapshot: { ...snapshot, roles: [...snapshot.roles, limited] } }, '--role-arn', limited.Arn);
    expect([exit, report.identity]).toEqual(['failed', `arn:aws:sts::${snapshot.accountId}:assumed-role/limited/podshift`]);
    expect(checkOf(report, 'sts:AssumeRole')).toMatchObject({ status: 'ok' });
    expect(checkOf(report, 'eks:CreateAddon')).toMatchObject({ status: 'ok' });
    for (const action of ['iam:UpdateAssumeRolePolicy', 'iam:PassRole'])
      expect(checkOf(report, action)).toMatchObject({
        status: 'missing',
        detail: expect.stringMatching(/^not allowed on arn:aws:iam::444455556666:role\/\S+: no policy allows it$/),
      });
  });
});

describe('this machine', () => {
  it.each([
    ['3.51.3', 'ok'],
    ['3.52.0', 'ok'],
    ['4.0.0', 'ok'],
    ['3.51.2', 'missing'],
    ['3.50.9', 'missing'],
    ['0', 'missing'],
  ])('has a SQLite that will do: %s %s', (version, status) => {
    expect(sqliteOutcome(version).status).toBe(status);
  });

  it('keeps a journal where it can write, and makes no folder for it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'podshift-doctor-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    expect(await journalOutcome(join(folder, 'a/b'))).toMatchObject({ status: 'ok', detail: expect.stringContaining('can be written') });
    await expect(readFile(join(folder, 'a'))).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(join(folder, 'journal.db'), '');
    expect(await journalOutcome(folder)).toMatchObject({ status: 'ok', detail: `${folder} has a journal that can be written` });
    await writeFile(join(folder, 'file'), '');
    expect(await journalOutcome(join(folder, 'file'))).toMatchObject({ status: 'missing', remedy: expect.stringContaining('--journal') });
  });

  it.each([
    [0.4, 'ok', 'within 0 s'],
    [-299, 'ok', 'within 299 s'],
    [301, 'missing', '301 s behind'],
    [-4000, 'missing', '4000 s ahead of'],
  ])('has a clock that is %d s behind: %s', (skew, status, detail) => {
    expect(clockChecks(skew)).toMatchObject([{ check: 'clock', status, detail: expect.stringContaining(detail) }]);
  });

  it('has no clock check where nothing answered', () => {
    expect(clockChecks(undefined)).toEqual([]);
  });
});

describe('a wait', () => {
  it('has an end', async () => {
    await expect(within(new Promise(() => undefined), new AbortController().signal, 20)).rejects.toMatchObject({
      name: 'ServiceUnavailable',
      message: 'no answer within 0 s',
    });
    expect(await within(Promise.resolve(1), new AbortController().signal, 20)).toBe(1);
  });

  it('ends with who asks to stop', async () => {
    const stop = new AbortController();
    const waiting = within(new Promise(() => undefined), stop.signal);
    stop.abort(new Error('asked'));
    await expect(waiting).rejects.toThrow('asked');
  });
});

describe('on a screen', () => {
  const check = { area: 'aws', needed: 'always', remedy: '' } as const;
  const report: DoctorReport = {
    apiVersion: 'podshift/v1',
    kind: 'Doctor',
    cluster: 'shop',
    region: 'eu-central-1',
    identity: 'arn',
    ok: false,
    checks: [
      { ...check, check: 'iam:GetRole', status: 'ok', detail: 'answered' },
      { ...check, check: 'iam:PassRole', status: 'unknown', detail: 'nobody knows' },
      { ...check, check: 'iam:ListRoles', status: 'missing', needed: 'sometimes', detail: 'denied.', remedy: 'Allow it.' },
    ],
  };
  const screen = { columns: Number.POSITIVE_INFINITY, color: false };

  it('has what is missing first, and how many are well', () => {
    expect(renderDoctor(report, screen, false).split('\n')).toEqual([
      'STATUS             WHERE  CHECK          WHAT IT MEANS, WHAT TO DO',
      'missing, optional  AWS    iam:ListRoles  denied. Allow it.',
      'unknown            AWS    iam:PassRole   nobody knows',
      'ok                 AWS    1 of 3 checks  -o wide lists them',
      '',
    ]);
  });

  it('has every check with -o wide', () => {
    expect(renderDoctor(report, screen, true)).toMatch(/^ok +AWS +iam:GetRole +answered$/m);
  });
});
