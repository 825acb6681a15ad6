import { join } from 'node:path';
import { migrate } from '../../engine/local-migration.ts';
import { ROOT } from '../../engine/root.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { migrationOptions } from '../../src/model/options.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { RunReport } from '../../src/model/report.ts';
import { renderReport } from '../../src/report/render.ts';
import { buildPlanReport, buildReport } from '../../src/report/report.ts';
import { hang } from '../../src/report/text.ts';
import { sayBroken } from '../broken-promises.ts';
import { type CommandContext, numberFlag, type RunCommand } from '../context.ts';
import { exitOfDemo, exitOfRehearsal, exitOfRun } from '../exit-codes.ts';
import { sayFailure } from '../failure.ts';
import { formatOf, pageOf } from '../formats.ts';
import type { Invocation } from '../program.ts';
import { openTwinSession, optionsOf } from '../sessions.ts';
import { sameCommand } from '../shell.ts';
import { withFindings, withoutUndecided } from '../snapshot-findings.ts';

/** The example cluster that ships with podshift. */
const EXAMPLE = join(ROOT, 'examples/shop');

/** `podshift rehearse SNAPSHOT`: a whole migration on the twin. */
export const rehearse: RunCommand = async (context, invocation) => {
  const { report, broken } = await rehearseFolder(invocation.arguments[0] ?? '', context, invocation);
  return exitOfRehearsal(exitOfRun(report), broken);
};

/** `podshift demo`: a rehearsal of the example cluster, explained. */
export const demo: RunCommand = async (context, invocation) => {
  const { terminal } = context;
  const say = (text: string): void => terminal.talk(hang('', text, terminal.talkColumns));
  say(
    'This rehearses the migration of an example cluster, "shop": a book shop on EKS whose pods get their AWS roles by IRSA, and one by kube2iam.',
  );
  say(
    'Everything is real but the endpoints: state machine, handlers, AWS SDK and Kubernetes client talk to an embedded twin of the account and the cluster. Time is virtual. Nothing of yours is touched.',
  );
  terminal.talk('');
  const { report, plan, broken } = await rehearseFolder(EXAMPLE, context, invocation);
  terminal.talk('');
  say(
    'What happened: podshift read the cluster, planned, installed the Pod Identity agent, and took the service accounts over in waves. For each it let the role trust Pod Identity for this one service account, waited for IAM, created the association, proved by dry runs and a probe pod that new pods get the same role, restarted the workloads, looked at every new pod, and only then removed the old annotation.',
  );
  say(
    'What it blocked, it blocked for a reason that IRSA hides: each one above names it, and what to do. Try "podshift demo -o wide" for the trust policies and the evidence, or "podshift rehearse" on a snapshot of your own cluster.',
  );
  const planned = buildPlanReport(plan, { ...report.run, runId: report.run.id, calls: report.calls, promises: null });
  return exitOfRehearsal(exitOfDemo(planned, report), broken);
};

interface Rehearsed {
  readonly report: RunReport;
  readonly plan: Plan;
  /** What the twin's watch saw broken of the promises, a sentence each. */
  readonly broken: readonly string[];
}

async function rehearseFolder(folder: string, context: CommandContext, invocation: Invocation): Promise<Rehearsed> {
  const options = migrationOptions.parse(await optionsOf(invocation));
  const faults = { eksAuth: numberFlag(invocation, 'eksAuthFaults') ?? 0 };
  const session = await openTwinSession(folder, context, true, faults);
  try {
    const { runtime, clock, journal, target } = session;
    const runId = runtime.ids.next();
    const { failure } = await migrate({
      runtime,
      clock,
      signal: context.interrupts.signal,
      input: { runId, target, mode: 'run', approval: 'none', expectedDigest: null, options },
    });
    if (failure !== null) sayFailure(failure, context.terminal, { command: sameCommand(invocation) });
    const report = withFindings(withoutUndecided(await buildReport(journal, runId, session.promises()), session.undecided), session.unread);
    const plan = (await journal.getDocument(runId, 'plan')) as Plan | undefined;
    if (plan === undefined) throw new PodshiftError('InternalError', `run ${runId} ended without a plan`);
    const page = await pageOf(invocation, journal, runId);
    context.terminal.talk('');
    await context.terminal.data(renderReport(report, formatOf(invocation), { ...context.terminal.screen, ...page }));
    const broken = session.broken();
    sayBroken(context.terminal, broken);
    const { calls, failed } = session.eksAuthCalls();
    if (faults.eksAuth > 0)
      context.terminal.talk(
        `EKS Auth failed ${failed} of ${calls} calls by itself (--eks-auth-faults ${faults.eksAuth}): no promise is broken by that`,
      );
    return { report, plan, broken };
  } finally {
    await session.close();
  }
}
