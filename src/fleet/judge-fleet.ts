import pLimit from 'p-limit';
import type { JournalRuntime } from '../migration/runtime.ts';
import type { FleetPhase, FleetRecord, MemberRecord } from '../model/fleet.ts';
import { clusterRunId } from '../model/fleet.ts';
import { isDigestOf } from '../plan/digest.ts';
import { haltOf } from './outcome.ts';
import { changingMembers, chooseCanary, fleetDigest, isEnd, nextWave, wavesOf } from './waves.ts';

/** Clusters that are planned side by side: reading is cheap, but all of one account share its API rates. */
const PLANNED_AT_ONCE = 40;

/** The most waves of a fleet: each is 11 events of its execution's history, which holds 25,000. */
const MOST_WAVES = 1000;

/** Writes to the journal under way at once. */
const CONCURRENCY = 16;

/** What the fleet has just done: the clusters of the last round, none at first. */
export interface JudgeFleetInput {
  readonly fleetId: string;
  readonly phase: FleetPhase;
  readonly items: readonly string[];
}

/** What follows: another round over these clusters, or the fleet's end. */
export interface JudgeFleetOutput {
  readonly status: 'round' | 'close';
  readonly phase: FleetPhase;
  /** ARNs of clusters. */
  readonly items: readonly string[];
  readonly ending: FleetEnding;
  readonly reason: string;
}

/** `planned`: only a plan was asked for; `refused`: it is another one than was approved, or cannot be carried out; `halted`: too much failed; `finished`: else. */
export type FleetEnding = 'planned' | 'refused' | 'halted' | 'finished';

/**
 * Decides what a fleet does next: plan every cluster first; then, unless a plan is all that was asked for or it is not the
 * approved one, the canary; then wave after wave, until too much has failed or nothing is left.
 */
export async function judgeFleet(runtime: JournalRuntime, input: JudgeFleetInput): Promise<JudgeFleetOutput> {
  const { journal } = runtime;
  const fleet = await journal.getFleet(input.fleetId);
  await settleLost(runtime, input);
  const members = await journal.listMembers(fleet.fleetId);
  const unplanned = members.filter(({ status }) => status === 'pending' || status === 'planning');
  if (unplanned.length > 0) return round('plan', unplanned.slice(0, PLANNED_AT_ONCE));
  // Where the canary is chosen, the plans were rated before.
  const closing = fleet.canary === '' ? await ratePlans(runtime, fleet, members) : undefined;
  return closing ?? nextRound(runtime, fleet.fleetId);
}

/** Chooses the canary of the planned clusters and notes the fleet's digest; or says why it goes no further. */
async function ratePlans(
  { journal }: JournalRuntime,
  fleet: FleetRecord,
  members: readonly MemberRecord[],
): Promise<JudgeFleetOutput | undefined> {
  const { fleetId, spec, mode, expectedDigest } = fleet;
  const digest = fleetDigest(spec, members);
  const changing = changingMembers(members);
  const chosen = chooseCanary(spec, changing);
  await journal.updateFleet(fleetId, { digest, canary: 'clusterArn' in chosen ? chosen.clusterArn : '' });
  if (mode === 'plan') return close('planned', '');
  if (expectedDigest !== null && !isDigestOf(expectedDigest, digest)) {
    return close('refused', `the clusters or their roles changed: the fleet's plan is ${digest} now, not ${expectedDigest}`);
  }
  await settleFinished(journal, members);
  if (changing.length === 0) return close('finished', '');
  if ('refusal' in chosen) return close('refused', chosen.refusal);
  const waves = wavesOf(spec, chosen.clusterArn, changing).length;
  return waves > MOST_WAVES ? close('refused', tooMany(waves)) : undefined;
}

function tooMany(waves: number): string {
  return `the fleet would take ${waves} waves, and one execution has room for ${MOST_WAVES}: raise waveSize or clustersPerPlace`;
}

async function nextRound({ journal }: JournalRuntime, fleetId: string): Promise<JudgeFleetOutput> {
  const { spec, canary } = await journal.getFleet(fleetId);
  const members = await journal.listMembers(fleetId);
  const halted = haltOf(spec, canary, members);
  if (halted !== '') {
    await journal.updateFleet(fleetId, { halted });
    return close('halted', halted);
  }
  const next = nextWave(spec, canary, members);
  if (next === undefined) return close('finished', '');
  await all(next.members, (member) => journal.updateMember(fleetId, member.clusterArn, { wave: next.wave }));
  return round('run', next.members);
}

/** Clusters whose round is over without an end: not even the journal could be reached for them. */
async function settleLost({ journal }: JournalRuntime, { fleetId, phase, items }: JudgeFleetInput): Promise<void> {
  await all(items, async (clusterArn) => {
    const { status } = await journal.getMember(fleetId, clusterArn);
    if (phase === 'plan' && (status === 'pending' || status === 'planning')) {
      await journal.updateMember(fleetId, clusterArn, { status: 'held', reason: 'it could not be planned: its steps failed' });
    } else if (phase === 'run' && !isEnd({ status })) {
      const reason = `look at run ${clusterRunId(fleetId, clusterArn, phase)}: the fleet lost sight of it`;
      await journal.updateMember(fleetId, clusterArn, { status: 'needs-operator', reason });
    }
  });
}

/** Clusters with nothing left to migrate need no run. */
async function settleFinished(journal: JournalRuntime['journal'], members: readonly MemberRecord[]): Promise<void> {
  const finished = members.filter(({ status, units }) => status === 'planned' && units?.pending === 0);
  await all(finished, ({ fleetId, clusterArn, units }) =>
    (units?.migrated ?? 0) > 0
      ? journal.updateMember(fleetId, clusterArn, { status: 'migrated', reason: 'nothing is left to migrate' })
      : journal.updateMember(fleetId, clusterArn, { status: 'held', reason: 'there is nothing to migrate' }),
  );
}

async function all<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const limit = pLimit(CONCURRENCY);
  await Promise.all(items.map((item) => limit(() => work(item))));
}

function round(phase: FleetPhase, members: readonly MemberRecord[]): JudgeFleetOutput {
  return { status: 'round', phase, items: members.map(({ clusterArn }) => clusterArn), ending: 'finished', reason: '' };
}

function close(ending: FleetEnding, reason: string): JudgeFleetOutput {
  return { status: 'close', phase: 'run', items: [], ending, reason };
}
