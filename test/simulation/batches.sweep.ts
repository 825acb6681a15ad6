import { describe, expect, it } from 'vitest';
import { batchHistory, endsOf, everyCut } from './moving/batches.ts';
import { simulate } from './moving/simulate.ts';

describe('a batch that is cut off', async () => {
  const clean = await simulate(batchHistory());
  it.each(everyCut(clean))('ends the same where $of $number dies at call $call: $error', async (cut) => {
    expect(endsOf(await simulate(batchHistory([cut])))).toEqual(endsOf(clean));
  });
});
