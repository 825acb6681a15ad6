/** How a remedy ends after which the same command is of use; whoever knows the command writes it in place of these words. */
export const RUN_AGAIN = 'then run the command again.';

/**
 * What to do about an error whose name has more than one cause, by the kind of cause; `docs/errors.md` lists the same rows, and a
 * test keeps both in step. The error's own remedy counts where no kind is known.
 */
export const REMEDIES = {
  'AWS profile': {
    error: 'CredentialsMissing',
    remedy: 'Name one of these profiles with --profile or AWS_PROFILE, or add this one (aws configure sso), then run the command again.',
  },
  'AWS SSO session': { error: 'CredentialsMissing', remedy: 'Sign in (aws sso login --profile NAME), then run the command again.' },
  'AWS configuration': {
    error: 'CredentialsMissing',
    remedy:
      'Correct the profile in the AWS configuration (~/.aws/config): "aws sts get-caller-identity" with the same profile says what is wrong; then run the command again.',
  },
  'AWS credentials': {
    error: 'CredentialsMissing',
    remedy:
      'Sign in (aws sso login), choose a profile with --profile or AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, then run the command again.',
  },
  'AWS session token': {
    error: 'CredentialsMissing',
    remedy:
      'Get new temporary credentials the way you got these (aws sso login, or set the AWS_ variables anew), then run the command again.',
  },
  'AWS access key': {
    error: 'CredentialsMissing',
    remedy:
      'Use an access key that exists, with its own secret and in its own partition, so that "aws sts get-caller-identity" works with it; then run the command again.',
  },
  'AWS connection': {
    error: 'ServiceUnavailable',
    remedy:
      'Check name resolution, firewall, proxy and VPC endpoints between this machine and the host (curl -v https://HOST), then run the command again.',
  },
  'AWS certificate': {
    error: 'ServiceUnavailable',
    remedy:
      'Something on the way, such as a proxy that inspects TLS, answers in place of the host. Give its certificate authority to Node, NODE_EXTRA_CA_CERTS=FILE, or exempt the host from inspection; then run the command again.',
  },
  'API server connection': {
    error: 'ClusterUnreachable',
    remedy:
      'Check that this machine reaches the API server: a private endpoint needs a network path (VPN, peering), a public one the address of this machine in its access list; then run the command again.',
  },
  'API server certificate': {
    error: 'ClusterUnreachable',
    remedy:
      'The API server is checked against the certificate authority that EKS names for the cluster, and something else answered, such as a proxy that inspects TLS. Exempt the host from inspection, then run the command again.',
  },
} as const;
