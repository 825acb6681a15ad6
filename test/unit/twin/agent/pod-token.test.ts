import { describe, expect, it } from 'vitest';
import { type ProjectedToken, tokenAt } from '../../../../twin/pod-token.ts';
import { START } from '../../../support/twin-account.ts';
import { pod } from '../../../support/twin-pods.ts';

const MINUTE = 60_000;
const running = pod({ name: 'p', serviceAccount: 'cart', mode: 'pod-identity' });
const token = (expirationSeconds: number, fixed = false): ProjectedToken => ({
  volume: 'token',
  path: 'token',
  audience: 'pods.eks.amazonaws.com',
  expirationSeconds,
  fixed,
});

describe('a token in a pod', () => {
  it.each([
    ['ten minutes', 600, 8],
    ['eleven minutes, at the next time that the kubelet looks', 660, 9],
    ['an hour', 3600, 48],
    ['a day', 86_400, 1152],
    ['ninety days, of which it gets one', 7_776_000, 1152],
  ])('of %s is written anew after four fifths of its life', (_life, seconds, minutes) => {
    const first = tokenAt(running, token(seconds), START);
    const life = Math.min(seconds, 86_400) * 1000;
    expect(first).toMatchObject({ rotatesAt: START + minutes * MINUTE, expiresAt: START + life });
    expect(tokenAt(running, token(seconds), first.rotatesAt - 1).id).toBe(first.id);
    const second = tokenAt(running, token(seconds), first.rotatesAt);
    expect(second.id).not.toBe(first.id);
    expect(second).toMatchObject({ rotatesAt: START + 2 * minutes * MINUTE, expiresAt: first.rotatesAt + life });
  });

  it('never expires in the file that the kubelet writes', () => {
    for (let at = START; at < START + 48 * 60 * MINUTE; at += 7 * MINUTE) {
      const { rotatesAt, expiresAt } = tokenAt(running, token(600), at);
      expect(at < rotatesAt && rotatesAt < expiresAt).toBe(true);
    }
  });

  it('stays as it was at the start where its file is mounted by itself', () => {
    const first = tokenAt(running, token(600, true), START);
    expect(tokenAt(running, token(600, true), START + 60 * MINUTE)).toEqual(first);
    expect(first).toMatchObject({ rotatesAt: Number.POSITIVE_INFINITY, expiresAt: START + 10 * MINUTE });
  });
});
