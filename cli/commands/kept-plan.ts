import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { PodshiftError } from '../../src/model/errors.ts';
import { type MigrationOptions, migrationOptions } from '../../src/model/options.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { PlanFile } from '../../src/model/plan-files/file.ts';
import type { PlanReport } from '../../src/model/report.ts';
import type { ClusterTarget } from '../../src/model/run.ts';
import { canonicalJson, decisionDifferences, isDigestOf, nameDifference, planDecisions } from '../../src/plan/digest.ts';
import { parsePlanFile, renderPlanFile } from '../../src/report/plan/file.ts';
import { type CommandContext, digestFlag, textFlag } from '../context.ts';
import type { Invocation } from '../program.ts';
import { isSystemError, optionsOf, targetOf } from '../sessions.ts';

/** A plan in a file, as the command line named it. */
export interface KeptPlan {
  readonly file: string;
  readonly plan: PlanFile;
}

/**
 * Keeps a plan in a file that its owner alone can read: it has no secrets, but tells who may assume which role. The file is there whole
 * or not at all, and takes the place of one of its name. Throws `UsageError` where it cannot be written.
 */
export async function keepPlan(file: string, plan: Plan, report: PlanReport): Promise<void> {
  const beside = `${file}.${randomUUID()}`;
  try {
    const there = await stat(file).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? undefined : Promise.reject(error)));
    if (there?.isFile() === false) throw new PodshiftError('UsageError', `the plan cannot be written to ${file}: it is no ordinary file`);
    await writeFile(beside, renderPlanFile(plan, report), { mode: 0o600, flag: 'wx' });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    if (error instanceof PodshiftError || !isSystemError(error)) throw error;
    throw new PodshiftError('UsageError', `the plan cannot be written to ${file} (${error.code})`, { cause: error });
  }
}

/** The plan that the file of this flag keeps; undefined without the flag. Throws `PlanUnusable`, and `UsageError` for a file that cannot be read. */
export async function keptPlanOf(invocation: Invocation, flag: 'plan' | 'compare'): Promise<KeptPlan | undefined> {
  const file = textFlag(invocation, flag);
  return file === undefined ? undefined : readPlanFile(file);
}

/** The plan in a file. Throws `PlanUnusable`, and `UsageError` for a file that cannot be read. */
export async function readPlanFile(file: string): Promise<KeptPlan> {
  try {
    return { file, plan: parsePlanFile(await readFile(file, 'utf8'), file) };
  } catch (error) {
    if (error instanceof PodshiftError || !isSystemError(error)) throw error;
    throw new PodshiftError('UsageError', `the plan file ${file} cannot be read (${error.code})`, { cause: error });
  }
}

/** The cluster of a kept plan, reached as the flags say. Throws `PlanUnusable` where they name another one. */
export async function targetOfPlan({ file, plan }: KeptPlan, invocation: Invocation, context: CommandContext): Promise<ClusterTarget> {
  const { name, region } = plan.cluster;
  const [asked = name, where = region] = [textFlag(invocation, 'cluster'), textFlag(invocation, 'region')];
  if (asked !== name || where !== region) throw otherCluster(file, `${name} in ${region}`, `${asked} in ${where}`);
  return targetOf({ ...invocation, flags: { ...invocation.flags, cluster: name, region } }, context);
}

/** The options that a kept plan was made with. Throws `UsageError` where a flag or the options file says another one. */
export async function optionsOfPlan({ file, plan }: KeptPlan, invocation: Invocation): Promise<MigrationOptions> {
  const given = Object.entries(await optionsOf(invocation));
  const [other] = given.filter(([key, value]) => canonicalJson(value) !== canonicalJson(plan.options[key as keyof MigrationOptions]));
  if (other === undefined) return plan.options;
  throw new PodshiftError(
    'UsageError',
    `the plan in ${file} was made with another ${other[0]}: a plan is carried out with its own options`,
  );
}

/** The digest that the plan must have, by the flag or by the file. Throws `UsageError` where they name two plans. */
export function expectedDigest(invocation: Invocation, kept: KeptPlan | undefined): string | null {
  const given = digestFlag(invocation);
  if (kept === undefined) return given ?? null;
  if (given !== undefined && !isDigestOf(given, kept.plan.digest))
    throw new PodshiftError('UsageError', `the plan in ${kept.file} has the digest ${kept.plan.digest}, and not ${given}`);
  return kept.plan.digest;
}

/** The options to compare a kept plan with: its own, but for those that a flag or the options file says. */
export async function optionsBeside({ plan }: KeptPlan, invocation: Invocation): Promise<MigrationOptions> {
  return migrationOptions.parse({ ...plan.options, ...(await optionsOf(invocation)) });
}

/** Throws `PlanUnusable` where a kept plan is of another cluster than the one that was looked at, such as one of this name in another account. */
export function refuseOtherCluster({ file, plan }: KeptPlan, now: Pick<Plan, 'clusterArn'>): void {
  if (plan.cluster.arn !== now.clusterArn) throw otherCluster(file, plan.cluster.arn, now.clusterArn);
}

function otherCluster(file: string, its: string, asked: string): PodshiftError {
  return new PodshiftError('PlanUnusable', `the plan file ${file} is of another cluster: ${its}, and not ${asked}`);
}

/**
 * Refuses a kept plan that does not fit the world any more: says each object and field that differs on stderr, a line each.
 * Throws `WorldMoved`, and `PlanUnusable` for another cluster's.
 */
export function refuseMoved(kept: KeptPlan, now: Plan, { terminal }: CommandContext): void {
  refuseOtherCluster(kept, now);
  if (now.digest === kept.plan.digest) return;
  const differences = decisionDifferences(kept.plan.decisions, planDecisions(now));
  for (const difference of differences) terminal.talk(`differs: ${nameDifference(difference)}`);
  throw new PodshiftError(
    'WorldMoved',
    `the cluster or its roles changed since the plan in ${kept.file} was made (${differences.length} differences, named above); nothing was changed`,
  );
}
