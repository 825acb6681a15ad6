import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';

/** A key of the journal's table: its two attributes, both strings (docs/decisions/0002-journal-layout.md). */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** The partition that lists all runs. */
export const RUNS = 'RUNS';

/** The partition that lists all fleets. */
export const FLEETS = 'FLEETS';

/** Everything of one run but its task token lies in one partition. */
export const runPartition = (runId: string): string => `RUN#${runId}`;

export const runKey = (runId: string): Key => ({ pk: runPartition(runId), sk: 'RUN' });
/** Sorts by the time of the start, then by id. */
export const runIndexKey = (startedAt: string, runId: string): Key => ({ pk: RUNS, sk: `${startedAt}#${runId}` });
/** The last number that was taken for an entry or a proof of the run. */
export const sequenceKey = (runId: string): Key => ({ pk: runPartition(runId), sk: 'SEQUENCE' });
/** Begins the keys of a run's units. */
export const UNITS = 'UNIT#';
export const unitKey = (runId: string, unitId: string): Key => ({ pk: runPartition(runId), sk: `${UNITS}${unitId}` });
/** Begins the keys of the plans of a run's units. */
export const UNIT_PLANS = 'PLAN#';
/** The plan of a unit, which never changes. */
export const planKey = (runId: string, unitId: string): Key => ({ pk: runPartition(runId), sk: `${UNIT_PLANS}${unitId}` });
export const roleKey = (runId: string, roleArn: string): Key => ({ pk: runPartition(runId), sk: `ROLE#${roleArn}` });
export const entryKey = (runId: string, key: string): Key => ({ pk: runPartition(runId), sk: `ENTRY#${key}` });
/** Evidence sorts by its number within the run. */
export const evidenceKey = (runId: string, sequence: number): Key => ({ pk: runPartition(runId), sk: `EVIDENCE#${padded(sequence)}` });
/** When pods of the run have their turn, at one of its paces. */
export const turnsKey = (runId: string, pace: string): Key => ({ pk: runPartition(runId), sk: `TURNS#${pace}` });
/** Who asked for the run, noted ahead of its start. */
export const requestKey = (runId: string): Key => ({ pk: runPartition(runId), sk: 'REQUEST' });
/** Who carries the run: an execution on its way forward, or one that takes it back. */
export const executionKey = (runId: string): Key => ({ pk: runPartition(runId), sk: 'EXECUTION' });
/** What a scan found changed; at most one of a run. */
export const driftKey = (runId: string): Key => ({ pk: runPartition(runId), sk: 'DRIFT' });
/** The last scan of a cluster in one scope: scans of different scopes see different things. */
export const scanKey = (clusterArn: string, scope: string): Key => ({ pk: `SCAN#${clusterArn}`, sk: scope });
export const documentKey = (runId: string, name: string): Key => ({ pk: runPartition(runId), sk: `DOCUMENT#${name}` });
export const chunkPrefix = (name: string, digest: string): string => `CHUNK#${name}#${digest}#`;
export const chunkKey = (runId: string, name: string, digest: string, index: number): Key => ({
  pk: runPartition(runId),
  sk: `${chunkPrefix(name, digest)}${padded(index)}`,
});
/** Everything of one fleet but its runs lies in one partition. */
export const fleetPartition = (fleetId: string): string => `FLEET#${fleetId}`;
export const fleetKey = (fleetId: string): Key => ({ pk: fleetPartition(fleetId), sk: 'FLEET' });
export const fleetIndexKey = (startedAt: string, fleetId: string): Key => ({ pk: FLEETS, sk: `${startedAt}#${fleetId}` });
export const placeKey = (fleetId: string, placeId: string): Key => ({ pk: fleetPartition(fleetId), sk: `PLACE#${placeId}` });
export const memberKey = (fleetId: string, clusterArn: string): Key => ({ pk: fleetPartition(fleetId), sk: `MEMBER#${clusterArn}` });
export const lockKey = (clusterArn: string): Key => ({ pk: `LOCK#${clusterArn}`, sk: 'LOCK' });
/** Begins the keys of the runs that have held a cluster's lock. */
export const LOCK_HOLDERS = 'RUN#';
export const lockHolderKey = (clusterArn: string, runId: string): Key => ({ pk: `LOCK#${clusterArn}`, sk: `${LOCK_HOLDERS}${runId}` });
export const leaseKey = (roleArn: string): Key => ({ pk: `LEASE#${roleArn}`, sk: 'LEASE' });
/** How fast requests of one pacing key may go, for all processes together. */
export const rateKey = (key: string): Key => ({ pk: `RATE#${key}`, sk: 'RATE' });
export const claimKeyOf = (key: string): Key => ({ pk: `KEY#${key}`, sk: 'KEY' });
/** Apart from the run's partition, so that no query of a run can return it. */
export const tokenKey = (runId: string): Key => ({ pk: `TOKEN#${runId}`, sk: 'TOKEN' });

function padded(number: number): string {
  return String(number).padStart(10, '0');
}

/** The most bytes in one chunk: an item of DynamoDB holds 400 KB with its keys and attribute names (DynamoDB, "Quotas"). */
const CHUNK_BYTES = 380_000;

/** A document packed for the table: gzip'd JSON in chunks. `digest` is that of the packed bytes. */
export interface PackedDocument {
  readonly digest: string;
  readonly chunks: readonly Uint8Array[];
}

/** Packs any JSON value. Equal values give equal digests. */
export function packDocument(value: unknown): PackedDocument {
  const packed = gzipSync(JSON.stringify(value));
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < packed.length; start += CHUNK_BYTES) {
    chunks.push(packed.subarray(start, start + CHUNK_BYTES));
  }
  return { digest: createHash('sha256').update(packed).digest('hex').slice(0, 16), chunks };
}

/** The value that {@link packDocument} packed. */
export function unpackDocument(chunks: readonly Uint8Array[]): unknown {
  return JSON.parse(gunzipSync(Buffer.concat(chunks)).toString('utf8'));
}
