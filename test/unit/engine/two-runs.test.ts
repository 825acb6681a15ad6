import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type MigrationInput, migrate } from '../../../engine/local-migration.ts';
import { createLocalRuntime } from '../../../engine/local-runtime.ts';
import { createMemoryTable } from '../../../engine/memory-table.ts';
import type { Progress } from '../../../engine/state-machine.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import { createVirtualClock } from '../../../twin/clock.ts';
import { loadSnapshot } from '../../../twin/snapshot.ts';
import { startTwin } from '../../../twin/twin.ts';

const SNAPSHOT = fileURLToPath(new URL('../../../examples/shop', import.meta.url));
const START = Date.UTC(2026, 0, 5, 9);
const SOAK_SECONDS = 65 * 60;
const OPTIONS = { injectionChecks: 2, soakSeconds: SOAK_SECONDS };
const FIRST = '0tworuns0000000000000first';
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A cluster, a journal, and processes that share both and renew their locks as the command line does, in virtual time. */
async function scene() {
  const clock = createVirtualClock(START);
  const twin = await startTwin({ snapshot: await loadSnapshot(SNAPSHOT), clock });
  onTestFinished(() => twin.close());
  const table = createMemoryTable();
  /** What one process has of its own. */
  const podshift = () => {
    const journal = createTableJournal(table, clock);
    const runtime = createLocalRuntime({
      clock: clock.engine,
      journal,
      endpoint: twin.awsEndpoint,
      credentials: twin.credentials,
      retryDelays: 'none',
      heartbeat: true,
      logger: SILENT,
    });
    const run = (runId: string, serviceAccount: string, more: { onEvent?: (event: Progress) => void; signal?: AbortSignal } = {}) => {
      const target = { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null };
      const options = { ...OPTIONS, serviceAccounts: [serviceAccount] };
      const input: MigrationInput = { runId, target, mode: 'run', approval: 'none', expectedDigest: null, options };
      return migrate({ runtime, clock: clock.engine, input, ...more });
    };
    return { journal, run };
  };
  /** Starts the first run; resolves when it soaks. */
  const soaking = async (signal?: AbortSignal) => {
    const { run } = podshift();
    const begun = Promise.withResolvers<void>();
    const onEvent = ({ type, state }: Progress): void => {
      if (type === 'state-entered' && state === 'WaitForSoak') begun.resolve();
    };
    const ended = run(FIRST, 'shop/storefront', { onEvent, ...(signal === undefined ? {} : { signal }) });
    const early = ended.then(() => Promise.reject(new Error('the run ended without a soak')));
    await Promise.race([begun.promise, early]);
    return { ended, since: clock.now() };
  };
  const writes = () => twin.requests.filter(({ write }) => write).length;
  return { clock, twin, podshift, soaking, writes, until: (at: number) => clock.engine.sleep((at - clock.now()) / 1000) };
}

describe('two runs on one cluster, one of them soaking for 65 minutes', () => {
  it('the second is refused with the id of the first for as long as that one lives, and may start when it has ended', async () => {
    const { clock, twin, podshift, soaking, writes, until } = await scene();
    const { journal, run } = podshift();
    const { ended, since } = await soaking();
    const before = writes();
    for (const minute of [0, 3, 16, 40, 64]) {
      await until(since + minute * 60_000);
      const runId = `0tworuns000000000second${String(minute).padStart(3, '0')}`;
      await expect(run(runId, 'media/thumbnails'), `after ${minute} minutes`).rejects.toMatchObject({
        name: 'ClusterLocked',
        message: expect.stringContaining(FIRST),
        details: { owner: FIRST },
      });
      expect(await journal.getRun(runId)).toMatchObject({ status: 'held', reason: expect.stringContaining(FIRST) });
      expect(clock.now()).toBe(since + minute * 60_000);
    }
    expect(writes()).toBe(before);
    expect((await journal.getRun(FIRST)).status).toBe('running');

    expect(await ended).toMatchObject({ status: 'migrated', failure: null });
    expect(clock.now()).toBeGreaterThanOrEqual(since + SOAK_SECONDS * 1000);
    expect(await run('0tworuns000000000000second', 'media/thumbnails')).toMatchObject({ status: 'migrated', failure: null });
    expect(twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
  });

  it('a run whose process was killed loses its lock within minutes, and the second starts', async () => {
    const { twin, podshift, soaking, until } = await scene();
    const { journal, run } = podshift();
    const death = new AbortController();
    const { ended, since } = await soaking(death.signal);
    await until(since + 20 * 60_000);
    const killed = new Error('killed');
    death.abort(killed);
    await expect(ended).rejects.toBe(killed);
    await expect(run('0tworuns00000000000tooearly', 'media/thumbnails')).rejects.toMatchObject({
      name: 'ClusterLocked',
      message: expect.stringContaining(FIRST),
    });

    await until(since + 23 * 60_000);
    expect(await run('0tworuns000000000000second', 'media/thumbnails')).toMatchObject({ status: 'migrated', failure: null });
    expect(await journal.getRun(FIRST)).toMatchObject({ status: 'running', endedAt: null });
    expect(twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
  });
});
