import { describe, expect, it } from 'vitest';
import type { KubernetesGateway, KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { injectionOf, isOnNewWay, isOnOldWay, usesAgent } from '../../../src/verification/injection.ts';
import { controllerKind, isReady, isRecreated, livePods, podsOfServiceAccount, terminatingPods } from '../../../src/verification/pods.ts';
import { withTokens } from '../fixtures/migration-fixtures.ts';

const PREFIX = 'eks.amazonaws.com';
const NEW = [
  { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'http://169.254.170.23/v1/credentials' },
  {
    name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    value: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token',
  },
];
const OLD = [
  { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/a' },
  { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token' },
];

interface Parts {
  readonly containers?: readonly unknown[];
  readonly initContainers?: readonly unknown[];
  readonly annotations?: Record<string, string>;
}

function pod({ containers = [{ name: 'app', env: NEW }], initContainers, annotations }: Parts = {}): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n', ...(annotations === undefined ? {} : { annotations }) },
    spec: withTokens({ containers, ...(initContainers === undefined ? {} : { initContainers }) }),
  };
}

describe('which way a pod is on', () => {
  it.each<[string, Parts, { newWay: boolean; oldWay: boolean; agent: boolean }]>([
    ['both container variables in each container', {}, { newWay: true, oldWay: false, agent: true }],
    [
      'the IPv6 address of the agent',
      { containers: [{ name: 'app', env: [{ ...NEW[0], value: 'http://[fd00:ec2::23]/v1/credentials' }, NEW[1]] }] },
      { newWay: true, oldWay: false, agent: true },
    ],
    [
      'another address',
      { containers: [{ name: 'app', env: [{ ...NEW[0], value: 'http://169.254.170.2/v1/credentials' }, NEW[1]] }] },
      { newWay: false, oldWay: false, agent: false },
    ],
    [
      'no address at all',
      { containers: [{ name: 'app', env: [{ name: NEW[0]?.name }, NEW[1]] }] },
      { newWay: false, oldWay: false, agent: false },
    ],
    [
      'an address that is none',
      { containers: [{ name: 'app', env: [{ ...NEW[0], value: 'agent' }, NEW[1]] }] },
      { newWay: false, oldWay: false, agent: false },
    ],
    ['the address without the token file', { containers: [{ name: 'app', env: [NEW[0]] }] }, { newWay: false, oldWay: false, agent: true }],
    [
      'one container that was missed',
      { containers: [{ name: 'app', env: NEW }, { name: 'side' }] },
      { newWay: false, oldWay: false, agent: true },
    ],
    ['an init container that was missed', { initContainers: [{ name: 'init', env: OLD }] }, { newWay: false, oldWay: false, agent: true }],
    [
      'a missed container that is skipped',
      { containers: [{ name: 'app', env: NEW }, { name: 'side' }], annotations: { [`${PREFIX}/skip-containers`]: 'other,side' } },
      { newWay: true, oldWay: false, agent: true },
    ],
    ['every container skipped', { annotations: { [`${PREFIX}/skip-containers`]: 'app' } }, { newWay: false, oldWay: false, agent: true }],
    [
      'variables that outrank the new ones',
      { containers: [{ name: 'app', env: [...NEW, ...OLD] }] },
      { newWay: false, oldWay: false, agent: true },
    ],
    ['the IRSA variables', { containers: [{ name: 'app', env: OLD }] }, { newWay: false, oldWay: true, agent: false }],
    ['half of the IRSA variables', { containers: [{ name: 'app', env: [OLD[0]] }] }, { newWay: false, oldWay: false, agent: false }],
    ['no variables', { containers: [{ name: 'app' }] }, { newWay: false, oldWay: false, agent: false }],
  ])('with %s', (_sentence, parts, expected) => {
    const subject = pod(parts);
    expect({ newWay: isOnNewWay(subject, PREFIX), oldWay: isOnOldWay(subject, PREFIX), agent: usesAgent(subject) }).toEqual(expected);
  });

  it('names the variables that outrank, container by container', () => {
    const subject = pod({
      containers: [{ name: 'app', env: [...NEW, { name: 'AWS_PROFILE' }, { name: 'AWS_ACCESS_KEY_ID' }, { name: 'AWS_REGION' }] }],
    });
    expect(injectionOf(subject, PREFIX)).toEqual([{ container: 'app', way: 'new', outranking: ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE'] }]);
  });

  it('honours the prefix of a self-hosted webhook', () => {
    const subject = pod({
      containers: [{ name: 'side' }, { name: 'app', env: NEW }],
      annotations: { 'iam.example.com/skip-containers': 'side' },
    });
    expect(isOnNewWay(subject, 'iam.example.com')).toBe(true);
    expect(isOnNewWay(subject, PREFIX)).toBe(false);
  });
});

describe('the pods of a service account', () => {
  const of = (name: string, spec: object, status: object = {}, metadata: object = {}): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...metadata },
    spec,
    status,
  });
  it('are the live ones that name it, without podshift’s own', () => {
    const pods = [
      of('mine', { serviceAccountName: 'a' }, { phase: 'Running' }),
      of('pending', { serviceAccountName: 'a' }),
      of('other', { serviceAccountName: 'b' }),
      of('nameless', {}),
      of('done', { serviceAccountName: 'a' }, { phase: 'Succeeded' }),
      of('failed', { serviceAccountName: 'a' }, { phase: 'Failed' }),
      of('leaving', { serviceAccountName: 'a' }, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      of('probe', { serviceAccountName: 'a' }, {}, { labels: { 'app.kubernetes.io/managed-by': 'podshift' } }),
    ];
    const names = (serviceAccount: string) => podsOfServiceAccount(pods, serviceAccount).map((found) => found.metadata.name);
    expect(names('a')).toEqual(['mine', 'pending']);
    expect(names('default')).toEqual(['nameless']);
  });

  it('are selected by the API server: those of all others of the namespace may be more than a function can hold', async () => {
    const asked: unknown[] = [];
    const leaving = of('leaving', { serviceAccountName: 'a' }, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    const list: KubernetesGateway['list'] = async (resource, options) => {
      asked.push([resource.plural, options]);
      return [of('mine', { serviceAccountName: 'a' }), leaving];
    };
    const kubernetes = { list } as KubernetesGateway;
    expect((await livePods(kubernetes, 'shop', 'a')).map(({ metadata }) => metadata.name)).toEqual(['mine']);
    expect((await terminatingPods(kubernetes, 'shop', 'a')).map(({ metadata }) => metadata.name)).toEqual(['leaving']);
    const selected = ['pods', { namespace: 'shop', fieldSelector: 'spec.serviceAccountName=a' }];
    expect(asked).toEqual([selected, selected]);
  });

  it('are ready by their condition, and made anew by some controllers', () => {
    expect(isReady(of('p', {}, { conditions: [{ type: 'Ready', status: 'True' }] }))).toBe(true);
    expect(isReady(of('p', {}, { conditions: [{ type: 'Ready', status: 'False' }] }))).toBe(false);
    expect(isReady(of('p', {}))).toBe(false);
    const owned = (kind: string, controller = true) =>
      of('p', {}, {}, { ownerReferences: [{ apiVersion: 'v1', kind, name: 'o', uid: 'u', controller }] });
    expect(['ReplicaSet', 'StatefulSet', 'DaemonSet', 'ReplicationController', 'Rollout'].map((kind) => isRecreated(owned(kind)))).toEqual(
      Array(5).fill(true),
    );
    expect(isRecreated(owned('Job'))).toBe(false);
    expect(isRecreated(of('bare', {}))).toBe(false);
    expect(controllerKind(owned('ReplicaSet', false))).toBeUndefined();
  });
});
