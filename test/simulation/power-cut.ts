import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { expect } from 'vitest';
import { type MigrationInput, type MigrationResult, migrate, rollBack } from '../../engine/local-migration.ts';
import { createLocalRuntime, type LocalRuntime } from '../../engine/local-runtime.ts';
import type { Rehearsal } from '../../engine/rehearsal.ts';
import { openStore } from '../../engine/store/store.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Key } from '../../src/journal/layout.ts';
import type { Table } from '../../src/journal/table.ts';
import { createTableJournal } from '../../src/journal/table-journal.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import type { ClusterTarget } from '../../src/model/run.ts';
import { buildReport } from '../../src/report/report.ts';
import { createVirtualClock, type VirtualClock } from '../../twin/clock.ts';
import type { TwinHooks } from '../../twin/contracts.ts';
import type { Snapshot } from '../../twin/snapshot.ts';
import { startTwin } from '../../twin/twin.ts';
import { type Cut, diskOf, drawn, layDown, torn } from './power-cut-disk.ts';
import { type CleanRun, checkPromises, checkSecondRun, optionsOf, type Recovery, type Scene, settingsOf, statuses } from './scenario.ts';

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

/** Where journals of tests lie: in memory where the machine can, since there the syncs cost nothing. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** How many writes a run makes to its journal, carried out as the runs that are cut: others, that act in another order, make others. */
export async function countWrites(scene: Scene): Promise<number> {
  let writes = 0;
  await inWorld(scene, async ({ folder, clock, process, migrateBy }) => {
    const store = await openStore({ folder });
    const table = aroundWrites(store.table, async (write) => {
      writes += 1;
      return write();
    });
    try {
      const { status, failure } = await migrateBy(process(createTableJournal(table, clock), FIRST));
      expect({ status, failure }, 'the run that is counted').toEqual({ status: 'migrated', failure: null });
    } finally {
      store.close();
    }
  });
  return writes;
}

/**
 * Cuts the power at the `at`-th write of a run, with the journal on disk; then another process resumes the run, or rolls it
 * back, from what the disk holds. Every promise must hold, and the end must be that of the run without a cut.
 */
export async function runWithPowerCut(scene: Scene, clean: CleanRun, at: number, cut: Cut, recovery: Recovery): Promise<void> {
  const power = new AbortController();
  let recovered = false;
  let number = 0;
  const isDead = (): boolean => power.signal.aborted && !recovered;
  await inWorld(
    scene,
    async ({ folder, process, migrateBy, ...world }) => {
      const first = await openStore({ folder });
      const table = aroundWrites(first.table, async (write) => {
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
      try {
        const runtime = process(createTableJournal(table, world.clock), FIRST);
        const runId = runtime.ids.next();
        await expect(migrateBy(runtime, runId, power.signal), `the run made ${at} writes`).rejects.toThrow('the power is gone');
        recovered = true;
        const second = await openStore({ folder: join(folder, 'after') });
        try {
          const journal = createTableJournal(second.table, world.clock);
          await recover({ ...world, journal, runtime: process(journal, SECOND), runId }, scene, clean, recovery);
        } finally {
          second.close();
        }
      } finally {
        first.close();
      }
    },
    isDead,
  );
}

/** Seeds of what the processes draw for their ids. */
const [FIRST, SECOND] = [1, 2];

/** A twin of the scene, a folder for journals, and processes over them. */
interface PowerCutWorld extends Pick<World, 'twin' | 'clock' | 'logger' | 'target'> {
  readonly folder: string;
  process(journal: Journal, seed: number): LocalRuntime;
  /** The migration of the scene, by this process. */
  migrateBy(runtime: LocalRuntime, runId?: string, signal?: AbortSignal): Promise<MigrationResult>;
}

async function inWorld(scene: Scene, work: (world: PowerCutWorld) => Promise<void>, isDead: () => boolean = () => false): Promise<void> {
  const settings = await settingsOf(scene);
  const clock = stepByStep(createVirtualClock(settings.startAt));
  // Nothing that a dead process would have sent reaches anybody.
  const beforeRequest: TwinHooks['beforeRequest'] = () => (isDead() ? { kind: 'reset', when: 'before' } : undefined);
  const twin = await startTwin({ snapshot: settings.snapshot as Snapshot, clock, hooks: { beforeRequest } });
  const target = { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null };
  const process: PowerCutWorld['process'] = (journal, seed) =>
    Object.assign(
      createLocalRuntime({
        clock: clock.engine,
        journal,
        endpoint: twin.awsEndpoint,
        credentials: twin.credentials,
        retryDelays: 'none',
        logger: settings.logger,
        random: bytesFrom(seed),
      }),
      { atOnce: 1 },
    );
  const migrateBy: PowerCutWorld['migrateBy'] = (runtime, runId = runtime.ids.next(), signal) =>
    migrate({ runtime, clock: clock.engine, input: inputOf(scene, target, runId), ...(signal === undefined ? {} : { signal }) });
  try {
    await onDisk((folder) => work({ twin, clock, logger: settings.logger, target, folder, process, migrateBy }));
  } finally {
    await twin.close();
  }
}

/**
 * The clock, of which one step works at a time: with the units of each one after another as well, a run makes the same writes in the same
 * order however busy the machine is, and as many as the one that was counted.
 */
function stepByStep(clock: VirtualClock): VirtualClock {
  const oneAtATime = pLimit(1);
  return { ...clock, engine: { ...clock.engine, busy: (work) => oneAtATime(() => clock.engine.busy(work)) } };
}

function inputOf(scene: Scene, target: ClusterTarget, runId: string): MigrationInput {
  return { runId, target, mode: 'run', approval: 'none', expectedDigest: null, options: optionsOf(scene) };
}

/** What of a rehearsal the checks look at. */
type World = Pick<Rehearsal, 'twin' | 'clock' | 'journal' | 'runtime' | 'logger' | 'target' | 'runId'>;

async function recover(world: World, scene: Scene, clean: CleanRun, recovery: Recovery): Promise<void> {
  const { runtime, clock, runId, target, twin, journal } = world;
  const isKnown = (await journal.listRuns()).some((run) => run.runId === runId);
  if (recovery === 'resume') {
    const { failure } = await migrate({ runtime, clock: clock.engine, input: inputOf(scene, target, runId) });
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

/** Bytes that the processes of a test draw for their ids, each others. */
function bytesFrom(seed: number): (bytes: number) => Uint8Array {
  const draw = drawn(seed * 1_000_003);
  return (bytes) => Uint8Array.from({ length: bytes }, () => draw(256));
}
