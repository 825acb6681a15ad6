import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { createAwsHalf } from '../../twin/aws/aws-half.ts';
import { TWIN_CREDENTIALS } from '../../twin/aws/principals.ts';
import type { AwsState } from '../../twin/aws/state.ts';
import { createSystemClock } from '../../twin/clock.ts';
import type { TwinDelays, TwinRequest } from '../../twin/contracts.ts';
import type { PodIdentities } from '../../twin/identity.ts';
import { createRequestLog, startTwinServer } from '../../twin/server.ts';
import type { Snapshot } from '../../twin/snapshot.ts';
import { Watch } from '../../twin/watch.ts';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
import { type PodEnd, playKubelet } from './kubelet.ts';
import { mirrorCluster } from './mirror.ts';

/** A real control plane with a twin's AWS account around it: EKS, IAM, STS and CloudTrail. */
export interface ClusterWithAccount {
  readonly cluster: Cluster;
  /** What could not be loaded of the snapshot. */
  readonly skipped: readonly string[];
  readonly awsEndpoint: string;
  readonly credentials: typeof TWIN_CREDENTIALS;
  readonly state: AwsState;
  readonly identities: PodIdentities;
  /** The twin's watch over the promises, looking at the real cluster. */
  readonly watch: Watch;
  readonly requests: readonly TwinRequest[];
  /** Ends all of it; throws what failed beside the tests. */
  stop(): Promise<void>;
}

/** Seconds instead of minutes, in the order that AWS has them. */
const DELAYS: TwinDelays = {
  iamPropagation: 2_000,
  associationPropagation: 2_000,
  addonActive: 4_000,
  podStart: 0,
  podReady: 0,
  cloudTrailDelivery: 1_000,
};

/**
 * Loads a snapshot into a real control plane and serves its account. DescribeCluster names the real API server; the
 * webhook sees associations when EKS would have spread them; EKS tokens are checked by signature, and whoever signed
 * with the account's credentials is of the group `podshift`; podshift's own pods say who they would be.
 */
export async function startClusterWithAccount(snapshot: Snapshot, options: ClusterOptions): Promise<ClusterWithAccount> {
  const clock = createSystemClock();
  const half = createAwsHalf({ snapshot, clock, delays: DELAYS, rateLimits: {} });
  const issuer = snapshot.cluster.identity?.oidc?.issuer;
  const cluster = await startCluster({
    ...options,
    clusterName: snapshot.cluster.name,
    region: snapshot.region,
    ...(issuer === undefined ? {} : { issuer }),
    nodes: 0,
    identify: (token) => {
      const principal = half.identities.authenticate(token);
      return principal === undefined ? undefined : { name: principal.arn, groups: ['podshift'] };
    },
  });
  const stopping = new AbortController();
  const ends: (() => Promise<void>)[] = [cluster.stop, async () => clock.close()];
  const stop = async (): Promise<void> => {
    stopping.abort();
    const ended = [];
    for (const end of ends.splice(0).reverse()) ended.push(...(await Promise.allSettled([end()])));
    const failures = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
  };
  try {
    await cluster.setAssociations(snapshot.associations.map(({ namespace, serviceAccount }) => ({ namespace, serviceAccount })));
    const { skipped } = await cluster.load(snapshot.objects);
    const unready = await cluster.settle(180_000);
    if (unready.length > 0) throw new Error(`not ready: ${unready.join('; ')}`);
    const mirror = await mirrorCluster(cluster, 'podshift');
    ends.push(mirror.stop);
    half.connect(mirror.side);
    const watch = new Watch({ ...half, kubernetes: mirror.side, clock });
    const log = createRequestLog(clock);
    const service = half.serve({ url: cluster.endpoint, certificateAuthority: cluster.certificateAuthority });
    const server = await startTwinServer({
      service,
      log,
      tls: false,
      hooks: { beforeRequest: (request) => void watch.requestBegins(request) },
    });
    ends.push(() => server.close());
    const spread = spreadAssociations(cluster, half.state, stopping.signal);
    ends.push(() => spread);
    const kubelet = playKubelet(cluster.api, (pod) => answerProbe(pod, half.identities));
    ends.push(kubelet.stop);
    return {
      cluster,
      skipped,
      awsEndpoint: server.url,
      credentials: TWIN_CREDENTIALS,
      state: half.state,
      identities: half.identities,
      watch,
      requests: log.requests,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Keeps the webhook's file as EKS' control plane would: some time behind. */
async function spreadAssociations(cluster: Cluster, state: AwsState, signal: AbortSignal): Promise<void> {
  let written = '';
  while (!signal.aborted) {
    // A deleted association is still seen for a while, so the living ones are not enough.
    const seen = state.everAssociated().filter(({ namespace, serviceAccount }) => state.webhookSees(namespace, serviceAccount, 0));
    const text = JSON.stringify(seen);
    if (text !== written) await cluster.setAssociations(seen);
    written = text;
    await sleep(100);
  }
}

/** What `aws sts get-caller-identity` would say in the probe. */
function answerProbe(pod: KubernetesObject, identities: PodIdentities): PodEnd {
  const { assumedRoleArn, error } = identities.callerIdentity(pod, pod.spec.containers[0].name);
  if (error !== '') return { exitCode: 255, message: error };
  return {
    exitCode: 0,
    message: JSON.stringify({ UserId: 'AROAEXAMPLE:probe', Account: assumedRoleArn.split(':')[4], Arn: assumedRoleArn }),
  };
}
