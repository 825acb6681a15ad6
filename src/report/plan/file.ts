import { createHash } from 'node:crypto';
import { PodshiftError } from '../../model/errors.ts';
import type { Plan } from '../../model/plan.ts';
import { type PlanFile, planFile } from '../../model/plan-files/file.ts';
import type { PlanContents } from '../../model/report.ts';
import { canonicalJson, decisionsDigest, planDecisions } from '../../plan/digest.ts';

/** The text of a file that keeps a plan, with what it shows (`contents`). Ends with a line break. The same plan gives the same text. Pure. */
export function renderPlanFile(plan: Plan, { options, units, roles, changes, duration, findings, retirement }: PlanContents): string {
  const file: Omit<PlanFile, 'checksum'> = {
    apiVersion: 'podshift/v1',
    kind: 'Plan',
    digest: plan.digest,
    madeAt: plan.madeAt,
    cluster: { arn: plan.clusterArn, name: plan.clusterName, region: plan.region },
    options,
    units,
    roles,
    changes,
    ...(duration === undefined ? {} : { duration }),
    findings,
    ...(retirement === undefined ? {} : { retirement }),
    decisions: planDecisions(plan),
  };
  const { apiVersion, kind, digest, ...rest } = file;
  return `${JSON.stringify({ apiVersion, kind, digest, checksum: checksumOf(file), ...rest }, null, 2)}\n`;
}

/**
 * The plan that a file keeps. Throws `PlanUnusable`, with the file's name, for one that is cut off or no JSON, of another kind or version,
 * or that was changed after it was written. Pure.
 */
export function parsePlanFile(text: string, name: string): PlanFile {
  const refuse = (why: string): never => {
    throw new PodshiftError('PlanUnusable', `the plan file ${name} ${why}`);
  };
  // Editors and shells put a byte order mark in front.
  const value = parseJson(text.replace(/^\uFEFF/, ''));
  if (value === undefined)
    return refuse(
      text.trim() === '' ? 'is empty' : 'is no whole JSON: it was cut off, or is something else than a plan that podshift wrote',
    );
  if (!isObject(value) || value.kind !== 'Plan') return refuse('is no plan: its "kind" is not "Plan"');
  if (value.apiVersion !== 'podshift/v1')
    return refuse(
      `is of another version of podshift: its "apiVersion" is ${JSON.stringify(value.apiVersion ?? null)}, and this one reads "podshift/v1"`,
    );
  if (value.decisions === undefined)
    return refuse('is what "podshift plan -o json" prints, and not what "podshift plan --out FILE" keeps: only that can be carried out');
  const { checksum, ...rest } = value;
  if (checksum !== checksumOf(rest)) return refuse('was changed after podshift wrote it: its digest does not fit its content');
  const parsed = planFile.safeParse(value);
  // Written as it is by a podshift, but not by one of this version.
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    return refuse(`is of another version of podshift: this one cannot read its ${field === '' ? 'fields' : `field "${field}"`}`);
  }
  if (decisionsDigest(parsed.data.decisions) !== parsed.data.digest)
    return refuse('was changed after podshift wrote it: its digest does not fit its content');
  return parsed.data;
}

function checksumOf(content: object): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

/** Undefined where the text is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
