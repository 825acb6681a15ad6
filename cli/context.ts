import { PodshiftError } from '../src/model/errors.ts';
import type { Exit } from './exit-codes.ts';
import type { Interrupts } from './interrupts.ts';
import type { Invocation } from './program.ts';
import type { Terminal } from './terminal.ts';

/** What every command gets besides its flags. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly interrupts: Interrupts;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Show the log of the steps as well. */
  readonly debug: boolean;
}

/** A command: it prints its answer and says how it ended. */
export type RunCommand = (context: CommandContext, invocation: Invocation) => Promise<Exit>;

/** A flag that is text, or undefined where it was not given. */
export function textFlag({ flags }: Invocation, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** A flag that is a number, or undefined where it was not given. */
export function numberFlag({ flags }: Invocation, name: string): number | undefined {
  const value = flags[name];
  return typeof value === 'number' ? value : undefined;
}

/** The flag `--digest`, or undefined where it was not given. Throws `UsageError` for what cannot be the digest of a plan. */
export function digestFlag(invocation: Invocation): string | undefined {
  const digest = textFlag(invocation, 'digest');
  if (digest === undefined || /^[0-9a-f]{12,64}$/.test(digest)) return digest;
  throw new PodshiftError('UsageError', `--digest is the plan's digest or its first 12 hex digits or more, and not "${digest}"`);
}
