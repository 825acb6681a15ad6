import type { Finding } from './findings.ts';

/** The daemons that podshift retires. */
export type RetiredMechanism = 'kube2iam' | 'kiam';

/** The label that no node has: a DaemonSet that selects it runs nowhere. Its value is the run that stopped it. */
export const RETIRED_LABEL = 'podshift/retired-by';

/** One object of a daemon, as the plan will treat it. */
export interface DaemonPlan {
  readonly apiVersion: string;
  readonly kind: 'DaemonSet' | 'Deployment';
  readonly namespace: string;
  readonly name: string;
  /** `stop`: a node selector that fits no node, or no replicas; `stopped`: it is meant to run nowhere already. */
  readonly action: 'stop' | 'stopped';
}

/** How the daemon's rule goes from the nodes: by pods of the interceptor's own image, where its own pods run. */
export interface RulePlan {
  /** `Kind/namespace/name` of the DaemonSet that adds it. */
  readonly interceptor: string;
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  /** What follows `iptables -t nat -A PREROUTING`; the node's own address stands as `$(HOST_IP)`. */
  readonly arguments: readonly string[];
  /** The daemon takes it away itself when it stops, so that only what is left is taken away. */
  readonly removedByDaemon: boolean;
  /** Nodes that can have it, sorted. */
  readonly nodeNames: readonly string[];
}

/** A role whose trust policy loses the daemon's principals, once its use is proved. */
export interface RetiredRole {
  readonly roleArn: string;
  /** Service accounts of this cluster that have the role by associations which podshift made for the daemon's pods, `NAMESPACE/NAME`. */
  readonly serviceAccounts: readonly string[];
  /** The trust policy now, and without the daemon's principals; the same where it cannot or need not lose them. */
  readonly trustBefore: string;
  readonly trustAfter: string;
}

/** What comes of the wish to retire a daemon. */
export interface RetirementPlan {
  readonly mechanism: RetiredMechanism;
  /** `retire`: nothing depends on it; `refuse`: something does, or podshift cannot do it; `done`: an earlier run retired it. */
  readonly decision: 'retire' | 'refuse' | 'done';
  /** One sentence for a refusal; empty else. */
  readonly reason: string;
  readonly daemons: readonly DaemonPlan[];
  /** Null where it is refused because the rule cannot be rebuilt, or where it is done. */
  readonly rule: RulePlan | null;
  /** The principals that go from the roles' trust policies: the nodes' roles, or the role of kiam's server. */
  readonly principals: readonly string[];
  readonly roles: readonly RetiredRole[];
  readonly findings: readonly Finding[];
}

/** How far the retirement is on one node. */
export interface NodeProgress {
  /** Rules that were taken away there, duplicates counted; null until a pod has said so. */
  readonly removed: number | null;
  /** A pod there was refused by the port that the rule sends calls to. */
  readonly intercepted: boolean;
  /** HTTP status by which instance metadata itself answered a pod there; null until it did. */
  readonly answered: number | null;
  /** Pods that said nothing useful. */
  readonly tries: number;
  /** What the last such pod said; empty where none did. */
  readonly message: string;
  /** UID of the last pod that was heard, so that none is heard twice. */
  readonly heard: string;
}

/** How a retirement stands; `retiring` and `restoring` are under way. */
export type RetirementStatus = 'refused' | 'done' | 'retiring' | 'retired' | 'restoring' | 'restored' | 'needs-operator';

/** A run's record of the retirement: one document, written by one step at a time. */
export interface RetirementRecord {
  readonly plan: RetirementPlan;
  readonly status: RetirementStatus;
  /** Why it was refused or taken back, or what an operator has to do; empty while all is well. */
  readonly reason: string;
  /** RFC 3339 of the first try of each phase, so that its deadline survives a crash. */
  readonly since: Readonly<Partial<Record<RetirementPhase, string>>>;
  /** Milliseconds of each phase that count for no deadline: a service was away, or the turn had not come. */
  readonly paused?: Readonly<Partial<Record<RetirementPhase, number>>>;
  /** Milliseconds since the epoch from which on every try failed so; null where the last one did not. */
  readonly pausedSince?: number | null;
  readonly nodes: Readonly<Record<string, NodeProgress>>;
  /** UIDs of the daemon's pods that ran when the way back began: rules come back with pods that are none of these. */
  readonly oldPods: readonly string[];
}

/** What a daemon's retirement is at: its rules, its stop, the proof, or the way back. */
export type RetirementPhase = 'rules' | 'stop' | 'proof' | 'back';
