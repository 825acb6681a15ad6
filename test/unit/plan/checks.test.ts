import { describe, expect, it } from 'vitest';
import { FINDINGS, type FindingCode, finding } from '../../../src/model/findings.ts';
import type { WorkloadFacts } from '../../../src/model/inventory.ts';
import type { MigrationOptions } from '../../../src/model/options.ts';
import { type Found, type Place, type Row, row, runChecks } from '../../../src/plan/checks/check.ts';
import { CLUSTER } from '../../../src/plan/checks/cluster.ts';
import { DRIFT } from '../../../src/plan/checks/drift.ts';
import { LEFTOVERS } from '../../../src/plan/checks/leftovers.ts';
import { ADDON, IRSA, METADATA } from '../../../src/plan/checks/mechanisms.ts';
import { USES } from '../../../src/plan/checks/metadata-uses.ts';
import { CLUSTER_BLOCKERS } from '../../../src/plan/checks/platform.ts';
import { HOLD_REASONS, REFUSAL_REASONS, tellingOrder } from '../../../src/plan/checks/reasons.ts';
import { CONSEQUENCES, OBSTACLES } from '../../../src/plan/checks/retirement.ts';
import { ROLE_CHANGES, TOGETHER } from '../../../src/plan/checks/whole-plan.ts';
import { inventory, node, planOf, serviceAccount, unitOf, workload } from '../fixtures/plan-inventories.ts';

type Codes = readonly Pick<Row<never>, 'code' | 'when'>[];

const TABLES: Readonly<Record<string, Codes>> = {
  'units of IRSA': IRSA,
  'units of add-ons': ADDON,
  'units of kube2iam and kiam': METADATA,
  'workloads that a daemon serves': USES,
  'the cluster': CLUSTER,
  'what was left behind': LEFTOVERS,
  'what holds every unit': CLUSTER_BLOCKERS,
  'roles that change': ROLE_CHANGES,
  'obstacles of a retirement': OBSTACLES,
  'consequences of a retirement': CONSEQUENCES,
  'two scans': DRIFT,
};

/** Codes of a role's trust policy once it is planned: src/plan/roles.ts has them, by the problems and warnings of src/trust. */
const OF_TRUST = ['PS204', 'PS205', 'PS206', 'PS207', 'PS208', 'PS210', 'PS211', 'PS212'];

/** What a snapshot does not tell: cli/snapshot-findings.ts. */
const OF_SNAPSHOT = ['PS901', 'PS902'];

/** What the options choose and the cluster does not have: src/plan/plan.ts. */
const OF_OPTIONS = ['PS903'];

/** What EKS does to every plan (src/plan/plan.ts), and what a run alone can tell (src/report). */
const OF_RUN = ['PS911', 'PS912', 'PS913', 'PS914', 'PS915', 'PS916'];

const ALL = Object.keys(FINDINGS) as FindingCode[];

describe('the tables of checks', () => {
  it.each(Object.entries(TABLES))('list the checks of %s in the order of the findings', (_, table) => {
    const codes = table.map(({ code }) => code);
    expect(codes).toEqual([...codes].sort((a, b) => ALL.indexOf(a) - ALL.indexOf(b)));
  });

  it('have a row for every finding', () => {
    const rows = [...Object.values(TABLES).flat(), ...TOGETHER].map(({ code }) => code);
    expect([...new Set([...rows, ...OF_TRUST, ...OF_SNAPSHOT, ...OF_OPTIONS, ...OF_RUN])].sort()).toEqual(ALL);
  });

  it('tell nothing that holds a unit only where it migrates', () => {
    const rows = [...IRSA, ...ADDON, ...METADATA].filter(({ when }) => when === 'if-migrated');
    expect(rows.map(({ code }) => FINDINGS[code].severity)).not.toContain('blocker');
  });

  it('say a finding of the code of its row, as often as the check does', () => {
    const table: Row<string>[] = [
      row('PS101', () => undefined),
      row('PS102', (subject) => ({ subject, message: 'one', remedy: 'do it' })),
      row('PS103', (subject) => [
        { subject, message: 'two' },
        { subject, message: 'three', place: [1, 2] },
      ]),
    ];
    expect(runChecks(table, 'Role/x')).toEqual([
      { finding: finding('PS102', 'Role/x', 'one', 'do it'), when: 'always', place: [0, 0] },
      { finding: finding('PS103', 'Role/x', 'two'), when: 'always', place: [0, 0] },
      { finding: finding('PS103', 'Role/x', 'three'), when: 'always', place: [1, 2] },
    ]);
  });
});

describe('the order of reasons', () => {
  const found = (code: FindingCode, place: Place = [0, 0]): Found => ({ finding: finding(code, 'x', ''), when: 'always', place });
  const order = (...all: Found[]) =>
    tellingOrder([['PS102', 'PS101'], ['PS103']])(all).map(({ finding: { code }, place }) => `${code} ${place}`);

  it('goes line by line, and on a line workload by workload', () => {
    expect(order(found('PS103'), found('PS101'), found('PS102', [1, 0]), found('PS102'))).toEqual([
      'PS102 0,0',
      'PS101 0,0',
      'PS102 1,0',
      'PS103 0,0',
    ]);
  });

  it('tells a code that no line has after all others, in the order of the table', () => {
    expect(order(found('PS105'), found('PS104'), found('PS103', [7, 0]))).toEqual(['PS103 7,0', 'PS105 0,0', 'PS104 0,0']);
  });

  it.each([HOLD_REASONS, REFUSAL_REASONS])('names each blocker once', (reasons) => {
    const codes = reasons.flat();
    expect(codes).toEqual([...new Set(codes)]);
    expect(codes.map((code) => FINDINGS[code].severity)).toEqual(codes.map(() => 'blocker'));
  });

  it('has a line for every blocker that a table can tell', () => {
    const told = [IRSA, ADDON, METADATA, USES, CLUSTER_BLOCKERS].flat().filter(({ code }) => FINDINGS[code].severity === 'blocker');
    expect([...new Set(told.map(({ code }) => code))].sort()).toEqual([...HOLD_REASONS.flat()].sort());
    expect([...new Set(OBSTACLES.map(({ code }) => code))].sort()).toEqual([...REFUSAL_REASONS.flat()].sort());
  });
});

describe('the reason of a unit that several blockers hold', () => {
  const bare = { kind: 'Pod', replicas: null } as const;
  const env = { kind: 'env', container: 'app', name: 'AWS_PROFILE' } as const;
  const profile = { kind: 'profile-mount', container: 'app', name: '/root/.aws' } as const;
  const cases: Record<string, [Partial<WorkloadFacts>[], Partial<MigrationOptions>, string]> = {
    'an override, ahead of a missing controller': [[{ ...bare, overrides: [env] }], {}, 'sets the variable'],
    'the override that was seen first': [[{ overrides: [profile, env] }], {}, 'mounts a profile'],
    'what the first workload has': [[{ windows: true }, { overrides: [env] }], {}, 'run on Windows'],
    'an override, ahead of where the pods run': [[{ windows: true, overrides: [env] }], {}, 'sets the variable'],
    'a proxy, ahead of the way to restart': [[bare, { proxied: ['app'] }], {}, 'HTTP proxy'],
    'the downtime, ahead of the update strategy': [[{ strategy: 'OnDelete', replicas: 1 }], { holdDowntime: true }, 'has one replica'],
    'the first way to restart that is not there': [[{ paused: true }, bare], {}, 'is paused'],
  };
  it.each(Object.entries(cases))('is %s', (_, [workloads, options, reason]) => {
    const used = workloads.map((changes, index) => workload(`shop/w${index}`, { serviceAccount: 'api', ...changes }));
    expect(unitOf(planOf(inventory({ workloads: used }), options)).reason).toContain(reason);
  });

  it('is the role, ahead of all', () => {
    const facts = { serviceAccounts: [serviceAccount('shop/api', 'gone')], workloads: [workload('shop/api', { windows: true })] };
    expect(unitOf(planOf(inventory(facts))).reason).toContain('does not exist (and 1 more)');
  });
});

describe('what a cluster of IPv6 is told', () => {
  const cluster = { ...inventory().cluster, ipFamily: 'ipv6' };
  const messages = (facts: Parameters<typeof inventory>[0]) => planOf(inventory({ cluster, ...facts })).findings;

  it('is the address that its pods ask', () => {
    const [proxied] = messages({ workloads: [workload('shop/api', { proxied: ['app'] })] });
    expect(proxied?.message).toContain('does not name fd00:ec2::23');
  });

  it('is no way to turn IPv6 off', () => {
    const agent = { ...inventory().agent, restarting: ['node-a'] };
    const restarting = messages({ agent }).find(({ code }) => code === 'PS415');
    expect(restarting?.remedy).toBe(FINDINGS.PS415.remedy);
  });

  it('is that the agent is installed with the defaults of EKS', () => {
    const agent = { addon: null, daemonSet: null, defaultVersion: 'v1.3.8-eksbuild.2', settings: ['ipv4-only'] as const };
    const installed = messages({ agent }).find(({ code }) => code === 'PS402');
    expect(installed?.message).toBe('the cluster has no Pod Identity agent; the add-on is installed in version v1.3.8-eksbuild.2');
  });
});

describe('what a cluster of IPv4 is told', () => {
  const planned = (listens: 'ipv4' | 'both') => {
    const agent = { ...inventory().agent, listens, restarting: ['node-a'] };
    return planOf(inventory({ agent, cluster: { ...inventory().cluster, ipFamily: 'ipv4' } }));
  };
  const remedies = (listens: 'ipv4' | 'both') => planned(listens).findings.find(({ code }) => code === 'PS415')?.remedy;

  it('is how to turn IPv6 off, unless the agent does without', () => {
    expect(remedies('both')).toContain('If IPv6 is off on that node');
    expect(remedies('ipv4')).toBe(FINDINGS.PS415.remedy);
  });

  it('is no blocker where the agent listens on IPv4 alone', () => {
    expect(unitOf(planned('ipv4')).decision).toBe('migrate');
  });
});

describe('the agent of hybrid nodes', () => {
  it('is another one on Bottlerocket', () => {
    const agent = { addon: null, daemonSet: null, defaultVersion: 'v1.3.8-eksbuild.2', settings: ['hybrid-bottlerocket'] as const };
    const nodes = [node('node-a', { class: 'hybrid', bottlerocket: true, agentReady: false })];
    const plan = planOf(inventory({ agent, nodes, workloads: [workload('shop/api', { nodeNames: ['node-a'] })] }));
    expect(plan.agent).toMatchObject({ action: 'install', nodeNames: ['node-a'] });
    expect(plan.agent.configuration).toContain('hybrid-bottlerocket');
  });
});
