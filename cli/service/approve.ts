import { PodshiftError } from '../../src/model/errors.ts';
import { renderReport } from '../../src/report/render.ts';
import { digestFlag, type RunCommand } from '../context.ts';
import { formatOf } from '../formats.ts';
import { screenOf } from '../screen.ts';
import { nextCommand } from '../shell.ts';
import { openService } from './open.ts';

/** `podshift approve RUN`: answers to a plan that waits. Without --digest it shows what there is to approve. */
export const approve: RunCommand = async (context, invocation) => {
  const runId = invocation.arguments[0] ?? '';
  const { client } = openService(invocation, context);
  const { terminal } = context;
  const digest = digestFlag(invocation);
  const decision = invocation.flags.refuse === true ? 'refuse' : 'approve';
  if (digest === undefined) {
    const run = await client.getRun(runId);
    if (run.approval?.status !== 'waiting')
      throw new PodshiftError('RunNotWaiting', `run ${runId} is ${run.status} and waits for no approval`);
    await terminal.data(renderReport(await client.getReport(runId), formatOf(invocation), screenOf(context, invocation)));
    terminal.talk(`not ${decision === 'refuse' ? 'refused' : 'approved'} yet; run again with the digest of the plan:`);
    terminal.talk(`  ${nextCommand(invocation, 'approve', runId, '--digest', run.digest, ...(decision === 'refuse' ? ['--refuse'] : []))}`);
    return 'done';
  }
  await client.answerApproval(runId, { decision, digest });
  terminal.talk(`the plan of run ${runId} is ${decision === 'approve' ? 'approved' : 'refused'}; to look at the run:`);
  terminal.talk(`  ${nextCommand(invocation, 'watch', runId)}`);
  return 'done';
};
