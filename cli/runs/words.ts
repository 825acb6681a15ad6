import type { RunState } from '../../src/model/run-state.ts';
import { count } from '../../src/report/text.ts';
import type { Terminal } from '../terminal.ts';

/** Subjects whose commands are said at most. */
const MOST = 10;

/** Says on stderr what somebody can do about each that needs somebody; each command in one line, so that it can be copied. */
export function sayWhoNeedsSomebody(
  { talk, palette }: Pick<Terminal, 'talk' | 'palette'>,
  standings: readonly { readonly subject: string; readonly state: RunState }[],
): void {
  const needy = standings.filter(({ state }) => state.attention && state.next.length > 0);
  for (const { subject, state } of needy.slice(0, MOST)) {
    talk(`${palette('bad', '!')} ${subject}`);
    const indent = Math.max(...state.next.map(({ action }) => action.length));
    for (const { action, command } of state.next) talk(`    ${`${action}:`.padEnd(indent + 1)} ${command}`);
  }
  if (needy.length > MOST) talk(`and ${count(needy.length - MOST, 'more', 'more')} that need somebody`);
}
