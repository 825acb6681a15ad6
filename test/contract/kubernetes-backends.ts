import { createVirtualClock } from '../../twin/clock.ts';
import type { AwsSide } from '../../twin/contracts.ts';
import { createKubernetesHalf } from '../../twin/kubernetes/kubernetes-half.ts';
import { createRequestLog, startTwinServer } from '../../twin/server.ts';
import type { Exceptions } from './behaviours.ts';
import { createClient, type KubernetesClient } from './kubernetes-client.ts';

/** A running API server with its controllers and webhook, at least two Linux nodes and nothing else of ours. */
export interface RunningKubernetes extends KubernetesClient {
  /** Lets the cluster's time pass until `check` answers something; fails after 3 minutes of it. */
  eventually<T>(check: () => Promise<T | undefined>): Promise<T>;
  /** Makes continue tokens and old resource versions expire. */
  compact(): Promise<void>;
  /** From now on exactly these service accounts, `NAMESPACE/NAME`, have an association. */
  associate(serviceAccounts: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** A backend of the suites. */
export interface KubernetesBackend {
  readonly name: string;
  readonly exceptions: Exceptions;
  start(): Promise<RunningKubernetes>;
}

/** The region that the webhook of every backend injects. */
export const REGION = 'eu-west-1';

const NODES = ['node-a', 'node-b'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name } },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
}));

/** The twin over HTTPS. */
export const TWIN: KubernetesBackend = { name: 'the twin', exceptions: {}, start: startTwin };

async function startTwin(): Promise<RunningKubernetes> {
  const clock = createVirtualClock(Date.parse('2026-03-01T12:00:00Z'));
  let associated = new Set<string>();
  const aws: AwsSide = {
    webhookSeesAssociation: (namespace, serviceAccount) => associated.has(`${namespace}/${serviceAccount}`),
    callerIdentity: () => ({ via: 'none', roleArn: '', assumedRoleArn: '', error: 'no credentials' }),
    instanceMetadata: () => 401,
    removeRule: () => 0,
    authenticate: (token) => (token === 'bad' ? undefined : { arn: token }),
    isFargate: () => false,
  };
  const delays = { iamPropagation: 0, associationPropagation: 0, addonActive: 0, podStart: 2000, podReady: 3000, cloudTrailDelivery: 0 };
  const half = createKubernetesHalf({
    objects: NODES,
    clock,
    aws,
    delays,
    clusterName: 'contract',
    region: REGION,
    authorize: (verb, resource, _namespace, user) => user !== 'limited' || (resource === 'configmaps' && ['get', 'list'].includes(verb)),
  });
  const server = await startTwinServer({ service: half.service, log: createRequestLog(clock), tls: true, hold: clock.hold });
  return {
    ...createClient(server.url, server.certificateAuthority ?? ''),
    eventually: async (check) => {
      for (const deadline = clock.now() + 180_000; ; ) {
        const found = await check();
        if (found !== undefined) {
          return found;
        }
        if (clock.now() > deadline) {
          throw new Error('it did not come about in 3 minutes');
        }
        await clock.sleep(500);
      }
    },
    compact: async () => half.compact(),
    associate: async (serviceAccounts) => {
      associated = new Set(serviceAccounts);
    },
    close: async () => {
      half.close();
      await server.close();
    },
  };
}
