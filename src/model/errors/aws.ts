/** The rows of the table of errors about AWS. */
export const AWS_ERRORS = {
  ClusterNotFound: {
    code: 'PE301',
    exitCode: 1,
    retryable: false,
    remedy:
      'Check the cluster name, the region and the account of your credentials: aws eks list-clusters --region REGION; aws sts get-caller-identity.',
  },
  CredentialsMissing: {
    code: 'PE302',
    exitCode: 1,
    retryable: false,
    remedy: 'Sign in to AWS (aws sso login), or choose a profile with --profile or AWS_PROFILE, then run the command again.',
  },
  AccessDenied: {
    code: 'PE303',
    exitCode: 1,
    retryable: false,
    remedy: 'Grant the action that the message names; docs/permissions.md lists all that podshift needs.',
  },
  Throttled: {
    code: 'PE304',
    exitCode: 1,
    retryable: true,
    remedy:
      'Look for what else uses up the rate of this account or API server (CloudTrail names the callers), wait some minutes, then run the command again.',
  },
  ServiceUnavailable: {
    code: 'PE305',
    exitCode: 1,
    retryable: true,
    remedy: 'Check the health of the service (https://health.aws.amazon.com) and the way to it, then run the command again.',
  },
  NotFound: { code: 'PE306', exitCode: 1, retryable: false, remedy: 'The object is gone. Make a new plan (podshift plan).' },
  AlreadyExists: { code: 'PE307', exitCode: 1, retryable: false, remedy: 'The object exists already. Make a new plan (podshift plan).' },
  InvalidRequest: {
    code: 'PE308',
    exitCode: 1,
    retryable: false,
    remedy: 'The service refused the request as invalid; its message says why.',
  },
  LimitExceeded: { code: 'PE309', exitCode: 1, retryable: false, remedy: 'Ask AWS to raise the quota that the message names.' },
  RoleNotReady: {
    code: 'PE310',
    exitCode: 1,
    retryable: true,
    remedy:
      'EKS does not see the new trust policy of the role yet, or the policy does not admit pods.eks.amazonaws.com: check it with "aws iam get-role", wait some minutes, then run the command again.',
  },
  ExecutionExists: {
    code: 'PE311',
    exitCode: 3,
    retryable: false,
    remedy: 'An execution of this name was started with another input, or has ended. Start a new run.',
  },
  TaskTokenGone: {
    code: 'PE312',
    exitCode: 3,
    retryable: false,
    remedy: 'The state that waited has its answer already, or waited too long. Look at the run; start a new one if it ended.',
  },
  MemberRoleRefused: {
    code: 'PE313',
    exitCode: 1,
    retryable: false,
    remedy:
      'Deploy infra/member-account.yml in that account: its role must have this name, trust the role that podshift runs as, and ask for the same external id.',
  },
} as const;
