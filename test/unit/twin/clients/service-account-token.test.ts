import { describe, expect, it } from 'vitest';
import { barePod, createTestCluster, node, START, serviceAccount } from '../../fixtures/twin-kubernetes-cluster.ts';

const ISSUER = 'https://oidc.eks.eu-west-1.amazonaws.com/id/TEST';
const cluster = createTestCluster([node('n1'), serviceAccount('cart'), barePod('one')], { issuer: ISSUER });
const path = '/api/v1/namespaces/shop/serviceaccounts/cart/token';
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));

/** A field of a protobuf message: a text, or a number. */
const field = (number: number, value: string | number): string => {
  const varint = (rest: number): string =>
    rest < 0x80 ? String.fromCharCode(rest) : String.fromCharCode((rest & 0x7f) | 0x80) + varint(Math.floor(rest / 128));
  return typeof value === 'number'
    ? String.fromCharCode(number << 3) + varint(value)
    : String.fromCharCode((number << 3) | 2) + varint(value.length) + value;
};

describe("a service account's token", () => {
  it('is of the issuer, for an hour, where nothing else is asked for', () => {
    const { status, body } = cluster.request('POST', path, { spec: {} });
    expect(status).toBe(201);
    expect(claimsOf(body.status.token)).toMatchObject({
      iss: ISSUER,
      aud: [ISSUER],
      sub: 'system:serviceaccount:shop:cart',
      iat: START / 1000,
      exp: START / 1000 + 3600,
      'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'cart' } },
    });
    expect(body.status.expirationTimestamp).toBe('2026-03-01T13:00:00Z');
  });

  it('lives no longer than EKS lets it', () => {
    const { body } = cluster.request('POST', path, { spec: { audiences: ['sts.amazonaws.com'], expirationSeconds: 200_000 } });
    expect(body.spec).toMatchObject({ audiences: ['sts.amazonaws.com'], expirationSeconds: 86_400 });
  });

  it('is bound to a pod that is there', () => {
    const bound = (name: string, kind = 'Pod') =>
      cluster.request('POST', path, { spec: { boundObjectRef: { kind, apiVersion: 'v1', name } } });
    expect(claimsOf(bound('one').body.status.token)['kubernetes.io'].pod).toMatchObject({ name: 'one' });
    expect([bound('two').status, bound('x', 'Deployment').status]).toEqual([404, 400]);
  });

  it('is asked for in protobuf by clients in Go', () => {
    const spec = field(1, 'a') + field(1, 'b') + field(3, field(1, 'Pod') + field(2, 'v1') + field(3, 'one')) + field(4, 1200);
    const body = `k8s\0${field(1, '') + field(2, field(1, '') + field(2, spec))}`;
    const answer = cluster.request('POST', path, body, { contentType: 'application/vnd.kubernetes.protobuf' });
    expect(answer.body.spec).toMatchObject({
      audiences: ['a', 'b'],
      expirationSeconds: 1200,
      boundObjectRef: { kind: 'Pod', name: 'one' },
    });
  });

  it.each<[unknown, number, string]>([
    [{ spec: { expirationSeconds: 599 } }, 422, 'may not specify a duration less than 10 minutes'],
    [{ spec: { expirationSeconds: 2 ** 33 } }, 422, 'may not specify a duration larger than 2^32 seconds'],
    ['no object', 400, 'the token request cannot be read'],
  ])('is refused for %j', (body, status, message) => {
    const answer = cluster.request('POST', path, body);
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringContaining(message)]);
  });

  it('of an account that is not there is no token, and a dry run gives none away', () => {
    expect(cluster.request('POST', path.replace('cart', 'mail'), { spec: {} }).status).toBe(404);
    expect(cluster.request('POST', `${path}?dryRun=All`, { spec: {} }).body.status.token).toBe('');
  });
});
