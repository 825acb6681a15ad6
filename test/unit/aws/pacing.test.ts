import { describe, expect, it } from 'vitest';
import { createPacer, pacingKey } from '../../../src/aws/pacing.ts';

/** A clock that moves when the pacer waits, and by hand. */
function setUp() {
  const time = { now: 0 };
  const waits: number[] = [];
  const pause = async (milliseconds: number) => {
    waits.push(milliseconds);
  };
  return { time, waits, pacer: createPacer({ now: () => time.now }, pause) };
}

describe('pacing', () => {
  it('lets a burst go and spaces what follows by the rate', async () => {
    const { waits, pacer } = setUp();
    for (let request = 0; request < 12; request += 1) await pacer.acquire('eks', 'eks::eu');
    expect(waits).toEqual([200, 400]);
  });

  it('fills up again with time, and never above the burst', async () => {
    const { time, waits, pacer } = setUp();
    for (let request = 0; request < 10; request += 1) await pacer.acquire('eks', 'k');
    time.now = 3_600_000;
    for (let request = 0; request < 11; request += 1) await pacer.acquire('eks', 'k');
    expect(waits).toEqual([200]);
  });

  it('halves the rate on a throttle, once for a burst of them, and adds slowly', () => {
    const { time, pacer } = setUp();
    for (let times = 0; times < 5; times += 1) pacer.report('eks', 'k', 'throttled');
    expect(pacer.rate('eks', 'k')).toBe(2.5);
    time.now = 1000;
    pacer.report('eks', 'k', 'throttled');
    expect(pacer.rate('eks', 'k')).toBe(1.25);
    pacer.report('eks', 'k', 'passed');
    expect(pacer.rate('eks', 'k')).toBeCloseTo(1.3);
  });

  it('stays between the least and the most', () => {
    const { time, pacer } = setUp();
    for (let times = 0; times < 40; times += 1) {
      time.now += 1000;
      pacer.report('cloudtrail', 'k', 'throttled');
    }
    expect(pacer.rate('cloudtrail', 'k')).toBe(0.1);
    for (let times = 0; times < 1000; times += 1) pacer.report('cloudtrail', 'k', 'passed');
    expect(pacer.rate('cloudtrail', 'k')).toBe(2);
  });

  it('keeps one rate for what shares it, and others apart', () => {
    const target = { clusterName: 'a', region: 'eu-west-1', assumeRoleArn: 'arn:aws:iam::444455556666:role/m' };
    const other = { ...target, clusterName: 'b' };
    expect(pacingKey('eks', target)).toBe('eks:444455556666:eu-west-1');
    expect(pacingKey('eks', other)).toBe(pacingKey('eks', target));
    expect(pacingKey('iam', { ...target, region: 'us-east-1' })).toBe('iam:444455556666');
    expect(pacingKey('kubernetes', other)).not.toBe(pacingKey('kubernetes', target));
    expect(pacingKey('cloudtrail', { ...target, assumeRoleArn: null })).toBe('cloudtrail::eu-west-1');
  });
});
