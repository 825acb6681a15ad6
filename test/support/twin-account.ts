import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { type AwsHalf, createAwsHalf } from '../../twin/aws/aws-half.ts';
import type { EksAuthFaults } from '../../twin/aws/eks-auth.ts';
import { TWIN_CREDENTIALS } from '../../twin/aws/principals.ts';
import type { RateLimits } from '../../twin/aws/token-buckets.ts';
import { createVirtualClock, type VirtualClock } from '../../twin/clock.ts';
import type { KubernetesSide, ObjectChange, TwinDelays, TwinHooks } from '../../twin/contracts.ts';
import { createRequestLog, type RequestLog, startTwinServer } from '../../twin/server.ts';
import { type SnapshotParts, snapshotFromObjects } from '../../twin/snapshot.ts';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';
export const CLUSTER_ARN = `arn:aws:eks:${REGION}:${ACCOUNT}:cluster/shop`;
export const ISSUER = `oidc.eks.${REGION}.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF`;
export const START = Date.parse('2026-03-02T09:00:00Z');
export const DELAYS: TwinDelays = {
  iamPropagation: 8_000,
  associationPropagation: 6_000,
  addonActive: 30_000,
  podStart: 2_000,
  podReady: 5_000,
  cloudTrailDelivery: 300_000,
};

export const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;

/** A trust statement for one service account by IRSA. */
export function irsaStatement(namespace: string, serviceAccount: string): Record<string, unknown> {
  return {
    Effect: 'Allow',
    Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      StringEquals: { [`${ISSUER}:sub`]: `system:serviceaccount:${namespace}:${serviceAccount}`, [`${ISSUER}:aud`]: 'sts.amazonaws.com' },
    },
  };
}

/** A trust statement for one service account by Pod Identity; further members replace these. */
export function podIdentityStatement(
  namespace: string,
  serviceAccount: string,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    Sid: 'PodIdentity',
    Effect: 'Allow',
    Principal: { Service: 'pods.eks.amazonaws.com' },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
    Condition: {
      StringEquals: {
        'aws:SourceAccount': ACCOUNT,
        'aws:RequestTag/eks-cluster-arn': CLUSTER_ARN,
        'aws:RequestTag/kubernetes-namespace': namespace,
        'aws:RequestTag/kubernetes-service-account': serviceAccount,
      },
    },
    ...more,
  };
}

export const trust = (...statements: Record<string, unknown>[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });

/** A role as get-account-authorization-details gives it. */
export function role(
  name: string,
  document: string | Record<string, unknown>,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    Path: '/',
    RoleName: name,
    RoleId: `AROAEXAMPLE${name
      .toUpperCase()
      .replace(/[^A-Z]/g, '')
      .padEnd(10, 'X')
      .slice(0, 10)}`,
    Arn: roleArn(name),
    CreateDate: '2024-01-01T00:00:00Z',
    AssumeRolePolicyDocument: typeof document === 'string' ? JSON.parse(document) : document,
    RolePolicyList: [],
    AttachedManagedPolicies: [],
    InstanceProfileList: [],
    Tags: [],
    ...more,
  };
}

/** A small account and cluster: `cart` is bound to role `cart` by IRSA, a node, no agent. */
export function shopParts(more: Partial<SnapshotParts> = {}): SnapshotParts {
  return {
    cluster: {
      cluster: {
        name: 'shop',
        arn: CLUSTER_ARN,
        version: '1.31',
        createdAt: '2024-01-01T00:00:00Z',
        identity: { oidc: { issuer: `https://${ISSUER}` } },
        accessConfig: { authenticationMode: 'API' },
      },
    },
    account: {
      RoleDetailList: [
        role('cart', trust(irsaStatement('shop', 'cart'))),
        role('mail', trust(irsaStatement('shop', 'mail'))),
        role('node', trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }), {
          AttachedManagedPolicies: [
            { PolicyName: 'AmazonEKSWorkerNodePolicy', PolicyArn: 'arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy' },
          ],
        }),
      ],
    },
    objects: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', labels: { 'kubernetes.io/os': 'linux' } } },
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'cart', namespace: 'shop', annotations: { 'eks.amazonaws.com/role-arn': roleArn('cart') } },
      },
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'mail', namespace: 'shop', annotations: { 'eks.amazonaws.com/role-arn': roleArn('mail') } },
      },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'other', namespace: 'shop' } },
    ],
    ...more,
  };
}

/** A cluster that only keeps objects: no controllers, no admission. Tests drive it by hand. */
export class FakeCluster implements KubernetesSide {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #listeners: ((change: ObjectChange) => void)[] = [];

  constructor(objects: readonly KubernetesObject[]) {
    for (const object of objects) this.#objects.set(keyOf(object.kind, object.metadata.namespace, object.metadata.name), object);
  }

  objects(kind: string): readonly KubernetesObject[] {
    return [...this.#objects.values()].filter((object) => object.kind === kind);
  }

  object(kind: string, namespace: string | undefined, name: string): KubernetesObject | undefined {
    return this.#objects.get(keyOf(kind, namespace, name));
  }

  apply(object: KubernetesObject): void {
    this.put(object, 'system');
  }

  remove(kind: string, namespace: string | undefined, name: string): void {
    this.take(kind, namespace, name, 'system');
  }

  onChange(listener: (change: ObjectChange) => void): void {
    this.#listeners.push(listener);
  }

  put(object: KubernetesObject, by: ObjectChange['by']): void {
    const key = keyOf(object.kind, object.metadata.namespace, object.metadata.name);
    const before = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const listener of this.#listeners) listener({ before, after: object, by });
  }

  take(kind: string, namespace: string | undefined, name: string, by: ObjectChange['by']): void {
    const key = keyOf(kind, namespace, name);
    const before = this.#objects.get(key);
    this.#objects.delete(key);
    if (before !== undefined) for (const listener of this.#listeners) listener({ before, after: undefined, by });
  }
}

/** A twin's AWS half that listens, over a cluster that only keeps objects. */
export interface TwinAccount extends AwsHalf {
  readonly endpoint: string;
  readonly clock: VirtualClock;
  readonly cluster: FakeCluster;
  readonly log: RequestLog;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  close(): Promise<void>;
}

/** Starts one. */
export async function startTwinAccount(
  options: {
    readonly parts?: Partial<SnapshotParts>;
    readonly delays?: Partial<TwinDelays>;
    readonly hooks?: TwinHooks;
    readonly rateLimits?: RateLimits;
    readonly eksAuthFaults?: EksAuthFaults;
  } = {},
): Promise<TwinAccount> {
  const snapshot = snapshotFromObjects(shopParts(options.parts));
  const clock = createVirtualClock(START);
  const half = createAwsHalf({
    snapshot,
    clock,
    delays: { ...DELAYS, ...options.delays },
    rateLimits: options.rateLimits ?? {},
    eksAuthFaults: options.eksAuthFaults,
  });
  const cluster = new FakeCluster(snapshot.objects);
  half.connect(cluster);
  const log = createRequestLog(clock);
  const service = half.serve({ url: 'https://127.0.0.1:1', certificateAuthority: '-----BEGIN CERTIFICATE-----\n' });
  const server = await startTwinServer({ service, log, hooks: options.hooks, tls: false });
  return { ...half, endpoint: server.url, clock, cluster, log, credentials: TWIN_CREDENTIALS, close: () => server.close() };
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? ''}/${name}`;
}
