import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../src/model/inventory.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { canonicalJson, planDigest } from '../../../src/plan/digest.ts';
import { makePlan } from '../../../src/plan/plan.ts';
import { planRole, type RoleRequest } from '../../../src/plan/roles.ts';
import { assignWaves, type WaveUnit } from '../../../src/plan/waves.ts';
import {
  ACCOUNT,
  CLUSTER,
  clock,
  inventory,
  irsaStatement,
  planOf,
  role,
  roleArn,
  serviceAccount,
  subjectOf,
  trust,
  unitOf,
  workload,
} from '../fixtures/plan-inventories.ts';

const unit = (id: string, changes: Partial<WaveUnit> = {}): WaveUnit => ({
  id,
  namespace: id.split('/')[0] as string,
  addon: null,
  roleArn: roleArn(id),
  restarts: true,
  warnings: 0,
  pods: 2,
  ...changes,
});

const waveUnits = fc.uniqueArray(
  fc.record({
    id: fc
      .tuple(fc.constantFrom('shop', 'kube-system', 'media'), fc.stringMatching(/^[a-z]{1,4}$/))
      .map(([namespace, name]) => `${namespace}/${name}`),
    role: fc.constantFrom('a', 'b', 'c'),
    restarts: fc.boolean(),
    warnings: fc.nat(2),
    pods: fc.nat(5),
  }),
  { selector: ({ id }) => id, maxLength: 40 },
);

describe('waves', () => {
  it('keep the service accounts of one add-on together, add-ons after the others and kube-system after those', () => {
    const addon = (id: string) => unit(id, { addon: id.split('/')[0] ?? '' });
    const waves = assignWaves([addon('ops/a'), addon('ops/b'), unit('kube-system/x'), unit('shop/api'), unit('shop/web')], 10);
    expect(Object.fromEntries(waves)).toEqual({ 'shop/api': 0, 'shop/web': 1, 'ops/a': 2, 'ops/b': 2, 'kube-system/x': 3 });
    expect(new Set(assignWaves([addon('ops/a'), addon('ops/b')], 10).values())).toEqual(new Set([0]));
  });

  it.each([
    ['the unit without warnings', [unit('a/a', { warnings: 1 }), unit('a/b')], 'a/b'],
    ['the one that has something to restart', [unit('a/a', { restarts: false }), unit('a/b', { warnings: 2 })], 'a/b'],
    [
      'the one that shares its role with nobody',
      [unit('a/a', { roleArn: 'r' }), unit('a/b', { roleArn: 'r' }), unit('a/c', { pods: 9 })],
      'a/c',
    ],
    ['the smallest', [unit('a/a', { pods: 3 }), unit('a/b', { pods: 1 })], 'a/b'],
    ['the first by name among equals', [unit('a/b'), unit('a/a')], 'a/a'],
    ['one outside of kube-system, whatever else', [unit('kube-system/a'), unit('z/z', { restarts: false, warnings: 2 })], 'z/z'],
    ['one of kube-system where there is no other', [unit('kube-system/b', { pods: 1 }), unit('kube-system/a')], 'kube-system/b'],
  ])('the canary is %s', (_, units, canary) => {
    const waves = assignWaves(units, 50);
    expect([...waves].filter(([, wave]) => wave === 0).map(([id]) => id)).toEqual([canary]);
  });

  it('puts units of one role next to each other', () => {
    const shared = (id: string, name: string) => unit(id, { roleArn: name });
    const waves = assignWaves(
      [unit('a/canary', { pods: 0, roleArn: 'zz' }), shared('a/a', 'r2'), shared('a/b', 'r1'), shared('a/c', 'r2'), shared('a/d', 'r1')],
      2,
    );
    expect([...waves].sort()).toEqual([
      ['a/a', 2],
      ['a/b', 1],
      ['a/c', 2],
      ['a/canary', 0],
      ['a/d', 1],
    ]);
  });

  it.each([
    ['as an add-on', { addon: 'vpc-cni' }],
    ['by Helm or its manifest', { cni: true }],
  ])('has vpc-cni in the last wave by itself, installed %s', (_, changes) => {
    const units = [unit('kube-system/aws-node', changes), unit('kube-system/zz'), unit('shop/api'), unit('shop/web')];
    const waves = assignWaves(units, 50);
    const last = waves.get('kube-system/aws-node') ?? -1;
    expect([...waves.values()].filter((wave) => wave >= last)).toEqual([last]);
  });

  it.each([
    ['its name', { kind: 'DaemonSet', name: 'aws-node' }],
    [
      'its image',
      {
        kind: 'DaemonSet',
        images: [{ container: 'aws-node', image: '602401143452.dkr.ecr.eu-central-1.amazonaws.com/amazon-k8s-cni:v1.19.0' }],
      },
    ],
  ])('knows vpc-cni of Helm by %s', (_, changes) => {
    const ids = ['kube-system/cni', 'kube-system/zz', 'shop/api', 'shop/web'];
    const facts = inventory({
      serviceAccounts: ids.map((id) => serviceAccount(id, id.replace('/', '-'))),
      workloads: ids.map((id, index) => workload(id, index === 0 ? { ...changes, serviceAccount: 'cni' } : {})),
      roles: ids.map((id) => role(id.replace('/', '-'), [id])),
    });
    const plan = planOf(facts);
    expect(unitOf(plan, 'kube-system/cni').wave).toBe(plan.waves - 1);
    expect(plan.units.filter(({ wave }) => wave === plan.waves - 1)).toHaveLength(1);
  });

  it('has no wave for no unit', () => {
    expect(assignWaves([], 50).size).toBe(0);
  });

  it('holds what design asks of every order', () => {
    fc.assert(
      fc.property(waveUnits, fc.integer({ min: 1, max: 7 }), fc.nat(), (records, waveSize, seed) => {
        const units = records.map(({ role: name, ...record }) => unit(record.id, { ...record, roleArn: name }));
        const waves = assignWaves(units, waveSize);
        // Every unit is in exactly one wave, and the waves have no gap.
        expect([...waves.keys()].sort()).toEqual(units.map(({ id }) => id).sort());
        const sizes = Map.groupBy(waves.values(), (wave) => wave);
        expect([...sizes.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: sizes.size }, (_, wave) => wave));
        // The canary is one, and waves grow from it; none is over the asked size.
        for (const [wave, members] of sizes) expect(members.length).toBeLessThanOrEqual(Math.min(5 ** wave, waveSize));
        // kube-system is last, in waves of its own.
        const of = (system: boolean) =>
          units.filter(({ namespace }) => (namespace === 'kube-system') === system).map(({ id }) => waves.get(id) ?? -1);
        if (of(true).length > 0 && of(false).length > 0) expect(Math.min(...of(true))).toBeGreaterThan(Math.max(...of(false)));
        // The order of the units does not matter.
        const turned = units.map((each, index) => ({ each, key: (index * 7919 + seed) % 101 })).sort((a, b) => a.key - b.key);
        expect(
          assignWaves(
            turned.map(({ each }) => each),
            waveSize,
          ),
        ).toEqual(waves);
      }),
    );
  });
});

/** A cluster of several service accounts, some of which share roles; `order` turns every list of it. */
function bigInventory(count: number, sharing: number): Inventory {
  const ids = Array.from({ length: count }, (_, index) => `${index % 5 === 4 ? 'kube-system' : `team-${index % 3}`}/app-${index}`);
  const roleOf = (index: number) => `role-${Math.floor(index / sharing)}`;
  const roles = Map.groupBy(
    ids.map((id, index) => ({ id, name: roleOf(index) })),
    ({ name }) => name,
  );
  return inventory({
    serviceAccounts: ids.map((id, index) => serviceAccount(id, roleOf(index))),
    workloads: ids.map((id, index) => workload(id, { replicas: 1 + (index % 3) })),
    roles: [...roles].map(([name, members]) =>
      role(
        name,
        members.map(({ id }) => id),
      ),
    ),
  });
}

function turned(facts: Inventory, by: number): Inventory {
  const turn = <T>(list: readonly T[]): T[] =>
    [...list.slice(by % Math.max(1, list.length)), ...list.slice(0, by % Math.max(1, list.length))].reverse();
  return { ...facts, serviceAccounts: turn(facts.serviceAccounts), workloads: turn(facts.workloads), roles: turn(facts.roles) };
}

describe('the plan of many units', () => {
  it('does not depend on the order in which things were listed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(20),
        fc.integer({ min: 1, max: 6 }),
        (count, sharing, by, waveSize) => {
          const facts = bigInventory(count, sharing);
          expect(planOf(turned(facts, by), { waveSize })).toEqual(planOf(facts, { waveSize }));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('admits each migrating service account once, in its own wave, and no other', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 15 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 6 }),
        (count, sharing, waveSize) => {
          const plan = planOf(bigInventory(count, sharing), { waveSize });
          const admitted = plan.roles.flatMap(({ waves }) =>
            waves.flatMap(({ wave, admit }) => admit.map(({ namespace, name }) => `${wave} ${namespace}/${name}`)),
          );
          const migrating = plan.units.filter(({ decision }) => decision === 'migrate').map(({ wave, id }) => `${wave} ${id}`);
          expect(admitted.sort()).toEqual(migrating.sort());
          for (const { trustAfter, waves } of plan.roles) expect(waves.at(-1)?.trustAfter).toBe(trustAfter);
          expect(plan.waves).toBe(Math.max(...plan.units.map(({ wave }) => wave ?? -1)) + 1);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('holds what its role has no room for, and migrates the rest', () => {
    const ids = Array.from({ length: 9 }, (_, index) => `namespace-${index}/service-account-${index}`);
    const facts = inventory({
      serviceAccounts: ids.map((id) => serviceAccount(id, 'shared')),
      workloads: ids.map((id) => workload(id)),
      roles: [role('shared', ids)],
    });
    const plan = planOf(facts, { waveSize: 3 });
    const held = plan.units.filter(({ decision }) => decision === 'hold');
    const migrating = plan.units.filter(({ decision }) => decision === 'migrate');
    expect(held.length).toBeGreaterThan(0);
    expect(migrating.length).toBeGreaterThan(0);
    for (const each of held) expect(each).toMatchObject({ findings: ['PS207'], wave: null });
    expect(plan.roles[0]?.waves.flatMap(({ admit }) => admit).length).toBe(migrating.length);
    const wide = planOf(facts, { waveSize: 3, allowClusterScope: true });
    expect(wide.units.every(({ decision, findings }) => decision === 'migrate' && findings.includes('PS208'))).toBe(true);
    // One statement admits all of them, so only the canary's wave writes.
    expect(wide.roles[0]?.waves.map(({ wave }) => wave)).toEqual([0]);
  });

  it("has as much room in a trust policy as the account's own quota says", () => {
    const ids = Array.from({ length: 9 }, (_, index) => `namespace-${index}/service-account-${index}`);
    const facts = (trustPolicyQuota: number) =>
      inventory({
        serviceAccounts: ids.map((id) => serviceAccount(id, 'shared')),
        workloads: ids.map((id) => workload(id)),
        roles: [role('shared', ids)],
        trustPolicyQuota,
      });
    const held = (quota: number) => planOf(facts(quota), { waveSize: 3 }).units.filter(({ decision }) => decision === 'hold').length;
    expect(held(8192)).toBe(0);
    expect(held(2048)).toBeGreaterThan(0);
    // Where the same is decided, the quota is no part of the decision.
    expect(planOf(facts(8191)).digest).toBe(planOf(facts(8192)).digest);
  });

  it('migrates only what the options choose', () => {
    const facts = bigInventory(6, 1);
    expect(planOf(facts, { namespaces: ['team-1'] }).units.map(({ namespace }) => namespace)).toEqual(['team-1']);
    expect(planOf(facts, { serviceAccounts: ['team-0/app-0'] }).units.map(({ id }) => id)).toEqual(['team-0/app-0']);
    expect(planOf(facts, { serviceAccounts: ['team-0/app'] }).units).toEqual([]);
  });
});

describe('the size of waves', () => {
  it.each([
    [500, [1, 5, 25, 125, 500, 500, 44]],
    [50, [1, 5, 25, 50, 50, 50, 50]],
    [3, [1, 3, 3, 3, 3, 3, 3]],
    [1, [1, 1, 1, 1, 1, 1, 1]],
  ])('grows five times with each wave, up to %i', (waveSize, sizes) => {
    const units = Array.from({ length: 1200 }, (_, index) => unit(`shop/u${index}`));
    const waves = Map.groupBy(assignWaves(units, waveSize).values(), (wave) => wave);
    expect(sizes.map((_, wave) => waves.get(wave)?.length)).toEqual(sizes);
  });
});

describe('waves of one unit in a large cluster', () => {
  const messages = (units: number) =>
    planOf(bigInventory(units, 3), { waveSize: 1 }).findings.flatMap(({ code, message }) => (code === 'PS916' ? [message] : []));

  it('grow where the history of one run would have no room for them, and that is said', () => {
    expect(messages(100)).toEqual([expect.stringContaining('after 50 waves of at most 1 units each 3 waves are twice as large')]);
    expect(messages(50)).toEqual([]);
  });
});

describe('a condition on the region', () => {
  const conditioned = trust({
    ...irsaStatement(subjectOf('shop/api')),
    Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-central-1' } },
  });
  const codes = (annotations: Record<string, string>) =>
    planOf(
      inventory({
        serviceAccounts: [
          serviceAccount('shop/api', roleArn('api'), { annotations: { 'eks.amazonaws.com/role-arn': roleArn('api'), ...annotations } }),
        ],
        roles: [role('api', [], { trustPolicy: conditioned })],
      }),
    ).findings.map(({ code }) => code);

  it('cannot be decided where the SDKs are told to ask the global endpoint', () => {
    expect(codes({ 'eks.amazonaws.com/sts-regional-endpoints': 'false' })).toContain('PS203');
    expect(codes({})).not.toContain('PS203');
  });
});

describe('the digest', () => {
  const facts = bigInventory(6, 2);
  const digest = (changed: Inventory) => planOf(changed).digest;

  it('is a SHA-256 in hex, and says nothing of when the plan was made', () => {
    const options = migrationOptions.parse({});
    const [early, late] = [makePlan(facts, options, clock), makePlan(facts, options, { now: () => 1 })];
    expect(early.madeAt).not.toBe(late.madeAt);
    expect(early.digest).toBe(late.digest);
    expect(early.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, (inventory: Inventory) => Inventory]>([
    [
      'an annotation',
      ({ serviceAccounts: [first, ...rest], ...more }) => ({
        ...more,
        serviceAccounts: [
          { ...first, annotations: { ...first?.annotations, 'eks.amazonaws.com/audience': 'sts.amazonaws.com' } } as never,
          ...rest,
        ],
      }),
    ],
    [
      'a trust policy',
      ({ roles: [first, ...rest], ...more }) => ({
        ...more,
        roles: [{ ...first, trustPolicy: ` ${first?.trustPolicy}` } as never, ...rest],
      }),
    ],
    ['the agent', (before) => ({ ...before, agent: { addon: null, daemonSet: null, defaultVersion: 'v2' } })],
    ['a workload', ({ workloads: [, ...rest], ...more }) => ({ ...more, workloads: rest })],
    ['a blocker', ({ workloads: [first, ...rest], ...more }) => ({ ...more, workloads: [{ ...first, windows: true } as never, ...rest] })],
  ])('changes with %s', (_, change) => {
    expect(digest(change(facts))).not.toBe(digest(facts));
  });

  it('does not change with a resource version: a label voids no approval', () => {
    const [first, ...rest] = facts.serviceAccounts;
    expect(digest({ ...facts, serviceAccounts: [{ ...first, resourceVersion: '8' } as never, ...rest] })).toBe(digest(facts));
  });

  it('does not change with the nodes that pods run on', () => {
    expect(digest({ ...facts, workloads: facts.workloads.map((each) => ({ ...each, nodeNames: ['node-b'] })) })).toBe(digest(facts));
  });

  it('does not depend on the order of lists or keys', () => {
    const { digest: _, ...plan } = planOf(facts);
    const shuffled = { ...plan, units: [...plan.units].reverse(), roles: [...plan.roles].reverse() };
    expect(planDigest(shuffled)).toBe(planDigest(plan));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('planRole', () => {
  const context = { clusterArn: CLUSTER, accountId: ACCOUNT, allowClusterScope: false };
  const request = (trustPolicy: string): RoleRequest => ({
    role: role('api', [], { trustPolicy }),
    units: [{ id: 'shop/api', namespace: 'shop', name: 'api', wave: 0 }],
    sessionTagsOff: false,
  });

  it('holds a unit whose role has become unreadable', () => {
    const outcome = planRole(request('{'), context);
    expect(outcome.held.get('shop/api')?.code).toBe('PS203');
    expect(outcome.plan.waves).toEqual([]);
  });

  it("holds a unit where another's statement carries our Sid", () => {
    const granted = planRole(request(trust(irsaStatement(subjectOf('shop/api')))), context).plan.trustAfter;
    const document = JSON.parse(granted);
    document.Statement.at(-1).Principal = { Service: 'ec2.amazonaws.com' };
    expect([...planRole(request(JSON.stringify(document)), context).held.values()].map(({ code }) => code)).toEqual(['PS212']);
  });

  it('writes nothing for what is admitted already', () => {
    const granted = planRole(request(trust(irsaStatement(subjectOf('shop/api')))), context).plan;
    expect(granted.waves.length).toBe(1);
    const again = planRole(request(granted.trustAfter), context).plan;
    expect(again).toMatchObject({ waves: [], trustBefore: granted.trustAfter, trustAfter: granted.trustAfter });
  });

  it('keeps a plan that was made already as the next run finds it', () => {
    const first = planOf(inventory());
    const settled = planOf(inventory({ roles: [role('api', [], { trustPolicy: first.roles[0]?.trustAfter ?? '' })] }));
    expect(unitOf(settled).decision).toBe('migrate');
    expect(settled.roles[0]?.waves).toEqual([]);
  });
});
