import { describe, it } from 'vitest';
import { countWrites, everyCut, runWithPowerCut } from './power-cut.ts';
import { cleanRun, EXAMPLE, KUBE2IAM } from './scenario.ts';

// Every write of a whole cluster once, the kinds taking turns.
describe.each([EXAMPLE, KUBE2IAM])('a power cut in a migration of %s', async (scene) => {
  const clean = await cleanRun(scene);
  const cuts = everyCut(await countWrites(scene)).filter(({ at, kind }) => kind === at % 6);
  it.each(cuts)('breaks no promise: write $at, $cut, then $recovery', ({ at, cut, recovery }) =>
    runWithPowerCut(scene, clean, at, cut, recovery),
  );
});
