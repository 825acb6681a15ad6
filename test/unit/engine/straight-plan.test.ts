import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type MigrationInput, migrate } from '../../../engine/local-migration.ts';
import { createLocalRuntime } from '../../../engine/local-runtime.ts';
import { openMemoryJournal } from '../../../engine/memory-journal.ts';
import { projectService, type Service, type ServiceHandler } from '../../../engine/service.ts';
import { PLAN_FUNCTIONS, planStraight } from '../../../engine/straight-plan.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import { createVirtualClock } from '../../../twin/clock.ts';
import { loadSnapshot } from '../../../twin/snapshot.ts';
import { startTwin } from '../../../twin/twin.ts';

const SNAPSHOT = fileURLToPath(new URL('../../../examples/shop', import.meta.url));
const RUN_ID = 'a'.repeat(26);
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A fresh twin with a journal of its own, and what plans on it. */
async function world() {
  const clock = createVirtualClock(Date.UTC(2025, 0, 1));
  const twin = await startTwin({ snapshot: await loadSnapshot(SNAPSHOT), clock });
  onTestFinished(() => twin.close());
  const { journal } = openMemoryJournal({ clock });
  const runtime = createLocalRuntime({
    clock: clock.engine,
    journal,
    endpoint: twin.awsEndpoint,
    credentials: twin.credentials,
    retryDelays: 'none',
    logger: quiet,
    random: (bytes) => new Uint8Array(bytes),
  });
  const input: MigrationInput & { readonly mode: 'plan' } = {
    runId: RUN_ID,
    target: { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null },
    mode: 'plan',
    approval: 'none',
    expectedDigest: null,
    options: { namespaces: ['shop'] },
  };
  const kept = async () => ({
    plan: await journal.getDocument(RUN_ID, 'plan'),
    inventory: await journal.getDocument(RUN_ID, 'inventory'),
    run: await journal.getRun(RUN_ID),
    units: await journal.listUnits(RUN_ID),
    roles: await journal.listRoles(RUN_ID),
  });
  return { planning: { runtime, clock: clock.engine, input }, twin, journal, kept };
}

type Call = readonly [id: string, event: unknown];

/** The same functions, with what they were called with; `before` may throw in a call's place. */
function recorded(functions: Pick<Service, 'handler'>, before: (id: string) => void = () => undefined) {
  const calls: Call[] = [];
  const handler = async (id: string): Promise<ServiceHandler> => {
    const found = await functions.handler(id);
    return {
      withRuntime: (runtime) => {
        const call = found.withRuntime(runtime);
        return async (event) => {
          calls.push([id, JSON.parse(JSON.stringify(event))]);
          before(id);
          return call(event);
        };
      },
    };
  };
  return { calls, handler };
}

describe('planStraight', () => {
  it('calls what the definition of migrate-cluster calls, in its order and with its inputs, and leaves the same behind', async () => {
    const [defined, straight] = [await world(), await world()];
    const service = await projectService();
    const byDefinition = recorded(service);
    await migrate({ ...defined.planning, service: { ...service, handler: byDefinition.handler } });
    const byItself = recorded(PLAN_FUNCTIONS);
    expect(await planStraight({ ...straight.planning, functions: byItself })).toBe(true);

    expect(byDefinition.calls.map(([id]) => id)).toEqual([
      'OpenRunLambdaFunction',
      'CheckClusterLambdaFunction',
      'TakeInventoryLambdaFunction',
      'MakePlanLambdaFunction',
      'CloseRunLambdaFunction',
    ]);
    expect(byItself.calls).toEqual(byDefinition.calls);
    expect(await straight.kept()).toEqual(await defined.kept());
    expect(straight.twin.requests.length).toBe(defined.twin.requests.length);
    for (const [id] of byDefinition.calls) expect(await PLAN_FUNCTIONS.handler(id)).toBe(await service.handler(id));
  });

  it.each([
    'OpenRunLambdaFunction',
    'CheckClusterLambdaFunction',
    'TakeInventoryLambdaFunction',
    'MakePlanLambdaFunction',
    'CloseRunLambdaFunction',
  ])('leaves a run whose %s failed to the state machine, which makes the same plan', async (failing) => {
    const [expected, { planning, kept }] = [await world(), await world()];
    await migrate(expected.planning);
    const functions = recorded(PLAN_FUNCTIONS, (id) => {
      if (id === failing) throw new PodshiftError('ServiceUnavailable', 'away for a moment');
    });
    expect(await planStraight({ ...planning, functions })).toBe(false);
    expect(functions.calls.at(-1)?.[0]).toBe(failing);
    expect((await migrate(planning)).status).toBe('planned');
    expect((await kept()).plan).toEqual((await expected.kept()).plan);
  });

  it('leaves a run that has ended as it is', async () => {
    const { planning, kept } = await world();
    expect(await planStraight(planning)).toBe(true);
    const before = await kept();
    expect(await planStraight(planning)).toBe(false);
    expect(await kept()).toEqual(before);
  });

  it('stops between two functions where somebody asks for it, with the reason', async () => {
    const { planning } = await world();
    const stopping = new AbortController();
    const reason = new PodshiftError('UsageError', 'interrupted');
    const functions = recorded(PLAN_FUNCTIONS, (id) => {
      if (id === 'CheckClusterLambdaFunction') stopping.abort(reason);
    });
    await expect(planStraight({ ...planning, functions, signal: stopping.signal })).rejects.toBe(reason);
    expect(functions.calls).toHaveLength(2);
  });

  it('knows no function but those of a plan', async () => {
    await expect(async () => PLAN_FUNCTIONS.handler('GrantTrustLambdaFunction')).rejects.toMatchObject({ name: 'InternalError' });
  });
});
