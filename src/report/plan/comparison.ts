import type { Plan } from '../../model/plan.ts';
import type { PlanComparison } from '../../model/plan-files/comparison.ts';
import type { PlanFile } from '../../model/plan-files/file.ts';
import { type Difference, decisionDifferences, OPTIONS, planDecisions } from '../../plan/digest.ts';
import { showChange } from '../change-text.ts';
import { clusterTitle } from '../summary.ts';
import { count, hang, type Palette } from '../text.ts';

/** What changed between a plan that was kept and the one of now. Pure. */
export function comparePlans(before: PlanFile, after: Plan): PlanComparison {
  const differences = decisionDifferences(before.decisions, planDecisions(after));
  const units = (kind: Difference['kind']): string[] => [
    ...new Set(
      differences.filter((one) => one.kind === kind && one.subject.startsWith(UNIT)).map(({ subject }) => subject.slice(UNIT.length)),
    ),
  ];
  return {
    apiVersion: 'podshift/v1',
    kind: 'PlanComparison',
    cluster: after.clusterArn,
    same: before.digest === after.digest,
    before: { digest: before.digest, madeAt: before.madeAt },
    after: { digest: after.digest, madeAt: after.madeAt },
    units: { added: units('new'), removed: units('gone'), changed: units('changed') },
    options: differences.flatMap((one) =>
      one.subject === OPTIONS && one.kind === 'changed' ? [{ option: one.field, before: one.before, after: one.after }] : [],
    ),
    objects: differences
      .filter(({ subject }) => subject !== OPTIONS)
      .map((one) =>
        one.kind === 'changed'
          ? { object: one.subject, kind: one.kind, field: one.field, before: one.before, after: one.after }
          : { object: one.subject, kind: one.kind, field: '', before: null, after: null },
      ),
  };
}

/** The subjects that are units. */
const UNIT = 'ServiceAccount/';

/** A comparison for people: a line for each object and field, trust policies as a diff. Ends with a line break. Pure. */
export function renderComparison(
  comparison: PlanComparison,
  { columns, palette }: { readonly columns: number; readonly palette: Palette },
): string {
  const { same, before, after, units, options, objects } = comparison;
  const head = [
    hang('plan ', `of ${before.madeAt} on ${clusterTitle(comparison.cluster)}: ${same ? 'the same now' : 'another one now'}`, columns, 2),
    `  ${palette('faint', `digest ${before.digest}`)}`,
  ];
  if (same) return `${head.join('\n')}\n`;
  const tally = [
    count(units.added.length, 'unit added', 'units added'),
    `${units.removed.length} removed`,
    `${units.changed.length} changed`,
    count(options.length, 'option changed', 'options changed'),
  ];
  const all = [
    ...options.map(({ option, ...values }) => ({ object: OPTIONS, kind: 'changed' as const, field: option, ...values })),
    ...objects,
  ];
  const sections = [...Map.groupBy(all, ({ object }) => object)].map(([object, found]) => [
    `  ${palette('strong', object)}${found[0]?.kind === 'changed' ? '' : ` is ${found[0]?.kind}`}`,
    ...found.filter(({ kind }) => kind === 'changed').flatMap((one) => showChange(one, { columns, palette })),
  ]);
  return `${[
    ...head,
    `  ${palette('faint', `now    ${after.digest}`)}`,
    hang('  ', tally.join(', '), columns, 2),
    '',
    ...sections.flat(),
  ].join('\n')}\n`;
}
