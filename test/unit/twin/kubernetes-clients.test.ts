import { describe, expect, it } from 'vitest';
import { reviewOfProtobuf } from '../../../twin/kubernetes/protobuf.ts';
import { wantsTable } from '../../../twin/kubernetes/table.ts';
import { humanAge } from '../../../twin/kubernetes/tables/column.ts';
import { createTestCluster } from '../fixtures/twin-kubernetes-cluster.ts';

/** Encodes fields of a message: number to text or bytes. */
function message(fields: readonly (readonly [number, string])[]): string {
  return fields.map(([number, text]) => String.fromCharCode((number << 3) | 2) + varint(text.length) + text).join('');
}

function varint(value: number): string {
  return value < 0x80 ? String.fromCharCode(value) : String.fromCharCode((value & 0x7f) | 0x80) + varint(value >> 7);
}

/** A review as client-go encodes it: the magic, then runtime.Unknown with type and object. */
function review(spec: string): string {
  const type = message([
    [1, 'authorization.k8s.io/v1'],
    [2, 'SelfSubjectAccessReview'],
  ]);
  const object = message([
    [1, message([[8, '']])],
    [2, spec],
  ]);
  return `k8s\0${message([
    [1, type],
    [2, object],
    [3, ''],
    [4, ''],
  ])}`;
}

describe('reviews that kubectl sends as protobuf', () => {
  it('reads what is asked for', () => {
    const attributes = message([
      [1, 'shop'],
      [2, 'create'],
      [5, 'pods'],
      [6, 'eviction'],
      [7, 'x'.repeat(300)],
    ]);
    expect(reviewOfProtobuf(review(message([[1, attributes]])), 'selfsubjectaccessreviews')).toEqual({
      spec: { resourceAttributes: { namespace: 'shop', verb: 'create', resource: 'pods', subresource: 'eviction', name: 'x'.repeat(300) } },
    });
  });

  it('reads the namespace of a rules review', () => {
    expect(reviewOfProtobuf(review(message([[1, 'shop']])), 'selfsubjectrulesreviews')).toEqual({ spec: { namespace: 'shop' } });
  });

  it.each([
    ['JSON', '{}'],
    ['nothing', ''],
    ['an envelope that ends too early', `k8s\0${message([[2, 'x']]).slice(0, -1)}`],
    ['a number where a message must be', 'k8s\0\x0a\x01\x08'],
    ['a length without end', 'k8s\0\x12\xff\xff\xff\xff\xff\xff\xff\xff'],
  ])('answers undefined for %s', (_what, bytes) => {
    expect(reviewOfProtobuf(bytes, 'selfsubjectaccessreviews')).toBeUndefined();
  });

  it('denies by them, where it took every review that it could not read for a yes', () => {
    const cluster = createTestCluster([], { authorize: (verb) => verb === 'get' });
    const ask = (body: unknown) =>
      cluster.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body, {
        contentType: 'application/vnd.kubernetes.protobuf',
      });
    const asked = (verb: string): string => review(message([[1, message([[2, verb]])]]));
    expect([ask(asked('get')).body.status.allowed, ask(asked('patch')).body.status.allowed]).toEqual([true, false]);
    expect(ask('k8s\0').status).toBe(400);
  });
});

describe('what kubectl asks for besides', () => {
  it('answers 415 to objects in protobuf', () => {
    const cluster = createTestCluster([]);
    const made = cluster.request('POST', '/api/v1/namespaces', 'k8s\0', { contentType: 'application/vnd.kubernetes.protobuf' });
    expect([made.status, made.body.reason]).toEqual([415, 'UnsupportedMediaType']);
  });

  it('tells by OpenAPI which kinds can be patched with server-side validation', () => {
    const cluster = createTestCluster([]);
    const { paths } = cluster.request('GET', '/openapi/v3').body;
    const { serverRelativeURL } = paths['apis/apps/v1'];
    const patch = cluster.request('GET', serverRelativeURL).body.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'].patch;
    expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
    expect(patch.parameters.map(({ name }: { name: string }) => name)).toContain('fieldValidation');
    expect(cluster.request('GET', '/openapi/v3/apis/none/v1').status).toBe(404);
  });

  it('reads whether a table is wanted', () => {
    expect(wantsTable('application/json;as=Table;v=v1;g=meta.k8s.io,application/json')).toBe(true);
    expect(wantsTable('application/json')).toBe(false);
    expect(wantsTable(undefined)).toBe(false);
  });

  it.each([
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [245, '4m5s'],
    [11 * 60, '11m'],
    [3 * 3600, '3h'],
    [5 * 3600 + 60, '5h1m'],
    [40 * 3600, '40h'],
    [3 * 86_400 + 3600, '3d1h'],
    [100 * 86_400, '100d'],
    [922 * 86_400, '2y192d'],
    [9 * 365 * 86_400, '9y'],
  ])('prints an age of %d seconds as %s', (seconds, text) => {
    expect(humanAge(seconds * 1000)).toBe(text);
  });
});
