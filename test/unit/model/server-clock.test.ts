import { describe, expect, it } from 'vitest';
import { createServerClock } from '../../../src/model/server-clock.ts';

const START = Date.UTC(2026, 0, 5, 9);

/** A clock that is `ahead` milliseconds ahead of the services', and asks them: answers take so many milliseconds there and back. */
function scene(ahead: number) {
  let time = START;
  let skew = ahead;
  const clock = createServerClock({ now: () => time + skew });
  return {
    wrong: () => clock.now() - time,
    skew: (to: number) => {
      skew = to;
    },
    ask: (there: number, back: number, date = (at: number): string | undefined => new Date(at).toUTCString()) => {
      const heard = clock.asked();
      time += there;
      const answered = date(time);
      time += back;
      heard(answered);
    },
  };
}

describe('the services’ time', () => {
  it.each([600_000, -600_000, 60_000, -4_000])('is found where the own clock is wrong by %d ms', (ahead) => {
    const { ask, wrong } = scene(ahead);
    ask(20, 30);
    expect(Math.abs(wrong())).toBeLessThanOrEqual(1_000);
  });

  it.each([0, 900, -900])('leaves a clock alone that fits the answer, however slow that is (wrong by %d ms)', (ahead) => {
    const { ask, wrong } = scene(ahead);
    ask(10, 20);
    ask(28_000, 10);
    ask(10, 28_000);
    expect(wrong()).toBe(ahead);
  });

  it('is corrected again once the own clock was set', () => {
    const { ask, wrong, skew } = scene(600_000);
    ask(20, 30);
    skew(0);
    ask(20, 30);
    expect(Math.abs(wrong())).toBeLessThanOrEqual(1_000);
  });

  it.each([undefined, '', 'yesterday'])('is not learnt from an answer whose date is %j', (date) => {
    const { ask, wrong } = scene(600_000);
    ask(20, 30, () => date);
    expect(wrong()).toBe(600_000);
  });

  it('is learnt from each of several answers that come at once, by its own time', () => {
    const own = { at: START + 600_000 };
    const clock = createServerClock({ now: () => own.at });
    const [first, second] = [clock.asked(), clock.asked()];
    own.at += 100;
    first(new Date(START + 50).toUTCString());
    const now = clock.now();
    second(new Date(START + 50).toUTCString());
    expect(clock.now()).toBe(now);
  });
});
