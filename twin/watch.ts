import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import type { Promises } from '../src/model/report.ts';
import { EKS_RESTARTED_AT } from './aws/addon-pods.ts';
import type { Addons } from './aws/addons.ts';
import type { AssociationState, AwsChange } from './aws/records.ts';
import type { AwsState } from './aws/state.ts';
import { compileTrust, type TrustDocument } from './aws/trust-evaluation.ts';
import { containerNames, serviceAccountOf } from './container-environment.ts';
import type { KubernetesSide, ObjectChange, TwinClock, TwinRequest } from './contracts.ts';
import type { PodIdentities } from './identity.ts';
import { isRunning } from './pod-activity.ts';
import { type Baseline, comparable, objectKey, takeBaseline, WORKLOAD_KINDS } from './watch/baseline.ts';
import { Continuity, type Gap } from './watch/continuity.ts';
import { differences } from './watch/differences.ts';
import { type ForeignWrite, isProbe, judgeAwsChange, judgeObject } from './watch/foreign-writes.ts';
import { followAws, followObject, isSameTrust } from './watch/outside.ts';
import { maySplitOff } from './watch/split-writes.ts';
import { type Retirement, trustLosses } from './watch/trust-losses.ts';
import { Widening } from './watch/widening.ts';

export type { Gap } from './watch/continuity.ts';
export type { ForeignWrite } from './watch/foreign-writes.ts';

/** What a twin's watch is made of. */
export interface WatchSettings {
  readonly state: AwsState;
  readonly addons: Addons;
  readonly identities: PodIdentities;
  readonly kubernetes: KubernetesSide;
  readonly clock: TwinClock;
}

/**
 * The watch over the promises: it takes a baseline when the twin starts and then judges every change of the account and the
 * cluster as it happens. It works by what changed, so its cost goes with the changes and not with the cluster's size.
 */
export class Watch {
  readonly #settings: WatchSettings;
  readonly #baseline: Baseline;
  readonly #continuity: Continuity;
  readonly #widening: Widening;
  readonly #widened = new Set<string>();
  readonly #retirement: Retirement;
  #operation = '';
  #isOutside = false;
  /** What each role's trust is compared with: the baseline, or what the world outside made of it since. */
  readonly #trustBefore = new Map<string, string>();
  /** Roles whose trust the world outside wrote since it was last shown: IAM has no version check, so the next write may undo that. */
  readonly #unread = new Set<string>();
  /** What such a write undid, by role, as long as nobody puts it back. */
  readonly #overwritten = new Map<string, readonly ForeignWrite[]>();
  readonly #foreignWrites: ForeignWrite[] = [];

  constructor(settings: WatchSettings) {
    this.#settings = settings;
    this.#baseline = takeBaseline(settings.state, settings.kubernetes, settings.addons, settings.identities.metadata);
    this.#retirement = retirementOf(settings, this.#baseline);
    this.#widening = new Widening(settings.state, this.#baseline.serviceAccounts);
    this.#continuity = new Continuity({
      ...settings,
      baseline: this.#baseline,
      onStrangeRole: (roleArn, holder) => this.#widened.add(`${roleArn}: ${holder}`),
    });
    settings.kubernetes.onChange((change) => this.#objectChanged(change));
    settings.state.onChange((change) => this.#awsChanged(change));
  }

  /** Says which request the changes that follow belong to; the servers of a twin work on one at a time. */
  requestBegins(request: Pick<TwinRequest, 'operation' | 'object'>): void {
    this.#operation = request.operation;
    if (request.operation !== 'GetRole') return;
    const { state } = this.#settings;
    const role = state.role(request.object);
    // One that IAM answers late shows nothing of it.
    if (role === undefined || state.readTrust(role) === state.storedTrust(role)) this.#unread.delete(request.object);
  }

  /** Writes that a migration must not make: those that it made, and the world outside's that it undid and did not put back. */
  get foreignWrites(): readonly ForeignWrite[] {
    return [...this.#foreignWrites, ...[...this.#overwritten.values()].flat()];
  }

  /**
   * Makes a change that is somebody else's, neither podshift's nor AWS's own: from then on the world that it leaves is the one
   * to compare with, and what podshift makes of it is judged against that.
   */
  outside<T>(work: () => T): T {
    const before = this.#isOutside;
    this.#isOutside = true;
    try {
      return work();
    } finally {
      this.#isOutside = before;
    }
  }

  /** The trust policy of a role as podshift found it, or as somebody else wrote it since; undefined for a role that was not there. */
  wantedTrust(roleName: string): string | undefined {
    return this.#baseline.trust.get(roleName);
  }

  /** The report's object, as of now. */
  promises(): Promises {
    return {
      credentialGapSeconds: this.#continuity.gapSeconds(),
      widenedPrincipals: [...this.#widened].sort(),
      foreignWrites: this.foreignWrites.length,
    };
  }

  /** What was broken of the promises, a sentence each, with the names of those concerned; none where {@link promises} are clean. */
  broken(): string[] {
    const now = this.#settings.clock.now();
    const time = (at: number): string => new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
    return [
      ...this.gaps
        .map((gap) => ({ ...gap, seconds: ((gap.until ?? now) - gap.from) / 1000 }))
        .filter(({ seconds }) => seconds > 0)
        .map(
          ({ pod, container, roleArn, from, seconds, reason }) =>
            `continuity: container ${container} of pod ${pod} could not get role ${roleArn} for ${seconds} s from ${time(from)} on: ${reason}`,
        ),
      ...[...this.#widened].sort().map((one) => `no widening: ${one.replace(': ', ' was opened to ')}`),
      ...this.foreignWrites.map(({ object, why }) => `nothing else touched: ${object}: ${why}`),
    ];
  }

  /** Every time in which a container lacked its role. */
  get gaps(): readonly Gap[] {
    return this.#continuity.gaps;
  }

  /**
   * What is not as it was when the twin started, up to what only a server sets: trust policies, service accounts, workloads,
   * associations, add-ons, and probe pods that were left. Empty after a whole rollback.
   */
  compareWithBaseline(): string[] {
    const { state, kubernetes, addons } = this.#settings;
    const found: string[] = [];
    for (const [name, text] of this.#baseline.trust) {
      const role = state.role(name);
      if (role === undefined || !isSameTrust(text, state.storedTrust(role).text)) found.push(`Role/${name}: trust policy`);
    }
    for (const object of this.#objectsNow()) {
      const before = this.#baseline.objects.get(objectKey(object));
      if (before === undefined) found.push(`${objectKey(object)}: is new`);
      else for (const path of differences(before, object)) if (!isServers(path)) found.push(`${objectKey(object)}: ${path.join('.')}`);
    }
    for (const [key, object] of this.#baseline.objects) {
      if (kubernetes.object(object.kind, object.metadata.namespace, object.metadata.name) === undefined && isRoot(object))
        found.push(`${key}: is gone`);
    }
    const living = [...state.associations.values()].map((one) => `${one.namespace}/${one.serviceAccount} ${comparable(one)}`);
    compareSets(
      'Association',
      [...this.#baseline.associations].map(([, text]) => text),
      living.map((text) => text.slice(text.indexOf(' ') + 1)),
      found,
    );
    compareSets(
      'Addon',
      [...this.#baseline.addons.values()],
      addons.names().map((name) => comparable(addons.get(name))),
      found,
    );
    compareSets('Rule', this.#baseline.rules, this.#settings.identities.metadata.allRules(), found);
    for (const pod of kubernetes.objects('Pod')) if (isProbe(pod)) found.push(`${objectKey(pod)}: probe pod left`);
    return found;
  }

  #objectsNow(): KubernetesObject[] {
    return ['ServiceAccount', 'RoleBinding', 'ClusterRoleBinding', ...WORKLOAD_KINDS].flatMap((kind) =>
      this.#settings.kubernetes.objects(kind).filter(isRoot),
    );
  }

  #objectChanged(change: ObjectChange): void {
    if (this.#isOutside) followObject(this.#baseline, change);
    const foreign = judgeObject(change, this.#baseline, this.#operation);
    if (foreign !== undefined) this.#foreignWrites.push(foreign);
    if ((change.after ?? change.before)?.kind === 'Pod') this.#continuity.podChanged(change.before, change.after);
  }

  #awsChanged(change: AwsChange): void {
    if (this.#isOutside) {
      followAws(this.#baseline, change);
    }
    const isTheirs = this.#isOutside && change.by === 'request';
    const foreign = isTheirs ? undefined : judgeAwsChange(change, this.#baseline);
    if (foreign !== undefined) this.#foreignWrites.push(foreign);
    if (change.kind === 'trust-stored') this.#trustStored(change);
    if (change.kind === 'association-created' || change.kind === 'association-updated') this.#associationMade(change);
    this.#continuity.awsChanged(change);
  }

  #trustStored(change: Extract<AwsChange, { kind: 'trust-stored' }>): void {
    const { role, by, after } = change;
    // What the world outside changes is no write of a migration: from there on it is the state to compare with.
    if (by === 'system') {
      this.#trustBefore.set(role.name, after.text);
      this.#unread.add(role.name);
      return;
    }
    const text = this.#trustBefore.get(role.name) ?? this.#baseline.trust.get(role.name) ?? '{}';
    // Of another role the write itself is foreign.
    if (this.#baseline.boundByRole.has(role.arn)) this.#judgeLosses(role.name, text, after.text);
    const before = compileTrust(text);
    const allowed = new Set(
      [...(this.#baseline.boundByRole.get(role.arn) ?? [])].filter((key) => this.#baseline.bound.get(key)?.admitted === true),
    );
    for (const key of namedServiceAccounts(after)) if (maySplitOff(key, role.arn, this.#baseline)) allowed.add(key);
    for (const principal of this.#widening.grown(before, after, allowed)) this.#widened.add(`${role.arn}: ${principal}`);
  }

  #judgeLosses(name: string, before: string, after: string): void {
    const object = `Role/${name}`;
    const losses = trustLosses(before, after, this.#retirement).map((why) => ({ object, why: `trust policy: ${why}` }));
    const known = new Set(this.foreignWrites.filter((one) => one.object === object).map(({ why }) => why));
    const standing = this.#overwritten.get(name) ?? [];
    const fresh = losses.filter(({ why }) => !known.has(why));
    if (this.#unread.delete(name)) this.#overwritten.set(name, [...standing, ...fresh]);
    else {
      this.#foreignWrites.push(...fresh);
      this.#overwritten.set(
        name,
        standing.filter(({ why }) => losses.some((one) => one.why === why)),
      );
    }
  }

  #associationMade({ association, by }: Extract<AwsChange, { association: AssociationState }>): void {
    if (by === 'system') return;
    const key = `${association.namespace}/${association.serviceAccount}`;
    const bound = this.#baseline.bound.get(key);
    for (const roleArn of [association.roleArn, association.targetRoleArn]) {
      if (roleArn === undefined || (bound?.admitted === true && bound.roleArn === roleArn)) continue;
      if (maySplitOff(key, roleArn, this.#baseline)) continue;
      this.#widened.add(`${roleArn}: association of system:serviceaccount:${association.namespace}:${association.serviceAccount}`);
    }
  }
}

/** What of the old way is done with: subjects whose pods have the new one, and the principals of daemons that run no more. */
function retirementOf({ state, kubernetes, identities }: WatchSettings, baseline: Baseline): Retirement {
  const hasOldPods = (key: string): boolean =>
    kubernetes
      .objects('Pod')
      .some(
        (pod) =>
          `${pod.metadata.namespace}/${serviceAccountOf(pod)}` === key &&
          isRunning(pod) &&
          containerNames(pod).some((container) => identities.source(pod, container)?.kind === 'web-identity'),
      );
  return {
    clusterArn: state.clusterArn,
    providerArn: state.providerArn,
    isSubjectDone: (subject) => {
      const [, namespace = '', name = ''] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(subject) ?? [];
      return state.associationOf(namespace, name) !== undefined && !hasOldPods(`${namespace}/${name}`);
    },
    isPrincipalDone: (arn) => baseline.daemonRoles.callers.has(arn) && !identities.metadata.hasDaemons(),
  };
}

/** Service accounts that a document names together with their namespaces, `NAMESPACE/NAME`. */
function namedServiceAccounts(document: TrustDocument): string[] {
  return document.statements.flatMap(({ conditions }) => {
    const valuesOf = (key: string) =>
      conditions.filter((one) => one.key === `aws:requesttag/kubernetes-${key}`).flatMap((one) => one.values);
    return valuesOf('namespace').flatMap((namespace) => valuesOf('service-account').map((name) => `${namespace}/${name}`));
  });
}

function compareSets(what: string, before: readonly string[], now: readonly string[], found: string[]): void {
  const rest = [...before];
  for (const text of now) {
    const index = rest.indexOf(text);
    if (index === -1) found.push(`${what}: is new or changed: ${text}`);
    else rest.splice(index, 1);
  }
  for (const text of rest) found.push(`${what}: is gone or changed: ${text}`);
}

/** What a controller makes of its owner's template is not the user's object. */
function isRoot(object: KubernetesObject): boolean {
  return (object.metadata.ownerReferences ?? []).length === 0;
}

/** The Deployment controller counts revisions, and EKS marks the pod templates that it rolls with an add-on. */
function isServers(path: readonly string[]): boolean {
  const key = path.at(-1);
  return (path[0] === 'metadata' && key === 'deployment.kubernetes.io/revision') || (key === EKS_RESTARTED_AT && path.includes('template'));
}
