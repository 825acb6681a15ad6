import { describe, expect, it } from 'vitest';
import { generateSnapshot } from '../../bench/rehearsal.bench.ts';
import { rehearse } from '../../engine/rehearsal.ts';

const MINUTE = 60_000;
/** Two pods each, as the generated Deployments have. */
const PODS = 2;

/** How many pods were renewed in the fullest minute of a run over so many units, and when each of them was. */
async function restarts(units: number, options: { readonly restartPodsPerMinute: number; readonly waveSize?: number }) {
  const rehearsal = await rehearse({
    snapshot: generateSnapshot(units),
    startAt: Date.UTC(2026, 0, 5),
    options: { soakSeconds: 60, ...options },
  });
  try {
    expect(rehearsal.report.run.status).toBe('migrated');
    const of = (operation: string) => rehearsal.twin.requests.filter((one) => one.write && one.operation === operation).map(({ at }) => at);
    const times = of('patch deployments');
    const fullest = Math.max(...times.map((time) => PODS * times.filter((at) => at > time - MINUTE && at <= time).length));
    return {
      renewed: PODS * times.length,
      fullest,
      minutes: (Math.max(...times) - Math.min(...times)) / MINUTE,
      associated: of('CreatePodIdentityAssociation'),
      times,
    };
  } finally {
    await rehearsal.close();
  }
}

describe('the restarts of a run', () => {
  it('renew no more pods in a minute than the option allows, within a wave and from one to the next', async () => {
    const { renewed, fullest } = await restarts(60, { restartPodsPerMinute: 20, waveSize: 25 });
    expect(renewed).toBe(120);
    expect(fullest).toBeLessThanOrEqual(20);
  });

  it('are as many as that: a wave takes no longer than its pods need, and its units are associated as their turn comes near', async () => {
    const { fullest, minutes, associated, times } = await restarts(160, { restartPodsPerMinute: 100 });
    expect(fullest).toBe(100);
    // Of the 31 units ahead of it each wave is confirmed alone; the next one has 125 of them.
    const [first, last] = [31, 155].map((index) => times[index] as number) as [number, number];
    expect((last - first) / MINUTE).toBeLessThanOrEqual(Math.ceil((125 * PODS) / 100));
    expect(minutes).toBeLessThan(11);
    const waited = associated.map((at, index) => (times[index] as number) - at);
    expect(Math.max(...waited)).toBeLessThan(2 * MINUTE);
  });
});
