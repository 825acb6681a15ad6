import type { Screen } from '../src/report/render.ts';
import type { CommandContext } from './context.ts';
import type { Invocation } from './program.ts';
import { nextCommand } from './shell.ts';

/** Where a report is printed, with the commands that lead on from it. */
export function screenOf({ terminal }: CommandContext, invocation: Invocation): Screen {
  return { ...terminal.screen, command: (...words) => nextCommand(invocation, ...words) };
}
