import { describe, expect, it } from 'vitest';
import { drawHistory, WORLDS } from './moving/draw.ts';
import { SCENARIOS } from './moving/scenarios.ts';
import { simulate } from './moving/simulate.ts';

/** So many seeds of each kind of world; `npm run simulate` takes as many as one likes. */
const SEEDS = 12;

/** Histories that show what is not fixed yet. */
const OPEN: ReadonlySet<string> = new Set([
  ...WORLDS.map((world) => `${world} 2`),
  'a crash right after a write, and a rollback while the service reads late: an association',
  'an API server that is away for five minutes rolls nothing back',
  'an API server that is away for five minutes during the rollback ends no rollback',
  'a function that ends as Lambda.Unknown costs no healthy unit',
  'a function that ends as Sandbox.Timedout costs no healthy unit',
  'a function that ends as Runtime.ExitError costs no healthy unit',
  'a function that ends as Lambda.ResourceNotReadyException costs no healthy unit',
  'a function that ends as Lambda.ENINotReadyException costs no healthy unit',
  'a function that dies during the rollback ends no rollback',
]);

describe.each(WORLDS)('a world that moves: %s', (world) => {
  const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1).filter((seed) => !OPEN.has(`${world} ${seed}`));

  it.each(seeds)('keeps every promise in the history of seed %d', async (seed) => {
    const { problems } = await simulate(drawHistory(seed, world));
    expect(problems).toEqual([]);
  });
});

describe('a world that moves', () => {
  it.each(SCENARIOS.filter(({ name }) => !OPEN.has(name)))('$name', async ({ history }) => {
    const { problems } = await simulate(history);
    expect(problems).toEqual([]);
  });

  it('lives through the same history in the same way', async () => {
    const history = drawHistory(7);
    const [first, second] = [await simulate(history), await simulate(history)];
    expect(second.told).toEqual(first.told);
    expect(first.told.length).toBeGreaterThan(10);
  });
});
