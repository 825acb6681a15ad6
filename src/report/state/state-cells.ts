import type { RunState } from '../../model/run-state.ts';
import type { Cell } from '../table.ts';
import type { Tone } from '../text.ts';

/** What each state is to the reader. */
export const STATE_TONES: Readonly<Record<RunState['name'], Tone>> = {
  planning: 'strong',
  waiting: 'warn',
  migrating: 'strong',
  soaking: 'strong',
  'rolling-back': 'warn',
  interrupted: 'bad',
  'needs-operator': 'bad',
  planned: 'strong',
  migrated: 'good',
  held: 'warn',
  refused: 'warn',
  'rolled-back': 'bad',
};

/** Over the column that marks what needs somebody. */
export const MARK_HEAD = ' !';

/** Marks what needs somebody. */
export function markOf({ attention }: Pick<RunState, 'attention'>): Cell {
  return { text: attention ? '!' : '', tone: 'bad' };
}
