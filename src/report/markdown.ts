import { runWord } from '../model/text/status-words.ts';
import { TRUST_FIELD } from '../plan/changes.ts';
import { optionTexts, valueText } from './change-text.ts';
import type { CommandText } from './commands.ts';
import { retirementRows } from './retirement-text.ts';
import {
  type AnyReport,
  approvalLine,
  callsLine,
  clusterTitle,
  findingsOf,
  isProposed,
  nextActions,
  promiseLine,
  requesterLine,
  retirementTitle,
  roleTitle,
  statusTitle,
  tally,
  tookLine,
  trustLine,
  unitName,
} from './summary.ts';
import { trustChange } from './trust-diff.ts';

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
    unit.wave === null ? '' : String(unit.wave),
    statusTitle(report, unit),
  ]);
  return ['## Units', '', table(['Service account', 'By', 'Role', 'Workloads', 'Wave', 'Status'], rows)].join('\n');
}

function exceptions(report: AnyReport): string {
  const lines = report.units
    .filter((unit) => unit.status === 'held' || unit.status === 'rolled-back' || unit.status === 'needs-operator')
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
  const rows = report.findings.map((finding) => [
    finding.code,
    finding.severity,
    code(finding.subject),
    plain(finding.message),
    plain(finding.remedy),
  ]);
  return ['## Findings', '', table(['Code', 'Severity', 'Subject', 'What was seen', 'What to do'], rows)].join('\n');
}

function changeTable(report: AnyReport): string {
  const rows = (report.changes ?? []).map(({ object, field, before, after, unit }) => {
    const isTrust = field === TRUST_FIELD;
    return [
      unit === null ? '' : code(unit),
      code(object),
      field === '' ? 'made' : code(field),
      isTrust ? 'below' : code(valueText(before)),
      isTrust ? 'below' : code(valueText(after)),
    ];
  });
  return rows.length === 0 ? '' : ['## Changes', '', table(['Service account', 'Object', 'Field', 'Before', 'After'], rows)].join('\n');
}

function optionTable({ options }: AnyReport): string {
  if (options === undefined) return '';
  const rows = optionTexts(options).map(({ option, text, fallback }) => [
    code(option),
    code(text),
    fallback === text ? '' : code(fallback),
  ]);
  return ['## Options', '', table(['Option', 'Value', 'Default'], rows)].join('\n');
}

function trustSection(report: AnyReport): string {
  const changes = report.roles.map(trustChange).filter((change) => change.diff !== '');
  if (changes.length === 0) return '';
  const parts = changes.map((change) =>
    [
      `### ${code(change.roleArn)}`,
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
    : ['## Evidence', '', table(['Service account', 'Grade', 'Kind', 'Result', 'At', 'Facts'], rows)].join('\n');
}

function closing(report: AnyReport, command: CommandText | undefined): string {
  const lines = [
    ...(isProposed(report) ? [] : [`- Promises: ${plain(promiseLine(report).text)}`]),
    `- Trust: ${trustLine(report)}`,
    `- Calls: ${callsLine(report)}`,
  ];
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
