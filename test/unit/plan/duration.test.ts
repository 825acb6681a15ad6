import { describe, expect, it } from 'vitest';
import { migrationOptions } from '../../../src/model/options.ts';
import type { UnitPlan } from '../../../src/model/plan.ts';
import { plannedDuration } from '../../../src/plan/duration.ts';
import { DEPLOYMENT, unitPlan } from '../fixtures/fake-migration.ts';

/** Units of so many waves, one each, of so many pods. */
const units = (waves: number, replicas: number | null = 2): UnitPlan[] =>
  Array.from({ length: waves }, (_, wave) => unitPlan({ id: `shop/${wave}`, wave, workloads: [{ ...DEPLOYMENT, replicas }] }));
const OPTIONS = { soakSeconds: 900, iamPropagationSeconds: 15, injectionChecks: 5, injectionIntervalSeconds: 3, restartPodsPerMinute: 300 };
const of = (list: readonly UnitPlan[], more: Record<string, unknown> = {}) =>
  plannedDuration(list, migrationOptions.parse({ ...OPTIONS, ...more }));

describe('how long a run takes where everything goes well', () => {
  it.each([
    [1, {}, 1],
    [3, {}, 3],
    [4, {}, 4],
    [7, {}, 4],
    [7, { sequentialWaves: true }, 7],
  ])('of %i waves with %o it waits for %i soaks', (waves, more, soaks) => {
    expect(of(units(waves), { restartPodsPerMinute: 10_000, ...more })).toEqual({ seconds: soaks * 900 + waves * 120, waves, soaks, restartSeconds: 0 });
  });

  it('has the restarts at their pace, and nothing for what is held or not restarted', () => {
    const many = units(2, 300);
    expect(of(many).restartSeconds).toBe(120);
    expect(of(units(2, null), { restartPodsPerMinute: 1 }).restartSeconds).toBe(120);
    const held = { ...many[0], decision: 'hold', wave: null } as UnitPlan;
    const still = { ...many[0], workloads: [{ ...DEPLOYMENT, replicas: 300, restart: 'none' }] } as UnitPlan;
    expect(of([held, still])).toMatchObject({ waves: 1, restartSeconds: 0 });
    expect(of([held]).seconds).toBe(0);
  });
});
