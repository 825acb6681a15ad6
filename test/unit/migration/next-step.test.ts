import { describe, expect, it } from 'vitest';
import { nextStep } from '../../../src/migration/run/next-step.ts';
import type { UnitStatus } from '../../../src/model/run.ts';
import { DEPLOYMENT, type FakeMigration, RUN } from '../fixtures/fake-migration.ts';
import { runScene } from '../fixtures/run-scene.ts';

let fake: FakeMigration;
const { begin, setUnit } = runScene((made) => {
  fake = made;
});

const idOf = (wave: number): string => (wave === 0 ? 'shop/orders' : `shop/w${wave}`);

/** A run of so many waves of one unit each, with these options. */
async function waves(number: number, options: Record<string, unknown> = {}, replicas = 2): Promise<void> {
  const workloads = [{ ...DEPLOYMENT, replicas }];
  const units = Array.from({ length: number }, (_, wave) => ({ ...(wave === 0 ? {} : { id: idOf(wave), wave }), workloads }));
  await begin(units, {}, options);
  for (let wave = 0; wave < number; wave += 1) await setUnit(idOf(wave), 'pending');
}

/** The unit of a wave began to soak now. */
async function soaks(wave: number, seconds = 900): Promise<void> {
  const soakUntil = new Date(fake.now() + seconds * 1000).toISOString();
  const at = new Date(fake.now()).toISOString();
  await fake.runtime.journal.updateUnit(RUN, idOf(wave), {
    status: 'running',
    facts: { soakUntil },
    stepStartedAt: { associate: at, restart: at },
  });
}

/** The unit of a wave ended so, after it was begun. */
async function ends(wave: number, status: UnitStatus): Promise<void> {
  const associate = new Date(fake.now()).toISOString();
  await fake.runtime.journal.updateUnit(RUN, idOf(wave), { status, reason: 'why', stepStartedAt: { associate } });
}

async function next(): Promise<string> {
  const { status, wave, waitSeconds, batches } = await nextStep(fake.runtime, { runId: RUN });
  if (status === 'wait') return `wait ${waitSeconds}`;
  return status === 'done' || status === 'halted' ? status : `${status} ${wave}: ${batches.flatMap(({ units }) => units.length)}`;
}

describe('the next step of a run', () => {
  it('lets each of the first three waves be confirmed before the next begins', async () => {
    await waves(5);
    for (const wave of [0, 1, 2]) {
      expect(await next()).toBe(`migrate ${wave}: 1`);
      await soaks(wave);
      expect(await next()).toBe('wait 900');
      fake.pass(900);
      expect(await next()).toBe(`confirm ${wave}: 1`);
      await ends(wave, 'migrated');
    }
    expect(await next()).toBe('migrate 3: 1');
  });

  it('lets later waves soak side by side, and confirms each when its soak is over', async () => {
    await waves(6);
    for (const wave of [0, 1, 2]) await ends(wave, 'migrated');
    await soaks(3);
    fake.pass(100);
    expect(await next()).toBe('migrate 4: 1');
    await soaks(4);
    expect(await next()).toBe('migrate 5: 1');
    await soaks(5);
    expect(await next()).toBe('wait 800');
    fake.pass(800);
    expect(await next()).toBe('confirm 3: 1');
    await ends(3, 'migrated');
    expect(await next()).toBe('wait 100');
  });

  it('confirms the units of a role in one batch', async () => {
    const roleOf = (index: number): string => `arn:aws:iam::111122223333:role/r${index % 2}`;
    const units = Array.from({ length: 60 }, (_, index) => ({ id: `shop/u${String(index).padStart(2, '0')}`, roleArn: roleOf(index) }));
    await begin(units);
    const soakUntil = new Date(fake.now()).toISOString();
    for (const { id } of units) await fake.runtime.journal.updateUnit(RUN, id, { status: 'running', facts: { soakUntil } });
    const { status, batches } = await nextStep(fake.runtime, { runId: RUN });
    const ids = batches.map((batch) => batch.units.map(({ unitId }) => unitId));
    expect(status).toBe('confirm');
    const [even, odd] = [0, 1].map((rest) => units.filter((_, index) => index % 2 === rest).map(({ id }) => id)) as [string[], string[]];
    expect(ids).toEqual([[...even, ...odd.slice(0, 20)], odd.slice(20)]);
  });

  it('confirms each wave alone where that is asked for', async () => {
    await waves(6, { sequentialWaves: true });
    for (const wave of [0, 1, 2, 3]) await ends(wave, 'migrated');
    await soaks(4);
    expect(await next()).toBe('wait 900');
    await ends(4, 'migrated');
    expect(await next()).toBe('migrate 5: 1');
  });

  it('goes on with what a crash left, whatever soaks: a unit that was under way, or on its way back', async () => {
    await waves(6);
    for (const wave of [0, 1, 2]) await ends(wave, 'migrated');
    await soaks(3, 0);
    await setUnit(idOf(4), 'rolling-back', 'why');
    expect(await next()).toBe('migrate 4: 1');
    await setUnit(idOf(4), 'running');
    expect(await next()).toBe('migrate 4: 1');
  });

  it.each<[string, UnitStatus]>([
    ['failed', 'rolled-back'],
    ['needs an operator', 'needs-operator'],
  ])('begins no other wave once a unit %s, confirms what soaks, and is halted then', async (_what, status) => {
    await waves(6, { failureThresholdPercent: 0 });
    for (const wave of [0, 1, 2]) await ends(wave, 'migrated');
    await soaks(3);
    await ends(4, status);
    expect(await next()).toBe('wait 900');
    fake.pass(900);
    expect(await next()).toBe('confirm 3: 1');
    await ends(3, 'migrated');
    expect(await next()).toBe('halted');
    expect((await nextStep(fake.runtime, { runId: RUN })).reason).toMatch(/^wave 4 (failed|was halted): /);
  });

  it.each([
    { soakSeconds: 0, restartPodsPerMinute: 1 },
    { soakSeconds: 30, restartPodsPerMinute: 1 },
    { soakSeconds: 100, restartPodsPerMinute: 1 },
    { soakSeconds: 900, restartPodsPerMinute: 1 },
    { soakSeconds: 900, restartPodsPerMinute: 1, sequentialWaves: true },
    { soakSeconds: 900, restartPodsPerMinute: 10_000 },
  ])('migrates and confirms each wave once, and waits for its pace and its soak once at most: %o', async (options) => {
    const taken: string[] = [];
    const count = (status: string) => taken.filter((one) => one === status).length;
    await waves(12, options);
    while (taken.at(-1) !== 'done' && taken.length < 100) {
      const { status, wave, waitSeconds } = await nextStep(fake.runtime, { runId: RUN });
      taken.push(status);
      fake.pass(status === 'wait' ? waitSeconds : 7);
      if (status === 'migrate') await soaks(wave, options.soakSeconds);
      if (status === 'confirm') await ends(wave, 'migrated');
    }
    expect(taken.at(-1)).toBe('done');
    expect([count('migrate'), count('confirm')]).toEqual([12, 12]);
    expect(count('wait')).toBeLessThanOrEqual(2 * 12);
  });

  it('keeps one pace of restarts: a wave waits for the minute of the one before it, where both would be too many pods', async () => {
    await waves(6, { restartPodsPerMinute: 10 }, 6);
    for (const wave of [0, 1, 2]) await ends(wave, 'migrated');
    await soaks(3);
    fake.pass(20);
    expect(await next()).toBe('wait 40');
    fake.pass(40);
    expect(await next()).toBe('migrate 4: 1');
    await waves(6, { restartPodsPerMinute: 12 }, 6);
    for (const wave of [0, 1, 2]) await ends(wave, 'migrated');
    await soaks(3);
    expect(await next()).toBe('migrate 4: 1');
  });
});
