import { FINDINGS } from '../model/findings.ts';
import type { ReportFinding } from './summary.ts';
import { hang, type Palette, type Tone } from './text.ts';

/** A finding with the name under which a reader looks for it: a service account, or the finding's own subject. */
export interface NamedFinding {
  readonly name: string;
  readonly finding: ReportFinding;
}

/** How findings are laid out. */
export interface GroupLayout {
  readonly columns: number;
  readonly palette: Palette;
  /** Names alone for groups of many: for a cluster whose findings would fill pages. */
  readonly compact: boolean;
  /** The lines of a finding that is the only one of its code. */
  readonly alone: (one: NamedFinding) => readonly string[];
  /** What stands before the code of a group, such as its severity; with its tone. */
  readonly lead?: (finding: ReportFinding) => readonly [tone: Tone, text: string];
}

/** So many of a group are named; `-o wide` has all. */
const FIRST = 3;

/** Reports of at least so many service accounts are compact. */
const MANY_UNITS = 50;

/** Whether a report of so many service accounts names those of a group alone. */
export function isCompact(units: number): boolean {
  return units > MANY_UNITS;
}

/**
 * Findings of one code stand together: what it means, how many there are, the first of them, and what to do about them once. Of a code
 * with one finding, that stands by itself.
 */
export function findingGroups(findings: readonly NamedFinding[], layout: GroupLayout): string[] {
  const groups = Map.groupBy(findings, ({ finding }) => `${finding.severity} ${finding.code}`);
  return [...groups.values()].flatMap((group) => (group.length === 1 ? group.flatMap(layout.alone) : several(group, layout)));
}

function several(group: readonly NamedFinding[], layout: GroupLayout): string[] {
  const { columns, palette, compact, lead } = layout;
  const [first] = group as [NamedFinding];
  const { code } = first.finding;
  const [tone, severity] = lead?.(first.finding) ?? ['strong', ''];
  const names = [...new Set(group.map(({ name }) => name))];
  // What is found of a role is found of each of its service accounts.
  const findings = [...new Set(group.map(({ finding }) => finding))];
  const head = `${titleOf(first.finding)} (${findings.length})`;
  const start = severity === '' ? `  ${code} ` : `  ${severity} ${code} `;
  const painted = (text: string): string => (severity === '' ? text : text.replace(severity, palette(tone, severity)));
  const remedies = remedyLines(group, columns);
  if (compact) {
    // A remedy that points to the message is of no use without one.
    const example = remedies.some((line) => /the message/.test(line)) ? [hang('    such as: ', first.finding.message, columns, 6)] : [];
    return [painted(hang(start, `${head}: ${some(names)}`, columns, 4)), ...example, ...remedies];
  }
  const told = findings.slice(0, FIRST).map(({ message }) => hang('    ', message, columns, 6));
  const more = findings.length > FIRST ? [`    and ${findings.length - FIRST} more ("-o wide" has all)`] : [];
  return [painted(hang(start, head, columns, 4)), ...told, ...more, ...remedies];
}

/** One remedy: that of all of them, or the code's own where each has another one. */
function remedyLines(group: readonly NamedFinding[], columns: number): string[] {
  const remedies = [...new Set(group.map(({ finding }) => finding.remedy))] as [string, ...string[]];
  const [only] = remedies;
  if (remedies.length === 1) return [hang('          -> ', only, columns)];
  const { code } = (group[0] as NamedFinding).finding;
  const general = code in FINDINGS ? FINDINGS[code as keyof typeof FINDINGS].remedy : only;
  return [hang('          -> ', `${general} ("-o wide" says more exactly what to do for each.)`, columns)];
}

/** What a code means; a report of another version may have one that this table has not. */
function titleOf({ code, message }: ReportFinding): string {
  return code in FINDINGS ? FINDINGS[code as keyof typeof FINDINGS].title : message;
}

function some(names: readonly string[]): string {
  const more = names.length - FIRST;
  return more > 0 ? `${names.slice(0, FIRST).join(', ')} and ${more} more` : names.join(', ');
}
