import { createHash } from 'node:crypto';
import { type FleetCluster, type FleetRehearsal, type FleetRehearsalSettings, openFleetRehearsal } from '../../engine/fleet-rehearsal.ts';
import { type FleetInput, migrateFleet } from '../../engine/local-fleet.ts';
import type { LocalRuntime } from '../../engine/local-runtime.ts';
import type { Logger } from '../../src/migration/runtime.ts';
import type { FleetRecord, MemberRecord, PlaceRecord } from '../../src/model/fleet.ts';
import type { TwinRequest } from '../../twin/contracts.ts';
import { loadSnapshot, type Snapshot } from '../../twin/snapshot.ts';
import type { Twin } from '../../twin/twin.ts';

const START = Date.UTC(2026, 0, 5, 9);
const EXAMPLE = 'examples/shop';

/** What the fleets of these tests do in each cluster: one namespace with one service account, short waits. */
export const MIGRATION = { namespaces: ['media'], soakSeconds: 60, injectionChecks: 2, rolloutTimeoutSeconds: 300 };

export const EXTERNAL_ID = 'of-the-fleet';

let example: Promise<Snapshot> | undefined;

/** The example cluster under another name, in another account and region, with the role of a member account. */
export async function snapshotOf(place: {
  readonly name: string;
  readonly account: string;
  readonly region?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Who may assume the member's role; podshift's own role where absent. */
  readonly trusted?: string;
}): Promise<Snapshot> {
  const { name, account, region = 'eu-central-1', tags = {}, trusted = `arn:aws:iam::${account}:role/podshift` } = place;
  example ??= loadSnapshot(EXAMPLE);
  const { accountId, region: from, cluster } = await example;
  const text = JSON.stringify(await example)
    .replaceAll(accountId, account)
    .replaceAll(from, region)
    .replaceAll(`cluster/${cluster.name}`, `cluster/${name}`)
    .replaceAll(`"clusterName":"${cluster.name}"`, `"clusterName":"${name}"`);
  const moved = JSON.parse(text) as Snapshot;
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: trusted },
    Action: 'sts:AssumeRole',
    Condition: { StringEquals: { 'sts:ExternalId': EXTERNAL_ID } },
  };
  const memberRole = {
    Path: '/',
    RoleName: 'podshift-member',
    RoleId: 'AROAMEMBERPODSHIFT001',
    Arn: `arn:aws:iam::${account}:role/podshift-member`,
    RolePolicyList: [],
    AttachedManagedPolicies: [],
    InstanceProfileList: [],
    Tags: [],
    trustPolicy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
  };
  return { ...moved, cluster: { ...moved.cluster, name, tags }, roles: [...moved.roles, memberRole] };
}

/** How a fleet ended. */
export interface EndedFleet {
  readonly fleetId: string;
  readonly fleet: FleetRecord;
  readonly members: readonly MemberRecord[];
  readonly places: readonly PlaceRecord[];
  /** Each cluster's status by its name. */
  readonly statuses: Readonly<Record<string, string>>;
}

/** A rehearsed fleet, and the way to run it. */
export interface FleetScene extends FleetRehearsal {
  readonly logs: readonly string[];
  /** Runs a fleet by a runtime of its own, as another process would; the same id takes it up. */
  run(spec: Partial<FleetInput['spec']>, input?: Partial<FleetInput>, signal?: AbortSignal): Promise<EndedFleet>;
  /** The runtime of the latest run. */
  last(): LocalRuntime;
  twin(name: string): Twin;
  writes(name?: string): TwinRequest[];
}

/** The twins of these clusters, with a journal in memory. */
export async function fleetOf(clusters: readonly FleetCluster[], more: Partial<FleetRehearsalSettings> = {}): Promise<FleetScene> {
  const logs: string[] = [];
  const line = (message: string, fields?: Record<string, unknown>): void => void logs.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const logger: Logger = { info: line, warn: line, error: line };
  let calls = 0;
  const random = (bytes: number): Uint8Array => {
    calls += 1;
    return createHash('sha256').update(`fleet ${calls}`).digest().subarray(0, bytes);
  };
  const rehearsal = await openFleetRehearsal({ clusters, startAt: START, logger, random, ...more });
  const twin = (name: string): Twin => {
    const found = rehearsal.twins.find(({ clusterName }) => clusterName === name);
    if (found === undefined) throw new Error(`no twin is called ${name}`);
    return found;
  };
  let latest: LocalRuntime | undefined;
  return {
    ...rehearsal,
    logs,
    last: () => {
      if (latest === undefined) throw new Error('nothing has run');
      return latest;
    },
    twin,
    writes: (name) =>
      rehearsal.twins.flatMap((one) => (name === undefined || one.clusterName === name ? one.requests : [])).filter(({ write }) => write),
    run: async (spec, input = {}, signal) => {
      const runtime = rehearsal.runtime();
      latest = runtime;
      const fleetId = input.fleetId ?? runtime.ids.next();
      const whole = { regions: ['eu-central-1'], migration: MIGRATION, externalId: EXTERNAL_ID, ...spec };
      await migrateFleet({
        runtime,
        clock: rehearsal.clock.engine,
        input: { mode: 'run', approval: 'none', expectedDigest: null, ...input, fleetId, spec: whole },
        ...(signal === undefined ? {} : { signal }),
      });
      return endOf(rehearsal, fleetId);
    },
  };
}

/** How a fleet of the journal stands. */
export async function endOf({ journal }: Pick<FleetRehearsal, 'journal'>, fleetId: string): Promise<EndedFleet> {
  const members = await journal.listMembers(fleetId);
  return {
    fleetId,
    fleet: await journal.getFleet(fleetId),
    members,
    places: await journal.listPlaces(fleetId),
    statuses: Object.fromEntries(members.map(({ target, status }) => [target.clusterName, status])),
  };
}
