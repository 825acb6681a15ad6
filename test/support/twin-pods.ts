import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { roleArn, START } from './twin-account.ts';

const WEB_TOKEN = '/var/run/secrets/eks.amazonaws.com/serviceaccount/token';
const POD_TOKEN = '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token';

export interface PodOptions {
  readonly name: string;
  readonly serviceAccount: string;
  /** What the webhook injected. */
  readonly mode?: 'irsa' | 'pod-identity' | 'none';
  readonly roleArn?: string;
  readonly audience?: string;
  /** Lifetime of its token, seconds; a day by default, as the webhook asks for. */
  readonly expirationSeconds?: number;
  readonly env?: readonly Record<string, unknown>[];
  readonly envFrom?: readonly Record<string, unknown>[];
  readonly nodeName?: string;
  readonly phase?: string;
  readonly labels?: Record<string, string>;
  /** Name of the Deployment that it belongs to; a bare pod without. */
  readonly deployment?: string;
}

/** A pod of namespace `shop` as it stands after admission and start. */
export function pod(options: PodOptions): KubernetesObject {
  const { name, serviceAccount, mode = 'none', deployment } = options;
  const irsa = mode === 'irsa';
  const injected = irsa
    ? [
        { name: 'AWS_ROLE_ARN', value: options.roleArn ?? roleArn(serviceAccount) },
        { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: WEB_TOKEN },
      ]
    : [
        { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'http://169.254.170.23/v1/credentials' },
        { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: POD_TOKEN },
      ];
  const file = irsa ? WEB_TOKEN : POD_TOKEN;
  const path = file.slice(file.lastIndexOf('/') + 1);
  const audience = options.audience ?? (irsa ? 'sts.amazonaws.com' : 'pods.eks.amazonaws.com');
  const owner =
    deployment === undefined
      ? {}
      : {
          ownerReferences: [
            { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${deployment}-1`, uid: `rs-${deployment}`, controller: true },
          ],
        };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      creationTimestamp: new Date(START).toISOString(),
      labels: options.labels ?? {},
      ...owner,
    },
    spec: {
      serviceAccountName: serviceAccount,
      nodeName: options.nodeName ?? 'node-1',
      containers: [
        {
          name: 'app',
          env: [...(options.env ?? []), ...(mode === 'none' ? [] : injected)],
          ...(options.envFrom === undefined ? {} : { envFrom: options.envFrom }),
          volumeMounts: mode === 'none' ? [] : [{ name: 'token', mountPath: file.slice(0, file.lastIndexOf('/')) }],
        },
      ],
      volumes:
        mode === 'none'
          ? []
          : [
              {
                name: 'token',
                projected: {
                  sources: [{ serviceAccountToken: { audience, path, expirationSeconds: options.expirationSeconds ?? 86_400 } }],
                },
              },
            ],
    },
    status: { phase: options.phase ?? 'Running' },
  };
}

/** A Deployment of namespace `shop`, and the ReplicaSet under it. */
export function deployment(name: string, serviceAccount: string): KubernetesObject[] {
  const template = {
    metadata: { labels: { app: name } },
    spec: { serviceAccountName: serviceAccount, containers: [{ name: 'app', image: 'x' }] },
  };
  return [
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'shop', uid: `d-${name}` }, spec: { template } },
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-1`,
        namespace: 'shop',
        uid: `rs-${name}`,
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid: `d-${name}`, controller: true }],
      },
      spec: { template },
    },
  ];
}

/** A pod of the Pod Identity agent on a node. */
export function agentPod(nodeName: string, ready = true): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `agent-${nodeName}`,
      namespace: 'kube-system',
      uid: `agent-${nodeName}`,
      labels: { 'app.kubernetes.io/name': 'eks-pod-identity-agent' },
    },
    spec: { nodeName, hostNetwork: true, containers: [{ name: 'agent' }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}
