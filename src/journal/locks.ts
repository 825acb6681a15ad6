import type { Clock } from '../model/clock.ts';
import { type ErrorName, PodshiftError } from '../model/errors.ts';
import type { Journal } from './journal.ts';
import { type Key, LOCK_HOLDERS, leaseKey, lockHolderKey, lockKey } from './layout.ts';
import { ABSENT, type Condition, changesOf, type Table } from './table.ts';

/** The journal's part that keeps others out: a lock for each cluster, a lease for each role's trust policy. */
type Locks = Pick<
  Journal,
  'acquireLock' | 'lockOf' | 'lockHolders' | 'extendLock' | 'holdLock' | 'releaseLock' | 'acquireLease' | 'releaseLease'
>;

/** What a lock gets at most beyond what was asked for: half of what a step holds it for (write.ts), so that it is written once a third of its time has passed. */
const SLACK_SECONDS = 450;
/** How often a step compares and writes the lock, while others of its run do. */
const MOST_TRIES = 20;

/** Tells one writing of a lock from every other. */
function stampOf(owner: string, expiresAt: number): string {
  return `${owner} ${expiresAt}`;
}

/** Locks as single items with an owner and an end; who finds the end past by `clock` takes the item over. */
export function createLocks(table: Table, clock: Clock): Locks {
  const acquire = async (key: Key, owner: string, seconds: number, refusal: ErrorName, what: string): Promise<void> => {
    const expiresAt = clock.now() + seconds * 1000;
    const item = { ...key, owner, expiresAt, renewedAt: clock.now(), stamp: stampOf(owner, expiresAt) };
    const free: Condition = {
      kind: 'any',
      of: [ABSENT, { kind: 'equals', attribute: 'owner', value: owner }, { kind: 'at-most', attribute: 'expiresAt', value: clock.now() }],
    };
    // A second try for a holder that let go between the refusal and the look.
    for (let attempt = 1; ; attempt += 1) {
      if (await table.put(item, free)) {
        return;
      }
      const holder = await table.get(key);
      if (holder !== undefined || attempt === 2) {
        const until = holder === undefined ? '' : ` until ${new Date(holder.expiresAt as number).toISOString()}`;
        throw new PodshiftError(refusal, `${what} is locked by ${holder?.owner ?? 'another run'}${until}`, {
          details: holder === undefined ? {} : { owner: holder.owner, expiresAt: holder.expiresAt },
        });
      }
    }
  };
  const hold = async (clusterArn: string, runId: string, seconds: number): Promise<void> => {
    // Steps of many units hold it at once, each for its own wait: the longest counts, so each write compares what it read.
    for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
      const item = await table.get(lockKey(clusterArn));
      const wanted = clock.now() + seconds * 1000;
      if (item === undefined || item.owner !== runId) {
        try {
          await acquire(lockKey(clusterArn), runId, seconds, 'LockLost', `cluster ${clusterArn}`);
          return;
        } catch (error) {
          if (!(error instanceof PodshiftError) || error.name !== 'LockLost') throw error;
          throw new PodshiftError('LockLost', `run ${runId} has no longer the lock: ${error.message}`, { details: error.details });
        }
      }
      const until = Number(item.expiresAt);
      if (until >= wanted) return;
      const expiresAt = wanted + Math.min(seconds, SLACK_SECONDS) * 1000;
      const seen: Condition =
        typeof item.stamp === 'string'
          ? { kind: 'equals', attribute: 'stamp', value: item.stamp }
          : { kind: 'equals', attribute: 'owner', value: runId };
      const set = changesOf({ expiresAt, renewedAt: clock.now(), stamp: stampOf(runId, expiresAt) });
      if ((await table.update(lockKey(clusterArn), { set }, seen)) !== undefined) return;
    }
    throw new PodshiftError('ServiceUnavailable', `the lock on cluster ${clusterArn} is written by too many steps of run ${runId} at once`);
  };
  const release = async (key: Key, owner: string): Promise<void> => {
    await table.remove(key, { kind: 'equals', attribute: 'owner', value: owner });
  };
  return {
    acquireLock: async (clusterArn, runId, seconds) => {
      const isOwn = (await table.get(lockKey(clusterArn)))?.owner === runId;
      if (isOwn) await hold(clusterArn, runId, seconds);
      else await acquire(lockKey(clusterArn), runId, seconds, 'ClusterLocked', `cluster ${clusterArn}`);
      await table.put({ ...lockHolderKey(clusterArn, runId), runId, takenAt: clock.now() });
    },
    lockOf: async (clusterArn) => {
      const item = await table.get(lockKey(clusterArn));
      if (item === undefined) return undefined;
      const { owner, expiresAt, renewedAt } = item;
      return { runId: String(owner), expiresAt: Number(expiresAt), ...(typeof renewedAt === 'number' ? { renewedAt } : {}) };
    },
    lockHolders: async (clusterArn, since = 0) =>
      (await table.query(lockKey(clusterArn).pk, LOCK_HOLDERS))
        // Older versions did not note when it was taken.
        .filter(({ takenAt }) => typeof takenAt !== 'number' || takenAt >= since)
        .map(({ runId }) => String(runId)),
    extendLock: async (clusterArn, runId, seconds) => {
      const expiresAt = clock.now() + seconds * 1000;
      const item = await table.update(
        lockKey(clusterArn),
        { set: changesOf({ expiresAt, renewedAt: clock.now(), stamp: stampOf(runId, expiresAt) }) },
        { kind: 'equals', attribute: 'owner', value: runId },
      );
      if (item === undefined) {
        throw new PodshiftError('LockLost', `run ${runId} has no longer the lock on cluster ${clusterArn}`);
      }
    },
    holdLock: hold,
    releaseLock: (clusterArn, runId) => release(lockKey(clusterArn), runId),
    acquireLease: (roleArn, owner, seconds) => acquire(leaseKey(roleArn), owner, seconds, 'LeaseHeld', `the trust policy of ${roleArn}`),
    releaseLease: (roleArn, owner) => release(leaseKey(roleArn), owner),
  };
}
