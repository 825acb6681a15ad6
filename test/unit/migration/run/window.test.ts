import { beforeEach, describe, expect, it } from 'vitest';
import { nextStep } from '../../../../src/migration/run/next-step.ts';
import { type FakeMigration, RUN } from '../../fixtures/fake-migration.ts';
import { runScene } from '../../fixtures/run-scene.ts';

let fake: FakeMigration;
const { begin, setUnit } = runScene((made) => {
  fake = made;
});
const UNITS = [{}, { id: 'shop/b', wave: 1 }, { id: 'shop/c', wave: 1 }, { id: 'shop/d', wave: 2 }];
const WINDOW = { windowMinutes: 60 };
const status = async (unitId: string) => (await fake.runtime.journal.getUnit(RUN, unitId)).status;

const idsOf = ({ batches }: { batches: readonly { units: readonly { unitId: string }[] }[] }) =>
  batches.flatMap(({ units }) => units.map(({ unitId }) => unitId));

describe('a maintenance window', () => {
  beforeEach(async () => {
    await begin(UNITS, {}, WINDOW);
    for (const { id } of UNITS.slice(1)) await setUnit(id as string, 'pending');
  });

  it('lets waves begin until it closes', async () => {
    await setUnit('shop/orders', 'migrated');
    fake.pass(3599);
    const next = await nextStep(fake.runtime, { runId: RUN });
    expect(next).toMatchObject({ status: 'migrate', wave: 1 });
    expect(idsOf(next)).toEqual(['shop/b', 'shop/c']);
    expect(await status('shop/d')).toBe('pending');
  });

  it('then holds the units of waves that were not begun, however often it is asked', async () => {
    await setUnit('shop/orders', 'migrated');
    fake.pass(3600);
    const done = { status: 'done', batches: [], daemons: [] };
    expect(await nextStep(fake.runtime, { runId: RUN })).toMatchObject(done);
    expect(await nextStep(fake.runtime, { runId: RUN })).toMatchObject(done);
    for (const { id } of UNITS.slice(1)) {
      const unit = await fake.runtime.journal.getUnit(RUN, id as string);
      expect([unit.status, unit.reason]).toEqual(['held', 'the window of 60 minutes closed before its turn']);
    }
  });

  it('lets a wave that was begun go on to its end', async () => {
    await setUnit('shop/orders', 'migrated');
    await setUnit('shop/b', 'running');
    fake.pass(7200);
    const next = await nextStep(fake.runtime, { runId: RUN });
    expect(next).toMatchObject({ status: 'migrate', wave: 1 });
    expect(idsOf(next)).toEqual(['shop/b', 'shop/c']);
    expect([await status('shop/c'), await status('shop/d')]).toEqual(['pending', 'held']);
  });
});
