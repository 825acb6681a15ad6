import { openMemoryJournal } from '../../engine/local-journal.ts';
import type { EksGateway } from '../../src/aws/gateways.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Runtime, ServiceRuntime } from '../../src/migration/runtime.ts';
import { type FleetRecord, fleetSpec, type MemberRecord, type UnitCounts } from '../../src/model/fleet.ts';
import { noCalls } from '../../src/model/run.ts';
import { type FakeExecutions, fakeExecutions } from './fake-executions.ts';

export const FLEET = 'fleet-1';
export const START = Date.UTC(2026, 0, 5);
export const spec = (more: Partial<Parameters<typeof fleetSpec.parse>[0] & object> = {}) =>
  fleetSpec.parse({ regions: ['eu-west-1'], ...more });
export const arn = (name: string, account = '111122223333', region = 'eu-west-1') => `arn:aws:eks:${region}:${account}:cluster/${name}`;
export const units = (more: Partial<UnitCounts> = {}): UnitCounts => ({
  pending: 0,
  migrated: 0,
  held: 0,
  rolledBack: 0,
  needsOperator: 0,
  ...more,
});

/** A cluster of the fleet: planned, with two units to migrate, unless told otherwise. */
export function member(name: string, more: Partial<MemberRecord> & { account?: string; region?: string } = {}): MemberRecord {
  const { account = '111122223333', region = 'eu-west-1', ...changes } = more;
  return {
    fleetId: FLEET,
    clusterArn: arn(name, account, region),
    target: { clusterName: name, region, assumeRoleArn: null },
    tagged: false,
    status: 'planned',
    reason: '',
    digest: `digest of ${name}`,
    units: units({ pending: 2 }),
    wave: null,
    startedAt: {},
    ...changes,
  };
}

/** The runtime of a fleet's steps over a journal in memory, with a clock that only {@link FakeFleet.pass} moves. */
export interface FakeFleet {
  readonly runtime: Runtime & ServiceRuntime;
  readonly journal: Journal;
  readonly executions: FakeExecutions;
  pass(seconds: number): void;
}

export async function fakeFleet(
  more: Partial<Pick<FleetRecord, 'mode' | 'approval' | 'expectedDigest' | 'spec'>> = {},
  eks: (clusterName: string) => Partial<EksGateway> = () => ({}),
): Promise<FakeFleet> {
  let now = START;
  const clock = { now: () => now };
  const { journal } = openMemoryJournal({ clock });
  const executions = fakeExecutions();
  const runtime = {
    clock,
    journal,
    ids: { next: () => 'id' },
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    aws: (target: { clusterName: string }) => ({ eks: eks(target.clusterName) }),
    executions: async () => executions,
    takeCalls: noCalls,
  } as unknown as Runtime & ServiceRuntime;
  const startedAt = new Date(START).toISOString();
  await journal.createFleet({ fleetId: FLEET, mode: 'run', approval: 'none', expectedDigest: null, spec: spec(), startedAt, ...more });
  return {
    runtime,
    journal,
    executions,
    pass: (seconds) => {
      now += seconds * 1000;
    },
  };
}
