import { createHash } from 'node:crypto';
import type { FleetSpec, MemberRecord } from '../model/fleet.ts';
import { nearest } from '../model/text/nearest.ts';
import { canonicalJson } from '../plan/digest.ts';

/** Clusters of a fleet that are run side by side. */
export interface FleetWave {
  /** From 0, the canary's. */
  readonly wave: number;
  readonly members: readonly MemberRecord[];
}

/** Whether a cluster has come to its end. */
export function isEnd({ status }: Pick<MemberRecord, 'status'>): boolean {
  return status === 'migrated' || status === 'held' || status === 'rolled-back' || status === 'needs-operator';
}

/**
 * SHA-256 in hex over which clusters a fleet changes, by which plans, and in which order: what an approval names. Where a
 * cluster could not be planned, it is not part of it.
 */
export function fleetDigest(spec: FleetSpec, members: readonly MemberRecord[]): string {
  const { canary, waveSize, clustersPerPlace, failureThresholdPercent, failureThresholdCount } = spec;
  const order = { canary, waveSize, clustersPerPlace, failureThresholdPercent, failureThresholdCount };
  const plans = members.filter(({ digest }) => digest !== '').map(({ clusterArn, digest }) => `${clusterArn} ${digest}`);
  return createHash('sha256')
    .update(canonicalJson({ order, plans: plans.sort() }))
    .digest('hex');
}

/** The cluster that goes first, or why there is none. */
export type Canary = { readonly clusterArn: string } | { readonly refusal: string };

/**
 * Chooses the canary of clusters that are planned and have something to migrate: the named one, else one with the tag, else
 * the one with the least to migrate.
 */
export function chooseCanary(spec: FleetSpec, members: readonly MemberRecord[]): Canary {
  if (spec.canary !== null) {
    const named = members.filter(({ clusterArn, target }) => clusterArn === spec.canary || target.clusterName === spec.canary);
    const [only] = named;
    if (only === undefined) return { refusal: notThere(spec.canary, members) };
    if (named.length > 1) return { refusal: `${named.length} clusters are called ${spec.canary}: name the canary by its ARN` };
    return { clusterArn: only.clusterArn };
  }
  const [first] = members.toSorted((a, b) => Number(b.tagged) - Number(a.tagged) || bySize(a, b));
  return first === undefined ? { refusal: 'no cluster of the fleet has anything to migrate' } : { clusterArn: first.clusterArn };
}

function notThere(canary: string, members: readonly MemberRecord[]): string {
  const byArn = canary.startsWith('arn:');
  const meant = nearest(
    canary,
    members.map(({ clusterArn, target }) => (byArn ? clusterArn : target.clusterName)),
  );
  const question = meant === undefined ? '' : `; did you mean "${meant}"?`;
  return `the canary ${canary} is not among the clusters that have something to migrate${question}`;
}

/** Clusters that are planned and have something to migrate. */
export function changingMembers(members: readonly MemberRecord[]): MemberRecord[] {
  return members.filter(({ status, units }) => status === 'planned' && (units?.pending ?? 0) > 0);
}

/** The wave that is under way, or the next one; undefined where none is left. The canary is a wave of its own. */
export function nextWave(spec: FleetSpec, canary: string, members: readonly MemberRecord[]): FleetWave | undefined {
  const last = Math.max(-1, ...members.map(({ wave }) => wave ?? -1));
  const open = members.filter((member) => member.wave === last && !isEnd(member));
  if (open.length > 0) return { wave: last, members: open };
  const left = members.filter((member) => member.status === 'planned' && member.wave === null);
  const first = left.filter(({ clusterArn }) => clusterArn === canary);
  const next = first.length > 0 ? first : spread(spec, left);
  return next.length === 0 ? undefined : { wave: last + 1, members: next };
}

/** All waves that these clusters make, the canary's first. */
export function wavesOf(spec: FleetSpec, canary: string, members: readonly MemberRecord[]): FleetWave[] {
  const waves: FleetWave[] = [];
  for (let left = members; left.length > 0; ) {
    const next = nextWave(spec, canary, left);
    if (next === undefined) break;
    waves.push({ wave: waves.length, members: next.members });
    const taken = new Set(next.members);
    left = left.filter((member) => !taken.has(member));
  }
  return waves;
}

/** Small clusters first, and not too many of one account and region: they share its API rates. */
function spread(spec: FleetSpec, members: readonly MemberRecord[]): MemberRecord[] {
  const inPlace = new Map<string, number>();
  const taken: MemberRecord[] = [];
  for (const member of members.toSorted(bySize)) {
    const place = member.clusterArn.split(':').slice(3, 5).join(':');
    const number = inPlace.get(place) ?? 0;
    if (taken.length >= spec.waveSize || number >= spec.clustersPerPlace) continue;
    inPlace.set(place, number + 1);
    taken.push(member);
  }
  return taken;
}

function bySize(a: MemberRecord, b: MemberRecord): number {
  return (a.units?.pending ?? 0) - (b.units?.pending ?? 0) || (a.clusterArn < b.clusterArn ? -1 : 1);
}
