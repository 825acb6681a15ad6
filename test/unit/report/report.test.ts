import { describe, expect, it } from 'vitest';
import { planReport, runReport } from '../../../src/model/report.ts';
import type { Evidence } from '../../../src/model/run.ts';
import { buildPlanReport, buildReport, subjectsOf } from '../../../src/report/report.ts';
import { CLUSTER, journal, plan, roleArn, trust, unit } from '../fixtures/report-fixtures.ts';

const KEPT = { credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 };
const proof: Evidence = { grade: 1, kind: 'dry-run', passed: true, at: '2026-03-02T10:02:00.000Z', facts: { seen: 5 } };
const ended = {
  'quay/tickets': {},
  'quay/gates': { status: 'rolled-back', reason: 'the probe pod got the role of its node' },
  'dock/lamps': {},
  'dock/cranes': { status: 'held', reason: 'the container crane sets AWS_ROLE_ARN by hand' },
} as const;
const tickets = {
  runId: 'run1',
  roleArn: roleArn('pier-tickets'),
  trustBefore: trust('quay/tickets'),
  trustAfter: trust('quay/tickets', true),
  blocked: '',
};

describe('buildReport', () => {
  it('tells a finished run in the published shape', async () => {
    const report = await buildReport(
      journal({ units: ended, roles: [tickets], evidence: new Map([['quay/tickets', [proof]]]) }),
      'run1',
      KEPT,
    );

    expect(runReport.parse(report)).toEqual(report);
    expect(report.run).toEqual({
      id: 'run1',
      status: 'migrated',
      cluster: CLUSTER,
      digest: 'd'.repeat(64),
      startedAt: '2026-03-02T10:00:00.000Z',
      endedAt: '2026-03-02T10:12:30.000Z',
    });
    expect(
      report.units.map(({ namespace, serviceAccount, status, wave, reason }) => [`${namespace}/${serviceAccount}`, status, wave, reason]),
    ).toEqual([
      ['dock/cranes', 'held', null, 'the container crane sets AWS_ROLE_ARN by hand'],
      ['dock/lamps', 'migrated', null, 'already associated'],
      ['quay/gates', 'rolled-back', 0, 'the probe pod got the role of its node'],
      ['quay/tickets', 'migrated', 1, ''],
    ]);
    expect(report.units[3]?.workloads).toEqual([
      { kind: 'Deployment', name: 'tickets-api' },
      { kind: 'StatefulSet', name: 'tickets-ledger' },
    ]);
    expect(report.units[3]?.evidence).toEqual([proof]);
    expect(report.calls).toEqual({ eks: 20, iam: 9, sts: 8, kubernetes: 120, cloudtrail: 0 });
    expect(report.promises).toEqual(KEPT);
  });

  it('says why a run stands so that has no units, and leaves it to the units where it has some', async () => {
    const refused = { status: 'held', reason: 'the harbour is held by run0' } as const;
    const without = await buildReport(journal({ run: refused, units: {}, plan: undefined }), 'run1', null);
    expect(runReport.parse(without)).toEqual(without);
    expect(without).toMatchObject({ run: { reason: 'the harbour is held by run0' }, units: [] });
    expect((await buildReport(journal({ run: refused, units: ended }), 'run1', null)).run).not.toHaveProperty('reason');
  });

  it('says of a run that ended between its plan and the records of its units that they are held, and why', async () => {
    const over = await buildReport(journal({ run: { status: 'held', reason: 'the power was cut' }, units: {} }), 'run1', null);
    expect(over.units.filter(({ status }) => status === 'pending')).toEqual([]);
    expect(over.units.find(({ serviceAccount }) => serviceAccount === 'tickets')).toMatchObject({
      status: 'held',
      reason: 'the power was cut',
    });
    for (const run of [{ status: 'running', endedAt: null }, { status: 'planned' }] as const) {
      const open = await buildReport(journal({ run, units: {} }), 'run1', null);
      expect(open.units.find(({ serviceAccount }) => serviceAccount === 'tickets')).toMatchObject({ status: 'pending', reason: '' });
    }
  });

  it('lists each role whose trust changed or was found in need of change, with the trust as last read back', async () => {
    const gates = { ...tickets, roleArn: roleArn('pier-gates'), trustBefore: trust('quay/gates'), trustAfter: trust('quay/gates') };
    const lamps = { ...tickets, roleArn: roleArn('pier-lamps'), trustBefore: trust('dock/lamps'), trustAfter: trust('dock/lamps') };
    const gone = { ...tickets, roleArn: roleArn('not-planned') };

    const report = await buildReport(journal({ units: ended, roles: [tickets, lamps, gone, gates] }), 'run1', null);

    expect(report.roles).toEqual([
      { roleArn: gone.roleArn, trustBefore: gone.trustBefore, trustAfter: gone.trustAfter },
      { roleArn: gates.roleArn, trustBefore: gates.trustBefore, trustAfter: gates.trustBefore },
      { roleArn: tickets.roleArn, trustBefore: tickets.trustBefore, trustAfter: tickets.trustAfter },
    ]);
  });

  it('tells a run that ended before it had a plan', async () => {
    const report = await buildReport(
      journal({ plan: undefined, run: { clusterArn: '', status: 'running', digest: '', endedAt: null } }),
      'run1',
      null,
    );

    expect(runReport.parse(report)).toEqual(report);
    expect(report).toMatchObject({
      run: { cluster: '', status: 'running', digest: '', endedAt: null },
      units: [],
      roles: [],
      findings: [],
      promises: null,
    });
  });

  it('takes units from the plan while the journal has none, and the cluster with them', async () => {
    const report = await buildReport(journal({ run: { clusterArn: '', status: 'running' } }), 'run1', null);

    expect(report.run.cluster).toBe(CLUSTER);
    expect(report.units.map((one) => one.status)).toEqual(['held', 'migrated', 'pending', 'pending']);
    expect(report.roles.map((role) => role.trustAfter)).toEqual([trust('quay/gates'), trust('quay/tickets')]);
  });

  it('keeps a unit that only the journal knows', async () => {
    const report = await buildReport(journal({ plan: undefined, units: { 'quay/late': { status: 'running' } } }), 'run1', null);
    expect(report.units).toMatchObject([{ serviceAccount: 'late', status: 'running' }]);
  });

  it('has for every code of a unit a finding about the service account, a workload or the role', async () => {
    const report = await buildReport(journal({ units: ended }), 'run1', null);

    for (const one of report.units) {
      const subjects = subjectsOf(one);
      for (const code of one.findings)
        expect(report.findings.some((finding) => finding.code === code && subjects.has(finding.subject))).toBe(true);
    }
    expect(report.units[0]?.findings).toEqual(['PS104', 'PS301']);
    expect(report.findings.map((finding) => [finding.code, finding.subject])).toEqual([
      ['PS104', 'ServiceAccount/dock/cranes'],
      ['PS112', 'ServiceAccount/dock/lamps'],
      ['PS301', 'Deployment/dock/cranes'],
      ['PS319', 'Deployment/quay/tickets'],
      ['PS402', 'Addon/eks-pod-identity-agent'],
    ]);
  });

  it('orders what was widened, and keeps no hold on the journal’s objects', async () => {
    const promises = { credentialGapSeconds: 3, widenedPrincipals: ['b: x', 'a: y'], foreignWrites: 1 };
    const report = await buildReport(journal({}), 'run1', promises);
    expect(report.promises?.widenedPrincipals).toEqual(['a: y', 'b: x']);
    expect(promises.widenedPrincipals).toEqual(['b: x', 'a: y']);
  });

  it('lists a finding once, however often it was found', async () => {
    const twice = plan();
    const report = await buildReport(journal({ plan: { ...twice, findings: [...twice.findings, ...twice.findings] } }), 'run1', null);
    expect(report.findings).toHaveLength(5);
  });
});

describe('buildPlanReport', () => {
  const facts = {
    runId: 'run2',
    status: 'planned',
    startedAt: '2026-03-02T10:00:00.000Z',
    endedAt: null,
    calls: { eks: 1, iam: 2, sts: 3, kubernetes: 4, cloudtrail: 0 },
    promises: null,
  } as const;

  it('tells a plan in the published shape: the same without evidence', () => {
    const report = buildPlanReport(plan(), facts);

    expect(planReport.parse(report)).toEqual(report);
    expect(report).toMatchObject({
      kind: 'Plan',
      run: { id: 'run2', status: 'planned', cluster: CLUSTER, digest: 'd'.repeat(64), endedAt: null },
    });
    expect(report.units.map((one) => one.status)).toEqual(['held', 'migrated', 'pending', 'pending']);
    expect(report.roles).toEqual([
      { roleArn: roleArn('pier-gates'), trustBefore: trust('quay/gates'), trustAfter: trust('quay/gates', true) },
      { roleArn: roleArn('pier-tickets'), trustBefore: trust('quay/tickets'), trustAfter: trust('quay/tickets', true) },
    ]);
  });

  it('is the same for the same plan, in whatever order it came', () => {
    const turned = plan();
    const other = buildPlanReport(
      { ...turned, units: [...turned.units].reverse(), roles: [...turned.roles].reverse(), findings: [...turned.findings].reverse() },
      facts,
    );
    expect(JSON.stringify(other)).toBe(JSON.stringify(buildPlanReport(plan(), facts)));
  });

  it('sorts names that share a beginning by namespace, then by name', () => {
    const report = buildPlanReport(plan({ units: [unit('b/a'), unit('a-b/c'), unit('a/z'), unit('a/b')], findings: [] }), {
      ...facts,
      promises: KEPT,
    });
    expect(report.units.map((one) => `${one.namespace}/${one.serviceAccount}`)).toEqual(['a/b', 'a/z', 'a-b/c', 'b/a']);
    expect(report.promises).toEqual(KEPT);
  });
});
