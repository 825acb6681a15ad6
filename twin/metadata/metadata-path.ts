import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { roleContext, type SessionRequest } from '../aws/request-context.ts';
import type { AwsState } from '../aws/state.ts';
import { isAllowed } from '../aws/trust-evaluation.ts';
import type { KubernetesSide } from '../contracts.ts';
import { type Daemon, daemonOf } from './daemon.ts';
import { covers, type Rule, ruleOf, sameRule, wordsOf } from './dnat.ts';
import { askKiam, askKube2iam, type DaemonAnswer } from './rules.ts';

interface Node {
  readonly rules: Rule[];
  /** Running daemon pods by uid, with the port that they answer on. */
  readonly running: Map<string, { readonly daemon: Daemon; readonly pod: KubernetesObject; readonly port: number }>;
}

/** As whom the daemons call STS. */
export interface DaemonCallers {
  /** The role of a node. */
  nodeRole(nodeName: string): string;
  /** The role that a daemon's pod runs as: one of its own ahead of its node's. Empty for keys that it was given. */
  of(pod: KubernetesObject): string;
}

/** What a call to instance metadata comes to. `node`: nothing is in the way, and the node's own role answers. */
export type MetadataAnswer =
  | { readonly kind: 'node' }
  | { readonly kind: 'role'; readonly roleArn: string; readonly callerArn: string; readonly session: string }
  | { readonly kind: 'none'; readonly error: string };

/**
 * The way to instance metadata on each node: kube2iam's and kiam's rules, who answers behind them, and what is left of them when
 * they are gone. kube2iam never takes its rule away itself, and kiam only where it stops in peace.
 */
export class MetadataPath {
  readonly #state: AwsState;
  readonly #callers: DaemonCallers;
  readonly #nodes = new Map<string, Node>();
  readonly #servers = new Map<string, { readonly daemon: Daemon; readonly pod: KubernetesObject }>();
  readonly #daemons = new Map<string, Daemon | undefined>();
  readonly #listeners: ((nodeName: string | undefined) => void)[] = [];
  #kubernetes: KubernetesSide | undefined;
  #podInterface: string | undefined;

  constructor(state: AwsState, callers: DaemonCallers) {
    this.#state = state;
    this.#callers = callers;
  }

  connect(kubernetes: KubernetesSide): void {
    this.#kubernetes = kubernetes;
    for (const pod of kubernetes.objects('Pod')) this.#note(pod);
    kubernetes.onChange(({ before, after }) => {
      const object = after ?? before;
      if (object?.kind === 'Namespace' && before !== undefined) this.#tell(undefined);
      if (object?.kind !== 'Pod') return;
      if (after === undefined) this.#forget(object);
      else this.#note(after);
    });
  }

  /** Called with a node's name, or undefined for all, when the answers there may have changed. */
  onChange(listener: (nodeName: string | undefined) => void): void {
    this.#listeners.push(listener);
  }

  /** The rules of a node, as `iptables-save -t nat` would list them. */
  rulesOn(nodeName: string): readonly Rule[] {
    return this.#nodes.get(nodeName)?.rules ?? [];
  }

  /** Every node's rules, in order of nodes. */
  allRules(): string[] {
    return [...this.#nodes].flatMap(([name, { rules }]) => rules.map((rule) => `${name}: ${wordsOf(rule).join(' ')}`)).sort();
  }

  /** Adds a daemon's rule to a node from outside, as one that restarts would. */
  addRule(nodeName: string, pod: KubernetesObject): void {
    const daemon = daemonOf(pod, this.#kubernetes as KubernetesSide);
    if (daemon === undefined) return;
    this.#node(nodeName).rules.push(ruleOf(daemon));
    this.#tell(nodeName);
  }

  /** Deletes a rule of a node as often as it is there; answers how often that was. */
  removeRule(nodeName: string, words: readonly string[]): number {
    const rules = this.#nodes.get(nodeName)?.rules ?? [];
    const left = rules.filter((rule) => wordsOf(rule).join(' ') !== words.join(' '));
    const removed = rules.length - left.length;
    rules.splice(0, rules.length, ...left);
    if (removed > 0) this.#tell(nodeName);
    return removed;
  }

  /** What a GET without a token comes to: the nodes ask for one, kube2iam hands every call on, kiam blocks what is not allowed. */
  get(pod: KubernetesObject): number | string {
    const node = this.#nodes.get(String(pod.spec?.nodeName ?? ''));
    const rule = node === undefined ? undefined : this.#ruleFor(node, pod);
    if (node === undefined || rule === undefined) return 401;
    const listener = [...node.running.values()].find(({ port }) => port === rule.port);
    if (listener === undefined) return `Failed to connect to 169.254.169.254 port 80: Connection refused`;
    return listener.daemon.program === 'kube2iam' ? 401 : 404;
  }

  /** What a pod's call comes to. */
  ask(pod: KubernetesObject): MetadataAnswer {
    return this.#answer(String(pod.spec?.nodeName ?? ''), pod);
  }

  /** What pods of a template would get on a node where a daemon runs; `node` where none does. */
  askForTemplate(template: KubernetesObject): MetadataAnswer {
    const nodeName = [...this.#nodes].find(([, node]) => node.running.size > 0)?.[0];
    return nodeName === undefined ? { kind: 'node' } : this.#answer(nodeName, template);
  }

  /** Whether kube2iam or kiam runs on any node. */
  hasDaemons(): boolean {
    return [...this.#nodes.values()].some(({ running }) => running.size > 0);
  }

  /** Pod annotations that the daemons of the cluster go by. */
  keys(): ReadonlySet<string> {
    const all = [...this.#nodes.values()].flatMap((node) => [...node.running.values()]);
    return new Set([
      'iam.amazonaws.com/role',
      'iam.amazonaws.com/external-id',
      'iam.amazonaws.com/session-name',
      ...all.flatMap(({ daemon }) => [daemon.option('iam-role-key') ?? '', daemon.option('iam-external-id') ?? '']),
    ]);
  }

  #answer(nodeName: string, pod: KubernetesObject): MetadataAnswer {
    const node = this.#nodes.get(nodeName);
    const rule = node === undefined ? undefined : this.#ruleFor(node, pod);
    if (node === undefined || rule === undefined) return { kind: 'node' };
    const listener = [...node.running.values()].find(({ port }) => port === rule.port);
    if (listener === undefined) return { kind: 'none', error: `connection refused: nobody answers at port ${rule.port} of the node` };
    const { daemon } = listener;
    const question = {
      pod: pod.metadata.annotations ?? {},
      namespace: this.#kubernetes?.object('Namespace', undefined, pod.metadata.namespace ?? '')?.metadata.annotations ?? {},
      accountPrefix: `arn:${this.#state.partition}:iam::${this.#state.accountId}:role/`,
      nodeRoleArn: this.#callers.nodeRole(nodeName),
    };
    if (daemon.program === 'kube2iam') return this.#assume(askKube2iam(daemon, question), this.#callers.of(listener.pod), pod);
    const [serving] = this.#servers.values();
    if (serving === undefined) return { kind: 'none', error: "kiam's server does not answer" };
    const { daemon: server } = serving;
    const serverCaller = this.#callers.of(serving.pod);
    const first = server.option('assume-role-arn') ?? '';
    if (first === '') return this.#assume(askKiam(server, question), serverCaller, pod);
    const serverRole = first.startsWith('arn:') ? first : `${server.option('role-base-arn') ?? question.accountPrefix}${first}`;
    if (!this.#admits(serverRole, serverCaller, { sessionName: 'kiam-kiam' }))
      return { kind: 'none', error: `the node may not assume ${serverRole}` };
    return this.#assume(askKiam(server, question), serverRole, pod);
  }

  /** The rule that a pod's calls meet; the host's own interfaces are not those of the rule. */
  #ruleFor(node: Node, pod: KubernetesObject): Rule | undefined {
    if (pod.spec?.hostNetwork === true) return undefined;
    return node.rules.find((one) => one.address === '169.254.169.254' && covers(one.hostInterface, this.#interface()));
  }

  #assume(answer: DaemonAnswer, callerArn: string, pod: KubernetesObject): MetadataAnswer {
    if (answer.kind !== 'role') return { kind: 'none', error: answer.error };
    const { roleArn, externalId } = answer;
    const session = (answer.session ?? `${(pod.metadata.uid ?? 'pod').slice(0, 8)}-${roleArn.split('/').at(-1)}`).slice(0, 64);
    if (!this.#admits(roleArn, callerArn, { externalId, sessionName: session }))
      return { kind: 'none', error: `AccessDenied: ${callerArn} is not authorized to perform sts:AssumeRole on ${roleArn}` };
    return { kind: 'role', roleArn, callerArn, session };
  }

  #admits(roleArn: string, callerArn: string, session: SessionRequest): boolean {
    const role = this.#state.roleByArn(roleArn);
    if (role === undefined) return false;
    const document = this.#state.visibleTrust(role);
    // Whose keys a daemon was given by hand nobody can tell: it is taken to be somebody whom the role trusts.
    if (callerArn === '')
      return document.statements.some((one) => one.allow && (one.principals === '*' || one.principals.AWS !== undefined));
    const context = roleContext(this.#state, this.#state.clock.now(), callerArn, session);
    const callers = [callerArn, `arn:${this.#state.partition}:iam::${callerArn.split(':')[4] ?? ''}:root`];
    return callers.some((name) => isAllowed(document, { action: 'sts:AssumeRole', caller: { type: 'AWS', name }, context }));
  }

  /** The VPC CNI's names, unless another network alone makes the interfaces. */
  #interface(): string {
    if (this.#podInterface === undefined) {
      const sets = new Set((this.#kubernetes?.objects('DaemonSet') ?? []).map(({ metadata }) => metadata.name));
      const other = sets.has('calico-node') ? 'cali' : sets.has('cilium') ? 'lxc' : 'eni';
      this.#podInterface = `${sets.has('aws-node') ? 'eni' : other}0a1b2c3d4e5`;
    }
    return this.#podInterface;
  }

  #note(pod: KubernetesObject): void {
    const uid = pod.metadata.uid ?? '';
    if (!this.#daemons.has(uid)) this.#daemons.set(uid, daemonOf(pod, this.#kubernetes as KubernetesSide));
    const daemon = this.#daemons.get(uid);
    const nodeName = String(pod.spec?.nodeName ?? '');
    if (daemon === undefined || nodeName === '') return;
    const isUp = pod.status?.phase === 'Running' && pod.metadata.deletionTimestamp === undefined;
    if (daemon.program === 'kiam-server') {
      if (isUp === this.#servers.has(uid)) return;
      if (isUp) this.#servers.set(uid, { daemon, pod });
      else this.#servers.delete(uid);
      this.#tell(undefined);
      return;
    }
    const node = this.#node(nodeName);
    if (isUp && !node.running.has(uid)) {
      const rule = ruleOf(daemon);
      node.running.set(uid, { daemon, pod, port: rule.port });
      if (daemon.isSet('iptables') && !node.rules.some((one) => sameRule(one, rule))) node.rules.push(rule);
      this.#tell(nodeName);
    } else if (!isUp && node.running.has(uid)) this.#stop(node, uid, nodeName);
  }

  #forget(pod: KubernetesObject): void {
    const uid = pod.metadata.uid ?? '';
    this.#daemons.delete(uid);
    if (this.#servers.delete(uid)) this.#tell(undefined);
    const nodeName = String(pod.spec?.nodeName ?? '');
    const node = this.#nodes.get(nodeName);
    if (node?.running.has(uid) === true) this.#stop(node, uid, nodeName);
  }

  #stop(node: Node, uid: string, nodeName: string): void {
    const daemon = node.running.get(uid)?.daemon;
    node.running.delete(uid);
    const index = daemon?.cleansUp === true ? node.rules.findIndex((one) => sameRule(one, ruleOf(daemon))) : -1;
    if (index !== -1) node.rules.splice(index, 1);
    this.#tell(nodeName);
  }

  #node(nodeName: string): Node {
    const known = this.#nodes.get(nodeName) ?? { rules: [], running: new Map() };
    this.#nodes.set(nodeName, known);
    return known;
  }

  #tell(nodeName: string | undefined): void {
    for (const listener of this.#listeners) listener(nodeName);
  }
}
