import { type Command, Option } from 'commander';
import { REPORT_FORMATS } from '../src/report/formats.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { migrationFlags } from './migration-flags.ts';

/** How the answer is printed. */
export function withFormat(command: Command, formats: readonly string[] = REPORT_FORMATS): Command {
  return command.addOption(new Option('-o, --output <format>', 'output format').choices(formats).default('table'));
}

/** Which cluster, and how it is reached; with `snapshots` a folder in its place. */
export function withCluster(command: Command, snapshots: boolean): Command {
  if (snapshots) {
    command.argument('[snapshot]', 'folder of AWS CLI and kubectl output, in place of a cluster');
    command.addOption(new Option('--snapshot <folder>', 'the same').helpGroup('Cluster:'));
  }
  command.addOption(new Option('--cluster <name>', 'name of the EKS cluster').helpGroup('Cluster:'));
  command.addOption(new Option('--region <region>', 'its region (default: as the AWS CLI finds it)').helpGroup('Cluster:'));
  command.addOption(new Option('--role-arn <arn>', 'role to assume first').helpGroup('Cluster:'));
  command.addOption(new Option('--external-id <id>', 'the external id that this role asks for').helpGroup('Cluster:'));
  return withAccess(command);
}

/** How AWS is reached. */
export function withAccess(command: Command): Command {
  return command
    .addOption(new Option('--profile <name>', 'profile of the AWS configuration').helpGroup('Cluster:'))
    .addOption(new Option('--endpoint-url <url>', "endpoint of every AWS service, such as a twin's").helpGroup('Cluster:'));
}

/** The runs of this machine's journal, or of a service. */
export function withRuns(command: Command): Command {
  return withServiceUrl(withJournal(command));
}

/** The journal of this machine. */
export function withJournal(command: Command): Command {
  return command
    .addOption(new Option('--journal <folder>', 'folder of the journal').default(null, "podshift in the user's state folder"))
    .option('--local', "run in this process, with this machine's journal (the default)");
}

/** Besides, as whom the service is called. */
export function withCallerProfile(command: Command): Command {
  return command.addOption(new Option('--profile <name>', 'profile of the AWS configuration').helpGroup('Service:'));
}

/** The deployed service. */
export function withServiceUrl(command: Command): Command {
  return command.addOption(new Option('--service <url>', 'use the service that is deployed there').helpGroup('Service:'));
}

/** The deployed service alone, and as whom it is called. */
export function withService(command: Command): Command {
  return withCallerProfile(withServiceUrl(command));
}

/** The runs of this machine's journal, or of a service and as whom it is called. */
export function withRunsAs(command: Command): Command {
  return withJournal(withService(command));
}

/** The options of a migration: all of them where no keys are named. */
export function withMigration(command: Command, keys?: Parameters<typeof migrationFlags>[0]): Command {
  command.addOption(new Option('--options <file>', 'YAML file of these options, its keys in camelCase').helpGroup('Migration:'));
  for (const flag of migrationFlags(keys)) command.addOption(flag.helpGroup('Migration:'));
  return command;
}

/** Reads a flag that can be given more than once, or with several values at once. */
export function collect(text: string, before: unknown): string[] {
  return [...(Array.isArray(before) ? before : []), ...text.split(',')];
}

/** What stands below the commands in the program's help. */
export function afterHelp(): string {
  const codes = Object.values(EXIT_CODES).map(({ code, meaning }) => `  ${String(code).padEnd(5)}${meaning}`);
  return [
    '',
    'Nothing is changed without --approve. Answers go to stdout, talk goes to stderr.',
    '',
    'Exit codes:',
    ...codes,
    '',
    'Examples:',
    '  podshift demo',
    '  podshift capture --cluster shop --region eu-central-1 --out SNAPSHOT',
    '  podshift rehearse SNAPSHOT',
    '  podshift plan --cluster shop --region eu-central-1',
    '  podshift run --cluster shop --region eu-central-1 --approve --digest DIGEST',
    '  podshift explain PS305',
  ].join('\n');
}
