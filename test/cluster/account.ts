import { setTimeout as sleep } from 'node:timers/promises';
import { createAwsHalf } from '../../twin/aws/aws-half.ts';
import { TWIN_CREDENTIALS } from '../../twin/aws/principals.ts';
import type { AwsState } from '../../twin/aws/state.ts';
import { createSystemClock } from '../../twin/clock.ts';
import type { TwinDelays, TwinRequest } from '../../twin/contracts.ts';
import type { PodIdentities } from '../../twin/identity.ts';
import { runShortLived } from '../../twin/kubernetes/short-lived.ts';
import { createRequestLog, startTwinServer } from '../../twin/server.ts';
import type { Snapshot } from '../../twin/snapshot.ts';
import { Watch } from '../../twin/watch.ts';
import { createClientWrites } from './client-writes.ts';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
import { playKubelet } from './kubelet.ts';
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
  /** Every request to AWS, and every write to the cluster, of whoever signed with the account's credentials. */
  readonly requests: readonly TwinRequest[];
  /** Resolves when the watch has judged everything that has happened in the cluster until now. */
  caughtUp(): Promise<void>;
  /** Ends all of it; throws what failed beside the tests. */
  stop(): Promise<void>;
}

/** The group of whoever signed in with the account's credentials. */
const GROUP = 'podshift';

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
  const log = createRequestLog(clock);
  const writes = createClientWrites(GROUP, ({ operation, apiGroup, object, principal, write }) => {
    log.add({ service: 'kubernetes', operation, apiGroup, object, principal, write });
  });
  const cluster = await startCluster({
    ...options,
    clusterName: snapshot.cluster.name,
    region: snapshot.region,
    ...(issuer === undefined ? {} : { issuer }),
    nodes: 0,
    identify: (token) => {
      const principal = half.identities.authenticate(token);
      return principal === undefined ? undefined : { name: principal.arn, groups: [GROUP] };
    },
    audit: writes,
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
    let watch: Watch | undefined;
    const mirror = await mirrorCluster(cluster, writes, (write) => watch?.requestBegins(write));
    ends.push(mirror.stop);
    half.connect(mirror.side);
    const judge = new Watch({ ...half, kubernetes: mirror.side, clock });
    watch = judge;
    const service = half.serve({ url: cluster.endpoint, certificateAuthority: cluster.certificateAuthority });
    const server = await startTwinServer({
      service,
      log,
      tls: false,
      hooks: { beforeRequest: (request) => void judge.requestBegins(request) },
    });
    ends.push(() => server.close());
    const spread = spreadAssociations(cluster, half.state, stopping.signal);
    ends.push(() => spread);
    const kubelet = playKubelet(cluster.api, (pod) => runShortLived(pod, half.identities));
    ends.push(kubelet.stop);
    return {
      cluster,
      skipped,
      awsEndpoint: server.url,
      credentials: TWIN_CREDENTIALS,
      state: half.state,
      identities: half.identities,
      watch: judge,
      requests: log.requests,
      caughtUp: mirror.catchUp,
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
