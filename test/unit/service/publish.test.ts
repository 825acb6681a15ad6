import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryTable } from '../../../engine/memory-table.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { runKey, tokenKey } from '../../../src/journal/layout.ts';
import type { JournalWrite } from '../../../src/journal/stream.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import { type ErrorName, PodshiftError } from '../../../src/model/errors.ts';
import type { DataPoint } from '../../../src/model/metrics.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { JOURNAL_VERSION } from '../../../src/model/run.ts';
import { planNotice } from '../../../src/report/plan/notice.ts';
import { type EventBus, publishWrites } from '../../../src/service/publish.ts';
import { CLUSTER, unit } from '../../contract/journal-records.ts';
import { recordWrites } from '../../support/recorded-table.ts';
import { plan } from '../fixtures/report-fixtures.ts';

const NOW = Date.UTC(2026, 0, 5, 10);

let writes: JournalWrite[];
let journal: Journal;
let taken: { DetailType: string; Detail: Record<string, unknown> }[];
let points: DataPoint[];
let logs: string[];
/** What PutEvents answers for entries, by their order over all calls; `undefined` takes it. */
let answers: (entry: number) => string | undefined;
let putSizes: number[];

beforeEach(async () => {
  writes = [];
  taken = [];
  points = [];
  logs = [];
  putSizes = [];
  answers = () => undefined;
  journal = createTableJournal(
    recordWrites(
      createMemoryTable(),
      () => NOW,
      (write) => writes.push(write),
    ),
    { now: () => NOW },
  );
  await journal.createRun({
    runId: 'run-1',
    target: { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null },
    options: migrationOptions.parse({}),
    startedAt: new Date(NOW).toISOString(),
  });
  await journal.updateRun('run-1', { clusterArn: CLUSTER, status: 'running' });
});

let entries = 0;
const bus: EventBus = {
  put: async (some) => {
    putSizes.push(some.length);
    return some.map((entry) => {
      const error = answers(entries++);
      if (error === undefined) taken.push({ DetailType: entry.DetailType, Detail: JSON.parse(entry.Detail) });
      return error;
    });
  },
};

function publish(
  changes: { journal?: Pick<Journal, 'getRun' | 'getDocument' | 'getUnit'>; bus?: EventBus } = {},
  some = writes,
): Promise<string | undefined> {
  const log = (message: string, fields?: Record<string, unknown>) => void logs.push(`${message} ${JSON.stringify(fields)}`);
  const metrics = { add: (point: DataPoint) => void points.push(point) };
  entries = 0;
  return publishWrites(
    { journal, bus, logger: { info: log, warn: log, error: log }, metrics, apiUrl: 'https://api.test', ...changes },
    some,
  );
}

const addUnits = (number: number) => journal.putUnits(Array.from({ length: number }, (_, index) => unit('run-1', `shop/cart-${index}`)));
const states = () => taken.map(({ Detail }) => `${Detail.unitId ?? 'run'} ${Detail.status}`);

describe('a run that has ended', () => {
  it('is told with where its page is asked for', async () => {
    writes = [];
    await journal.updateRun('run-1', { status: 'migrated', endedAt: new Date(NOW).toISOString() });
    expect(await publish()).toBeUndefined();
    expect(taken.map(({ Detail }) => [Detail.status, Detail.page])).toEqual([['migrated', 'https://api.test/runs/run-1/page']]);
  });
});

describe('a run that waits for its approval', () => {
  const approval = { status: 'waiting', expiresAt: new Date(NOW).toISOString(), answer: null } as const;
  beforeEach(async () => {
    await journal.putDocument('run-1', 'plan', plan());
    writes = [];
    await journal.updateRun('run-1', { approval, digest: 'd'.repeat(64) });
  });

  it('is told with what is to be approved, and no other is', async () => {
    await journal.updateRun('run-1', { approval: { ...approval, status: 'approved' } });
    expect(await publish()).toBeUndefined();
    expect(taken.map(({ Detail }) => [Detail.approval, Detail.plan])).toEqual([
      ['waiting', planNotice(plan(), 'run-1')],
      ['approved', null],
    ]);
    expect(taken[0]?.Detail.plan).toMatchObject({ units: { migrate: 2 }, changes: 9 });
  });

  it('is told also where its plan cannot be read; not, where the journal is away', async () => {
    const failing = (name: ErrorName) => ({ ...journal, getDocument: () => Promise.reject(new PodshiftError(name, 'why')) });
    expect(await publish({ journal: failing('Throttled') })).toBe(writes[0]?.sequence);
    expect(taken).toEqual([]);
    expect(await publish({ journal: failing('InternalError') })).toBeUndefined();
    expect(taken.map(({ Detail }) => [Detail.approval, Detail.plan])).toEqual([['waiting', null]]);
    expect(logs.join()).toContain('the plan of a run that waits for approval cannot be read');
  });
});

describe('publishing the journal’s writes', () => {
  it('tells each state of a run and of its units once, and nothing else', async () => {
    await addUnits(1);
    await journal.updateUnit('run-1', 'shop/cart-0', { stepStartedAt: { proof: 'x' }, facts: { a: 1 } });
    await journal.updateUnit('run-1', 'shop/cart-0', { status: 'running' });
    await journal.putTaskToken('run-1', 'secret');
    await journal.putDocument('run-1', 'plan', { units: [] });
    await journal.forgetTaskToken('run-1');
    expect(await publish()).toBeUndefined();
    expect(states()).toEqual(['run pending', 'run running', 'shop/cart-0 pending', 'shop/cart-0 running']);
    expect(JSON.stringify([taken, logs])).not.toContain('secret');
    expect(taken[2]?.Detail).toMatchObject({ clusterArn: CLUSTER, clusterName: 'shop' });
  });

  it('gives the same events, ids included, however often the writes are read', async () => {
    await addUnits(2);
    await publish();
    const first = taken;
    taken = [];
    await journal.updateRun('run-1', { status: 'needs-operator', endedAt: new Date(NOW).toISOString() });
    await publish({}, writes.slice(0, -2));
    expect(taken).toEqual(first);
    expect(new Set(first.map(({ Detail }) => Detail.id)).size).toBe(first.length);
  });

  it('puts ten at a time, in order', async () => {
    await addUnits(23);
    expect(await publish()).toBeUndefined();
    expect(putSizes).toEqual([10, 10, 5]);
    expect(taken).toHaveLength(25);
  });

  it('says from where to read again when the bus takes some entries only, and measures nothing of that twice', async () => {
    await addUnits(12);
    for (const id of [3, 7]) await journal.updateUnit('run-1', `shop/cart-${id}`, { status: 'held' });
    answers = (entry) => (entry === 14 ? 'ThrottlingException' : undefined);
    const from = await publish();
    const held = writes.filter(({ after, key }) => key.sk === 'UNIT#shop/cart-3' && after?.status === 'held');
    expect(from).toBe(held[0]?.sequence);
    expect(points).toEqual([]);
    answers = () => undefined;
    expect(
      await publish(
        {},
        writes.filter(({ sequence }) => Number(sequence) >= Number(from)),
      ),
    ).toBeUndefined();
    expect(points.filter(({ name }) => name === 'UnitsEnded')).toHaveLength(2);
  });

  it.each(['Throttled', 'ServiceUnavailable', 'AccessDenied'] as const)('reads all again when the bus answers with %s', async (name) => {
    await addUnits(11);
    const failing: EventBus = {
      put: async (some) => (putSizes.length > 0 ? Promise.reject(new PodshiftError(name, 'no')) : bus.put(some)),
    };
    const from = await publish({ bus: failing });
    expect(taken).toHaveLength(10);
    expect(from).toBe(writes.filter(({ key }) => key.sk.startsWith('UNIT#'))[8]?.sequence);
    expect(logs.join()).toContain(name);
  });

  it('reads again from a unit whose run cannot be read just now, after the events before it', async () => {
    await addUnits(3);
    const from = await publish({ journal: { ...journal, getRun: () => Promise.reject(new PodshiftError('Throttled', 'slow down')) } });
    expect(from).toBe(writes.find(({ key }) => key.sk.startsWith('UNIT#'))?.sequence);
    expect(states()).toEqual(['run pending', 'run running']);
  });

  it('passes over what can never become an event, counts it, and goes on', async () => {
    await addUnits(2);
    const [first, ...rest] = writes.filter(({ key }) => key.sk.startsWith('UNIT#')) as [JournalWrite, ...JournalWrite[]];
    const damaged = { ...first, after: { ...first.after, status: 'sideways' } };
    const tooNew = { ...first, key: runKey('run-2'), before: undefined, after: { schemaVersion: JOURNAL_VERSION + 1 } };
    const orphan = { ...first, after: { ...first.after, runId: 'run-9' } };
    expect(await publish({}, [damaged, tooNew, orphan, ...rest])).toBeUndefined();
    expect(states()).toEqual(['shop/cart-1 pending']);
    expect(points).toEqual(Array.from({ length: 3 }, () => ({ name: 'EventsNotPublished', value: 1, dimensions: {} })));
    expect(logs.map((line) => /"error":"(\w+)"/.exec(line)?.[1])).toEqual(['InternalError', 'JournalTooNew', 'RunNotFound']);
  });

  it('says nothing of items that retention takes, of locks, tokens and documents', async () => {
    await addUnits(1);
    const gone = writes.map((write) => ({ ...write, before: write.after, after: undefined }));
    const token = { ...(writes[0] as JournalWrite), key: tokenKey('run-1'), after: { token: 'secret' } };
    expect(await publish({}, [...gone, token])).toBeUndefined();
    expect(taken).toEqual([]);
    expect(logs).toEqual([]);
  });

  it('measures evidence as it is added, and what a scan found', async () => {
    await journal.addEvidence('run-1', 'shop/cart', { grade: 2, kind: 'probe-pod', passed: false, at: 't', facts: {} });
    const drift = { runId: 'run-1', clusterArn: CLUSTER, comparedWith: 'run-0', since: 't', total: 2, findings: [] };
    await journal.putDrift(drift);
    await publish();
    expect(points.map(({ name, value }) => [name, value])).toEqual([
      ['CredentialProofsFailed', 1],
      ['DriftFindings', 2],
    ]);
  });
});
