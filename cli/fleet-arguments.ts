import { Argument, type Command, Option } from 'commander';
import { collect } from './arguments.ts';

/** The arguments and flags of `podshift fleet`. */
export function withFleet(command: Command): Command {
  const option = (flags: string, description: string): Option => new Option(flags, description).helpGroup('Fleet:');
  return command
    .addArgument(new Argument('<action>', 'what to do').choices(['plan', 'run', 'status', 'rehearse']))
    .argument('[arguments...]', 'a YAML file with the settings of a fleet, the id of a fleet, or folders of snapshots')
    .addOption(option('--account <id>', 'account, or "self" (repeat for more)').argParser(collect))
    .addOption(option('--region <region>', 'region (repeat for more)').argParser(collect))
    .addOption(option('--name <glob>', 'only clusters of this name (repeat for more)').argParser(collect))
    .addOption(option('--tag <key=glob>', 'only clusters with this tag (repeat for more)').argParser(collect))
    .addOption(option('--canary <cluster>', 'name or ARN of the cluster that goes first'))
    .addOption(option('--member-role <name>', 'role to assume in each account (podshift-member)'))
    .addOption(option('--external-id <id>', 'the external id that these roles ask for'))
    .addOption(option('--out <folder>', 'folder of the pages, with "-o html"'))
    .addOption(option('--file <file>', 'the settings, for rehearse'))
    .addOption(option('--service <arn>', 'start it in the deployed service: ARN of its podshift-migrate-fleet'))
    .option('--approve', 'change things')
    .option('--approve-each', "let each cluster's run wait for its own approval (with --service)")
    .option('--digest <digest>', 'refuse unless the plan of the fleet has this digest')
    .option('--resume <fleet>', 'go on with an interrupted fleet');
}
