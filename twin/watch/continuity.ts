import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { isAgentPod } from '../aws/agent-daemonset.ts';
import type { AwsChange } from '../aws/records.ts';
import type { AwsState } from '../aws/state.ts';
import { containerNames, serviceAccountOf } from '../container-environment.ts';
import type { KubernetesSide, TwinClock } from '../contracts.ts';
import type { PodIdentities } from '../identity.ts';
import { isRunning } from '../pod-activity.ts';
import type { Baseline } from './baseline.ts';
import { isProbe } from './foreign-writes.ts';

/** A time in which a container could not obtain the role that it, or the pod before it, had. */
export interface Gap {
  /** `NAMESPACE/NAME`. */
  readonly pod: string;
  readonly container: string;
  readonly roleArn: string;
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** Undefined while it lasts. */
  until: number | undefined;
  /** What the process saw instead. */
  readonly reason: string;
}

interface Watched {
  readonly container: string;
  /** The role that its workload's pods had in this container when the twin started; undefined where they had none. */
  readonly expected: string | undefined;
  gap: Gap | undefined;
}

interface WatchedPod {
  pod: KubernetesObject;
  readonly workload: string;
  readonly serviceAccount: string;
  readonly nodeName: string;
  readonly containers: Watched[];
  cancel: (() => void) | undefined;
}

interface Parts {
  readonly state: AwsState;
  readonly identities: PodIdentities;
  readonly kubernetes: KubernetesSide;
  readonly clock: TwinClock;
  readonly baseline: Baseline;
  /** Called for a role that a container holds and no predecessor of it did. */
  readonly onStrangeRole: (roleArn: string, holder: string) => void;
}

/**
 * P1, and the pods' half of P2. It follows every running container and asks again which identity it would get only when
 * something changed that it depends on: its pod, its service account's association, its role's trust, the agent of its node.
 */
export class Continuity {
  readonly gaps: Gap[] = [];
  readonly #parts: Parts;
  readonly #pods = new Map<string, WatchedPod>();
  readonly #byServiceAccount = new Map<string, Set<string>>();
  readonly #byNode = new Map<string, Set<string>>();
  readonly #byRole = new Map<string, Set<string>>();
  /** Role by workload and container at the start; absent for a workload that had no running pod. */
  readonly #expected = new Map<string, Map<string, string | undefined>>();

  constructor(parts: Parts) {
    this.#parts = parts;
    for (const pod of parts.kubernetes.objects('Pod')) if (isRunning(pod)) this.#learn(pod);
    for (const pod of parts.kubernetes.objects('Pod')) if (isRunning(pod)) this.#take(pod);
    parts.identities.agent.onPolicy(() => this.#recheck(new Set(this.#pods.keys())));
    parts.identities.metadata.onChange((nodeName) =>
      this.#recheck(nodeName === undefined ? new Set(this.#pods.keys()) : this.#byNode.get(nodeName)),
    );
  }

  /** Sum of all gaps until now, in seconds of twin time. */
  gapSeconds(): number {
    const now = this.#parts.clock.now();
    return this.gaps.reduce((sum, gap) => sum + (gap.until ?? now) - gap.from, 0) / 1000;
  }

  podChanged(before: KubernetesObject | undefined, after: KubernetesObject | undefined): void {
    const pod = after ?? before;
    if (pod === undefined) return;
    const uid = pod.metadata.uid ?? '';
    if (after !== undefined && isRunning(after)) {
      const known = this.#pods.get(uid);
      if (known === undefined) this.#take(after);
      else known.pod = after;
    } else this.#drop(uid);
    // The agent's own pods decide for all pods of their node.
    if (isAgentPod(pod)) this.#recheck(this.#byNode.get(String(pod.spec?.nodeName ?? '')));
  }

  awsChanged(change: AwsChange): void {
    if (change.kind === 'trust-visible' || change.kind === 'role-deleted') this.#recheck(this.#byRole.get(change.role.arn));
    if (change.kind === 'association-created' || change.kind === 'association-updated' || change.kind === 'association-deleted') {
      this.#recheck(this.#byServiceAccount.get(`${change.association.namespace}/${change.association.serviceAccount}`));
    }
  }

  #learn(pod: KubernetesObject): void {
    const workload = workloadOf(pod, this.#parts.kubernetes);
    const roles = this.#expected.get(workload) ?? new Map<string, string | undefined>();
    this.#expected.set(workload, roles);
    for (const container of containerNames(pod)) {
      const { identity } = this.#parts.identities.ask(pod, container, { record: false });
      const own = this.#parts.identities.isOwn(identity) ? identity.roleArn : undefined;
      // Pods of one workload can differ, on Fargate and off it: what one of them could, its successor must.
      roles.set(container, own ?? roles.get(container));
    }
  }

  #take(pod: KubernetesObject): void {
    const uid = pod.metadata.uid ?? '';
    const workload = workloadOf(pod, this.#parts.kubernetes);
    const expected = this.#expected.get(workload);
    const watched: WatchedPod = {
      pod,
      workload,
      serviceAccount: `${pod.metadata.namespace}/${serviceAccountOf(pod)}`,
      nodeName: String(pod.spec?.nodeName ?? ''),
      containers: containerNames(pod).map((container) => ({
        container,
        expected: expected === undefined ? this.#promised(pod, workload, container) : expected.get(container),
        gap: undefined,
      })),
      cancel: undefined,
    };
    this.#pods.set(uid, watched);
    add(this.#byServiceAccount, watched.serviceAccount, uid);
    add(this.#byNode, watched.nodeName, uid);
    this.#check(uid, watched);
  }

  /**
   * The role of a pod whose workload had none at the start: that which its service account was bound to, unless the container
   * says by itself where its credentials come from.
   */
  #promised(pod: KubernetesObject, workload: string, container: string): string | undefined {
    if (isProbe(pod)) return undefined;
    const { byWorkload, byServiceAccount } = this.#parts.baseline.daemonRoles;
    if (byWorkload.has(workload)) return byWorkload.get(workload);
    const bound = this.#parts.baseline.bound.get(`${pod.metadata.namespace}/${serviceAccountOf(pod)}`);
    if (bound?.admitted !== true || pod.metadata.labels?.[`${bound.prefix}/skip-pod-identity-webhook`] !== undefined) return undefined;
    if (pod.metadata.annotations?.[`${bound.prefix}/skip-containers`] !== undefined) return undefined;
    const source = this.#parts.identities.source(pod, container);
    const isForeign = source?.kind === 'static-keys' || (source?.kind === 'web-identity' && source.roleArn !== bound.roleArn);
    return isForeign || byServiceAccount.has(bound.key) ? undefined : bound.roleArn;
  }

  #drop(uid: string): void {
    const watched = this.#pods.get(uid);
    if (watched === undefined) return;
    for (const container of watched.containers) this.#close(container);
    watched.cancel?.();
    this.#pods.delete(uid);
    this.#byServiceAccount.get(watched.serviceAccount)?.delete(uid);
    this.#byNode.get(watched.nodeName)?.delete(uid);
  }

  #recheck(uids: ReadonlySet<string> | undefined): void {
    for (const uid of [...(uids ?? [])]) {
      const watched = this.#pods.get(uid);
      if (watched !== undefined) this.#check(uid, watched);
    }
  }

  #check(uid: string, watched: WatchedPod): void {
    watched.cancel?.();
    watched.cancel = undefined;
    const now = this.#parts.clock.now();
    let until = Number.POSITIVE_INFINITY;
    for (const container of watched.containers) {
      const answer = this.#parts.identities.ask(watched.pod, container.container, { record: false });
      const { via, roleArn, error } = answer.identity;
      if (container.expected !== undefined) add(this.#byRole, container.expected, uid);
      const source = this.#parts.identities.source(watched.pod, container.container);
      const wanted = source?.kind === 'web-identity' ? source.roleArn : roleArn;
      if (wanted !== '') add(this.#byRole, wanted, uid);
      if (source?.kind === 'container') {
        const [namespace = '', name = ''] = watched.serviceAccount.split('/');
        const association = this.#parts.state.associationOf(namespace, name);
        if (association !== undefined) add(this.#byRole, association.roleArn, uid);
      }
      until = Math.min(until, answer.until ?? until);
      // What EKS Auth fails by itself is nobody's doing: the process asks again, and then it shows what it can get.
      if (answer.failed) continue;
      if (this.#parts.identities.isOwn(answer.identity)) this.#judgeRole(watched, container, roleArn);
      if (container.expected === undefined) continue;
      if (roleArn === container.expected) this.#close(container);
      else if (container.gap === undefined) {
        const reason = error !== '' ? error : `got ${roleArn === '' ? via : roleArn} by ${via}`;
        container.gap = {
          pod: `${watched.pod.metadata.namespace}/${watched.pod.metadata.name}`,
          container: container.container,
          roleArn: container.expected,
          from: now,
          until: undefined,
          reason,
        };
        this.gaps.push(container.gap);
      }
    }
    // Cached credentials end without any change in the world.
    if (Number.isFinite(until)) watched.cancel = this.#parts.clock.schedule(until - now, () => this.#check(uid, watched));
  }

  /** A role is familiar where a pod of the workload had it, or, where none ran, where the service account was bound to it and admitted. */
  #judgeRole(watched: WatchedPod, container: Watched, roleArn: string): void {
    const expected = this.#expected.get(watched.workload);
    const bound = this.#parts.baseline.bound.get(watched.serviceAccount);
    const familiar =
      expected === undefined ? bound?.admitted === true && bound.roleArn === roleArn : [...expected.values()].includes(roleArn);
    if (!familiar)
      this.#parts.onStrangeRole(
        roleArn,
        `pod ${watched.pod.metadata.namespace}/${watched.pod.metadata.name} container ${container.container}`,
      );
  }

  #close(container: Watched): void {
    if (container.gap === undefined) return;
    container.gap.until = this.#parts.clock.now();
    container.gap = undefined;
  }
}

/** `Kind/namespace/name` of what makes pods like this one: the top of its owners, or the pod itself. */
export function workloadOf(pod: KubernetesObject, kubernetes: Pick<KubernetesSide, 'object'>): string {
  const { namespace } = pod.metadata;
  let current: KubernetesObject = pod;
  for (let depth = 0; depth < 5; depth += 1) {
    const owners = current.metadata.ownerReferences ?? [];
    const owner = owners.find((one) => one.controller === true) ?? owners[0];
    if (owner === undefined) break;
    const found = kubernetes.object(owner.kind, namespace, owner.name);
    if (found === undefined)
      return `${owner.kind}/${namespace}/${owner.kind === 'ReplicaSet' ? owner.name.replace(/-[a-z0-9]+$/, '') : owner.name}`;
    current = found;
  }
  return `${current.kind}/${namespace}/${current.metadata.name}`;
}

function add(index: Map<string, Set<string>>, key: string, uid: string): void {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([uid]));
  else set.add(uid);
}
