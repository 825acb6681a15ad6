import { type Command, Option } from 'commander';
import { EXPORT_FORMATS } from '../../src/report/exports/formats.ts';
import { withFormat, withRunsAs } from '../arguments.ts';

/** What the help says of the command. */
export const EXPORT = [
  'write what a run changed as code to merge',
  'RUN is the id of a run that has ended, or a file of "plan --out": then it\nis what to merge after the migration. One folder for each owner of code.',
] as const;

/** The arguments and flags of `podshift export`. */
export function withExport(command: Command): Command {
  return withRunsAs(withFormat(command, ['table', 'json', 'yaml']))
    .argument('<run>', 'id of a run, or the file of a plan')
    .option('--out <folder>', 'where to: a folder that is empty or not there yet')
    .addOption(new Option('--format <format>', 'all in this one format, whoever owns the code').choices(EXPORT_FORMATS));
}
