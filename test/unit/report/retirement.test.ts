import { describe, expect, it } from 'vitest';
import { finding } from '../../../src/model/findings.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { planReport, type RetirementReport, runReport } from '../../../src/model/report.ts';
import type { RetirementPlan, RetirementRecord } from '../../../src/model/retirement.ts';
import { renderReport } from '../../../src/report/render.ts';
import { buildPlanReport } from '../../../src/report/report.ts';
import { describeRetirement, tellRetirement } from '../../../src/report/retirement.ts';
import { retirementRows } from '../../../src/report/retirement-text.ts';
import type { AnyReport } from '../../../src/report/summary.ts';
import { CLUSTER, roleArn } from '../fixtures/report-fixtures.ts';

const NODES = roleArn('nodes');
const SCREEN = { columns: 200, color: false };
const named = JSON.stringify({ Statement: [{ Principal: { AWS: NODES } }] });
const retirement: RetirementPlan = {
  mechanism: 'kube2iam',
  decision: 'retire',
  reason: '',
  daemons: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'kube-system', name: 'kube2iam', action: 'stop' }],
  rule: {
    interceptor: 'DaemonSet/kube-system/kube2iam',
    namespace: 'kube-system',
    name: 'kube2iam',
    image: 'jtblin/kube2iam:0.11.1',
    arguments: ['-p', 'tcp', '--to-destination', '$(HOST_IP):8181', '-i', 'eni+'],
    removedByDaemon: false,
    nodeNames: ['node-b', 'node-a'],
  },
  principals: [NODES],
  roles: [
    { roleArn: roleArn('reader'), serviceAccounts: ['pier/api'], trustBefore: named, trustAfter: '{}' },
    { roleArn: roleArn('writer'), serviceAccounts: ['pier/web'], trustBefore: named, trustAfter: '{}' },
  ],
  findings: [finding('PS738', 'DaemonSet/kube-system/kube2iam', 'pods will reach instance metadata')],
};
const refused: RetirementPlan = {
  ...retirement,
  decision: 'refuse',
  reason: 'Deployment/pier/web asks kube2iam for the role writer',
  rule: null,
  findings: [finding('PS731', 'Deployment/pier/web', 'Deployment/pier/web asks kube2iam for the role writer')],
};
const plan = (changes: Partial<Plan> = {}): Plan => ({
  clusterArn: CLUSTER,
  clusterName: 'pier',
  region: 'eu-central-1',
  madeAt: '2026-01-05T09:00:00.000Z',
  digest: 'd1',
  options: migrationOptions.parse({}),
  agent: { action: 'ready', addonVersion: null, nodeNames: [] },
  units: [],
  roles: [{ roleArn: roleArn('reader'), roleName: 'reader', trustBefore: named, trustAfter: '{}', waves: [] }],
  findings: retirement.findings,
  waves: 0,
  retirement,
  ...changes,
});
const record = (changes: Partial<RetirementRecord> = {}): RetirementRecord => ({
  plan: retirement,
  status: 'retired',
  reason: '',
  since: {},
  nodes: {
    'node-a': { removed: 1, intercepted: false, answered: 401, tries: 0, message: '', heard: '' },
    'node-c': { removed: 0, intercepted: false, answered: 200, tries: 0, message: '', heard: '' },
  },
  oldPods: [],
  ...changes,
});
const evidence = (passed: boolean, problem?: string) =>
  new Map([
    [roleArn('writer'), [{ grade: 3 as const, kind: 'cloudtrail', passed, at: 'now', facts: problem === undefined ? {} : { problem } }]],
  ]);
const roles = new Map([[roleArn('reader'), { runId: 'r', roleArn: roleArn('reader'), trustBefore: named, trustAfter: '{}', blocked: '' }]]);
const facts = {
  runId: 'r',
  status: 'planned',
  startedAt: 'a',
  endedAt: 'b',
  calls: { eks: 0, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 },
  promises: null,
} as const;

/** A run's report with this retirement, the rest as it may be. */
const runOf = (section: RetirementReport, status: 'migrated' | 'held' | 'needs-operator' = 'migrated'): AnyReport => {
  const { units: _units, kind: _kind, ...rest } = buildPlanReport(plan(), facts);
  return runReport.parse({ ...rest, kind: 'RunReport', units: [], retirement: section, run: { ...rest.run, status } });
};

describe('a retirement in a report', () => {
  it('is planned: what would go', () => {
    const report = buildPlanReport(plan(), facts);
    expect(planReport.parse(report).retirement).toMatchObject({
      daemon: 'kube2iam',
      status: 'planned',
      rule: { removal: 'iptables -t nat -D PREROUTING -p tcp --to-destination NODE_ADDRESS:8181 -i eni+', image: 'jtblin/kube2iam:0.11.1' },
      nodes: [
        { name: 'node-a', removed: null, answered: null },
        { name: 'node-b', removed: null, answered: null },
      ],
      roles: [{ status: 'pending' }, { status: 'pending' }],
    });
    const text = renderReport(report, 'table', SCREEN);
    expect(text).toContain('retiring kube2iam: would be retired');
    expect(text).toContain("1 trust policy would lose the daemon's principals");
  });

  it('is refused, with the reason and no rule', () => {
    const report = buildPlanReport(plan({ retirement: refused, findings: refused.findings }), facts);
    expect(report.retirement).toMatchObject({ status: 'refused', reason: refused.reason, rule: null, nodes: [] });
    const text = renderReport(report, 'table', SCREEN);
    expect(text).toContain('retiring kube2iam: needed still');
    expect(text).toContain('see to what the findings name');
  });

  it('has come about: rules, proofs, and what became of each principal', () => {
    const told = tellRetirement(plan(), { record: record(), roles, evidence: evidence(false, 'nobody used it') });
    expect(told.section.retirement).toMatchObject({
      status: 'retired',
      nodes: [
        { name: 'node-a', removed: 1 },
        { name: 'node-b', removed: null },
        { name: 'node-c', answered: 200 },
      ],
      roles: [
        { roleArn: roleArn('reader'), status: 'removed', reason: '' },
        { roleArn: roleArn('writer'), status: 'kept', reason: 'nobody used it' },
      ],
    });
    expect(told.findings.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'PS738 pods will reach instance metadata',
      `PS741 the trust policy of ${roleArn('writer')} keeps ${NODES}: nobody used it`,
    ]);
    const report = runOf(told.section.retirement as RetirementReport);
    const wide = renderReport(report, 'wide', SCREEN);
    expect(wide).toContain('rule removed on 1; instance metadata answers pods on 2; without a token (IMDSv1) on node-c');
    expect(wide).toContain('2 trust policies: 1 removed, 1 kept');
    expect(wide).toMatch(/role\/writer +pier\/web +kept/);
    expect(wide).toContain('podshift rollback r --approve');
    const markdown = renderReport(report, 'markdown', SCREEN);
    expect(markdown).toContain('## Retiring kube2iam: retired');
    expect(markdown).toContain('nobody used it');
  });

  it('drops what was foreseen where the run has found out better', () => {
    const other = finding('PS601', 'Pod/pier/x', 'asks');
    const foreseen = plan({ findings: [...refused.findings, other], retirement: refused });
    expect(tellRetirement(foreseen, { record: record(), roles, evidence: new Map() }).findings.map(({ code }) => code)).toEqual([
      'PS601',
      'PS738',
    ]);
    expect(tellRetirement(foreseen, { record: undefined, roles, evidence: new Map() }).findings).toHaveLength(2);
    expect(tellRetirement(undefined, { record: undefined, roles, evidence: new Map() })).toEqual({ findings: [], section: {} });
    const { retirement: _retirement, ...without } = plan();
    expect(tellRetirement(without, { record: undefined, roles, evidence: new Map() }).section).toEqual({});
  });

  it('says of each end what it is', () => {
    const at = (status: RetirementRecord['status'], reason = '') =>
      describeRetirement(retirement, { record: record({ status, reason }), roles, evidence: new Map() });
    const text = (status: RetirementRecord['status']) => renderReport(runOf(at(status, 'node-b is gone')), 'table', SCREEN);
    expect(text('done')).toContain('retired by an earlier run');
    expect(text('restored')).toContain('fix why kube2iam was started again');
    expect(text('needs-operator')).toContain('retiring kube2iam: needs an operator');
    expect(text('restored')).toContain('why       node-b is gone');
  });

  it('is no more than its daemon where nothing else is known', () => {
    const bare = { ...describeRetirement(refused), reason: '', daemons: [], principals: [], roles: [] };
    expect(retirementRows(bare)).toEqual([]);
    expect(renderReport(runOf(bare), 'markdown', SCREEN)).toContain('## Retiring kube2iam: needed still');
    expect(renderReport(runOf(bare), 'wide', SCREEN)).not.toContain('ROLE ');
  });

  it('names three nodes that answer without a token, and counts the others', () => {
    const nodes = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, { ...record().nodes['node-c'], answered: 200 }]));
    const many = describeRetirement(
      { ...retirement, rule: null, daemons: [{ ...retirement.daemons[0], action: 'stopped' } as RetirementPlan['daemons'][number]] },
      {
        record: record({ nodes: nodes as RetirementRecord['nodes'], plan: { ...retirement, rule: null } }),
        roles,
        evidence: evidence(true),
      },
    );
    expect(Object.fromEntries(retirementRows(many)).nodes).toContain('on a, b, c and 1 more');
    expect(many.roles[1]).toMatchObject({ status: 'kept', reason: '' });
    const stopped = describeRetirement({
      ...retirement,
      daemons: retirement.daemons.map((daemon) => ({ ...daemon, action: 'stopped' as const })),
      principals: [],
    });
    expect(Object.fromEntries(retirementRows(stopped)).daemon).toContain('(stopped)');
  });
});
