import { describe, expect, it } from 'vitest';
import { BATCH_UNITS, type Cuttable, cutBatches, MOST_ID_BYTES, roleBatches } from '../../../../src/migration/batch/batch.ts';

const unit = (unitId: string, more: Partial<Cuttable> = {}): Cuttable => ({
  unitId,
  roleArn: 'arn:aws:iam::111122223333:role/r',
  addon: undefined,
  splits: false,
  ...more,
});
const many = (count: number, name = (index: number) => `shop/u${String(index).padStart(4, '0')}`) =>
  Array.from({ length: count }, (_, index) => unit(name(index)));
const idsOf = (units: readonly Cuttable[]) => cutBatches(units).map((batch) => batch.units.map(({ unitId }) => unitId));

describe('the batches of a wave', () => {
  it('hold fifty units each, in the order of their ids, each unit once', () => {
    const units = many(120);
    const batches = idsOf([...units].reverse());
    expect(batches.map((ids) => ids.length)).toEqual([BATCH_UNITS, BATCH_UNITS, 20]);
    expect(batches.flat()).toEqual(units.map(({ unitId }) => unitId));
  });

  it('hold the units of a role together where they are confirmed, so that it is looked up once', () => {
    const role = (index: number) => `arn:aws:iam::111122223333:role/r${index % 3}`;
    const units = many(120).map((one, index) => ({ ...one, roleArn: role(index) }));
    const roleOf = new Map(units.map(({ unitId, roleArn }) => [unitId, roleArn]));
    const batches = cutBatches(units, 'by-role').map((batch) => batch.units.map(({ unitId }) => unitId));
    expect(batches.map((ids) => ids.length)).toEqual([BATCH_UNITS, BATCH_UNITS, 20]);
    expect(batches.map((ids) => [...new Set(ids.map((id) => roleOf.get(id)))])).toEqual([
      [role(0), role(1)],
      [role(1), role(2)],
      [role(2)],
    ]);
    expect(batches.flat().sort()).toEqual(units.map(({ unitId }) => unitId));
  });

  it('are of their own for the units of an add-on, and for each split', () => {
    const units = [unit('a/1'), unit('a/2', { splits: true }), unit('a/3', { splits: true }), unit('k/x', { addon: 'efs' })];
    const cut = cutBatches([...units, unit('k/y', { addon: 'efs' }), unit('k/z', { addon: 'ebs' })]);
    expect(cut.map(({ kind, units: members }) => [kind, members.map(({ unitId }) => unitId)])).toEqual([
      ['plain', ['a/1']],
      ['split', ['a/2']],
      ['split', ['a/3']],
      ['addon', ['k/x', 'k/y']],
      ['addon', ['k/z']],
    ]);
  });

  it('leave for the next step of the run what a state could not hold', () => {
    const units = many(500, (index) => `${'n'.repeat(60)}/${String(index).padStart(4, '0')}${'s'.repeat(249)}`);
    const cut = cutBatches(units);
    const taken = cut.flatMap((batch) => batch.units).length;
    expect(taken).toBeGreaterThan(250);
    expect(taken).toBeLessThan(500);
    expect(JSON.stringify(cut).length).toBeLessThan(1.5 * MOST_ID_BYTES);
    expect(idsOf([unit('x'.repeat(2 * MOST_ID_BYTES))])).toHaveLength(1);
  });

  it('of roles hold twenty-five', () => {
    const arns = Array.from({ length: 51 }, (_, index) => `arn:aws:iam::111122223333:role/r${index}`);
    expect(roleBatches(arns).map(({ pending }) => pending.length)).toEqual([25, 25, 1]);
  });
});
