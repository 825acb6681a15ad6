import { randomBytes } from 'node:crypto';
import { migrateFleet } from '../../engine/local-fleet.ts';
import { isPodshiftError, PodshiftError } from '../../src/model/errors.ts';
import type { FleetRecord, FleetSpec } from '../../src/model/fleet.ts';
import type { FleetReport } from '../../src/model/fleet-report.ts';
import { createIds } from '../../src/model/ids.ts';
import { isDigestOf } from '../../src/plan/digest.ts';
import { buildFleetReport } from '../../src/report/fleet.ts';
import { hang } from '../../src/report/text.ts';
import { loadSnapshot } from '../../twin/snapshot.ts';
import { sayBroken } from '../broken-promises.ts';
import { type CommandContext, digestFlag, type RunCommand, textFlag } from '../context.ts';
import { type Exit, exitOfFleet, exitOfRehearsal } from '../exit-codes.ts';
import { sayFailure } from '../failure.ts';
import { fleetSpecOf } from '../fleet-file.ts';
import { pagesFolder } from '../fleet-pages.ts';
import { type FleetSession, fleetServiceOf, openFleetSession, openTwinFleetSession } from '../fleet-sessions.ts';
import { printFleet, readFleet, showFleets } from '../fleet-status.ts';
import type { Invocation } from '../program.ts';
import { withoutExternalId } from '../service/open.ts';
import { journalFolder } from '../sessions.ts';
import { nextCommand, quoted } from '../shell.ts';
import { saySnapshotGaps } from '../snapshot-findings.ts';

/** `podshift fleet ACTION`: the clusters of many accounts and regions. */
export const fleet: RunCommand = async (context, invocation) => {
  const rest = invocation.arguments;
  // Ahead of a run, which would be over before anybody saw it.
  pagesFolder(invocation);
  switch (invocation.action) {
    case 'plan':
      return plan(context, invocation, await fleetSpecOf(invocation, only(rest)));
    case 'run':
      return run(context, invocation, only(rest));
    case 'status':
      return showFleets(context, invocation, only(rest));
    default:
      return rehearse(context, invocation, rest);
  }
};

function only(given: readonly string[]): string | undefined {
  if (given.length > 1) throw new PodshiftError('UsageError', `one argument is enough, not ${given.length}: ${given.join(' ')}`);
  return given[0];
}

async function plan(context: CommandContext, invocation: Invocation, spec: FleetSpec): Promise<Exit> {
  const input = newFleet(invocation, spec, 'plan');
  if (textFlag(invocation, 'service') !== undefined) return startInService(context, invocation, input);
  const session = await openFleetSession(invocation, context, { journal: 'memory', spec });
  try {
    const report = await carryOut(session, input);
    await printFleet(context, invocation, report, session.journal);
    refuseNone(report, spec);
    const { digest } = report.fleet;
    if (input.expectedDigest !== null && !isDigestOf(input.expectedDigest, digest)) {
      throw new PodshiftError('WorldMoved', `the digest of the fleet's plan is ${digest} now, not ${input.expectedDigest}`);
    }
    sayHowToRun(context, invocation, report);
    return 'done';
  } finally {
    await session.close();
  }
}

/** Without --approve it plans. A fleet that is taken up was approved when it was started. */
async function run(context: CommandContext, invocation: Invocation, file: string | undefined): Promise<Exit> {
  const resume = textFlag(invocation, 'resume');
  const known = resume === undefined ? undefined : await readFleet(invocation, resume, ({ journal }) => journal.getFleet(resume));
  const input = known ?? newFleet(invocation, await fleetSpecOf(invocation, file), 'run');
  if (known === undefined && invocation.flags.approve !== true) return plan(context, invocation, input.spec);
  if (textFlag(invocation, 'service') !== undefined) return startInService(context, invocation, input);
  const session = await openFleetSession(invocation, context, { journal: 'folder', spec: input.spec });
  try {
    context.terminal.talk(`fleet ${input.fleetId}; Ctrl-C stops it after the calls under way`);
    const report = await carryOut(session, input);
    await printFleet(context, invocation, report, session.journal);
    refuseNone(report, input.spec);
    const { terminal } = context;
    const where = `the journal of this fleet, by which its runs can be rolled back, is in ${journalFolder(invocation)}`;
    terminal.talk(hang('', where, terminal.talkColumns));
    return exitOfFleet(report);
  } catch (error) {
    if (!session.signal.aborted) throw error;
    return stopped(context, invocation, input.fleetId, context.interrupts.signal.aborted ? undefined : error);
  } finally {
    await session.close();
  }
}

async function rehearse(context: CommandContext, invocation: Invocation, folders: readonly string[]): Promise<Exit> {
  if (folders.length === 0) throw new PodshiftError('UsageError', 'which clusters? give the folder of a snapshot for each');
  const snapshots = await Promise.all(folders.map((folder) => loadSnapshot(folder)));
  const twice = snapshots.find(({ cluster }, index) => snapshots.findIndex((other) => other.cluster.arn === cluster.arn) < index);
  if (twice !== undefined) throw new PodshiftError('UsageError', `two of the snapshots are of ${twice.cluster.arn}`);
  for (const snapshot of snapshots) saySnapshotGaps(snapshot, context.terminal);
  const accounts = [...new Set(snapshots.map(({ accountId }) => accountId))];
  const regions = [...new Set(snapshots.map(({ region }) => region))];
  const spec = await fleetSpecOf(invocation, textFlag(invocation, 'file'), { accounts, regions });
  const session = await openTwinFleetSession(snapshots, context);
  try {
    const report = await carryOut(session, newFleet(invocation, spec, 'run'));
    context.terminal.talk('');
    await printFleet(context, invocation, report, session.journal);
    refuseNone(report, spec);
    const broken = session.broken();
    sayBroken(context.terminal, broken);
    return exitOfRehearsal(exitOfFleet(report), broken);
  } finally {
    await session.close();
  }
}

type FleetInput = Pick<FleetRecord, 'fleetId' | 'mode' | 'approval' | 'expectedDigest' | 'spec'>;

function newFleet(invocation: Invocation, spec: FleetSpec, mode: FleetRecord['mode']): FleetInput {
  const fleetId = createIds({ now: () => Date.now() }, randomBytes).next();
  const approval = invocation.flags.approveEach === true ? 'required' : 'none';
  if (approval === 'required' && textFlag(invocation, 'service') === undefined) {
    throw new PodshiftError('UsageError', '--approve-each needs --service: a run in this process cannot wait for an approval');
  }
  return { fleetId, mode, approval, expectedDigest: digestFlag(invocation) ?? null, spec };
}

/** The state machine's input: no more than it takes, whatever else a record has. */
function inputOf({ fleetId, mode, approval, expectedDigest, spec }: FleetInput): FleetInput {
  return { fleetId, mode, approval, expectedDigest, spec };
}

async function carryOut({ runtime, clock, journal, signal, promises }: FleetSession, input: FleetInput): Promise<FleetReport> {
  await migrateFleet({ runtime, clock, signal, input: inputOf(input) });
  return buildFleetReport(journal, input.fleetId, promises());
}

/** Throws `UsageError` where the fleet's names and tags choose no cluster at all, although every place could be read. */
function refuseNone({ clusters, refused }: FleetReport, { accounts, regions, clusters: { names, tags } }: FleetSpec): void {
  const chosen = [
    ...names.filter((name) => name !== '*').map((name) => `--name ${name}`),
    ...Object.entries(tags).map(([key, value]) => `--tag ${key}=${value}`),
  ];
  if (clusters.length > 0 || refused.length > 0 || chosen.length === 0) return;
  throw new PodshiftError(
    'UsageError',
    `${chosen.join(', ')}: no cluster of ${accounts.join(', ')} in ${regions.join(', ')} is chosen by that`,
  );
}

/** Starts the fleet in the deployed service, which goes on by itself. */
async function startInService({ terminal }: CommandContext, invocation: Invocation, input: FleetInput): Promise<Exit> {
  const service = fleetServiceOf(invocation);
  if (service === undefined) throw new PodshiftError('InternalError', 'there is no service to start the fleet in');
  withoutExternalId(input.spec.externalId);
  // Each start is an execution of its own: after one that failed, another takes the fleet up.
  const name = `${input.fleetId}-${randomBytes(4).toString('hex')}`;
  const { executionArn } = await service.executions.start('migrate-fleet', name, inputOf(input));
  await terminal.data(`${JSON.stringify({ fleet: input.fleetId, execution: executionArn })}\n`);
  terminal.talk('started; to see how it stands:');
  terminal.talk(`  ${nextCommand(invocation, 'fleet', 'status', input.fleetId)}`);
  return 'done';
}

/** Says on stderr the whole command that would carry the plan out, on a line of its own, so that it can be copied. */
function sayHowToRun({ terminal }: CommandContext, invocation: Invocation, report: FleetReport): void {
  const left = report.clusters.filter(({ units }) => (units?.pending ?? 0) > 0).length;
  terminal.talk(left === 0 ? 'nothing was changed; there is nothing to migrate' : 'nothing was changed; run again with --approve:');
  if (left === 0) return;
  const typed = invocation.typed.filter((part, index, all) => !/^(--digest(=.*)?|--debug)$/.test(part) && all[index - 1] !== '--digest');
  const command = typed.map((part, index) => (index === typed.indexOf('plan') ? 'run' : part));
  terminal.talk(`  podshift ${[...command, '--approve', '--digest', report.fleet.digest].map(quoted).join(' ')}`);
}

/** Says how a fleet goes on that was interrupted, or whose journal failed. */
function stopped({ terminal }: CommandContext, invocation: Invocation, fleetId: string, failure: unknown): Exit {
  terminal.talk('');
  if (isPodshiftError(failure)) sayFailure(failure, terminal, 'below');
  else terminal.talk(hang('', 'stopped; the changes made so far stay, and the journal has them', terminal.talkColumns));
  terminal.talk(`  to resume:     ${nextCommand(invocation, 'fleet', 'run', '--resume', fleetId)}`);
  terminal.talk(`  to look at it: ${nextCommand(invocation, 'fleet', 'status', fleetId)}`);
  return failure === undefined ? 'interrupted' : 'failed';
}
