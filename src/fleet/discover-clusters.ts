import type { Cluster } from '../aws/gateways.ts';
import type { JournalRuntime, Runtime } from '../migration/runtime.ts';
import { type Failure, reasonOf } from '../migration/trust/grant-trust.ts';
import { ERRORS, type ErrorName, isPodshiftError } from '../model/errors.ts';
import { isWithin } from './limits.ts';
import { hasTags, isNamed, memberOf, targetOf } from './places.ts';

/** A place of a fleet. */
export interface PlaceInput {
  readonly fleetId: string;
  readonly placeId: string;
}

/**
 * Notes the clusters of one account and region that the fleet takes in. Throws what refuses: `MemberRoleRefused`,
 * `AccessDenied`, `CredentialsMissing` and the like; then nothing of this place is noted.
 */
export async function discoverClusters(runtime: Runtime, { fleetId, placeId }: PlaceInput): Promise<{ clusters: number }> {
  const { journal } = runtime;
  const { spec } = await journal.getFleet(fleetId);
  const place = await journal.getPlace(fleetId, placeId);
  const names = await runtime.aws(targetOf(spec, place, '')).eks.listClusters();
  const members = [];
  // One by one: it is one queue of requests, however many ask.
  for (const name of names.filter((candidate) => isNamed(spec, candidate))) {
    const target = targetOf(spec, place, name);
    if (!isWithin(runtime, target)) continue;
    const cluster = await described(() => runtime.aws(target).eks.describeCluster());
    if (cluster !== undefined && hasTags(spec, cluster.tags)) members.push(memberOf(fleetId, target, cluster));
  }
  await journal.putMembers(members);
  await journal.updatePlace(fleetId, placeId, { status: 'discovered', clusters: members.length });
  return { clusters: members.length };
}

/** Undefined for a cluster that is gone since the list. */
async function described(describe: () => Promise<Cluster>): Promise<Cluster | undefined> {
  try {
    return await describe();
  } catch (error) {
    if (isPodshiftError(error, 'ClusterNotFound')) return undefined;
    throw error;
  }
}

/** Notes why nothing could be read of a place. The fleet goes on with the others. */
export async function refusePlace(
  { journal }: JournalRuntime,
  input: PlaceInput & { readonly failure: Failure },
): Promise<{ placeId: string }> {
  const { fleetId, placeId, failure } = input;
  const remedy = Object.hasOwn(ERRORS, failure.Error) ? `. ${ERRORS[failure.Error as ErrorName].remedy}` : '';
  await journal.updatePlace(fleetId, placeId, { status: 'refused', reason: `${reasonOf(failure)}${remedy}` });
  return { placeId };
}
