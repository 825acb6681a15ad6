import { describe, expect, it } from 'vitest';
import { durationText } from '../../../src/report/summary.ts';

const FIGURES = { seconds: 4091, waves: 6, soaks: 4, soakSeconds: 900, restartSeconds: 0 };

describe('how long a run takes, in words', () => {
  it.each([
    [{}, 'about 1 h 9 min where all goes well: 4 soaks, one after another, of 15 min and the steps of 6 waves'],
    [{ restartSeconds: 59 }, 'about 1 h 9 min where all goes well: 4 soaks, one after another, of 15 min and the steps of 6 waves'],
    [
      { restartSeconds: 600 },
      'about 1 h 9 min where all goes well: 4 soaks, one after another, of 15 min, restarts at their pace for 10 min and the steps of 6 waves',
    ],
    [{ seconds: 1020, waves: 1, soaks: 1 }, 'about 17 min where all goes well: one soak of 15 min and the steps of 1 wave'],
    [{ seconds: 120, waves: 1, soaks: 1, soakSeconds: 0 }, 'about 2 min where all goes well: the steps of 1 wave'],
    [{ seconds: 0, waves: 0, soaks: 0 }, ''],
  ])('%o', (figures, text) => {
    expect(durationText({ ...FIGURES, ...figures })).toBe(text);
  });
});
