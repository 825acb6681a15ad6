import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import {
  judgeNodePod,
  metadataPod,
  type NodeTask,
  nodeOfPod,
  nodePodName,
  nodePodSelector,
  rulePod,
} from '../../../src/verification/node-pods.ts';

const daemon = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'kube2iam', namespace: 'kube-system' },
  spec: { template: { spec: { serviceAccountName: 'kube2iam', imagePullSecrets: [{ name: 'mirror' }] } } },
} as KubernetesObject;
const request = { runId: 'r1', nodeName: 'ip-10-0-1-7.ec2.internal', attempt: 0, image: 'jtblin/kube2iam:0.11.1', daemon };
const RULE = ['-p', 'tcp', '-d', '169.254.169.254', '--dport', '80', '-j', 'DNAT', '--to-destination', '$(HOST_IP):8181', '-i', 'eni+'];

describe('the pod that removes a rule', () => {
  const pod = rulePod(request, RULE);

  it('gets the rule as positional parameters, and the node’s address from the downward API', () => {
    const [container] = pod.spec.containers;
    expect(container.command).toEqual(['/bin/sh']);
    expect(container.args.slice(2)).toEqual(['podshift', ...RULE]);
    expect(container.args[1]).toContain('-D PREROUTING "$@"');
    expect(container.env).toEqual([{ name: 'HOST_IP', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }]);
  });

  it('has the node’s network, NET_ADMIN and the lock of iptables, and no more', () => {
    expect(pod.spec).toMatchObject({ hostNetwork: true, automountServiceAccountToken: false, restartPolicy: 'Never' });
    expect(pod.spec.volumes).toEqual([{ name: 'lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } }]);
    expect(pod.spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
    });
    expect(JSON.stringify(pod)).not.toContain('"privileged":true');
  });

  it('runs on its node, as the daemon does, whatever the node’s taints', () => {
    expect(pod.spec).toMatchObject({
      serviceAccountName: 'kube2iam',
      imagePullSecrets: [{ name: 'mirror' }],
      tolerations: [{ operator: 'Exists' }],
    });
    const { nodeSelectorTerms } = pod.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    expect(nodeSelectorTerms).toEqual([{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [request.nodeName] }] }]);
    expect(pod.spec.activeDeadlineSeconds).toBeGreaterThan(0);
  });

  it('is found by run and task, and tells its node', () => {
    expect(nodePodSelector('r1', 'rule')).toBe('app.kubernetes.io/managed-by=podshift,podshift/run=r1,podshift/task=rule');
    expect([nodeOfPod(pod, 'rule'), nodeOfPod(pod, 'metadata')]).toEqual([request.nodeName, '']);
    expect(nodeOfPod({ ...pod, metadata: { name: 'x', labels: { 'podshift/task': 'rule' } } }, 'rule')).toBe('');
    expect(nodePodName('rule', request)).not.toBe(nodePodName('rule', { ...request, attempt: 1 }));
    expect(nodePodName('rule', request)).not.toBe(nodePodName('metadata', request));
  });
});

describe('the pod that asks instance metadata', () => {
  it('has a network of its own, and meets the restricted Pod Security Standard', () => {
    const bare = { ...daemon, metadata: { name: 'kube2iam' }, spec: {} } as KubernetesObject;
    const pod = metadataPod({ ...request, daemon: bare });
    expect(pod.metadata).not.toHaveProperty('namespace');
    expect(pod.spec).not.toHaveProperty('hostNetwork');
    expect(pod.spec).not.toHaveProperty('serviceAccountName');
    expect(pod.spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod.spec.containers[0].securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
    expect(pod.spec.containers[0].args[1]).not.toContain('api/token');
  });
});

describe('a pod is judged', () => {
  const ended = (message: string | undefined, exitCode = 0): KubernetesObject =>
    ({
      status: { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses: [{ state: { terminated: { exitCode, message } } }] },
    }) as unknown as KubernetesObject;
  const at = (phase?: string, reason?: string): KubernetesObject => ({ status: { phase, reason } }) as unknown as KubernetesObject;

  it.each<[string, NodeTask, KubernetesObject, object]>([
    ['that waits', 'rule', at('Pending'), { state: 'running' }],
    ['that has no status yet', 'rule', {} as KubernetesObject, { state: 'running' }],
    [
      'past its deadline',
      'rule',
      at('Failed', 'DeadlineExceeded'),
      { state: 'again', message: 'the pod ended without a result (DeadlineExceeded)' },
    ],
    ['that ended without a word', 'metadata', at('Succeeded'), { state: 'again', message: 'the pod ended without a result (Succeeded)' }],
    ['that removed the rule', 'rule', ended('removed 1\n'), { state: 'removed', times: 1 }],
    ['that found no rule', 'rule', ended('removed 0'), { state: 'removed', times: 0 }],
    [
      'whose iptables failed',
      'rule',
      ended('Another app is currently\n holding the xtables lock', 1),
      { state: 'again', message: 'Another app is currently holding the xtables lock' },
    ],
    ['whose image has no iptables', 'rule', ended(undefined, 127), { state: 'again', message: 'exit code 127' }],
    ['that said something else', 'rule', ended('hello'), { state: 'again', message: 'it said hello' }],
    ['that curl answered', 'metadata', ended('HTTP 401'), { state: 'answered', status: 401 }],
    ['that wget answered', 'metadata', ended('  HTTP/1.1 200 OK\n  Server: EC2ws'), { state: 'answered', status: 200 }],
    [
      'that wget told an error of',
      'metadata',
      ended('wget: server returned error: HTTP/1.1 401 Unauthorized'),
      { state: 'answered', status: 401 },
    ],
    ['that a redirect answered first', 'metadata', ended('HTTP/1.1 301 Moved HTTP/1.1 200 OK'), { state: 'answered', status: 200 }],
    [
      'that curl was refused',
      'metadata',
      ended('curl: (7) Failed to connect to 169.254.169.254 port 80: Connection refused HTTP 000'),
      { state: 'intercepted', message: 'curl: (7) Failed to connect to 169.254.169.254 port 80: Connection refused HTTP 000' },
    ],
    [
      'that was refused',
      'metadata',
      ended("wget: can't connect to remote host (169.254.169.254): Connection refused"),
      { state: 'intercepted' },
    ],
    ['that nobody answered', 'metadata', ended('wget: download timed out'), { state: 'again', message: 'wget: download timed out' }],
  ])('%s', (_, task, pod, verdict) => {
    expect(judgeNodePod(pod, task)).toMatchObject(verdict);
  });
});
