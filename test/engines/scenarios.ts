import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import type { z } from 'zod';
import type { Journal } from '../../src/journal/journal.ts';
import { clusterRunId, fleetSpec } from '../../src/model/fleet.ts';
import { migrationOptions } from '../../src/model/options.ts';
import type { RunStatus } from '../../src/model/run.ts';
import { usesAgent } from '../../src/verification/injection.ts';
import type { Scene, World } from './world.ts';

/** One story that both engines carry out, each over a twin of its own. */
export interface Scenario {
  readonly title: string;
  /** The folder of a snapshot. */
  readonly snapshot: string;
  readonly scene?: Omit<Scene, 'snapshot'>;
  /** Drives the engine. */
  drive(world: World): Promise<void>;
  /** The run that it is about: {@link RUN} where absent. */
  readonly runId?: string;
  /** How the run has ended then, on either engine. */
  readonly status: RunStatus;
  /** What the journal tells beside that run, without times. */
  tell?(journal: Journal): Promise<unknown>;
  /** What else must have happened on either engine, so that the scenario shows what it is for. */
  check?(world: World): void;
}

/** The id of every scenario's run: names of probe pods come from it. */
export const RUN = '0engines0000000000000000aa';

const SHOP = 'examples/shop';
/** A real cluster's snapshot lies beside some checkouts. */
const REAL = '../shared/snapshots/boutique';

type Options = z.input<typeof migrationOptions>;

/** Waits that a test can afford in real time, with enough left for a machine that does much else. */
const OPTIONS: Options = { iamPropagationSeconds: 0, injectionChecks: 2, injectionIntervalSeconds: 1, soakSeconds: 0 };
/** Three units of the shop, over two roles and two waves. */
const THREE: Options = { serviceAccounts: ['shop/storefront', 'shop/covers', 'media/thumbnails'] };

async function migrate(world: World, options: Options = {}, more: { mode?: 'plan'; approval?: 'required' } = {}): Promise<void> {
  const { clusterName, region } = world.twin;
  await world.executions.start('migrate-cluster', RUN, {
    runId: RUN,
    target: { clusterName, region, assumeRoleArn: null },
    mode: 'run',
    approval: 'none',
    expectedDigest: null,
    options: migrationOptions.parse({ ...OPTIONS, ...options }),
    ...more,
  });
}

async function rollBack(world: World, name: string, unitIds: readonly string[] | null): Promise<void> {
  await world.executions.start('rollback-run', name, { runId: RUN, unitIds, reason: 'asked for' });
  expect(await world.ended('rollback-run', name)).toBe('SUCCEEDED');
}

/** Migrates, and sees the execution end so. */
async function migrated(world: World, options: Options = {}, status: 'SUCCEEDED' | 'FAILED' = 'SUCCEEDED'): Promise<void> {
  await migrate(world, options);
  expect(await world.ended('migrate-cluster', RUN)).toBe(status);
}

const FLEET = '0engines0000000000000000bb';
const FLEET_CLUSTER = 'arn:aws:eks:eu-central-1:444455556666:cluster/shop';

/** Carries out a fleet of one cluster: its place is discovered, the cluster planned and then run, each by executions of their own. */
async function migrateFleet(world: World): Promise<void> {
  const spec = fleetSpec.parse({ regions: [world.twin.region], migration: { ...OPTIONS, serviceAccounts: ['shop/storefront'] } });
  const input = { fleetId: FLEET, mode: 'run', approval: 'none', expectedDigest: null, spec };
  await world.executions.start('migrate-fleet', FLEET, input);
  expect(await world.ended('migrate-fleet', FLEET)).toBe('SUCCEEDED');
}

/** What the journal tells of the fleet. */
async function fleetOf(journal: Journal): Promise<unknown> {
  const { startedAt: _started, endedAt, ...fleet } = await journal.getFleet(FLEET);
  const members = (await journal.listMembers(FLEET)).map(({ startedAt, ...member }) => ({
    ...member,
    phases: Object.keys(startedAt).sort(),
  }));
  return { fleet: { ...fleet, ended: endedAt !== null }, members, places: await journal.listPlaces(FLEET) };
}

/** How long new pods of a workload stay unready, in milliseconds: longer than a roll-out may take here. */
const UNREADY = 45_000;

/**
 * The pods of one Deployment do not become ready on the new way, until some time after its restart: a way back that finds a
 * roll-out under way waits for it, for minutes.
 */
export const failing = (name: string): Scene['hooks'] => {
  return (twin) => {
    let mend: (() => void) | undefined;
    let restarted = Number.POSITIVE_INFINITY;
    return {
      beforeRequest: ({ operation, object, at }) => {
        if (operation !== 'patch deployments' || !object.endsWith(`/${name}`) || mend !== undefined) return undefined;
        mend = twin().kubernetesHalf.failReadiness((pod) => pod.spec.serviceAccountName === name && usesAgent(pod));
        restarted = at;
        return undefined;
      },
      afterRequest: ({ at }) => {
        if (at - restarted > UNREADY) mend?.();
      },
    };
  };
};

/** Throttles every try of one operation on one object: more than the SDK makes, so that the step fails, once. */
const throttling = (operation: string, object: string): Scene['hooks'] => {
  return () => {
    let left = 6;
    return {
      beforeRequest: (request) => {
        if (request.operation !== operation || request.object !== object || left === 0) return undefined;
        left -= 1;
        return { kind: 'throttle', when: 'before' };
      },
    };
  };
};

/** Somebody else adds a statement to a role's trust policy between the canary's wave and the next. */
const changingMeanwhile = (name: string): Scene['hooks'] => {
  return (twin) => ({
    afterRequest: ({ operation, object }) => {
      if (operation !== 'UpdateAssumeRolePolicy' || object === name) return;
      const { awsState } = twin();
      const role = awsState.role(name);
      if (role === undefined) throw new Error(`there is no role ${name}`);
      const document = JSON.parse(awsState.storedTrust(role).text) as { Statement: object[] };
      const root = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::444455556666:root' }, Action: 'sts:AssumeRole' };
      awsState.writeTrust(role, JSON.stringify({ ...document, Statement: [...document.Statement, root] }), 'system');
    },
  });
};

const backToBaseline = ({ twin }: World): void => expect(twin.watch.compareWithBaseline()).toEqual([]);

export const SCENARIOS: readonly Scenario[] = [
  {
    title: 'a whole migration: every wave, an add-on, annotations of templates',
    snapshot: SHOP,
    drive: (world) => migrated(world),
    status: 'migrated',
  },
  {
    title: 'a unit that fails is taken back, and the others stay migrated',
    snapshot: SHOP,
    scene: { hooks: failing('thumbnails') },
    drive: (world) => migrated(world, { ...THREE, failureThresholdPercent: 100, rolloutTimeoutSeconds: 20 }),
    status: 'needs-operator',
  },
  {
    title: 'a wave that fails takes the whole run back, by the rule that hears of the failed execution',
    snapshot: SHOP,
    scene: { hooks: failing('thumbnails') },
    drive: (world) =>
      migrated(world, { ...THREE, failureThresholdPercent: 0, rolloutTimeoutSeconds: 20, onWaveFailure: 'rollback' }, 'FAILED'),
    status: 'rolled-back',
    check: backToBaseline,
  },
  {
    title: 'a step that AWS throttles is tried again',
    snapshot: SHOP,
    scene: { hooks: throttling('UpdateAssumeRolePolicy', 'shop-storefront') },
    drive: (world) => migrated(world, { serviceAccounts: ['shop/storefront'] }),
    status: 'migrated',
    check: ({ log }) => expect(log()).toContain('"Throttled"'),
  },
  {
    title: 'a role that somebody else changed meanwhile is caught, and its units are held',
    snapshot: SHOP,
    scene: { hooks: changingMeanwhile('shop-media') },
    drive: (world) => migrated(world, THREE),
    status: 'needs-operator',
    check: ({ twin }) =>
      expect(twin.requests.filter(({ operation, object }) => operation === 'UpdateAssumeRolePolicy' && object === 'shop-media')).toEqual(
        [],
      ),
  },
  {
    title: 'an approved plan is carried out, its task resumed by its token',
    snapshot: SHOP,
    drive: async (world) => {
      await migrate(world, { serviceAccounts: ['shop/storefront'] }, { approval: 'required' });
      const token = await world.answer(RUN, 'approve');
      expect(await world.ended('migrate-cluster', RUN)).toBe('SUCCEEDED');
      expect(world.log()).not.toContain(token);
    },
    status: 'migrated',
  },
  {
    title: 'a plan that is refused is left alone',
    snapshot: SHOP,
    drive: async (world) => {
      await migrate(world, { serviceAccounts: ['shop/storefront'] }, { approval: 'required' });
      await world.answer(RUN, 'refuse');
      expect(await world.ended('migrate-cluster', RUN)).toBe('SUCCEEDED');
    },
    status: 'held',
    check: backToBaseline,
  },
  {
    title: 'only a plan',
    snapshot: SHOP,
    drive: async (world) => {
      await migrate(world, {}, { mode: 'plan' });
      expect(await world.ended('migrate-cluster', RUN)).toBe('SUCCEEDED');
    },
    status: 'planned',
    check: backToBaseline,
  },
  {
    title: 'one unit goes back, then the whole run',
    snapshot: SHOP,
    drive: async (world) => {
      await migrated(world, THREE);
      await rollBack(world, 'one', ['shop/covers']);
      await rollBack(world, 'all', null);
    },
    status: 'rolled-back',
    check: backToBaseline,
  },
  {
    title: 'roles of kube2iam, a service account that is split, and the way back',
    snapshot: 'examples/press-kube2iam',
    drive: async (world) => {
      await migrated(world);
      await rollBack(world, 'all', null);
    },
    status: 'rolled-back',
    check: backToBaseline,
  },
  {
    title: 'a fleet of one cluster, whose runs are executions of their own',
    snapshot: SHOP,
    drive: migrateFleet,
    runId: clusterRunId(FLEET, FLEET_CLUSTER, 'run'),
    status: 'migrated',
    tell: fleetOf,
  },
  ...(existsSync(`${REAL}/eks/cluster.json`)
    ? [{ title: 'a real cluster', snapshot: REAL, drive: (world: World) => migrated(world), status: 'migrated' as const }]
    : []),
];
