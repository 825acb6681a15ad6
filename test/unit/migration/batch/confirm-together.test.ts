import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { CloudTrailEvent } from '../../../../src/aws/gateways.ts';
import type { KubernetesGateway } from '../../../../src/kubernetes/gateway.ts';
import { newBatch, type UnitBatch } from '../../../../src/migration/batch/batch.ts';
import { carryUnits, polled } from '../../../../src/migration/batch/carry-units.ts';
import { confirmTogether } from '../../../../src/migration/batch/confirm-together.ts';
import { trustedRole } from '../../../../src/migration/trust/role-trust.ts';
import { associate } from '../../../../src/migration/unit/associate.ts';
import { PodshiftError } from '../../../../src/model/errors.ts';
import type { RolePlan, UnitPlan } from '../../../../src/model/plan.ts';
import { admitServiceAccounts, parseTrustPolicy } from '../../../../src/trust/index.ts';
import {
  beginRun,
  CLUSTER_ARN,
  type FakeMigration,
  fakeMigration,
  NEW_WAY,
  OIDC_TRUST,
  planWith,
  ROLE,
  RUN,
  runningPod,
  START,
  TARGET,
  unitPlan,
} from '../../fixtures/fake-migration.ts';

const OTHER = 'arn:aws:iam::111122223333:role/other';
/** Three service accounts share a role; a fourth has its own. */
const ROLES: Readonly<Record<string, string>> = { a: ROLE, b: ROLE, c: ROLE, d: OTHER };
const NAMES = Object.keys(ROLES);
/** So many that share a role that their events would take more than forty pages. */
const MANY: Readonly<Record<string, string>> = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`n${index}`, ROLE]));
let fake: FakeMigration;
let lookUps: { readonly value: string; readonly startTime: number; readonly endTime: number; readonly limit?: number }[];
/** What CloudTrail answers; it throws where this does. */
let answer: (value: string) => CloudTrailEvent[];
let now: UnitBatch;

const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
const rolePlan = (roleArn: string, roles = ROLES): RolePlan => {
  const { roleName } = trustedRole(roleArn);
  const parsed = parseTrustPolicy(OIDC_TRUST);
  if (!parsed.ok) throw new Error(parsed.problem);
  const names = Object.keys(roles).filter((name) => roles[name] === roleArn);
  const serviceAccounts = names.map((name) => ({ namespace: 'shop', name }));
  const grant = { clusterArn: CLUSTER_ARN, accountId: '111122223333', serviceAccounts, scope: 'service-account' as const };
  const result = admitServiceAccounts(parsed.policy, grant);
  if (result.kind !== 'changed') throw new Error('nothing to admit');
  return { roleArn, roleName, trustBefore: result.text, trustAfter: result.text, waves: [] };
};
const unit = (name: string, roles = ROLES): UnitPlan => {
  const roleArn = roles[name] as string;
  return unitPlan({ id: `shop/${name}`, serviceAccount: name, roleArn, workloads: [], removeAnnotations: [] });
};
/** A session of a pod of the service account, so many seconds after the start. */
const session = (name: string, seconds: number): CloudTrailEvent => ({
  eventId: `${name}-${seconds}`,
  eventName: 'AssumeRole',
  eventTime: START + seconds * 1000,
  event: {
    userIdentity: { invokedBy: 'pods.eks.amazonaws.com' },
    requestParameters: {
      roleArn: ROLES[name],
      tags: [
        { key: 'eks-cluster-arn', value: CLUSTER_ARN },
        { key: 'kubernetes-namespace', value: 'shop' },
        { key: 'kubernetes-service-account', value: name },
      ],
    },
  },
});
/** A session by the old mechanism. */
const oldSession = (name: string, seconds: number): CloudTrailEvent => ({
  eventId: `old-${name}-${seconds}`,
  eventName: 'AssumeRoleWithWebIdentity',
  eventTime: START + seconds * 1000,
  event: { userIdentity: { userName: `system:serviceaccount:shop:${name}` }, requestParameters: { roleArn: ROLES[name] } },
});
const pod = (name: string, ready = true): void => {
  const made = runningPod(`${name}-1`, NEW_WAY, { ready });
  fake.put({ ...made, spec: { ...made.spec, serviceAccountName: name, nodeName: 'node-1' } });
};
const kubernetes = (): Promise<KubernetesGateway> => fake.runtime.kubernetes(TARGET);
const confirm = async (given: UnitBatch = now): Promise<UnitBatch> => {
  now = await carryUnits(fake.runtime, { runId: RUN, batch: given }, { name: 'use', step: polled(confirmTogether(given)) });
  return now;
};
const proofOf = async (name: string) => (await fake.runtime.journal.listEvidence(RUN)).get(`shop/${name}`) ?? [];
const waiting = () => now.units.filter(({ ready }) => ready !== true).map(({ unitId }) => unitId);

const listen = (): void => {
  lookUps = [];
  fake.runtime.aws(TARGET).cloudTrail.lookupEvents = async (query) => {
    lookUps.push(query);
    return answer(query.value);
  };
};

beforeEach(async () => {
  fake = await fakeMigration();
  const units = NAMES.map((name) => unit(name));
  await beginRun(fake, planWith(units, [rolePlan(ROLE), rolePlan(OTHER)]));
  fake.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'agent', namespace: 'kube-system', labels: { 'app.kubernetes.io/name': 'eks-pod-identity-agent' } },
    spec: { nodeName: 'node-1' },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  for (const [index, name] of NAMES.entries()) {
    await associate(fake.runtime, { runId: RUN, unitId: `shop/${name}` });
    pod(name);
    // The third one was restarted first.
    const restart = at(name === 'c' ? 10 : 60 + index);
    const facts = { rolledOutAt: at(100 + index) };
    await fake.runtime.journal.updateUnit(RUN, `shop/${name}`, { stepStartedAt: { restart }, facts });
  }
  fake.pass(1200);
  answer = (value) => NAMES.filter((name) => ROLES[name] === value).map((name) => session(name, 80));
  listen();
  now = newBatch(units.map(({ id }) => id));
});

describe('units that are confirmed together', () => {
  it('have their role looked up once, from the first restart of them on, and each has the proof of its own sessions', async () => {
    answer = (value) => [...(value === ROLE ? [session('c', 300), session('a', 200), oldSession('b', 150)] : []), session('d', 80)];
    expect((await confirm()).status).toBe('ready');
    expect(lookUps.map(({ value, startTime, endTime }) => [value, startTime, endTime])).toEqual([
      [ROLE, START + 10_000, fake.now()],
      [OTHER, START + 63_000, fake.now()],
    ]);
    const facts = { silentSeconds: 800, runningJobs: 0 };
    expect(await proofOf('a')).toMatchObject([{ grade: 3, passed: true, facts: { ...facts, newWay: 1, oldWay: 0 } }]);
    expect(await proofOf('b')).toMatchObject([{ passed: false, facts: { newWay: 0, oldWay: 1, silentSeconds: 799 } }]);
    expect(await proofOf('c')).toMatchObject([{ passed: true, facts: { newWay: 1, oldWay: 0, silentSeconds: 798 } }]);
    expect(await proofOf('d')).toMatchObject([{ passed: true, facts: { newWay: 1, oldWay: 0, silentSeconds: 797 } }]);
  });

  it('count no session that was opened ahead of their own restart, though it was looked up for another', async () => {
    answer = () => [session('a', 59), session('c', 59)];
    await confirm();
    expect(await proofOf('a')).toMatchObject([{ passed: false, facts: { newWay: 0 } }]);
    expect(await proofOf('c')).toMatchObject([{ passed: true, facts: { newWay: 1 } }]);
  });

  it('are looked up at their own time where they come late, and those that were seen are not asked for again', async () => {
    pod('b', false);
    await confirm();
    expect(waiting()).toEqual(['shop/b']);
    expect(lookUps.map(({ value }) => value)).toEqual([ROLE, OTHER]);
    pod('b');
    fake.pass(now.waitSeconds);
    expect((await confirm()).status).toBe('ready');
    expect(lookUps.map(({ value, startTime, endTime }) => [value, startTime, endTime])).toEqual([
      [ROLE, START + 10_000, START + 1_200_000],
      [OTHER, START + 63_000, START + 1_200_000],
      [ROLE, START + 61_000, fake.now()],
    ]);
    expect(await proofOf('b')).toMatchObject([{ passed: true, facts: { newWay: 1, silentSeconds: 1210 - 101 - 300 } }]);
  });

  it('wait together where CloudTrail throttles, and have it on record in the end that it did not respond', async () => {
    const calm = answer;
    answer = (value) => {
      if (value !== ROLE) return calm(value);
      throw new PodshiftError('Throttled', 'slow down');
    };
    await confirm();
    expect(waiting()).toEqual(['shop/a', 'shop/b', 'shop/c']);
    expect(lookUps).toHaveLength(2);
    expect(await proofOf('a')).toEqual([]);
    const begun = fake.now();
    for (let looks = 0; now.status === 'waiting' && looks < 30; looks += 1) {
      fake.pass(now.waitSeconds);
      await confirm();
    }
    expect(now.status).toBe('ready');
    expect(fake.now() - begun).toBeGreaterThan(180_000);
    expect(new Set(lookUps.slice(2).map(({ value }) => value))).toEqual(new Set([ROLE]));
    for (const name of ['a', 'b', 'c'])
      expect(await proofOf(name)).toMatchObject([{ passed: false, facts: { problem: 'CloudTrail did not respond' } }]);
    expect(await proofOf('d')).toMatchObject([{ passed: true }]);
  });

  it('read as many pages as they may have events, and no more than forty', async () => {
    await confirm();
    expect(lookUps.map(({ limit }) => limit)).toEqual([600, 200]);
    fake = await fakeMigration();
    const units = Object.keys(MANY).map((name) => unit(name, MANY));
    await beginRun(fake, planWith(units, [rolePlan(ROLE, MANY)]));
    for (const { id } of units) await associate(fake.runtime, { runId: RUN, unitId: id });
    listen();
    await confirm(newBatch(units.map(({ id }) => id)));
    expect(lookUps.map(({ limit }) => limit)).toEqual([2000]);
  });

  it('take no silence for proof of which the pages say nothing, as they end before it', async () => {
    // The newest come first, and there is no room for older ones.
    answer = (value) => (value === ROLE ? Array.from({ length: 600 }, (_, index) => session('a', 1199 - index / 2)) : [session('d', 80)]);
    await confirm();
    const cut = { newWay: 600, oldWay: 0, silentSeconds: 0 };
    expect(await proofOf('a')).toMatchObject([{ passed: false, facts: cut }]);
    expect(await proofOf('d')).toMatchObject([{ passed: true, facts: { silentSeconds: 797 } }]);
  });

  it('have pages read for a minute, and no silence claimed of the time that the others are of', async () => {
    const read: boolean[] = [];
    fake.runtime.aws(TARGET).cloudTrail.lookupEvents = async ({ value, isEnough }) => {
      if (value !== ROLE) return [];
      for (const seconds of [30, 30, 1]) {
        fake.pass(seconds);
        read.push(isEnough?.() ?? false);
      }
      return [session('a', 1100), session('b', 400)];
    };
    await confirm();
    expect(read).toEqual([false, false, true]);
    expect(await proofOf('a')).toMatchObject([{ passed: true, facts: { newWay: 1, oldWay: 0, silentSeconds: 500 } }]);
    expect(await proofOf('c')).toMatchObject([{ passed: false, facts: { newWay: 0, silentSeconds: 500 } }]);
    expect(await proofOf('d')).toMatchObject([{ passed: false, facts: { newWay: 0, silentSeconds: 1261 - 103 - 300 } }]);
  });

  it('are not asked for longer than a function may run: those whose turn did not come are asked for in the next call', async () => {
    const calm = answer;
    answer = (value) => {
      fake.pass(91);
      return calm(value);
    };
    await confirm();
    expect(lookUps.map(({ value }) => value)).toEqual([ROLE]);
    expect(waiting()).toEqual(['shop/d']);
    // Longer than CloudTrail's throttling is waited for: nobody has asked it.
    fake.pass(600);
    expect((await confirm()).status).toBe('ready');
    expect(lookUps.map(({ value }) => value)).toEqual([ROLE, OTHER]);
    expect(await proofOf('d')).toMatchObject([{ passed: true }]);
  });

  it('ask for nothing twice that all of them want to know', async () => {
    const { iam, eks } = fake.runtime.aws(TARGET);
    const api = await kubernetes();
    const [roles, lists, described, listed] = [
      vi.spyOn(iam, 'getRole'),
      vi.spyOn(api, 'list'),
      vi.spyOn(eks, 'describeAssociation'),
      vi.spyOn(eks, 'listAssociations'),
    ];
    await confirm();
    expect(roles.mock.calls.map(([name]) => name)).toEqual(['orders', 'other']);
    const selected = lists.mock.calls.map(([, options]) => options?.fieldSelector ?? options?.labelSelector);
    expect(selected.filter((selector) => selector?.startsWith('spec.'))).toEqual(NAMES.map((name) => `spec.serviceAccountName=${name}`));
    expect(selected).toHaveLength(NAMES.length + 1);
    expect(described).toHaveBeenCalledTimes(NAMES.length);
    expect(listed).not.toHaveBeenCalled();
  });

  it('read the trust policy anew once it was read a while ago', async () => {
    const roles = vi.spyOn(fake.runtime.aws(TARGET).iam, 'getRole');
    const calm = answer;
    answer = (value) => {
      fake.pass(16);
      return calm(value);
    };
    Object.assign(fake.runtime, { atOnce: 1 });
    await confirm();
    expect(roles.mock.calls.map(([name]) => name)).toEqual(['orders', 'orders', 'other']);
  });

  it('find an association that somebody made anew with another role, and go back', async () => {
    const [first] = fake.account.associations;
    fake.account.associations = fake.account.associations.map((one) =>
      one === first ? { ...one, associationId: 'a-99', roleArn: OTHER } : one,
    );
    expect((await confirm()).undoing.map(({ unitId }) => unitId)).toEqual(['shop/a']);
    expect((await fake.runtime.journal.getUnit(RUN, 'shop/a')).reason).toContain(`association a-99 gives shop/a the role ${OTHER}`);
  });
});
