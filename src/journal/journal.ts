import type { MigrationOptions } from '../model/options.ts';
import type { CallCounts, ClusterTarget, EntryKind, Evidence, JournalEntry, RoleRecord, RunRecord, UnitRecord } from '../model/run.ts';

/** The documents of a run: what was read, what was decided, and how the retirement of a daemon stands. */
export type DocumentName = 'inventory' | 'plan' | 'retirement';

/**
 * The durable record of runs. All reads are consistent; all writes are conditional on what they replace. Every method can
 * throw `Throttled` and `ServiceUnavailable`; reads of a run throw `RunNotFound` and `JournalTooNew`.
 */
export interface Journal {
  /** Creates the run, or returns the one that exists under this id (a step that runs twice). */
  createRun(run: { runId: string; target: ClusterTarget; options: MigrationOptions; startedAt: string }): Promise<RunRecord>;
  getRun(runId: string): Promise<RunRecord>;
  updateRun(
    runId: string,
    changes: Partial<Pick<RunRecord, 'status' | 'reason' | 'digest' | 'clusterArn' | 'endedAt'>>,
  ): Promise<RunRecord>;
  /** Newest first. */
  listRuns(): Promise<RunRecord[]>;
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
  /** `stepStartedAt` keeps its first value for each step; `facts` are merged. */
  updateUnit(
    runId: string,
    unitId: string,
    changes: Partial<Pick<UnitRecord, 'status' | 'reason' | 'stepStartedAt' | 'facts'>>,
  ): Promise<UnitRecord>;

  /** Creates roles that are not there yet. */
  putRoles(roles: readonly RoleRecord[]): Promise<void>;
  getRole(runId: string, roleArn: string): Promise<RoleRecord>;
  listRoles(runId: string): Promise<RoleRecord[]>;
  updateRole(runId: string, roleArn: string, changes: Partial<Pick<RoleRecord, 'trustAfter' | 'blocked'>>): Promise<RoleRecord>;

  /** The before-image ahead of a write. If the key is there already, the entry that is there is returned, unchanged. */
  recordIntent(entry: {
    runId: string;
    key: string;
    unitId: string | null;
    kind: EntryKind;
    object: string;
    before: unknown;
  }): Promise<JournalEntry>;
  markApplied(runId: string, key: string, after: unknown): Promise<void>;
  markUndone(runId: string, key: string): Promise<void>;
  /** Undefined where there is none. */
  getEntry(runId: string, key: string): Promise<JournalEntry | undefined>;
  /** Newest first; of one unit if given. */
  listEntries(runId: string, unitId?: string | null): Promise<JournalEntry[]>;

  addEvidence(runId: string, unitId: string, evidence: Evidence): Promise<void>;
  /** In the order they were added, by unit id. */
  listEvidence(runId: string): Promise<ReadonlyMap<string, readonly Evidence[]>>;

  /** Takes the cluster's lock, or extends it where this run holds it. Takes over an expired one. Throws `ClusterLocked`. */
  acquireLock(clusterArn: string, runId: string, seconds: number): Promise<void>;
  /** Extends the lock. Throws `LockLost` where another run holds it by now. */
  extendLock(clusterArn: string, runId: string, seconds: number): Promise<void>;
  /** Lets go of it; no error where another run holds it. */
  releaseLock(clusterArn: string, runId: string): Promise<void>;

  /** Takes the lease on a role's trust policy, or extends it where `owner` holds it. Throws `LeaseHeld`. */
  acquireLease(roleArn: string, owner: string, seconds: number): Promise<void>;
  releaseLease(roleArn: string, owner: string): Promise<void>;

  /** Keeps the task token of a waiting approval; it is never part of what other methods return. */
  putTaskToken(runId: string, token: string): Promise<void>;
  /** Gives the token and forgets it; undefined where none waits. */
  takeTaskToken(runId: string): Promise<string | undefined>;
}
