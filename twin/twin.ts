import type { Promises } from '../src/model/report.ts';
import type { AddonUpdates } from './aws/addon-updates.ts';
import type { Addons } from './aws/addons.ts';
import { AGENT, agentDaemonSets } from './aws/agent-daemonset.ts';
import { createAwsHalf } from './aws/aws-half.ts';
import type { EksAuthFaults } from './aws/eks-auth.ts';
import { TWIN_CREDENTIALS } from './aws/principals.ts';
import type { AwsState, ReadsLate } from './aws/state.ts';
import type { RateLimits } from './aws/token-buckets.ts';
import type { KubernetesSide, TwinClock, TwinDelays, TwinHooks, TwinRequest } from './contracts.ts';
import type { PodIdentities } from './identity.ts';
import { createKubernetesHalf, type KubernetesHalf, type KubernetesHalfSettings } from './kubernetes/kubernetes-half.ts';
import { createRequestLog, type RequestLog, startTwinServer, type TwinHttpService } from './server.ts';
import type { Snapshot } from './snapshot.ts';
import { Watch } from './watch.ts';

/** How long things take by default: what users of AWS usually see. */
export const DEFAULT_DELAYS: TwinDelays = {
  iamPropagation: 8_000,
  associationPropagation: 6_000,
  addonActive: 30_000,
  podStart: 2_000,
  podReady: 5_000,
  cloudTrailDelivery: 5 * 60 * 1000,
};

/** What a twin is started with. */
export interface TwinSettings {
  readonly snapshot: Snapshot;
  readonly clock: TwinClock & { readonly hold?: () => () => void };
  readonly delays?: Partial<TwinDelays>;
  readonly hooks?: TwinHooks;
  /** Request rates of the AWS services; none by default. */
  readonly rateLimits?: RateLimits;
  /** How EKS Auth fails by itself; it does not by default. */
  readonly eksAuthFaults?: EksAuthFaults | undefined;
  /** By how much IAM and EKS read behind what was written; not at all where absent. */
  readonly readsLate?: ReadsLate;
  /** Whether CronJobs make their Jobs when their time comes. Not by default: a rehearsal judges what is there. */
  readonly cronJobs?: boolean;
  /** Ports to listen on; free ones by default. */
  readonly ports?: { readonly aws?: number; readonly kubernetes?: number };
  /** Whether answers carry the twin's own time as their `Date`; the machine's where absent. */
  readonly dated?: boolean;
  /** See `KubernetesHalfSettings`. */
  readonly authorize?: KubernetesHalfSettings['authorize'];
  readonly unpullableImages?: KubernetesHalfSettings['unpullableImages'];
}

/** A running twin. */
export interface Twin {
  readonly awsEndpoint: string;
  readonly kubernetesEndpoint: string;
  /** PEM of the Kubernetes endpoint's authority. */
  readonly certificateAuthority: string;
  /** The only credentials that it takes, apart from those that its STS gives out. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Credentials of somebody else in the account, by the name of their role, which need not exist: requests name it as their principal. */
  signIn(roleName: string): { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string };
  readonly clusterName: string;
  readonly region: string;
  /** What the watch over the promises found so far. */
  promises(): Promises;
  /** Every request that reached it, in the order of arrival. */
  readonly requests: readonly TwinRequest[];
  /** The account, for tests that change the world from outside (`by` is then `system`). */
  readonly awsState: AwsState;
  readonly addons: Addons;
  readonly updates: AddonUpdates;
  readonly identities: PodIdentities;
  readonly kubernetes: KubernetesSide;
  readonly kubernetesHalf: KubernetesHalf;
  readonly watch: Watch;
  close(): Promise<void>;
}

/** Starts the twin of a snapshot on loopback: one endpoint for AWS, one for its cluster. The snapshot is not changed and can be shared. */
export async function startTwin(settings: TwinSettings): Promise<Twin> {
  const { endpoints, ...twin } = createTwin(settings);
  const { clock, dated } = settings;
  const common = { log: endpoints.log, hooks: endpoints.hooks, hold: clock.hold, ...(dated === true ? { now: clock.now } : {}) };
  const kubernetes = await startTwinServer({ ...common, service: endpoints.kubernetes, tls: true, port: settings.ports?.kubernetes });
  const certificateAuthority = kubernetes.certificateAuthority ?? '';
  const service = endpoints.aws({ url: kubernetes.url, certificateAuthority });
  const aws = await startTwinServer({ ...common, service, tls: false, port: settings.ports?.aws });
  return {
    ...twin,
    awsEndpoint: aws.url,
    kubernetesEndpoint: kubernetes.url,
    certificateAuthority,
    close: async () => {
      twin.kubernetesHalf.close();
      await Promise.all([aws.close(), kubernetes.close()]);
    },
  };
}

/** A twin that listens nowhere: its endpoints are for `answerRequest`, or a server. */
export type UnservedTwin = Omit<Twin, 'awsEndpoint' | 'kubernetesEndpoint' | 'certificateAuthority' | 'close'> & {
  readonly endpoints: {
    readonly kubernetes: TwinHttpService;
    /** `kubernetes` is what DescribeCluster names as the cluster's endpoint. */
    aws(kubernetes: { readonly url: string; readonly certificateAuthority: string }): TwinHttpService;
    readonly log: RequestLog;
    /** The settings' hooks, with the watch in front of them. */
    readonly hooks: TwinHooks;
  };
};

/** The twin of a snapshot, with its watch, in this process alone. */
export function createTwin(settings: Omit<TwinSettings, 'ports'>): UnservedTwin {
  const { snapshot, clock } = settings;
  const delays = { ...DEFAULT_DELAYS, ...settings.delays };
  const { rateLimits = {}, eksAuthFaults, readsLate } = settings;
  const account = createAwsHalf({ snapshot, clock, delays, rateLimits, eksAuthFaults, readsLate });
  const half = createKubernetesHalf({
    objects: withAgent(snapshot),
    clock,
    aws: account.identities,
    delays,
    clusterName: snapshot.cluster.name,
    region: snapshot.region,
    ipFamily: snapshot.cluster.kubernetesNetworkConfig?.ipFamily,
    kubernetesVersion: snapshot.cluster.version === '' ? undefined : snapshot.cluster.version,
    authorize: settings.authorize,
    issuer: snapshot.cluster.identity?.oidc?.issuer,
    unpullableImages: settings.unpullableImages,
    kinds: snapshot.kinds,
    unknownKinds: snapshot.unknownKinds,
    cronJobs: settings.cronJobs,
  });
  account.connect(half.side);
  const watch = new Watch({ ...account, kubernetes: half.side, clock });
  const log = createRequestLog(clock);
  const hooks: TwinHooks = {
    beforeRequest: (request) => {
      watch.requestBegins(request);
      return settings.hooks?.beforeRequest?.(request);
    },
    afterRequest: (request, status) => settings.hooks?.afterRequest?.(request, status),
  };
  return {
    endpoints: { kubernetes: half.service, aws: (kubernetes) => account.serve(kubernetes), log, hooks },
    credentials: TWIN_CREDENTIALS,
    signIn: (roleName) => account.signIn(roleName),
    clusterName: snapshot.cluster.name,
    region: snapshot.region,
    promises: () => watch.promises(),
    requests: log.requests,
    awsState: account.state,
    addons: account.addons,
    updates: account.updates,
    identities: account.identities,
    kubernetes: half.side,
    kubernetesHalf: half,
    watch,
  };
}

/** The snapshot's objects, and the agent's DaemonSets where the add-on is installed but kubectl's output did not have it. */
function withAgent(snapshot: Snapshot): Snapshot['objects'] {
  const addon = snapshot.addons.find((one) => one.addonName === AGENT);
  const present = snapshot.objects.some((object) => object.kind === 'DaemonSet' && object.metadata.name === AGENT);
  return addon === undefined || present
    ? snapshot.objects
    : [...snapshot.objects, ...agentDaemonSets(snapshot.region, snapshot.cluster.name, addon.addonVersion, addon.configurationValues)];
}
