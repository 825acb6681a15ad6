/** What the engine tells while it works, for whoever shows it. */
export interface Progress {
  readonly type: 'state-entered' | 'state-exited' | 'state-failed' | 'task-retried';
  readonly state: string;
  /** The execution that the state is of: empty for the one that was started, `MAP#RUN/INDEX` for a child of a distributed Map. */
  readonly execution: string;
  /** The units that a child execution was begun with. */
  readonly unitIds?: readonly string[];
  /** The engine's clock, milliseconds since the Unix epoch. */
  readonly at: number;
  /** Name of the error, for a failure or a retry. */
  readonly error?: string;
  /** The state failed, and a rule of its `Catch` says what follows. */
  readonly caught?: true;
  /** Seconds until the next attempt, for a retry. */
  readonly delaySeconds?: number;
  /** What the state got and gave; task tokens are never part of it. */
  readonly input?: unknown;
  readonly output?: unknown;
}

/** Receives progress; what it throws ends the execution. */
export type OnProgress = (progress: Progress) => void;
