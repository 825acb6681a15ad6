import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { defaultCredentials } from '../../src/aws/default-credentials.ts';
import { createSchedules } from '../../src/aws/schedules.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { toYaml } from '../../src/report/render.ts';
import { type Cell, renderTable } from '../../src/report/table.ts';
import { createPalette } from '../../src/report/text.ts';
import { type ScheduleDefinition, type ScheduleRequest, type Schedules, scheduleGroup, scheduleOf } from '../../src/service/schedules.ts';
import { type CommandContext, digestFlag, type RunCommand, textFlag } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { formatOf } from '../formats.ts';
import type { Invocation } from '../program.ts';
import { withoutExternalId } from '../service/open.ts';
import { openClusterSession, optionsOf, regionOf } from '../sessions.ts';

/** `podshift schedule create|list|delete`: when the deployed service scans or migrates a cluster. */
export const schedule: RunCommand = async (context, invocation) => {
  const { action } = invocation;
  const [name] = invocation.arguments;
  if (action !== 'list' && name === undefined)
    throw new PodshiftError('UsageError', `which schedule? give its name: schedule ${action} NAME`);
  if (action === 'create') return create(name ?? '', context, invocation);
  const stage = textFlag(invocation, 'stage') ?? 'prod';
  const schedules = await openSchedules(context, invocation);
  if (action === 'list') return list(schedules, stage, context, invocation);
  if (invocation.flags.approve !== true) {
    context.terminal.talk(`would delete the schedule ${name} of ${scheduleGroup(stage)}; nothing was changed; run again with --approve`);
    return 'done';
  }
  await schedules.delete(scheduleGroup(stage), name ?? '');
  context.terminal.talk(`deleted the schedule ${name}`);
  return 'done';
};

async function create(name: string, context: CommandContext, invocation: Invocation): Promise<Exit> {
  const { terminal } = context;
  const session = await openClusterSession(invocation, context, { journal: 'memory' });
  try {
    const request = await requestOf(name, session.target, invocation);
    const region = textFlag(invocation, 'serviceRegion') ?? session.target.region;
    const { accountId, arn } = await session.runtime.aws({ ...session.target, region, assumeRoleArn: null }).sts.getCallerIdentity();
    const stage = textFlag(invocation, 'stage') ?? 'prod';
    const definition = scheduleOf({ ...request, requestedBy: arn }, { partition: arn.split(':')[1] ?? 'aws', region, accountId, stage });
    await print(definition, context, invocation);
    if (invocation.flags.approve !== true) {
      terminal.talk(`would create the schedule ${name} of ${definition.GroupName}; nothing was changed; run again with --approve`);
      return 'done';
    }
    await (await openSchedules(context, invocation)).create(definition);
    terminal.talk(
      `created the schedule ${name}: ${definition.Description}, ${definition.ScheduleExpression} ${definition.ScheduleExpressionTimezone}`,
    );
    return 'done';
  } finally {
    await session.close();
  }
}

async function requestOf(
  name: string,
  target: ScheduleRequest['target'],
  invocation: Invocation,
): Promise<Omit<ScheduleRequest, 'requestedBy'>> {
  withoutExternalId(textFlag(invocation, 'externalId'));
  const expression = textFlag(invocation, 'expression');
  if (!/^[0-9A-Za-z_.-]{1,64}$/.test(name))
    throw new PodshiftError('UsageError', `"${name}" is no name of a schedule: letters, digits, "-", "_" and ".", at most 64`);
  if (expression === undefined || !/^(cron|rate|at)\(.+\)$/.test(expression)) {
    throw new PodshiftError(
      'UsageError',
      "when? give --expression, such as 'cron(0 2 ? * SAT *)', 'rate(1 day)' or 'at(2026-03-01T02:00:00)'",
    );
  }
  const starts = invocation.flags.starts === 'run' ? 'run' : 'scan';
  const digest = digestFlag(invocation) ?? null;
  const approval = invocation.flags.requireApproval === true ? 'required' : 'none';
  if (starts === 'scan' && (digest !== null || approval === 'required')) {
    throw new PodshiftError('UsageError', '--digest and --require-approval are for --starts run: a scan changes nothing');
  }
  const chosen = { ...(await optionsOf(invocation)) };
  const flexibleMinutes = Number(invocation.flags.flexibleMinutes ?? 0);
  const window = chosen.windowMinutes ?? 0;
  if (window > 0 && flexibleMinutes >= window)
    throw new PodshiftError('UsageError', '--flexible-minutes has to be less than --window-minutes');
  // The window counts from the start, which may come so much later.
  const options = window > 0 ? { ...chosen, windowMinutes: window - flexibleMinutes } : chosen;
  const timezone = textFlag(invocation, 'timezone') ?? 'UTC';
  return { name, starts, target, expression, timezone, flexibleMinutes, expectedDigest: digest, approval, options };
}

async function print(definition: ScheduleDefinition, { terminal }: CommandContext, invocation: Invocation): Promise<void> {
  const shown = { ...definition, Target: { ...definition.Target, Input: JSON.parse(definition.Target.Input) as unknown } };
  await terminal.data(formatOf(invocation) === 'json' ? `${JSON.stringify(shown, null, 2)}\n` : toYaml(shown));
}

async function list(schedules: Schedules, stage: string, { terminal }: CommandContext, invocation: Invocation): Promise<Exit> {
  const found = await schedules.list(scheduleGroup(stage));
  const format = formatOf(invocation);
  const answer = { apiVersion: 'podshift/v1', kind: 'ScheduleList', schedules: found };
  if (format === 'json') await terminal.data(`${JSON.stringify(answer, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(answer));
  else if (found.length === 0) terminal.talk(`no schedules in ${scheduleGroup(stage)}`);
  else {
    const rows = found.map((one): Cell[] => [
      { text: one.name, tone: 'strong' },
      { text: one.description },
      { text: one.expression },
      { text: one.timezone },
      { text: one.state },
    ]);
    await terminal.data(
      `${renderTable(['SCHEDULE', 'STARTS', 'WHEN', 'TIME ZONE', 'STATE'], rows, terminal.screen.columns, createPalette(terminal.screen.color))}\n`,
    );
  }
  return 'done';
}

async function openSchedules(context: CommandContext, invocation: Invocation): Promise<Schedules> {
  const region = textFlag(invocation, 'serviceRegion') ?? (await regionOf(invocation, context));
  const [profile, endpoint] = [textFlag(invocation, 'profile'), textFlag(invocation, 'endpointUrl')];
  const credentials = defaultCredentials({ profile, region });
  return createSchedules(new SchedulerClient({ region, credentials, ...(endpoint === undefined ? {} : { endpoint }) }));
}
