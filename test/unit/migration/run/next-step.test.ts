import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextStep } from '../../../../src/migration/run/next-step.ts';
import { judgeWave } from '../../../../src/migration/run/waves.ts';
import type { UnitPlan } from '../../../../src/model/plan.ts';
import type { UnitStatus } from '../../../../src/model/run.ts';
import { GATED_WAVES } from '../../../../src/plan/duration.ts';
import { DEPLOYMENT, type FakeMigration, RUN } from '../../fixtures/fake-migration.ts';
import { runScene } from '../../fixtures/run-scene.ts';

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
    expect((await nextStep(fake.runtime, { runId: RUN })).reason).toMatch(/^wave 5 (failed|was halted): /);
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

  it('begins no further unit of a wave that is over the threshold already, as one that was handed out in parts, or resumed', async () => {
    await begin([{}, { id: 'shop/a', wave: 1 }, { id: 'shop/b', wave: 1 }, { id: 'shop/c', wave: 1 }, { id: 'shop/d', wave: 2 }]);
    await ends(0, 'migrated');
    for (const id of ['shop/a', 'shop/b', 'shop/c', 'shop/d']) await setUnit(id, 'pending');
    const { journal } = fake.runtime;
    const begun = { associate: new Date(fake.now()).toISOString() };
    await journal.updateUnit(RUN, 'shop/a', { status: 'rolling-back', reason: 'why', stepStartedAt: begun });
    await journal.updateUnit(RUN, 'shop/b', { status: 'running', stepStartedAt: begun });
    const unitsOf = async (): Promise<string[]> =>
      (await nextStep(fake.runtime, { runId: RUN })).batches.flatMap(({ units }) => units.map(({ unitId }) => unitId));
    expect(await unitsOf()).toEqual(['shop/a', 'shop/b']);
    await journal.updateUnit(RUN, 'shop/a', { status: 'rolled-back' });
    await journal.updateUnit(RUN, 'shop/b', { facts: { soakUntil: new Date(fake.now() + 60_000).toISOString() } });
    expect(await next()).toBe('wait 60');
    fake.pass(60);
    expect(await next()).toBe('confirm 1: 1');
    await journal.updateUnit(RUN, 'shop/b', { status: 'migrated' });
    expect(await next()).toBe('halted');
    // Its role may trust it already: the judgement holds it, and has what was let in for it taken out again.
    const { roles, reason } = await judgeWave(fake.runtime, { runId: RUN, wave: 1 });
    expect(reason).toMatch(/^wave 2 failed: 1 of 3 units were not migrated/);
    expect(roles).toHaveLength(1);
    expect(await journal.getUnit(RUN, 'shop/c')).toMatchObject({ status: 'held', reason });
    expect((await journal.getUnit(RUN, 'shop/d')).status).toBe('pending');
    expect((await nextStep(fake.runtime, { runId: RUN })).reason).toBe(reason);
  });

  it('judges a wave again in an execution that resumes the run: nobody knows whether what was let in was taken out', async () => {
    await waves(4, { failureThresholdPercent: 100 });
    const { journal } = fake.runtime;
    await journal.noteExecution(RUN, 'execution-1', 'always');
    await ends(0, 'migrated');
    await ends(1, 'rolled-back');
    expect(await next()).toBe('confirm 1: ');
    expect(await judgeWave(fake.runtime, { runId: RUN, wave: 1 })).toMatchObject({ decision: 'go-on', roles: [{ pending: [{}] }] });
    expect(await next()).toBe('migrate 2: 1');
    await journal.noteExecution(RUN, 'execution-2', 'always');
    expect(await next()).toBe('confirm 1: ');
    await judgeWave(fake.runtime, { runId: RUN, wave: 1 });
    expect(await next()).toBe('migrate 2: 1');
  });

  it('judges a wave in parts where a state could not hold its roles: each is handed out once, and what was not begun is held with its own', async () => {
    const roleOf = (index: number): string => `arn:aws:iam::111122223333:role/${'p'.repeat(500)}/r${String(index).padStart(3, '0')}`;
    const units = Array.from({ length: 400 }, (_, index) => ({
      id: `shop/u${String(index).padStart(3, '0')}`,
      wave: 1,
      roleArn: roleOf(index),
    }));
    await begin([{}, ...units]);
    const { journal } = fake.runtime;
    await journal.noteExecution(RUN, 'execution-1', 'always');
    await ends(0, 'migrated');
    const stepStartedAt = { associate: new Date(fake.now()).toISOString() };
    for (const [index, { id }] of units.entries())
      if (index % 2 === 0) await journal.updateUnit(RUN, id, { status: 'rolled-back', reason: 'why', stepStartedAt });
      else await setUnit(id, 'pending');
    const handedOut: string[] = [];
    let parts = 0;
    for (; parts === 0 || (await next()) === 'confirm 1: '; parts += 1) {
      const { roles } = await judgeWave(fake.runtime, { runId: RUN, wave: 1 });
      expect(JSON.stringify(roles).length).toBeLessThan(256 * 1024);
      handedOut.push(...roles.flatMap(({ pending }) => pending.map(({ roleArn }) => roleArn)));
    }
    expect(parts).toBeGreaterThan(1);
    expect(handedOut).toEqual(units.map(({ roleArn }) => roleArn));
    expect(await next()).toBe('halted');
    const odd = await journal.getUnit(RUN, 'shop/u399');
    expect(odd).toMatchObject({ status: 'held', facts: { unbegun: true } });
  });

  it('holds what was not begun of a wave that does well, where another one halted the run', async () => {
    await begin([{}, { id: 'shop/a', wave: 3 }, { id: 'shop/b', wave: 3 }, { id: 'shop/c', wave: 4 }]);
    const { journal } = fake.runtime;
    await journal.noteExecution(RUN, 'execution-2', 'always');
    await ends(0, 'migrated');
    const begun = { associate: new Date(fake.now()).toISOString() };
    const soakUntil = new Date(fake.now() + 60_000).toISOString();
    await journal.updateUnit(RUN, 'shop/a', { status: 'running', stepStartedAt: begun, facts: { soakUntil } });
    await setUnit('shop/b', 'pending');
    await journal.updateUnit(RUN, 'shop/c', { status: 'rolled-back', reason: 'why', stepStartedAt: begun });
    expect(await next()).toBe('confirm 3: ');
    await judgeWave(fake.runtime, { runId: RUN, wave: 3 });
    expect(await journal.getUnit(RUN, 'shop/b')).toMatchObject({ status: 'held', reason: expect.stringMatching(/^wave 5 failed: /) });
    expect(await next()).toBe('confirm 4: ');
    await judgeWave(fake.runtime, { runId: RUN, wave: 4 });
    expect(await next()).toBe('wait 60');
  });

  it('does as the options ask of a wave that failed right before the run was resumed', async () => {
    await waves(4, { onWaveFailure: 'rollback' });
    await fake.runtime.journal.noteExecution(RUN, 'execution-2', 'always');
    await ends(0, 'migrated');
    await ends(1, 'rolled-back');
    expect(await next()).toBe('confirm 1: ');
    expect((await judgeWave(fake.runtime, { runId: RUN, wave: 1 })).decision).toBe('rollback');
  });

  it('begins no other unit of an add-on alone: one update moves them all', async () => {
    const addon = { name: 'aws-efs-csi-driver' } as NonNullable<UnitPlan['addon']>;
    await begin([{}, { id: 'shop/a', wave: 1 }, { id: 'shop/b', wave: 1, addon }, { id: 'shop/c', wave: 1, addon }]);
    await ends(0, 'migrated');
    const begun = { associate: new Date(fake.now()).toISOString() };
    await fake.runtime.journal.updateUnit(RUN, 'shop/a', { status: 'rolled-back', reason: 'why', stepStartedAt: begun });
    await setUnit('shop/b', 'running');
    await setUnit('shop/c', 'pending');
    const { batches } = await nextStep(fake.runtime, { runId: RUN });
    expect(batches.map(({ kind, units }) => [kind, ...units.map(({ unitId }) => unitId)])).toEqual([['addon', 'shop/b', 'shop/c']]);
  });

  it('begins no wave while more of what is in flight has failed than the threshold allows', async () => {
    const outcomes = fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(outcomes, fc.constantFrom(0, 10, 34, 50), async (inFlight, failureThresholdPercent) => {
        const of = (index: number): number => GATED_WAVES + index;
        const units = inFlight.flatMap((failed, index) =>
          failed.map((_, place) => ({ id: `shop/w${of(index)}-${place}`, wave: of(index) })),
        );
        await begin([{}, ...units, { id: 'shop/next', wave: of(inFlight.length) }], {}, { failureThresholdPercent });
        await ends(0, 'migrated');
        await setUnit('shop/next', 'pending');
        const at = new Date(fake.now()).toISOString();
        const soakUntil = new Date(fake.now() + 900_000).toISOString();
        for (const [index, failed] of inFlight.entries())
          for (const [place, isFailed] of failed.entries())
            await fake.runtime.journal.updateUnit(RUN, `shop/w${of(index)}-${place}`, {
              status: isFailed ? 'rolled-back' : 'running',
              stepStartedAt: { associate: at },
              ...(isFailed ? {} : { facts: { soakUntil } }),
            });
        const all = inFlight.flat();
        const isOver = all.filter(Boolean).length * 100 > failureThresholdPercent * all.length;
        const { status } = await nextStep(fake.runtime, { runId: RUN });
        if (isOver) expect(status).not.toBe('migrate');
        if (!all.includes(true)) expect(status).toBe('migrate');
      }),
      { numRuns: 60 },
    );
  });

  it('leaves the pace of restarts to the batches: a wave begins while others soak, however many pods they renewed just now', async () => {
    await waves(6, { restartPodsPerMinute: 10 }, 6);
    for (const wave of [0, 1, 2]) await ends(wave, 'migrated');
    await soaks(3);
    expect(await next()).toBe('migrate 4: 1');
  });
});
