import { planStraight } from '../../engine/straight-plan.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import type { Inventory } from '../../src/model/inventory.ts';
import { migrationOptions } from '../../src/model/options.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { PlanReport, RunReport, ScanReport } from '../../src/model/report.ts';
import type { PageAction } from '../../src/report/page/next.ts';
import { comparePlans, renderComparison } from '../../src/report/plan/comparison.ts';
import { renderSteps } from '../../src/report/plan/steps.ts';
import { renderReport, toYaml } from '../../src/report/render.ts';
import { buildPlanReport } from '../../src/report/report.ts';
import { renderSarif } from '../../src/report/sarif.ts';
import { buildScanReport, renderScan } from '../../src/report/scan.ts';
import { createPalette, type Palette } from '../../src/report/text.ts';
import { type CommandContext, type RunCommand, textFlag } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { formatOf } from '../formats.ts';
import type { Invocation } from '../program.ts';
import { screenOf } from '../screen.ts';
import { openClusterSession, openTwinSession, optionsOf, type Session, snapshotOf } from '../sessions.ts';
import { nextCommand, quoted } from '../shell.ts';
import { withFindings, withoutUndecided } from '../snapshot-findings.ts';
import { version } from '../version.ts';
import { keepYoungGenerationSmall } from '../young-generation.ts';
import { type KeptPlan, keepPlan, keptPlanOf, optionsBeside, refuseOtherCluster, targetOfPlan } from './kept-plan.ts';

/** `podshift scan`: who gets which role today, and what stands in the way. */
export const scan: RunCommand = async (context, invocation) => {
  const { inventory, plan, report } = await read(context, invocation);
  const scanned = buildScanReport(inventory, plan, report.calls);
  const format = invocation.flags.output === 'sarif' ? 'sarif' : formatOf(invocation);
  const { screen } = context.terminal;
  if (format === 'sarif') await context.terminal.data(renderSarif(scanned, await version()));
  else if (format === 'json') await context.terminal.data(`${JSON.stringify(scanned, null, 2)}\n`);
  else if (format === 'yaml') await context.terminal.data(toYaml(scanned));
  else
    await context.terminal.data(
      renderScan(scanned, { columns: screen.columns, palette: createPalette(screen.color), wide: format === 'wide' }),
    );
  return failsOn(scanned, String(invocation.flags.failOn ?? '')) ? 'refused' : 'done';
};

/** Whether a scan has a finding that `--fail-on` asks for: a warning is one that a blocker outweighs. */
function failsOn({ findings }: ScanReport, severity: string): boolean {
  const counted = severity === 'blocker' ? ['blocker'] : severity === 'warning' ? ['blocker', 'warning'] : [];
  return findings.some((found) => counted.includes(found.severity));
}

/** `podshift plan`: what a run would do; with --compare, what of that is another since a plan was kept. */
export const plan: RunCommand = async (context, invocation) => {
  const steps = invocation.flags.steps === true;
  if (steps && (!isForPeople(invocation) || textFlag(invocation, 'compare') !== undefined))
    throw new PodshiftError('UsageError', '--steps shows a plan to people: it goes with neither "-o" for programs and pages nor --compare');
  const kept = await keptPlanOf(invocation, 'compare');
  const { plan: made, report } = await read(context, invocation, kept);
  if (kept !== undefined) refuseOtherCluster(kept, made);
  const out = textFlag(invocation, 'out');
  if (out !== undefined) await keepPlan(out, made, report);
  if (kept !== undefined) return compare(context, invocation, kept, made);
  if (steps) await context.terminal.data(renderSteps(report, layoutOf(context)));
  else await printPlan(context, invocation, report);
  if (snapshotOf(invocation) === undefined) sayHowToRun(context, report, invocation);
  else if (out !== undefined) context.terminal.talk(`the plan is kept in ${out}`);
  return 'done';
};

function isForPeople(invocation: Invocation): boolean {
  return ['table', 'wide'].includes(formatOf(invocation));
}

function layoutOf({ terminal: { screen } }: CommandContext): { readonly columns: number; readonly palette: Palette } {
  return { columns: screen.columns, palette: createPalette(screen.color) };
}

/** Prints what changed since a plan was kept: nothing is done, something refuses what was read. */
async function compare({ terminal }: CommandContext, invocation: Invocation, kept: KeptPlan, made: Plan): Promise<Exit> {
  const comparison = comparePlans(kept.plan, made);
  const format = formatOf(invocation);
  if (format === 'json') await terminal.data(`${JSON.stringify(comparison, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(comparison));
  else
    await terminal.data(renderComparison(comparison, { columns: terminal.screen.columns, palette: createPalette(terminal.screen.color) }));
  return comparison.same ? 'done' : 'refused';
}

/** The formats that people read on a screen. */
const PEOPLE: readonly string[] = ['table', 'wide'];

/** Prints a plan, and on stderr that it was only a plan. */
export async function printPlan(context: CommandContext, invocation: Invocation, report: PlanReport): Promise<void> {
  const { terminal } = context;
  const page = {
    ...(formatOf(invocation) === 'html' ? { version: await version() } : {}),
    actions: leadOn(report, invocation),
  };
  await terminal.data(renderReport(report, formatOf(invocation), { ...screenOf(context, invocation), page }));
  const units = report.units.filter((unit) => unit.status === 'pending').length;
  const roles = report.roles.length;
  const retires = report.retirement?.status === 'planned' ? `retire ${report.retirement.daemon}` : '';
  const migrates = `migrate ${units} ${units === 1 ? 'service account' : 'service accounts'}`;
  const verbs = [...(retires !== '' && report.units.length === 0 ? [] : [migrates]), ...(retires === '' ? [] : [retires])];
  if (report.retirement?.status === 'refused' && report.units.length === 0)
    return terminal.talk(`(plan) would change nothing: ${report.retirement.daemon} is not retired`);
  const blocker = report.findings.find(({ severity }) => severity === 'blocker');
  if (blocker !== undefined && PEOPLE.includes(formatOf(invocation)))
    terminal.talk(`what a code means, and what to do: podshift explain ${blocker.code}`);
  terminal.talk(`(plan) would ${verbs.join(', ')} and change ${roles} trust ${roles === 1 ? 'policy' : 'policies'}`);
}

/** What a page names first: how the plan is carried out, or rehearsed where it is of a snapshot. */
function leadOn(report: PlanReport, invocation: Invocation): PageAction[] {
  const how = howToRun(report, invocation);
  if (how === undefined) return [];
  const folder = invocation.name === 'plan' ? snapshotOf(invocation) : textFlag(invocation, 'snapshot');
  if (folder === undefined) return [{ text: 'carry the plan out', command: how }];
  if (invocation.name !== 'plan') return [];
  return [{ text: 'rehearse it on a twin: nothing real is touched', command: nextCommand(invocation, 'rehearse', folder) }];
}

/** Says on stderr the whole command that would carry the plan out, on a line of its own, so that it can be copied. */
export function sayHowToRun({ terminal }: CommandContext, report: PlanReport | RunReport, invocation: Invocation): void {
  const command = howToRun(report, invocation);
  if (command === undefined) {
    terminal.talk(
      `nothing was changed; ${report.retirement === undefined ? 'there is nothing to migrate' : 'fix what the findings name, then plan again'}`,
    );
    return;
  }
  const out = textFlag(invocation, 'out');
  terminal.talk(
    out === undefined ? 'nothing was changed; run again with --approve:' : `nothing was changed; to carry out the plan in ${out}:`,
  );
  terminal.talk(`  ${command}`);
}

/** The whole command that would carry a plan out; undefined where it would change nothing. */
function howToRun(report: PlanReport | RunReport, invocation: Invocation): string | undefined {
  if (!report.units.some((unit) => unit.status === 'pending') && report.retirement?.status !== 'planned') return undefined;
  const command = invocation.name === 'retire' ? 'retire' : 'run';
  const out = textFlag(invocation, 'out');
  return out === undefined
    ? ['podshift', command, ...argumentsFor(invocation), '--approve', '--digest', report.run.digest].map(quoted).join(' ')
    : nextCommand(invocation, 'run', '--plan', out, ...clusterOf(invocation), '--approve');
}

/** The role by which the cluster of a kept plan is reached: the plan has all else. */
function clusterOf(invocation: Invocation): string[] {
  const flags = { roleArn: '--role-arn', externalId: '--external-id' };
  return Object.entries(flags).flatMap(([name, flag]) => {
    const value = textFlag(invocation, name);
    return value === undefined ? [] : [flag, value];
  });
}

/** The flags that were typed, without those that say how to print or what to expect. */
function argumentsFor({ name, typed }: Invocation): string[] {
  const kept: string[] = [];
  for (let index = 0; index < typed.length; index += 1) {
    const part = typed[index] ?? '';
    if (['-o', '--output', '--digest'].includes(part)) index += 1;
    else if (index !== typed.indexOf(name) && !/^(-o.|--output=|--digest=|--debug$)/.test(part)) kept.push(part);
  }
  return kept;
}

/** Makes the plan that a run would begin with, on a cluster or on a snapshot's twin; its journal is in memory. */
async function read(
  context: CommandContext,
  invocation: Invocation,
  kept?: KeptPlan,
): Promise<{ inventory: Inventory; plan: Plan; report: PlanReport }> {
  const options = kept === undefined ? await optionsOf(invocation) : await optionsBeside(kept, invocation);
  const folder = snapshotOf(invocation);
  const target = kept === undefined || folder !== undefined ? undefined : await targetOfPlan(kept, invocation, context);
  const session =
    folder === undefined
      ? await openClusterSession(invocation, context, { journal: 'memory', ...(target === undefined ? {} : { target }) })
      : await openTwinSession(folder, context, false);
  if (folder === undefined) keepYoungGenerationSmall();
  try {
    return await planOn(session, options);
  } finally {
    await session.close();
  }
}

/** Plans in a session: nothing is written but the journal. */
export async function planOn(
  session: Session,
  options: Awaited<ReturnType<typeof optionsOf>>,
): Promise<{ inventory: Inventory; plan: Plan; report: PlanReport }> {
  const { runtime, clock, journal, target } = session;
  const runId = runtime.ids.next();
  const input = { runId, target, mode: 'plan', approval: 'none', expectedDigest: null, options: migrationOptions.parse(options) } as const;
  const planning = { runtime, clock, signal: session.signal, input };
  if (!(await planStraight(planning))) await (await import('../../engine/local-migration.ts')).migrate(planning);
  const made = (await journal.getDocument(runId, 'plan')) as Plan | undefined;
  const inventory = (await journal.getDocument(runId, 'inventory')) as Inventory | undefined;
  if (made === undefined || inventory === undefined) throw new PodshiftError('InternalError', `run ${runId} ended without a plan`);
  const run = await journal.getRun(runId);
  const plan = withFindings(withoutUndecided(made, session.undecided), session.unread);
  const report = buildPlanReport(plan, { ...run, promises: session.promises() });
  return { inventory, plan, report };
}
