import { describe, expect, it } from 'vitest';
import { fits, matchesExpressions, readNode, wantsWindows } from '../../../src/inventory/nodes.ts';
import { candidateNodes } from '../../../src/inventory/workloads.ts';

import { object } from '../fixtures/inventory-worlds.ts';

describe('nodes', () => {
  const node = (labels: Record<string, string>, status: object = {}, name = 'n', spec: object = {}) =>
    object('Node', { spec, status }, { name, labels });

  it.each([
    ['linux', node({ 'kubernetes.io/os': 'linux' })],
    ['linux', node({})],
    ['windows', node({ 'kubernetes.io/os': 'windows' })],
    ['windows', node({ 'beta.kubernetes.io/os': 'windows' })],
    ['windows', node({}, { nodeInfo: { operatingSystem: 'windows' } })],
    ['fargate', node({ 'eks.amazonaws.com/compute-type': 'fargate' })],
    ['fargate', node({}, {}, 'fargate-ip-10-0-0-1')],
    ['auto', node({ 'eks.amazonaws.com/compute-type': 'auto' })],
    ['hybrid', node({ 'eks.amazonaws.com/compute-type': 'hybrid' })],
    ['virtual', node({ type: 'virtual-kubelet' })],
    ['linux', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }],
  ])('is of class %s', (expected, given) => {
    expect(readNode(given).class).toBe(expected);
  });

  it('is ready by its condition', () => {
    expect(readNode(node({}, { conditions: [{ type: 'Ready', status: 'True' }] })).ready).toBe(true);
    expect(
      readNode(
        node(
          {},
          {
            conditions: [
              { type: 'Ready', status: 'Unknown' },
              { type: 'DiskPressure', status: 'True' },
            ],
          },
        ),
      ).ready,
    ).toBe(false);
  });

  const affinity = (...matchExpressions: object[]) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } } },
  });
  const tainted = readNode(
    node({ zone: 'a' }, {}, 'n', {
      taints: [
        { key: 'team', value: 'x', effect: 'NoSchedule' },
        { key: 'soft', effect: 'PreferNoSchedule' },
      ],
    }),
  );
  const plain = readNode(node({ zone: 'a' }));

  it.each<[string, object | undefined, typeof plain, boolean]>([
    ['any pod fits a plain node', undefined, plain, true],
    ['a node selector must match', { nodeSelector: { zone: 'b' } }, plain, false],
    ['a node selector that matches fits', { nodeSelector: { zone: 'a' } }, plain, true],
    ['required affinity must match', affinity({ key: 'zone', operator: 'In', values: ['b'] }), plain, false],
    ['required affinity that matches fits', affinity({ key: 'zone', operator: 'In', values: ['a'] }), plain, true],
    ['a taint keeps pods away', {}, tainted, false],
    ['a toleration of all lets them in', { tolerations: [{ operator: 'Exists' }] }, tainted, true],
    ['a toleration of the key lets them in', { tolerations: [{ key: 'team', operator: 'Exists', effect: 'NoSchedule' }] }, tainted, true],
    ['a toleration of the value lets them in', { tolerations: [{ key: 'team', value: 'x', effect: '' }] }, tainted, true],
    ['a toleration of another value does not', { tolerations: [{ key: 'team', value: 'y' }] }, tainted, false],
    [
      'a toleration of another effect does not',
      { tolerations: [{ key: 'team', operator: 'Exists', effect: 'NoExecute' }] },
      tainted,
      false,
    ],
    ['a toleration without a value is none of a value', { tolerations: [{ key: 'team' }] }, tainted, false],
  ])('%s', (_, spec, given, expected) => {
    expect(fits(spec, given)).toBe(expected);
  });

  it('compares taints and tolerations without values', () => {
    const given = readNode(node({}, {}, 'n', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] }));
    expect(fits({ tolerations: [{ key: 'gpu' }] }, given)).toBe(true);
  });

  it.each<[string, boolean, object]>([
    ['In', true, { key: 'a', operator: 'In', values: ['1'] }],
    ['In without the key', false, { key: 'b', operator: 'In', values: ['1'] }],
    ['NotIn', false, { key: 'a', operator: 'NotIn', values: ['1'] }],
    ['NotIn without the key', true, { key: 'b', operator: 'NotIn', values: ['1'] }],
    ['Exists', true, { key: 'a', operator: 'Exists' }],
    ['DoesNotExist', true, { key: 'b', operator: 'DoesNotExist' }],
    ['DoesNotExist of what exists', false, { key: 'a', operator: 'DoesNotExist' }],
    ['an operator that is not known', false, { key: 'a', operator: 'Gt', values: ['0'] }],
  ])('expression %s is %s', (_, expected, expression) => {
    expect(matchesExpressions([expression], { a: '1' })).toBe(expected);
  });

  it.each<[boolean, object | undefined]>([
    [false, undefined],
    [false, { nodeSelector: { 'kubernetes.io/os': 'linux' } }],
    [true, { nodeSelector: { 'kubernetes.io/os': 'windows' } }],
    [true, { nodeSelector: { 'beta.kubernetes.io/os': 'windows' } }],
    [true, { os: { name: 'windows' } }],
    [true, affinity({ key: 'kubernetes.io/os', operator: 'In', values: ['windows'] })],
    [false, affinity({ key: 'kubernetes.io/os', operator: 'NotIn', values: ['windows'] })],
    [false, { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] } } } }],
  ])('Windows is %s for %j', (expected, spec) => {
    expect(wantsWindows(spec)).toBe(expected);
  });

  it('offers at most five ready Linux nodes', () => {
    const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => readNode(node({}, ready, name)));
    expect(
      candidateNodes({}, [readNode(node({}, {}, 'not-ready')), readNode(node({ 'kubernetes.io/os': 'windows' }, ready, 'win')), ...nodes]),
    ).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(candidateNodes({ nodeSelector: { x: 'y' } }, nodes)).toEqual([]);
  });
});
