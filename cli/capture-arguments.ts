import { type Command, Option } from 'commander';
import { withCluster, withMigration } from './arguments.ts';

/** Summary and detail of `podshift capture`. */
export const CAPTURE = [
  'take a snapshot of a cluster and its account',
  'Reads only, and no Secret. Values of variables, arguments and ConfigMaps are\nkept where podshift judges them, else replaced. Prints the folder.',
] as const;

/** The flags of `podshift capture`, and its examples. */
export function withCapture(command: Command): Command {
  command
    .requiredOption('--out <folder>', 'the folder to make; it must be empty or not there yet')
    .addOption(
      new Option('--names <how>', 'plain: as they are; hashed: replaced, for others to see').choices(['plain', 'hashed']).default('plain'),
    )
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  podshift capture --cluster shop --region eu-central-1 --out shop',
        '  podshift rehearse shop',
        '  podshift capture --cluster shop --names hashed --out bug-report',
      ].join('\n'),
    );
  return withMigration(withCluster(command, false), ['annotationPrefix']);
}
