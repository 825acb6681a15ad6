import { type Command, Option } from 'commander';
import { withRunsAs } from './arguments.ts';

/** Summary and description of the command `audit`. */
export const AUDIT = [
  'print the record of a run that shows whether it was changed, or verify one',
  'RUN            who asked, who approved, every write, all evidence\n--verify FILE  whether a record is as podshift wrote it; exits with 1 where not',
] as const;

/** What `audit` takes. Its JSON is written to the byte, so that it has a form of its own and no YAML. */
export function withAudit(command: Command): Command {
  return withRunsAs(command)
    .addOption(new Option('-o, --output <format>', 'how to print the answer').choices(['table', 'json', 'html']).default('table'))
    .argument('[run]', 'id of the run')
    .option('--verify <file>', 'verify the record in this file')
    .option('--against <run>', 'compare it with the run, in the journal or the service')
    .option('--hash <hash>', "compare it with a hash of the run's event or log");
}
