import { expect, it } from 'vitest';
import { durationOf, largeHistory } from './moving/large.ts';
import { simulate } from './moving/simulate.ts';

it('migrates 2,000 service accounts in the time that the plan says, and keeps every promise', async () => {
  const history = largeHistory(2_000, { perRole: 2 });
  const outcome = await simulate(history);
  expect(outcome.problems).toEqual([]);
  expect(outcome.runs.map(({ status }) => status)).toEqual(['migrated']);
  expect(outcome.units.filter(({ status }) => status === 'migrated')).toHaveLength(2_000);
  const { took, planned } = durationOf(outcome, history);
  expect(took).toBeLessThan(1.25 * planned.seconds);
});
