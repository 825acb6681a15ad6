import { describe, expect, it } from 'vitest';
import { AgentCache } from '../../../../twin/aws/agent-cache.ts';
import type { Assumed, CallToken } from '../../../../twin/aws/eks-auth.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-03-02T09:00:00Z');

const token = (id: string, life = 24 * HOUR): CallToken => ({
  id,
  subject: { namespace: 'shop', serviceAccount: 'cart', podName: id, podUid: id, nodeName: 'node-1' },
  expiresAt: START + life,
});
const session = (at: number, life = 6 * HOUR): Assumed => ({
  ok: true,
  roleArn: 'arn:aws:iam::111122223333:role/cart',
  assumedRole: 'arn:aws:iam::111122223333:role/cart',
  sessionName: `eks-${at}`,
  tags: true,
  expiresAt: at + life,
});
const refusal = (code: string): Assumed => ({ ok: false, code, message: code, failed: false });

/** A cache whose calls are noted, and answered as the test says. */
function cacheWith(answer: (token: CallToken, at: number) => Assumed = (_token, at) => session(at)) {
  const calls: { readonly id: string; readonly minutes: number }[] = [];
  const cache = new AgentCache('agent', (asked, at) => {
    calls.push({ id: asked.id, minutes: (at - START) / MINUTE });
    return answer(asked, at);
  });
  return { cache, calls };
}

describe("an agent's cache", () => {
  it('knows a token and no other: a pod that comes with a rotated one is asked for again', () => {
    const { cache, calls } = cacheWith();
    cache.fetch(token('pod/0'), START);
    expect(cache.get(token('pod/0'), START + HOUR)?.sessionName).toBe(`eks-${START}`);
    expect(cache.get(token('pod/1'), START + HOUR)).toBeUndefined();
    expect(calls).toHaveLength(1);
  });

  it('renews by the first sweep after three hours, and by the sweeps after three more', () => {
    const { cache, calls } = cacheWith();
    cache.fetch(token('pod'), START);
    cache.advance(START + 3 * HOUR);
    expect(calls).toHaveLength(1);
    cache.advance(START + 7 * HOUR);
    const [, first = { minutes: 0 }, second = { minutes: 0 }] = calls;
    expect(calls).toHaveLength(3);
    expect(first.minutes).toBeGreaterThan(180);
    expect(first.minutes).toBeLessThanOrEqual(181);
    expect(second.minutes - first.minutes).toBeGreaterThan(180);
    expect(second.minutes - first.minutes).toBeLessThanOrEqual(181);
  });

  it.each(['ThrottlingException', 'InternalServerException', 'ServiceUnavailableException', 'InvalidParameterException'])(
    'keeps what it has when a renewal fails by %s, tries again after one to two minutes, and gives up at the end of the session',
    (code) => {
      const { cache, calls } = cacheWith((_token, at) => (at === START ? session(at) : refusal(code)));
      cache.fetch(token('pod'), START);
      expect(cache.get(token('pod'), START + 6 * HOUR - 16 * SECOND)?.sessionName).toBe(`eks-${START}`);
      expect(cache.get(token('pod'), START + 6 * HOUR - 15 * SECOND)).toBeUndefined();
      cache.advance(START + 7 * HOUR);
      const waits = calls.slice(2).map(({ minutes }, index) => minutes - (calls[index + 1]?.minutes ?? 0));
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...waits)).toBeLessThanOrEqual(3);
      expect(calls.at(-1)?.minutes).toBeLessThanOrEqual(361);
    },
  );

  it.each(['ResourceNotFoundException', 'ExpiredTokenException', 'InvalidTokenException', 'AccessDeniedException'])(
    'evicts when a renewal fails by %s',
    (code) => {
      const { cache, calls } = cacheWith((_token, at) => (at === START ? session(at) : refusal(code)));
      cache.fetch(token('pod'), START);
      expect(cache.get(token('pod'), START + 3 * HOUR)).toBeDefined();
      expect(cache.get(token('pod'), START + 3 * HOUR + MINUTE)).toBeUndefined();
      cache.advance(START + 12 * HOUR);
      expect(calls).toHaveLength(2);
    },
  );

  it('goes on once a renewal is answered again', () => {
    const { cache } = cacheWith((_token, at) => (at > START && at < START + 5 * HOUR ? refusal('ThrottlingException') : session(at)));
    cache.fetch(token('pod'), START);
    const held = cache.get(token('pod'), START + 5 * HOUR + 3 * MINUTE);
    expect(held?.expiresAt).toBeGreaterThan(START + 11 * HOUR - 1);
  });

  it('keeps no error: the next question is asked anew', () => {
    const { cache, calls } = cacheWith(() => refusal('ResourceNotFoundException'));
    expect(cache.fetch(token('pod'), START)).toMatchObject({ ok: false });
    expect(cache.get(token('pod'), START)).toBeUndefined();
    cache.fetch(token('pod'), START + SECOND);
    expect(calls).toHaveLength(2);
  });

  it('renews a chained session within its hour', () => {
    const { cache, calls } = cacheWith((_token, at) => session(at, HOUR));
    cache.fetch(token('pod'), START);
    cache.advance(START + 3 * HOUR);
    expect(calls.length).toBeGreaterThanOrEqual(3);
    expect(calls[1]?.minutes).toBeLessThanOrEqual(61);
  });

  it('does not give out what ends within fifteen seconds, and keeps nothing so short', () => {
    const { cache } = cacheWith((_token, at) => session(at, 15 * SECOND));
    cache.fetch(token('pod'), START);
    expect(cache.get(token('pod'), START)).toBeUndefined();
  });

  it('renews two of many in one sweep, and the others within the hour', () => {
    const { cache, calls } = cacheWith();
    for (let index = 0; index < 40; index += 1) cache.fetch(token(`pod-${index}`), START + index);
    cache.advance(START + 3 * HOUR + 2 * MINUTE);
    expect(calls.length - 40).toBeGreaterThanOrEqual(2);
    expect(calls.length - 40).toBeLessThanOrEqual(6);
    cache.advance(START + 4 * HOUR);
    expect(new Set(calls.slice(40).map(({ id }) => id)).size).toBe(40);
    for (let index = 0; index < 40; index += 1) expect(cache.get(token(`pod-${index}`), START + 4 * HOUR)).toBeDefined();
  });

  it('goes on for a pod that is gone until its token has expired, for it knows of no pods', () => {
    const { cache, calls } = cacheWith((asked, at) => (at >= asked.expiresAt ? refusal('ExpiredTokenException') : session(at)));
    cache.fetch(token('gone'), START);
    cache.advance(START + 48 * HOUR);
    expect(calls.length).toBeGreaterThan(7);
    expect(calls.at(-1)?.minutes).toBeLessThanOrEqual(27 * 60 + 2);
  });

  it('has room for two thousand', () => {
    const { cache } = cacheWith();
    for (let index = 0; index < 2001; index += 1) cache.fetch(token(`pod-${index}`), START);
    expect(cache.get(token('pod-0'), START)).toBeUndefined();
    expect(cache.get(token('pod-1'), START)).toBeDefined();
  });

  it('is the same whether somebody looks each second or once', () => {
    const flaky = (asked: CallToken, at: number): Assumed =>
      (at / MINUTE) % 7 < 3 && at > START + HOUR ? refusal('ThrottlingException') : session(at, asked.id === 'b' ? HOUR : 6 * HOUR);
    const [often, once] = [cacheWith(flaky), cacheWith(flaky)];
    for (const { cache } of [often, once]) for (const id of ['a', 'b', 'c', 'd', 'e']) cache.fetch(token(id), START);
    for (let at = START; at <= START + 9 * HOUR; at += 37 * SECOND) often.cache.advance(at);
    often.cache.advance(START + 9 * HOUR);
    once.cache.advance(START + 9 * HOUR);
    expect(often.calls).toEqual(once.calls);
  });
});
