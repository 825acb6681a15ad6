import type { Command } from 'commander';
import { withCluster, withFormat, withMigration, withRuns } from '../arguments.ts';

/** What the help says of the command. */
export const DOCTOR = [
  'try every permission and every connection that a run will need',
  'Changes nothing: what writes is asked of IAM and of the API server, or sent as a dry run.\nExits with 1 where something is missing that a run always needs.',
] as const;

/** The flags of `podshift doctor`. */
export function withDoctor(command: Command): Command {
  return withMigration(withRuns(withCluster(withFormat(command, ['table', 'wide', 'json', 'yaml']), false)), [
    'annotationPrefix',
    'probeImage',
  ]);
}
