/** The state machines that something outside of them may start. An execution of `migrate-cluster` has its run's id as its name. */
export type StateMachineName = 'migrate-cluster' | 'migrate-fleet' | 'scan-cluster' | 'rollback-run';

/** How an execution stands, in the words of Step Functions (API reference: DescribeExecution). */
export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'PENDING_REDRIVE';

/**
 * Starts state machines and answers their task tokens: Step Functions where podshift is deployed, the local engine on one
 * machine. Every method can throw `Throttled` and `ServiceUnavailable`.
 */
export interface Executions {
  /**
   * Starts an execution under a name that is unique for the state machine. A second start with the same name and input while
   * the first runs is no error and starts nothing; anything else under a taken name throws `ExecutionExists`.
   */
  start(stateMachine: StateMachineName, name: string, input: unknown): Promise<{ readonly executionArn: string }>;
  /** Undefined where no execution of this name exists. */
  status(stateMachine: StateMachineName, name: string): Promise<ExecutionStatus | undefined>;
  /**
   * Ends an execution as ABORTED; what it calls at this moment goes on to its end. An aborted `migrate-cluster` is taken back.
   * No error where the execution has ended already; `NotFound` where there is none of this name.
   */
  stop(stateMachine: StateMachineName, name: string, reason: string): Promise<void>;
  /** What failed or stopped the execution; undefined where it did not fail, or none of this name exists. A function's error is its `cause` as JSON. */
  failure(stateMachine: StateMachineName, name: string): Promise<{ readonly error: string; readonly cause: string } | undefined>;
  /** Resumes the task that waits for the token. Throws `TaskTokenGone` where it timed out, was answered or never was. */
  succeedTask(taskToken: string, output: unknown): Promise<void>;
  /** Fails the task that waits for the token, with an error of our table. Throws `TaskTokenGone`. */
  failTask(taskToken: string, error: string, cause: string): Promise<void>;
}
