import { Argument, Command, CommanderError, Option } from 'commander';
import { PodshiftError } from '../src/model/errors.ts';
import { afterHelp, collect, withAccess, withCluster, withFormat, withMigration, withRuns, withRunsAs, withService } from './arguments.ts';
import { AUDIT, withAudit } from './audit-arguments.ts';
import { CAPTURE, withCapture } from './capture-arguments.ts';
import { noAction, usageError } from './command-line/complaints.ts';
import { addAddon, addFleet, addSchedule } from './command-line/groups.ts';
import { type Taken, takenBy } from './command-line/taken.ts';
import { SERVE, TWIN, withServe, withTwin } from './command-line/twins.ts';
import { commandFirst, namesOf } from './command-line/words.ts';
import { SHELLS } from './completion/scripts.ts';
import { DOCTOR, withDoctor } from './doctor/arguments.ts';
import { EXPLAIN, withExplain } from './explain/arguments.ts';
import { EXPORT, withExport } from './export/arguments.ts';
import { RETIREMENT_KEYS } from './migration-flags.ts';
import { SERVICE, withServiceFolder } from './service-arguments.ts';
import { wholeNumber } from './whole-number.ts';

/** What a command is called with: its arguments by name, and the flags of it and of the program. */
export interface Invocation {
  readonly name: CommandName;
  /** Of a group, such as `fleet`, which of its commands; else undefined. */
  readonly action?: string;
  readonly arguments: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
  /** The flags that the command takes, by the names that they have in `flags`. */
  readonly takes: Readonly<Record<string, Taken>>;
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
  | 'export'
  | 'approve'
  | 'watch'
  | 'schedule'
  | 'addon'
  | 'fleet'
  | 'audit'
  | 'twin'
  | 'serve'
  | 'explain'
  | 'doctor'
  | 'service'
  | 'demo'
  | 'completion'
  | 'config';

/** Text to print instead of running a command: help or the version. */
export interface Answer {
  readonly text: string;
}

/** How wide help is, unless the terminal is narrower. */
const HELP_WIDTH = 80;

/** What a command of the tree does when it is asked for. */
type Asked = (invocation: Omit<Invocation, 'typed'>) => void;

/**
 * What the command line asks for. Throws `UsageError` for an unknown command, flag or argument; its message names the nearest known one.
 */
export function parseCommandLine(argv: readonly string[], version: string, columns: number): Invocation | Answer {
  let asked: Parameters<Asked>[0] | undefined;
  let text = '';
  const program = createProgram(version, (invocation) => {
    asked = invocation;
  });
  const configure = (command: Command): void => {
    command.exitOverride().configureOutput({
      writeOut: (part) => {
        text += part;
      },
      // errors are printed by the caller, in the form that all errors have
      writeErr: () => undefined,
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(columns, HELP_WIDTH),
      getErrHelpWidth: () => Math.min(columns, HELP_WIDTH),
    });
    for (const child of command.commands) configure(child);
  };
  configure(program);
  let current = program;
  let rest: readonly string[] = [];
  try {
    // The program's own --version would take this one for itself.
    const given = argv[0] === 'addon' ? argv.map((part) => part.replace(/^--version(?==|$)/, '--addon-version')) : argv;
    const ordered = commandFirst(program, given);
    current = ordered.command;
    rest = ordered.argv.slice(namesOf(current).length);
    if (ordered.help || (current === program && !argv.includes('--version'))) current.help();
    if (current.commands.length > 0 && current !== program) throw noAction(current);
    program.parse(ordered.argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (text !== '' && error.exitCode === 0) return { text };
    throw usageError(error, current, rest);
  }
  if (asked === undefined) throw new PodshiftError('InternalError', `${argv.join(' ')} asks for no command`);
  return { ...asked, typed: argv };
}

/** The tree of all commands: their names, arguments and flags, from which help, completion and parsing come. */
export function createProgram(version: string, onAsked: Asked): Command {
  const program = new Command('podshift')
    .description(
      'Moves the workloads of Amazon EKS clusters from IRSA, kube2iam and kiam to EKS\nPod Identity, with proof at each step and a rollback for each step.',
    )
    // Commander stops wrapping where the names leave less than 40 columns, and then the lines are longer than a terminal.
    .configureHelp({ minWidthToWrap: 20 })
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
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.${detail === '' ? '' : `\n${detail}`}`);

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
    withCluster(withFormat(command('plan', 'show what a run would do, and what blocks the rest', 'Reads only.')), true)
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
        'Without --digest it shows the plan, and approves nothing.',
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
        'Prints its report, and exits as the run does. Ctrl-C stops the watch alone; the run goes on.',
      ),
    ),
  ).argument('<run>', 'id of the run');
  withRunsAs(withFormat(command('report', 'print the report of a run', '')))
    .argument('<run>', 'id of a run')
    .option('--link', 'print a link instead that opens its page for 15 minutes (with --service)');
  withExport(command('export', ...EXPORT));
  addAddon(command('addon', 'show what an EKS add-on needs of IAM, and make it', ''));
  addSchedule(command('schedule', 'let the deployed service scan or migrate a cluster at set times', ''));
  addFleet(command('fleet', 'plan, migrate or rehearse the clusters of many accounts and regions', ''));
  withTwin(command('twin', ...TWIN));
  withServe(command('serve', ...SERVE));
  withDoctor(command('doctor', ...DOCTOR));
  withExplain(command('explain', ...EXPLAIN));
  withServiceFolder(command('service', ...SERVICE));
  withAudit(command('audit', ...AUDIT));
  withFormat(
    command('demo', 'rehearse the example cluster that ships with podshift', 'Nothing real is touched; no credentials are needed.'),
  );
  withFormat(
    command('config', 'show what is set once for all commands, and where', 'Flags come before the environment, and that before the file.'),
    ['table', 'json', 'yaml'],
  );
  command(
    'completion',
    'print what a shell needs to complete commands, flags, runs and clusters',
    'Examples:\n  source <(podshift completion bash)\n  podshift completion fish > ~/.config/fish/completions/podshift.fish',
  ).addArgument(new Argument('<shell>', 'the shell').choices(SHELLS));

  for (const one of program.commands) whenAsked(one, onAsked);
  return program;
}

/** Lets each command of the tree below this one say that it was asked for. */
function whenAsked(command: Command, onAsked: Asked): void {
  for (const child of command.commands) whenAsked(child, onAsked);
  if (command.commands.length > 0) return;
  command.action((...given: unknown[]) => {
    const self = given.at(-1) as Command;
    const [name = '', action] = namesOf(self);
    onAsked({
      name: name as CommandName,
      ...(action === undefined ? {} : { action }),
      arguments: self.args,
      flags: self.optsWithGlobals(),
      takes: takenBy(self),
    });
  });
}
