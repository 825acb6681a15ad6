import { describe, it } from 'vitest';
import { countWrites, everyCut, runWithPowerCut } from './power-cut.ts';
import { ADDONS, ONE_ACCOUNT, SPLIT } from './power-cut-scenes.ts';
import { cleanRun, type Scene } from './scenario.ts';

const nameOf = (scene: Scene): string => (typeof scene === 'string' ? scene : scene.name);

// Every write, every cut, resumed and rolled back.
describe.each([ONE_ACCOUNT, ADDONS, SPLIT].map((scene) => ({ scene, name: nameOf(scene) })))(
  'a power cut in a migration of $name',
  async ({ scene }) => {
    const clean = await cleanRun(scene);
    it.each(everyCut(await countWrites(scene)))('breaks no promise: write $at, $cut, then $recovery', ({ at, cut, recovery }) =>
      runWithPowerCut(scene, clean, at, cut, recovery),
    );
  },
);
