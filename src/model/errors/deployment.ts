/** The rows of the table of errors about what a deployment leaves to its callers. */
export const DEPLOYMENT_ERRORS = {
  OutsideLimits: {
    code: 'PE220',
    exitCode: 3,
    retryable: false,
    remedy: 'Ask for what the named limit allows, or have whoever deployed podshift change it; docs/operations.md lists the limits.',
  },
  SelfApproval: {
    code: 'PE221',
    exitCode: 3,
    retryable: false,
    remedy: 'Have somebody else approve the plan: this deployment takes no approval of whoever asked for the run.',
  },
  RequesterUnknown: {
    code: 'PE222',
    exitCode: 3,
    retryable: false,
    remedy: 'Start the run by POST /runs, which records who asks: this deployment wants an approval of somebody else.',
  },
} as const;
