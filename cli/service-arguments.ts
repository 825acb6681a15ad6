import type { Command } from 'commander';

/** Summary and detail of `podshift service`. */
export const SERVICE = [
  'write the folder that the service is deployed from',
  'Needs no checkout, no network and no credentials, and changes nothing. Prints\nthe folder, and the commands that deploy it.',
] as const;

/** The flags of `podshift service`, and its examples. */
export function withServiceFolder(command: Command): Command {
  return command
    .requiredOption('--out <folder>', 'the folder to make; it must be empty or not there yet')
    .addHelpText('after', ['', 'Example:', '  podshift service --out podshift-service'].join('\n'));
}
