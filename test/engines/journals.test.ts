import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPackagedService } from '../../engine/packaged-service.ts';
import type { Service } from '../../engine/service.ts';
import { loadSnapshot } from '../../twin/snapshot.ts';
import { sayMissing } from '../contract/behaviours.ts';
import { findPython } from '../python/python.ts';
import { canonicalRun, recordedRun } from '../support/canonical-journal.ts';
import type { Packaged } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';
import { type Cloud, startCloud } from './cloud.ts';
import { RUN, SCENARIOS, type Scenario } from './scenarios.ts';
import { cloudWorld, localWorld, type World } from './world.ts';

const python = await findPython(process.env, (line) => process.stderr.write(`${line}\n`));
const missing = 'missing' in python;
sayMissing("moto's Step Functions", missing ? python.missing : undefined);

describe.skipIf(missing)("podshift's engine and moto's Step Functions end with the same journal", () => {
  const started: { cloud?: Cloud; packaged?: Packaged; service?: Service } = {};

  beforeAll(async () => {
    started.packaged = await packaged();
    started.service = await loadPackagedService(started.packaged.folder);
    started.cloud = await startCloud('bin' in python ? python.bin : '');
  });
  afterAll(() => started.cloud?.close());

  it.concurrent.each(SCENARIOS.map((scenario, index) => ({ ...scenario, scenario, index })))('$title', async ({ scenario, index }) => {
    const { cloud, packaged: made, service } = started;
    if (cloud === undefined || made === undefined || service === undefined) throw new TypeError('nothing is started');
    const scene = { snapshot: await loadSnapshot(scenario.snapshot), ...scenario.scene };
    const other = play(scenario, () => cloudWorld(cloud, made, service, `scenario-${index}`, scene));
    const local = play(scenario, () => localWorld(service, scene));
    // Both to their ends, whatever comes of the first.
    await Promise.allSettled([local, other]);
    expect(await other).toEqual(await local);
  });
});

/** Plays a scenario on one engine, and reads what its journal says then. */
async function play(scenario: Scenario, begin: () => Promise<World>): Promise<ReturnType<typeof canonicalRun>> {
  const world = await begin();
  try {
    await scenario.drive(world);
    const recorded = await recordedRun(world.journal, scenario.runId ?? RUN);
    expect(recorded.run.status).toBe(scenario.status);
    expect(world.twin.promises()).toMatchObject({ widenedPrincipals: [], credentialGapSeconds: 0 });
    scenario.check?.(world);
    return { ...canonicalRun(recorded), told: await scenario.tell?.(world.journal) };
  } finally {
    await world.close();
  }
}
