import type { AuditSeal, WriteRequest } from './audit/record.ts';
import type { Finding } from './findings.ts';
import type { MigrationOptions } from './options.ts';
import type { ServiceAccountName, UnitPlan } from './plan.ts';
import type { Requester, RunTerms } from './requester.ts';

/** The version of the journal's layout. A journal with a higher one is refused (`JournalTooNew`). */
export const JOURNAL_VERSION = 2;

/** The tag on everything that podshift makes in AWS; its value is the run. */
export const RUN_TAG = 'podshift/run';

/** The tag on an association that podshift made for pods of kube2iam or kiam; its value is the mechanism. */
export const MECHANISM_TAG = 'podshift/mechanism';

/** How a run stands. The first two are under way; the others are ends (design: a run ends as …). */
export type RunStatus = 'pending' | 'running' | 'rolling-back' | 'planned' | 'migrated' | 'held' | 'rolled-back' | 'needs-operator';

/** How a unit stands. The first three are under way; the others are ends. */
export type UnitStatus = 'pending' | 'running' | 'rolling-back' | 'migrated' | 'held' | 'rolled-back' | 'needs-operator';

/** Which cluster a run works on, and as whom. */
export interface ClusterTarget {
  readonly clusterName: string;
  readonly region: string;
  /** A role to assume first, in the cluster's account; null for the caller's own credentials. */
  readonly assumeRoleArn: string | null;
  /** The external id that this role asks for; absent where it asks for none. */
  readonly externalId?: string | undefined;
}

/** Requests sent by the product, retries included. */
export interface CallCounts {
  eks: number;
  iam: number;
  sts: number;
  kubernetes: number;
  cloudtrail: number;
}

/** No calls. */
export function noCalls(): CallCounts {
  return { eks: 0, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 };
}

/** How the units of a run stood when it ended; one that had not come to an end by then needs an operator. */
export interface UnitCounts {
  /** Not begun: of a run that only planned. */
  readonly pending: number;
  readonly migrated: number;
  readonly held: number;
  readonly rolledBack: number;
  readonly needsOperator: number;
}

/** What somebody answered to a plan that waits for approval. */
export interface ApprovalAnswer {
  readonly decision: 'approve' | 'refuse';
  /** The digest that was answered to. */
  readonly digest: string;
  /** ARN of the IAM principal who answered. */
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
  /** The request that brought it, as the access log names it. */
  readonly requestId: string;
}

/** How the approval of a run's plan stands. `expired`: the run ended before anybody's answer reached it. */
export interface Approval {
  readonly status: 'waiting' | 'approved' | 'refused' | 'expired';
  /** RFC 3339; the run waits until then. */
  readonly expiresAt: string;
  /** The answer that took effect; null while there is none. */
  readonly answer: ApprovalAnswer | null;
}

/** How long a plan waits for its approval: the TimeoutSeconds of AwaitApproval (statemachine/migrate-cluster.asl.yaml). */
export const APPROVAL_SECONDS = 604_800;

/** One run over one cluster. */
export interface RunRecord {
  readonly runId: string;
  readonly target: ClusterTarget;
  /** Empty until the cluster was described. */
  readonly clusterArn: string;
  readonly status: RunStatus;
  /** Why it ended so, or what an operator must do; empty while all is well. */
  readonly reason: string;
  /** The plan's digest; empty until there is a plan. */
  readonly digest: string;
  readonly options: MigrationOptions;
  /** Null where none was asked for so far. */
  readonly approval: Approval | null;
  /** Absent of a run of an earlier version, and of a rehearsal. */
  readonly requester?: Requester | undefined;
  /** Absent of a run of an earlier version. */
  readonly terms?: RunTerms | undefined;
  /** RFC 3339; `endedAt` is null while under way. */
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** RFC 3339: when it began to roll back, the last time; absent where it never did, and of an earlier version. */
  readonly rollbackStartedAt?: string | undefined;
  readonly calls: CallCounts;
  /** Why it began to roll back then. */
  readonly rollbackReason?: string | undefined;
  /** Of the last end; absent until there was one. */
  readonly unitCounts?: UnitCounts | undefined;
  /** Version and commit of podshift that opened it; absent where it does not know its own, and of an earlier version. */
  readonly podshift?: string | undefined;
  /** The same of the podshift that ended it last. */
  readonly endedBy?: string | undefined;
  /** Its audit at its last end: how many records, and the hash of the last one; absent until there was one, and of an earlier version. */
  readonly audit?: AuditSeal | undefined;
}

/** How far a unit is: names of the steps in order. A step is in `stepStartedAt` from its first try on. */
export type UnitStep =
  | 'split'
  | 'associate'
  | 'addon'
  | 'injection'
  | 'proof'
  | 'restart'
  | 'rollout'
  | 'verify'
  | 'soak'
  | 'annotations'
  | 'together'
  | 'undo';

/** One unit of a run. */
export interface UnitRecord {
  readonly runId: string;
  readonly unitId: string;
  readonly plan: UnitPlan;
  readonly status: UnitStatus;
  readonly reason: string;
  /** RFC 3339 of each step's first try, so that its deadline survives a crash. */
  readonly stepStartedAt: Readonly<Partial<Record<UnitStep, string>>>;
  /** Small facts that a step keeps for the next one, such as consecutive dry runs seen. */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** What a journal entry changed. */
export type EntryKind =
  | 'trust'
  | 'association'
  | 'restart'
  | 'eviction'
  | 'annotations'
  | 'probe-pod'
  | 'addon'
  | 'service-account'
  | 'binding'
  | 'template'
  | 'daemon'
  | 'rule';

/**
 * One write of the product to AWS or Kubernetes. It is recorded as `intended` with its before-image ahead of the write;
 * `key` says what is written, so that a step that runs again finds its own entry and keeps the first before-image.
 */
export interface JournalEntry {
  readonly runId: string;
  /** `KIND#OBJECT`, and `#WAVE` for a trust policy; unique in a run. */
  readonly key: string;
  /** The unit it belongs to; null for the run's own (agent, trust policy). */
  readonly unitId: string | null;
  readonly kind: EntryKind;
  /** The object: a role's ARN, `Kind/namespace/name`, an add-on's name. */
  readonly object: string;
  /** The fields that change, as they were (never a whole object: pod templates can carry secrets). */
  readonly before: unknown;
  /** The same fields as written; null until the write was read back. */
  readonly after: unknown;
  readonly state: 'intended' | 'applied' | 'undone';
  /** Order within the run: a higher one is newer. */
  readonly sequence: number;
  /** RFC 3339. */
  readonly at: string;
  /** RFC 3339 of the last try to write it; absent where only one was made, at `at`. */
  readonly triedAt?: string | undefined;
  /** RFC 3339: when it was noted as applied, the last time; absent before that, and of an earlier version. */
  readonly appliedAt?: string | undefined;
  /** The same of its undoing. */
  readonly undoneAt?: string | undefined;
  /** The requests that its tries sent, as far as they told their end; absent of an earlier version. */
  readonly requests?: readonly WriteRequest[] | undefined;
  /** Those that undid it; absent until then, and of an earlier version. */
  readonly undoRequests?: readonly WriteRequest[] | undefined;
  /** Milliseconds since the epoch until which a try may be under way that has not told its end; absent where none may. */
  readonly openUntil?: number | undefined;
}

/** One try to write what a journal entry says: a function that died in it has not told its end. */
export interface WriteTry {
  readonly id: string;
  /** Milliseconds since the epoch: the function that tries has ended by then. */
  readonly until: number;
}

/** What was proved (domain.md §8). Grade 1 injected, 2 obtainable, 3 in use and the old way silent. */
export interface Evidence {
  readonly grade: 1 | 2 | 3;
  /** Such as `dry-run`, `probe-pod`, `pods`, `cloudtrail`. */
  readonly kind: string;
  readonly passed: boolean;
  /** RFC 3339. */
  readonly at: string;
  /** Raw facts without secrets. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A role's state in a run. */
export interface RoleRecord {
  readonly runId: string;
  readonly roleArn: string;
  /** The trust policy before the run's first write, decoded. */
  readonly trustBefore: string;
  /** As last read back; equal to `trustBefore` while nothing was written. */
  readonly trustAfter: string;
  /** Why its units cannot go on; empty while all is well. */
  readonly blocked: string;
  /** This run's writes of the trust policy that CloudTrail has not answered for yet, or will not; oldest first. */
  readonly writes?: readonly TrustWrite[];
  /** `trustAfter` holds changes of somebody else's beside podshift's: going back to `trustBefore` would lose them. */
  readonly shared?: true;
  /** What somebody else wrote while podshift wrote, and podshift put back beside its own: RFC 3339 of each such write. */
  readonly putBack?: readonly string[];
}

/** What a write does to a trust policy, so that it can be done again to another document. */
export type TrustAct =
  | { readonly kind: 'grant'; readonly wave: number }
  | { readonly kind: 'revoke'; readonly serviceAccounts: readonly ServiceAccountName[] }
  | {
      readonly kind: 'retire';
      readonly principals: readonly string[];
      readonly issuer: string | undefined;
      readonly serviceAccounts: readonly ServiceAccountName[];
    }
  | { readonly kind: 'restore' };

/** One write of a trust policy. IAM compares nothing: whoever wrote between podshift's read and its write is known to CloudTrail alone. */
export interface TrustWrite {
  readonly acts: readonly TrustAct[];
  /** Fingerprints of the documents before and after. */
  readonly was: string;
  readonly is: string;
  /** Milliseconds since the epoch, from ahead of the last read to after the first read back; null where nobody read it back. */
  readonly from: number;
  readonly to: number | null;
  /** The same of the last try that IAM may have taken; absent where none stands, and in records of older runs. */
  readonly sent?: number;
  /** CloudTrail may not be read, or did not show podshift's own write as long as the run waited. */
  readonly unseen?: 'denied' | 'late';
}

/** What a scan found changed since the cluster's last one. */
export interface DriftRecord {
  readonly runId: string;
  readonly clusterArn: string;
  /** The run whose inventory it was compared with; null for the first scan of a cluster. */
  readonly comparedWith: string | null;
  /** RFC 3339: when the compared inventory was taken; null as above. */
  readonly since: string | null;
  /** Number of all findings; `findings` has the first of them, as many as {@link MAX_DRIFT_FINDINGS}. */
  readonly total: number;
  readonly findings: readonly Finding[];
}

/** The most findings that a {@link DriftRecord} holds: it has to fit into one item and one event. */
export const MAX_DRIFT_FINDINGS = 50;
