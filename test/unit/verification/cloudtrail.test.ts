import { describe, expect, it } from 'vitest';
import type { CloudTrailEvent } from '../../../src/aws/gateways.ts';
import { judgeUse, type UseQuestion } from '../../../src/verification/cloudtrail.ts';

const QUESTION: UseQuestion = {
  clusterArn: 'arn:aws:eks:eu-west-1:111122223333:cluster/shop',
  roleArn: 'arn:aws:iam::111122223333:role/orders',
  namespace: 'shop',
  serviceAccount: 'orders',
  byDaemon: false,
  since: 1000,
  silentSince: 2000,
  asOf: 2000 + 900_000,
};

function session(tags: Record<string, string> = {}, more: Partial<Record<string, unknown>> = {}, at = 1000): CloudTrailEvent {
  const all = {
    'eks-cluster-arn': QUESTION.clusterArn,
    'kubernetes-namespace': 'shop',
    'kubernetes-service-account': 'orders',
    'kubernetes-pod-name': 'orders-1',
    ...tags,
  };
  return {
    eventId: 'e',
    eventName: 'AssumeRole',
    eventTime: at,
    event: {
      userIdentity: { type: 'AWSService', invokedBy: 'pods.eks.amazonaws.com' },
      requestParameters: { roleArn: QUESTION.roleArn, tags: Object.entries(all).map(([key, value]) => ({ key, value })) },
      ...more,
    },
  };
}

function webIdentity(at = 2000, more: Partial<Record<string, unknown>> = {}): CloudTrailEvent {
  return {
    eventId: 'w',
    eventName: 'AssumeRoleWithWebIdentity',
    eventTime: at,
    event: { userIdentity: { userName: 'system:serviceaccount:shop:orders' }, requestParameters: { roleArn: QUESTION.roleArn }, ...more },
  };
}

describe('the use of a role', () => {
  it.each<[string, CloudTrailEvent[], { passed: boolean; newWay: number; oldWay: number }]>([
    ['nothing was seen', [], { passed: false, newWay: 0, oldWay: 0 }],
    ['EKS assumed the role for the service account', [session()], { passed: true, newWay: 1, oldWay: 0 }],
    ['it did so before the restart', [session({}, {}, 999)], { passed: false, newWay: 0, oldWay: 0 }],
    [
      'it did so for the probe alone',
      [session({ 'kubernetes-pod-name': 'podshift-probe-abc-0' })],
      { passed: false, newWay: 0, oldWay: 0 },
    ],
    [
      'it did so for another service account',
      [session({ 'kubernetes-service-account': 'orders-2' })],
      { passed: false, newWay: 0, oldWay: 0 },
    ],
    ['it did so for another namespace', [session({ 'kubernetes-namespace': 'shop-2' })], { passed: false, newWay: 0, oldWay: 0 }],
    [
      'it did so for another cluster',
      [session({ 'eks-cluster-arn': 'arn:aws:eks:eu-west-1:111122223333:cluster/other' })],
      { passed: false, newWay: 0, oldWay: 0 },
    ],
    ['it was refused', [session({}, { errorCode: 'AccessDenied' })], { passed: false, newWay: 0, oldWay: 0 }],
    ['somebody else assumed the role', [session({}, { userIdentity: { type: 'AssumedRole' } })], { passed: false, newWay: 0, oldWay: 0 }],
    [
      'EKS assumed another role',
      [session({}, { requestParameters: { roleArn: 'arn:aws:iam::111122223333:role/other', tags: [] } })],
      { passed: false, newWay: 0, oldWay: 0 },
    ],
    ['the event has no tags', [session({}, { requestParameters: { roleArn: QUESTION.roleArn } })], { passed: false, newWay: 0, oldWay: 0 }],
    [
      'the event has tags of another shape',
      [session({}, { requestParameters: { roleArn: QUESTION.roleArn, tags: [null, { key: 1, value: 2 }] } })],
      { passed: false, newWay: 0, oldWay: 0 },
    ],
    ['the event has no parameters', [session({}, { requestParameters: undefined })], { passed: false, newWay: 0, oldWay: 0 }],
    ['the old way was used as well', [session(), webIdentity()], { passed: false, newWay: 1, oldWay: 1 }],
    ['the old way was used while old pods were leaving', [session(), webIdentity(1999)], { passed: true, newWay: 1, oldWay: 0 }],
    ['the old way was refused', [session(), webIdentity(2000, { errorCode: 'AccessDenied' })], { passed: true, newWay: 1, oldWay: 0 }],
    [
      'another service account uses the old way',
      [session(), webIdentity(2000, { userIdentity: { userName: 'system:serviceaccount:shop:orders-2' } })],
      { passed: true, newWay: 1, oldWay: 0 },
    ],
    [
      'the old way to another role is used',
      [session(), webIdentity(2000, { requestParameters: { roleArn: 'other' } })],
      { passed: true, newWay: 1, oldWay: 0 },
    ],
    ['an event of another name', [{ ...session(), eventName: 'GetCallerIdentity' }], { passed: false, newWay: 0, oldWay: 0 }],
  ])('when %s', (_sentence, events, expected) => {
    expect(judgeUse(events, QUESTION)).toMatchObject(expected);
  });
});

describe('the silence of the old way', () => {
  it.each([
    [0, 0, false],
    [300, 0, false],
    [599, 299, false],
    [600, 300, true],
    [4500, 4200, true],
  ])('seen %i s after the old pods were gone is proof of %i s: %s', (after, silentSeconds, passed) => {
    expect(judgeUse([session()], { ...QUESTION, asOf: QUESTION.silentSince + after * 1000 })).toMatchObject({ silentSeconds, passed });
  });
});
