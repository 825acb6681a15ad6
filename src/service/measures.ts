import type { Change, UnitState } from '../journal/changes.ts';
import type { DataPoint } from '../model/metrics.ts';
import type { RunRecord, UnitStatus } from '../model/run.ts';

const UNIT_ENDS: readonly UnitStatus[] = ['migrated', 'held', 'rolled-back', 'needs-operator'];
/** Evidence of credentials. A refused dry run or a CloudTrail without events proves nothing, but nothing has failed. */
const PROOFS: readonly string[] = ['probe-pod', 'pods'];

/**
 * What a change of the journal adds to the metrics; `time` (RFC 3339) is when it happened. Units that a plan holds from the
 * start are no end: a daily scan would count them every day. Pure.
 */
export function measuresOf(change: Change, time: string): DataPoint[] {
  switch (change.kind) {
    case 'run':
      return runMeasures(change.before, change.after);
    case 'unit':
      return unitMeasures(change.before, change.after, time);
    case 'evidence':
      return !change.evidence.passed && PROOFS.includes(change.evidence.kind)
        ? [{ name: 'CredentialProofsFailed', value: 1, dimensions: {} }]
        : [];
    case 'drift':
      return change.after.comparedWith === null ? [] : [{ name: 'DriftFindings', value: change.after.total, dimensions: {} }];
  }
}

function runMeasures(before: RunRecord | null, after: RunRecord): DataPoint[] {
  if (after.endedAt === null || before?.endedAt === after.endedAt) return [];
  const dimensions = { status: after.status };
  const value = secondsBetween(after.startedAt, after.endedAt);
  return [
    { name: 'RunsEnded', value: 1, dimensions },
    { name: 'RunSeconds', value, dimensions },
  ];
}

function unitMeasures(before: UnitState | null, after: UnitState, time: string): DataPoint[] {
  if (before === null || before.status === after.status || !UNIT_ENDS.includes(after.status)) return [];
  const points: DataPoint[] = [{ name: 'UnitsEnded', value: 1, dimensions: { status: after.status } }];
  if (after.status === 'needs-operator') points.push({ name: 'UnitsNeedingOperator', value: 1, dimensions: {} });
  const [first] = Object.values(after.stepStartedAt).sort();
  if (after.status === 'migrated' && first !== undefined)
    points.push({ name: 'UnitSeconds', value: secondsBetween(first, time), dimensions: {} });
  return points;
}

function secondsBetween(from: string, to: string): number {
  return Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
}
