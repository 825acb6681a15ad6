import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FINDINGS } from '../../../../src/model/findings.ts';
import { renderPage } from '../../../../src/report/page/page.ts';
import { buildPlanReport } from '../../../../src/report/report.ts';
import { finishedRun, HOSTILE, HOSTILE_SHOWN, hostileRun, manyPlan } from '../../fixtures/page-reports.ts';

const PLAN = manyPlan(40);
const RUN = finishedRun(PLAN);
const PAGE = renderPage(RUN.report, { facts: RUN.facts, version: '1.2.3' });

/** The text of a page as a reader has it: without tags, and without style and script. */
function textOf(page: string): string {
  return page
    .replaceAll(/<(style|script)>.*?<\/\1>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

describe('the page of a run', () => {
  it('has every unit with its role, its changes and its evidence', () => {
    const text = textOf(PAGE);
    for (const { namespace, serviceAccount, evidence } of RUN.report.units) {
      expect(text).toContain(`${namespace}/${serviceAccount}`);
      for (const { facts } of evidence) for (const value of Object.values(facts)) expect(text).toContain(String(value));
    }
    for (const { object, field } of RUN.facts.changes.filter(({ unit }) => unit !== null)) {
      expect(text).toContain(object);
      expect(text).toContain(field);
    }
  });

  it('says of each change when it was written, and that one was not', () => {
    expect(textOf(PAGE).replaceAll(/\s+/g, ' ').includes('roleArn written at 10:01:00')).toBe(true);
    expect(textOf(PAGE)).not.toContain('not written');
    const without = { ...RUN.facts, writes: RUN.facts.writes.filter(({ kind }) => kind !== 'restart') };
    expect(
      textOf(renderPage(RUN.report, { facts: without }))
        .replaceAll(/\s+/g, ' ')
        .match(/restart no write needed/g),
    ).toHaveLength(36);
    const units = RUN.report.units.map((unit) => ({ ...unit, status: 'rolled-back' as const }));
    expect(
      textOf(renderPage({ ...RUN.report, units }, { facts: without }))
        .replaceAll(/\s+/g, ' ')
        .match(/restart not written/g),
    ).toHaveLength(36);
  });

  it('says when each wave ran and how long it soaked', () => {
    const text = textOf(PAGE).replaceAll(/\s+/g, ' ');
    expect(text).toContain('wave 1 (canary) 1 migrated 10:00:45 to 10:17:01 (16 min 16 s, 15 min of it soaking)');
    expect(text).toMatch(/blocked 4 service accounts, not changed: /);
    expect(PAGE.match(/<rect class="soak"/g)).toHaveLength(new Set(RUN.report.units.flatMap(({ wave }) => wave ?? [])).size);
  });

  it('groups findings under what their code means, with the remedy once', () => {
    const text = textOf(PAGE);
    expect(text.split(FINDINGS.PS301.title)).toHaveLength(2);
    expect(text.split(FINDINGS.PS301.remedy)).toHaveLength(2);
    for (const { message } of RUN.report.findings) expect(text).toContain(message);
  });

  it('shows a change that many roles have alike once, with the service account of each', () => {
    const text = textOf(PAGE).replaceAll(/\s+/g, ' ');
    expect(text).toContain('36 roles, each with one service account, change alike');
    expect(text).toContain('"aws:RequestTag/kubernetes-service-account": "SERVICEACCOUNT"');
    expect(text.split('"Sid"')).toHaveLength(2);
    for (const [index, { roleArn }] of RUN.report.roles.entries()) {
      const unit = RUN.report.units.find((one) => one.roleArn === roleArn);
      const row = new RegExp(`<tr id="role-${index}"><td>${roleArn.split('/')[1]}<td>${unit?.namespace}/${unit?.serviceAccount}<td>`);
      expect(PAGE).toMatch(row);
    }
  });

  it('shows each role by itself where they are few, with who could and who can assume it', () => {
    const few = finishedRun(manyPlan(4));
    const text = textOf(renderPage(few.report, { facts: few.facts })).replaceAll(/\s+/g, ' ');
    expect(text.split('"Sid"')).toHaveLength(few.report.roles.length + 1);
    for (const { namespace, serviceAccount } of few.report.units.filter(({ wave }) => wave !== null)) {
      expect(text).toContain(`system:serviceaccount:${namespace}:${serviceAccount} yes yes`);
      expect(text).toContain(
        `aws:RequestTag/kubernetes-namespace is ${namespace} and aws:RequestTag/kubernetes-service-account is ${serviceAccount} no yes`,
      );
    }
  });

  it('counts the checks of a real run, and the use that CloudTrail saw', () => {
    expect(textOf(PAGE)).toContain('proof: 108 of 108 checks passed');
    expect(textOf(PAGE)).toContain('use seen by CloudTrail: 36 of 36 service accounts');
  });

  it('has a page for a report alone', () => {
    const page = renderPage(RUN.report);
    expect(textOf(page)).toContain('wave 1 (canary)');
    expect(page).not.toContain('id="options"');
  });

  it('is the same for the same report', () => {
    expect(renderPage(RUN.report, { facts: RUN.facts, version: '1.2.3' })).toBe(PAGE);
  });

  it('lets in its own style and script alone', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(PAGE)?.[1]?.replaceAll('&#39;', "'");
    const hash = (tag: string): string => {
      const text = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(PAGE)?.[1] ?? '';
      return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    };
    expect(policy).toBe(
      `default-src 'none'; style-src ${hash('style')}; script-src ${hash('script')}; img-src data:; base-uri 'none'; form-action 'none'`,
    );
    expect(PAGE).not.toMatch(/ style=| on[a-z]+=|<link rel="stylesheet"|src=/);
  });
});

describe('the page of a plan', () => {
  const report = buildPlanReport(PLAN, {
    runId: 'run1',
    status: 'planned',
    startedAt: PLAN.madeAt,
    endedAt: PLAN.madeAt,
    calls: { eks: 1, iam: 1, sts: 0, kubernetes: 1, cloudtrail: 0 },
    promises: null,
  });

  it('says what would change, in which waves, and how it is carried out', () => {
    const page = renderPage(report, { actions: [{ text: 'carry the plan out', command: `podshift run --name '"a"' --approve` }] });
    const text = textOf(page).replaceAll(/\s+/g, ' ');
    expect(text).toContain('36 would migrate');
    expect(text).toContain('Each wave soaks for 15 min before the next one begins.');
    expect(text).toContain('What would change');
    expect(text).toContain('podshift run --name \'"a"\' --approve');
    expect(text).not.toMatch(/not written|written at|Evidence|proof:/);
  });
});

describe('hostile names', () => {
  const { report, facts } = hostileRun();
  const page = renderPage(report, { facts, version: HOSTILE, actions: [{ text: HOSTILE, command: HOSTILE }] });

  it('are shown, and make no element and no attribute', () => {
    const benign = finishedRun(manyPlan(4));
    const markup = (html: string): string => html.replaceAll(/<(style|script)>.*?<\/\1>/gs, '');
    // Every tag is whole, with its attributes in quotes, so that no text of a name is one.
    const tags = (html: string): RegExpMatchArray[] => [
      ...markup(html).matchAll(/<(\/?[a-z0-9]+|!doctype html)((?: [a-zA-Z-]+(?:="[^"<>]*")?)*) ?\/?>/g),
    ];
    const shapes = (html: string): string[] => [
      ...new Set(tags(html).map(([, name, attributes]) => `${name} ${String(attributes).replaceAll(/="[^"]*"/g, '')}`)),
    ];
    expect(tags(page)).toHaveLength(markup(page).split('<').length - 1);
    const known = [renderPage(benign.report, { facts: benign.facts }), PAGE].flatMap(shapes);
    expect(
      shapes(page).filter(
        (shape) => !known.includes(shape) && !/^(\/?(del|ins|b|p|pre|li|h3|dl|code|section)|(pre|p|li) {2}class)/.test(shape),
      ),
    ).toEqual([]);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page.match(/<\/script/g)).toHaveLength(1);
    expect(textOf(page).split(HOSTILE_SHOWN).length).toBeGreaterThan(60);
  });

  it('leave no character that a screen hides or that turns the order about', () => {
    expect(page.replaceAll(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });
});
