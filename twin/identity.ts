import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import { AgentPath, isFargateNode } from './agent-path.ts';
import { type AgentAnswer, Agents } from './agents.ts';
import { isAgentPod } from './aws/agent-daemonset.ts';
import type { CloudTrailLog } from './aws/cloudtrail-log.ts';
import type { EksAuthFaults } from './aws/eks-auth.ts';
import { readEksToken } from './aws/eks-token.ts';
import { AwsError } from './aws/errors.ts';
import type { Principals } from './aws/principals.ts';
import type { AwsState } from './aws/state.ts';
import { admitWebIdentity } from './aws/sts.ts';
import { daemonAssumeRole, type PodSubject, webIdentityCall } from './aws/trail-events.ts';
import { wildcard } from './aws/trust-evaluation.ts';
import { type CredentialSource, containerNames, credentialSource, serviceAccountOf } from './container-environment.ts';
import type { AwsSide, CallerIdentity, KubernetesSide } from './contracts.ts';
import { type MetadataAnswer, MetadataPath } from './metadata/metadata-path.ts';
import { NodeRoles } from './node-roles.ts';

/** What a container gets, and for how long that is sure. */
export interface Answer {
  readonly identity: CallerIdentity;
  /** When it may be another answer though nothing in the world changes: an agent's cache runs out, a token is rotated; milliseconds. */
  readonly until: number | undefined;
  /** Whether EKS Auth failed by itself, whatever anybody did. */
  readonly failed: boolean;
}

/** EKS Auth failed a process by itself; it asks again after so many milliseconds. */
export const RETRY_AFTER_FAULT = 10_000;

interface Parts {
  readonly state: AwsState;
  readonly principals: Principals;
  readonly trail: CloudTrailLog;
  /** How EKS Auth fails; it does not without. */
  readonly eksAuthFaults?: EksAuthFaults | undefined;
}

/**
 * Says at any instant which identity each container would get, by the order of an up-to-date SDK's chain: static keys, web
 * identity, container credentials from the Pod Identity agent on the pod's node, instance metadata.
 */
export class PodIdentities implements AwsSide {
  readonly #state: AwsState;
  readonly #principals: Principals;
  readonly #trail: CloudTrailLog;
  readonly #sources = new Map<string, Map<string, CredentialSource | undefined>>();
  /** What the nodes run as. */
  readonly nodes: NodeRoles;
  /** The agents of the nodes. */
  readonly agents: Agents;
  /** The containers' way to the agent of their node. */
  readonly agent = new AgentPath();
  /** The nodes' way to instance metadata, with kube2iam and kiam on it. */
  readonly metadata: MetadataPath;
  #kubernetes: KubernetesSide | undefined;

  constructor(parts: Parts) {
    this.#state = parts.state;
    this.#principals = parts.principals;
    this.#trail = parts.trail;
    this.nodes = new NodeRoles(parts.state);
    this.agents = new Agents({ ...parts, nodeRoleArn: (nodeName) => this.nodes.of(nodeName), faults: parts.eksAuthFaults });
    this.metadata = new MetadataPath(parts.state, { nodeRole: (nodeName) => this.nodes.of(nodeName), of: (pod) => this.#daemonRole(pod) });
  }

  /** Hands in the cluster, once it is there. Must be called before any listener that asks for identities is added. */
  connect(kubernetes: KubernetesSide): void {
    this.#kubernetes = kubernetes;
    this.nodes.connect(kubernetes);
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
        (profile.status === 'ACTIVE' || profile.status === 'DELETE_FAILED') &&
        profile.selectors.some((selector) => takes(selector, namespace, labels)),
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

  /** What a process in the container gets when it asks now. Where `record` is set it does ask: CloudTrail hears of it, and the agent's cache is filled. */
  ask(pod: KubernetesObject, containerName: string, options: { readonly record: boolean }): Answer {
    const source = this.source(pod, containerName);
    if (source === undefined) return refused(`the pod has no container ${containerName}`);
    if (source.kind === 'static-keys') return granted({ via: 'static-keys', roleArn: '', assumedRoleArn: '' });
    if (source.kind === 'web-identity') return this.#webIdentity(pod, source, options.record);
    if (source.kind === 'container') return this.#container(pod, containerName, source, options.record);
    return this.#instanceMetadata(pod, options.record);
  }

  /** Adds the CloudTrail events of a container's routine renewal at an earlier instant, as things stood then. Answers what the agent said, where it is the agent that is asked. */
  recordRenewal(pod: KubernetesObject, containerName: string, at: number): AgentAnswer | undefined {
    const source = this.source(pod, containerName);
    if (source?.kind === 'web-identity' && source.audience !== undefined) this.#recordWebIdentity(pod, source.roleArn, source.audience, at);
    if (source?.kind === 'container') {
      const obstacle = this.agent.obstacle(pod, containerName, source.uri);
      return obstacle === undefined ? this.#askAgent(pod, source, { real: true, at }) : { ok: false, error: obstacle, failed: false };
    }
    if (source?.kind === 'instance-metadata') this.#recordMetadata(pod, this.metadata.ask(pod), at);
    return undefined;
  }

  /** Whether a container has a role of its own, be it from a daemon, and not its node's. */
  isOwn({ via, roleArn }: CallerIdentity): boolean {
    return via === 'web-identity' || via === 'pod-identity' || (via === 'instance-metadata' && !this.nodes.has(roleArn));
  }

  /** The daemons read their own environment, as any SDK does; on the host's network instance metadata is their node's. */
  #daemonRole(pod: KubernetesObject): string {
    const nodeRole = this.nodes.of(String(pod.spec?.nodeName ?? ''));
    const [container] = containerNames(pod);
    const source = container === undefined ? undefined : this.source(pod, container);
    if (source === undefined || source.kind === 'instance-metadata' || container === undefined) return nodeRole;
    if (source.kind === 'static-keys') return '';
    return this.ask(pod, container, { record: false }).identity.roleArn || nodeRole;
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
      admitWebIdentity(this.#state, roleArn, { issuer, subject, audience }, { sessionName: webSession(pod) }, at);
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
    const obstacle = this.agent.obstacle(pod, containerName, source.uri);
    if (obstacle !== undefined) return refused(obstacle);
    const now = this.#state.clock.now();
    const answer = this.#askAgent(pod, source, { real: record, at: now });
    if (!answer.ok) return { ...refused(answer.error), failed: answer.failed, until: answer.failed ? now + RETRY_AFTER_FAULT : undefined };
    const { roleArn, sessionName, until } = answer;
    return { ...granted({ via: 'pod-identity', roleArn, assumedRoleArn: this.#sessionArn(roleArn, sessionName) }), until };
  }

  #askAgent(
    pod: KubernetesObject,
    source: Extract<CredentialSource, { kind: 'container' }>,
    { real, at }: { readonly real: boolean; readonly at: number },
  ): AgentAnswer {
    const subject = subjectOf(pod);
    const refusal = this.nodes.refusal(subject.nodeName);
    if (refusal !== undefined)
      return { ok: false, error: `Error when retrieving credentials from container-role: ${refusal}`, failed: false };
    const agentUid = this.agent.agentOn(subject.nodeName) ?? '';
    return this.agents.ask({ pod, subject, token: source.token, agentUid, at }, { real });
  }

  /** A node's session is named after its instance; kiam's server names its own. */
  #recordMetadata(pod: KubernetesObject, answer: MetadataAnswer, at: number): void {
    if (answer.kind !== 'role') return;
    const node = this.#cluster().object('Node', undefined, String(pod.spec?.nodeName ?? ''));
    const instance = String(node?.spec?.providerID ?? 'i-0123456789abcdef0')
      .split('/')
      .at(-1) as string;
    const callerSession = this.nodes.has(answer.callerArn) ? instance : 'kiam-kiam';
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
    const roleArn = this.nodes.of(nodeName);
    return granted({ via: 'instance-metadata', roleArn, assumedRoleArn: this.#sessionArn(roleArn, nodeName) });
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
    if (isAgentPod(pod)) this.agents.forget(String(pod.spec?.nodeName ?? ''), uid);
    this.#sources.delete(uid);
  }
}

/** Selectors of a Fargate profile may hold wildcards, in labels' keys too (EKS User Guide, "Fargate profile wildcards"). */
function takes(
  selector: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  namespace: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  const given = Object.entries(labels);
  return (
    wildcard(selector.namespace).test(namespace) &&
    Object.entries(selector.labels).every(([key, value]) => given.some(([k, v]) => wildcard(key).test(k) && wildcard(value).test(v)))
  );
}

function subjectOf(pod: KubernetesObject): PodSubject {
  const { name, namespace = 'default', uid = '' } = pod.metadata;
  return { namespace, serviceAccount: serviceAccountOf(pod), podName: name, podUid: uid, nodeName: String(pod.spec?.nodeName ?? '') };
}

function webSession(pod: KubernetesObject): string {
  return `botocore-session-${Math.floor(Date.parse(pod.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z') / 1000)}`;
}

function granted(identity: Omit<CallerIdentity, 'error'>): Answer {
  return { identity: { ...identity, error: '' }, until: undefined, failed: false };
}

function refused(error: string): Answer {
  return { identity: { via: 'none', roleArn: '', assumedRoleArn: '', error }, until: undefined, failed: false };
}
