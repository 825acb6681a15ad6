import type { Cluster } from '../aws/gateways.ts';
import { CANARY_TAG, type FleetSpec, type MemberRecord, OWN_ACCOUNT, type PlaceRecord } from '../model/fleet.ts';
import type { ClusterTarget } from '../model/run.ts';
import { globMatches } from '../trust/glob.ts';

/** The most accounts and regions, multiplied, that one fleet looks at. */
export const MOST_PLACES = 10_000;

/** Every account and region of a fleet, each once. */
export function placesOf(fleetId: string, spec: FleetSpec): PlaceRecord[] {
  return [...new Set(spec.accounts)].flatMap((account) =>
    [...new Set(spec.regions)].map((region) => ({
      fleetId,
      placeId: `${account}/${region}`,
      account,
      region,
      status: 'pending' as const,
      reason: '',
      clusters: 0,
    })),
  );
}

/** How a cluster of a place is reached: by the member's role, but in podshift's own account. */
export function targetOf(
  spec: FleetSpec,
  { account, region }: Pick<PlaceRecord, 'account' | 'region'>,
  clusterName: string,
): ClusterTarget {
  if (account === OWN_ACCOUNT) return { clusterName, region, assumeRoleArn: null };
  const assumeRoleArn = `arn:${partitionOf(region)}:iam::${account}:role/${spec.memberRole}`;
  return { clusterName, region, assumeRoleArn, ...(spec.externalId === null ? {} : { externalId: spec.externalId }) };
}

/** AWS General Reference, "Amazon Resource Names": each partition's regions have a prefix of their own. */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** Whether a cluster's name is one of those that the fleet takes in. */
export function isNamed({ clusters }: FleetSpec, name: string): boolean {
  return clusters.names.some((pattern) => globMatches(pattern, name)) && !clusters.exclude.some((pattern) => globMatches(pattern, name));
}

/** Whether a cluster has every tag that the fleet asks for. */
export function hasTags({ clusters }: FleetSpec, tags: Cluster['tags']): boolean {
  return Object.entries(clusters.tags).every(([key, pattern]) => {
    const value = tags[key];
    return value !== undefined && globMatches(pattern, value);
  });
}

/** A cluster as the fleet begins with it. */
export function memberOf(fleetId: string, target: ClusterTarget, cluster: Pick<Cluster, 'arn' | 'tags'>): MemberRecord {
  return {
    fleetId,
    clusterArn: cluster.arn,
    target,
    tagged: cluster.tags[CANARY_TAG] === 'true',
    status: 'pending',
    reason: '',
    digest: '',
    units: null,
    wave: null,
    startedAt: {},
  };
}
