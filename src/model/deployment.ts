/** When a run that changes anything needs an approval; `required-by-another`: of a principal who did not ask for it. */
export const APPROVAL_MODES = ['optional', 'required', 'required-by-another'] as const;

/** One of {@link APPROVAL_MODES}. */
export type ApprovalMode = (typeof APPROVAL_MODES)[number];

/** What whoever deployed podshift decides for all who use it. On one machine there is none: the user is the deployer. */
export interface Deployment {
  readonly approvalMode: ApprovalMode;
}
