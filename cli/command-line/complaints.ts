import type { Command, CommanderError } from 'commander';
import { PodshiftError } from '../../src/model/errors.ts';
import { didYouMean, namesOf, nearestFlag, unknownFlag } from './words.ts';

/** What a group is answered with that was called without one of its commands. */
export function noAction(group: Command): PodshiftError {
  const names = group.commands.map((one) => one.name());
  return new PodshiftError('UsageError', `${namesOf(group).join(' ')} what? give one of ${names.join(', ')}`);
}

/** Commander's complaint in the form of all our errors; a flag that is not known comes before one that is missing. */
export function usageError(error: CommanderError, command: Command, rest: readonly string[]): PodshiftError {
  const complaint = error.message.replace(/^error: /, '').replace(/\n\(Did you mean (.+)\?\)$/, '; did you mean $1?');
  const isMissing = error.code === 'commander.missingMandatoryOptionValue';
  const message = (isMissing ? unknownFlag(command, rest) : undefined) ?? complaint;
  const [, flag] = /^unknown option '([^']+)'$/.exec(message) ?? [];
  return new PodshiftError('UsageError', `${message}${flag === undefined ? '' : didYouMean(nearestFlag(command, flag))}`, { cause: error });
}
