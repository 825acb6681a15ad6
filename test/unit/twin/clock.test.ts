import { afterEach, describe, expect, it } from 'vitest';
import { createSystemClock, createVirtualClock, type SystemClock } from '../../../twin/clock.ts';

describe('virtual clock', () => {
  it('jumps to a sleeper when nothing is busy', async () => {
    const clock = createVirtualClock(1000);
    await clock.sleep(3_600_000);
    expect(clock.now()).toBe(3_601_000);
  });

  it('gives the engine the same time in seconds', async () => {
    const clock = createVirtualClock(0);
    await clock.engine.sleep(30);
    expect([clock.now(), clock.engine.now()]).toEqual([30_000, 30_000]);
  });

  it('wakes sleepers in the order of their time, and of their coming where that is the same', async () => {
    const clock = createVirtualClock(0);
    const woken: string[] = [];
    await Promise.all(
      [
        ['c', 30],
        ['a', 10],
        ['b1', 20],
        ['b2', 20],
      ].map(async ([name, time]) => {
        await clock.sleep(Number(time));
        woken.push(`${name}@${clock.now()}`);
      }),
    );
    expect(woken).toEqual(['a@10', 'b1@20', 'b2@20', 'c@30']);
  });

  it('stands still while work is busy', async () => {
    const clock = createVirtualClock(0);
    const gate = Promise.withResolvers<void>();
    const work = clock.engine.busy(() => gate.promise);
    const woken: string[] = [];
    const sleeper = clock.sleep(10).then(() => void woken.push('sleeper'));
    await new Promise((resolve) => void setTimeout(resolve, 20));
    expect([clock.now(), woken]).toEqual([0, []]);
    gate.resolve();
    await Promise.all([work, sleeper]);
    expect(clock.now()).toBe(10);
  });

  it('goes on while busy work rests, and stands still again when it wakes', async () => {
    const clock = createVirtualClock(0);
    const gate = Promise.withResolvers<void>();
    const rested = Promise.withResolvers<number>();
    const woken: string[] = [];
    const sleeper = clock.sleep(10_000).then(() => void woken.push('sleeper'));
    const work = clock.engine.busy(async () => {
      // Two strands of one piece of work: the clock goes on when one of them rests, and stands still when neither does.
      await Promise.all([clock.engine.pause(2000), clock.engine.pause(3000)]);
      rested.resolve(clock.now());
      await gate.promise;
    });
    expect(await rested.promise).toBe(3000);
    await new Promise((resolve) => void setTimeout(resolve, 20));
    expect([clock.now(), woken]).toEqual([3000, []]);
    gate.resolve();
    await Promise.all([work, sleeper]);
    expect(clock.now()).toBe(10_000);
  });

  it('is held by no pause that outlives its work, nor by one outside of any', async () => {
    const clock = createVirtualClock(0);
    let late: Promise<void> | undefined;
    await clock.engine.busy(async () => {
      late = clock.engine.pause(500);
    });
    await late;
    await clock.engine.pause(500);
    await clock.sleep(1000);
    expect(clock.now()).toBe(2000);
  });

  it('goes on after work that failed', async () => {
    const clock = createVirtualClock(0);
    await expect(clock.engine.busy(async () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await clock.sleep(5);
    expect(clock.now()).toBe(5);
  });

  it('runs actions on the way to a sleeper, and those they schedule, each at its own time', async () => {
    const clock = createVirtualClock(0);
    const seen: number[] = [];
    const tick = (): void => {
      seen.push(clock.now());
      clock.schedule(4, tick);
    };
    clock.schedule(1, tick);
    await clock.sleep(10);
    expect(seen).toEqual([1, 5, 9]);
    expect(clock.now()).toBe(10);
  });

  it('never moves for actions alone', async () => {
    const clock = createVirtualClock(0);
    const ran: string[] = [];
    clock.schedule(1, () => void ran.push('action'));
    await new Promise((resolve) => void setTimeout(resolve, 20));
    expect([clock.now(), ran]).toEqual([0, []]);
  });

  it('does not run a cancelled action', async () => {
    const clock = createVirtualClock(0);
    const ran: string[] = [];
    const cancel = clock.schedule(1, () => void ran.push('cancelled'));
    clock.schedule(1, () => void ran.push('kept'));
    cancel();
    await clock.sleep(2);
    expect(ran).toEqual(['kept']);
  });

  it('lets what a woken sleeper does at once happen before time moves again', async () => {
    const clock = createVirtualClock(0);
    const log: string[] = [];
    const worker = (async () => {
      await clock.sleep(10);
      await new Promise((resolve) => void setImmediate(resolve));
      log.push(`work at ${clock.now()}`);
      await clock.sleep(1);
    })();
    await Promise.all([worker, clock.sleep(11).then(() => void log.push(`other at ${clock.now()}`))]);
    expect(log).toEqual(['work at 10', 'other at 11']);
  });

  it('advances for tests, whoever is busy', async () => {
    const clock = createVirtualClock(0);
    const release = clock.hold();
    const seen: number[] = [];
    clock.schedule(5, () => void seen.push(clock.now()));
    const sleeper = clock.sleep(7).then(() => void seen.push(clock.now()));
    await clock.advance(100);
    await sleeper;
    expect(seen).toEqual([5, 7]);
    expect(clock.now()).toBe(100);
    release();
  });

  it('counts a hold once, however often it is released', async () => {
    const clock = createVirtualClock(0);
    const first = clock.hold();
    const second = clock.hold();
    first();
    first();
    const woken: string[] = [];
    const sleeper = clock.sleep(1).then(() => void woken.push('sleeper'));
    await new Promise((resolve) => void setTimeout(resolve, 20));
    expect(woken).toEqual([]);
    second();
    await sleeper;
  });
});

describe('system clock', () => {
  let clock: SystemClock;
  afterEach(() => clock.close());

  it('reads the machine and sleeps in real time', async () => {
    clock = createSystemClock();
    const before = clock.now();
    await clock.engine.sleep(0.01);
    expect(clock.now()).toBeGreaterThanOrEqual(before + 9);
  });

  it('runs scheduled actions, and none after it was closed or the action cancelled', async () => {
    clock = createSystemClock();
    const ran: string[] = [];
    const cancel = clock.schedule(1, () => void ran.push('cancelled'));
    cancel();
    await new Promise<void>((resolve) => {
      clock.schedule(1, () => {
        ran.push('kept');
        resolve();
      });
    });
    clock.schedule(1, () => void ran.push('late'));
    const sleeper = clock.sleep(60_000);
    clock.close();
    await sleeper;
    await new Promise((resolve) => void setTimeout(resolve, 10));
    expect(ran).toEqual(['kept']);
  });
});
