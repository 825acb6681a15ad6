import type { Terminal } from './terminal.ts';

/** How many are told one by one. */
const TOLD = 20;

/** Says on stderr which promises a rehearsal broke; nothing where it broke none. */
export function sayBroken(terminal: Pick<Terminal, 'talk'>, broken: readonly string[]): void {
  for (const one of broken.slice(0, TOLD)) terminal.talk(`promise broken: ${one}`);
  if (broken.length > TOLD) terminal.talk(`and ${broken.length - TOLD} more`);
}
