import { SCRIPTS, type Shell } from '../completion/scripts.ts';
import type { RunCommand } from '../context.ts';

/** `podshift completion SHELL`: what the shell reads. */
export const completion: RunCommand = async ({ terminal }, invocation) => {
  await terminal.data(SCRIPTS[invocation.arguments[0] as Shell]);
  return 'done';
};
