/** The rows of the table of errors about the cluster's API server. */
export const KUBERNETES_ERRORS = {
  KubernetesUnauthorized: {
    code: 'PE401',
    exitCode: 1,
    retryable: false,
    remedy:
      'The cluster does not know this IAM principal (401). Create an EKS access entry for it (aws eks create-access-entry --cluster-name NAME --principal-arn ARN --kubernetes-groups podshift; docs/permissions.md).',
  },
  KubernetesForbidden: {
    code: 'PE402',
    exitCode: 1,
    retryable: false,
    remedy:
      'The cluster knows this IAM principal but refuses the verb (403). Apply the ClusterRole that allows it (kubectl apply -f infra/cluster-access/migrating.yaml; docs/permissions.md).',
  },
  ConfigMapAuthentication: {
    code: 'PE403',
    exitCode: 1,
    retryable: false,
    remedy:
      'The cluster takes principals from the aws-auth ConfigMap alone. Switch its authentication mode (aws eks update-cluster-config --name NAME --access-config authenticationMode=API_AND_CONFIG_MAP), or add the principal to aws-auth.',
  },
  ClusterUnreachable: {
    code: 'PE404',
    exitCode: 1,
    retryable: true,
    remedy:
      'Check that podshift reaches the API server (curl -k https://HOST/livez): a private endpoint needs a network path (VPN, peering) from where podshift runs; then run the command again.',
  },
  Conflict: {
    code: 'PE405',
    exitCode: 1,
    retryable: true,
    remedy:
      'Something else changes the object all the time: find it (kubectl get --show-managed-fields -o yaml) and pause it, then run the command again.',
  },
} as const;
