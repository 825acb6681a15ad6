import { describe, expect, it } from 'vitest';
import { type RehearsalSettings, rehearse } from '../../engine/rehearsal.ts';
import type { TwinRequest } from '../../twin/contracts.ts';
import { checkPromises, EXAMPLE, settingsOf } from './scenario.ts';

const HOUR = 3_600_000;

const sum = (calls: object): number => Object.values(calls).reduce((total, count) => total + count, 0);

/** A run over the example that keeps its promises; how it ended, its calls and how long it took. */
async function run(settings: Partial<RehearsalSettings>) {
  const rehearsal = await rehearse({ ...(await settingsOf(EXAMPLE)), ...settings });
  try {
    await checkPromises(rehearsal);
    const { run, calls } = rehearsal.report;
    return { status: run.status, calls, seconds: (rehearsal.clock.now() - Date.parse(run.startedAt)) / 1000 };
  } finally {
    await rehearsal.close();
  }
}

describe('paced requests', async () => {
  const ideal = await run({});

  it('are none too many for an account that allows as many as the first rate, and cost the run seconds', async () => {
    const allowed = { burst: 10, perSecond: 6 };
    const paced = await run({ paced: true, rateLimits: { eks: allowed, iam: allowed, cloudtrail: { burst: 2, perSecond: 2 } } });
    const { eks, iam, kubernetes, cloudtrail, sts } = ideal.calls;
    expect(paced).toMatchObject({ status: 'migrated', calls: { cloudtrail, sts } });
    // Requests of a whole inventory wait in the order in which real sockets answer, so that a look at pods falls before a moment or after it.
    expect(paced.calls.kubernetes - kubernetes).toBeLessThanOrEqual(1);
    // The rate grows past what the account allows until one request of each is refused: it is sent once more.
    expect(paced.calls.eks - eks).toBeLessThanOrEqual(1);
    expect(paced.calls.iam - iam).toBeLessThanOrEqual(1);
    expect(paced.seconds).toBeLessThan(ideal.seconds + 60);
  });

  it.each([3, 1.5, 0.8])('adapt to an account that allows %s a second', async (perSecond) => {
    const allowed = { burst: 4, perSecond };
    const paced = await run({ paced: true, rateLimits: { eks: allowed, iam: allowed } });
    expect(paced.status).toBe('migrated');
    expect(paced.calls.eks + paced.calls.iam).toBeLessThan(1.5 * (ideal.calls.eks + ideal.calls.iam));
  });

  it('get through a storm that refuses three of ten', async () => {
    let seen = 0;
    const paced = await run({
      paced: true,
      hooks: {
        beforeRequest: () => {
          seen += 1;
          return [3, 6, 9].includes(seen % 10) ? { kind: 'throttle', when: 'before' } : undefined;
        },
      },
    });
    expect(paced.status).toBe('migrated');
    expect(sum(paced.calls)).toBeLessThanOrEqual(2 * sum(ideal.calls));
  });

  it('are not what safety rests on: refused far too often, a run waits, and writes once it is its turn', async () => {
    const requests: TwinRequest[] = [];
    const late = await run({
      hooks: {
        beforeRequest: (request) => {
          requests.push(request);
          const [first] = requests;
          const refused = request.service === 'eks' && requests.length > 10 && request.at < (first?.at ?? 0) + 2 * HOUR;
          return refused ? { kind: 'throttle', when: 'before' } : undefined;
        },
      },
    });
    expect(late.status).toBe('migrated');
    expect(late.seconds).toBeGreaterThan(2 * 3600);
    const [begin, write] = [requests[0], requests.find((request) => request.write)].map((request) => request?.at ?? 0);
    expect((write ?? 0) - (begin ?? 0)).toBeGreaterThan(2 * HOUR);
  });
});
