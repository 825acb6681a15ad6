import { afterEach, describe, expect, it } from 'vitest';
import { migrate, rollBack } from '../../engine/local-migration.ts';
import { type Rehearsal, type RehearsalSettings, rehearse } from '../../engine/rehearsal.ts';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import type { TwinRequest } from '../../twin/contracts.ts';
import { checkPromises, EXAMPLE, settingsOf } from './scenario.ts';

const ORDERS = { namespace: 'shop', serviceAccount: 'orders' };
const rehearsals: Rehearsal[] = [];

const OPTIONS = { soakSeconds: 60, injectionChecks: 3, rolloutTimeoutSeconds: 300, proofTimeoutSeconds: 120 } as const;

async function run(settings: Partial<RehearsalSettings> = {}): Promise<Rehearsal> {
  const rehearsal = await rehearse({
    ...(await settingsOf(EXAMPLE)),
    ...settings,
    options: { ...OPTIONS, ...settings.options },
  });
  rehearsals.push(rehearsal);
  return rehearsal;
}

afterEach(async () => {
  await Promise.all(rehearsals.splice(0).map((rehearsal) => rehearsal.close()));
});

const statusOf = ({ report }: Pick<Rehearsal, 'report'>, { namespace, serviceAccount } = ORDERS) =>
  report.units.find((unit) => unit.namespace === namespace && unit.serviceAccount === serviceAccount);
const hasPodIdentity = (pod: KubernetesObject): boolean => JSON.stringify(pod.spec).includes('AWS_CONTAINER_CREDENTIALS_FULL_URI');
const isOrders = (pod: KubernetesObject): boolean =>
  pod.spec.serviceAccountName === ORDERS.serviceAccount && pod.metadata.namespace === ORDERS.namespace;
const writes = (requests: readonly TwinRequest[]): TwinRequest[] => requests.filter((request) => request.write);

describe('a unit that fails', () => {
  it('is rolled back by itself where its new pods do not become ready, and the others stay migrated', async () => {
    const rehearsal = await run({
      options: { failureThresholdPercent: 100 },
      prepare: (twin) => void twin.kubernetesHalf.failReadiness((pod) => isOrders(pod) && hasPodIdentity(pod)),
    });
    expect(statusOf(rehearsal)).toMatchObject({ status: 'rolled-back' });
    expect(statusOf(rehearsal)?.reason).toMatch(/ready|roll/);
    const others = rehearsal.report.units.filter((unit) => unit.status === 'migrated');
    expect(others.length).toBeGreaterThanOrEqual(5);
    expect(rehearsal.report.run.status).toBe('needs-operator');
    await checkPromises(rehearsal);
    expect(rehearsal.twin.watch.compareWithBaseline().filter((difference) => difference.includes('orders'))).toEqual([]);
  });

  it('is rolled back where the probe cannot be pulled: the proof is missing, never assumed', async () => {
    const rehearsal = await run({ unpullableImages: (image) => image.includes('aws-cli') });
    expect(rehearsal.report.units.filter((unit) => unit.status === 'migrated')).toEqual([]);
    expect(rehearsal.report.units.filter((unit) => unit.status === 'rolled-back').length).toBeGreaterThan(0);
    await checkPromises(rehearsal);
    expect(writes(rehearsal.twin.requests).filter((request) => request.operation === 'patch serviceaccounts')).toEqual([]);
  });

  it('takes the whole run back with it where the options ask for that', async () => {
    const rehearsal = await run({
      options: { onWaveFailure: 'rollback', failureThresholdPercent: 0 },
      prepare: (twin) => void twin.kubernetesHalf.failReadiness((pod) => isOrders(pod) && hasPodIdentity(pod)),
    });
    expect(rehearsal.failure?.name).toBe('WaveFailed');
    expect(rehearsal.report.run.status).toBe('rolled-back');
    expect(rehearsal.twin.watch.compareWithBaseline()).toEqual([]);
    await checkPromises(rehearsal);
  });
});

describe('a whole run', () => {
  it('goes back on demand to what was there before, and a second way back writes nothing', async () => {
    const rehearsal = await run();
    const { report } = await rehearsal.rollback();
    expect(report.run.status).toBe('rolled-back');
    expect(rehearsal.twin.watch.compareWithBaseline()).toEqual([]);
    await checkPromises({ ...rehearsal, report });
    const before = rehearsal.twin.requests.length;
    expect((await rehearsal.rollback()).report.run.status).toBe('rolled-back');
    expect(writes(rehearsal.twin.requests.slice(before))).toEqual([]);
  });

  it('can be migrated again after it went back', async () => {
    const rehearsal = await run();
    await rehearsal.rollback();
    const again = await rehearsal.rerun();
    expect(again.report.units.map((unit) => unit.status)).toEqual(rehearsal.report.units.map((unit) => unit.status));
    await checkPromises({ ...rehearsal, ...again });
  });

  it('lets one unit go back and the others stay', async () => {
    const rehearsal = await run();
    const { report } = await rehearsal.rollback(rehearsal.runId, ['shop/orders']);
    expect(statusOf({ report })?.status).toBe('rolled-back');
    expect(report.units.filter((unit) => unit.status === 'migrated').length).toBeGreaterThanOrEqual(5);
    expect(rehearsal.twin.watch.compareWithBaseline().filter((difference) => difference.includes('orders'))).toEqual([]);
    await checkPromises({ ...rehearsal, report });
  });
});

describe('a way back that is cut off', () => {
  it.each([1, 4, 9, 15, 22, 27])('is finished by a second one, where the process dies at its write number %i', async (number) => {
    let left = Number.POSITIVE_INFINITY;
    const death = new AbortController();
    const rehearsal = await run({
      hooks: {
        beforeRequest: (request) => {
          if (request.write) left -= 1;
          if (left > 0) return undefined;
          death.abort(new PodshiftError('ServiceUnavailable', 'the process died'));
          return { kind: 'reset', when: left === 0 ? 'after' : 'before' };
        },
      },
    });
    const { runtime, clock, runId, twin } = rehearsal;
    const input = { runId, unitIds: null, reason: 'asked for' };
    left = number;
    await expect(rollBack({ runtime, clock: clock.engine, input, signal: death.signal })).rejects.toThrow();
    left = Number.POSITIVE_INFINITY;
    expect((await rollBack({ runtime, clock: clock.engine, input })).status).toBe('rolled-back');
    expect(twin.watch.compareWithBaseline()).toEqual([]);
    expect(twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
  });
});

describe('a run beside others', () => {
  it('refuses a cluster that another run has locked, names that run, and writes nothing', async () => {
    const rehearsal = await run({ options: { namespaces: ['media'] } });
    const { runtime, clock, target, twin, journal } = rehearsal;
    const other = await journal.getRun(rehearsal.runId);
    await journal.acquireLock(other.clusterArn, 'other-run', 900);
    const before = twin.requests.length;
    const input = { runId: runtime.ids.next(), target, mode: 'run', approval: 'none', expectedDigest: null, options: {} } as const;
    await expect(migrate({ runtime, clock: clock.engine, input })).rejects.toMatchObject({
      name: 'ClusterLocked',
      message: expect.stringContaining('other-run'),
    });
    expect(writes(twin.requests.slice(before))).toEqual([]);
  });

  it('refuses a plan whose world has moved, and writes nothing', async () => {
    const rehearsal = await run({ mode: 'plan' });
    const { runtime, clock, target, twin } = rehearsal;
    const { digest } = rehearsal.report.run;
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const account = twin.kubernetes.object('ServiceAccount', 'shop', 'orders');
    if (account === undefined) throw new Error('no such service account');
    const annotations = { ...account.metadata.annotations, 'eks.amazonaws.com/audience': 'other' };
    twin.kubernetes.apply({ ...account, metadata: { ...account.metadata, annotations } });
    const input = { runId: runtime.ids.next(), target, mode: 'run', approval: 'none', expectedDigest: digest, options: OPTIONS } as const;
    await expect(migrate({ runtime, clock: clock.engine, input })).rejects.toMatchObject({ name: 'WorldMoved' });
    expect(writes(twin.requests)).toEqual([]);
  });

  it('carries out a plan whose digest still holds', async () => {
    const options = { ...OPTIONS, namespaces: ['media'] };
    const rehearsal = await run({ mode: 'plan', options });
    const { runtime, clock, target } = rehearsal;
    const expectedDigest = rehearsal.report.run.digest;
    const input = { runId: runtime.ids.next(), target, mode: 'run', approval: 'none', expectedDigest, options } as const;
    const others = { ...input, runId: runtime.ids.next(), options: { ...options, soakSeconds: 0 } };
    await expect(migrate({ runtime, clock: clock.engine, input: others })).rejects.toMatchObject({ name: 'WorldMoved' });
    expect(await migrate({ runtime, clock: clock.engine, input })).toMatchObject({ status: 'migrated', failure: null });
  });

  it('leaves a role alone whose trust policy somebody else changed meanwhile, and holds its units', async () => {
    const role = 'shop-media';
    let twin: Rehearsal['twin'] | undefined;
    const rehearsal = await run({
      prepare: (prepared) => {
        twin = prepared;
      },
      hooks: {
        afterRequest: ({ operation, object }) => {
          // Between the canary's grant and that of the next wave.
          if (operation !== 'UpdateAssumeRolePolicy' || object !== 'shop-storefront') return;
          const state = twin?.awsState.role(role);
          if (state === undefined) throw new Error(`no role ${role}`);
          twin?.awsState.writeTrust(state, OTHER_TRUST, 'system');
        },
      },
    });
    const units = rehearsal.report.units.filter((unit) => unit.roleArn.endsWith(`role/${role}`));
    expect(units.length).toBeGreaterThan(0);
    for (const unit of units) {
      expect(unit.status).toBe('held');
      expect(unit.reason).toContain('trust policy');
    }
    expect(writes(rehearsal.twin.requests).filter((request) => request.object === role)).toEqual([]);
    expect(rehearsal.twin.promises()).toMatchObject({ widenedPrincipals: [], foreignWrites: 0 });
  });
});

const OTHER_TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::444455556666:root' }, Action: 'sts:AssumeRole' }],
});
