import { describe, expect, it } from 'vitest';
import { saySnapshotGaps, snapshotFindings, undecidedCodes, withFindings, withoutUndecided } from '../../../cli/snapshot-findings.ts';
import { type SnapshotGap, snapshotFromObjects } from '../../../twin/snapshot.ts';
import { shopParts } from '../../support/twin-account.ts';

const { cluster } = snapshotFromObjects(shopParts());
const GAPS: SnapshotGap[] = [
  { kind: 'file', what: 'eks/addon-versions.json', why: 'the file is empty', command: 'aws eks describe-addon-versions' },
  { kind: 'missing', what: 'eks/nodegroups/', why: 'the snapshot has no such file', command: 'aws eks list-nodegroups' },
  { kind: 'missing', what: 'iam/account-summary.json', why: 'the snapshot has no such file', command: 'aws iam get-account-summary' },
  { kind: 'kinds', what: 'Job, CronJob', why: 'the snapshot holds none of them', command: 'kubectl get jobs,cronjobs' },
];

describe('what a snapshot cannot tell', () => {
  it('is nothing where it tells everything', () => {
    expect(snapshotFindings({ cluster, gaps: [] })).toEqual([]);
  });

  it('is one finding for the files that are missing, one for each set of kinds, and a warning for each file that says too little', () => {
    expect(snapshotFindings({ cluster, gaps: GAPS })).toEqual([
      {
        code: 'PS901',
        severity: 'info',
        subject: 'Cluster/shop',
        message: 'the snapshot has no eks/nodegroups/, iam/account-summary.json',
        remedy:
          'What they would show is unknown, and not absent. To take them: aws eks list-nodegroups (eks/nodegroups/); aws iam get-account-summary (iam/account-summary.json).',
      },
      {
        code: 'PS901',
        severity: 'info',
        subject: 'Cluster/shop',
        message: 'of these kinds the snapshot does not show whether there are objects: Job, CronJob (the snapshot holds none of them)',
        remedy: 'To take them: kubectl get jobs,cronjobs',
      },
      {
        code: 'PS902',
        severity: 'warning',
        subject: 'Snapshot/eks/addon-versions.json',
        message: 'eks/addon-versions.json: the file is empty',
        remedy: 'Take it again: aws eks describe-addon-versions',
      },
    ]);
  });

  it('stands behind the findings of the plan, and changes nothing else of its report', () => {
    const report = { digest: 'abc', units: [{}], findings: [{ code: 'PS801' }] };
    const findings = snapshotFindings({ cluster, gaps: GAPS });
    expect(withFindings(report, findings)).toEqual({ ...report, findings: [{ code: 'PS801' }, ...findings] });
    expect(withFindings(report, [])).toBe(report);
  });

  it('keeps out what it would have to know to say that something is not there', () => {
    const gap = (kind: SnapshotGap['kind'], what: string): SnapshotGap => ({ kind, what, why: '', command: '' });
    const codes = (...gaps: SnapshotGap[]) => [...undecidedCodes({ gaps })];
    expect(codes(...GAPS)).toEqual([]);
    expect(codes(gap('missing', 'eks/pod-identity-associations/'))).toEqual(['PS213']);
    expect(codes(gap('file', 'eks/pod-identity-associations/a-1.json'))).toEqual(['PS213']);
    expect(codes(gap('kinds', 'Job, ServiceAccount'), gap('missing', 'eks/nodegroups/'))).toEqual([]);
    const report = { digest: 'abc', findings: [{ code: 'PS119' }, { code: 'PS213' }] };
    expect(withoutUndecided(report, new Set(['PS213']))).toEqual({ ...report, findings: [{ code: 'PS119' }] });
    expect(withoutUndecided(report, new Set(['PS343']))).toBe(report);
  });

  it('is said by commands that print no report', () => {
    const talk: string[] = [];
    saySnapshotGaps({ source: 'my snapshot', gaps: GAPS }, { talk: (line) => void talk.push(line) });
    expect(talk).toEqual([
      'eks/addon-versions.json: the file is empty; take it again: aws eks describe-addon-versions',
      "my snapshot is not complete, and what is not in it is unknown: podshift scan 'my snapshot' names it (PS901)",
    ]);
    saySnapshotGaps({ source: 'whole', gaps: [] }, { talk: (line) => void talk.push(line) });
    expect(talk).toHaveLength(2);
  });
});
