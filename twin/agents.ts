import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import { AgentCache } from './aws/agent-cache.ts';
import type { CloudTrailLog } from './aws/cloudtrail-log.ts';
import { assumeForPod, type CallToken, callEksAuth, type EksAuthFaults, recordAssume } from './aws/eks-auth.ts';
import { PODS_SERVICE } from './aws/records.ts';
import type { AwsState } from './aws/state.ts';
import type { PodSubject } from './aws/trail-events.ts';
import { type ProjectedToken, tokenAt } from './pod-token.ts';

/** What an agent answers a process. */
export type AgentAnswer =
  | {
      readonly ok: true;
      readonly roleArn: string;
      readonly sessionName: string;
      /** When the credentials end. */
      readonly expiresAt: number;
      /** When this may be no answer any more, where nothing but the agent's cache holds it up. */
      readonly until: number | undefined;
    }
  | {
      readonly ok: false;
      readonly error: string;
      /** Whether EKS Auth failed by itself: then the same question may have an answer a moment later. */
      readonly failed: boolean;
    };

/** How often EKS Auth was called, and how often it failed by itself. */
export interface EksAuthCalls {
  readonly calls: number;
  readonly failed: number;
}

interface Question {
  readonly pod: KubernetesObject;
  readonly subject: PodSubject;
  readonly token: ProjectedToken | undefined;
  /** Uid of the agent's pod. */
  readonly agentUid: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

interface Parts {
  readonly state: AwsState;
  readonly trail: CloudTrailLog;
  readonly nodeRoleArn: (nodeName: string) => string;
  readonly faults: EksAuthFaults | undefined;
}

/** The Pod Identity agents of all nodes, and EKS Auth behind them. CloudTrail hears of each call that they make. */
export class Agents {
  readonly #parts: Parts;
  readonly #caches = new Map<string, AgentCache>();
  #calls = 0;
  #failed = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get eksAuthCalls(): EksAuthCalls {
    return { calls: this.#calls, failed: this.#failed };
  }

  /** What a process gets that asks. A real question fills the agent's cache; the other is what a process would get, and changes nothing. */
  ask(question: Question, options: { readonly real: boolean }): AgentAnswer {
    const { pod, subject, token, agentUid, at } = question;
    if (token === undefined || token.audience !== PODS_SERVICE)
      return { ok: false, error: 'the Pod Identity token file does not exist or has another audience', failed: false };
    const written = tokenAt(pod, token, at);
    if (at >= written.expiresAt) {
      const why = 'Service account token failed basic claim validations: token has invalid claims: token is expired';
      return refused(why);
    }
    const { state, faults } = this.#parts;
    const call: CallToken = { id: written.id, subject, expiresAt: written.expiresAt };
    const cache = this.#cacheOf(subject.nodeName, agentUid);
    const held = cache.get(call, at);
    if (held !== undefined) {
      const { roleArn, sessionName, expiresAt } = held;
      const fresh = assumeForPod(state, subject, at);
      const isSure = fresh.ok && fresh.roleArn === roleArn;
      return { ok: true, roleArn, sessionName, expiresAt, until: isSure ? undefined : Math.min(written.rotatesAt, cache.endOf(held)) };
    }
    const assumed = options.real ? cache.fetch(call, at) : callEksAuth(state, call, at, faults);
    if (!assumed.ok)
      return refused(`(${assumed.code}): ${assumed.message}, fault: ${assumed.failed ? 'server' : 'client'}`, assumed.failed);
    return { ok: true, roleArn: assumed.roleArn, sessionName: assumed.sessionName, expiresAt: assumed.expiresAt, until: undefined };
  }

  /** Lets all agents do what they did until this time. */
  advance(at: number): void {
    for (const cache of this.#caches.values()) cache.advance(at);
  }

  /** An agent's pod is gone, and its cache with it. */
  forget(nodeName: string, agentUid: string): void {
    this.#caches.delete(`${nodeName}/${agentUid}`);
  }

  #cacheOf(nodeName: string, agentUid: string): AgentCache {
    const id = `${nodeName}/${agentUid}`;
    const known = this.#caches.get(id);
    if (known !== undefined) return known;
    const cache = new AgentCache(id, (token, at) => {
      const { state, trail, faults } = this.#parts;
      const assumed = callEksAuth(state, token, at, faults);
      this.#calls += 1;
      if (!assumed.ok && assumed.failed) this.#failed += 1;
      recordAssume(state, trail, { subject: token.subject, assumed, nodeRoleArn: this.#parts.nodeRoleArn(token.subject.nodeName), at });
      return assumed;
    });
    this.#caches.set(id, cache);
    return cache;
  }
}

function refused(why: string, failed = false): AgentAnswer {
  return { ok: false, error: `Error when retrieving credentials from container-role: ${why}`, failed };
}
