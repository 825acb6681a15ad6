import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import { AgentPath, isFargateNode } from './agent-path.ts';
import type { CloudTrailLog } from './aws/cloudtrail-log.ts';
import { AGENT_RENEWAL, AgentCache, assumeForPod, recordAssume } from './aws/eks-auth.ts';
import { readEksToken } from './aws/eks-token.ts';
import { AwsError } from './aws/errors.ts';
import type { Principals } from './aws/principals.ts';
import { PODS_SERVICE } from './aws/records.ts';
import type { AwsState } from './aws/state.ts';
import { admitWebIdentity } from './aws/sts.ts';
import { daemonAssumeRole, type PodSubject, webIdentityCall } from './aws/trail-events.ts';
import { type CredentialSource, credentialSource, serviceAccountOf } from './container-environment.ts';
import type { AwsSide, CallerIdentity, KubernetesSide } from './contracts.ts';
import { type MetadataAnswer, MetadataPath } from './metadata/metadata-path.ts';

/** What a container gets, and for how long that is sure. */
export interface Answer {
  readonly identity: CallerIdentity;
  /** When the agent's cache runs out, where nothing but the cache holds the answer up; milliseconds. */
  readonly until: number | undefined;
}

interface Parts {
  readonly state: AwsState;
  readonly principals: Principals;
  readonly trail: CloudTrailLog;
}

/**
 * Says at any instant which identity each container would get, by the order of an up-to-date SDK's chain: static keys, web
 * identity, container credentials from the Pod Identity agent on the pod's node, instance metadata.
 */
export class PodIdentities implements AwsSide {
  readonly #state: AwsState;
  readonly #principals: Principals;
  readonly #trail: CloudTrailLog;
  readonly #cache: AgentCache;
  readonly #sources = new Map<string, Map<string, CredentialSource | undefined>>();
  /** The containers' way to the agent of their node. */
  readonly agent = new AgentPath();
  /** The nodes' way to instance metadata, with kube2iam and kiam on it. */
  readonly metadata: MetadataPath;
  #kubernetes: KubernetesSide | undefined;
  #nodeRoleArn: string | undefined;

  constructor(parts: Parts) {
    this.#state = parts.state;
    this.#principals = parts.principals;
    this.#trail = parts.trail;
    this.#cache = new AgentCache(parts.state);
    this.metadata = new MetadataPath(parts.state, () => this.nodeRoleArn);
  }

  /** Hands in the cluster, once it is there. Must be called before any listener that asks for identities is added. */
  connect(kubernetes: KubernetesSide): void {
    this.#kubernetes = kubernetes;
    this.metadata.connect(kubernetes);
    this.agent.connect(kubernetes);
    kubernetes.onChange(({ before, after }) => {
      if (before?.kind === 'Pod' && after === undefined) this.#forget(before);
    });
  }

  webhookSeesAssociation(namespace: string, serviceAccount: string, instance: number): boolean {
    return this.#state.webhookSees(namespace, serviceAccount, instance);
  }

  isFargate(namespace: string, labels: Readonly<Record<string, string>>): boolean {
    return this.#state.fargateProfiles.some(
      (profile) =>
        profile.status === 'ACTIVE' &&
        profile.selectors.some(
          (selector) => selector.namespace === namespace && Object.entries(selector.labels).every(([key, value]) => labels[key] === value),
        ),
    );
  }

  authenticate(bearerToken: string): { readonly arn: string } | undefined {
    const secretOf = (accessKeyId: string) => this.#principals.find(accessKeyId)?.secretAccessKey;
    const accessKeyId = readEksToken(bearerToken, this.#state.cluster.name, secretOf, this.#state.clock.now());
    const principal = accessKeyId === undefined ? undefined : this.#principals.find(accessKeyId);
    return principal === undefined ? undefined : { arn: principal.canonicalArn };
  }

  callerIdentity(pod: KubernetesObject, containerName: string): CallerIdentity {
    return this.ask(pod, containerName, { record: true }).identity;
  }

  instanceMetadata(pod: KubernetesObject): number | string {
    return this.metadata.get(pod);
  }

  removeRule(nodeName: string, rule: readonly string[]): number {
    return this.metadata.removeRule(nodeName, rule);
  }

  /** The link of the chain that a container's environment leads to; undefined where the pod has no such container. */
  source(pod: KubernetesObject, containerName: string): CredentialSource | undefined {
    const uid = pod.metadata.uid ?? '';
    let sources = this.#sources.get(uid);
    if (sources === undefined) {
      sources = new Map();
      this.#sources.set(uid, sources);
    }
    if (!sources.has(containerName)) sources.set(containerName, credentialSource(pod, containerName, this.#cluster()));
    return sources.get(containerName);
  }

  /** What a process in the container gets when it asks now. The agent's cache is filled as by a real call; CloudTrail hears of it where `record` is set. */
  ask(pod: KubernetesObject, containerName: string, options: { readonly record: boolean }): Answer {
    const source = this.source(pod, containerName);
    if (source === undefined) return refused(`the pod has no container ${containerName}`);
    if (source.kind === 'static-keys') return granted({ via: 'static-keys', roleArn: '', assumedRoleArn: '' });
    if (source.kind === 'web-identity') return this.#webIdentity(pod, source, options.record);
    if (source.kind === 'container') return this.#container(pod, containerName, source, options.record);
    return this.#instanceMetadata(pod, options.record);
  }

  /** Adds the CloudTrail events of a container's routine renewal at an earlier instant, as things stood then. */
  recordRenewal(pod: KubernetesObject, containerName: string, at: number): void {
    const source = this.source(pod, containerName);
    if (source?.kind === 'web-identity' && source.audience !== undefined) this.#recordWebIdentity(pod, source.roleArn, source.audience, at);
    if (source?.kind === 'container' && this.agent.obstacle(pod, containerName, source.uri) === undefined)
      this.#recordAssume(subjectOf(pod), at);
    if (source?.kind === 'instance-metadata') this.#recordMetadata(pod, this.metadata.ask(pod), at);
  }

  /** Whether a container has a role of its own, be it from a daemon, and not its node's. */
  isOwn({ via, roleArn }: CallerIdentity): boolean {
    return via === 'web-identity' || via === 'pod-identity' || (via === 'instance-metadata' && roleArn !== this.nodeRoleArn);
  }

  /** The role of the nodes' instance profile; the snapshot does not name it, so it is the EC2 role with the worker node policy. */
  get nodeRoleArn(): string {
    this.#nodeRoleArn ??= findNodeRole(this.#state);
    return this.#nodeRoleArn;
  }

  #webIdentity(pod: KubernetesObject, source: Extract<CredentialSource, { kind: 'web-identity' }>, record: boolean): Answer {
    if (source.audience === undefined) return refused('the web identity token file does not exist');
    const error = record
      ? this.#recordWebIdentity(pod, source.roleArn, source.audience, this.#state.clock.now())
      : this.#tryWebIdentity(pod, source.roleArn, source.audience, this.#state.clock.now());
    if (error !== undefined)
      return refused(`An error occurred (${error.code}) when calling the AssumeRoleWithWebIdentity operation: ${error.message}`);
    return granted({ via: 'web-identity', roleArn: source.roleArn, assumedRoleArn: this.#sessionArn(source.roleArn, webSession(pod)) });
  }

  #tryWebIdentity(pod: KubernetesObject, roleArn: string, audience: string, at: number): AwsError | undefined {
    const issuer = this.#state.cluster.identity?.oidc?.issuer ?? '';
    const subject = `system:serviceaccount:${pod.metadata.namespace}:${serviceAccountOf(pod)}`;
    try {
      admitWebIdentity(this.#state, roleArn, { issuer, subject, audience }, at);
      return undefined;
    } catch (error) {
      if (error instanceof AwsError) return error;
      throw error;
    }
  }

  #recordWebIdentity(pod: KubernetesObject, roleArn: string, audience: string, at: number): AwsError | undefined {
    const error = this.#tryWebIdentity(pod, roleArn, audience, at);
    this.#trail.add(webIdentityCall(this.#state, subjectOf(pod), { roleArn, sessionName: webSession(pod), audience }, at, error));
    return error;
  }

  #container(
    pod: KubernetesObject,
    containerName: string,
    source: Extract<CredentialSource, { kind: 'container' }>,
    record: boolean,
  ): Answer {
    const nodeName = String(pod.spec?.nodeName ?? '');
    const obstacle = this.agent.obstacle(pod, containerName, source.uri);
    if (obstacle !== undefined) return refused(obstacle);
    const agentUid = this.agent.agentOn(nodeName) ?? '';
    if (source.audience !== PODS_SERVICE) return refused('the Pod Identity token file does not exist or has another audience');
    const now = this.#state.clock.now();
    const subject = subjectOf(pod);
    const fresh = assumeForPod(this.#state, subject, now);
    const grantedAs = (roleArn: string, sessionName: string) =>
      granted({ via: 'pod-identity', roleArn, assumedRoleArn: this.#sessionArn(roleArn, sessionName) });
    const cached = this.#cache.get(subject, agentUid, now);
    if (cached !== undefined) {
      const answer = grantedAs(cached.roleArn, cached.sessionName);
      return fresh.ok && fresh.roleArn === cached.roleArn ? answer : { ...answer, until: cached.fetchedAt + AGENT_RENEWAL };
    }
    if (record) this.#recordAssume(subject, now);
    if (!fresh.ok)
      return refused(`Error when retrieving credentials from container-role: (${fresh.code}): ${fresh.message}, fault: client`);
    this.#cache.put(subject, { roleArn: fresh.roleArn, sessionName: fresh.sessionName, fetchedAt: now, agentUid });
    return grantedAs(fresh.roleArn, fresh.sessionName);
  }

  #recordAssume(subject: PodSubject, at: number): void {
    recordAssume(this.#state, this.#trail, { subject, assumed: assumeForPod(this.#state, subject, at), nodeRoleArn: this.nodeRoleArn, at });
  }

  /** A node's session is named after its instance; kiam's server names its own. */
  #recordMetadata(pod: KubernetesObject, answer: MetadataAnswer, at: number): void {
    if (answer.kind !== 'role') return;
    const node = this.#cluster().object('Node', undefined, String(pod.spec?.nodeName ?? ''));
    const instance = String(node?.spec?.providerID ?? 'i-0123456789abcdef0')
      .split('/')
      .at(-1) as string;
    const callerSession = answer.callerArn === this.nodeRoleArn ? instance : 'kiam-kiam';
    this.#trail.add(daemonAssumeRole(this.#state, { ...answer, callerSession }, at));
  }

  #instanceMetadata(pod: KubernetesObject, record: boolean): Answer {
    const nodeName = String(pod.spec?.nodeName ?? '');
    if (nodeName === '') return refused('Unable to locate credentials');
    if (isFargateNode(nodeName, this.#cluster().object('Node', undefined, nodeName)))
      return refused('Unable to locate credentials: there is no instance metadata on Fargate');
    const answer = this.metadata.ask(pod);
    if (record) this.#recordMetadata(pod, answer, this.#state.clock.now());
    if (answer.kind === 'none') return refused(`Unable to locate credentials: ${answer.error}`);
    if (answer.kind === 'role')
      return granted({
        via: 'instance-metadata',
        roleArn: answer.roleArn,
        assumedRoleArn: this.#sessionArn(answer.roleArn, answer.session),
      });
    return granted({ via: 'instance-metadata', roleArn: this.nodeRoleArn, assumedRoleArn: this.#sessionArn(this.nodeRoleArn, nodeName) });
  }

  #sessionArn(roleArn: string, sessionName: string): string {
    const [, partition = 'aws', , , account = ''] = roleArn.split(':');
    return `arn:${partition}:sts::${account}:assumed-role/${roleArn.split('/').at(-1)}/${sessionName}`;
  }

  #cluster(): KubernetesSide {
    if (this.#kubernetes === undefined) throw new TypeError('the Kubernetes half is not connected yet');
    return this.#kubernetes;
  }

  #forget(pod: KubernetesObject): void {
    const uid = pod.metadata.uid ?? '';
    this.#cache.forget(uid);
    this.#sources.delete(uid);
  }
}

function findNodeRole(state: AwsState): string {
  const roles = [...state.roles.values()].filter((role) => /"ec2\.amazonaws\.com(\.cn)?"/.test(state.storedTrust(role).text));
  const worker = roles.find((role) =>
    role.description.AttachedManagedPolicies.some((policy) => policy.PolicyName.startsWith('AmazonEKSWorkerNode')),
  );
  return (worker ?? roles.find((role) => /node/i.test(role.name)))?.arn ?? `arn:${state.partition}:iam::${state.accountId}:role/eks-node`;
}

function subjectOf(pod: KubernetesObject): PodSubject {
  const { name, namespace = 'default', uid = '' } = pod.metadata;
  return { namespace, serviceAccount: serviceAccountOf(pod), podName: name, podUid: uid, nodeName: String(pod.spec?.nodeName ?? '') };
}

function webSession(pod: KubernetesObject): string {
  return `botocore-session-${Math.floor(Date.parse(pod.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z') / 1000)}`;
}

function granted(identity: Omit<CallerIdentity, 'error'>): Answer {
  return { identity: { ...identity, error: '' }, until: undefined };
}

function refused(error: string): Answer {
  return { identity: { via: 'none', roleArn: '', assumedRoleArn: '', error }, until: undefined };
}
