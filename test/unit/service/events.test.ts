import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/journal/changes.ts';
import { EVENT_DETAILS, MAX_TEXT } from '../../../src/model/events.ts';
import { finding } from '../../../src/model/findings.ts';
import { type DriftRecord, type Evidence, MAX_DRIFT_FINDINGS, type RunRecord, type UnitRecord } from '../../../src/model/run.ts';
import { busEntry, eventOf, isNews } from '../../../src/service/events.ts';
import { measuresOf } from '../../../src/service/measures.ts';
import { CLUSTER, unit as newUnit } from '../../contract/journal-records.ts';
import { unit as newPlan, plan as planWith } from '../fixtures/report-fixtures.ts';
import { run as newRun } from '../fixtures/service-records.ts';

const AT = { id: 'e1', sequence: '7', time: '2026-01-05T10:00:00.000Z' };
const API = { apiUrl: 'https://api.test' };
const run = (changes: Partial<RunRecord> = {}): RunRecord => newRun({ clusterArn: CLUSTER, status: 'running', ...changes });
const unit = (changes: Partial<UnitRecord> = {}): UnitRecord => ({ ...newUnit('run-1'), ...changes });
const evidence = (kind: string, passed: boolean): Change => ({
  kind: 'evidence',
  runId: 'run-1',
  unitId: 'shop/cart',
  evidence: { grade: 2, kind, passed, at: AT.time, facts: {} } satisfies Evidence,
});
const drift = (changes: Partial<DriftRecord> = {}): Change => ({
  kind: 'drift',
  after: {
    runId: 'run-1',
    clusterArn: CLUSTER,
    comparedWith: 'run-0',
    since: '2026-01-04T10:00:00.000Z',
    total: 1,
    findings: [finding('PS804', 'ServiceAccount/shop/cart', 'the association of shop/cart is gone')],
    ...changes,
  },
});
const ended = { status: 'migrated', endedAt: '2026-01-05T09:30:00.000Z', startedAt: '2026-01-05T09:00:00.000Z' } as const;
const waiting = { status: 'waiting', expiresAt: '2026-01-12T09:00:00.000Z', answer: null } as const;
const counts = { pending: 0, migrated: 3, held: 1, rolledBack: 0, needsOperator: 0 };

describe('what is an event', () => {
  it.each<[string, Change, boolean]>([
    ['a new run', { kind: 'run', before: null, after: run() }, true],
    ['a run that stands otherwise', { kind: 'run', before: run(), after: run({ status: 'rolling-back' }) }, true],
    ['a run that stands as before', { kind: 'run', before: run(), after: run({ digest: 'd' }) }, false],
    ['a run that waits for approval', { kind: 'run', before: run(), after: run({ approval: waiting }) }, true],
    ['a new unit', { kind: 'unit', before: null, after: unit() }, true],
    ['a unit that stands otherwise', { kind: 'unit', before: unit(), after: unit({ status: 'held' }) }, true],
    ['a unit that keeps a fact', { kind: 'unit', before: unit(), after: unit({ facts: { injectionHits: 2 } }) }, false],
    ['evidence', evidence('probe-pod', false), false],
    ['drift', drift(), true],
    ['a first scan', drift({ comparedWith: null, since: null, total: 0, findings: [] }), false],
    ['a scan that found nothing changed', drift({ total: 0, findings: [] }), false],
  ])('%s', (_title, change, expected) => {
    expect(isNews(change)).toBe(expected);
  });
});

describe('the event of a change', () => {
  it('of a run says how it stands and stood, and its units once it has ended', () => {
    const audit = { records: 40, hash: 'a'.repeat(64) };
    const after = run({ ...ended, digest: 'd', unitCounts: counts, audit });
    expect(eventOf({ kind: 'run', before: run(), after }, after, AT, API)).toEqual({
      detailType: 'Run State Changed',
      time: AT.time,
      detail: {
        schemaVersion: 1,
        id: 'e1',
        sequence: '7',
        runId: 'run-1',
        clusterName: 'shop',
        region: 'eu-west-1',
        clusterArn: CLUSTER,
        status: 'migrated',
        previousStatus: 'running',
        reason: '',
        digest: 'd',
        startedAt: ended.startedAt,
        approval: null,
        plan: null,
        requester: null,
        approver: null,
        endedAt: ended.endedAt,
        unitCounts: counts,
        audit,
        page: 'https://api.test/runs/run-1/page',
        pageText:
          'For a link to its page send a signed GET https://api.test/runs/run-1/page, or: podshift report run-1 --service https://api.test --link',
      },
    });
    const again = run({ ...after, status: 'rolling-back', endedAt: null });
    expect(eventOf({ kind: 'run', before: after, after: again }, again, AT, API).detail).toMatchObject({ audit: null });
  });

  it('of a run that is under way has no page', () => {
    expect(eventOf({ kind: 'run', before: null, after: run() }, run(), AT, API).detail).toMatchObject({ page: null, pageText: '' });
  });

  it('of a run names who asked for it and who answered, and whether they are one', () => {
    const requester = { by: 'arn:aws:sts::111122223333:assumed-role/ops/jo', source: 'api', at: 'asked', known: true } as const;
    const detail = (by: string) => {
      const answer = { decision: 'approve', digest: 'd', by, at: 'then', requestId: 'r' } as const;
      const after = run({ requester, approval: { status: 'approved', expiresAt: 'later', answer } });
      return eventOf({ kind: 'run', before: run(), after }, after, AT, API).detail;
    };
    const other = 'arn:aws:iam::111122223333:user/mo';
    expect(detail(other)).toMatchObject({ requester, approver: { by: other, source: 'api', at: 'then', self: false } });
    expect(detail('arn:aws:sts::111122223333:assumed-role/ops/mo')).toMatchObject({ approver: { self: true } });
  });

  it('of a run that goes back after its end has no counts of that end', () => {
    const after = run({ status: 'rolling-back', unitCounts: counts });
    expect(eventOf({ kind: 'run', before: run(ended), after }, after, AT, API).detail).toMatchObject({ endedAt: null, unitCounts: null });
  });

  it('of a unit names its service account, its role and its run’s cluster', () => {
    const change = { kind: 'unit', before: unit({ status: 'running' }), after: unit({ status: 'held', reason: 'why' }) } as const;
    expect(eventOf(change, run(), AT, API)).toMatchObject({
      detailType: 'Unit State Changed',
      detail: { unitId: 'shop/cart', namespace: 'shop', serviceAccount: 'cart', clusterArn: CLUSTER, wave: 0, previousStatus: 'running' },
    });
  });

  it('of drift lists what was found', () => {
    const event = eventOf(drift() as Extract<Change, { kind: 'drift' }>, run(), AT, API);
    expect(event).toMatchObject({
      detailType: 'Cluster Drifted',
      detail: { comparedWith: 'run-0', total: 1, findings: [{ code: 'PS804', severity: 'warning' }] },
    });
  });

  it('cuts a reason that is too long, between characters', () => {
    const after = unit({ status: 'held', reason: '🚢'.repeat(MAX_TEXT.reason + 1) });
    const { detail } = eventOf({ kind: 'unit', before: null, after }, run(), AT, API);
    expect(detail).toMatchObject({ reason: `${'🚢'.repeat(MAX_TEXT.reason - 1)}…` });
  });

  it('keeps to its published schema and to the size of an entry, whatever the journal holds', () => {
    const status = fc.constantFrom('pending', 'running', 'rolling-back', 'migrated', 'held', 'rolled-back', 'needs-operator' as const);
    const text = fc.string({ unit: 'binary', maxLength: 5_000 });
    fc.assert(
      fc.property(
        status,
        text,
        fc.constantFrom('run', 'unit', 'drift'),
        fc.integer({ min: 1, max: MAX_DRIFT_FINDINGS }),
        (now, reason, kind, number) => {
          const found = Array.from({ length: number }, () => finding('PS801', 'ServiceAccount/shop/cart', reason));
          const change =
            kind === 'run'
              ? ({ kind, before: null, after: run({ status: now, reason }) } as const)
              : kind === 'unit'
                ? ({ kind, before: null, after: unit({ status: now, reason }) } as const)
                : (drift({ total: number, findings: found }) as Extract<Change, { kind: 'drift' }>);
          const named = planWith({
            findings: found,
            units: Array.from({ length: number * 9 }, (_, at) => newPlan(`shop/${at}`, { reason })),
          });
          const event = eventOf(change, run(), AT, { ...API, plan: kind === 'run' ? named : undefined });
          const entry = busEntry(event);
          expect(EVENT_DETAILS[event.detailType].strict().safeParse(JSON.parse(entry.Detail)).error).toBeUndefined();
          expect(Buffer.byteLength(entry.Detail)).toBeLessThan(250_000);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('becomes an entry whose resource is the cluster, once it is known', () => {
    const known = run();
    expect(busEntry(eventOf({ kind: 'run', before: null, after: known }, known, AT, API))).toMatchObject({
      Source: 'podshift',
      DetailType: 'Run State Changed',
      Time: new Date(AT.time),
      Resources: [CLUSTER],
    });
    const unknown = run({ clusterArn: '', status: 'pending' });
    expect(busEntry(eventOf({ kind: 'run', before: null, after: unknown }, unknown, AT, API)).Resources).toEqual([]);
  });
});

describe('what a change is measured by', () => {
  const point = (name: string, value: number, dimensions = {}) => ({ name, value, dimensions });
  const steps = { proof: '2026-01-05T09:55:00.000Z', associate: '2026-01-05T09:50:00.000Z' };

  it.each<[string, Change, object[]]>([
    ['a run under way', { kind: 'run', before: null, after: run() }, []],
    [
      'a run that ends',
      { kind: 'run', before: run(), after: run(ended) },
      [point('RunsEnded', 1, { status: 'migrated' }), point('RunSeconds', 1800, { status: 'migrated' })],
    ],
    ['a run that has ended before', { kind: 'run', before: run(ended), after: run({ ...ended, digest: 'd' }) }, []],
    ['a unit that the plan holds', { kind: 'unit', before: null, after: unit({ status: 'held' }) }, []],
    ['a unit that begins', { kind: 'unit', before: unit(), after: unit({ status: 'running' }) }, []],
    [
      'a unit that is migrated',
      { kind: 'unit', before: unit({ status: 'running' }), after: unit({ status: 'migrated', stepStartedAt: steps }) },
      [point('UnitsEnded', 1, { status: 'migrated' }), point('UnitSeconds', 600)],
    ],
    [
      'a unit that is migrated without a step',
      { kind: 'unit', before: unit(), after: unit({ status: 'migrated' }) },
      [point('UnitsEnded', 1, { status: 'migrated' })],
    ],
    [
      'a unit that needs an operator',
      { kind: 'unit', before: unit({ status: 'rolling-back' }), after: unit({ status: 'needs-operator', stepStartedAt: steps }) },
      [point('UnitsEnded', 1, { status: 'needs-operator' }), point('UnitsNeedingOperator', 1)],
    ],
    ['a unit that stays migrated', { kind: 'unit', before: unit({ status: 'migrated' }), after: unit({ status: 'migrated' }) }, []],
    ['a probe that failed', evidence('probe-pod', false), [point('CredentialProofsFailed', 1)]],
    ['a probe that passed', evidence('probe-pod', true), []],
    ['a trail without events', evidence('cloudtrail', false), []],
    ['drift', drift({ total: 12 }), [point('DriftFindings', 12)]],
    ['a first scan', drift({ comparedWith: null }), []],
  ])('%s', (_title, change, expected) => {
    expect(measuresOf(change, AT.time)).toEqual(expected);
  });
});
