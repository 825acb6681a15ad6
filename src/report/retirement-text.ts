import type { RetirementReport } from '../model/report.ts';
import { type AnyReport, retirementTitle } from './summary.ts';
import { type Cell, renderTable } from './table.ts';
import { count, hang, type Palette, type Tone } from './text.ts';

const TONES: Readonly<Record<RetirementReport['status'], Tone>> = {
  planned: 'strong',
  refused: 'warn',
  done: 'good',
  retiring: 'strong',
  retired: 'good',
  restoring: 'warn',
  restored: 'bad',
  'needs-operator': 'bad',
};

/** The retirement of a daemon as a section of a report for a terminal; empty where there is none. */
export function retirementSection(
  report: AnyReport,
  { columns, palette, wide }: { readonly columns: number; readonly palette: Palette; readonly wide: boolean },
): string {
  const { retirement } = report;
  if (retirement === undefined) return '';
  const rows = retirementRows(retirement);
  const roles = retirement.roles.map((role): Cell[] => [
    { text: role.roleArn },
    { text: role.serviceAccounts.join('\n') },
    { text: role.status, tone: role.status === 'removed' ? 'good' : role.status === 'kept' ? 'warn' : 'faint' },
  ]);
  return [
    `${palette('strong', `retiring ${retirement.daemon}`)}: ${palette(TONES[retirement.status], retirementTitle(retirement.status))}`,
    ...rows.map(([name, text]) => hang(`  ${name.padEnd(10)}`, text, columns)),
    ...(wide && roles.length > 0 ? [renderTable(['ROLE', 'SERVICE ACCOUNTS', 'PRINCIPAL'], roles, null, palette)] : []),
  ].join('\n');
}

/** What is known of a retirement, as rows of a name and a text. */
export function retirementRows(retirement: RetirementReport): [string, string][] {
  const { reason, daemons, rule, nodes, principals, roles } = retirement;
  const rows: [string, string][] = [];
  if (reason !== '') rows.push(['why', reason]);
  if (daemons.length > 0)
    rows.push([
      'daemon',
      daemons
        .map(({ kind, namespace, name, action }) => `${kind}/${namespace}/${name}${action === 'stopped' ? ' (stopped)' : ''}`)
        .join(', '),
    ]);
  if (rule !== null) rows.push(['rule', `${rule.removal} (by pods of ${rule.image})`]);
  if (nodes.length > 0) rows.push(['nodes', nodeLine(nodes)]);
  if (principals.length > 0) rows.push(['principal', principals.join(', ')]);
  if (roles.length > 0) rows.push(['roles', roleLine(roles)]);
  return rows;
}

function nodeLine(nodes: RetirementReport['nodes']): string {
  const removed = nodes.filter((node) => (node.removed ?? 0) > 0).length;
  const answered = nodes.filter((node) => node.answered !== null).length;
  const open = nodes.filter((node) => node.answered === 200).map(({ name }) => name);
  const parts = [count(nodes.length, 'node'), `rule removed on ${removed}`, `instance metadata answers pods on ${answered}`];
  if (open.length > 0)
    parts.push(`without a token (IMDSv1) on ${open.slice(0, 3).join(', ')}${open.length > 3 ? ` and ${open.length - 3} more` : ''}`);
  return parts.join('; ');
}

function roleLine(roles: RetirementReport['roles']): string {
  const number = (status: RetirementReport['roles'][number]['status']) => roles.filter((role) => role.status === status).length;
  const parts = (['removed', 'kept', 'pending'] as const)
    .filter((status) => number(status) > 0)
    .map((status) => `${number(status)} ${status}`);
  return `the principal in ${count(roles.length, 'trust policy', 'trust policies')}: ${parts.join(', ')}`;
}
