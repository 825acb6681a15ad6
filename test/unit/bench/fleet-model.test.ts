import { describe, expect, it } from 'vitest';
import type { ClusterMeasure } from '../../../bench/cluster.bench.ts';
import { costOf, floorOf, lambdaSeconds, modelFleet } from '../../../bench/fleet.bench.ts';
import { noCalls } from '../../../src/model/run.ts';

const NOTHING: ClusterMeasure = {
  units: 2_000,
  migrated: 2_000,
  status: 'migrated',
  transitions: 0,
  invocations: 0,
  executions: 0,
  history: 0,
  longestChild: 0,
  seconds: 0,
  calls: noCalls(),
  restarted: 0,
  waitedGigabyteSeconds: 0,
  journal: { writeUnits: 0, readUnits: 0, writes: 0, reads: 0, itemsRead: 0, records: 0, passed: 0 },
  events: 0,
  points: 0,
  log: { bytes: 0, lines: 0 },
  kubernetesBytes: 0,
  cpuSeconds: 0,
};
const MILLION = 1_000_000;

describe('the cost of a migration', () => {
  it('is nothing for nothing', () => {
    expect(costOf(NOTHING).total).toBe(0);
  });

  it('is the list price of each count', () => {
    expect(costOf({ ...NOTHING, transitions: MILLION }).total).toBeCloseTo(25);
    expect(costOf({ ...NOTHING, journal: { ...NOTHING.journal, writeUnits: MILLION } }).total).toBeCloseTo(0.625);
    expect(costOf({ ...NOTHING, journal: { ...NOTHING.journal, readUnits: MILLION } }).total).toBeCloseTo(0.125);
    expect(costOf({ ...NOTHING, events: MILLION }).total).toBeCloseTo(1);
    expect(costOf({ ...NOTHING, log: { bytes: 1e9, lines: 1 } }).total).toBeCloseTo(0.5);
    expect(costOf({ ...NOTHING, waitedGigabyteSeconds: MILLION }).total).toBeCloseTo(13.3334);
  });

  it('counts the calls of functions: a tenth of a second, a request, and the lines of Lambda', () => {
    const { lambda, logs, total } = costOf({ ...NOTHING, invocations: MILLION });
    expect(lambda).toBeCloseTo(0.1 * MILLION * 0.5 * 0.0000133334 + 0.2);
    expect(logs).toBeCloseTo(0.25);
    expect(total).toBeCloseTo(lambda + logs);
  });

  it('lets eight units wait for their answers at once', () => {
    expect(lambdaSeconds({ ...NOTHING, calls: { ...noCalls(), eks: 80 } })).toBeCloseTo(1);
  });
});

describe('the least time', () => {
  it('is a canary, its soak, the slowest flow and one soak', () => {
    expect(floorOf({ units: 0, restarted: 0 }).seconds).toBe(3 * 960 + 900);
    expect(floorOf({ units: 2_000, restarted: 4_000 })).toEqual({ seconds: 3_780 + 800, flow: 800, by: 'restarts' });
    expect(floorOf({ units: 2_000, restarted: 0 })).toEqual({ seconds: 3_780 + 500, flow: 500, by: 'cloudtrail' });
  });
});

describe('the time of a fleet', () => {
  const cluster = { ...NOTHING, seconds: 3_600, calls: { ...noCalls(), eks: 7_200 } };

  it('is a cluster for each wave where the account answers fast enough, and else what the account takes', () => {
    const fast = modelFleet({ clusters: 500, accounts: 500, perSecond: 100, clustersPerPlace: 10 }, cluster);
    expect(fast.days).toBeCloseTo((fast.waves * 3_600) / 86_400);
    const slow = modelFleet({ clusters: 500, accounts: 500, perSecond: 1, clustersPerPlace: 10 }, cluster);
    expect(slow.days).toBeCloseTo(2 * fast.days);
  });
});
