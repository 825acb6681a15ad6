import { migrate, rollBack } from '../../engine/local-migration.ts';
import { isPodshiftError, PodshiftError } from '../../src/model/errors.ts';
import type { Inventory } from '../../src/model/inventory.ts';
import { type MigrationOptions, migrationOptions } from '../../src/model/options.ts';
import { isDigestOf } from '../../src/plan/digest.ts';
import { makePlan } from '../../src/plan/plan.ts';
import { renderReport } from '../../src/report/render.ts';
import { buildReport } from '../../src/report/report.ts';
import { hang } from '../../src/report/text.ts';
import { type CommandContext, type RunCommand, textFlag } from '../context.ts';
import { type Exit, exitOfRun } from '../exit-codes.ts';
import { sayFailure } from '../failure.ts';
import { formatOf, pageOf } from '../formats.ts';
import type { Invocation } from '../program.ts';
import { screenOf } from '../screen.ts';
import { isRemote } from '../service/open.ts';
import { runOnService } from '../service/run.ts';
import { journalFolder, openClusterSession, openJournalOf, openTwinSession, optionsOf, type Session } from '../sessions.ts';
import { sameCommand } from '../shell.ts';
import { stopped, stoppedByFailure } from '../stopped.ts';
import { expectedDigest, type KeptPlan, keptPlanOf, optionsOfPlan, refuseMoved, refuseOtherCluster, targetOfPlan } from './kept-plan.ts';
import { planOn, printPlan, sayHowToRun } from './plan.ts';

/** `podshift run`: a migration of a real cluster, in this process. Without --approve, its plan. */
export const run: RunCommand = async (context, invocation) => {
  if (isRemote(invocation)) return runOnService(context, invocation);
  const resume = textFlag(invocation, 'resume');
  const kept = await keptPlanOf(invocation, 'plan');
  if (resume !== undefined && kept !== undefined)
    throw new PodshiftError('UsageError', 'give --plan or --resume, not both: a run that is resumed keeps its plan');
  if (resume !== undefined) return resumeRun(resume, context, invocation);
  if (kept !== undefined) return start(await optionsOfPlan(kept, invocation), context, invocation, kept);
  return start(migrationOptions.parse(await optionsOf(invocation)), context, invocation);
};

/** `podshift retire kube2iam|kiam`: a run that migrates nothing. Without --approve, its plan; of a snapshot's twin, only that. */
export const retire: RunCommand = async (context, invocation) => {
  if (isRemote(invocation)) return runOnService(context, invocation);
  const options = migrationOptions.parse(await optionsOf(invocation));
  const folder = textFlag(invocation, 'snapshot');
  if (folder === undefined) return start(options, context, invocation);
  if (invocation.flags.approve === true || textFlag(invocation, 'cluster') !== undefined)
    throw new PodshiftError(
      'UsageError',
      'a snapshot is only planned on: "podshift rehearse SNAPSHOT --retire-daemon" carries it out on the twin',
    );
  const session = await openTwinSession(folder, context, false);
  try {
    await printPlan(context, invocation, (await planOn(session, options)).report);
    return 'done';
  } finally {
    await session.close();
  }
};

async function start(options: MigrationOptions, context: CommandContext, invocation: Invocation, kept?: KeptPlan): Promise<Exit> {
  if (invocation.flags.requireApproval === true)
    throw new PodshiftError('UsageError', '--require-approval needs --service: in this process nobody could answer');
  const digest = expectedDigest(invocation, kept);
  const target = kept === undefined ? undefined : await targetOfPlan(kept, invocation, context);
  const settings = target === undefined ? {} : { target };
  if (invocation.flags.approve !== true) {
    const session = await openClusterSession(invocation, context, { journal: 'memory', ...settings });
    return await showPlan(session, options, digest, context, invocation, kept).finally(() => session.close());
  }
  const session = await openClusterSession(invocation, context, { journal: 'folder', ...settings });
  const runId = session.runtime.ids.next();
  try {
    return await carryOut(session, runId, options, digest, context, invocation);
  } catch (error) {
    if (kept !== undefined && isPodshiftError(error, 'WorldMoved')) await refuseMovedRun(session, runId, options, kept, context);
    throw error;
  } finally {
    await session.close();
  }
}

async function showPlan(
  session: Session,
  options: MigrationOptions,
  digest: string | null,
  context: CommandContext,
  invocation: Invocation,
  kept: KeptPlan | undefined,
): Promise<Exit> {
  const { plan, report } = await planOn(session, options);
  if (kept !== undefined) refuseOtherCluster(kept, plan);
  await printPlan(context, invocation, report);
  if (kept !== undefined) refuseMoved(kept, plan, context);
  if (digest !== null && !isDigestOf(digest, report.run.digest)) {
    throw new PodshiftError('WorldMoved', `the plan's digest is ${report.run.digest} now, not ${digest}`);
  }
  sayHowToRun(context, report, invocation);
  return 'done';
}

/** Names what moved, from what the refused run read of the world. */
async function refuseMovedRun(
  { journal, clock }: Session,
  runId: string,
  options: MigrationOptions,
  kept: KeptPlan,
  context: CommandContext,
): Promise<void> {
  const inventory = (await journal.getDocument(runId, 'inventory')) as Inventory | undefined;
  if (inventory !== undefined) refuseMoved(kept, makePlan(inventory, options, clock), context);
}

/**
 * Takes an interrupted run up where its journal says that it was. It needs no --approve: the run was approved when it
 * started, and it keeps its plan.
 */
async function resumeRun(runId: string, context: CommandContext, invocation: Invocation): Promise<Exit> {
  const opened = await openJournalOf(invocation, runId);
  const record = await opened.journal.getRun(runId).finally(() => opened.close());
  const session = await openClusterSession(invocation, context, { journal: 'folder', target: record.target, isResumed: true });
  try {
    return await carryOut(session, runId, record.options, null, context, invocation);
  } finally {
    await session.close();
  }
}

async function carryOut(
  session: Session,
  runId: string,
  options: MigrationOptions,
  expectedDigest: string | null,
  context: CommandContext,
  invocation: Invocation,
): Promise<Exit> {
  const { runtime, clock, journal, target } = session;
  const { terminal, interrupts } = context;
  const say = (text: string): void => terminal.talk(hang('', text, terminal.talkColumns));
  say(`run ${runId} on ${target.clusterName} in ${target.region}; Ctrl-C stops it after the calls under way`);
  try {
    const { failure } = await migrate({
      runtime,
      clock,
      signal: session.signal,
      input: { runId, target, mode: 'run', approval: 'none', expectedDigest, options },
    });
    if (failure !== null) sayFailure(failure, terminal, { command: sameCommand(invocation) });
  } catch (error) {
    if (interrupts.signal.aborted) return stopped(context, runId, invocation);
    if (session.unreached.aborted && textFlag(invocation, 'resume') === undefined) {
      await closeUnreached(session, runId);
      throw session.unreached.reason;
    }
    if (session.signal.aborted) return stoppedByFailure(context, session, runId, invocation);
    throw error;
  }
  const report = await buildReport(journal, runId, session.promises());
  const page = await pageOf(invocation, journal, runId);
  await terminal.data(renderReport(report, formatOf(invocation), { ...screenOf(context, invocation), ...page }));
  say(`the journal of this run, by which it can be rolled back, is in ${journalFolder(invocation)}`);
  return exitOfRun(report);
}

/** Ends a new run whose cluster or account could not be reached: it wrote nothing, and must not keep the cluster's lock. */
async function closeUnreached({ runtime, clock, unreached }: Session, runId: string): Promise<void> {
  const { message } = unreached.reason as PodshiftError;
  try {
    await rollBack({ runtime, clock, input: { runId, unitIds: null, reason: message } });
  } catch (error) {
    if (!isPodshiftError(error)) throw error;
  }
}
