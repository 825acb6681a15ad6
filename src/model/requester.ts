import { z } from 'zod';

/** How a run was asked for; `states:StartExecution`: an execution that somebody started by hand, or for a fleet. */
export const REQUEST_SOURCES = ['api', 'schedule', 'cli', 'states:StartExecution'] as const;

/** Who asked for a run, as journal, reports and answers have it. */
export const requesterSchema = z.strictObject({
  by: z.string().nullable().describe('ARN of the IAM principal who asked; null where nobody can tell'),
  source: z.enum(REQUEST_SOURCES).describe('How the run was asked for'),
  at: z.string().describe('When it was asked for'),
  known: z.boolean().describe("Whether podshift saw who asked; else `by` is no more than what the execution's input says"),
});

/** Who asked for a run, and when (RFC 3339). */
export type Requester = z.output<typeof requesterSchema>;

/** What was asked for when a run began: no later execution of it does more, or waits for less. */
export interface RunTerms {
  readonly mode: 'plan' | 'run';
  readonly approval: 'none' | 'required';
  /** The digest that the plan must have; null for any. */
  readonly expectedDigest: string | null;
}

/** A request that is noted ahead of its execution's start: an execution with this very input is what its requester asked for. */
export interface RunRequest {
  readonly requester: Requester;
  /** Digest of the input. */
  readonly fingerprint: string;
}

/** ARN of an assumed role's session: account, role's name, session's name (IAM user guide, "IAM identifiers"). */
const SESSION = /^(arn:[^:]+:sts::\d{12}:assumed-role\/([^/]+))\/.+$/;

/** ARN of a federated user: its name is of its caller's choice (STS API reference, GetFederationToken). */
const FEDERATED = /^(arn:[^:]+:sts::\d{12}:federated-user)\/.+$/;

/** Roles of IAM Identity Center: it alone names their sessions, by the person (IAM Identity Center user guide, "Referencing permission sets"). */
const IDENTITY_CENTER = 'AWSReservedSSO_';

/**
 * The principal behind an ARN, as far as AWS vouches for it: whoever assumes a role names the session, so that all sessions of a role
 * are one, but for those of IAM Identity Center. Pure.
 */
export function principalOf(arn: string): string {
  const [, role, name = ''] = SESSION.exec(arn) ?? [];
  if (role !== undefined) return name.startsWith(IDENTITY_CENTER) ? arn : role;
  return FEDERATED.exec(arn)?.[1] ?? arn;
}

/** Whether whoever answers is, as far as AWS vouches for it, whoever asked; false where nobody can tell who asked. */
export function isSelf(requester: Requester | undefined, answeredBy: string): boolean {
  const by = requester?.by ?? null;
  return by !== null && principalOf(by) === principalOf(answeredBy);
}
