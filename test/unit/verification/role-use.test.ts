import { describe, expect, it } from 'vitest';
import type { CloudTrailEvent } from '../../../src/aws/gateways.ts';
import { judgeRoleUse, type RoleUseQuestion } from '../../../src/verification/role-use.ts';

const CLUSTER = 'arn:aws:eks:eu-west-1:111122223333:cluster/shop';
const ROLE = 'arn:aws:iam::111122223333:role/reader';
const NODES = 'arn:aws:iam::111122223333:role/nodes';
const NOW = Date.UTC(2026, 0, 5, 18);
const HOUR = 3_600_000;

const question: RoleUseQuestion = {
  clusterArn: CLUSTER,
  roleArn: ROLE,
  serviceAccounts: ['shop/api'],
  principals: [NODES],
  instances: ['i-0aaa', 'i-0bbb'],
  silenceSeconds: 3600,
  since: NOW - 12 * HOUR,
  asOf: NOW,
};

const event = (at: number, detail: object): CloudTrailEvent => ({
  eventId: String(at),
  eventName: 'AssumeRole',
  eventTime: at,
  event: { ...detail },
});
const byPods = (hoursAgo: number, serviceAccount = 'api'): CloudTrailEvent =>
  event(NOW - hoursAgo * HOUR, {
    userIdentity: { invokedBy: 'pods.eks.amazonaws.com' },
    requestParameters: {
      roleArn: ROLE,
      tags: [
        { key: 'eks-cluster-arn', value: CLUSTER },
        { key: 'kubernetes-namespace', value: 'shop' },
        { key: 'kubernetes-service-account', value: serviceAccount },
      ],
    },
  });
const byNode = (hoursAgo: number, instance: string, issuer = NODES, more: object = {}): CloudTrailEvent =>
  event(NOW - hoursAgo * HOUR, {
    userIdentity: { arn: `arn:aws:sts::111122223333:assumed-role/nodes/${instance}`, sessionContext: { sessionIssuer: { arn: issuer } } },
    requestParameters: { roleArn: ROLE },
    ...more,
  });

describe("a daemon's principals", () => {
  it.each<[string, CloudTrailEvent[], Partial<RoleUseQuestion>, string]>([
    ['may go after an hour of silence and a use by the new way', [byPods(3), byNode(2, 'i-0aaa')], {}, ''],
    ['stay while nobody used the new way', [byNode(2, 'i-0aaa')], {}, 'CloudTrail shows no use by Pod Identity of shop/api'],
    [
      'stay while one of two service accounts did not',
      [byPods(3)],
      { serviceAccounts: ['shop/api', 'shop/web'] },
      'CloudTrail shows no use by Pod Identity of shop/web',
    ],
    [
      'stay where the old way was used within the hour',
      [byPods(3), byNode(0.9, 'i-0aaa')],
      {},
      'the role was taken once by the old mechanism within the last 3600 s',
    ],
    [
      'stay where it was used within CloudTrail’s delay of that',
      [byPods(3), byNode(1.05, 'i-0aaa')],
      {},
      'the role was taken once by the old mechanism within the last 3600 s',
    ],
    [
      'stay where another cluster’s node took the role long ago',
      [byPods(3), byNode(9, 'i-0ccc')],
      {},
      'i-0ccc took the role, and no node of this cluster is one of them',
    ],
    ['go where the nodes tell no instances', [byPods(3), byNode(9, 'i-0ccc')], { instances: [] }, ''],
    ['go where another role took it on a strange instance', [byPods(3), byNode(9, 'i-0ccc', 'arn:aws:iam::1:role/ci')], {}, ''],
    ['go where kiam’s server took it, whose sessions name no instance', [byPods(3), byNode(9, 'kiam-kiam')], {}, ''],
    ['go where a strange instance was refused', [byPods(3), byNode(9, 'i-0ccc', NODES, { errorCode: 'AccessDenied' })], {}, ''],
    ['go where it took another role', [byPods(3), byNode(9, 'i-0ccc', NODES, { requestParameters: { roleArn: NODES } })], {}, ''],
    [
      'stay where the events do not reach back far enough',
      [byPods(0.5)],
      { since: NOW - 0.75 * HOUR },
      'CloudTrail shows only the last 2400 s',
    ],
    ['stay where hardly any event was seen', [byPods(0.01)], { since: NOW - 60_000 }, 'CloudTrail shows only the last 0 s'],
    ['go where the event names no session', [byPods(3), event(NOW - 9 * HOUR, {})], {}, ''],
  ])('%s', (_, events, changes, problem) => {
    expect(judgeRoleUse(events, { ...question, ...changes }).problem).toBe(problem);
  });

  it('go on figures that are kept', () => {
    expect(judgeRoleUse([byPods(3), byPods(4)], question)).toEqual({ problem: '', newWay: 2, oldWay: 0, silentSeconds: 3600 });
  });
});
