import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type MigrationInput, migrate } from '../../../engine/local-migration.ts';
import { createMemoryTable } from '../../../engine/memory-table.ts';
import { type Rehearsal, type RehearsalSettings, rehearse } from '../../../engine/rehearsal.ts';
import type { Progress } from '../../../engine/state-machine.ts';
import type { Table } from '../../../src/journal/table.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { openDynaliteJournal } from '../../support/dynalite-journal.ts';

const SNAPSHOT = fileURLToPath(new URL('../../../examples/shop', import.meta.url));
const START = Date.UTC(2025, 0, 1);

async function rehearsal(settings: Partial<RehearsalSettings> = {}): Promise<Rehearsal> {
  const made = await rehearse({ snapshot: SNAPSHOT, startAt: START, journal: 'memory', ...settings });
  onTestFinished(() => made.close());
  return made;
}

const writesOf = (run: Rehearsal, from = 0) => run.twin.requests.slice(from).filter((request) => request.write);
const kept = { credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 };

/** A migration over the twin of a rehearsal that only planned. */
function migration(run: Rehearsal, input: Partial<MigrationInput> = {}) {
  const whole: MigrationInput = {
    runId: 'a'.repeat(26),
    target: run.target,
    mode: 'run',
    approval: 'none',
    expectedDigest: null,
    options: {},
    ...input,
  };
  return { runtime: run.runtime, clock: run.clock.engine, input: whole };
}

describe('a rehearsal', () => {
  it('migrates in virtual time, keeps the promises, and finds nothing to do when it runs again', async () => {
    const run = await rehearsal({ journal: (clock) => openDynaliteJournal({ clock }) });
    expect(run.failure).toBeNull();
    expect(run.report.run.status).toBe('migrated');
    expect(run.report.promises).toEqual(kept);
    expect(run.clock.now()).toBeGreaterThan(START + 60_000);
    const before = run.twin.requests.length;
    const again = await run.rerun();
    expect(again.report.run.status).toBe('migrated');
    expect(writesOf(run, before)).toEqual([]);
  });

  it('counts the very requests that reached the twin', async () => {
    const run = await rehearsal();
    const sent: Record<string, number> = { eks: 0, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 };
    for (const { service } of run.twin.requests) {
      sent[service] = (sent[service] ?? 0) + 1;
    }
    expect(run.report.calls).toEqual(sent);
  });

  it('is the same run each time', async () => {
    const [first, second] = [await rehearsal(), await rehearsal()];
    expect(second.report).toEqual(first.report);
  });

  it('stops ahead of its next change where the journal fails, rolls nothing back, and can be resumed', async () => {
    const full = new PodshiftError('JournalFull', 'the disk is full');
    for (const at of [12, 40, 77]) {
      const failing = new AbortController();
      const table = createMemoryTable();
      let writes = 0;
      const refuse = async <T>(write: () => Promise<T>): Promise<T> => {
        writes += 1;
        if (writes === at) failing.abort(full);
        failing.signal.throwIfAborted();
        return write();
      };
      const failingTable: Table = {
        ...table,
        put: (item, condition) => refuse(() => table.put(item, condition)),
        update: (key, update, condition) => refuse(() => table.update(key, update, condition)),
        remove: (key, condition) => refuse(() => table.remove(key, condition)),
      };
      const options = { namespaces: ['media'] };
      const run = await rehearsal({
        options,
        signal: failing.signal,
        journal: (clock) => ({ journal: createTableJournal(failingTable, clock), close: () => Promise.resolve() }),
      });
      expect(run.failure).toBe(full);
      expect(run.report.run.status).toBe('running');
      expect(run.report.units.map((unit) => unit.status)).not.toContain('rolled-back');
      const runtime = { ...run.runtime, journal: createTableJournal(table, run.clock) };
      const resumed = await migrate({ ...migration(run, { runId: run.runId, options }), runtime });
      expect(resumed).toMatchObject({ status: 'migrated', failure: null });
      expect(run.twin.promises()).toEqual(kept);
    }
  });

  it('plans without a write', async () => {
    const run = await rehearsal({ mode: 'plan' });
    expect(run.report.run.status).toBe('planned');
    expect(writesOf(run)).toEqual([]);
  });

  it('goes back when it is asked to', async () => {
    const run = await rehearsal();
    const back = await run.rollback();
    expect(back).toMatchObject({ failure: null, report: { run: { status: 'rolled-back' }, promises: kept } });
  });

  it('is told state by state', async () => {
    const events: Progress[] = [];
    const run = await rehearsal({ onEvent: (event) => events.push(event) });
    expect(events[0]).toMatchObject({ type: 'state-entered', state: 'OpenRun', at: START });
    expect(events.every((event, index) => index === 0 || event.at >= (events[index - 1]?.at ?? 0))).toBe(true);
    const units = new Set(events.flatMap((event) => event.unitIds ?? []));
    expect(units.size).toBe(run.report.units.filter((unit) => unit.status === 'migrated').length);
  });

  it('names what failed a run that wrote nothing', async () => {
    const run = await rehearsal({
      hooks: { beforeRequest: ({ service }) => (service === 'iam' ? { kind: 'server-error', when: 'before' } : undefined) },
    });
    expect(run.failure).toMatchObject({ name: 'ServiceUnavailable' });
    expect(run.report.run).toMatchObject({ status: 'held', endedAt: expect.any(String) });
    // Whoever looks at the run later tells by the name how it ended.
    expect(run.report.run.reason).toBe(`${run.failure?.message} (ServiceUnavailable)`);
    expect(writesOf(run)).toEqual([]);
  });
});

describe('migrate', () => {
  it('stops when it is interrupted, and is taken up where it stopped', async () => {
    const run = await rehearsal({ mode: 'plan' });
    const controller = new AbortController();
    const reason = new Error('interrupted');
    const onEvent = ({ type, state }: Progress) => {
      if (type === 'state-entered' && state === 'RestartWorkloads') {
        controller.abort(reason);
      }
    };
    await expect(migrate({ ...migration(run), onEvent, signal: controller.signal })).rejects.toBe(reason);
    const record = await run.journal.getRun('a'.repeat(26));
    expect(record).toMatchObject({ status: 'running', endedAt: null });
    expect(run.twin.promises()).toEqual(kept);
    expect(await migrate(migration(run))).toEqual({ runId: 'a'.repeat(26), status: 'migrated', failure: null });
    expect(run.twin.promises()).toEqual(kept);
  });

  it('asks for the approval that a run wants, and forgets its token', async () => {
    const run = await rehearsal({ mode: 'plan' });
    const asked: unknown[] = [];
    const approve = async ({ requested }: { requested: unknown }) => {
      asked.push(requested);
      expect(writesOf(run)).toEqual([]);
      return { digest: (requested as { digest: string }).digest };
    };
    const result = await migrate({ ...migration(run, { approval: 'required' }), approve });
    expect(result).toMatchObject({ status: 'migrated' });
    expect(asked).toEqual([expect.objectContaining({ digest: run.report.run.digest })]);
    expect(
      await run.journal.answerTaskToken('a'.repeat(26), { decision: 'approve', digest: 'd', by: 'me', at: 't', requestId: 'r' }),
    ).toBeUndefined();
    expect(await run.journal.getRun('a'.repeat(26))).toMatchObject({ approval: { status: 'approved', answer: null } });
  });

  it('leaves alone a run of this id that is not its own', async () => {
    const run = await rehearsal();
    const before = run.twin.requests.length;
    const other = migration(run, { runId: run.runId, target: { ...run.target, clusterName: 'another' } });
    await expect(migrate(other)).rejects.toMatchObject({ name: 'InvalidInput' });
    expect(writesOf(run, before)).toEqual([]);
    expect(await run.journal.getRun(run.runId)).toMatchObject({ status: 'migrated' });
  });

  it('is refused by the lock of another run, and ends as held', async () => {
    const run = await rehearsal({ mode: 'plan' });
    await run.journal.acquireLock(run.report.run.cluster, 'another-run', 3600);
    await expect(migrate(migration(run))).rejects.toMatchObject({ name: 'ClusterLocked' });
    expect(writesOf(run)).toEqual([]);
    expect(await run.journal.getRun('a'.repeat(26))).toMatchObject({ status: 'held' });
  });
});
