import { type ErrorName, isPodshiftError, PodshiftError } from '../model/errors.ts';
import type { FieldProblem } from './request.ts';

/**
 * The status of each error of the table, in one place. 4xx: the client can mend it; 424: an account, a role or a cluster that
 * the request names refuses podshift; 5xx: the service, or what it depends on, failed.
 */
export const STATUSES = {
  UsageError: 400,
  SnapshotUnreadable: 500,
  RunNotFound: 404,
  InvalidInput: 400,
  IdempotencyKeyReused: 422,
  PayloadTooLarge: 413,
  UnsupportedMediaType: 415,
  AnswerTooLarge: 406,
  FleetNotFound: 404,
  PlanUnusable: 400,
  PageNotFound: 404,
  WorldMoved: 409,
  ClusterLocked: 409,
  LockLost: 409,
  JournalTooNew: 500,
  LeaseHeld: 503,
  TrustPolicyMoved: 409,
  WideningRefused: 409,
  ApprovalMismatch: 409,
  RunNotWaiting: 409,
  ApprovalAnswered: 409,
  ApprovalRefused: 409,
  RunUnderWay: 409,
  NothingToUndo: 409,
  OutsideLimits: 403,
  SelfApproval: 403,
  RequesterUnknown: 403,
  ClusterNotFound: 422,
  CredentialsMissing: 424,
  AccessDenied: 424,
  Throttled: 429,
  ServiceUnavailable: 503,
  NotFound: 404,
  AlreadyExists: 409,
  InvalidRequest: 422,
  LimitExceeded: 503,
  RoleNotReady: 503,
  ExecutionExists: 409,
  TaskTokenGone: 410,
  MemberRoleRefused: 424,
  KubernetesUnauthorized: 424,
  KubernetesForbidden: 424,
  ConfigMapAuthentication: 424,
  ClusterUnreachable: 504,
  Conflict: 409,
  StepTimedOut: 504,
  ProofFailed: 409,
  RolloutFailed: 409,
  AgentNotReady: 409,
  UndoFailed: 409,
  WaveFailed: 409,
  RetirementFailed: 409,
  JournalDamaged: 500,
  JournalForeign: 500,
  JournalTooOld: 409,
  JournalFull: 500,
  JournalUnavailable: 500,
  JournalInUse: 409,
  InternalError: 500,
} as const satisfies Record<ErrorName, number>;

/** Seconds after which a client that was told 429 or 503 may ask again. */
const RETRY_AFTER = 5;

/** Statuses whose answer says when to ask again (RFC 9110 §10.2.3, RFC 6585 §4). */
const LATER: readonly number[] = [429, 503];

/** A problem body (RFC 9457), with podshift's code and remedy beside the members of the RFC. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly remedy: string;
  /** The parts of the request that are wrong; only where some are. */
  readonly problems?: readonly FieldProblem[];
}

/** The problem type of an error's name. */
export const PROBLEM_TYPE = 'urn:podshift:error:';

/** The problem that an error is to a client, and the headers that go with it. What is no error of the table shows its kind alone. */
export function problemOf(thrown: unknown, requestId: string): { readonly problem: Problem; readonly headers: Record<string, string> } {
  const error = isPodshiftError(thrown) ? thrown : unexpected(thrown);
  const status = STATUSES[error.name];
  const problems = error.details.problems as readonly FieldProblem[] | undefined;
  return {
    problem: {
      type: `${PROBLEM_TYPE}${error.name}`,
      title: titleOf(error.name),
      status,
      detail: error.message,
      instance: `urn:podshift:request:${encodeURIComponent(requestId)}`,
      code: error.code,
      remedy: error.remedy,
      ...(problems === undefined ? {} : { problems }),
    },
    headers: LATER.includes(status) ? { 'retry-after': String(RETRY_AFTER) } : {},
  };
}

/** An error nobody named is a bug; its text may hold anything, so only its kind leaves. */
function unexpected(thrown: unknown): PodshiftError {
  return new PodshiftError('InternalError', `an unexpected ${thrown instanceof Error ? thrown.name : typeof thrown} ended the request`, {
    cause: thrown,
  });
}

/** `RunNotFound` as people write it: "Run not found". */
function titleOf(name: ErrorName): string {
  const words = name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
