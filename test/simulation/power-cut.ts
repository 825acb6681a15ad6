import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { migrate, rollBack } from '../../engine/local-migration.ts';
import { createLocalRuntime, type LocalRuntime } from '../../engine/local-runtime.ts';
import { type Rehearsal, rehearse } from '../../engine/rehearsal.ts';
import { openStore } from '../../engine/store/store.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Key } from '../../src/journal/layout.ts';
import type { Table } from '../../src/journal/table.ts';
import { createTableJournal } from '../../src/journal/table-journal.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { buildReport } from '../../src/report/report.ts';
import { createVirtualClock } from '../../twin/clock.ts';
import type { TwinHooks } from '../../twin/contracts.ts';
import type { Snapshot } from '../../twin/snapshot.ts';
import { startTwin } from '../../twin/twin.ts';
import { type CleanRun, checkPromises, checkSecondRun, optionsOf, type Recovery, type Scene, settingsOf, statuses } from './scenario.ts';

/**
 * What the disk has of a write when the power goes: nothing of it, as at the sync before; parts of what it writes, in any
 * order, since they were not synced yet; or all of it, though nobody was told.
 */
export type Cut = 'before' | 'torn' | 'after';

/** A power cut at the `at`-th write, of one of six kinds. */
export interface PowerCut {
  readonly at: number;
  readonly kind: number;
  readonly cut: Cut;
  readonly recovery: Recovery;
}

const KINDS: readonly (readonly [Cut, Recovery])[] = [
  ['torn', 'resume'],
  ['before', 'roll back'],
  ['torn', 'roll back'],
  ['after', 'resume'],
  ['before', 'resume'],
  ['after', 'roll back'],
];

/** Every cut at so many writes, write by write. */
export function everyCut(writes: number): readonly PowerCut[] {
  return Array.from({ length: writes }, (_, index) =>
    KINDS.map(([cut, recovery], kind) => ({ at: index + 1, kind, cut, recovery })),
  ).flat();
}

/** The files of a journal as the disk holds them, with everything that was synced. */
interface Disk {
  readonly database: Buffer;
  readonly log: Buffer;
  readonly commits: Buffer;
}

/** Where journals of tests lie: in memory where the machine can, since there the syncs cost nothing. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** How many writes a run makes to its journal. */
export async function countWrites(scene: Scene): Promise<number> {
  let writes = 0;
  await onDisk(async (folder) => {
    const store = await openStore({ folder });
    const table = aroundWrites(store.table, async (write) => {
      writes += 1;
      return write();
    });
    const rehearsal = await rehearse({
      ...(await settingsOf(scene)),
      journal: (clock) => ({ journal: createTableJournal(table, clock), close: async () => store.close() }),
    });
    await rehearsal.close();
  });
  return writes;
}

/**
 * Cuts the power at the `at`-th write of a run, with the journal on disk; then another process resumes the run, or rolls it
 * back, from what the disk holds. Every promise must hold, and the end must be that of the run without a cut.
 */
export async function runWithPowerCut(scene: Scene, clean: CleanRun, at: number, cut: Cut, recovery: Recovery): Promise<void> {
  await onDisk(async (folder) => {
    const power = new AbortController();
    let recovered = false;
    let number = 0;
    const table = (inner: Table): Table =>
      aroundWrites(inner, async (write) => {
        power.signal.throwIfAborted();
        number += 1;
        if (number !== at) return write();
        const before = diskOf(folder);
        await write();
        const after = diskOf(folder);
        layDown(folder, cut === 'before' ? before : cut === 'after' ? after : torn(before, after, at));
        power.abort(new PodshiftError('ServiceUnavailable', 'the power is gone'));
        return power.signal.throwIfAborted() as never;
      });
    // Nothing that a dead process would have sent reaches anybody.
    const beforeRequest: TwinHooks['beforeRequest'] = () =>
      power.signal.aborted && !recovered ? { kind: 'reset', when: 'before' } : undefined;
    const settings = await settingsOf(scene);
    const clock = createVirtualClock(settings.startAt);
    const twin = await startTwin({ snapshot: settings.snapshot as Snapshot, clock, hooks: { beforeRequest } });
    const target = { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null };
    const process = (journal: Journal, seed: number): LocalRuntime =>
      createLocalRuntime({
        clock: clock.engine,
        journal,
        endpoint: twin.awsEndpoint,
        credentials: twin.credentials,
        retryDelays: 'none',
        logger: settings.logger,
        random: bytesFrom(seed),
      });
    const [first, second] = [await openStore({ folder }), () => openStore({ folder: join(folder, 'after') })];
    try {
      const runtime = process(createTableJournal(table(first.table), clock), 1);
      const runId = runtime.ids.next();
      const input = { runId, target, mode: 'run', approval: 'none', expectedDigest: null, options: optionsOf(scene) } as const;
      const dying = migrate({ runtime, clock: clock.engine, signal: power.signal, input });
      await expect(dying, `the run made ${at} writes`).rejects.toThrow('the power is gone');
      recovered = true;
      const store = await second();
      try {
        const journal = createTableJournal(store.table, clock);
        const world = { twin, clock, journal, runtime: process(journal, 2), logger: settings.logger, target, runId };
        await recover(world, scene, clean, recovery);
      } finally {
        store.close();
      }
    } finally {
      await twin.close();
      first.close();
    }
  });
}

/** What of a rehearsal the checks look at. */
type World = Pick<Rehearsal, 'twin' | 'clock' | 'journal' | 'runtime' | 'logger' | 'target' | 'runId'>;

async function recover(world: World, scene: Scene, clean: CleanRun, recovery: Recovery): Promise<void> {
  const { runtime, clock, runId, target, twin, journal } = world;
  const isKnown = (await journal.listRuns()).some((run) => run.runId === runId);
  if (recovery === 'resume') {
    const input = { runId, target, mode: 'run', approval: 'none', expectedDigest: null, options: optionsOf(scene) } as const;
    const { failure } = await migrate({ runtime, clock: clock.engine, input });
    expect(failure).toBeNull();
    const report = await buildReport(journal, runId, twin.promises());
    expect(statuses({ runId, report, failure: null })).toEqual(statuses(clean.run));
    await checkPromises({ ...world, report });
    await checkSecondRun(world, scene);
  } else if (isKnown) {
    await rollBack({ runtime, clock: clock.engine, input: { runId, unitIds: null, reason: 'the power was cut' } });
    const report = await buildReport(journal, runId, twin.promises());
    expect(['rolled-back', 'held']).toContain(report.run.status);
    expect(twin.watch.compareWithBaseline()).toEqual([]);
    await checkPromises({ ...world, report });
  } else {
    // A run of which nothing reached the disk has done nothing.
    expect(twin.requests.filter((request) => request.write)).toEqual([]);
  }
}

async function onDisk(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(PLACE, 'podshift-power-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same table, whose writes go one at a time by `around`: another one beside it would be answered before it. */
function aroundWrites(table: Table, around: <T>(write: () => Promise<T>) => Promise<T>): Table {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(write: () => Promise<T>): Promise<T> => {
    const turn = last.then(() => around(write));
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    ...table,
    put: (item, condition) => inTurn(() => table.put(item, condition)),
    update: (key: Key, update, condition) => inTurn(() => table.update(key, update, condition)),
    remove: (key: Key, condition) => inTurn(() => table.remove(key, condition)),
  };
}

function diskOf(folder: string): Disk {
  const read = (name: string): Buffer => (existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : Buffer.alloc(0));
  return { database: read('journal.db'), log: read('journal.db-wal'), commits: read('journal.db-commits') };
}

/** The files in a folder of their own, as another process finds them after the power is back. */
function layDown(folder: string, { database, log, commits }: Disk): void {
  const place = join(folder, 'after');
  mkdirSync(place);
  writeFileSync(join(place, 'journal.db'), database);
  if (log.length > 0) writeFileSync(join(place, 'journal.db-wal'), log);
  writeFileSync(join(place, 'journal.db-commits'), commits);
}

/** A disk writes 512 bytes at a time, and what was not synced yet in any order. */
const SECTOR = 512;

/**
 * The disk in the midst of a commit. SQLite writes to the log and syncs it, and says so only then; from time to time it
 * copies the log to the database after that, and syncs the database before it uses the log anew.
 */
function torn(before: Disk, after: Disk, seed: number): Disk {
  const draw = drawn(seed);
  // The file of commits is not synced: the disk may have a much older one.
  const commits = draw(2) === 0 ? before.commits : Buffer.from('000000000000000\n');
  if (!before.database.equals(after.database) && draw(2) === 0) {
    return { database: mixed(before.database, after.database, draw), log: after.log, commits };
  }
  const isCut = draw(2) === 0;
  const differs = firstDifference(before.log, after.log);
  if (isCut) {
    const length = differs + draw(Math.max(1, after.log.length - differs));
    return { database: before.database, log: Buffer.concat([after.log.subarray(0, length), before.log.subarray(length)]), commits };
  }
  return { database: before.database, log: mixed(before.log, after.log, draw), commits };
}

/** Some sectors of `after`, at least one that differs left out, and the others as they were. */
function mixed(before: Buffer, after: Buffer, draw: (most: number) => number): Buffer {
  const disk = Buffer.alloc(after.length);
  before.copy(disk);
  const changed: number[] = [];
  for (let start = 0; start < after.length; start += SECTOR) {
    if (!after.subarray(start, start + SECTOR).equals(disk.subarray(start, start + SECTOR))) changed.push(start);
  }
  const lost = changed[draw(changed.length)];
  for (const start of changed) {
    if (start !== lost && draw(3) > 0) after.copy(disk, start, start, start + SECTOR);
  }
  return disk;
}

function firstDifference(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) if (a[index] !== b[index]) return index;
  return length;
}

/** Numbers below `most` that are the same for the same seed (mulberry32). */
function drawn(seed: number): (most: number) => number {
  let state = seed * 0x9e3779b1;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixing = Math.imul(state ^ (state >>> 15), 1 | state);
    mixing = (mixing + Math.imul(mixing ^ (mixing >>> 7), 61 | mixing)) ^ mixing;
    return ((mixing ^ (mixing >>> 14)) >>> 0) % Math.max(1, most);
  };
}

/** Bytes that the processes of a test draw for their ids, each others. */
function bytesFrom(seed: number): (bytes: number) => Uint8Array {
  const draw = drawn(seed * 1_000_003);
  return (bytes) => Uint8Array.from({ length: bytes }, () => draw(256));
}
