import { describe, expect, it } from 'vitest';
import { endsOf, everyCrash, failingHistory, overlapHistory } from './moving/batches.ts';
import { simulate } from './moving/simulate.ts';

describe('a process that dies while waves overlap', async () => {
  const local = { mode: 'local' } as const;
  const clean = await simulate(overlapHistory([], local));
  // Each call once, resumed and rolled back in turn.
  it.each(everyCrash(clean, 'resume').filter(({ call }) => call % 2 === 0))('ends the same, resumed: call $call', async (crash) => {
    expect(endsOf(await simulate(overlapHistory([crash], local)))).toEqual(endsOf(clean));
  });
  it.each(everyCrash(clean, 'roll back').filter(({ call }) => call % 2 === 1))(
    'leaves all as it was, rolled back: call $call',
    async (crash) => {
      const { problems, runs } = endsOf(await simulate(overlapHistory([crash], local)));
      expect(problems).toEqual([]);
      expect(runs.filter((status) => status !== 'rolled-back' && status !== 'held')).toEqual([]);
    },
  );

  const failing = await simulate(failingHistory());
  it.each(everyCrash(failing, 'resume'))('leaves nothing of a unit that failed, resumed: call $call', async (crash) => {
    expect((await simulate(failingHistory([crash]))).problems).toEqual([]);
  });
});
