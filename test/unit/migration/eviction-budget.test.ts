import { beforeEach, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { associate } from '../../../src/migration/unit/associate.ts';
import { checkRollout } from '../../../src/migration/unit/check-rollout.ts';
import { ownerOf } from '../../../src/migration/unit/evict.ts';
import { undoUnit } from '../../../src/migration/unit/undo-unit.ts';
import { verifyPods } from '../../../src/migration/unit/verify-pods.ts';
import { DEPLOYMENT, type FakeMigration, NEW_WAY, OLD_WAY, runningPod } from '../fixtures/fake-migration.ts';
import { UNIT, unitScene } from '../fixtures/unit-scene.ts';

let fake: FakeMigration;
const { begin } = unitScene((made) => {
  fake = made;
});
const UNDO = { ...UNIT, failure: { Error: 'RolledBack', Cause: 'asked for' } };
const evictions = () => fake.account.writes.filter((write) => write.startsWith('evict')).length;

/** A controller that makes a pod for each that is missing, as admission makes it, whatever podshift wants. */
function replicas(count: number, env: readonly unknown[], replicaSet = 'orders-1'): void {
  const pods = [...fake.account.objects.keys()].filter((key) => key.startsWith('Pod/'));
  for (let made = pods.length; made < count; made += 1) {
    const pod = runningPod(`pod-${evictions()}-${made}`, env);
    const [owner] = pod.metadata.ownerReferences ?? [];
    const labels = { 'pod-template-hash': replicaSet.split('-')[1] ?? '' };
    const metadata = { ...pod.metadata, labels, ownerReferences: owner === undefined ? [] : [{ ...owner, name: replicaSet }] };
    fake.put({ ...pod, metadata } as KubernetesObject);
  }
}

/** Calls a step until it fails, with the controller at work between the calls. */
async function failureOf(step: () => Promise<{ waitSeconds: number }>, work: () => void): Promise<Error> {
  for (let call = 0; call < 700; call += 1) {
    work();
    try {
      fake.pass((await step()).waitSeconds);
    } catch (error) {
      return error as Error;
    }
  }
  throw new Error(`it went on for ever, after ${evictions()} evictions`);
}

beforeEach(() => begin());

describe('a rollback where the old way cannot come back', () => {
  it('evicts twice as many pods as the owner has, and names the pod that is no better', async () => {
    await associate(fake.runtime, UNIT);
    fake.pass(30);
    let back = 0;
    const failure = await failureOf(
      () => undoUnit(fake.runtime, UNDO),
      () => {
        fake.account.injects = 'old';
        // The webhook of another API server still injects.
        back += 1;
        replicas(2, NEW_WAY, `orders-${back % 3}`);
      },
    );
    expect(failure).toMatchObject({
      name: 'UndoFailed',
      message: /ReplicaSet\/orders were evicted as often as they may be.*kubectl describe pod/,
    });
    expect(evictions()).toBe(4);
  });

  it('has its whole budget again where an operator starts it again', async () => {
    await associate(fake.runtime, UNIT);
    fake.pass(30);
    const work = () => {
      fake.account.injects = 'old';
      replicas(1, NEW_WAY);
    };
    await failureOf(() => undoUnit(fake.runtime, UNDO), work);
    await fake.runtime.journal.updateUnit(UNIT.runId, UNIT.unitId, { status: 'needs-operator' });
    fake.pass(60);
    await failureOf(() => undoUnit(fake.runtime, UNDO), work);
    expect(evictions()).toBe(4);
  });
});

describe('owners that are new each time', () => {
  it.each<[string, 'back' | 'forward']>([
    ['a rollback', 'back'],
    ['the way forward', 'forward'],
  ])('do not let %s evict without bound: the run has a limit of its own', async (_what, direction) => {
    await begin({ workloads: [{ ...DEPLOYMENT, restart: 'evict' }] });
    await associate(fake.runtime, UNIT);
    fake.pass(30);
    let made = 0;
    const work = () => {
      fake.account.injects = direction === 'back' ? 'old' : 'new';
      made += 1;
      replicas(1, direction === 'back' ? NEW_WAY : OLD_WAY, `owner${made}-1`);
    };
    const failure = await failureOf(() => (direction === 'back' ? undoUnit(fake.runtime, UNDO) : checkRollout(fake.runtime, UNIT)), work);
    expect(failure.message).toMatch(direction === 'back' ? /evicted as often as they may be/ : /does not use Pod Identity/);
    expect(evictions()).toBeLessThanOrEqual(24);
  });
});

describe('forward evictions that do not help', () => {
  it('end by the second try of each pod where podshift renews them itself', async () => {
    await begin({ workloads: [{ ...DEPLOYMENT, restart: 'evict' }] });
    await associate(fake.runtime, UNIT);
    const failure = await failureOf(
      () => checkRollout(fake.runtime, UNIT),
      () => replicas(3, OLD_WAY),
    );
    expect(failure).toMatchObject({ name: 'RolloutFailed', message: /ReplicaSet\/orders/ });
    expect(evictions()).toBe(6);
  });

  it('end by the second try where a pod misses the injection', async () => {
    await associate(fake.runtime, UNIT);
    const failure = await failureOf(
      () => verifyPods(fake.runtime, UNIT),
      () => replicas(1, OLD_WAY),
    );
    expect(failure).toMatchObject({ name: 'ProofFailed', message: /ReplicaSet\/orders/ });
    expect(evictions()).toBe(2);
  });

  it('count a pod once whose eviction a budget blocked', async () => {
    await associate(fake.runtime, UNIT);
    fake.account.budget = 'blocked';
    replicas(1, OLD_WAY);
    for (let call = 0; call < 10; call += 1) expect(await verifyPods(fake.runtime, UNIT)).toMatchObject({ status: 'waiting' });
  });
});

describe('ownerOf', () => {
  it('is one for all ReplicaSets of a Deployment, and the pod itself where nobody owns it', () => {
    replicas(1, NEW_WAY, 'orders-7f');
    const [pod] = [...fake.account.objects.values()].filter(({ kind }) => kind === 'Pod');
    expect(ownerOf(pod as KubernetesObject)).toBe('ReplicaSet/orders');
    expect(ownerOf(runningPod('bare', [], { owner: null }))).toBe('Pod/bare');
    expect(ownerOf(runningPod('of-a-set', [], { owner: 'StatefulSet' }))).toBe('StatefulSet/orders');
  });
});
