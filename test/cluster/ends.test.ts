import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadSnapshot } from '../../twin/snapshot.ts';
import { startCluster } from './cluster.ts';
import { markOf } from './life.ts';

const SHOP = fileURLToPath(new URL('../../examples/shop/', import.meta.url));

test('a snapshot runs on a cluster beside another; when one part dies all of its own end, and the message tells which', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
  const first = await startCluster({ webhook: 'none' });
  const snapshot = await loadSnapshot(SHOP);
  const second = await startCluster({ folder, nodes: 0, webhook: 'twin', region: snapshot.region, clusterName: snapshot.cluster.name });
  try {
    const { loaded, skipped } = await second.load(snapshot.objects);
    expect({ loaded, skipped }).toEqual({ loaded: snapshot.objects.length, skipped: [] });
    expect(await second.settle(120_000)).toEqual([]);
    await expect(startCluster({ folder })).rejects.toThrow(`a cluster already runs in ${folder}, started by process ${process.pid}`);
    const pids = second.parts().map(({ pid }) => pid);
    process.kill(second.parts().find(({ name }) => name === 'kwok')?.pid ?? 0, 'SIGKILL');
    const problem = await second.stopped;
    expect(problem?.message).toMatch(/^kwok ended \(SIGKILL\); the end of .*kwok\.log:/);
    expect(pids.filter((pid) => markOf(pid) !== undefined)).toEqual([]);
  } finally {
    await second.stop();
    await rm(folder, { recursive: true });
  }
  expect((await first.api('GET', '/readyz')).status).toBe(200);
  await first.stop();
});
