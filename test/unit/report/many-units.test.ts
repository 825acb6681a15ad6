import { describe, expect, it } from 'vitest';
import { FINDINGS } from '../../../src/model/findings.ts';
import type { WorkloadFacts } from '../../../src/model/inventory.ts';
import type { PlanReport } from '../../../src/model/report.ts';
import { renderReport } from '../../../src/report/render.ts';
import { buildPlanReport } from '../../../src/report/report.ts';
import { buildScanReport, renderScan } from '../../../src/report/scan.ts';
import { createPalette } from '../../../src/report/text.ts';
import { inventory, planOf, role, roleArn, serviceAccount, workload } from '../fixtures/plan-inventories.ts';

const PIPE = { columns: Number.POSITIVE_INFINITY, color: false };
const TERMINAL = { columns: 120, color: false };

/** What is wrong with a service account, by its number: a mix as large clusters have it. */
const TROUBLES: readonly Partial<WorkloadFacts>[] = [
  {},
  { replicas: 1 },
  { overrides: [{ kind: 'env', container: 'app', name: 'AWS_ROLE_ARN' }] },
  { overrides: [{ kind: 'web-identity', container: 'app', name: 'argument --provider' }] },
  { kind: 'StatefulSet', strategy: 'OnDelete' },
  { kind: 'StatefulSet', partition: 1 },
  { fargate: 'profile batch' },
  { windows: true },
  { strategy: 'Recreate' },
  { overrides: [{ kind: 'secret-env', container: 'app', name: 'settings' }] },
  { proxied: ['app'] },
  { cutOffBy: ['NetworkPolicy/shop/default-deny'] },
  { owners: [{ kind: 'argo-cd', name: 'shop' }] },
  { paused: true },
  { images: [{ container: 'app', image: 'registry.k8s.io/external-dns/external-dns:v0.13.0' }] },
];

const idOf = (number: number): string => `team-${number % 12}-payments-and-settlement/checkout-worker-service-${number}`;
const ids = Array.from({ length: 150 }, (_, number) => idOf(number));

/** A cluster of 150 annotated service accounts with long names, several workloads each and every common finding. */
const CLUSTER = inventory({
  serviceAccounts: ids.map((id, number) =>
    serviceAccount(id, `production-checkout-worker-role-${number}`, {
      owners: number % 3 === 0 ? [{ kind: 'helm', name: `release-${number}` }] : [],
    }),
  ),
  workloads: ids.flatMap((id, number) => [
    workload(id, TROUBLES[number % TROUBLES.length]),
    workload(`${id}-cron`, { kind: 'CronJob', serviceAccount: id.split('/')[1] ?? '' }),
    workload(`${id}-admin`, { serviceAccount: id.split('/')[1] ?? '' }),
  ]),
  roles: ids.flatMap((id, number) => (number % 25 === 7 ? [] : [role(`production-checkout-worker-role-${number}`, [id])])),
  legacy: ids.map((id) => ({ subject: `Deployment/${id}-old`, kind: 'annotation', name: 'old' })),
});
const PLAN = planOf(CLUSTER);

function report(): PlanReport {
  return buildPlanReport(PLAN, {
    runId: 'run1',
    status: 'planned',
    startedAt: PLAN.madeAt,
    endedAt: PLAN.madeAt,
    calls: { eks: 9, iam: 200, sts: 0, kubernetes: 30, cloudtrail: 0 },
    promises: null,
  });
}

const linesOf = (text: string): string[] => text.trimEnd().split('\n');

describe('the plan of 150 service accounts', () => {
  it('is at most 300 lines of 120 columns', () => {
    const lines = linesOf(renderReport(report(), 'table', TERMINAL));
    expect(report().units).toHaveLength(150);
    expect(new Set(report().findings.map(({ code }) => code)).size).toBeGreaterThan(15);
    expect(lines.length).toBeLessThanOrEqual(300);
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
  });

  it('is at most 300 lines of 80 columns, each service account on one with its name in one piece', () => {
    const lines = linesOf(renderReport(report(), 'table', { columns: 80, color: false }));
    expect(lines.length).toBeLessThanOrEqual(300);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    for (const id of ids) expect(lines.filter((line) => new RegExp(`^${id} +(\\d+|-) +\\S`).test(line))).toHaveLength(1);
    expect(lines.some((line) => line === 'by, roles and workloads: see "-o wide"')).toBe(true);
  });

  it('shortens names in their middle where a line has no room for them', () => {
    const lines = linesOf(renderReport(report(), 'table', { columns: 60, color: false }));
    const rows = lines.filter((line) => /^team-/.test(line));
    expect(rows.filter((line) => line.length > 60)).toEqual([]);
    expect(rows.filter((line) => /^team-\S+…\S+ +(\d+|-) +\S/.test(line)).length).toBeGreaterThan(140);
  });

  it('has a line for each service account, with its name in one piece', () => {
    const lines = linesOf(renderReport(report(), 'table', TERMINAL));
    for (const id of ids) expect(lines.filter((line) => line.startsWith(`${id} `))).toHaveLength(1);
  });

  it('tells each code once, with one remedy, a count and the first subjects', () => {
    const text = renderReport(report(), 'table', PIPE);
    const lines = linesOf(text);
    const group = lines.findIndex((line) => /^ {2}PS301 /.test(line));
    expect(lines[group]).toBe(`  PS301 ${FINDINGS.PS301.title} (10): ${[107, 47, 122].map(idOf).join(', ')} and 7 more`);
    expect(lines[group + 1]).toBe(`          -> ${FINDINGS.PS301.remedy}`);
    expect(text.split(`-> ${FINDINGS.PS301.remedy}`)).toHaveLength(2);
    for (const code of Object.keys(FINDINGS)) {
      const heads = lines.filter((line) => new RegExp(`^ +((warning|blocker) )?${code} `).test(line));
      expect(heads.length, code).toBeLessThanOrEqual(1);
    }
  });

  it('counts what is found of a shared role once', () => {
    const [first, second, ...others] = report().units.filter(({ status }) => status === 'held');
    if (first === undefined || second === undefined) throw new Error('no held units');
    const shared = [first, { ...second, roleArn: first.roleArn }].map((unit) => ({ ...unit, findings: ['PS207'] }));
    const findings = ['a', 'b', 'c'].map((id) => ({
      ...report().findings[0],
      code: 'PS207',
      severity: 'blocker',
      subject: `Role/${first.roleArn}`,
      message: id,
    }));
    const text = renderReport({ ...report(), units: [...shared, ...others], findings } as PlanReport, 'table', PIPE);
    expect(text).toContain(`  PS207 ${FINDINGS.PS207.title} (3): `);
  });

  it('shows one message where the remedy points to it', () => {
    const text = renderReport(report(), 'table', PIPE);
    expect(text).toMatch(/ {4}such as: container app of .* it was reported to fail.*\n {10}-> Read the report that the message names/);
  });

  it('summarises changes, and shows no trust policy', () => {
    const text = renderReport(report(), 'table', TERMINAL);
    expect(text).toMatch(/trust {5}\d+ trust policies would gain a Pod Identity statement \("-o wide": how\)/);
    expect(text).not.toContain('"Sid"');
    expect(renderReport(report(), 'wide', TERMINAL)).toContain('"Sid"');
  });

  it('has every finding of every service account in wide, JSON and YAML', () => {
    const { findings } = report();
    const wide = renderReport(report(), 'wide', PIPE);
    const yaml = renderReport(report(), 'yaml', PIPE);
    expect(JSON.parse(renderReport(report(), 'json', PIPE)).findings).toEqual(findings);
    for (const { message, code } of findings) {
      expect(wide).toContain(`${code} ${message}`);
      expect(yaml).toContain(message.slice(0, 20));
    }
  });

  it('wraps and cuts nothing for a pipe, in any table', () => {
    for (const format of ['table', 'wide'] as const) {
      const lines = linesOf(renderReport(report(), format, PIPE));
      const rows = lines.filter((line) => /^team.*( would migrate| blocked)$/.test(line));
      expect(rows).toHaveLength(150);
      for (const [index, id] of ids.entries()) {
        const row = rows.find((line) => line.startsWith(`${id} `));
        expect(row).toContain(`production-checkout-worker-role-${index}`);
        expect(row).toContain(`${id.split('/')[1]}-admin`);
        expect(row).toContain(`${id.split('/')[1]}-cron`);
      }
      expect(lines.some((line) => line.includes('…'))).toBe(false);
    }
    const wide = renderReport(report(), 'wide', PIPE);
    for (const number of [0, 149]) expect(wide).toContain(roleArn(`production-checkout-worker-role-${number}`));
  });

  it('fits into a comment of a pull request as Markdown, its long tables folded up', () => {
    const text = renderReport(report(), 'markdown', PIPE);
    // GitHub takes 65,536 characters.
    expect(text.length).toBeLessThan(65_536);
    expect(text.match(/^<details>$/gm)).toHaveLength(text.match(/^<\/details>$/gm)?.length ?? 0);
    expect(text).toContain('## Units\n\n<details>\n<summary>all 150</summary>\n\n| Service account |');
    for (const id of ids) expect(text).toContain(`| \`${id}\` |`);
    for (const code of new Set(report().findings.map((one) => one.code))) expect(text).toContain(`| ${code} |`);
    expect(text).toMatch(/### \d+ roles with one service account each, alike/);
  });

  it('is as short as a scan', () => {
    const scan = buildScanReport(CLUSTER, PLAN, { eks: 0, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 });
    const layout = { palette: createPalette(false), wide: false };
    const lines = linesOf(renderScan(scan, { ...layout, columns: 120 }));
    // The cluster has 150 pods more that ask a daemon: a line each.
    expect(lines.length).toBeLessThanOrEqual(450);
    const rows = linesOf(renderScan(scan, { ...layout, columns: Number.POSITIVE_INFINITY }));
    for (const id of ids) expect(rows.filter((line) => line.startsWith(`${id} `))).toHaveLength(1);
  });
});
