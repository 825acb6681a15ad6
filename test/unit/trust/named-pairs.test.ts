import { describe, expect, it } from 'vitest';
import { namedPairs, parseTrustPolicy } from '../../../src/trust/index.ts';

const statement = (Condition: object | undefined, changes: object = {}) => ({
  Effect: 'Allow',
  Principal: { Service: ['ec2.amazonaws.com', 'pods.eks.amazonaws.com'] },
  Action: ['sts:AssumeRole', 'sts:TagSession'],
  ...(Condition === undefined ? {} : { Condition }),
  ...changes,
});

function pairsIn(...statements: object[]) {
  const parsed = parseTrustPolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }));
  if (!parsed.ok) throw new Error(parsed.problem);
  return namedPairs(parsed.policy).map(({ statement: name, pairs, hasPatterns }) => [
    name,
    pairs.map(({ namespace, name: account }) => `${namespace}/${account}`),
    hasPatterns,
  ]);
}

const tags = (namespaces: unknown, names: unknown) => ({
  'aws:RequestTag/kubernetes-namespace': namespaces,
  'AWS:requesttag/kubernetes-service-account': names,
});

describe('the service accounts that a trust policy names for Pod Identity', () => {
  it('are those of both session tags, whatever the case of the keys', () => {
    expect(pairsIn(statement({ StringEquals: tags(['a', 'b'], 'x') }, { Sid: 's' }))).toEqual([
      ['statement 1 ("s")', ['a/x', 'b/x'], false],
    ]);
  });

  it('are read from several operators', () => {
    const condition = {
      StringLike: { 'aws:RequestTag/kubernetes-namespace': 'a' },
      'ForAllValues:StringEquals': { 'aws:RequestTag/kubernetes-service-account': ['x'] },
    };
    expect(pairsIn(statement(condition))).toEqual([['statement 1', ['a/x'], false]]);
  });

  it('are beside patterns, which are no names', () => {
    expect(pairsIn(statement({ StringLike: tags('a', ['x', 'y-*']) }))).toEqual([['statement 1', ['a/x'], true]]);
  });

  it.each([
    ['a statement that denies', statement({ StringEquals: tags('a', 'x') }, { Effect: 'Deny' })],
    ['one for somebody else', statement({ StringEquals: tags('a', 'x') }, { Principal: { Service: 'ec2.amazonaws.com' } })],
    ['one that leaves them out', statement({ StringNotEquals: tags('a', 'x') })],
    ['one with one tag alone', statement({ StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'a' } })],
    ['one without a condition', statement(undefined)],
    ['one whose tag is compared with no text', statement({ StringEquals: tags('a', { x: 1 }) })],
    ['one whose condition is no object', statement(undefined, { Condition: { StringEquals: 'x' } })],
  ])('are none in %s', (_, one) => {
    expect(pairsIn(one)).toEqual([]);
  });
});
