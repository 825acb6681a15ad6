import { describe, expect, type TestFunction } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { CLUSTER, ROLE } from './journal-records.ts';

/** What one has and others have not: locks, leases, answers to task tokens, keys. `pass` lets the journal's time go on. */
export function describeHolding(suite: {
  readonly behaviour: (title: string, run: TestFunction) => void;
  readonly journal: () => Journal;
  readonly runId: () => string;
  readonly now: () => number;
  readonly pass: (milliseconds: number) => void;
}): void {
  const { behaviour, journal, runId, now, pass } = suite;
  describe('a change of a run that has to stand so', () => {
    const end = (status: 'migrated' | 'held') => journal().updateRun(runId(), { status, endedAt: 't' }, ['pending', 'running']);

    behaviour('is made where it does, once and again', async () => {
      expect(await end('migrated')).toMatchObject({ status: 'migrated', endedAt: 't' });
      // Asked for again because its reply was lost.
      expect(await end('migrated')).toMatchObject({ status: 'migrated', endedAt: 't' });
      await expect(end('held')).rejects.toMatchObject({ name: 'LockLost', message: expect.stringContaining('migrated') });
    });

    behaviour('is refused where it does not, and changes nothing', async () => {
      await journal().updateRun(runId(), { status: 'rolling-back' });
      await expect(end('migrated')).rejects.toMatchObject({ name: 'LockLost', message: expect.stringContaining('rolling-back') });
      expect(await journal().getRun(runId())).toMatchObject({ status: 'rolling-back', endedAt: null });
      await expect(journal().updateRun('none', { status: 'held' }, ['running'])).rejects.toMatchObject({ name: 'RunNotFound' });
    });
  });

  describe('the lock on a cluster', () => {
    const cluster = () => `${CLUSTER}-${runId()}`;

    behaviour('keeps others out until it ends, then is taken over', async () => {
      await journal().acquireLock(cluster(), 'r1', 60);
      const until = new Date(now() + 60_000).toISOString();
      await expect(journal().acquireLock(cluster(), 'r2', 60)).rejects.toMatchObject({
        name: 'ClusterLocked',
        message: expect.stringContaining(until),
      });
      pass(59_999);
      await expect(journal().acquireLock(cluster(), 'r2', 60)).rejects.toMatchObject({ name: 'ClusterLocked' });
      pass(1);
      await journal().acquireLock(cluster(), 'r2', 60);
      await expect(journal().extendLock(cluster(), 'r1', 60)).rejects.toMatchObject({ name: 'LockLost' });
      await journal().releaseLock(cluster(), 'r1');
      await expect(journal().acquireLock(cluster(), 'r1', 60)).rejects.toMatchObject({ name: 'ClusterLocked' });
    });

    behaviour('says who has it, until when, and when that one gave the last sign of life', async () => {
      expect(await journal().lockOf(cluster())).toBeUndefined();
      const start = now();
      await journal().acquireLock(cluster(), 'r1', 60);
      expect(await journal().lockOf(cluster())).toEqual({ runId: 'r1', expiresAt: start + 60_000, renewedAt: start });
      pass(10_000);
      await journal().extendLock(cluster(), 'r1', 60);
      expect(await journal().lockOf(cluster())).toEqual({ runId: 'r1', expiresAt: start + 70_000, renewedAt: start + 10_000 });
      pass(30_000);
      await journal().holdLock(cluster(), 'r1', 120);
      expect(await journal().lockOf(cluster())).toMatchObject({ runId: 'r1', renewedAt: start + 40_000 });
      await journal().releaseLock(cluster(), 'r1');
      expect(await journal().lockOf(cluster())).toBeUndefined();
    });

    behaviour('knows the runs that have held it, each once, and no other', async () => {
      expect(await journal().lockHolders(cluster())).toEqual([]);
      await journal().acquireLock(cluster(), 'r2', 60);
      await journal().acquireLock(cluster(), 'r2', 60);
      await expect(journal().acquireLock(cluster(), 'r3', 60)).rejects.toMatchObject({ name: 'ClusterLocked' });
      await journal().releaseLock(cluster(), 'r2');
      await journal().acquireLock(cluster(), 'r1', 60);
      expect(await journal().lockHolders(cluster())).toEqual(['r1', 'r2']);
    });

    behaviour('leaves out of its holders those that took it for the last time before a moment', async () => {
      await journal().acquireLock(cluster(), 'r1', 60);
      await journal().acquireLock(cluster(), 'r1', 60);
      await journal().releaseLock(cluster(), 'r1');
      pass(1000);
      const since = now();
      expect(await journal().lockHolders(cluster(), since)).toEqual([]);
      await journal().acquireLock(cluster(), 'r2', 60);
      await journal().releaseLock(cluster(), 'r2');
      expect(await journal().lockHolders(cluster(), since)).toEqual(['r2']);
      await journal().acquireLock(cluster(), 'r1', 60);
      expect(await journal().lockHolders(cluster(), since)).toEqual(['r1', 'r2']);
    });

    behaviour('is extended by its holder, even after its end while nobody took it', async () => {
      await journal().acquireLock(cluster(), 'r1', 60);
      await journal().acquireLock(cluster(), 'r1', 120);
      pass(119_000);
      await journal().extendLock(cluster(), 'r1', 60);
      pass(59_000);
      await expect(journal().acquireLock(cluster(), 'r2', 60)).rejects.toMatchObject({ name: 'ClusterLocked' });
      pass(10_000);
      await journal().extendLock(cluster(), 'r1', 60);
    });

    behaviour('is held for the longest that any step asked for, and taken again where it is free', async () => {
      await journal().holdLock(cluster(), 'r1', 600);
      await journal().holdLock(cluster(), 'r1', 60);
      await journal().acquireLock(cluster(), 'r1', 60);
      pass(599_000);
      await expect(journal().acquireLock(cluster(), 'r2', 60)).rejects.toMatchObject({ name: 'ClusterLocked' });
      await Promise.all([900, 60, 300].map((seconds) => journal().holdLock(cluster(), 'r1', seconds)));
      pass(899_000);
      await expect(journal().holdLock(cluster(), 'r2', 60)).rejects.toMatchObject({
        name: 'LockLost',
        message: expect.stringContaining('r1'),
        details: { owner: 'r1' },
      });
      await journal().releaseLock(cluster(), 'r1');
      await journal().holdLock(cluster(), 'r2', 60);
      await expect(journal().acquireLock(cluster(), 'r1', 60)).rejects.toMatchObject({ name: 'ClusterLocked' });
    });

    behaviour('is free once its holder lets go, and cannot be extended then', async () => {
      await journal().acquireLock(cluster(), 'r1', 60);
      await journal().releaseLock(cluster(), 'r1');
      await journal().releaseLock(cluster(), 'r1');
      await expect(journal().extendLock(cluster(), 'r1', 60)).rejects.toMatchObject({ name: 'LockLost' });
      await journal().acquireLock(cluster(), 'r2', 60);
    });

    behaviour('goes to one of many who ask at once', async () => {
      const tries = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => journal().acquireLock(cluster(), `r${index}`, 60)));
      expect(tries.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    });
  });

  behaviour('leases a role to one owner at a time', async () => {
    const arn = `${ROLE}-${runId()}`;
    await journal().acquireLease(arn, 'a', 30);
    await journal().acquireLease(arn, 'a', 30);
    await expect(journal().acquireLease(arn, 'b', 30)).rejects.toMatchObject({ name: 'LeaseHeld' });
    await journal().releaseLease(arn, 'b');
    await expect(journal().acquireLease(arn, 'b', 30)).rejects.toMatchObject({ name: 'LeaseHeld' });
    await journal().releaseLease(arn, 'a');
    await journal().acquireLease(arn, 'b', 30);
    pass(30_000);
    await journal().acquireLease(arn, 'a', 30);
  });

  describe('a task token', () => {
    const answer = (by: string, decision: 'approve' | 'refuse' = 'approve') => ({
      decision,
      digest: 'd',
      by,
      at: '2025-01-01T00:00:00.000Z',
      requestId: `request of ${by}`,
    });

    behaviour('is given to those who answer it, and the first of many answers stays', async () => {
      expect(await journal().answerTaskToken(runId(), answer('early'))).toBeUndefined();
      expect(await journal().getTaskAnswer(runId())).toBeUndefined();
      await journal().putTaskToken(runId(), 'secret');
      expect(await journal().getTaskAnswer(runId())).toBeUndefined();
      const noted = await Promise.all(['a', 'b', 'c'].map((by) => journal().answerTaskToken(runId(), answer(by))));
      expect(new Set(noted.map((one) => one?.token))).toEqual(new Set(['secret']));
      expect(new Set(noted.map((one) => one?.answer.by)).size).toBe(1);
      const again = await journal().answerTaskToken(runId(), answer('late', 'refuse'));
      expect(again).toEqual(noted[0]);
      expect(await journal().getTaskAnswer(runId())).toEqual(noted[0]?.answer);
    });

    behaviour('takes the place of an older one and of its answer', async () => {
      await journal().putTaskToken(runId(), 'old');
      await journal().answerTaskToken(runId(), answer('a'));
      await journal().putTaskToken(runId(), 'new');
      expect(await journal().getTaskAnswer(runId())).toBeUndefined();
      expect(await journal().answerTaskToken(runId(), answer('b'))).toEqual({ token: 'new', answer: answer('b') });
    });

    behaviour('is forgotten with its answer', async () => {
      await journal().putTaskToken(runId(), 'secret');
      await journal().answerTaskToken(runId(), answer('a'));
      await journal().forgetTaskToken(runId());
      await journal().forgetTaskToken(runId());
      expect(await journal().answerTaskToken(runId(), answer('b'))).toBeUndefined();
      expect(await journal().getTaskAnswer(runId())).toBeUndefined();
    });
  });

  behaviour('gives a key to the first of many who claim it', async () => {
    const key = `key of ${runId()}`;
    const claims = await Promise.all([1, 2, 3].map((n) => journal().claimKey(key, { runId: `r${n}`, fingerprint: `f${n}` })));
    expect(new Set(claims.map((claim) => JSON.stringify(claim))).size).toBe(1);
    expect(await journal().claimKey(key, { runId: 'late', fingerprint: 'other' })).toEqual(claims[0]);
    expect(await journal().claimKey(`another ${key}`, { runId: 'r9', fingerprint: 'f' })).toEqual({ runId: 'r9', fingerprint: 'f' });
  });

  describe('the claim to take a run back', () => {
    behaviour('is granted once for the execution that carries the run forward, and to its claimant again', async () => {
      await journal().noteExecution(runId(), 'forward-1', 'unheld');
      expect(await journal().claimRollback(runId(), 'back-1', 'forward-1')).toBe(true);
      expect(await journal().claimRollback(runId(), 'back-1', 'forward-1')).toBe(true);
      expect(await journal().claimRollback(runId(), 'back-2', 'forward-1')).toBe(false);
    });

    behaviour('is refused for an execution that never carried the run, or no longer does', async () => {
      expect(await journal().claimRollback(runId(), 'back-1', 'forward-1')).toBe(false);
      await journal().noteExecution(runId(), 'forward-1', 'unheld');
      await journal().noteExecution(runId(), 'forward-2', 'unheld');
      expect(await journal().claimRollback(runId(), 'back-2', 'forward-2')).toBe(false);
      await journal().noteExecution(runId(), 'forward-2', 'always');
      expect(await journal().claimRollback(runId(), 'back-1', 'forward-1')).toBe(false);
      expect(await journal().claimRollback(runId(), 'back-2', 'forward-2')).toBe(true);
    });

    behaviour('is granted to who names no execution, and leaves nothing to claim', async () => {
      await journal().noteExecution(runId(), 'forward-1', 'unheld');
      expect(await journal().claimRollback(runId(), 'back-1', null)).toBe(true);
      expect(await journal().claimRollback(runId(), 'back-2', 'forward-1')).toBe(false);
    });

    behaviour('goes to one of many who ask at once', async () => {
      await journal().noteExecution(runId(), 'forward-1', 'unheld');
      const asked = await Promise.all([1, 2, 3, 4].map((index) => journal().claimRollback(runId(), `back-${index}`, 'forward-1')));
      expect(asked.filter((granted) => granted)).toHaveLength(1);
    });
  });
}
