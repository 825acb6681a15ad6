import type { Command } from 'commander';
import { withFormat } from '../arguments.ts';

/** What the help says of the command. */
export const EXPLAIN = [
  'say what the code of a finding or an error means, and what to do',
  'Without a code: all of them, a line each.',
] as const;

/** The arguments and flags of `podshift explain`. */
export function withExplain(command: Command): Command {
  return withFormat(command, ['table', 'json', 'yaml']).argument('[codes...]', 'codes such as PS305 or PE301');
}
