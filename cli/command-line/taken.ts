import type { Command } from 'commander';

/** A flag that a command takes. */
export interface Taken {
  /** Whether it was typed. */
  readonly given: boolean;
  /** The values that it may have; absent where it may have any. */
  readonly choices?: readonly string[];
}

/** The flags of a command that was parsed, by the names that they have among its values. */
export function takenBy(command: Command): Record<string, Taken> {
  const names = command.options.map((option): [string, Taken] => {
    const name = option.attributeName();
    const given = command.getOptionValueSource(name) === 'cli';
    return [name, { given, ...(option.argChoices === undefined ? {} : { choices: option.argChoices }) }];
  });
  return Object.fromEntries(names);
}
