/** The flags of amazon-eks-pod-identity-webhook that decide what it makes of a pod (its main.go). */
export interface WebhookFlags {
  /** Prefix of its annotations. */
  readonly annotationPrefix: string;
  readonly tokenAudience: string;
  readonly tokenMountPath: string;
  /** Seconds. */
  readonly tokenExpiration: number;
  /** Empty: it injects no region. */
  readonly awsDefaultRegion: string;
  /** Whether it injects `AWS_STS_REGIONAL_ENDPOINTS=regional` where the service account does not say. */
  readonly stsRegionalEndpoint: boolean;
  readonly containerCredentialsAudience: string;
  readonly containerCredentialsTokenMountPath: string;
  readonly containerCredentialsTokenVolumeName: string;
  readonly containerCredentialsTokenPath: string;
  readonly containerCredentialsFullUri: string;
}

/** Its own defaults. */
export const DEFAULT_FLAGS: WebhookFlags = {
  annotationPrefix: 'eks.amazonaws.com',
  tokenAudience: 'sts.amazonaws.com',
  tokenMountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
  tokenExpiration: 86_400,
  awsDefaultRegion: '',
  stsRegionalEndpoint: false,
  containerCredentialsAudience: 'pods.eks.amazonaws.com',
  containerCredentialsTokenMountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
  containerCredentialsTokenVolumeName: 'eks-pod-identity-token',
  containerCredentialsTokenPath: 'eks-pod-identity-token',
  containerCredentialsFullUri: 'http://169.254.170.23/v1/credentials',
};

/** The flags as EKS sets them: the cluster's region, STS's regional endpoint (EKS user guide, configure-sts-endpoint), and the agent's address of the cluster's family. */
export function eksFlags(cluster: { readonly region: string | undefined; readonly ipv6?: boolean }): WebhookFlags {
  return {
    ...DEFAULT_FLAGS,
    awsDefaultRegion: cluster.region ?? '',
    stsRegionalEndpoint: true,
    ...(cluster.ipv6 === true ? { containerCredentialsFullUri: 'http://[fd00:ec2::23]/v1/credentials' } : {}),
  };
}
