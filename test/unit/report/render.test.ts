import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { RunReport } from '../../../src/model/report.ts';
import { duration } from '../../../src/model/text/duration.ts';
import { REPORT_FORMATS } from '../../../src/report/formats.ts';
import { renderReport } from '../../../src/report/render.ts';
import { buildPlanReport, buildReport } from '../../../src/report/report.ts';
import { clusterTitle, nextActions, promiseLine, roleTitle, tally } from '../../../src/report/summary.ts';
import { renderTable } from '../../../src/report/table.ts';
import { createPalette, hang, wrap } from '../../../src/report/text.ts';
import { trustChange, trustScope } from '../../../src/report/trust-diff.ts';
import { CLUSTER, journal, plan, roleArn, trust } from '../fixtures/report-fixtures.ts';

const SCREEN = { columns: 80, color: false };
const KEPT = { credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 };

/** A report with a unit in each end that a unit can have. */
async function full(changes: Partial<RunReport> = {}): Promise<RunReport> {
  const report = await buildReport(
    journal({
      units: {
        'quay/tickets': {},
        'quay/gates': { status: 'rolled-back', reason: 'the probe pod got the role of its node' },
        'dock/lamps': { status: 'needs-operator', reason: 'the association was deleted by someone else' },
        'dock/cranes': { status: 'held', reason: 'the container crane sets AWS_ROLE_ARN by hand' },
      },
      roles: [
        {
          runId: 'run1',
          roleArn: roleArn('pier-tickets'),
          trustBefore: trust('quay/tickets'),
          trustAfter: trust('quay/tickets', true),
          blocked: '',
        },
      ],
      evidence: new Map([
        ['quay/tickets', [{ grade: 1, kind: 'dry-run', passed: true, at: '2026-03-02T10:02:00.000Z', facts: { seen: 5 } }]],
        ['quay/gates', [{ grade: 2, kind: 'probe-pod', passed: false, at: '2026-03-02T10:03:00.000Z', facts: { arn: 'a|b' } }]],
      ]),
    }),
    'run1',
    KEPT,
  );
  return { ...report, ...changes };
}

const planned = () =>
  buildPlanReport(plan(), {
    runId: 'run2',
    status: 'planned',
    startedAt: '2026-03-02T10:00:00.000Z',
    endedAt: '2026-03-02T10:00:02.000Z',
    calls: { eks: 1, iam: 0, sts: 0, kubernetes: 4, cloudtrail: 0 },
    promises: null,
  });

describe('renderReport', () => {
  it('tells why a run without units stands so, to the terminal and in Markdown', async () => {
    const refused = journal({ plan: undefined, run: { status: 'held', reason: 'cluster pier_1 is locked by run0' } });
    const report = await buildReport(refused, 'run1', null);
    expect(renderReport(report, 'table', SCREEN)).toContain('\n  cluster pier_1 is locked by run0\n');
    expect(renderReport(report, 'markdown', SCREEN)).toContain('\n- Reason: cluster pier\\_1 is locked by run0\n');
  });

  it('prints JSON and YAML that read back as the report', async () => {
    const report = await full();
    expect(JSON.parse(renderReport(report, 'json', SCREEN))).toEqual(report);
    expect(parse(renderReport(report, 'yaml', SCREEN))).toEqual(report);
  });

  it.each(REPORT_FORMATS)('prints the same %s for the same report, with a line break at the end', async (format) => {
    const text = renderReport(await full(), format, SCREEN);
    expect(text).toBe(renderReport(await full(), format, SCREEN));
    expect(text).toMatch(/[^\n]\n$/);
  });

  it('keeps a table within 80 columns', async () => {
    for (const report of [await full(), planned()]) {
      for (const line of renderReport(report, 'table', SCREEN).split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });

  it('cuts nothing away at 80 columns', async () => {
    const squeezed = renderReport(await full(), 'table', SCREEN).replaceAll(/\s/g, '');
    for (const text of ['sts/', 'deploy/', 'tickets-', '777788889999', 'needsanoperator', 'd'.repeat(64)]) expect(squeezed).toContain(text);
  });

  it('says for each unit that did not migrate why, and what to do', async () => {
    const text = renderReport(await full(), 'table', SCREEN);
    expect(text).toContain('needs an operator (1)\n  dock/lamps\n    the association was deleted by someone else');
    expect(text).toContain('rolled back (1)\n  quay/gates\n    the probe pod got the role of its node');
    expect(text).toMatch(/blocked: not changed \(1\)\n {2}dock\/cranes\n {4}PS104 .*\n {10}-> Create the role/);
    expect(text).toContain('promises  credential gap 0 s; nobody else gained a role; nothing else changed');
    expect(text).toContain('and 2 more for the record: see "-o wide"');
  });

  it('shows trust policies, evidence and all findings when wide, each ARN in one piece', async () => {
    const text = renderReport(await full(), 'wide', SCREEN);
    expect(text).toContain(`trust policy of ${roleArn('pier-tickets')}`);
    expect(text).toContain('  +      "Sid": "Podshift0123456789ab0",');
    expect(text).toContain('Service pods.eks.amazonaws.com if aws:RequestTag/kubernetes-namespace is quay and');
    expect(text).toMatch(/quay\/gates +2 +probe-pod +failed +2026-03-02T10:03:00.000Z +\{"arn":"a\|b"\}/);
    expect(text).toMatch(/quay\/gates +irsa +arn:aws:iam::444455556666:role\/pier-gates/);
    expect(text).toContain('PS402');
    expect(text).not.toContain('for the record');
  });

  it('says of a plan what would happen', () => {
    const text = renderReport(planned(), 'table', SCREEN);
    expect(text).toContain('plan run2 on pier (eu-central-1, account 444455556666): planned\n  1 associated, 2 would migrate, 1 blocked\n');
    expect(text).toContain('trust     2 trust policies would gain a Pod Identity statement ("-o wide": how)');
    expect(text).not.toContain('promises');
    expect(renderReport(planned(), 'wide', SCREEN)).not.toContain('EVIDENCE');
    expect(renderReport(planned(), 'markdown', SCREEN)).not.toContain('## Evidence');
  });

  it('lists waves in order, then what was done before, then what is held', () => {
    const text = renderReport(planned(), 'table', SCREEN);
    const order = ['quay/gates ', 'quay/tickets ', 'dock/lamps ', 'dock/cranes '].map((name) => text.indexOf(`\n${name}`));
    expect(order.every((at) => at > 0)).toBe(true);
    expect([...order].sort((a, b) => a - b)).toEqual(order);
  });

  it('paints only when colour is on', async () => {
    const report = await full();
    const esc = String.fromCharCode(27);
    expect(renderReport(report, 'table', SCREEN)).not.toContain(esc);
    expect(renderReport(report, 'table', { ...SCREEN, color: true })).toContain(`${esc}[32mmigrated`);
    expect(renderReport(report, 'json', { ...SCREEN, color: true })).not.toContain(esc);
  });

  it('prints Markdown whose tables hold whatever names hold', async () => {
    const text = renderReport(await full(), 'markdown', SCREEN);
    expect(text).toContain('# Run `run1`: migrated');
    expect(text).toContain(
      '| `quay/tickets` | irsa | `pier-tickets` | Deployment `tickets-api`<br>StatefulSet `tickets-ledger` | 2 | migrated |',
    );
    expect(text).toContain('**failed**');
    expect(text).toContain('{"arn":"a\\|b"}');
    expect(text).toContain('sets AWS\\_ROLE\\_ARN by hand');
    expect(text).toContain('```diff\n--- trust policy before');
    for (const line of text.split('\n').filter((one) => one.startsWith('|'))) expect(line).toMatch(/\|$/);
  });

  it('tells an empty run plainly', async () => {
    const empty = {
      ...(await full()),
      units: [],
      roles: [],
      findings: [],
      calls: { eks: 0, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 },
    };
    const running: RunReport = { ...empty, run: { ...empty.run, digest: '', endedAt: null, status: 'running', cluster: '' } };
    expect(renderReport(running, 'table', SCREEN)).toBe(
      [
        'run run1 on a cluster not yet described: running',
        '  no service account to migrate',
        '',
        'promises  credential gap 0 s; nobody else gained a role; nothing else changed',
        'trust     0 trust policies gained a Pod Identity statement',
        'calls     none',
        '',
      ].join('\n'),
    );
    const markdown = renderReport(running, 'markdown', SCREEN);
    expect(markdown).toContain('- Digest: none');
    expect(markdown).not.toMatch(/## (Units|Findings|Trust|Evidence|Not)/);
  });
});

describe('what is seen and left alone', () => {
  it('is listed in one place; a blocker that holds no unit is a finding like others', async () => {
    const report = await full();
    const seen = {
      code: 'PS602',
      severity: 'info',
      subject: 'DaemonSet/kube-system/kube2iam',
      message: 'a daemon runs',
      remedy: 'none',
    } as const;
    const blocker = { code: 'PS401', severity: 'blocker', subject: 'Addon/agent', message: 'no agent', remedy: 'install it' } as const;
    const text = renderReport({ ...report, findings: [...report.findings, seen, blocker] }, 'table', SCREEN);
    expect(text).toContain('  seen, not migrated\n    PS602 a daemon runs\n');
    expect(text).toContain('  blocker Addon/agent\n    PS401 no agent\n          -> install it\n');
    expect(renderReport({ ...report, findings: [seen] }, 'wide', SCREEN)).toContain(
      '  info DaemonSet/kube-system/kube2iam\n    PS602 a daemon runs\n',
    );
  });
});

describe('what a reader does next', () => {
  it('is to plan again after a run that was rolled back', async () => {
    const report = await full();
    expect(nextActions({ ...report, run: { ...report.run, status: 'rolled-back' } })).toEqual(
      expect.arrayContaining(['what the run changed is as it was before; plan again when the cause is fixed']),
    );
  });

  it('is nothing after a rollback that somebody asked for', async () => {
    const report = await full({ promises: null });
    const asked = 'asked for on the command line';
    const units = report.units.map((one) => ({ ...one, status: 'rolled-back' as const, reason: asked }));
    expect(nextActions({ ...report, units, run: { ...report.run, status: 'rolled-back' } })).toEqual([
      'what the run changed is as it was before, as asked for; no action needed',
    ]);
    const [failed, ...others] = units;
    const one = { ...report, units: [{ ...(failed as (typeof units)[number]), reason: 'its pods do not start' }, ...others] };
    expect(nextActions(one)[0]).toMatch(/^find out why \S+ rolled back: /);
    expect(nextActions({ ...one, run: { ...one.run, status: 'rolled-back' } })[0]).toContain('plan again when the cause is fixed');
    const held = { ...report, units: report.units.map((unit) => ({ ...unit, status: 'held' as const, reason: asked })) };
    expect(nextActions(held).join()).not.toContain('fix what blocks');
  });

  it('is a command in one line, however narrow the screen is, with the flags that lead to the run', async () => {
    const command = (...words: string[]) => ['podshift', ...words, '--journal', 'a/long/way/to/the/journal'].join(' ');
    const text = renderReport(await full({ promises: null }), 'table', { columns: 40, color: false, command });
    expect(text).toContain('"podshift rollback run1 --approve --journal a/long/way/to/the/journal"');
  });

  it('says what is written twice once', async () => {
    const report = await full();
    const twice = report.findings
      .filter((finding) => finding.code === 'PS301')
      .flatMap((finding) => [finding, { ...finding, message: 'and another' }]);
    const text = renderReport({ ...report, findings: twice }, 'table', SCREEN);
    expect(text.match(/-> Remove the variable/g)).toHaveLength(1);
  });

  it('names the rollback after a run on AWS, and the real cluster after a rehearsal', async () => {
    const real = await full({ promises: null });
    expect(nextActions(real).at(-1)).toBe('to roll it back: "podshift rollback run1 --approve"');
    expect(nextActions(await full()).at(-1)).toContain('this was a rehearsal');
    expect(nextActions({ ...real, run: { ...real.run, endedAt: null } }).at(-1)).toContain('podshift run --local --resume run1');
  });

  it('names at most three units', async () => {
    const report = await full();
    const held = report.units.filter((unit) => unit.status === 'held');
    const many = { ...report, units: [1, 2, 3, 4].flatMap((number) => held.map((unit) => ({ ...unit, serviceAccount: `c${number}` }))) };
    expect(nextActions(many)).toEqual([expect.stringContaining('fix what blocks dock/c1, dock/c2 and 2 more,')]);
  });
});

describe('the promises in words', () => {
  it.each([
    ['kept', KEPT, 'credential gap 0 s; nobody else gained a role; nothing else changed', 'good'],
    [
      'broken',
      { credentialGapSeconds: 4, widenedPrincipals: ['r: x'], foreignWrites: 2 },
      'credential gap 4 s; 1 principal gained a role: r: x; 2 writes outside the plan',
      'bad',
    ],
    ['unwatched', null, expect.stringContaining('proof: see the evidence'), 'faint'],
  ])('%s', async (_name, promises, text, tone) => {
    expect(promiseLine(await full({ promises }))).toEqual({ text, tone });
  });
});

describe('names', () => {
  it.each([
    ['the cluster’s own account', roleArn('team/app'), 'team/app'],
    ['another account', roleArn('app', '777788889999'), roleArn('app', '777788889999')],
    ['something that is no role', 'nonsense', 'nonsense'],
  ])('shortens a role of %s', (_name, arn, title) => {
    expect(roleTitle(arn, CLUSTER)).toBe(title);
  });

  it('keeps a cluster’s ARN of another form', () => {
    expect(clusterTitle('arn:aws:eks:x')).toBe('arn:aws:eks:x');
  });

  it('counts units in the order of the work', async () => {
    expect(tally(await full())).toBe('1 migrated, 1 blocked, 1 rolled back, 1 needs an operator');
  });
});

describe('text', () => {
  it.each([
    [0, '0 s'],
    [45_400, '45 s'],
    [60_000, '1 min'],
    [185_000, '3 min 5 s'],
    [7_200_000, '2 h'],
    [7_440_000, '2 h 4 min'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });

  it.each([
    ['at spaces', 'one two three', 7, ['one two', 'three']],
    ['inside an ARN after a colon or slash', 'arn:aws:iam::444455556666:role/x', 16, ['arn:aws:iam::', '444455556666:', 'role/x']],
    ['anywhere where there is nothing else', 'abcdefghij', 4, ['abcd', 'efgh', 'ij']],
    ['at line breaks', 'a\nb', 4, ['a', 'b']],
    ['not at all where it fits', 'a b', 4, ['a b']],
  ])('wraps %s', (_name, text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
    expect(wrap(text, width).join('').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
  });

  it('hangs wrapped lines under the first', () => {
    expect(hang('note  ', 'one two three four five six seven', 26)).toBe('note  one two three four\n      five six seven');
  });

  it('fits a table into its width, and lets it be where it cannot', () => {
    const rows = [[{ text: 'a'.repeat(30) }, { text: 'b'.repeat(30) }]];
    const narrow = renderTable(['LEFT', 'RIGHT'], rows, 40, createPalette(false));
    expect(Math.max(...narrow.split('\n').map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(narrow.replaceAll(/[^ab]/g, '')).toHaveLength(60);
    expect(renderTable(['LEFT', 'RIGHT'], rows, 5, createPalette(false)).split('\n')[1]).toBe('aaaaaaaa  bbbbbbbb');
    expect(renderTable(['LEFT!', 'RIGHT'], rows, 40, createPalette(false)).split('\n')[1]).toBe(`${'a'.repeat(30)}  ${'b'.repeat(8)}`);
    expect(renderTable(['LEFT', 'RIGHT'], [[{ text: 'x' }]], null, createPalette(false))).toBe('LEFT  RIGHT\nx');
  });
});

describe('trust policies for a reader', () => {
  it('lists each principal with its conditions', () => {
    const document = {
      Statement: [
        { Effect: 'Allow', Principal: { Service: ['a.amazonaws.com', 'b.amazonaws.com'] }, Action: 'sts:AssumeRole' },
        {
          Effect: 'Deny',
          Principal: '*',
          Condition: { StringLike: { 'aws:PrincipalArn': ['x*', 'y'] }, Null: { k: 'true' }, Odd: 'text' },
        },
        { Effect: 'Deny', NotPrincipal: { AWS: 'arn:x' } },
        'no statement',
      ],
    };
    expect(trustScope(JSON.stringify(document))).toEqual([
      'Service a.amazonaws.com',
      'Service b.amazonaws.com',
      'Deny everyone if aws:PrincipalArn is like x* or y and k Null true',
      'Deny all but AWS arn:x',
    ]);
  });

  it.each([
    ['no JSON', 'nonsense', ['(no readable policy)']],
    ['no object', '[]', ['(no readable policy)']],
    ['no statement', '{}', []],
    ['an odd principal', '{"Statement":{"Effect":"Allow","Principal":"me"}}', ['me']],
  ])('reads a document with %s', (_name, document, lines) => {
    expect(trustScope(document)).toEqual(lines);
  });

  it('shows no difference where only white space differs', () => {
    expect(trustChange({ roleArn: 'r', trustBefore: '{"a":1}', trustAfter: '{ "a" : 1 }' }).diff).toBe('');
    expect(trustChange({ roleArn: 'r', trustBefore: 'x', trustAfter: 'y' }).diff).toContain('-x');
  });
});
