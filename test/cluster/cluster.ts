import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { type Api, createApi, must } from './api.ts';
import { type Audit, receiveAudit } from './audit.ts';
import { type Binaries, type BuildOptions, buildBinaries } from './build.ts';
import { createAuthority, type Pair } from './certificates.ts';
import { compactStore } from './compaction.ts';
import { findEtcd } from './etcd.ts';
import { createTwinWebhook, type Identity, webhookConfiguration, writeAssociations } from './identity-webhook.ts';
import { kubeconfig } from './kubeconfig.ts';
import { type LoadOutcome, loadObjects } from './load-objects.ts';
import { makeNodes, readyNodes } from './nodes.ts';
import {
  agentLine,
  apiServerLine,
  type ClusterPorts,
  controllerManagerLine,
  etcdLine,
  kwokLine,
  type Site,
  schedulerLine,
  webhookLine,
  writeFiles,
} from './parts.ts';
import { assertFree, connects, freePorts, LOOPBACK } from './ports.ts';
import { ClusterProblem } from './problem.ts';
import { type Ended, type Environment, run } from './run.ts';
import { createServerGroup, type ServerGroup } from './servers.ts';
import { settle } from './settle.ts';
import { claimFolder } from './state.ts';
import { type ClusterUser, createTokenBook, identifyEksToken } from './token-review.ts';
import { findUpstream } from './upstream.ts';
import { type WatchEvent, watchApi } from './watch.ts';
import { serveJson } from './webhook-server.ts';

/** What a cluster is started with; all of it has defaults. */
export interface ClusterOptions {
  /** Where its files go: a new or empty folder, or one of an earlier cluster. Default: a temporary folder, removed in the end. */
  readonly folder?: string;
  /** Ports that matter; free ones are chosen for the rest. */
  readonly ports?: Partial<ClusterPorts>;
  readonly clusterName?: string;
  readonly region?: string;
  /** The issuer of service account tokens, an https URL. */
  readonly issuer?: string;
  /** How many nodes to make at the start. */
  readonly nodes?: number;
  /** `real`: the real webhook or a {@link ClusterProblem}; `twin`: the twin's rules; `best` (default): the real one where this machine has it; `none`: no injection. */
  readonly webhook?: 'real' | 'twin' | 'best' | 'none';
  /** Whose a bearer token is. Default: an EKS token is user podshift's, of group podshift. */
  readonly identify?: (token: string) => ClusterUser | undefined;
  /** Whose writes the API server reports, each before it is done. */
  readonly audit?: Audit;
  readonly say?: (line: string) => void;
  /** Ends the start, or the cluster. */
  readonly signal?: AbortSignal | undefined;
  /** Ends processes that an earlier start left in the folder. */
  readonly clean?: boolean;
  readonly environment?: Environment;
  /** Where builds are kept. */
  readonly cache?: string;
}

/** A running control plane. */
export interface Cluster {
  readonly endpoint: string;
  /** PEM. */
  readonly certificateAuthority: string;
  /** The administrator's kubeconfig file. */
  readonly kubeconfig: string;
  readonly kubectlPath: string;
  readonly folder: string;
  readonly logs: string;
  readonly clusterName: string;
  readonly region: string;
  readonly issuer: string;
  /** What injects: the real webhook, the twin's rules behind the same configuration, or nothing. */
  readonly webhook: 'real' | 'twin' | 'none';
  /** The file of associations that the webhook watches. */
  readonly associationsPath: string;
  /** Rewrites it; the real webhook takes a moment. */
  setAssociations(identities: readonly Identity[]): Promise<void>;
  /** The API as the administrator sees it. */
  readonly api: Api;
  /** Follows a watch as the administrator, until the server or the signal ends it. */
  watch(path: string, signal: AbortSignal, onEvent: (event: WatchEvent) => void): Promise<void>;
  /** The API by a bearer token. */
  apiWithToken(token: string): Api;
  /** Credentials of any user. */
  asUser(name: string, groups?: readonly string[]): Promise<{ readonly kubeconfig: string; readonly pair: Pair; readonly api: Api }>;
  /** From now on this bearer token is this user's, or nobody's. The API server remembers for ten seconds what it was told of a token before. */
  allowToken(token: string, user: ClusterUser): void;
  forgetToken(token: string): void;
  /** kubectl as the administrator, or with another kubeconfig. */
  kubectl(args: readonly string[], options?: { readonly input?: string; readonly kubeconfig?: string }): Promise<Ended>;
  /** Loads a snapshot's objects, nodes included. */
  load(objects: readonly KubernetesObject[]): Promise<LoadOutcome>;
  /** Waits until all workloads have all their pods ready; answers those that had not in the time (milliseconds, default a minute). */
  settle(within?: number): Promise<readonly string[]>;
  /** Makes continue tokens and resource versions of now expire, as etcd does every five minutes. */
  compact(): Promise<void>;
  /** Starts the real agent, which asks `endpoint` in the place of EKS Auth; answers its address. Throws {@link ClusterProblem} where this machine has no agent. */
  startAgent(endpoint: string): Promise<string>;
  /** Processes by name, for tests of their ends and of memory. */
  parts(): readonly { readonly name: string; readonly pid: number }[];
  /** Resolves once it has stopped: with the problem where a part ended by itself, else with undefined. */
  readonly stopped: Promise<Error | undefined>;
  /** Ends everything; twice is the same as once. */
  stop(): Promise<void>;
}

const READY_MILLISECONDS = 120_000;

/**
 * Starts etcd, the API server, its controllers, the scheduler, kwok's nodes and the pod identity webhook on loopback.
 * It is ready when pods can run. Where a part ends by itself all others are ended too. Throws {@link ClusterProblem}
 * with nothing left running.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { say = () => undefined, signal, environment = process.env } = options;
  const build = { environment, say, signal, ...(options.cache === undefined ? {} : { cache: options.cache }) };
  for (const [purpose, port] of Object.entries(options.ports ?? {})) {
    await assertFree(port, purpose);
  }
  const binaries = await buildBinaries(build);
  const etcd = await findEtcd(build);
  const webhook = await chooseWebhook(options.webhook ?? 'best', build);
  const folder = resolve(options.folder ?? (await mkdtemp(join(tmpdir(), 'podshift-cluster-'))));
  await mkdir(folder, { recursive: true });
  const claimed = await claimFolder(folder, { say, ...(options.clean === undefined ? {} : { clean: options.clean }) });
  const servers = createServerGroup({
    logs: join(folder, 'logs'),
    environment,
    signal,
    record: claimed.record,
    release: () => (options.folder === undefined ? rm(folder, { recursive: true, force: true }) : claimed.release()),
  });
  try {
    return await assemble({ options, folder, binaries, etcd, build, servers, webhook });
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

type ChosenWebhook = { readonly kind: 'real'; readonly path: string } | { readonly kind: 'twin' | 'none' };

async function chooseWebhook(wanted: NonNullable<ClusterOptions['webhook']>, build: BuildOptions): Promise<ChosenWebhook> {
  if (wanted === 'twin' || wanted === 'none') {
    return { kind: wanted };
  }
  const found = await findUpstream('pod-identity-webhook', build);
  if ('path' in found) {
    return { kind: 'real', path: found.path };
  }
  if (wanted === 'real') {
    throw new ClusterProblem(
      `there is no real pod identity webhook: ${found.missing}`,
      'Do as the message says, or start with the rules of the twin (webhook: twin).',
    );
  }
  build.say(`the twin's rules inject in the place of the real pod identity webhook: ${found.missing}`);
  return { kind: 'twin' };
}

async function assemble(settings: {
  readonly options: ClusterOptions;
  readonly folder: string;
  readonly binaries: Binaries;
  readonly etcd: string;
  readonly build: BuildOptions;
  readonly servers: ServerGroup;
  readonly webhook: ChosenWebhook;
}): Promise<Cluster> {
  const { options, folder, binaries, servers, webhook } = settings;
  const { environment, say } = settings.build;
  const { clusterName = 'test', region = 'eu-central-1', nodes = 2 } = options;
  const issuer = options.issuer ?? `https://oidc.eks.${region}.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF`;
  const [apiServer = 0, etcdPort = 0, etcdPeers = 0, webhookPort = 0, webhookMetrics = 0] = await freePorts(5);
  const ports: ClusterPorts = { apiServer, etcd: etcdPort, etcdPeers, webhook: webhookPort, webhookMetrics, ...options.ports };
  const authority = await createAuthority();
  const certificateAuthority = authority.certificate;
  const endpoint = `https://${LOOPBACK}:${ports.apiServer}`;
  const site: Site = { folder, ports, issuer, clusterName, binaries, etcd: settings.etcd, authority };

  const tokens = createTokenBook(options.identify ?? identifyEksToken);
  const tokenReview = await serveJson({ path: '/review', pair: await authority.server('token-review'), port: 0, answer: tokens.review });
  servers.addServer(tokenReview);
  const audit =
    options.audit === undefined
      ? undefined
      : {
          group: options.audit.group,
          server: await serveJson({ path: '/audit', pair: await authority.server('audit'), port: 0, answer: receiveAudit(options.audit) }),
        };
  if (audit !== undefined) servers.addServer(audit.server);
  const written = await writeFiles(site, tokenReview.url, audit && { group: audit.group, url: audit.server.url });
  const api = createApi(endpoint, certificateAuthority, { pair: written.admin });

  say('starting etcd');
  await servers.start(etcdLine(site), async () => (await fetch(`http://${LOOPBACK}:${ports.etcd}/health`)).ok, READY_MILLISECONDS);
  say('starting kube-apiserver');
  await servers.start(
    apiServerLine(site, { audited: audit !== undefined }),
    async () => (await api('GET', '/readyz')).status === 200,
    READY_MILLISECONDS,
  );
  say('starting controllers, scheduler and nodes');
  await makeNodes(api, nodes, region);
  await servers.start(schedulerLine(site));
  await servers.start(
    kwokLine(site),
    async () => readyNodes(must(await api('GET', '/api/v1/nodes'), 'nodes').items) >= nodes,
    READY_MILLISECONDS,
  );
  const defaultAccount = '/api/v1/namespaces/default/serviceaccounts/default';
  await servers.start(controllerManagerLine(site), async () => (await api('GET', defaultAccount)).status === 200, READY_MILLISECONDS);

  const associationsPath = join(folder, 'associations', 'associations.json');
  await writeAssociations(associationsPath, []);
  if (webhook.kind === 'real') {
    const line = webhookLine(site, webhook.path, associationsPath, region);
    await servers.start(line, async () => await connects(ports.webhook), READY_MILLISECONDS);
  } else if (webhook.kind === 'twin') {
    const answer = createTwinWebhook({ api, associations: associationsPath, region });
    servers.addServer(
      await serveJson({ path: '/mutate', pair: await authority.server('pod-identity-webhook'), port: ports.webhook, answer }),
    );
  }
  if (webhook.kind !== 'none') {
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
    must(await api('POST', path, { body: webhookConfiguration(ports.webhook, certificateAuthority) }), 'the webhook configuration');
  }

  const kubectlEnvironment = { ...environment, KUBECONFIG: undefined, HOME: folder };
  return {
    endpoint,
    certificateAuthority,
    kubeconfig: written.kubeconfig,
    kubectlPath: binaries.kubectl,
    folder,
    logs: join(folder, 'logs'),
    clusterName,
    region,
    issuer,
    webhook: webhook.kind,
    associationsPath,
    setAssociations: (identities) => writeAssociations(associationsPath, identities),
    api,
    watch: (path, signal, onEvent) => watchApi(`${endpoint}${path}`, { certificateAuthority, pair: written.admin }, signal, onEvent),
    apiWithToken: (token) => createApi(endpoint, certificateAuthority, { token }),
    asUser: async (name, groups = []) => {
      const pair = await authority.user(name, groups);
      const path = join(
        folder,
        `user-${createHash('sha256')
          .update([name, ...groups].join('\n'))
          .digest('hex')
          .slice(0, 12)}.kubeconfig`,
      );
      await writeFile(path, kubeconfig({ server: endpoint, certificateAuthority, user: pair }), { mode: 0o600 });
      return { kubeconfig: path, pair, api: createApi(endpoint, certificateAuthority, { pair }) };
    },
    allowToken: tokens.allow,
    forgetToken: tokens.forget,
    kubectl: (args, { input, kubeconfig: path = written.kubeconfig } = {}) =>
      run(binaries.kubectl, [`--kubeconfig=${path}`, ...args], {
        environment: kubectlEnvironment,
        ...(input === undefined ? {} : { input }),
      }),
    load: (objects) => loadObjects(api, objects),
    settle: (within = 60_000) => settle(api, within),
    compact: () => compactStore(`http://${LOOPBACK}:${ports.etcd}`),
    startAgent: (eksAuth) => startAgent(eksAuth, { servers, clusterName, region, build: settings.build }),
    parts: servers.parts,
    stopped: servers.stopped,
    stop: servers.stop,
  };
}

async function startAgent(
  endpoint: string,
  settings: { readonly servers: ServerGroup; readonly clusterName: string; readonly region: string; readonly build: BuildOptions },
): Promise<string> {
  const found = await findUpstream('pod-identity-agent', settings.build);
  if ('missing' in found) {
    throw new ClusterProblem(
      `there is no real Pod Identity agent: ${found.missing}`,
      'Do as the message says; the agent of the twin needs nothing.',
    );
  }
  const [agent = 0, probes = 0, metrics = 0] = await freePorts(3);
  // AssumeRoleForPodIdentity is signed with the node's role; the endpoint of a test does not check it.
  const environment = { AWS_REGION: settings.region, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };
  const line = agentLine(found.path, settings.clusterName, endpoint, { agent, probes, metrics });
  await settings.servers.start({ ...line, environment }, () => connects(agent), READY_MILLISECONDS);
  return `http://${LOOPBACK}:${agent}`;
}
