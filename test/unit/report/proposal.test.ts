import { describe, expect, it } from 'vitest';
import { migrationOptions } from '../../../src/model/options.ts';
import { planContents, type RunReport, runReport } from '../../../src/model/report.ts';
import type { RunRecord } from '../../../src/model/run.ts';
import { renderReport } from '../../../src/report/render.ts';
import { buildPlanReport, buildReport, describePlan } from '../../../src/report/report.ts';
import { nextActions } from '../../../src/report/summary.ts';
import { journal, plan, roleArn, trust } from '../fixtures/report-fixtures.ts';

const SCREEN = { columns: Number.POSITIVE_INFINITY, color: false };
const OPTIONS = migrationOptions.parse({ soakSeconds: 60, probeImage: 'example.com/probe@sha256:aa' });
const PLAN = plan({ options: OPTIONS });
const WAITING = { status: 'waiting', expiresAt: '2026-03-09T10:00:00.000Z', answer: null } as const;
/** As the plan step leaves it: every role as it was. */
const ROLES = PLAN.roles.map(({ roleArn: arn, trustBefore }) => ({
  runId: 'run1',
  roleArn: arn,
  trustBefore,
  trustAfter: trustBefore,
  blocked: '',
}));

/** The report of a run that has a plan, and has written nothing. */
const unbegun = (run: Partial<RunRecord>): Promise<RunReport> =>
  buildReport(
    journal({ plan: PLAN, run: { status: 'running', endedAt: null, options: OPTIONS, ...run }, units: {}, roles: ROLES }),
    'run1',
    null,
  );
const waiting = () => unbegun({ approval: WAITING });

describe('a run that waits for its approval', () => {
  it('reports the plan itself: units, findings, options, and every field before and after', async () => {
    const report = await waiting();
    expect(runReport.parse(report)).toEqual(report);
    const facts = { runId: 'run1', status: 'planned', startedAt: '', endedAt: null, calls: report.calls, promises: null } as const;
    const { options, changes, roles, findings, units } = buildPlanReport(PLAN, facts);
    expect(report).toMatchObject({ options, changes, roles, findings, units });
    expect(report.options).toEqual(OPTIONS);
    expect(report.roles.find((role) => role.roleArn === roleArn('pier-tickets'))).toMatchObject({
      trustBefore: trust('quay/tickets'),
      trustAfter: trust('quay/tickets', true),
    });
    expect(planContents.parse(describePlan(PLAN))).toEqual(describePlan(PLAN));
  });

  it.each([
    ['table', /^takes {5}about \d+ min where all goes well: \d soaks, one after another, of 1 min/m],
    ['markdown', /^- Takes: about \d+ min where all goes well: \d soaks/m],
    ['html', /<dt>Takes<dd>about \d+ min where all goes well: \d soaks/],
    ['json', /"duration": \{\s+"seconds": \d+,/],
  ] as const)('says as %s how long the run takes', async (format, told) => {
    expect(renderReport(await waiting(), format, SCREEN)).toMatch(told);
  });

  it('shows all of it in a table, and how it is answered', async () => {
    const text = renderReport(await waiting(), 'table', SCREEN);
    expect(text).toContain('2 would migrate');
    expect(text).toContain('changes (9)');
    expect(text).toMatch(/ {2}PodIdentityAssociation\/quay\/tickets\n {4}roleArn: none -> arn:aws:iam::444455556666:role\/pier-tickets\n/);
    expect(text).toMatch(/ {2}StatefulSet\/quay\/tickets-ledger\n {4}restart: none -> rollout\n/);
    expect(text).toContain('PS402 the add-on will be installed');
    expect(text).toContain('addonVersion: none -> v1.3.8-eksbuild.2');
    expect(text).toMatch(
      /trust policy of arn:aws:iam::444455556666:role\/pier-gates\n {2}who could assume it before\n[\s\S]*\+ .*"Podshift0123456789ab0"/,
    );
    expect(text).toMatch(
      /options\n {2}probeImage: example\.com\/probe@sha256:aa \(default: public\.ecr\S+\)\n {2}soakSeconds: 60 \(default: 900\)\n/,
    );
    expect(text).toMatch(/ {2}as by default: namespaces \[\], .*onWaveFailure halt/);
    expect(text).toContain('changes   9 fields of 9 objects would change\n');
    expect(text).toContain('trust     2 trust policies would gain a Pod Identity statement\n');
    expect(text).toContain(`"podshift approve run1 --service URL --digest ${'d'.repeat(64)}", or refuse it with "--refuse" added`);
    expect(text).not.toMatch(/gained|promises|--resume/);
  });

  it('shows all of it in Markdown', async () => {
    const text = renderReport(await waiting(), 'markdown', SCREEN);
    expect(text).toContain('| `quay/tickets` | `Deployment/quay/tickets-api` | `restart` | `none` | `rollout` |');
    expect(text).toContain(`|  | \`Role/${roleArn('pier-gates')}\` | \`assumeRolePolicyDocument\` | below | below |`);
    expect(text).toContain('```diff\n--- trust policy before');
    expect(text).toContain('| `soakSeconds` | `60` | `900` |');
    expect(text).toContain('| `waveSize` | `500` |  |');
    expect(text).toContain('- Trust: 2 trust policies would gain a Pod Identity statement');
    expect(text).not.toMatch(/gained|Promises/);
  });

  it('keeps to a terminal’s width what can be wrapped', async () => {
    const text = renderReport(await waiting(), 'table', { columns: 80, color: false });
    const changes = text.slice(text.indexOf('changes (9)'), text.indexOf('trust policy of'));
    const options = text.slice(text.indexOf('\noptions\n'));
    for (const line of `${changes}${options}`.split('\n').filter((one) => !/arn:|podshift approve/.test(one)))
      expect(line.length, line).toBeLessThanOrEqual(80);
  });
});

describe('a run that only planned', () => {
  it('is shown as a plan is: changes in short, or in wide one by one', async () => {
    const report = await unbegun({ status: 'planned', endedAt: '2026-03-02T10:01:00.000Z' });
    const [table, wide] = [renderReport(report, 'table', SCREEN), renderReport(report, 'wide', SCREEN)];
    expect(table).toContain('changes   9 fields of 9 objects would change ("-o wide": each, before and after)');
    expect(table).not.toContain('changes (9)');
    expect(wide).toContain('changes (9)');
    expect(wide.match(/trust policy of/g)).toHaveLength(2);
    expect(table).toContain('2 trust policies would gain a Pod Identity statement ("-o wide": how)');
  });
});

describe('a run that goes on', () => {
  it('has no changes that are proposed, and says how many trust policies are changed so far', async () => {
    const report = await unbegun({ approval: { ...WAITING, status: 'approved' } });
    expect([report.options, report.changes]).toEqual([undefined, undefined]);
    const text = renderReport(report, 'table', SCREEN);
    expect(text).toContain('trust     0 of 2 trust policies gained a Pod Identity statement so far\n');
    expect(text).not.toMatch(/changes|options/);
    expect(nextActions(report).join()).toContain('--resume run1');
  });

  it('has none before there is a plan', async () => {
    const report = await buildReport(
      journal({ plan: undefined, run: { status: 'running', endedAt: null, approval: WAITING } }),
      'run1',
      null,
    );
    expect([report.options, report.changes, report.roles]).toEqual([undefined, undefined, []]);
  });
});
