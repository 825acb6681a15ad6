import { approvalOf } from '../migration/run/approval-rule.ts';
import { type Round, roundOf } from '../migration/run/round.ts';
import type { JournalRuntime } from '../migration/runtime.ts';
import { timestamp } from '../model/clock.ts';
import { PodshiftError } from '../model/errors.ts';
import type { FleetPhase, FleetRecord, FleetSpec, FleetStatus } from '../model/fleet.ts';
import { checkFleetLimits } from './limits.ts';
import { MOST_PLACES, placesOf } from './places.ts';

/** What starts a fleet, or takes up one that exists. */
export type OpenFleetInput = Pick<FleetRecord, 'fleetId' | 'mode' | 'approval' | 'expectedDigest'> & { readonly spec: FleetSpec };

/** What the later states need of it. `ended`: this fleet is over, nothing is to be done. */
export interface OpenFleetOutput {
  readonly fleetId: string;
  readonly state: 'open' | 'ended';
  readonly status: FleetStatus;
  /** Where the loops over places and over clusters begin. */
  readonly places: Round<never>;
  readonly next: { readonly phase: FleetPhase; readonly items: readonly string[] };
}

/**
 * Creates the fleet, or takes up the one of this id with the settings that it has, and notes the places to look at.
 * Throws `OutsideLimits`, `RequesterUnknown` where the deployment wants approvals of others than who asks, and `InvalidInput` for more places than one fleet takes.
 */
export async function openFleet(runtime: JournalRuntime, input: OpenFleetInput): Promise<OpenFleetOutput> {
  const { clock, journal } = runtime;
  checkFleetLimits(runtime, input.spec);
  // Nobody can tell who started a fleet; where that matters its clusters' runs would all be refused.
  approvalOf(runtime, input, undefined);
  const places = placesOf(input.fleetId, input.spec);
  if (places.length > MOST_PLACES) {
    throw new PodshiftError('InvalidInput', `${places.length} accounts and regions are more than the ${MOST_PLACES} of one fleet`);
  }
  const fleet = await journal.createFleet({ ...input, startedAt: timestamp(clock) });
  // The fleet that is there may be of another day's limits.
  checkFleetLimits(runtime, fleet.spec);
  await journal.putPlaces(placesOf(fleet.fleetId, fleet.spec));
  return {
    fleetId: fleet.fleetId,
    state: fleet.endedAt === null ? 'open' : 'ended',
    status: fleet.status,
    places: { items: [], after: '', done: false },
    next: { phase: 'plan', items: [] },
  };
}

/** The next accounts and regions that have not been looked at. */
export async function nextPlaces(
  { journal }: JournalRuntime,
  { fleetId, after }: { fleetId: string; after: string },
): Promise<Round<string>> {
  const pending = (await journal.listPlaces(fleetId)).filter(({ status }) => status === 'pending');
  return roundOf(
    pending.map(({ placeId }) => placeId),
    after,
    (ids) => ids,
  );
}
