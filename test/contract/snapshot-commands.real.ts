import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { rehearse } from '../../engine/rehearsal.ts';
import { loadSnapshot, type Snapshot } from '../../twin/snapshot.ts';
import { whyNoCluster } from '../cluster/available.ts';
import { buildBinaries } from '../cluster/build.ts';
import { findPython } from '../python/python.ts';
import { good, serveTwin } from '../support/served-twin.ts';
import { snapshotCommands } from '../support/taken-snapshot.ts';
import { sayMissing } from './behaviours.ts';

const say = (line: string) => process.stderr.write(`${line}\n`);
const python = await findPython(process.env, say);
const missing = 'missing' in python ? python.missing : await whyNoCluster(process.env);
const bin = 'bin' in python ? python.bin : '';
sayMissing('the commands of docs/snapshots.md that take a snapshot', missing);

/** What a plan of a snapshot says, but for when and as which run it was made. */
async function planOf(snapshot: Snapshot) {
  const { report, failure, close } = await rehearse({ snapshot, startAt: Date.now(), mode: 'plan', journal: 'memory' });
  await close();
  const { run, calls: _calls, ...rest } = report;
  return { ...rest, digest: run.digest, failure };
}

describe.skipIf(missing !== undefined)('the commands of docs/snapshots.md, typed into a shell at a twin', { timeout: 900_000 }, () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

  it.each([
    ['shop', 'shop'],
    ['press-kube2iam', 'press'],
  ])('take a snapshot of %s that tells everything, and gives its plan', async (example, cluster) => {
    const folder = await mkdtemp(join(tmpdir(), 'podshift-readme-'));
    folders.push(folder);
    const { kubectl } = await buildBinaries({ environment: process.env, say });
    const twin = await serveTwin(`examples/${example}`);
    try {
      const commands = snapshotCommands().replace(/^CLUSTER=\w+/, `CLUSTER=${cluster}`);
      const environment = { PATH: `${bin}:${dirname(kubectl)}:${process.env.PATH}`, TMPDIR: folder };
      const taken = good(await twin.client('bash', ['-euo', 'pipefail', '-c', commands], { environment }));
      const snapshot = await loadSnapshot(taken.trim().split('\n').at(-1) ?? '');
      expect(snapshot.gaps).toEqual([]);
      const plan = await planOf(snapshot);
      expect(plan).toEqual(await planOf(await loadSnapshot(`examples/${example}`)));

      const out = join(folder, 'captured');
      good(await twin.client(process.execPath, ['cli/main.ts', 'capture', '--cluster', cluster, '--out', out]));
      expect(await planOf(await loadSnapshot(out))).toEqual(plan);
    } finally {
      await twin.stop();
    }
  });
});
