import { AWS_ERRORS } from './errors/aws.ts';
import { DEPLOYMENT_ERRORS } from './errors/deployment.ts';
import { JOURNAL_ERRORS } from './errors/journal.ts';
import { KUBERNETES_ERRORS } from './errors/kubernetes.ts';

/**
 * The one table of errors. A row's key is the error's `name`: Step Functions matches it in `ErrorEquals`, so it never
 * changes and never begins with `States.`. `docs/errors.md` lists the same rows; a test keeps both in step.
 */
export const ERRORS = {
  // The request
  UsageError: { code: 'PE101', exitCode: 2, retryable: false, remedy: 'Run the command with --help to see its options.' },
  SnapshotUnreadable: {
    code: 'PE102',
    exitCode: 2,
    retryable: false,
    remedy: 'Take the snapshot again (podshift capture --cluster NAME --region REGION --out DIR), or fix the named file.',
  },
  RunNotFound: { code: 'PE103', exitCode: 2, retryable: false, remedy: 'Run "podshift status" to list the runs of this journal.' },
  InvalidInput: { code: 'PE104', exitCode: 2, retryable: false, remedy: 'Compare the input with the schema that the message names.' },
  IdempotencyKeyReused: {
    code: 'PE105',
    exitCode: 2,
    retryable: false,
    remedy: 'Send a new Idempotency-Key with a new request; keep the key only to send the same request again.',
  },
  PayloadTooLarge: { code: 'PE106', exitCode: 2, retryable: false, remedy: 'Send a smaller body; the message names the limit.' },
  UnsupportedMediaType: { code: 'PE107', exitCode: 2, retryable: false, remedy: 'Send JSON with "Content-Type: application/json".' },
  AnswerTooLarge: {
    code: 'PE108',
    exitCode: 1,
    retryable: false,
    remedy: 'Ask with "Accept-Encoding: gzip", or read the units page by page.',
  },
  FleetNotFound: {
    code: 'PE109',
    exitCode: 2,
    retryable: false,
    remedy: 'Run "podshift fleet status" to list the fleets of this journal.',
  },
  PlanUnusable: {
    code: 'PE110',
    exitCode: 2,
    retryable: false,
    remedy: 'Make the plan again with "podshift plan --out FILE", read it, and carry that one out; a plan file is used as it was written.',
  },
  PageNotFound: {
    code: 'PE111',
    exitCode: 2,
    retryable: false,
    remedy: 'Print the page as the report has it: podshift report RUN --service URL -o html.',
  },
  // The world refuses
  WorldMoved: {
    code: 'PE201',
    exitCode: 3,
    retryable: false,
    remedy: 'Make a new plan (podshift plan), read what changed, and approve its digest.',
  },
  ClusterLocked: {
    code: 'PE202',
    exitCode: 3,
    retryable: false,
    remedy:
      'Wait for the other run to end (podshift status RUN), or resume it (podshift run --resume RUN); its lock expires at the time shown.',
  },
  LockLost: {
    code: 'PE203',
    exitCode: 1,
    retryable: false,
    remedy:
      'Another run, or a rollback, took this cluster over after the lock expired. Look at it with "podshift status" and let it end; then resume this run, or roll it back.',
  },
  JournalTooNew: {
    code: 'PE204',
    exitCode: 3,
    retryable: false,
    remedy: 'Use the podshift version that wrote this journal, or a newer one.',
  },
  LeaseHeld: {
    code: 'PE205',
    exitCode: 3,
    retryable: true,
    remedy:
      'Another run is writing this role, or this one was too slow for its lease. Wait until that run has ended, then run the command again.',
  },
  TrustPolicyMoved: {
    code: 'PE206',
    exitCode: 3,
    retryable: false,
    remedy: 'Somebody changed the trust policy after the plan was made. Make a new plan (podshift plan).',
  },
  WideningRefused: {
    code: 'PE207',
    exitCode: 3,
    retryable: false,
    remedy: 'The change would let more principals assume the role than the plan allows. Nothing was written; report this with the plan.',
  },
  ApprovalMismatch: {
    code: 'PE208',
    exitCode: 3,
    retryable: false,
    remedy: 'Approve the digest that the plan shows (podshift approve RUN --service URL shows it).',
  },
  RunNotWaiting: {
    code: 'PE209',
    exitCode: 3,
    retryable: false,
    remedy: 'Look at the run (podshift status RUN): it waits for an approval only while its approval is "waiting".',
  },
  ApprovalAnswered: {
    code: 'PE210',
    exitCode: 3,
    retryable: false,
    remedy: 'Look at the run (podshift status RUN): its approval says who approved or refused the plan.',
  },
  ApprovalRefused: { code: 'PE211', exitCode: 3, retryable: false, remedy: 'Nothing was changed. Ask who refused, and start a new run.' },
  RunUnderWay: {
    code: 'PE212',
    exitCode: 3,
    retryable: false,
    remedy: 'Wait until the run has ended, or ask for it to be stopped: "stop": true, or --stop on the command line.',
  },
  NothingToUndo: {
    code: 'PE213',
    exitCode: 3,
    retryable: false,
    remedy: 'No action needed: the run changed nothing, or all of it is rolled back.',
  },
  ...DEPLOYMENT_ERRORS,
  ...AWS_ERRORS,
  ...KUBERNETES_ERRORS,
  // The migration
  StepTimedOut: {
    code: 'PE501',
    exitCode: 1,
    retryable: false,
    remedy: 'The step did not finish in its time. Its unit is rolled back; the reason names what was missing.',
  },
  ProofFailed: {
    code: 'PE502',
    exitCode: 1,
    retryable: false,
    remedy: 'The pods did not get the expected role by Pod Identity. The unit is rolled back; the evidence shows what was seen.',
  },
  RolloutFailed: {
    code: 'PE503',
    exitCode: 1,
    retryable: false,
    remedy:
      'The new pods of the workload do not become ready. The unit is rolled back; look at their events (kubectl get events -n NAMESPACE).',
  },
  AgentNotReady: {
    code: 'PE504',
    exitCode: 1,
    retryable: false,
    remedy:
      'The Pod Identity agent is missing or not ready on a node that needs it. Look at its DaemonSet: kubectl describe daemonset -n kube-system eks-pod-identity-agent.',
  },
  UndoFailed: {
    code: 'PE505',
    exitCode: 1,
    retryable: false,
    remedy:
      'Somebody, or a later run, changed the object after podshift wrote it, so podshift does not restore it. Roll the later run back first, or restore the object by hand: the reason names it and its before-image.',
  },
  WaveFailed: {
    code: 'PE506',
    exitCode: 1,
    retryable: false,
    remedy: 'The run is rolled back, as its options say. The reasons of its units say what failed (podshift report RUN).',
  },
  RetirementFailed: {
    code: 'PE507',
    exitCode: 1,
    retryable: false,
    remedy:
      'The daemon could not be retired, and runs again as before. The reason names the node or the object; fix it, then retire the daemon again.',
  },
  ...JOURNAL_ERRORS,
  // podshift itself
  InternalError: { code: 'PE901', exitCode: 1, retryable: false, remedy: 'This is a bug in podshift. Report it with the message.' },
} as const satisfies Record<string, ErrorRow>;

/** One row of the error table. */
export interface ErrorRow {
  /** `PE` and three digits; never reused. */
  readonly code: `PE${number}`;
  /** What the command line exits with when this error ends it (design: the table of exit codes). */
  readonly exitCode: 1 | 2 | 3;
  /** Whether a state machine retries a step that failed with it. */
  readonly retryable: boolean;
  /** One or two sentences: what the reader does next. */
  readonly remedy: string;
}

/** The `name` of an error of the table. */
export type ErrorName = keyof typeof ERRORS;

/**
 * The only error class of podshift. `name` comes from {@link ERRORS}; the message is safe to print: it never holds a
 * token, a credential, or the body of a response.
 */
export class PodshiftError extends Error {
  override readonly name: ErrorName;
  /** Facts for the reader and the log; no secrets. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly #remedy: string | undefined;

  /** `remedy` takes the place of the table's where the kind of the failure asks for another one. */
  constructor(name: ErrorName, message: string, options: { cause?: unknown; details?: Record<string, unknown>; remedy?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = name;
    this.details = options.details ?? {};
    this.#remedy = options.remedy;
  }

  /** The same error with another message and more facts, as it is told after its last try. */
  after(message: string, details: Readonly<Record<string, unknown>>): PodshiftError {
    const remedy = this.#remedy === undefined ? {} : { remedy: this.#remedy };
    return new PodshiftError(this.name, message, { cause: this, details: { ...this.details, ...details }, ...remedy });
  }

  get code(): string {
    return ERRORS[this.name].code;
  }

  get exitCode(): number {
    return ERRORS[this.name].exitCode;
  }

  get retryable(): boolean {
    return ERRORS[this.name].retryable;
  }

  get remedy(): string {
    return this.#remedy ?? ERRORS[this.name].remedy;
  }
}

/** Whether `error` is a {@link PodshiftError}, of the given name if one is given. */
export function isPodshiftError(error: unknown, ...names: ErrorName[]): error is PodshiftError {
  return error instanceof PodshiftError && (names.length === 0 || names.includes(error.name));
}

/** The error of a step by its own name. One that nobody named is a bug; its text may hold anything, so only its kind is told. */
export function namedError(error: unknown): PodshiftError {
  if (isPodshiftError(error)) return error;
  const kind = error instanceof Error ? error.name : typeof error;
  return new PodshiftError('InternalError', `an unexpected ${kind} ended the step`, { cause: error });
}
