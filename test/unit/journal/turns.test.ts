import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryTable } from '../../../engine/memory-table.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import { nextTurns, type TakenTurn } from '../../../src/journal/turns.ts';

const START = Date.UTC(2026, 0, 5);
const MINUTE = 60_000;

const claims = fc.array(
  fc.record({
    later: fc.integer({ min: 0, max: 90_000 }),
    pods: fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 20 },
);

/** All turns that are taken one after another, with the groups that they are of. */
function taken(asked: readonly { readonly later: number; readonly pods: readonly number[] }[], perMinute: number) {
  let now = START;
  let kept: readonly TakenTurn[] = [];
  return asked.flatMap(({ later, pods }, index) => {
    now += later;
    const next = nextTurns(kept, { key: `${index}`, pods, perMinute }, now);
    kept = next.taken;
    return next.turns.map((at, place) => ({ at, now, pods: pods[place] as number }));
  });
}

describe('the turns of pods', () => {
  it('lets no more of them come in any minute than the option allows, but for one that is larger by itself', () => {
    fc.assert(
      fc.property(claims, fc.integer({ min: 1, max: 30 }), (asked, perMinute) => {
        const turns = taken(asked, perMinute);
        for (const { at } of turns) {
          const within = turns.filter((turn) => turn.at > at - MINUTE && turn.at <= at);
          const sum = within.reduce((total, { pods }) => total + pods, 0);
          if (within.length > 1) expect(sum).toBeLessThanOrEqual(perMinute);
        }
      }),
    );
  });

  it('comes in the order in which they were asked for, and none before it was', () => {
    fc.assert(
      fc.property(claims, fc.integer({ min: 1, max: 30 }), (asked, perMinute) => {
        const turns = taken(asked, perMinute);
        expect(turns.map(({ at }) => at)).toEqual(turns.map(({ at }) => at).toSorted((a, b) => a - b));
        for (const { at, now } of turns) expect(at).toBeGreaterThanOrEqual(now);
      }),
    );
  });

  it('waits for no longer than the pods before it need: so many are through at their pace', () => {
    fc.assert(
      fc.property(claims, fc.integer({ min: 1, max: 30 }), (asked, perMinute) => {
        const together = asked.map(({ pods }) => ({ later: 0, pods }));
        const turns = taken(together, perMinute);
        const minutes = turns.reduce((total, { pods }) => total + Math.ceil(pods / perMinute), 0);
        expect(Math.max(...turns.map(({ at }) => at))).toBeLessThan(START + 2 * minutes * MINUTE);
      }),
    );
  });

  it.each<[string, number[], number, number[]]>([
    ['a minute’s pods come at once', [4, 6], 10, [0, 0]],
    ['the next one waits for its minute', [4, 6, 1], 10, [0, 0, 60]],
    ['as many as fit come with those before them', [6, 6, 4, 4], 10, [0, 60, 60, 120]],
    ['one that is larger by itself has its minutes to itself', [25, 5, 5, 1], 10, [0, 120, 180, 180]],
  ])('%s', (_what, pods, perMinute, seconds) => {
    expect(nextTurns([], { key: 'a', pods, perMinute }, START).turns).toEqual(seconds.map((second) => START + second * 1000));
  });
});

describe('turns in the journal', () => {
  const clock = { now: () => START };
  const wanted = (key: string, pace: 'open' | 'restart' = 'restart') => ({ pace, key, pods: [10], perMinute: 10 });

  it('gives those who ask at once a turn each, and the same to one that asks again', async () => {
    const journal = createTableJournal(createMemoryTable(), clock);
    const all = await Promise.all(['a', 'b', 'c', 'd', 'a'].map((key) => journal.takeTurns('run', wanted(key))));
    expect(new Set(all.flat())).toEqual(new Set([0, 1, 2, 3].map((minute) => START + minute * MINUTE)));
    expect(await journal.takeTurns('run', wanted('b'))).toEqual(all[1]);
  });

  it('keeps runs, and the paces of one, apart', async () => {
    const journal = createTableJournal(createMemoryTable(), clock);
    await journal.takeTurns('run', wanted('a'));
    expect(await journal.takeTurns('other', wanted('b'))).toEqual([START]);
    expect(await journal.takeTurns('run', wanted('b', 'open'))).toEqual([START]);
    expect(await journal.takeTurns('run', wanted('b'))).toEqual([START + MINUTE]);
  });

  it('keeps no more than the turns of a minute, and those to come', async () => {
    const now = { now: START };
    const table = createMemoryTable();
    const journal = createTableJournal(table, { now: () => now.now });
    for (let index = 0; index < 50; index += 1) {
      await journal.takeTurns('run', wanted(`${index}`));
      now.now += MINUTE;
    }
    const [item] = await table.query('RUN#run', 'TURNS#');
    expect(JSON.parse(String(item?.taken)).length).toBeLessThanOrEqual(2);
  });
});
