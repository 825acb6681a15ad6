import type { WriteRequest } from '../model/audit/record.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { Requester, RunRequest, RunTerms } from '../model/requester.ts';
import type {
  ApprovalAnswer,
  CallCounts,
  ClusterTarget,
  DriftRecord,
  EntryKind,
  Evidence,
  JournalEntry,
  RoleRecord,
  RunRecord,
  RunStatus,
  UnitRecord,
  WriteTry,
} from '../model/run.ts';
import type { FleetJournal } from './fleet-journal.ts';

/** A part of a list: so many items at most, after the one that `after` names; null for the first ones. */
export interface PageRequest {
  readonly limit: number;
  readonly after: string | null;
}

/** `next` is what the next page comes after; null where there is none. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** What a client's idempotency key stands for. */
export interface KeyClaim {
  readonly runId: string;
  /** Digest of the request that the key came with. */
  readonly fingerprint: string;
}

/** A try that has ended, and the requests that it sent. */
export interface EndedTry {
  readonly id: string;
  readonly requests: readonly WriteRequest[];
}

/** What a batch asks for ahead of a step whose pods have to come one after another. */
export interface TurnsWanted {
  /** `open`: batches begin; `restart`: their pods are renewed. */
  readonly pace: 'open' | 'restart';
  /** Tells a batch from every other, and is the same when it asks again. */
  readonly key: string;
  /** How many pods each of its groups has. */
  readonly pods: readonly number[];
  /** Pods that may have their turn in a minute. */
  readonly perMinute: number;
}

/** The documents of a run: what was read, what was decided, how the retirement of a daemon stands, and its audit as it was at its last end. */
export type DocumentName = 'inventory' | 'plan' | 'retirement' | 'audit';

/**
 * The durable record of runs and fleets. All reads are consistent; all writes are conditional on what they replace. Every method can
 * throw `Throttled` and `ServiceUnavailable`; reads of a run throw `RunNotFound` and `JournalTooNew`.
 */
export interface Journal extends FleetJournal {
  /** Creates the run, or returns the one that exists under this id (a step that runs twice). */
  createRun(run: {
    runId: string;
    target: ClusterTarget;
    options: MigrationOptions;
    startedAt: string;
    requester?: Requester;
    terms?: RunTerms;
    podshift?: string;
  }): Promise<RunRecord>;
  getRun(runId: string): Promise<RunRecord>;
  /**
   * Changes the fields that are given; with `from` only of a run whose status is one of these, or the one it is to get (a change that
   * is made again because its reply was lost). Throws `LockLost` where it is another.
   */
  updateRun(
    runId: string,
    changes: Partial<
      Pick<
        RunRecord,
        | 'status'
        | 'reason'
        | 'digest'
        | 'clusterArn'
        | 'endedAt'
        | 'endedBy'
        | 'audit'
        | 'rollbackStartedAt'
        | 'rollbackReason'
        | 'approval'
        | 'unitCounts'
      >
    >,
    from?: readonly RunStatus[],
  ): Promise<RunRecord>;
  /** Newest first. */
  listRuns(): Promise<RunRecord[]>;
  /** Runs without an end, newest first; it reads no run that has ended. */
  listOpenRuns(): Promise<RunRecord[]>;
  /** Newest first, page by page. */
  pageRuns(page: PageRequest): Promise<Page<RunRecord>>;
  /** Gives the key to this claim; the first claim of a key stays, and every later one is answered with it. */
  claimKey(key: string, claim: KeyClaim): Promise<KeyClaim>;
  /** Notes who asked for a run ahead of its start; the first note of a run stays, and every later one is answered with it. */
  noteRequest(runId: string, request: RunRequest): Promise<RunRequest>;
  /** Undefined where none was noted: whoever started the run's execution did not ask podshift for it. */
  getRequest(runId: string): Promise<RunRequest | undefined>;
  /** Adds to the run's call counts. */
  addCalls(runId: string, calls: CallCounts): Promise<void>;

  /** Keeps a document of any size with the run, replacing the one of the same name. */
  putDocument(runId: string, name: DocumentName, value: unknown): Promise<void>;
  /** Undefined where there is none. */
  getDocument(runId: string, name: DocumentName): Promise<unknown>;

  /** Creates units that are not there yet; those that are there stay as they are. */
  putUnits(units: readonly UnitRecord[]): Promise<void>;
  getUnit(runId: string, unitId: string): Promise<UnitRecord>;
  listUnits(runId: string): Promise<UnitRecord[]>;
  /** In the order of their ids, page by page. */
  pageUnits(runId: string, page: PageRequest): Promise<Page<UnitRecord>>;
  /** `stepStartedAt` keeps its first value for each step; `facts` are merged. */
  updateUnit(
    runId: string,
    unitId: string,
    changes: Partial<Pick<UnitRecord, 'status' | 'reason' | 'stepStartedAt' | 'facts'>>,
  ): Promise<UnitRecord>;
  /**
   * The same of what need not outlive the work on the unit: within `withNotesOf` (unit-notes.ts) it is written with the next change of the unit, and
   * reads of the unit show it until then; else at once.
   */
  noteUnit(unit: UnitRecord, changes: Partial<Pick<UnitRecord, 'stepStartedAt' | 'facts'>>): Promise<UnitRecord>;

  /** Creates roles that are not there yet. */
  putRoles(roles: readonly RoleRecord[]): Promise<void>;
  getRole(runId: string, roleArn: string): Promise<RoleRecord>;
  listRoles(runId: string): Promise<RoleRecord[]>;
  updateRole(
    runId: string,
    roleArn: string,
    changes: Partial<Pick<RoleRecord, 'trustAfter' | 'blocked' | 'writes' | 'putBack' | 'shared'>>,
  ): Promise<RoleRecord>;

  /**
   * The before-image ahead of a write. If the key is there already, the entry that is there is returned, its before-image unchanged.
   * `attempt` is noted as under way, until {@link markApplied} or {@link endTry} says that it has ended.
   */
  recordIntent(entry: {
    runId: string;
    key: string;
    unitId: string | null;
    kind: EntryKind;
    object: string;
    before: unknown;
    attempt?: WriteTry;
  }): Promise<JournalEntry>;
  /** Also of an entry that was undone: a write that came late is there, whatever was undone before it. */
  markApplied(runId: string, key: string, after: unknown, ended?: EndedTry): Promise<void>;
  /** Notes that a try has ended, whatever came of it, and what it asked for. */
  endTry(runId: string, key: string, ended: EndedTry): Promise<void>;
  /** `requests` are those that undid it. */
  markUndone(runId: string, key: string, requests?: readonly WriteRequest[]): Promise<void>;
  /** Undefined where there is none. */
  getEntry(runId: string, key: string): Promise<JournalEntry | undefined>;
  /** Newest first; of one unit if given. */
  listEntries(runId: string, unitId?: string | null): Promise<JournalEntry[]>;

  addEvidence(runId: string, unitId: string, evidence: Evidence): Promise<void>;
  /** In the order they were added, by unit id. */
  listEvidence(runId: string): Promise<ReadonlyMap<string, readonly Evidence[]>>;

  /** Takes the cluster's lock, or extends it where this run holds it. Takes over an expired one. Throws `ClusterLocked`. */
  acquireLock(clusterArn: string, runId: string, seconds: number): Promise<void>;
  /**
   * Who has, or had last, the cluster's lock without letting go of it; undefined where nobody has. Times are milliseconds since the
   * epoch; `renewedAt` is when it was taken or extended last, and absent of a lock of an earlier version.
   */
  lockOf(clusterArn: string): Promise<{ readonly runId: string; readonly expiresAt: number; readonly renewedAt?: number } | undefined>;
  /**
   * Ids of all runs that have held the cluster's lock: what podshift changed there, one of them did. With `since` (milliseconds since
   * the epoch) those are left out that took it for the last time before then.
   */
  lockHolders(clusterArn: string, since?: number): Promise<string[]>;
  /** Extends the lock. Throws `LockLost` where another run holds it by now. */
  extendLock(clusterArn: string, runId: string, seconds: number): Promise<void>;
  /**
   * Makes sure that the run has the lock for so long at least, and never shortens it: extends its own, and takes again one that
   * is free. Throws `LockLost` where another run has it, and names that run.
   */
  holdLock(clusterArn: string, runId: string, seconds: number): Promise<void>;
  /** Lets go of it; no error where another run holds it. */
  releaseLock(clusterArn: string, runId: string): Promise<void>;

  /** Takes the lease on a role's trust policy, or extends it where `owner` holds it. Throws `LeaseHeld`. */
  acquireLease(roleArn: string, owner: string, seconds: number): Promise<void>;
  releaseLease(roleArn: string, owner: string): Promise<void>;

  /**
   * When each group of pods has its turn, in milliseconds since the epoch: one pace for all batches of the run, whichever execution takes
   * them. Answers the same to one that asks again within a minute of its turns.
   */
  takeTurns(runId: string, wanted: TurnsWanted): Promise<readonly number[]>;

  /** Notes which execution carries the run forward: `unheld`, only where none was noted yet; `always`, in place of any other. */
  noteExecution(runId: string, executionId: string, when: 'unheld' | 'always'): Promise<void>;
  /** Which execution carries the run, forward or back, as it was noted last; undefined where none was. */
  carrier(runId: string): Promise<{ readonly direction: 'forward' | 'back'; readonly executionId: string } | undefined>;
  /**
   * Claims to take the run back. With an execution's id it is refused (false) unless that one carries the run forward, or the
   * claimant has claimed it before; with null it is granted.
   */
  claimRollback(runId: string, claimant: string, executionId: string | null): Promise<boolean>;
  /** Keeps what a scan found changed; where the run has such a record already, that one stays. */
  putDrift(drift: DriftRecord): Promise<DriftRecord>;
  /** Undefined where the run is no scan, or has compared nothing yet. */
  getDrift(runId: string): Promise<DriftRecord | undefined>;
  /** The run of the cluster's last scan of this scope; undefined where there was none. `scope` is any text that is not empty. */
  lastScan(clusterArn: string, scope: string): Promise<string | undefined>;
  /** Notes the run as the cluster's last scan, unless a later one is noted. `takenAt` is RFC 3339. */
  noteScan(clusterArn: string, scope: string, runId: string, takenAt: string): Promise<void>;

  /** Keeps the task token of a waiting approval, in place of an older one and its answer. No read of a run returns it. */
  putTaskToken(runId: string, token: string): Promise<void>;
  /** Notes the answer ahead of its delivery: the first one stays, and every later caller is told it. Undefined where no token waits. */
  answerTaskToken(runId: string, answer: ApprovalAnswer): Promise<{ readonly token: string; readonly answer: ApprovalAnswer } | undefined>;
  /** The answer that was noted; undefined where there is none. */
  getTaskAnswer(runId: string): Promise<ApprovalAnswer | undefined>;
  /** Forgets token and answer. */
  forgetTaskToken(runId: string): Promise<void>;
}
