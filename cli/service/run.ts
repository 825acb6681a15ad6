import { randomUUID } from 'node:crypto';
import { PodshiftError } from '../../src/model/errors.ts';
import { renderReport } from '../../src/report/render.ts';
import { hang } from '../../src/report/text.ts';
import type { RunResource } from '../../src/service/resources.ts';
import { expectedDigest, keptPlanOf, optionsOfPlan, targetOfPlan } from '../commands/kept-plan.ts';
import { sayHowToRun } from '../commands/plan.ts';
import { type CommandContext, type RunCommand, textFlag } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { formatOf } from '../formats.ts';
import type { Invocation } from '../program.ts';
import { screenOf } from '../screen.ts';
import { optionsOf, targetOf } from '../sessions.ts';
import { nextCommand } from '../shell.ts';
import type { Terminal } from '../terminal.ts';
import { sayUnmatched } from '../unmatched-acceptances.ts';
import { refuseUnmatched, unmatchedOf } from '../unmatched-selectors.ts';
import { exitOfServiceRun, follow } from './follow.ts';
import { type OpenedService, openService, withoutExternalId } from './open.ts';

/** `podshift run --service`: the service plans, and with --approve migrates; this process only looks. */
export const runOnService: RunCommand = async (context, invocation) => {
  if (textFlag(invocation, 'resume') !== undefined) {
    throw new PodshiftError('UsageError', 'a service resumes its runs by itself; --resume is for --local');
  }
  withoutExternalId(textFlag(invocation, 'externalId'));
  const service = openService(invocation, context);
  const changes = invocation.flags.approve === true;
  const asks = invocation.flags.requireApproval === true;
  if (asks && !changes)
    throw new PodshiftError('UsageError', '--require-approval goes with --approve: without it nothing is changed anyway');
  const kept = await keptPlanOf(invocation, 'plan');
  const options = kept === undefined ? await optionsOf(invocation) : await optionsOfPlan(kept, invocation);
  const run = await service.client.startRun(randomUUID(), {
    target: kept === undefined ? await targetOf(invocation, context) : await targetOfPlan(kept, invocation, context),
    mode: changes ? 'run' : 'plan',
    approval: asks ? 'required' : 'none',
    expectedDigest: expectedDigest(invocation, kept),
    options,
  });
  context.terminal.talk(`run ${run.id} on ${run.target.clusterName} in ${run.target.region}`);
  return watchRun(context, invocation, service, run.id, options.accept);
};

/** `podshift watch RUN --service`: a run of the service until it has ended, then its report. */
export const watchOnService: RunCommand = async (context, invocation) =>
  watchRun(context, invocation, openService(invocation, context), invocation.arguments[0] ?? '');

async function watchRun(
  context: CommandContext,
  invocation: Invocation,
  service: OpenedService,
  runId: string,
  accepted: readonly string[] = [],
): Promise<Exit> {
  const { terminal, interrupts } = context;
  try {
    const run = await follow(service, context, runId);
    const report = await service.client.getReport(runId);
    sayUnmatched(terminal, accepted, report.findings);
    await terminal.data(renderReport(report, formatOf(invocation), screenOf(context, invocation)));
    // The service plans what the other names choose; where none does, nothing was done.
    if (report.units.length === 0) refuseUnmatched(unmatchedOf(report.findings));
    const file = textFlag(invocation, 'plan');
    if (file !== undefined && run.reason.endsWith('(WorldMoved)')) sayHowToCompare(terminal, invocation, file, run);
    if (run.status === 'planned' && (invocation.name === 'run' || invocation.name === 'retire')) sayHowToRun(context, report, invocation);
    return exitOfServiceRun(run, report);
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
    return leave(context, service, runId);
  }
}

/** Says how to see what moved since the plan in a file was made: field by field as whoever looks, or as the service plans now. */
function sayHowToCompare({ talk, talkColumns }: Terminal, invocation: Invocation, file: string, run: RunResource): void {
  const { clusterName, region, assumeRoleArn } = run.target;
  const role = assumeRoleArn === null ? [] : ['--role-arn', assumeRoleArn];
  talk(hang('', 'nothing was changed; to see what differs from the plan, with your own access to the cluster:', talkColumns));
  talk(`  ${nextCommand(invocation, 'plan', '--compare', file)}`);
  talk('to see the plan that the service makes now:');
  talk(`  ${nextCommand(invocation, 'run', '--cluster', clusterName, '--region', region, ...role)}`);
}

/** Says after an interrupt that the run goes on, and how to look at it or to stop it. */
export function leave({ terminal }: CommandContext, { command }: OpenedService, runId: string): Exit {
  terminal.talk('');
  terminal.talk(hang('', `run ${runId} goes on in the service; only this command stopped`, terminal.talkColumns));
  terminal.talk(`  to look at it: ${command('watch', runId)}`);
  terminal.talk(`  to roll back:  ${command('rollback', runId, '--stop', '--approve')}`);
  return 'interrupted';
}
