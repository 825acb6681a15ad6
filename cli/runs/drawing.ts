import type { Terminal } from '../terminal.ts';

/** Moves the cursor to the first column, so many lines up, and clears from there on (ECMA-48: CPL, ED). */
const over = (lines: number): string => `${lines === 0 ? '' : `\u001B[${lines}F`}\u001B[J`;

/**
 * Shows texts on a terminal, each in the place of the one before. What the terminal has no rows for is left out, and said. Texts are as
 * wide as the terminal at most. `rows` are those of the terminal.
 */
export function createDrawing({ data }: Pick<Terminal, 'data'>, rows: () => number): (text: string) => Promise<void> {
  let drawn = 0;
  let shown: string | undefined;
  return async (text) => {
    const most = Math.max(2, rows() - 1);
    const all = text.replace(/\n+$/, '').split('\n');
    const lines = all.length <= most ? all : [...all.slice(0, most - 1), `… and ${all.length - most + 1} more lines`];
    const next = `${lines.join('\n')}\n`;
    if (next === shown) return;
    await data(`${over(drawn)}${next}`);
    drawn = lines.length;
    shown = next;
  };
}
