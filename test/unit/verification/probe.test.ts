import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { isStuck, judgeProbe, probeName, probePod } from '../../../src/verification/probe.ts';

const ROLE = 'arn:aws:iam::111122223333:role/team/orders';
const answer = (arn: string, account = '111122223333') => JSON.stringify({ UserId: 'A:b', Account: account, Arn: arn }, undefined, 4);
const RIGHT = answer('arn:aws:sts::111122223333:assumed-role/orders/eks-shop-orders-1b2c');

function pod(status: object): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, status };
}
const ended = (message: string | undefined, exitCode = 0) => pod({ containerStatuses: [{ state: { terminated: { exitCode, message } } }] });

describe('a probe', () => {
  it.each<[string, string, KubernetesObject, RegExp]>([
    ['passed', 'the expected role answers', ended(RIGHT), /^$/],
    ['wrong', 'the node’s role answers', ended(answer('arn:aws:sts::111122223333:assumed-role/node/i-0abc')), /not a Pod Identity session/],
    [
      'wrong',
      'the role answers with a session of another kind',
      ended(answer('arn:aws:sts::111122223333:assumed-role/orders/botocore-session-1')),
      /not a Pod Identity/,
    ],
    [
      'wrong',
      'a role of the same name answers from another account',
      ended(answer('arn:aws:sts::999988887777:assumed-role/orders/eks-shop-1', '999988887777')),
      /not a/,
    ],
    ['wrong', 'a user answers', ended(answer('arn:aws:iam::111122223333:user')), /not a/],
    [
      'again',
      'the command failed, with the last lines of its log',
      ended('Unable to locate\ncredentials', 253),
      /Unable to locate credentials/,
    ],
    ['again', 'the command failed without a word', ended(undefined, 1), /exit code 1/],
    ['again', 'the answer is cut off', ended('{"Account": '), /could not read the result/],
    ['again', 'there is no answer', ended(undefined), /could not read the result/],
    ['again', 'the answer is something else', ended('{"Account": 1, "Arn": 2}'), /could not read the result/],
    ['again', 'the answer has no ARN', ended('{"Account": "1"}'), /could not read the result/],
    ['again', 'the answer is null', ended('null'), /could not read the result/],
    ['again', 'the pod ran into its deadline', pod({ phase: 'Failed', reason: 'DeadlineExceeded' }), /DeadlineExceeded/],
    ['again', 'the pod ended without its container', pod({ phase: 'Succeeded' }), /Succeeded/],
    ['running', 'the pod is new', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }, /runs/],
    [
      'running',
      'the pod waits for its image',
      pod({ phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff' } } }] }),
      /ImagePullBackOff/,
    ],
    [
      'running',
      'no node takes it',
      pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }] }),
      /0\/3 nodes/,
    ],
    ['running', 'no node takes it, and none says why', pod({ conditions: [{ type: 'PodScheduled', status: 'False' }] }), /not scheduled/],
  ])('is %s when %s', (state, _sentence, subject, message) => {
    const verdict = judgeProbe(subject, ROLE);
    expect(verdict.state).toBe(state);
    expect(verdict.message).toMatch(message);
  });

  it('tells who answered', () => {
    expect(judgeProbe(ended(RIGHT), ROLE)).toMatchObject({
      assumedRoleArn: 'arn:aws:sts::111122223333:assumed-role/orders/eks-shop-orders-1b2c',
      account: '111122223333',
    });
  });

  it('is stuck without its image or its node', () => {
    expect(isStuck(pod({ containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull' } } }] }))).toBe(true);
    expect(isStuck(pod({ containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] }))).toBe(false);
    expect(isStuck(pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] }))).toBe(true);
    expect(isStuck(pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }))).toBe(false);
    expect(isStuck(pod({}))).toBe(false);
  });
});

describe('a probe pod', () => {
  const request = {
    runId: 'r1',
    unitId: 'n/a',
    namespace: 'n',
    serviceAccount: 'a',
    image: 'image',
    region: 'eu-west-1',
    nodeName: 'node-1',
    tolerations: [{ operator: 'Exists' }],
  };

  it('has the same name for the same try, and never one that is too long', () => {
    expect(probeName('r1', 'n/a', 'probe', 0)).toBe(probeName('r1', 'n/a', 'probe', 0));
    const names = [
      probeName('r1', 'n/a', 'probe', 0),
      probeName('r1', 'n/a', 'probe', 1),
      probeName('r2', 'n/a', 'probe', 0),
      probeName('r1', 'n/b', 'probe', 0),
      probeName('r1', 'n/a', 'check', 0),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(probeName('r'.repeat(200), `${'n'.repeat(63)}/${'a'.repeat(253)}`, 'probe', 99).length).toBeLessThan(64);
  });

  it('meets the restricted Pod Security Standard', () => {
    const { spec } = probePod('p', request);
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const container of spec.containers) {
      expect(container.securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
      expect(container.resources).toMatchObject({
        requests: { cpu: expect.any(String), memory: expect.any(String) },
        limits: { memory: expect.any(String) },
      });
    }
    expect(spec).toMatchObject({
      restartPolicy: 'Never',
      activeDeadlineSeconds: 120,
      automountServiceAccountToken: false,
    });
  });

  it('asks STS in the cluster’s region, and nothing else', () => {
    const [container] = probePod('p', request).spec.containers;
    expect(container.command).toEqual(['/bin/sh', '-c', 'aws sts get-caller-identity --output json > /dev/termination-log']);
    expect(container.env).toContainEqual({ name: 'AWS_REGION', value: 'eu-west-1' });
    expect(JSON.stringify(probePod('p', request))).not.toMatch(/secret|envFrom/i);
  });

  it('is pinned to the node by the scheduler’s own rule, or free', () => {
    expect(JSON.stringify(probePod('p', request).spec.affinity)).toContain('"key":"metadata.name","operator":"In","values":["node-1"]');
    expect(probePod('p', { ...request, nodeName: undefined }).spec.affinity).toBeUndefined();
    expect(probePod('p', request).spec.tolerations).toEqual([{ operator: 'Exists' }]);
  });
});
