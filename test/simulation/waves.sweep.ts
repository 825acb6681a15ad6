import { describe, expect, it } from 'vitest';
import { endsOf, everyLoss, overlapHistory } from './moving/batches.ts';
import { simulate } from './moving/simulate.ts';

describe('waves that overlap', async () => {
  const clean = await simulate(overlapHistory());
  it.each(everyLoss(clean))('end the same where the $part of call $number is lost', async (loss) => {
    expect(endsOf(await simulate(overlapHistory([loss])))).toEqual(endsOf(clean));
  });
});
