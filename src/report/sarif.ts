import { FINDINGS, type FindingCode, type Severity } from '../model/findings.ts';
import type { ScanReport } from '../model/report.ts';

/** SARIF's levels for our severities (OASIS SARIF 2.1.0, §3.27.10). */
const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = { blocker: 'error', warning: 'warning', info: 'note' };

/**
 * A scan's findings as SARIF 2.1.0, for code scanning: one rule for each code that occurs, one result for each finding. The
 * subject is a logical location, as a cluster has no files. Ends with a line break. Pure.
 */
export function renderSarif(scan: ScanReport, version: string): string {
  const codes = [...new Set(scan.findings.map(({ code }) => code))].sort() as FindingCode[];
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'podshift',
            version,
            rules: codes.map((code) => ({
              id: code,
              shortDescription: { text: FINDINGS[code].title },
              help: { text: FINDINGS[code].remedy },
              defaultConfiguration: { level: LEVELS[FINDINGS[code].severity] },
            })),
          },
        },
        automationDetails: { id: `podshift/${scan.cluster.arn}` },
        results: scan.findings.map(({ code, severity, subject, message, remedy }) => ({
          ruleId: code,
          ruleIndex: codes.indexOf(code as FindingCode),
          level: LEVELS[severity],
          message: { text: `${message}. ${remedy}` },
          locations: [{ logicalLocations: [{ fullyQualifiedName: subject, name: subject.split('/').at(-1), kind: 'resource' }] }],
          partialFingerprints: { 'podshift/v1': `${code} ${subject} ${message}` },
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
