import pLimit from 'p-limit';
import type { JournalRuntime } from '../migration/runtime.ts';
import { timestamp } from '../model/clock.ts';
import type { FleetStatus } from '../model/fleet.ts';
import type { FleetEnding } from './judge-fleet.ts';
import { type FleetOutcome, fleetOutcome } from './outcome.ts';
import { isEnd } from './waves.ts';

/** Writes to the journal under way at once. */
const CONCURRENCY = 16;

/** How the state machine came to the end. */
export interface CloseFleetInput {
  readonly fleetId: string;
  readonly ending: FleetEnding;
  /** Why it was refused or halted; empty else. */
  readonly reason: string;
}

/** A fleet and how it stands. */
export interface FleetOutput {
  readonly fleetId: string;
  readonly status: FleetStatus;
}

/** Ends the fleet as its clusters ended. Clusters that were never begun are held. Ending twice is the same as once. */
export async function closeFleet(runtime: JournalRuntime, { fleetId, ending, reason }: CloseFleetInput): Promise<FleetOutput> {
  const { journal, clock } = runtime;
  const fleet = await journal.getFleet(fleetId);
  if (fleet.endedAt !== null) return { fleetId, status: fleet.status };
  if (ending !== 'planned') await holdUnbegun(runtime, fleetId, reason);
  const outcome = await outcomeOf(runtime, fleetId, ending, reason);
  await journal.updateFleet(fleetId, { ...outcome, endedAt: timestamp(clock) });
  return { fleetId, status: outcome.status };
}

async function outcomeOf({ journal }: JournalRuntime, fleetId: string, ending: FleetEnding, reason: string): Promise<FleetOutcome> {
  if (ending === 'planned') return { status: 'planned', reason };
  if (ending === 'refused') return { status: 'held', reason };
  return fleetOutcome(await journal.listMembers(fleetId), ending === 'halted' ? reason : '');
}

/** Nothing was done to a cluster that was planned and never begun. */
async function holdUnbegun({ journal }: JournalRuntime, fleetId: string, reason: string): Promise<void> {
  const limit = pLimit(CONCURRENCY);
  const unbegun = (await journal.listMembers(fleetId)).filter((member) => !isEnd(member) && member.startedAt.run === undefined);
  await Promise.all(unbegun.map(({ clusterArn }) => limit(() => journal.updateMember(fleetId, clusterArn, { status: 'held', reason }))));
}
