import { type Finding, type FindingCode, finding } from '../src/model/findings.ts';
import type { Snapshot, SnapshotGap } from '../twin/snapshot.ts';
import { quoted } from './shell.ts';
import type { Terminal } from './terminal.ts';

/** What a snapshot cannot tell, as findings beside those of its plan: they decide nothing, and are no part of a digest. */
export function snapshotFindings({ cluster, gaps }: Pick<Snapshot, 'cluster' | 'gaps'>): Finding[] {
  const of = (kind: SnapshotGap['kind']) => gaps.filter((gap) => gap.kind === kind);
  const missing = of('missing');
  const files = missing.map(({ what, command }) => `${command} (${what})`).join('; ');
  return [
    ...(missing.length === 0
      ? []
      : [
          finding(
            'PS901',
            `Cluster/${cluster.name}`,
            `the snapshot has no ${missing.map(({ what }) => what).join(', ')}`,
            `What they would show is unknown, and not absent. To take them: ${files}.`,
          ),
        ]),
    ...of('kinds').map(({ what, why, command }) =>
      finding(
        'PS901',
        `Cluster/${cluster.name}`,
        `of these kinds the snapshot does not show whether there are objects: ${what} (${why})`,
        `To take them: ${command}`,
      ),
    ),
    ...of('file').map(({ what, why, command }) => finding('PS902', `Snapshot/${what}`, `${what}: ${why}`, `Take it again: ${command}`)),
  ];
}

/** Findings that say of something that it is not there, and the folders of AWS's answers that a snapshot has to hold for that. */
const ABSENCES: Readonly<Partial<Record<FindingCode, readonly string[]>>> = {
  PS213: ['eks/pod-identity-associations/'],
};

/** Codes of findings that a snapshot cannot bear out: what they miss may be there all the same. */
export function undecidedCodes({ gaps }: Pick<Snapshot, 'gaps'>): ReadonlySet<string> {
  const lacks = (folder: string): boolean => gaps.some(({ what }) => what.startsWith(folder));
  return new Set(Object.entries(ABSENCES).flatMap(([code, needs]) => (needs.some(lacks) ? [code] : [])));
}

/** A plan or report without the findings of these codes. */
export function withoutUndecided<Report extends { readonly findings: readonly { readonly code: string }[] }>(
  report: Report,
  codes: ReadonlySet<string>,
): Report {
  return report.findings.some(({ code }) => codes.has(code))
    ? { ...report, findings: report.findings.filter(({ code }) => !codes.has(code)) }
    : report;
}

/** A report with more findings, in the order of their codes. */
export function withFindings<Report extends { readonly findings: readonly { readonly code: string }[] }>(
  report: Report,
  more: readonly Finding[],
): Report {
  return more.length === 0 ? report : { ...report, findings: [...report.findings, ...more] };
}

/** Says that a snapshot does not tell everything, for commands that print no report of it. */
export function saySnapshotGaps({ source, gaps }: Pick<Snapshot, 'source' | 'gaps'>, terminal: Pick<Terminal, 'talk'>): void {
  for (const { what, why, command } of gaps.filter(({ kind }) => kind === 'file'))
    terminal.talk(`${what}: ${why}; take it again: ${command}`);
  if (gaps.some(({ kind }) => kind !== 'file'))
    terminal.talk(`${source} is not complete, and what is not in it is unknown: podshift scan ${quoted(source)} names it (PS901)`);
}
