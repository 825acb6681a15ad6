import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Looked, lookAtRun, lookAtRuns, reportOf } from '../../../cli/runs/states.ts';
import { openMemoryJournal } from '../../../engine/memory-journal.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { runReport } from '../../../src/model/report.ts';
import { type CommandText, PLAINLY } from '../../../src/report/commands.ts';
import { CLUSTER, unit } from '../fixtures/report-fixtures.ts';

const withJournal: CommandText = (...words) => {
  const last = words.at(-1) === '--approve' ? ['--approve'] : [];
  return ['podshift', ...words.slice(0, words.length - last.length), '--journal', 'j', ...last].join(' ');
};

const START = Date.parse('2026-03-02T10:00:00.000Z');
let journal: Journal;

beforeEach(async () => {
  vi.useFakeTimers({ now: START, toFake: ['Date'] });
  ({ journal } = openMemoryJournal({ clock: { now: () => Date.now() } }));
  await begin('r', 0);
});
afterEach(() => void vi.useRealTimers());

/** A run that has begun with one unit, so many seconds after the start. */
async function begin(runId: string, seconds: number, clusterArn = CLUSTER): Promise<void> {
  await journal.createRun({
    runId,
    target: { clusterName: 'pier', region: 'eu-central-1', assumeRoleArn: null },
    options: migrationOptions.parse({}),
    startedAt: new Date(START + seconds * 1000).toISOString(),
  });
  await journal.updateRun(runId, { status: 'running', clusterArn, digest: 'd'.repeat(64) });
  const plan = unit('quay/tickets', { wave: 0 });
  await journal.putUnits([{ runId, unitId: plan.id, plan, status: 'pending', reason: '', stepStartedAt: {}, facts: {} }]);
}

const at = (seconds: number): void => void vi.setSystemTime(START + seconds * 1000);
const look = (isCarried?: Looked['isCarried'], runId = 'r') =>
  lookAtRun({ journal, ...(isCarried === undefined ? {} : { isCarried }) }, runId, withJournal);

describe('who carries a run', () => {
  it('is not known of a run of a service', async () => {
    expect(await look()).toMatchObject({ carrier: { kind: 'unknown' }, state: { name: 'migrating' } });
  });

  it('is a process that has it, and nobody once none has', async () => {
    const isCarried = vi.fn(() => true);
    expect(await look(isCarried)).toMatchObject({ carrier: { kind: 'alive' }, state: { name: 'migrating' } });
    expect(isCarried).toHaveBeenCalledWith('run', 'r');
    expect((await look(() => false)).state).toMatchObject({
      name: 'interrupted',
      text: expect.stringContaining('last sign of life 2026-03-02T10:00:00Z'),
      next: [{ command: 'podshift run --local --resume r --journal j' }, { command: 'podshift rollback r --journal j --approve' }],
    });
  });

  it('is the process that takes it up between two looks', async () => {
    const isCarried = vi.fn().mockReturnValueOnce(false).mockReturnValue(true);
    expect((await look(isCarried)).carrier).toEqual({ kind: 'alive' });
  });

  it('does not matter of a run whose process ended it and let go of it meanwhile', async () => {
    const isCarried = (): boolean => {
      void journal.updateRun('r', { status: 'migrated', endedAt: '2026-03-02T10:05:00.000Z' });
      return false;
    };
    expect((await look(isCarried)).state).toMatchObject({ name: 'migrated', attention: false });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['the lock that it renews', () => journal.extendLock(CLUSTER, 'r', 120), '10:03:00'],
    [
      'a change that it recorded',
      () => journal.recordIntent({ runId: 'r', key: 'k', unitId: null, kind: 'trust', object: 'o', before: null }),
      '10:03:00',
    ],
    [
      'a step of a unit',
      () => journal.updateUnit('r', 'quay/tickets', { stepStartedAt: { proof: '2026-03-02T10:02:30.000Z' } }),
      '10:02:30',
    ],
  ])('gave its last sign of life with %s', async (_title, act, time) => {
    await journal.acquireLock(CLUSTER, 'r', 120);
    at(180);
    await act();
    at(600);
    expect((await look(() => false)).state.text).toContain(`last sign of life 2026-03-02T${time}Z)`);
  });

  it('gave no sign of life with the lock of another run', async () => {
    at(300);
    await journal.acquireLock(CLUSTER, 'other', 120);
    expect((await look(() => false)).state.text).toContain('last sign of life 2026-03-02T10:00:00Z)');
  });

  it('is told by the lock where this user may not look at the processes', async () => {
    const isCarried = (): undefined => undefined;
    expect((await look(isCarried)).carrier).toEqual({ kind: 'unknown' });
    await journal.acquireLock(CLUSTER, 'r', 120);
    at(119);
    expect((await look(isCarried)).carrier).toEqual({ kind: 'alive' });
    at(121);
    expect((await look(isCarried)).carrier).toEqual({ kind: 'none', lastSign: '2026-03-02T10:00:00.000Z' });
    await journal.updateRun('r', { clusterArn: '' });
    expect((await look(isCarried)).carrier).toEqual({ kind: 'unknown' });
  });
});

describe('the runs of a journal', () => {
  it('are each told as they stand', async () => {
    await begin('later', 10, `${CLUSTER}-2`);
    await journal.updateRun('later', { status: 'migrated', endedAt: '2026-03-02T10:05:00.000Z' });
    const looks = await lookAtRuns({ journal, isCarried: () => false }, PLAINLY);
    expect(looks.map(({ run, state }) => [run.runId, state.name])).toEqual([
      ['later', 'migrated'],
      ['r', 'interrupted'],
    ]);
  });

  it('have their words in their reports, and a report is of one moment', async () => {
    const getRun = vi.spyOn(journal, 'getRun');
    const run = await journal.getRun('r');
    getRun.mockResolvedValueOnce({ ...run, status: 'pending' });
    const report = await reportOf({ journal, isCarried: () => true }, 'r', PLAINLY);
    expect(runReport.parse(report)).toEqual(report);
    expect(report.run).toMatchObject({
      status: 'running',
      state: { name: 'migrating', text: 'migrating, wave 1 of 1 (0 of 1 unit migrated)' },
    });
    expect(getRun.mock.calls.length).toBeGreaterThan(3);
  });
});
