import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonPatchProblem, jsonPatch } from '../../../twin/kubernetes/json-patch.ts';
import { mergePatch, strategicMergePatch } from '../../../twin/kubernetes/merge-patch.ts';
import { equal } from '../../../twin/kubernetes/objects.ts';
import { parseFieldSelector, parseLabelSelector } from '../../../twin/kubernetes/selectors.ts';
import { barePod } from '../fixtures/twin-kubernetes-cluster.ts';

describe('merge patch', () => {
  // The table of RFC 7396, appendix A.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('of %j by %j is %j', (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected);
  });

  it('says the same applied twice, leaves its target alone and shares what it does not touch', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (target, patch) => {
        const text = JSON.stringify(target);
        const once = mergePatch(target, patch);
        expect(equal(mergePatch(once, patch), once)).toBe(true);
        expect(JSON.stringify(target)).toBe(text);
      }),
    );
    const target = { spec: { a: 1 }, metadata: { labels: {} } };
    expect((mergePatch(target, { spec: { b: 2 } }) as typeof target).metadata).toBe(target.metadata);
  });
});

describe('strategic merge patch', () => {
  const pod = {
    spec: {
      containers: [
        { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
        { name: 'b', image: 'b:1' },
      ],
      tolerations: [{ key: 'x' }],
    },
  };

  it.each<[string, object, object]>([
    [
      'merges containers and their variables by name',
      {
        spec: {
          containers: [
            {
              name: 'a',
              env: [
                { name: 'Y', value: '2' },
                { name: 'X', value: '3' },
              ],
            },
          ],
        },
      },
      {
        spec: {
          ...pod.spec,
          containers: [
            {
              name: 'a',
              image: 'a:1',
              env: [
                { name: 'X', value: '3' },
                { name: 'Y', value: '2' },
              ],
            },
            { name: 'b', image: 'b:1' },
          ],
        },
      },
    ],
    [
      'adds what has no such name',
      { spec: { containers: [{ name: 'c', image: 'c:1' }] } },
      { spec: { ...pod.spec, containers: [...pod.spec.containers, { name: 'c', image: 'c:1' }] } },
    ],
    [
      'deletes by directive',
      { spec: { containers: [{ name: 'b', $patch: 'delete' }] } },
      { spec: { ...pod.spec, containers: [pod.spec.containers[0]] } },
    ],
    [
      'replaces a list by directive',
      { spec: { containers: [{ $patch: 'replace' }, { name: 'z' }] } },
      { spec: { ...pod.spec, containers: [{ name: 'z' }] } },
    ],
    ['replaces lists without a key', { spec: { tolerations: [{ key: 'y' }] } }, { spec: { ...pod.spec, tolerations: [{ key: 'y' }] } }],
    ['deletes by null', { spec: { tolerations: null } }, { spec: { containers: pod.spec.containers } }],
    ['replaces an object by directive', { spec: { $patch: 'replace', hostNetwork: true } }, { spec: { hostNetwork: true } }],
    [
      'keeps the order of what is there',
      { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'b', image: 'b:2' }] } },
      { spec: { ...pod.spec, containers: [pod.spec.containers[0], { name: 'b', image: 'b:2' }] } },
    ],
  ])('%s', (_title, patch, expected) => {
    expect(strategicMergePatch(pod, patch)).toEqual(expected);
  });

  it('merges nested templates as it does pods, finalizers as a set, and retains keys', () => {
    const before = { metadata: { finalizers: ['a'] }, spec: { strategy: { type: 'RollingUpdate', rollingUpdate: {} }, template: pod } };
    const after = strategicMergePatch(before, {
      metadata: { finalizers: ['a', 'b'] },
      spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' }, template: { spec: { containers: [{ name: 'b', image: 'b:2' }] } } },
    });
    expect(after).toEqual({
      metadata: { finalizers: ['a', 'b'] },
      spec: {
        strategy: { type: 'Recreate' },
        template: { spec: { ...pod.spec, containers: [pod.spec.containers[0], { name: 'b', image: 'b:2' }] } },
      },
    });
    expect(strategicMergePatch(after, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toMatchObject({
      metadata: { finalizers: ['b'] },
    });
  });

  it('refuses list items without their key', () => {
    expect(() => strategicMergePatch(pod, { spec: { containers: [{ image: 'x' }] } })).toThrow('merge key: name');
  });
});

describe('JSON patch', () => {
  it.each<[string, unknown, object[], unknown]>([
    ['adds to objects', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['adds into lists', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    ['appends', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    ['removes', { a: { 'x/y': 1 } }, [{ op: 'remove', path: '/a/x~1y' }], { a: {} }],
    ['replaces in lists', { a: [1, 2] }, [{ op: 'replace', path: '/a/0', value: 9 }], { a: [9, 2] }],
    ['moves', { a: 1 }, [{ op: 'move', from: '/a', path: '/b' }], { b: 1 }],
    ['copies', { a: 1 }, [{ op: 'copy', from: '/a', path: '/b' }], { a: 1, b: 1 }],
    ['tests', { a: { b: [1] } }, [{ op: 'test', path: '/a', value: { b: [1] } }], { a: { b: [1] } }],
  ])('%s', (_title, target, operations, expected) => {
    const text = JSON.stringify(target);
    expect(jsonPatch(target, operations)).toEqual(expected);
    expect(JSON.stringify(target)).toBe(text);
  });

  it.each<[string, unknown, boolean]>([
    ['a test that fails', [{ op: 'test', path: '/a', value: 2 }], false],
    ['a path that is not there', [{ op: 'remove', path: '/b' }], false],
    ['a parent that is not there', [{ op: 'add', path: '/b/c', value: 1 }], false],
    ['an unknown operation, which is no error of form to an API server', [{ op: 'mend', path: '/a' }], false],
    ['a bad pointer', [{ op: 'add', path: 'a', value: 1 }], true],
    ['what is no list', { op: 'add' }, true],
  ])('refuses %s', (_title, operations, unreadable) => {
    const refuse = (): unknown => jsonPatch({ a: 1 }, operations);
    expect(refuse).toThrow(JsonPatchProblem);
    expect(refuse).toThrow(expect.objectContaining({ unreadable }));
  });
});

describe('selectors', () => {
  const pod = barePod('one', { nodeName: 'n1' }, { labels: { app: 'web', tier: 'front' } });

  it.each([
    ['app=web', true],
    ['app==web,tier!=back', true],
    ['app in (api, web),tier', true],
    ['app notin (web)', false],
    ['!app', false],
    ['missing!=x', true],
    ['app=', false],
    ['', true],
  ])('label selector %j: %j', (text, expected) => {
    expect(parseLabelSelector(text)(pod)).toBe(expected);
  });

  it.each([
    ['metadata.name=one', true],
    ['metadata.namespace!=shop', false],
    ['spec.nodeName=n1,metadata.name==one', true],
    ['spec.nodeName=n2', false],
    ['status.phase!=Running', true],
    ['spec.hostNetwork=false', true],
  ])('field selector %j: %j', (text, expected) => {
    expect(parseFieldSelector('Pod', text)(pod)).toBe(expected);
  });

  it('refuses what it cannot read', () => {
    expect(() => parseLabelSelector('a=b=c')).toThrow('unable to parse requirement');
    expect(() => parseFieldSelector('Pod', 'spec.image=x')).toThrow('field label not supported: spec.image');
    expect(() => parseFieldSelector('Pod', 'name')).toThrow('invalid selector');
  });
});
