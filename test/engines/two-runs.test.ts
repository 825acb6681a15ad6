import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPackagedService } from '../../engine/packaged-service.ts';
import { migrationOptions } from '../../src/model/options.ts';
import { loadSnapshot } from '../../twin/snapshot.ts';
import { sayMissing } from '../contract/behaviours.ts';
import { findPython } from '../python/python.ts';
import { packaged } from '../support/packaged.ts';
import { type Cloud, startCloud } from './cloud.ts';
import { type CloudWorld, cloudWorld } from './world.ts';

const python = await findPython(process.env, (line) => process.stderr.write(`${line}\n`));
const missing = 'missing' in python;
sayMissing("moto's Step Functions", missing ? python.missing : undefined);

const FIRST = '0tworuns0000000000000first';
const SOAK_SECONDS = 65 * 60;
/** What Step Functions waits in its place, in real time: long enough for the tries of another run on a busy machine. */
const SOAK_FOR = 90;

describe.skipIf(missing)('two runs on one cluster, one of them soaking for 65 minutes, by the deployed definitions', () => {
  const started: { cloud?: Cloud; world?: CloudWorld } = {};
  const world = (): CloudWorld => {
    if (started.world === undefined) throw new TypeError('nothing is started');
    return started.world;
  };
  const start = async (runId: string, serviceAccount: string, soakSeconds = SOAK_SECONDS): Promise<void> => {
    const { executions, twin } = world();
    const waits = { iamPropagationSeconds: 0, injectionChecks: 2, injectionIntervalSeconds: 1, soakSeconds };
    await executions.start('migrate-cluster', runId, {
      runId,
      target: { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null },
      mode: 'run',
      approval: 'none',
      expectedDigest: null,
      options: migrationOptions.parse({ ...waits, serviceAccounts: [serviceAccount] }),
    });
  };

  beforeAll(async () => {
    const made = await packaged();
    const scene = { snapshot: await loadSnapshot('examples/shop'), soakFor: SOAK_FOR };
    started.cloud = await startCloud('bin' in python ? python.bin : '');
    started.world = await cloudWorld(started.cloud, made, await loadPackagedService(made.folder), 'two-runs', scene);
  });
  afterAll(async () => {
    await started.world?.close();
    await started.cloud?.close();
  });

  it('the second is refused with the id of the first for as long as that one lives', async () => {
    const { executions, journal, pass, ended } = world();
    await start(FIRST, 'shop/storefront');
    // The last that is on record ahead of the soak.
    await expect
      .poll(async () => [...(await journal.listEvidence(FIRST)).values()].flat().map(({ kind, passed }) => [kind, passed]), {
        timeout: 600_000,
        interval: 200,
      })
      .toContainEqual(['pods', true]);
    let passed = 0;
    for (const minute of [20, 64]) {
      await pass(minute * 60 - passed);
      passed = minute * 60;
      const runId = `0tworuns000000000second${String(minute).padStart(3, '0')}`;
      await start(runId, 'media/thumbnails');
      expect(await ended('migrate-cluster', runId), `after ${minute} minutes`).toBe('FAILED');
      expect(await executions.failure('migrate-cluster', runId)).toMatchObject({
        error: 'ClusterLocked',
        cause: expect.stringContaining(FIRST),
      });
      expect(await journal.getRun(runId)).toMatchObject({ status: 'held', reason: expect.stringContaining('ClusterLocked') });
    }
    expect(await executions.status('migrate-cluster', FIRST)).toBe('RUNNING');
    await pass(SOAK_SECONDS - passed);
    expect(await ended('migrate-cluster', FIRST)).toBe('SUCCEEDED');
  });
});
