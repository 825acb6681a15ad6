import { Argument, Command, CommanderError, Option } from 'commander';
import {
  afterHelp,
  collect,
  withAccess,
  withCluster,
  withFormat,
  withJournal,
  withMigration,
  withRuns,
  withRunsAs,
  withService,
} from './arguments.ts';
import { CAPTURE, withCapture } from './capture-arguments.ts';
import { withFleet } from './fleet-arguments.ts';
import { RETIREMENT_KEYS } from './migration-flags.ts';
import { wholeNumber } from './whole-number.ts';

/** What a command is called with: its arguments by name, and the flags of it and of the program. */
export interface Invocation {
  readonly name: CommandName;
  readonly arguments: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
  /** As it was typed, without the program's name. */
  readonly typed: readonly string[];
}

/** The commands, as they are typed. */
export type CommandName =
  | 'scan'
  | 'plan'
  | 'capture'
  | 'rehearse'
  | 'run'
  | 'retire'
  | 'status'
  | 'rollback'
  | 'report'
  | 'approve'
  | 'watch'
  | 'schedule'
  | 'addon'
  | 'fleet'
  | 'twin'
  | 'serve'
  | 'demo';

/** Text to print instead of running a command: help or the version. */
export interface Answer {
  readonly text: string;
}

/** EventBridge Scheduler's limit of a flexible time window, in minutes (API reference: FlexibleTimeWindow). */
const FLEXIBLE_MINUTES = 1440;

/** How wide help is, unless the terminal is narrower. */
const HELP_WIDTH = 80;

/**
 * What the command line asks for. Throws commander's `CommanderError` for an unknown command, flag or argument; its message
 * names the nearest known one.
 */
export function parseCommandLine(argv: readonly string[], version: string, columns: number): Invocation | Answer {
  let invocation: Invocation | undefined;
  let text = '';
  const program = new Command('podshift')
    .description(
      'Moves the workloads of Amazon EKS clusters from IRSA, kube2iam and kiam to EKS\nPod Identity, with proof at each step and a rollback for each step.',
    )
    .exitOverride()
    // Commander stops wrapping where the names leave less than 40 columns, and then the lines are longer than a terminal.
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({
      writeOut: (part) => {
        text += part;
      },
      // errors are printed by the caller, in the form that all errors have
      writeErr: () => undefined,
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(columns, HELP_WIDTH),
      getErrHelpWidth: () => Math.min(columns, HELP_WIDTH),
    })
    .version(version, '--version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .option('--no-color', 'no colours (NO_COLOR and TERM=dumb do the same)')
    .option('--debug', 'show stack traces')
    .addHelpText('after', afterHelp());

  const command = (name: CommandName, summary: string, detail: string): Command =>
    program
      .command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.${detail === '' ? '' : `\n${detail}`}`)
      .action((...given: unknown[]) => {
        const self = given.at(-1) as Command;
        invocation = { name, arguments: self.args, flags: self.optsWithGlobals(), typed: argv };
      });

  const snapshot = new Argument('<snapshot>', 'folder of AWS CLI and kubectl output');
  withMigration(
    withCluster(
      withFormat(command('scan', 'show who gets which role today, and what stands in the way', 'Reads only.'), [
        'table',
        'wide',
        'json',
        'yaml',
        'sarif',
      ]),
      true,
    ).addOption(
      new Option('--fail-on <severity>', 'exit with 3 where there is a finding of this severity, or a worse one').choices([
        'blocker',
        'warning',
      ]),
    ),
  );
  withMigration(
    withCluster(withFormat(command('plan', 'show what a run would do, and why it would leave something alone', 'Reads only.')), true)
      .option('--steps', 'show the ordered writes of each service account instead, as a tree')
      .option('--out <file>', 'keep the plan in this file, for "run --plan" and "plan --compare"')
      .option('--compare <file>', 'say what changed since the plan in this file was made; exits with 3 where something did'),
  );
  withCapture(command('capture', ...CAPTURE));
  withMigration(
    withFormat(
      command(
        'rehearse',
        "run the whole migration on a snapshot's twin",
        'Nothing real is touched. Times are virtual: nothing is waited for.\nExits with 1 where the run broke a promise, and says which.',
      ),
    )
      .addArgument(snapshot)
      .addOption(
        new Option('--eks-auth-faults <percent>', 'let EKS Auth throttle or fail each pod in so much of the time')
          .default(0)
          .argParser(wholeNumber(0, 100)),
      ),
  );
  withMigration(
    withRuns(
      withCluster(
        withFormat(command('run', 'migrate a cluster', 'Without --approve it plans, says what it would do, and changes nothing.')),
        false,
      )
        .option('--approve', 'change things')
        .option('--digest <digest>', 'refuse unless the plan has this digest')
        .option('--plan <file>', 'carry out the plan in this file, and no other')
        .option('--resume <run>', 'go on with an interrupted run')
        .option('--require-approval', 'wait until somebody approves the plan (with --service)'),
    ),
  );
  withMigration(
    withRuns(
      withCluster(
        withFormat(
          command(
            'retire',
            'stop kube2iam or kiam once nothing depends on it, and clear up behind it',
            'Without --approve it says what it would do, and what depends on it still.',
          ),
        )
          .addArgument(new Argument('<daemon>', 'the daemon').choices(['kube2iam', 'kiam']))
          .option('--snapshot <folder>', 'folder of AWS CLI and kubectl output, in place of a cluster: a plan alone'),
        false,
      )
        .option('--approve', 'change things')
        .option('--digest <digest>', 'refuse unless the plan has this digest')
        .option('--require-approval', 'wait until somebody approves the plan (with --service)'),
    ),
    RETIREMENT_KEYS,
  );
  withRunsAs(withFormat(command('status', 'list the runs of the journal, or show how one stands', ''), ['table', 'wide', 'json', 'yaml']))
    .argument('[run]', 'id of a run')
    .option('--watch', 'go on looking: a terminal is refreshed in place, a pipe gets a line for each change');
  withRuns(
    withAccess(
      withFormat(
        command(
          'rollback',
          'undo a run, or some of its units, from the journal',
          'Without --approve it says what it would undo, and changes nothing.',
        ),
      ),
    ),
  )
    .argument('<run>', 'id of the run')
    .option('--unit <namespace/name>', 'only this unit (repeat for more)', collect)
    .option('--stop', 'stop the run first, where it is still going forward (with --service)')
    .option('--approve', 'change things');
  withService(
    withFormat(
      command(
        'approve',
        'approve or refuse the plan that a run of a service waits with',
        'Without --digest it shows the plan, and answers nothing.',
      ),
    ),
  )
    .argument('<run>', 'id of the run')
    .option('--digest <digest>', 'the digest of the plan that is approved or refused')
    .option('--refuse', 'refuse it');
  withRunsAs(
    withFormat(
      command(
        'watch',
        'look at a run of another process or of a service until it has ended',
        'Prints its report, and exits as the run does. Ctrl-C leaves the run alone.',
      ),
    ),
  ).argument('<run>', 'id of the run');
  withRunsAs(withFormat(command('report', 'print the report of a run', ''))).argument('<run>', 'id of a run');
  withCluster(
    withFormat(command('addon', 'show what an EKS add-on needs of IAM, and make it', 'Without --approve nothing is made.'), [
      'table',
      'json',
      'yaml',
    ])
      .addArgument(new Argument('<action>', 'what to show').choices(['permissions']))
      .argument('<name>', 'name of the add-on, such as vpc-cni')
      .option('--addon-version <version>', 'its version (--version is taken too; default: the one that EKS installs)')
      .option('--snapshot <folder>', 'folder of AWS CLI and kubectl output, in place of a cluster')
      .option('--create-role', 'create the role of each of its service accounts')
      .option('--approve', 'change things'),
    false,
  );
  withMigration(
    withCluster(
      withFormat(
        command(
          'schedule',
          'let the deployed service scan or migrate a cluster at set times',
          'Without --approve it says what it would do.',
        ),
        ['table', 'json', 'yaml'],
      )
        .addArgument(new Argument('<action>', 'what to do').choices(['create', 'list', 'delete']))
        .argument('[name]', 'name of the schedule')
        .addOption(new Option('--starts <what>', 'what it starts').choices(['scan', 'run']).default('scan'))
        .option('--expression <expression>', "when: 'cron(…)', 'rate(…)' or 'at(…)', as EventBridge Scheduler has them")
        .option('--timezone <zone>', 'IANA time zone of the expression (UTC)')
        .option('--flexible-minutes <n>', 'spread the start over so many minutes (0)', wholeNumber(0, FLEXIBLE_MINUTES))
        .option('--digest <digest>', 'a run refuses unless its plan has this digest')
        .option('--require-approval', 'a run waits for the approval of its plan')
        .option('--stage <stage>', 'stage of the deployed service (prod)')
        .option('--service-region <region>', "its region (default: the cluster's)")
        .option('--approve', 'change things'),
      false,
    ),
  );
  withFleet(
    withJournal(
      withAccess(
        withFormat(
          command(
            'fleet',
            'plan, migrate or rehearse the clusters of many accounts and regions',
            'plan [FILE]          what a run would do\nrun [FILE]           without --approve, its plan\nstatus [FLEET]       the fleets of the journal, or how one stands\nrehearse SNAPSHOT... a whole fleet on the twins of snapshots',
          ),
          ['table', 'wide', 'json', 'yaml', 'html'],
        ),
      ),
    ),
  );
  command(
    'twin',
    "serve a snapshot's twin, for the AWS CLI, kubectl and eksctl",
    'Serves until it is stopped. Prints {"aws": URL, "kubeconfig": PATH}.',
  )
    .addArgument(snapshot)
    .option('--no-delays', 'let everything take effect at once: IAM, associations, add-ons, pods');
  command(
    'serve',
    "serve podshift's API over a snapshot's twin",
    'Serves on this machine until it is stopped. Prints {"url": URL, "cluster": NAME, "region": REGION}.',
  )
    .addArgument(snapshot)
    .addOption(new Option('--port <port>', 'where to listen on 127.0.0.1').default(0, 'a free port').argParser(wholeNumber(0, 65_535)))
    .addOption(new Option('--speed <factor>', 'how much faster than real time').default(1).argParser(wholeNumber(1, 1000)));
  withFormat(
    command('demo', 'rehearse the example cluster that ships with podshift', 'Nothing real is touched; no credentials are needed.'),
  );

  try {
    if (argv.length === 0) program.help();
    // The program's own --version would take this one for itself.
    const given = argv[0] === 'addon' ? argv.map((part) => part.replace(/^--version(?==|$)/, '--addon-version')) : argv;
    program.parse(given, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && text !== '' && error.exitCode === 0) return { text };
    throw error;
  }
  return invocation ?? { text: program.helpInformation() };
}
