import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPackagedService } from '../../engine/packaged-service.ts';
import type { Service } from '../../engine/service.ts';
import { migrationOptions } from '../../src/model/options.ts';
import { loadSnapshot } from '../../twin/snapshot.ts';
import { sayMissing } from '../contract/behaviours.ts';
import { findPython } from '../python/python.ts';
import type { Packaged } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';
import { type Cloud, startCloud } from './cloud.ts';
import { type CloudWorld, cloudWorld } from './world.ts';

const python = await findPython(process.env, (line) => process.stderr.write(`${line}\n`));
const missing = 'missing' in python;
sayMissing("moto's Step Functions", missing ? python.missing : undefined);

const FIRST = '0tworuns0000000000000first';
const SOAK_SECONDS = 65 * 60;
/** What Step Functions waits in its place, in real time: long enough for the tries of another run. On a busier machine the run waits again. */
const SOAK_FOR = 90;
/** The longest that a lock lasts beyond the wait that its holder is in: 15 minutes, and seven and a half that a step may hold it longer. */
const LOCK_SECONDS = 22.5 * 60;

describe.skipIf(missing)('two runs on one cluster, by the deployed definitions', () => {
  const started: { cloud?: Cloud; packaged?: Packaged; service?: Service } = {};
  const worlds: CloudWorld[] = [];
  /** The shop, in a stack of its own. */
  const openWorld = async (name: string): Promise<CloudWorld> => {
    const { cloud, packaged: made, service } = started;
    if (cloud === undefined || made === undefined || service === undefined) throw new TypeError('nothing is started');
    const world = await cloudWorld(cloud, made, service, name, { snapshot: await loadSnapshot('examples/shop'), soakFor: SOAK_FOR });
    worlds.push(world);
    return world;
  };

  beforeAll(async () => {
    started.packaged = await packaged();
    started.service = await loadPackagedService(started.packaged.folder);
    started.cloud = await startCloud('bin' in python ? python.bin : '');
  });
  afterAll(async () => {
    await Promise.all(worlds.map((world) => world.close()));
    await started.cloud?.close();
  });

  it.concurrent('the second is refused with the id of the first through a soak of 65 minutes, and may start when it has ended', async () => {
    const world = await openWorld('two-runs');
    const { executions, journal, twin, pass, ended } = world;
    await start(world, FIRST, 'shop/storefront', SOAK_SECONDS);
    await soaking(world, FIRST);
    let passed = 0;
    for (const minute of [20, 64]) {
      await pass(minute * 60 - passed);
      passed = minute * 60;
      await refused(world, `0tworuns000000000second${String(minute).padStart(3, '0')}`);
    }
    expect(await executions.status('migrate-cluster', FIRST)).toBe('RUNNING');
    await pass(SOAK_SECONDS - passed);
    expect(await ended('migrate-cluster', FIRST)).toBe('SUCCEEDED');
    expect(await journal.getRun(FIRST)).toMatchObject({ status: 'migrated', reason: '' });

    await migrated(world, '0tworuns000000000000second');
    expect(twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
  });

  it.concurrent('a run whose execution was stopped, and whose end nobody heard of, loses its lock within minutes', async () => {
    const world = await openWorld('killed-run');
    const { executions, journal, twin, pass } = world;
    await start(world, FIRST, 'shop/storefront', SOAK_FOR);
    await soaking(world, FIRST);
    await executions.stop('migrate-cluster', FIRST, 'stopped by hand');
    await expect.poll(() => executions.status('migrate-cluster', FIRST), { timeout: 60_000 }).toBe('ABORTED');
    await refused(world, '0tworuns00000000000tooearly');

    await pass(SOAK_FOR + LOCK_SECONDS);
    await migrated(world, '0tworuns000000000000second');
    expect(await journal.getRun(FIRST)).toMatchObject({ status: 'running', endedAt: null });
    expect(twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
  });
});

/** Starts a run of one service account. */
async function start({ executions, twin }: CloudWorld, runId: string, serviceAccount: string, soakSeconds: number): Promise<void> {
  const waits = { iamPropagationSeconds: 0, injectionChecks: 2, injectionIntervalSeconds: 1, soakSeconds };
  await executions.start('migrate-cluster', runId, {
    runId,
    target: { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null },
    mode: 'run',
    approval: 'none',
    expectedDigest: null,
    options: migrationOptions.parse({ ...waits, serviceAccounts: [serviceAccount] }),
  });
}

/** Waits until a run soaks: it was told to wait, and its pods are the last that is on record ahead of that. */
async function soaking({ journal, soaks }: CloudWorld, runId: string): Promise<void> {
  await expect.poll(() => soaks(runId), { timeout: 600_000, interval: 200 }).not.toEqual([]);
  const evidence = [...(await journal.listEvidence(runId)).values()].flat().map(({ kind, passed }) => [kind, passed]);
  expect(evidence).toContainEqual(['pods', true]);
}

/** A run of another service account, which is refused with the id of the first one, whose lock lasts beyond its soak. */
async function refused(world: CloudWorld, runId: string): Promise<void> {
  const { executions, journal, ended } = world;
  await start(world, runId, 'media/thumbnails', 0);
  expect(await ended('migrate-cluster', runId), runId).toBe('FAILED');
  expect(await executions.failure('migrate-cluster', runId)).toMatchObject({
    error: 'ClusterLocked',
    cause: expect.stringContaining(FIRST),
  });
  const { status, reason } = await journal.getRun(runId);
  expect(status).toBe('held');
  const [, until = ''] = new RegExp(`is locked by ${FIRST} until (\\S+) \\(ClusterLocked\\)$`).exec(reason) ?? [];
  const { facts } = await journal.getUnit(FIRST, 'shop/storefront');
  expect(Date.parse(until), reason).toBeGreaterThanOrEqual(Date.parse(String(facts.soakUntil)));
}

/** The same where nothing is in its way. */
async function migrated(world: CloudWorld, runId: string): Promise<void> {
  await start(world, runId, 'media/thumbnails', 0);
  expect(await world.ended('migrate-cluster', runId), runId).toBe('SUCCEEDED');
  expect(await world.journal.getRun(runId)).toMatchObject({ status: 'migrated', reason: '' });
}
