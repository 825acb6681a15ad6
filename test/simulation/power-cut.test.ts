import { describe, expect, it } from 'vitest';
import { countWrites, everyCut, runWithPowerCut } from './power-cut.ts';
import { ADDONS, ONE_ACCOUNT } from './power-cut-scenes.ts';
import { cleanRun } from './scenario.ts';

/** One cut in so many; `npm run test:simulation` takes them all, and whole clusters. */
const EVERY = 97;

describe('a power cut in the midst of a run', async () => {
  const clean = await cleanRun(ONE_ACCOUNT);
  const writes = await countWrites(ONE_ACCOUNT);

  it('comes at any of many writes', () => {
    expect(clean.run.report.run.status).toBe('migrated');
    expect(writes).toBeGreaterThan(50);
  });

  it.each(everyCut(writes).filter((_, index) => index % EVERY === 13))(
    'breaks no promise: write $at, $cut, then $recovery',
    ({ at, cut, recovery }) => runWithPowerCut(ONE_ACCOUNT, clean, at, cut, recovery),
  );
});

// Units of one add-on succeed together: how often they ask after each other hangs on their order.
describe('a power cut at the last write of units that wait for each other', async () => {
  const clean = await cleanRun(ADDONS);
  const writes = await countWrites(ADDONS);

  it.each(everyCut(writes).slice(-2))('comes at a write that was counted: write $at, $cut, then $recovery', ({ at, cut, recovery }) =>
    runWithPowerCut(ADDONS, clean, at, cut, recovery),
  );
});
