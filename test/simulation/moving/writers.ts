import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';

import { type AwsChange, PODS_SERVICE, type RoleState } from '../../../twin/aws/records.ts';
import { podIdentityContext } from '../../../twin/aws/request-context.ts';
import { compileTrust, isAllowed, type TrustDocument } from '../../../twin/aws/trust-evaluation.ts';
import type { ObjectChange } from '../../../twin/contracts.ts';
import type { UnservedTwin } from '../../../twin/twin.ts';
import { objectKey } from '../../../twin/watch/baseline.ts';
import type { SimulatedClock } from './clock.ts';

/** Who writes: podshift, the cluster and AWS by themselves, or an actor by its name. */
export type Writer = string;
export const PODSHIFT: Writer = 'podshift';
export const CLUSTER: Writer = 'cluster';

const AGENT = 'eks-pod-identity-agent';

/** One change of a fact. */
export interface Change {
  readonly value: string;
  readonly by: Writer;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** When whoever asked for it had last looked, as far as anybody knows: when its request left. */
  readonly sentAt: number;
}

/** A pod as it was made. */
export interface Made {
  readonly serviceAccount: string;
  readonly workload: string;
  readonly createdAt: number;
  /** Empty until it is bound. */
  nodeName: string;
  readonly mode: 'container' | 'web-identity' | 'none';
  /** The role that its environment names, for a web identity. */
  readonly roleArn: string;
}

/**
 * Who changed what of all that pods get their credentials by: the annotation and the association of each service account, what
 * each role's trust admits, the templates, the agent.
 */
export class Writers {
  readonly #clock: SimulatedClock;
  readonly #twin: UnservedTwin;
  readonly #facts = new Map<string, Change[]>();
  readonly #pods = new Map<string, Made[]>();
  readonly #serviceAccounts: Set<string>;
  #now: { readonly by: Writer; readonly sentAt: number } | undefined;
  /** When somebody else last took a pod of a workload away, or scaled it. */
  readonly #disturbed = new Map<string, number[]>();
  /** Evictions and deletions of pods that podshift asked for, by their workload. */
  readonly evictions = new Map<string, number>();

  /** `expected`: service accounts that podshift may make, `NAMESPACE/NAME`. */
  constructor(clock: SimulatedClock, twin: UnservedTwin, expected: readonly string[]) {
    this.#clock = clock;
    this.#twin = twin;
    this.#serviceAccounts = new Set([...twin.kubernetes.objects('ServiceAccount').map(nameOf), ...expected]);
    for (const one of twin.kubernetes.objects('ServiceAccount')) this.#note(`annotation ${nameOf(one)}`, annotationOf(one), CLUSTER);
    for (const role of twin.awsState.roles.values()) this.#noteTrust(role, twin.awsState.storedTrust(role), CLUSTER);
    for (const pod of twin.kubernetes.objects('Pod')) this.#notePod(pod);
    twin.kubernetes.onChange((change) => this.#objectChanged(change));
    twin.awsState.onChange((change) => this.#awsChanged(change));
  }

  /** Whatever `work` changes at once is an actor's. */
  as<T>(by: Writer, work: () => T): T {
    return this.#write({ by, sentAt: this.#clock.now() }, () => this.#twin.watch.outside(work));
  }

  /** Whatever `work` changes at once is podshift's, asked for at `sentAt`. */
  asPodshift<T>(sentAt: number, work: () => T): T {
    return this.#write({ by: PODSHIFT, sentAt }, work);
  }

  /** All changes of a fact, oldest first. */
  changes(fact: string): readonly Change[] {
    return this.#facts.get(fact) ?? [];
  }

  /** The last change of a fact up to an instant. */
  last(fact: string, at: number = Number.POSITIVE_INFINITY): Change | undefined {
    return this.changes(fact).findLast((change) => change.at <= at);
  }

  /** The pod that had this name (`NAMESPACE/NAME`) at an instant: those of a StatefulSet have the names of those before them. */
  pod(name: string, at: number = Number.POSITIVE_INFINITY): Made | undefined {
    return this.#pods.get(name)?.findLast(({ createdAt }) => createdAt <= at);
  }

  /** Whether somebody else made the workload make this pod: took one away shortly before, or wanted more of them. */
  isMadeByOthers({ workload, createdAt }: Made): boolean {
    return (this.#disturbed.get(workload) ?? []).some((at) => at <= createdAt && createdAt - at < 15_000);
  }

  /** All facts with their changes, and all pods, for whoever looks into a history. */
  facts(): ReadonlyMap<string, readonly Change[]> {
    return this.#facts;
  }

  made(): ReadonlyMap<string, readonly Made[]> {
    return this.#pods;
  }

  #disturb(workload: string): void {
    this.#disturbed.set(workload, [...(this.#disturbed.get(workload) ?? []), this.#clock.now()]);
  }

  #write<T>(now: { readonly by: Writer; readonly sentAt: number }, work: () => T): T {
    const before = this.#now;
    this.#now = now;
    try {
      return work();
    } finally {
      this.#now = before;
    }
  }

  #note(fact: string, value: string, by: Writer = this.#now?.by ?? CLUSTER): void {
    const changes = this.#facts.get(fact) ?? [];
    this.#facts.set(fact, changes);
    if (changes.at(-1)?.value === value) return;
    const at = this.#clock.now();
    changes.push({ value, by, at, sentAt: this.#now?.sentAt ?? at });
  }

  #objectChanged({ before, after }: ObjectChange): void {
    const object = (after ?? before) as KubernetesObject;
    if (object.kind === 'ServiceAccount') {
      this.#note(`annotation ${nameOf(object)}`, after === undefined ? '' : annotationOf(after));
      this.#meet(nameOf(object));
    }
    if (object.kind === 'DaemonSet' && object.metadata.name === AGENT && (before === undefined || after === undefined))
      this.#note(`addon ${AGENT}`, after === undefined ? 'no DaemonSet' : 'a DaemonSet');
    if (object.kind === 'Pod') {
      if (before === undefined) this.#notePod(object);
      else if (after !== undefined && before.spec.nodeName === undefined) this.#bind(after);
      const leaving =
        after === undefined || (after.metadata.deletionTimestamp !== undefined && before?.metadata.deletionTimestamp === undefined);
      const made = this.pod(nameOf(object));
      if (leaving && made !== undefined && this.#now !== undefined) {
        if (this.#now.by === PODSHIFT) this.evictions.set(made.workload, (this.evictions.get(made.workload) ?? 0) + 1);
        else this.#disturb(made.workload);
      }
    }
    if (before !== undefined && after !== undefined && before.spec?.replicas !== after.spec?.replicas && this.#now !== undefined)
      this.#disturb(objectKey(object));
    const template = object.kind === 'CronJob' ? after?.spec?.jobTemplate : after?.spec?.template;
    const owned = (object.metadata.ownerReferences ?? []).length > 0;
    if (template !== undefined && !owned) {
      this.#note(`template ${objectKey(object)}`, JSON.stringify(template));
      const pod = object.kind === 'CronJob' ? template.spec?.template : template;
      this.#note(`asks ${objectKey(object)}`, pod?.metadata?.annotations?.['iam.amazonaws.com/role'] ?? '');
    }
  }

  /** A service account under a name that nobody expected. */
  #meet(key: string): void {
    if (this.#serviceAccounts.has(key)) return;
    this.#serviceAccounts.add(key);
    for (const role of this.#twin.awsState.roles.values()) this.#noteTrust(role, this.#twin.awsState.storedTrust(role));
  }

  #bind(pod: KubernetesObject): void {
    const made = this.pod(nameOf(pod));
    if (made !== undefined) made.nodeName = String(pod.spec.nodeName ?? '');
  }

  /** When the agent that serves a node at an instant was made; undefined where none did. */
  agentOf(nodeName: string, at: number): number | undefined {
    const agents = [...this.#pods.values()].flat().filter(({ workload }) => workload === `DaemonSet/kube-system/${AGENT}`);
    const times = agents.filter((pod) => pod.nodeName === nodeName && pod.createdAt <= at).map(({ createdAt }) => createdAt);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  #notePod(pod: KubernetesObject): void {
    const variables = (pod.spec.containers ?? []).flatMap(
      (container: { env?: readonly { readonly name: string; readonly value?: string }[] }) => container.env ?? [],
    ) as readonly { readonly name: string; readonly value?: string }[];
    const value = (name: string) => variables.find((one) => one.name === name)?.value;
    const agent = value('AWS_CONTAINER_CREDENTIALS_FULL_URI') !== undefined;
    const web = value('AWS_WEB_IDENTITY_TOKEN_FILE') !== undefined;
    const made: Made = {
      serviceAccount: `${pod.metadata.namespace}/${pod.spec.serviceAccountName ?? 'default'}`,
      workload: workloadOf(pod, this.#twin),
      createdAt: this.#clock.now(),
      nodeName: String(pod.spec.nodeName ?? ''),
      mode: agent ? 'container' : web ? 'web-identity' : 'none',
      roleArn: value('AWS_ROLE_ARN') ?? '',
    };
    this.#pods.set(nameOf(pod), [...(this.#pods.get(nameOf(pod)) ?? []), made]);
  }

  #awsChanged(change: AwsChange): void {
    if (change.kind === 'trust-stored') this.#noteTrust(change.role, change.after);
    if (change.kind === 'role-created') this.#noteTrust(change.role, change.role.versions[0]?.document);
    if (change.kind === 'role-deleted') this.#noteTrust(change.role, undefined);
    if (change.kind === 'association-created' || change.kind === 'association-updated')
      this.#note(`association ${change.association.namespace}/${change.association.serviceAccount}`, change.association.roleArn);
    if (change.kind === 'association-deleted')
      this.#note(`association ${change.association.namespace}/${change.association.serviceAccount}`, '');
    if (change.kind === 'addon') this.#note(`addon ${change.addonName}`, change.after?.status ?? '');
  }

  #noteTrust({ arn }: RoleState, document: TrustDocument = compileTrust('{}'), by?: Writer): void {
    const node = { type: 'AWS', name: `${arn.split('/')[0]}/node` } as const;
    this.#note(`node ${arn}`, isAllowed(document, { action: 'sts:AssumeRole', caller: node, context: {} }) ? 'yes' : 'no', by);
    for (const key of this.#serviceAccounts) {
      this.#note(`irsa ${arn} ${key}`, admitsWebIdentity(this.#twin, document, key) ? 'yes' : 'no', by);
      this.#note(`pods ${arn} ${key}`, admitsPodIdentity(this.#twin, document, key) ? 'yes' : 'no', by);
    }
  }
}

/** `NAMESPACE/NAME`. */
export function nameOf({ metadata }: Pick<KubernetesObject, 'metadata'>): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function annotationOf(object: KubernetesObject): string {
  return object.metadata.annotations?.['eks.amazonaws.com/role-arn'] ?? '';
}

function workloadOf(pod: KubernetesObject, { kubernetes }: UnservedTwin): string {
  const owner = (pod.metadata.ownerReferences ?? [])[0];
  if (owner === undefined) return `Pod/${nameOf(pod)}`;
  const holder = kubernetes.object(owner.kind, pod.metadata.namespace, owner.name);
  const top = (holder?.metadata.ownerReferences ?? [])[0] ?? owner;
  return `${top.kind}/${pod.metadata.namespace}/${top.name}`;
}

function admitsWebIdentity({ awsState }: UnservedTwin, document: TrustDocument, key: string): boolean {
  const { issuer, providerArn } = awsState;
  if (issuer === undefined || providerArn === undefined) return false;
  const host = issuer.toLowerCase();
  const context = {
    [`${host}:sub`]: `system:serviceaccount:${key.replace('/', ':')}`,
    [`${host}:aud`]: 'sts.amazonaws.com',
    'aws:federatedprovider': providerArn,
  };
  return isAllowed(document, { action: 'sts:AssumeRoleWithWebIdentity', caller: { type: 'Federated', name: providerArn }, context });
}

function admitsPodIdentity({ awsState }: UnservedTwin, document: TrustDocument, key: string): boolean {
  const [namespace = '', serviceAccount = ''] = key.split('/');
  const tags = {
    'eks-cluster-arn': awsState.clusterArn,
    'eks-cluster-name': awsState.cluster.name,
    'kubernetes-namespace': namespace,
    'kubernetes-service-account': serviceAccount,
    'kubernetes-pod-name': 'any',
    'kubernetes-pod-uid': 'any',
  };
  const context = podIdentityContext(awsState, awsState.clock.now(), tags);
  const caller = { type: 'Service', name: PODS_SERVICE } as const;
  return (['sts:AssumeRole', 'sts:TagSession'] as const).every((action) => isAllowed(document, { action, caller, context }));
}
