import { expect } from 'vitest';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { createVirtualClock, type VirtualClock } from '../../twin/clock.ts';
import type { AwsSide, CallerIdentity, ObjectChange } from '../../twin/contracts.ts';
import { createKubernetesHalf, type KubernetesHalf, type KubernetesHalfSettings } from '../../twin/kubernetes/kubernetes-half.ts';

/** A reply, its body read. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  readonly body: any;
  readonly headers: Readonly<Record<string, string>>;
}

/** A Kubernetes half without a server: requests go straight to its service. */
export interface TestCluster extends KubernetesHalf {
  readonly clock: VirtualClock;
  readonly changes: ObjectChange[];
  /** A `PATCH` is a merge patch unless `contentType` says otherwise. */
  request(method: string, path: string, body?: unknown, options?: { contentType?: string; token?: string; connection?: number }): Answer;
  /** All pods whose name begins so, by name. */
  pods(prefix: string): readonly KubernetesObject[];
}

/** Where the tests' time begins. */
export const START = Date.parse('2026-03-01T12:00:00Z');

export const NOBODY: CallerIdentity = { via: 'none', roleArn: '', assumedRoleArn: '', error: 'Unable to locate credentials' };

/** An account without associations, Fargate or credentials, that takes any token but `bad`. */
export const PLAIN_ACCOUNT: AwsSide = {
  webhookSeesAssociation: () => false,
  callerIdentity: () => NOBODY,
  instanceMetadata: () => 401,
  removeRule: () => 0,
  authenticate: (token) => (token === 'bad' ? undefined : { arn: 'arn:aws:iam::111122223333:role/operator' }),
  isFargate: () => false,
};

export function createTestCluster(
  objects: readonly KubernetesObject[],
  settings: Partial<Omit<KubernetesHalfSettings, 'objects' | 'clock' | 'aws'>> & { aws?: Partial<AwsSide> } = {},
): TestCluster {
  const clock = createVirtualClock(START);
  const half = createKubernetesHalf({
    clusterName: 'test',
    region: 'eu-west-1',
    delays: { iamPropagation: 0, associationPropagation: 0, addonActive: 0, podStart: 2000, podReady: 3000, cloudTrailDelivery: 0 },
    ...settings,
    objects,
    clock,
    aws: { ...PLAIN_ACCOUNT, ...settings.aws },
  });
  const changes: ObjectChange[] = [];
  half.side.onChange((change) => void changes.push(change));
  return {
    ...half,
    clock,
    changes,
    request: (method, path, body, options = {}) => {
      const reply = half.service.handle({
        method,
        url: new URL(path, 'https://127.0.0.1'),
        headers: {
          authorization: `Bearer ${options.token ?? 'good'}`,
          'user-agent': 'test/1.0',
          'content-type': options.contentType ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'),
        },
        body: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
        connection: options.connection ?? 0,
      });
      if (reply instanceof Promise) {
        throw new Error('the API server answers at once');
      }
      const isJson = reply.headers?.['content-type'] === 'application/json';
      return { status: reply.status, body: isJson ? JSON.parse(reply.body ?? '') : reply.body, headers: reply.headers ?? {} };
    },
    pods: (prefix) => half.side.objects('Pod').filter((pod) => pod.metadata.name.startsWith(prefix)),
  };
}

export function node(
  name: string,
  more: { labels?: Record<string, string>; taints?: object[]; unschedulable?: boolean } = {},
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name, ...more.labels } },
    spec: { taints: more.taints, unschedulable: more.unschedulable },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

export function serviceAccount(name: string, annotations: Record<string, string> = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'shop', annotations } };
}

// biome-ignore lint/suspicious/noExplicitAny: parts of manifests
type Fields = Record<string, any>;

/** A workload of namespace `shop` whose pods carry `app: NAME`. */
export function workload(
  kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'ReplicaSet',
  name: string,
  spec: Fields = {},
  podSpec: Fields = {},
): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: 'shop' },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }], ...podSpec },
      },
      ...spec,
    },
  };
}

export function barePod(name: string, spec: Fields = {}, metadata: Fields = {}): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', ...metadata },
    spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }], ...spec },
  };
}

/** The patch of `kubectl rollout restart`. */
export function restartPatch(value: string): object {
  return { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': value } } } } };
}

/** Restarts a workload as kubectl does, with a value of ours. */
export function restart(cluster: TestCluster, path: string, value = 'run-1'): void {
  expect(cluster.request('PATCH', path, restartPatch(value), { contentType: 'application/strategic-merge-patch+json' }).status).toBe(200);
}

/** Runs virtual time second by second and answers the fewest and the most pods that `count` saw. */
export async function extremes(cluster: TestCluster, seconds: number, count: () => number): Promise<[number, number]> {
  const seen = [count()];
  for (let second = 0; second < seconds; second += 1) {
    await cluster.clock.advance(1000);
    seen.push(count());
  }
  return [Math.min(...seen), Math.max(...seen)];
}

export const isReady = (pod: KubernetesObject): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.status.conditions?.some((entry: { type: string; status: string }) => entry.type === 'Ready' && entry.status === 'True');
export const uids = (pods: readonly KubernetesObject[]): unknown[] => pods.map((pod) => pod.metadata.uid).sort();
