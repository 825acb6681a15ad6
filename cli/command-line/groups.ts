import { type Command, Option } from 'commander';
import { collect, withAccess, withCluster, withFormat, withJournal, withMigration } from '../arguments.ts';
import { wholeNumber } from '../whole-number.ts';

/** EventBridge Scheduler's limit of a flexible time window, in minutes (API reference: FlexibleTimeWindow). */
const FLEXIBLE_MINUTES = 1440;

/** How lists and objects that have no wide form and no Markdown are printed. */
const PLAIN_FORMATS = ['table', 'json', 'yaml'];

/** Adds a command to a group. */
function action(group: Command, name: string, summary: string, detail = ''): Command {
  return group
    .command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.${detail === '' ? '' : `\n${detail}`}`);
}

/** The commands of `podshift addon`. */
export function addAddon(group: Command): void {
  withCluster(
    withFormat(
      action(group, 'permissions', 'show what an EKS add-on needs of IAM, and make it', 'Without --approve nothing is made.'),
      PLAIN_FORMATS,
    )
      .argument('<name>', 'name of the add-on, such as vpc-cni')
      .option('--addon-version <version>', 'its version (--version is taken too; default: the one that EKS installs)')
      .option('--snapshot <folder>', 'folder of AWS CLI and kubectl output, in place of a cluster')
      .option('--create-role', 'create the role of each of its service accounts')
      .option('--approve', 'change things'),
    false,
  );
}

/** The commands of `podshift schedule`. */
export function addSchedule(group: Command): void {
  withMigration(
    withCluster(
      withScheduler(
        withFormat(
          action(
            group,
            'create',
            'let the deployed service scan or migrate a cluster at set times',
            'Without --approve it shows the schedule.',
          ),
          PLAIN_FORMATS,
        )
          .argument('[name]', 'name of the schedule')
          .addOption(new Option('--starts <what>', 'what it starts').choices(['scan', 'run']).default('scan'))
          .option('--expression <expression>', "when: 'cron(…)', 'rate(…)' or 'at(…)', as EventBridge Scheduler has them")
          .option('--timezone <zone>', 'IANA time zone of the expression (UTC)')
          .option('--flexible-minutes <n>', 'spread the start over so many minutes (0)', wholeNumber(0, FLEXIBLE_MINUTES))
          .option('--digest <digest>', 'a run refuses unless its plan has this digest')
          .option('--require-approval', 'a run waits for the approval of its plan')
          .option('--approve', 'change things'),
      ),
      false,
    ),
  );
  withRegion(withScheduler(withFormat(action(group, 'list', 'list the schedules of the deployed service'), PLAIN_FORMATS)));
  withRegion(
    withScheduler(
      action(group, 'delete', 'delete a schedule', 'Without --approve it says which, and changes nothing.')
        .argument('[name]', 'name of the schedule')
        .option('--approve', 'change things'),
    ),
  );
}

/** Which deployed service has the schedules. */
function withScheduler(command: Command): Command {
  return command
    .option('--stage <stage>', 'stage of the deployed service (prod)')
    .option('--service-region <region>', "its region (default: the cluster's)");
}

/** The region alone: no cluster is looked at. */
function withRegion(command: Command): Command {
  return withAccess(
    command.addOption(new Option('--region <region>', 'its region (default: as the AWS CLI finds it)').helpGroup('Cluster:')),
  );
}

/** The commands of `podshift fleet`. */
export function addFleet(group: Command): void {
  const start = (name: string, summary: string, detail: string): Command =>
    withFleetService(
      withMembers(
        withJournal(
          withAccess(
            withPages(action(group, name, summary, detail))
              .argument('[file]', 'a YAML file with the settings of the fleet')
              // the command says that one is enough
              .allowExcessArguments()
              .option('--digest <digest>', 'refuse unless the plan of the fleet has this digest'),
          ),
        ),
      ),
    );
  start('plan', 'show what a run of the fleet would do', 'Reads only.');
  start('run', 'migrate the clusters of a fleet', 'Without --approve it plans, says what it would do, and changes nothing.')
    .option('--approve', 'change things')
    .option('--approve-each', "let each cluster's run wait for its own approval (with --service)")
    .option('--resume <fleet>', 'go on with an interrupted fleet');
  withFleetService(
    withJournal(
      withAccess(
        withPages(action(group, 'status', 'list the fleets of the journal, or show how one stands'))
          .argument('[fleet]', 'id of a fleet')
          .allowExcessArguments()
          .option('--watch', 'go on looking: a terminal is refreshed in place, a pipe gets a line for each change'),
      ),
    ),
  );
  withSelection(
    withPages(action(group, 'rehearse', 'run a whole fleet on the twins of snapshots', 'Nothing real is touched.'))
      .argument('[snapshots...]', 'folders of AWS CLI and kubectl output, one for each cluster')
      .option('--file <file>', 'a YAML file with the settings of the fleet')
      .option('--digest <digest>', 'refuse unless the plan of the fleet has this digest'),
  );
}

const fleetOption = (flags: string, description: string): Option => new Option(flags, description).helpGroup('Fleet:');

/** Which clusters are in the fleet, and which goes first. */
function withSelection(command: Command): Command {
  return command
    .addOption(fleetOption('--account <id>', 'account, or "self" (repeat for more)').argParser(collect))
    .addOption(fleetOption('--region <region>', 'region (repeat for more)').argParser(collect))
    .addOption(fleetOption('--name <glob>', 'only clusters of this name (repeat for more)').argParser(collect))
    .addOption(fleetOption('--tag <key=glob>', 'only clusters with this tag (repeat for more)').argParser(collect))
    .addOption(fleetOption('--canary <cluster>', 'name or ARN of the cluster that goes first'));
}

/** Besides, by which role its accounts are reached. */
function withMembers(command: Command): Command {
  return withSelection(command)
    .addOption(fleetOption('--member-role <name>', 'role to assume in each account (podshift-member)'))
    .addOption(fleetOption('--external-id <id>', 'the external id that these roles ask for'));
}

/** How a fleet is printed; a page for each cluster goes into a folder. */
function withPages(command: Command): Command {
  return withFormat(command, ['table', 'wide', 'json', 'yaml', 'html']).addOption(
    fleetOption('--out <folder>', 'folder of the pages, with "-o html"'),
  );
}

function withFleetService(command: Command): Command {
  return command.addOption(fleetOption('--service <arn>', 'the deployed service: ARN of its podshift-migrate-fleet'));
}
