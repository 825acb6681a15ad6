import type { Clock } from '../model/clock.ts';
import { type ErrorName, PodshiftError } from '../model/errors.ts';
import type { Journal } from './journal.ts';
import { type Key, LOCK_HOLDERS, leaseKey, lockHolderKey, lockKey } from './layout.ts';
import { ABSENT, type Condition, type Table } from './table.ts';

/** The journal's part that keeps others out: a lock for each cluster, a lease for each role's trust policy. */
type Locks = Pick<Journal, 'acquireLock' | 'lockHolders' | 'extendLock' | 'releaseLock' | 'acquireLease' | 'releaseLease'>;

/** Locks as single items with an owner and an end; who finds the end past by `clock` takes the item over. */
export function createLocks(table: Table, clock: Clock): Locks {
  const acquire = async (key: Key, owner: string, seconds: number, refusal: ErrorName, what: string): Promise<void> => {
    const item = { ...key, owner, expiresAt: clock.now() + seconds * 1000 };
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
        throw new PodshiftError(refusal, `${what} is held by ${holder?.owner ?? 'another run'}${until}`, {
          details: holder === undefined ? {} : { owner: holder.owner, expiresAt: holder.expiresAt },
        });
      }
    }
  };
  const release = async (key: Key, owner: string): Promise<void> => {
    await table.remove(key, { kind: 'equals', attribute: 'owner', value: owner });
  };
  return {
    acquireLock: async (clusterArn, runId, seconds) => {
      await acquire(lockKey(clusterArn), runId, seconds, 'ClusterLocked', `cluster ${clusterArn}`);
      await table.put({ ...lockHolderKey(clusterArn, runId), runId });
    },
    lockHolders: async (clusterArn) => (await table.query(lockKey(clusterArn).pk, LOCK_HOLDERS)).map(({ runId }) => String(runId)),
    extendLock: async (clusterArn, runId, seconds) => {
      const item = await table.update(
        lockKey(clusterArn),
        { set: [[['expiresAt'], clock.now() + seconds * 1000]] },
        { kind: 'equals', attribute: 'owner', value: runId },
      );
      if (item === undefined) {
        throw new PodshiftError('LockLost', `run ${runId} no longer holds the lock on cluster ${clusterArn}`);
      }
    },
    releaseLock: (clusterArn, runId) => release(lockKey(clusterArn), runId),
    acquireLease: (roleArn, owner, seconds) => acquire(leaseKey(roleArn), owner, seconds, 'LeaseHeld', `the trust policy of ${roleArn}`),
    releaseLease: (roleArn, owner) => release(leaseKey(roleArn), owner),
  };
}
