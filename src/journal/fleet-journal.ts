import type { FleetRecord, MemberRecord, PlaceRecord } from '../model/fleet.ts';

/** The journal's part that keeps fleets. Reads of a fleet throw `FleetNotFound` and `JournalTooNew`. */
export interface FleetJournal {
  /** Creates the fleet, or returns the one that exists under this id (a step that runs twice). */
  createFleet(
    fleet: Pick<FleetRecord, 'fleetId' | 'mode' | 'approval' | 'expectedDigest' | 'spec'> & { startedAt: string },
  ): Promise<FleetRecord>;
  getFleet(fleetId: string): Promise<FleetRecord>;
  updateFleet(
    fleetId: string,
    changes: Partial<Pick<FleetRecord, 'status' | 'reason' | 'halted' | 'digest' | 'canary' | 'endedAt'>>,
  ): Promise<FleetRecord>;
  /** Newest first. */
  listFleets(): Promise<FleetRecord[]>;

  /** Creates places that are not there yet; those that are there stay as they are. */
  putPlaces(places: readonly PlaceRecord[]): Promise<void>;
  /** Throws `NotFound`. */
  getPlace(fleetId: string, placeId: string): Promise<PlaceRecord>;
  listPlaces(fleetId: string): Promise<PlaceRecord[]>;
  updatePlace(
    fleetId: string,
    placeId: string,
    changes: Partial<Pick<PlaceRecord, 'status' | 'reason' | 'clusters'>>,
  ): Promise<PlaceRecord>;

  /** Creates clusters that are not there yet; those that are there stay as they are. */
  putMembers(members: readonly MemberRecord[]): Promise<void>;
  /** Throws `NotFound`. */
  getMember(fleetId: string, clusterArn: string): Promise<MemberRecord>;
  /** In the order of their ARNs. */
  listMembers(fleetId: string): Promise<MemberRecord[]>;
  /** `startedAt` keeps its first value for each phase. */
  updateMember(
    fleetId: string,
    clusterArn: string,
    changes: Partial<Pick<MemberRecord, 'status' | 'reason' | 'digest' | 'units' | 'wave' | 'startedAt'>>,
  ): Promise<MemberRecord>;
}
