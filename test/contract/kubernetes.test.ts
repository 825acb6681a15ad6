import { describe } from 'vitest';
import { describeApi } from './kubernetes-api.ts';
import { startTwinBackend } from './kubernetes-backends.ts';
import { describeLists } from './kubernetes-lists.ts';
import { describeRollouts } from './kubernetes-rollouts.ts';

/** All that the suite runs over; each must pass all that it supports. */
const BACKENDS = { twin: startTwinBackend };

for (const [name, start] of Object.entries(BACKENDS)) {
  describe(`over ${name}`, () => {
    describeApi(start);
    describeLists(start);
    describeRollouts(start);
  });
}
