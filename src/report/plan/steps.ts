import { duration } from '../../model/text/duration.ts';
import { type PlannedChange, TRUST_FIELD } from '../../plan/changes.ts';
import { valueText } from '../change-text.ts';
import { type AnyReport, clusterTitle, isProposed, type ReportUnit, unitName } from '../summary.ts';
import { count, type Palette, wrap } from '../text.ts';

/** One line of the tree with what stands below it. */
interface Branch {
  readonly text: string;
  readonly below: readonly Branch[];
}

/**
 * What a plan would write, in the order in which it would: wave by wave, under each service account its writes, with the waits between
 * them. Trust policies are named, with who is let in; their documents are in "-o wide". For a terminal; ends with a line break. Pure.
 */
export function renderSteps(report: AnyReport, { columns, palette }: { readonly columns: number; readonly palette: Palette }): string {
  const changes = report.changes ?? [];
  const waves = [...Map.groupBy(report.units.filter(isWritten), ({ wave }) => wave ?? 0)].sort(([a], [b]) => a - b);
  const all = waves.map(([, units]) => units);
  const shared = changes.filter((change) => change.unit === null && !isOfUnits(change, all.flat(), changes));
  const [ahead, behind] = [shared.filter(isAgent), shared.filter((change) => !isAgent(change))];
  const title = `${count(changes.length, 'change')} on ${clusterTitle(report.run.cluster)}, in this order`;
  const branches: Branch[] = [
    ...(ahead.length === 0 ? [] : [{ text: 'ahead of the waves', below: ahead.map(leaf) }]),
    ...waves.map(([wave, units]) => ({
      text: `wave ${wave + 1}${wave === 0 ? ' (canary)' : ''}`,
      below: units.map((unit) => ({ text: `${unitName(unit)} (${unit.mechanism})`, below: stepsOf(unit, report, firstOf(unit, units)) })),
    })),
    ...(behind.length === 0 ? [] : [{ text: 'after the waves', below: behind.map(leaf) }]),
  ];
  const lines = branches.flatMap(({ text, below }) => [palette('strong', text), ...tree(below, '', columns)]);
  return `${[...wrap(isProposed(report) ? title : 'nothing is proposed', columns), ...lines].join('\n')}\n`;
}

function isWritten({ wave, status }: ReportUnit): boolean {
  return wave !== null && status === 'pending';
}

/** Whether it is the wave's first unit with this role: its trust policy is written once for all of them. */
function firstOf(unit: ReportUnit, units: readonly ReportUnit[]): boolean {
  return units.find(({ roleArn }) => roleArn === unit.roleArn) === unit;
}

/** Trust, association or add-on, restarts; and, after the soak, what of the old way is removed. */
function stepsOf(unit: ReportUnit, { changes = [], options }: AnyReport, isFirst: boolean): Branch[] {
  const own = changes.filter((change) => change.unit === unitName(unit));
  const trust = changes.filter(({ object, field }) => field === TRUST_FIELD && object === `Role/${unit.roleArn}`);
  const addon = changes.filter((change) => change.unit === null && isAddonOf(change, unit, changes));
  const late = own.filter(
    (change) => isRemoval(change) && !(options?.foldAnnotationRemoval === true && change.field.startsWith('template.')),
  );
  const soak = options?.soakSeconds ?? 0;
  return [
    ...trust.map(({ object }) => ({
      text: `${object} ${TRUST_FIELD}: lets in ${unitName(unit)}${isFirst ? '' : ' (in the same write)'}`,
      below: [],
    })),
    ...[...addon, ...own.filter((change) => !late.includes(change))].map(leaf),
    { text: `checks of its new pods${soak === 0 ? '' : `, then ${duration(soak * 1000)} of soak`}`, below: [] },
    ...late.map(leaf),
  ];
}

function isRemoval({ field, after }: PlannedChange): boolean {
  return /(^|\.)metadata\.annotations\./.test(field) && after === null;
}

/** What stands under a unit although the plan has it once for several. */
function isOfUnits(change: PlannedChange, units: readonly ReportUnit[], changes: readonly PlannedChange[]): boolean {
  if (change.field === TRUST_FIELD) return units.some(({ roleArn }) => change.object === `Role/${roleArn}`);
  return units.some((unit) => isAddonOf(change, unit, changes));
}

/** One update of an add-on moves all of its service accounts: the list of associations that it gets names them. */
function isAddonOf(
  { object }: PlannedChange,
  { mechanism, serviceAccount, roleArn }: ReportUnit,
  changes: readonly PlannedChange[],
): boolean {
  if (mechanism !== 'addon' || !object.startsWith('Addon/')) return false;
  return changes.some(
    (other) =>
      other.object === object &&
      Array.isArray(other.after) &&
      other.after.some((one: Readonly<Record<string, unknown>>) => one.serviceAccount === serviceAccount && one.roleArn === roleArn),
  );
}

/** The agent goes ahead of all; a daemon is retired when the waves are over. */
function isAgent({ object }: PlannedChange): boolean {
  return object.startsWith('Addon/');
}

function leaf({ object, field, before, after }: PlannedChange): Branch {
  const what = field === '' ? 'made' : field;
  return { text: `${object} ${what}: ${field === TRUST_FIELD ? 'changed' : `${valueText(before)} -> ${valueText(after)}`}`, below: [] };
}

function tree(branches: readonly Branch[], prefix: string, columns: number): string[] {
  return branches.flatMap(({ text, below }, index) => {
    const isLast = index === branches.length - 1;
    const beneath = `${prefix}${isLast ? '   ' : '│  '}`;
    const [first = '', ...rest] = wrap(text, Math.max(20, columns - prefix.length - 3));
    return [`${prefix}${isLast ? '└─ ' : '├─ '}${first}`, ...rest.map((line) => `${beneath}${line}`), ...tree(below, beneath, columns)];
  });
}
