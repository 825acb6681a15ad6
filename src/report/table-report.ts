import type { RunReport } from '../model/report.ts';
import { runWord } from '../model/text/status-words.ts';
import { changeSection, changesLine, optionSection } from './change-sections.ts';
import type { CommandText } from './commands.ts';
import { findingGroups, isCompact, type NamedFinding } from './finding-groups.ts';
import { compareText } from './report.ts';
import { retirementSection } from './retirement-text.ts';
import {
  type AnyReport,
  approvalLine,
  callsLine,
  clusterTitle,
  durationLine,
  findingsOf,
  isBlocked,
  isProposed,
  isWaiting,
  nextActions,
  promiseLine,
  type ReportFinding,
  type ReportUnit,
  requesterLine,
  SEVERITY_TONES,
  STATUS_TONES,
  tally,
  tookLine,
  trustLine,
  unitName,
} from './summary.ts';
import { type Cell, renderTable } from './table.ts';
import { hang, hangWhole, type Palette } from './text.ts';
import { trustChange } from './trust-diff.ts';
import { unitTable } from './unit-table.ts';

/** How a report is laid out for a terminal. */
export interface Layout {
  /** Width that lines keep to. */
  readonly columns: number;
  readonly palette: Palette;
  /** Whole ARNs, every finding, the evidence and the trust policies' diffs as well. */
  readonly wide: boolean;
  /** See `Screen`. */
  readonly command?: CommandText | undefined;
}

/**
 * A report as text for a terminal: what happened to each unit, why, and what to do next. What waits for approval is always shown whole.
 * Ends with a line break.
 */
export function renderTableReport(report: AnyReport, given: Layout): string {
  const layout = isWaiting(report) ? { ...given, wide: true } : given;
  const sections = [
    heading(report, layout),
    unitTable(report, layout),
    ...exceptions(report, layout),
    retirementSection(report, layout),
    findingList(report, layout),
  ];
  if (layout.wide) {
    sections.push(changeSection(report, layout), ...trustSections(report, layout), optionSection(report, layout));
    sections.push(evidenceTable(report, layout));
  }
  sections.push(closing(report, layout));
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function heading(report: AnyReport, { columns, palette }: Layout): string {
  const { run } = report;
  const kind = report.kind === 'Plan' ? 'plan' : 'run';
  const took = tookLine(report);
  // A run that has ended is told by the lines below.
  const word = runWord(run.status);
  const stands = run.endedAt === null ? (run.state?.text ?? word) : word;
  return [
    hang(`${kind} `, `${run.id} on ${clusterTitle(run.cluster)}: ${stands}`, columns, 2)
      .replace(run.id, palette('strong', run.id))
      .replace(new RegExp(`${word}$`), palette(STATUS_TONES[run.status], word)),
    hang(
      '',
      [tally(report), took === '' || report.kind === 'Plan' ? '' : `in ${took}`].filter((part) => part !== '').join(', '),
      columns,
      2,
    ),
    run.digest === '' ? '' : `  ${palette('faint', `digest ${run.digest}`)}`,
    requesterLine(report) === '' ? '' : hang('  ', `asked for by ${requesterLine(report)}`, columns, 2),
    hang('  ', approvalLine(report), columns, 2),
    hang('  ', run.reason ?? '', columns, 2),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** Units that did not migrate, each with its reason, what was found, and what to do. */
function exceptions(report: AnyReport, layout: Layout): string[] {
  const kinds: { isOne: (unit: ReportUnit) => boolean; title: string; grouped?: true }[] = [
    { isOne: ({ status }) => status === 'needs-operator', title: 'needs an operator' },
    { isOne: ({ status }) => status === 'rolled-back', title: 'rolled back' },
    { isOne: (unit) => unit.status === 'held' && !isBlocked(unit), title: 'not started: not changed', grouped: true },
    { isOne: isBlocked, title: 'blocked: not changed', grouped: true },
  ];
  return kinds.map(({ isOne, title, grouped }) => {
    const units = report.units.filter(isOne);
    if (units.length === 0) return '';
    const lines =
      grouped === true && !layout.wide ? blockedGroups(report, units, layout) : units.flatMap((unit) => exception(report, unit, layout));
    return [layout.palette('strong', `${title} (${units.length})`), ...lines].join('\n');
  });
}

/** Blocked units by what blocks them; one that names no blocker has its reason alone. */
function blockedGroups(report: AnyReport, units: readonly ReportUnit[], { columns, palette }: Layout): string[] {
  const paint = (unit: string): string => `  ${palette(STATUS_TONES.held, unit)}`;
  const judged = units.map((unit) => ({ unit, why: findingsOf(report, unit).filter(({ severity }) => severity === 'blocker') }));
  const named = judged.flatMap(({ unit, why }) => why.map((finding) => ({ name: unitName(unit), finding })));
  const bare = judged.filter(({ why }) => why.length === 0).map(({ unit }) => unit);
  return [
    ...findingGroups(byCode(named), {
      columns,
      palette,
      compact: isCompact(report.units.length),
      alone: ({ name, finding }) => [paint(name), ...findingLines([finding], columns)],
    }),
    ...bare.flatMap((unit) => [paint(unitName(unit)), ...(unit.reason === '' ? [] : [hang('    ', unit.reason, columns)])]),
  ];
}

function byCode(findings: readonly NamedFinding[]): NamedFinding[] {
  return [...findings].sort((a, b) => compareText(a.finding.code, b.finding.code) || compareText(a.name, b.name));
}

function exception(report: AnyReport, unit: ReportUnit, { columns, palette }: Layout): string[] {
  const why = findingsOf(report, unit).filter((finding) => unit.status !== 'held' || finding.severity === 'blocker');
  const lines = [`  ${palette(STATUS_TONES[unit.status], unitName(unit))}`];
  if (unit.reason !== '' && (unit.status !== 'held' || why.length === 0)) lines.push(hang('    ', unit.reason, columns));
  if (unit.status === 'held') lines.push(...findingLines(why, columns));
  return lines;
}

/** What was found, and what to do about it: once for findings in a row that ask for the same. */
function findingLines(findings: readonly ReportFinding[], columns: number): string[] {
  return findings.flatMap((finding, index) => [
    hang(`    ${finding.code} `, finding.message, columns),
    ...(findings[index + 1]?.remedy === finding.remedy ? [] : [hang('          -> ', finding.remedy, columns)]),
  ]);
}

/** Warnings, and what was seen and is not podshift's to change; with `wide` all the rest too, one by one. Blockers of units are above. */
function findingList(report: AnyReport, { columns, palette, wide }: Layout): string {
  const shown = new Set(
    report.units
      .filter((unit) => unit.status === 'held')
      .flatMap((unit) => findingsOf(report, unit).filter((finding) => finding.severity === 'blocker')),
  );
  const others = report.findings.filter((finding) => !shown.has(finding));
  const listed = wide ? others : others.filter((finding) => finding.severity !== 'info');
  const left = wide ? [] : others.filter(isLeftAlone);
  const rest = others.length - listed.length - left.length;
  const alone = (finding: ReportFinding): string[] => [
    `  ${palette(SEVERITY_TONES[finding.severity], finding.severity)} ${finding.subject}`,
    ...findingLines([finding], columns),
  ];
  const compact = isCompact(report.units.length);
  const lines = wide
    ? listed.flatMap(alone)
    : findingGroups(
        listed.map((finding) => ({ name: finding.subject, finding })),
        {
          columns,
          palette,
          compact,
          alone: ({ finding }) => alone(finding),
          lead: ({ severity }) => [SEVERITY_TONES[severity], severity],
        },
      );
  if (left.length > 0) lines.push('  seen, not migrated', ...leftAlone(left, compact, columns));
  if (rest > 0) lines.push(palette('faint', `  and ${rest} more for the record: see "-o wide"`));
  return lines.length === 0 ? '' : [palette('strong', `findings (${others.length})`), ...lines].join('\n');
}

/** In a compact report the first of each code. */
function leftAlone(findings: readonly ReportFinding[], compact: boolean, columns: number): string[] {
  if (!compact) return findings.map((finding) => hang(`    ${finding.code} `, finding.message, columns));
  return [...Map.groupBy(findings, ({ code }) => code).values()].flatMap((group) => {
    const [first] = group as [ReportFinding];
    const more = group.length === 1 ? '' : ` (and ${group.length - 1} more)`;
    return [hang(`    ${first.code} `, `${first.message}${more}`, columns)];
  });
}

/** Findings of kinds that this version lists and does not touch (PS6xx, see src/model/findings.ts). */
function isLeftAlone(finding: ReportFinding): boolean {
  return finding.severity === 'info' && finding.code.startsWith('PS6');
}

function trustSections(report: AnyReport, { palette }: Layout): string[] {
  return report.roles.map((role) => {
    const change = trustChange(role);
    const paint = (line: string) => (line.startsWith('+') ? palette('good', line) : line.startsWith('-') ? palette('bad', line) : line);
    return [
      palette('strong', `trust policy of ${role.roleArn}`),
      '  who could assume it before',
      ...change.scopeBefore.map((line) => `    ${line}`),
      '  who can assume it after',
      ...change.scopeAfter.map((line) => `    ${line}`),
      ...(change.diff === '' ? ['  no change'] : change.diff.split('\n').map((line) => `  ${paint(line)}`)),
    ].join('\n');
  });
}

function evidenceTable(report: AnyReport, { palette }: Layout): string {
  if (report.kind === 'Plan') return '';
  const units: RunReport['units'] = report.units;
  const rows = units.flatMap((unit) =>
    unit.evidence.map((proof): Cell[] => [
      { text: unitName(unit) },
      { text: String(proof.grade) },
      { text: proof.kind },
      { text: proof.passed ? 'passed' : 'failed', tone: proof.passed ? 'good' : 'bad' },
      { text: proof.at },
      { text: JSON.stringify(proof.facts) },
    ]),
  );
  return rows.length === 0 ? '' : renderTable(['EVIDENCE FOR', 'GRADE', 'KIND', 'RESULT', 'AT', 'FACTS'], rows, null, palette);
}

function closing(report: AnyReport, { columns, palette, wide, command }: Layout): string {
  const promise = promiseLine(report);
  const hasTrust = report.roles.some((role) => role.trustBefore !== role.trustAfter);
  const paint = (text: string): string =>
    text
      .split('\n')
      .map((line) => palette(promise.tone, line))
      .join('\n');
  return [
    ...(isProposed(report) ? [] : [paint(hang('promises  ', promise.text, columns))]),
    ...changesLine(report, wide, columns),
    ...(durationLine(report) === '' ? [] : [hang('takes     ', durationLine(report), columns)]),
    hang('trust     ', `${trustLine(report)}${wide || !hasTrust ? '' : ' ("-o wide": how)'}`, columns),
    hang('calls     ', callsLine(report), columns),
    ...nextActions(report, command).map((action) => hangWhole('next      ', action, columns)),
  ].join('\n');
}
