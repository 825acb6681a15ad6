import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import type { AgentAnswer } from './agents.ts';
import { fractionOf } from './aws/ids.ts';
import { containerNames } from './container-environment.ts';
import type { KubernetesSide, TwinClock } from './contracts.ts';
import { type PodIdentities, RETRY_AFTER_FAULT } from './identity.ts';

/** SDKs renew a web identity's session of one hour about five minutes early. */
const WEB_RENEWAL = 55 * 60 * 1000;
/** kube2iam and kiam hand out short sessions; SDKs ask them again about every quarter of an hour. */
const DAEMON_RENEWAL = 15 * 60 * 1000;
/** They ask the agent again five minutes before what they got ends: usually after almost six hours. */
const AGENT_LEAD = 5 * 60 * 1000;
const AGENT_RENEWAL = 6 * 60 * 60 * 1000 - AGENT_LEAD;
/** A process that the agent refused asks again, as long as it runs. */
const REFUSED_RENEWAL = 15 * 60 * 1000;

interface Renewer {
  readonly pod: KubernetesObject;
  readonly container: string;
  readonly period: number;
  nextAt: number;
}

/**
 * What the pods of a cluster do by themselves: every running container that has a way to credentials fetches them when it
 * starts and renews them, and CloudTrail hears of it. Starts are recorded as they happen; renewals are worked out when
 * someone looks at the trail.
 */
export class PodActivity {
  readonly #identities: PodIdentities;
  readonly #clock: TwinClock;
  readonly #renewers = new Map<string, Renewer[]>();
  #earliest = Number.POSITIVE_INFINITY;

  constructor(identities: PodIdentities, clock: TwinClock) {
    this.#identities = identities;
    this.#clock = clock;
  }

  /** Takes up the pods that run already, each as one that last renewed within its period, and follows what changes. */
  connect(kubernetes: KubernetesSide): void {
    const now = this.#clock.now();
    for (const pod of kubernetes.objects('Pod')) {
      if (!isRunning(pod)) continue;
      for (const renewer of this.#renewersOf(pod)) {
        const phase = fractionOf(`${pod.metadata.namespace}/${pod.metadata.name}/${renewer.container}`);
        renewer.nextAt = now - (1 - phase) * renewer.period;
        this.#ask(renewer);
        this.#keep(renewer);
      }
    }
    kubernetes.onChange(({ before, after }) => {
      const pod = after ?? before;
      if (pod?.kind !== 'Pod') return;
      const uid = pod.metadata.uid ?? '';
      if (after !== undefined && isRunning(after)) {
        if (!this.#renewers.has(uid)) this.#start(after);
      } else if (this.#renewers.has(uid)) {
        for (const renewer of this.#renewers.get(uid) ?? []) this.#renew(renewer, this.#clock.now());
        this.#renewers.delete(uid);
      }
    });
  }

  /** Brings the trail up to now. */
  refresh(): void {
    const now = this.#clock.now();
    if (now >= this.#earliest) {
      const all = [...this.#renewers.values()].flat();
      // Agents are asked in the order of time, as their caches go by it.
      for (let due = all; due.length > 0; ) {
        due = due.filter(({ nextAt }) => nextAt <= now).sort((left, right) => left.nextAt - right.nextAt);
        for (const renewer of due) this.#ask(renewer);
      }
      this.#earliest = all.reduce((earliest, { nextAt }) => Math.min(earliest, nextAt), Number.POSITIVE_INFINITY);
    }
    this.#identities.agents.advance(now);
  }

  #start(pod: KubernetesObject): void {
    this.#renewers.set(pod.metadata.uid ?? '', []);
    for (const renewer of this.#renewersOf(pod)) {
      renewer.nextAt = this.#clock.now();
      this.#ask(renewer);
      this.#keep(renewer);
    }
  }

  #renew(renewer: Renewer, now: number): void {
    while (renewer.nextAt <= now) this.#ask(renewer);
  }

  /** Asks when it is time, and says when it asks next. */
  #ask(renewer: Renewer): void {
    const at = renewer.nextAt;
    const answer = this.#identities.recordRenewal(renewer.pod, renewer.container, at);
    renewer.nextAt = at + (answer === undefined ? renewer.period : nextQuestion(answer, at));
  }

  #keep(renewer: Renewer): void {
    const uid = renewer.pod.metadata.uid ?? '';
    const kept = this.#renewers.get(uid);
    if (kept === undefined) this.#renewers.set(uid, [renewer]);
    else kept.push(renewer);
    this.#earliest = Math.min(this.#earliest, renewer.nextAt);
  }

  /** One for each container that renews by itself; the agent renews for a whole pod, whose containers share one token. */
  #renewersOf(pod: KubernetesObject): Renewer[] {
    const renewers: Renewer[] = [];
    let agent = false;
    for (const container of containerNames(pod)) {
      const kind = this.#identities.source(pod, container)?.kind;
      if (kind === 'web-identity') renewers.push({ pod, container, period: WEB_RENEWAL, nextAt: 0 });
      if (kind === 'instance-metadata' && this.#identities.metadata.ask(pod).kind === 'role')
        renewers.push({ pod, container, period: DAEMON_RENEWAL, nextAt: 0 });
      if (kind === 'container' && !agent) {
        agent = true;
        renewers.push({ pod, container, period: AGENT_RENEWAL, nextAt: 0 });
      }
    }
    return renewers;
  }
}

/** Milliseconds until a process asks the agent again. */
function nextQuestion(answer: AgentAnswer, at: number): number {
  if (answer.ok) return Math.max(AGENT_LEAD, answer.expiresAt - at - AGENT_LEAD);
  return answer.failed ? RETRY_AFTER_FAULT : REFUSED_RENEWAL;
}

/** Whether a pod's containers run, ready or not. */
export function isRunning(pod: KubernetesObject): boolean {
  return pod.status?.phase === 'Running';
}
