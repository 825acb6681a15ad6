/** How much a finding weighs: a blocker holds its unit, a warning stays in the report, info is for the record. */
export type Severity = 'blocker' | 'warning' | 'info';

/** One row of the finding table. */
export interface FindingRow {
  readonly severity: Severity;
  /** What it means, one sentence, for `docs/findings.md`. */
  readonly title: string;
  /** What to do about it; a finding can say it more exactly. */
  readonly remedy: string;
}

/**
 * The one table of findings. Codes are stable: PS1xx the service account and its role, PS2xx the trust policy,
 * PS3xx workloads and pods, PS4xx the platform, PS5xx owners and indirect users, PS6xx what was seen and left alone.
 * `docs/findings.md` lists the same rows; a test keeps both in step.
 */
export const FINDINGS = {
  PS101: { severity: 'blocker', title: 'The role annotation is malformed', remedy: 'Correct or remove the annotation; nothing works through it today.' },
} as const satisfies Record<string, FindingRow>;

/** A code of the table, such as `PS101`. */
export type FindingCode = keyof typeof FINDINGS;

/** Something worth telling about one object of the cluster or the account. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** `Kind/namespace/name`, `Kind/name` for what has no namespace, `Role/ARN` or `Addon/NAME`. */
  readonly subject: string;
  /** What was seen, in one sentence, with names; no secrets. */
  readonly message: string;
  /** What to do, in one or two sentences. */
  readonly remedy: string;
}

/** A finding of the table; the remedy is the table's unless a more exact one is given. */
export function finding(code: FindingCode, subject: string, message: string, remedy?: string): Finding {
  return { code, severity: FINDINGS[code].severity, subject, message, remedy: remedy ?? FINDINGS[code].remedy };
}
