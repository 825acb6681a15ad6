import type { SnapshotParts } from '../../twin/snapshot.ts';
import { ANSWERS, OBJECTS } from './snapshot-shapes.ts';
import { shopParts } from './twin-account.ts';

/** The shop's snapshot, with answers and objects beside it that have every optional member. */
export function fullestParts(): SnapshotParts {
  const parts = ANSWERS.map((answer) => [answer.part, answer.several ? [answer.fullest] : answer.fullest]);
  return {
    ...shopParts(),
    ...Object.fromEntries(parts),
    objects: [...shopParts().objects, ...OBJECTS.map(({ fullest: object }) => object)],
  };
}
