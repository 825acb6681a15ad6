import { FINDINGS } from '../model/findings.ts';
import { runWord } from '../model/text/status-words.ts';
import { TRUST_FIELD } from '../plan/changes.ts';
import { optionTexts, valueText } from './change-text.ts';
import type { CommandText } from './commands.ts';
import { isCompact } from './finding-groups.ts';
import { shapesOf } from './page/trust-shapes.ts';
import { retirementRows } from './retirement-text.ts';
import {
  type AnyReport,
  approvalLine,
  callsLine,
  clusterTitle,
  durationLine,
  findingsOf,
  isProposed,
  isWaiting,
  nextActions,
  promiseLine,
  type ReportFinding,
  requesterLine,
  retirementTitle,
  roleTitle,
  statusTitle,
  tally,
  tookLine,
  trustLine,
  unitName,
} from './summary.ts';
import { count } from './text.ts';

/** A report in GitHub-flavoured Markdown, for a pull request or a change ticket. Ends with a line break. */
export function renderMarkdown(report: AnyReport, command?: CommandText): string {
  const sections = [
    heading(report),
    unitTable(report),
    exceptions(report),
    retirement(report),
    findingTable(report),
    changeTable(report),
    trustSection(report),
    optionTable(report),
    evidenceSection(report),
    closing(report, command),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function heading(report: AnyReport): string {
  const { run } = report;
  const took = report.kind === 'Plan' ? '' : tookLine(report);
  return [
    `# ${report.kind === 'Plan' ? 'Plan' : 'Run'} ${code(run.id)}: ${runWord(run.status)}`,
    '',
    `- Cluster: ${clusterTitle(run.cluster)}`,
    ...(run.reason === undefined ? [] : [`- Reason: ${plain(run.reason)}`]),
    `- Units: ${tally(report)}`,
    `- Digest: ${run.digest === '' ? 'none' : code(run.digest)}`,
    ...(requesterLine(report) === '' ? [] : [`- Asked for by: ${requesterLine(report)}`]),
    ...(approvalLine(report) === '' ? [] : [`- Approval: ${approvalLine(report)}`]),
    `- Started: ${run.startedAt}${run.endedAt === null ? '' : `; ended: ${run.endedAt}`}${took === '' ? '' : ` (${took})`}`,
  ].join('\n');
}

function unitTable(report: AnyReport): string {
  if (report.units.length === 0) return '';
  const rows = report.units.map((unit) => [
    code(unitName(unit)),
    unit.mechanism,
    code(roleTitle(unit.roleArn, report.run.cluster)),
    unit.workloads.map(({ kind, name }) => `${kind} ${code(name)}`).join('<br>') || 'none',
    unit.wave === null ? '' : String(unit.wave + 1),
    statusTitle(report, unit),
  ]);
  return section('Units', rows.length, table(['Service account', 'By', 'Role', 'Workloads', 'Wave', 'Status'], rows));
}

function exceptions(report: AnyReport): string {
  const lines = report.units
    // What blocks many is told once for each code.
    .filter((unit) => (unit.status === 'held' && !isShort(report)) || unit.status === 'rolled-back' || unit.status === 'needs-operator')
    .flatMap((unit) => [
      `- ${code(unitName(unit))} ${statusTitle(report, unit)}: ${plain(unit.reason)}`,
      ...findingsOf(report, unit)
        .filter((finding) => finding.severity === 'blocker')
        .map((finding) => `  - **${finding.code}** ${plain(finding.message)} ${plain(finding.remedy)}`),
    ]);
  return lines.length === 0 ? '' : ['## Not migrated', '', ...lines].join('\n');
}

function retirement(report: AnyReport): string {
  if (report.retirement === undefined) return '';
  const { daemon, status, roles } = report.retirement;
  const lines = retirementRows(report.retirement).map(([name, text]) => `- ${name}: ${name === 'rule' ? code(text) : plain(text)}`);
  const rows = roles.map((role) => [code(role.roleArn), role.serviceAccounts.map(code).join('<br>'), role.status, plain(role.reason)]);
  return [
    `## Retiring ${daemon}: ${retirementTitle(status)}`,
    '',
    ...lines,
    ...(rows.length === 0 ? [] : ['', table(['Role', 'Service accounts', 'Principal', 'Why'], rows)]),
  ].join('\n');
}

function findingTable(report: AnyReport): string {
  if (report.findings.length === 0) return '';
  if (isShort(report)) return groupedFindings(report);
  const rows = report.findings.map((finding) => [
    finding.code,
    finding.severity,
    code(finding.subject),
    plain(finding.message),
    plain(finding.remedy),
  ]);
  return section('Findings', rows.length, table(['Code', 'Severity', 'Subject', 'What was seen', 'What to do'], rows));
}

/** Whether a report tells only the most of what it has: of many service accounts, and nobody is to approve it. */
function isShort(report: AnyReport): boolean {
  return isCompact(report.units.length) && !isWaiting(report);
}

/** A row for each code, with the first of its subjects: the findings of many service accounts fill no comment. */
function groupedFindings({ findings }: AnyReport): string {
  const rows = [...Map.groupBy(findings, ({ code: one, severity }) => `${one} ${severity}`).values()].map((group) => {
    const [first] = group as [ReportFinding, ...ReportFinding[]];
    const subjects = [...new Set(group.map(({ subject }) => subject))];
    const more = subjects.length > NAMED ? [`and ${subjects.length - NAMED} more`] : [];
    const remedies = new Set(group.map(({ remedy }) => remedy));
    const { title, remedy } = tableRowOf(first);
    return [
      first.code,
      first.severity,
      String(group.length),
      plain(title),
      [...subjects.slice(0, NAMED).map(code), ...more].join('<br>'),
      plain(remedies.size === 1 ? first.remedy : remedy),
    ];
  });
  return section('Findings', rows.length, table(['Code', 'Severity', 'Number', 'What was seen', 'Of', 'What to do'], rows));
}

/** What a code means and asks for; a report of another version may have one that the table has not. */
function tableRowOf({ code: one, message, remedy }: ReportFinding): { readonly title: string; readonly remedy: string } {
  return one in FINDINGS ? FINDINGS[one as keyof typeof FINDINGS] : { title: message, remedy };
}

/** Subjects of a code that are named. */
const NAMED = 3;

/** Tables of more rows are folded up, so that a comment can be read. */
const LONG = 25;

/** A section under its heading; a long table is behind a line that says how long. */
function section(title: string, rows: number, content: string): string {
  const shown = rows > LONG ? ['<details>', `<summary>all ${rows}</summary>`, '', content, '', '</details>'] : [content];
  return [`## ${title}`, '', ...shown].join('\n');
}

function changeTable(report: AnyReport): string {
  const { changes = [] } = report;
  if (isShort(report) && changes.length > LONG)
    return `## Changes\n\n${count(changes.length, 'field')} of ${count(new Set(changes.map(({ object }) => object)).size, 'object')} would change.`;
  const rows = changes.map(({ object, field, before, after, unit }) => {
    const isTrust = field === TRUST_FIELD;
    return [
      unit === null ? '' : code(unit),
      code(object),
      field === '' ? 'made' : code(field),
      isTrust ? 'below' : code(valueText(before)),
      isTrust ? 'below' : code(valueText(after)),
    ];
  });
  return rows.length === 0 ? '' : section('Changes', rows.length, table(['Service account', 'Object', 'Field', 'Before', 'After'], rows));
}

function optionTable({ options }: AnyReport): string {
  if (options === undefined) return '';
  const rows = optionTexts(options).map(({ option, text, fallback }) => [
    code(option),
    code(text),
    fallback === text ? '' : code(fallback),
  ]);
  return section('Options', rows.length, table(['Option', 'Value', 'Default'], rows));
}

function trustSection(report: AnyReport): string {
  const { alone, shared } = shapesOf(report);
  const changes = [
    ...shared.map((roles) => ({ title: `${roles.length} roles with one service account each, alike`, change: roles[0].shape })),
    ...alone.map(({ roleArn, shape }) => ({ title: code(roleArn), change: shape })),
  ].filter(({ change }) => change.diff !== '');
  if (changes.length === 0) return '';
  const parts = changes.map(({ title, change }) =>
    [
      `### ${title}`,
      '',
      'Who could assume it before:',
      '',
      ...change.scopeBefore.map((line) => `- ${plain(line)}`),
      '',
      'Who can assume it after:',
      '',
      ...change.scopeAfter.map((line) => `- ${plain(line)}`),
      '',
      '```diff',
      change.diff,
      '```',
    ].join('\n'),
  );
  return ['## Trust policies', ...parts].join('\n\n');
}

function evidenceSection(report: AnyReport): string {
  if (report.kind === 'Plan') return '';
  const rows = report.units.flatMap((unit) =>
    unit.evidence.map((proof) => [
      code(unitName(unit)),
      String(proof.grade),
      proof.kind,
      proof.passed ? 'passed' : '**failed**',
      proof.at,
      code(JSON.stringify(proof.facts)),
    ]),
  );
  return rows.length === 0
    ? ''
    : section('Evidence', rows.length, table(['Service account', 'Grade', 'Kind', 'Result', 'At', 'Facts'], rows));
}

function closing(report: AnyReport, command: CommandText | undefined): string {
  const lines = [
    ...(isProposed(report) ? [] : [`- Promises: ${plain(promiseLine(report).text)}`]),
    ...(durationLine(report) === '' ? [] : [`- Takes: ${durationLine(report)}`]),
    `- Trust: ${trustLine(report)}`,
    `- Calls: ${callsLine(report)}`,
  ];
  if (isShort(report)) lines.push('- Page: `-o html` prints all of it, each change before and after, as one file to attach');
  for (const action of nextActions(report, command)) lines.push(`- Next: ${plain(action)}`);
  return ['## Summary', '', ...lines].join('\n');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('\n', ' ').replaceAll(/(?<!\\)\|/g, '\\|')).join(' | ')} |`;
  return [line(heads), `|${' --- |'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}

/** Text that Markdown leaves as it is: names of workloads and roles may hold `_`, `*` and `<`. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|]/g, '\\$&').replaceAll('\n', ' ');
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``;
}
