import type { Inventory } from '../model/inventory.ts';
import type { Plan } from '../model/plan.ts';
import type { ScanReport } from '../model/report.ts';
import type { CallCounts } from '../model/run.ts';
import { findingGroups, isCompact } from './finding-groups.ts';
import { buildPlanReport, compareText } from './report.ts';
import { clusterTitle, roleTitle, SEVERITY_TONES, workloadLine, workloadLines } from './summary.ts';
import { type Cell, renderTable, tableWidth } from './table.ts';
import { count, hang, type Palette } from './text.ts';

/**
 * What a cluster looks like today: who gets which role, by which mechanism, and what stands in the way of Pod Identity.
 * The plan gives the units and the findings; nothing of what it would do is in it. Pure.
 */
export function buildScanReport(inventory: Inventory, plan: Plan, calls: CallCounts): ScanReport {
  const associated = new Set(inventory.associations.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`));
  const facts = { runId: '', status: 'planned', startedAt: plan.madeAt, endedAt: plan.madeAt, calls, promises: null } as const;
  const { units, findings } = buildPlanReport(plan, facts);
  return {
    apiVersion: 'podshift/v1',
    kind: 'Scan',
    takenAt: inventory.takenAt,
    cluster: { arn: inventory.cluster.arn, version: inventory.cluster.version, platformVersion: inventory.cluster.platformVersion },
    agent: {
      addonVersion: inventory.agent.addon?.version ?? null,
      daemonSet: inventory.agent.daemonSet === null ? null : `${inventory.agent.daemonSet.namespace}/${inventory.agent.daemonSet.name}`,
      ready: inventory.agent.daemonSet?.ready ?? 0,
      desired: inventory.agent.daemonSet?.desired ?? 0,
    },
    serviceAccounts: units.map(({ namespace, serviceAccount, mechanism, roleArn, workloads, findings: codes }) => ({
      namespace,
      serviceAccount,
      mechanism,
      roleArn,
      associated: associated.has(`${namespace}/${serviceAccount}`),
      workloads,
      findings: codes,
    })),
    legacy: inventory.legacy.map(({ subject, kind, name }) => ({ subject, kind, name })).sort((a, b) => compareText(a.subject, b.subject)),
    addons: inventory.addons
      .map(({ name, version, status, serviceAccountRoleArn }) => ({ name, version, status, serviceAccountRoleArn }))
      .sort((a, b) => compareText(a.name, b.name)),
    findings,
    calls: { ...calls },
  };
}

/** How a scan is laid out. */
interface ScanLayout {
  readonly columns: number;
  readonly palette: Palette;
  readonly wide: boolean;
}

/** A scan as text for a terminal; `wide` shows whole ARNs and every finding. Ends with a line break. */
export function renderScan(scan: ScanReport, layout: ScanLayout): string {
  const { columns, palette, wide } = layout;
  const compact = isCompact(scan.serviceAccounts.length);
  const isOneLine = !wide && Number.isFinite(columns) && compact;
  const rows = [
    ...scan.serviceAccounts.map((one): Cell[] => [
      { text: `${one.namespace}/${one.serviceAccount}`, tone: 'strong' },
      { text: one.associated ? `${one.mechanism}\npod identity` : one.mechanism },
      { text: wide ? one.roleArn : roleTitle(one.roleArn, scan.cluster.arn) },
      { text: isOneLine ? workloadLine(one) : workloadLines(one, !wide) },
      { text: one.findings.join(wide || compact ? ' ' : '\n') || '-' },
    ]),
    ...scan.legacy
      .filter((one) => one.kind === 'annotation')
      .map((one): Cell[] => [
        { text: '-' },
        { text: 'kube2iam/kiam' },
        { text: one.name },
        { text: workloadLines({ workloads: [workloadOf(one.subject)] }, !wide) },
        { text: '-' },
      ]),
  ];
  const blockers = scan.findings.filter((finding) => finding.severity === 'blocker').length;
  const listed = wide ? scan.findings : scan.findings.filter((finding) => finding.severity !== 'info');
  const sections = [
    [
      `scan of ${clusterTitle(scan.cluster.arn)}, Kubernetes ${scan.cluster.version} ${scan.cluster.platformVersion}`,
      hang('  ', `${count(scan.serviceAccounts.length, 'service account')} with a role; ${agentTitle(scan)}`, columns),
    ].join('\n'),
    rows.length === 0
      ? ''
      : renderTable(
          [isOneLine ? 'SERVICE ACCOUNT!' : 'SERVICE ACCOUNT', 'BY', 'ROLE', 'WORKLOADS', 'FINDINGS'],
          rows,
          tableWidth(layout),
          palette,
          { oneLine: isOneLine },
        ),
    (wide
      ? listed.flatMap((finding) => alone(finding, layout))
      : findingGroups(
          listed.map((finding) => ({ name: finding.subject, finding })),
          {
            columns,
            palette,
            compact,
            alone: ({ finding }) => alone(finding, layout),
            lead: ({ severity }) => [SEVERITY_TONES[severity], severity],
          },
        )
    ).join('\n'),
    hang(
      '',
      `${count(blockers, 'blocker')}, ${count(scan.findings.length, 'finding')} in all${wide ? '' : ' ("-o wide" shows every one)'}; nothing was changed`,
      columns,
    ),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/** A finding by itself. */
function alone({ code, severity, subject, message, remedy }: ScanReport['findings'][number], { columns, palette }: ScanLayout): string[] {
  return [
    `${palette(SEVERITY_TONES[severity], `${code} ${severity}`)} ${subject}`,
    hang('  ', message, columns),
    hang('  -> ', remedy, columns),
  ];
}

/** Kind and name of a subject such as `Deployment/namespace/name`. */
function workloadOf(subject: string): { kind: string; name: string } {
  const [kind = '', ...rest] = subject.split('/');
  return { kind, name: rest.at(-1) ?? '' };
}

function agentTitle({ agent }: ScanReport): string {
  if (agent.addonVersion === null && agent.daemonSet === null) return 'no Pod Identity agent add-on';
  const name = agent.addonVersion === null ? `agent ${agent.daemonSet}` : `agent add-on ${agent.addonVersion}`;
  return `${name}, ready on ${agent.ready} of ${agent.desired} nodes`;
}
