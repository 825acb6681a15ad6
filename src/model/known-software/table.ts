import { type KnownSoftwareRow, knownSoftwareRow } from './known-software.ts';

/**
 * Software with a version that matters to Pod Identity, as its own project says it; collected in November 2026. What a library
 * inside an image says of itself is told by its user agent (src/inventory/sdks.ts).
 */
// biome-ignore format: a table, one row a line
const ROWS: readonly (Partial<KnownSoftwareRow> & Pick<KnownSoftwareRow, 'images' | 'source'>)[] = [
  { images: ['**/aws-ebs-csi-driver'], minimum: '1.26.0', source: 'https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/1870', note: '1.25.0 has an SDK from before Pod Identity; the EKS User Guide\'s table of add-ons names 1.26.0' },
  { images: ['**/aws-efs-csi-driver'], minimum: '2.0.5', source: 'https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/master/CHANGELOG-2.x.md', note: 'of the controller; the node DaemonSet\'s mounts with iam need efs-utils 2.3.0 in the image' },
  { images: ['**/aws-mountpoint-s3-csi-driver'], minimum: '2.0.0', source: 'https://github.com/awslabs/mountpoint-s3-csi-driver#readme', note: 'version 1 knows IRSA alone, as driver and with authenticationSource=pod' },
  { images: ['**/grafana/tempo'], minimum: '2.6.0', source: 'https://github.com/grafana/tempo/pull/4165', note: 'tested with 2.6.0' },
  { images: ['**/thanos/thanos'], minimum: '0.36.0', source: 'https://github.com/grafana/mimir/issues/9075', note: 'aws_sdk_auth changes the outcome; 0.36 with minio-go 7.0.72 was reported to fail still' },
  { images: ['**/fluent/fluent-bit'], minimum: '3.2.10', source: 'https://github.com/fluent/fluent-bit/pull/10115', note: 'in the release notes of 3.2.10' },
  { images: ['**/spark-history-server'], reported: 'its chart before 1.3.1', source: 'https://github.com/KubedAI/spark-history-server/issues/24', note: 'aws-java-sdk 1.12.746 or newer' },
  { images: ['**/external-secrets'], failedUpTo: '0.9.9', reported: '0.9.9', source: 'https://github.com/external-secrets/external-secrets/issues/2951', note: 'auth.jwt.serviceAccountRef never works with Pod Identity' },
  { images: ['**/external-dns'], failedUpTo: '0.14.1', reported: '0.14.1', source: 'https://github.com/kubernetes-sigs/external-dns/issues/4353' },
  { images: ['**/cluster-autoscaler'], reported: 'versions of December 2023 and January 2024', source: 'https://github.com/kubernetes/autoscaler/issues/6392' },
  { images: ['**/velero-plugin-for-aws'], reported: 'the plugin of February 2024', source: 'https://github.com/velero-io/velero/issues/7421', note: 'the plugin is an init container of velero' },
  { images: ['**/cert-manager-controller'], reported: 'before pull request 6519 (aws-sdk-go 1.48.7)', source: 'https://github.com/cert-manager/cert-manager/pull/6519' },
  { images: ['**/aws-fsx-openzfs-csi-driver'], failedUpTo: '1.1.0', reported: '1.1.0, open', open: true, source: 'https://github.com/kubernetes-sigs/aws-fsx-openzfs-csi-driver/issues/71' },
  { images: ['**/aws-fsx-csi-driver'], reported: 'before the first release after January 2024', source: 'https://github.com/kubernetes-sigs/aws-fsx-csi-driver/pull/371' },
  { images: ['**/grafana/mimir'], failedUpTo: '2.13', reported: '2.13 and before, open in 2024', open: true, source: 'https://github.com/grafana/mimir/issues/9075', note: 'it depends on thanos-io/objstore' },
  { images: ['**/grafana/loki'], reported: '3.x of the middle of 2024', source: 'https://github.com/grafana/loki/issues/12624' },
  { images: ['**/tempo-operator', '**/grafana/tempo-operator'], reported: 'all versions, open in May 2026', open: true, condition: 'where a TempoStack stores in S3', source: 'https://github.com/grafana/tempo-operator/issues/1442', note: 'none of its credential modes leaves the provider chain alone' },
  { images: ['**/aws-for-fluent-bit'], reported: 'of January 2024; on IPv6 clusters still in August 2025', source: 'https://github.com/aws/aws-for-fluent-bit/issues/784', note: 'its Go plugins refuse fd00:ec2::23' },
  { images: ['**/helm/chartmuseum'], reported: 'before aws-sdk-go 1.48.7; the pull request is open', open: true, source: 'https://github.com/helm/chartmuseum/pull/769' },
  { images: ['**/argoproj/argoexec', '**/argoproj/workflow-controller'], reported: 'minio-go 7.0.66, of October 2024', source: 'https://github.com/argoproj/argo-workflows/issues/13800' },
  { images: ['**/argoproj/argocd'], reported: 'before pull request 17063, merged after January 2024', source: 'https://github.com/argoproj/argo-cd/pull/17063', note: 'awsAuthConfig, SQS notifications, the CodeCommit generator' },
  { images: ['**/argoproj/argo-events'], reported: 'before aws-sdk-go 1.47.11', source: 'https://github.com/argoproj/argo-events/issues/3039' },
  { images: ['**/hashicorp/vault'], reported: 'of July 2024', source: 'https://github.com/hashicorp/vault/issues/27850' },
  { images: ['**/secrets-store-csi-driver-provider-aws'], reported: 'before the release of pull request 427, February 2025', source: 'https://github.com/aws/secrets-store-csi-driver-provider-aws/pull/416', note: 'with usePodIdentity' },
  { images: ['**/aws-controllers-k8s/*-controller'], reported: 'of December 2023', source: 'https://github.com/aws-controllers-k8s/community/issues/1953' },
  { images: ['**/crossplane-contrib/provider-aws'], reported: 'before pull request 2132, November 2024', source: 'https://github.com/crossplane-contrib/provider-aws/pull/2132' },
  { images: ['**/aws-gateway-controller'], reported: 'before January 2024', source: 'https://github.com/aws/aws-application-networking-k8s/issues/593' },
  { images: ['**/aws-sigv4-proxy'], reported: 'before pull request 231, February 2025', source: 'https://github.com/awslabs/aws-sigv4-proxy/pull/191' },
  { images: ['**/kedacore/keda'], reported: 'all versions', open: true, condition: 'where a trigger has identityOwner: workload', source: 'https://github.com/kedacore/keda/issues/6418', note: 'it reads the annotation of the workload\'s service account' },
  { images: ['registry', '**/library/registry', '**/distribution/distribution', '**/goharbor/registry-photon'], reported: 'of July 2024, open', open: true, source: 'https://github.com/distribution/distribution/issues/4418' },
  { images: ['**/amazon-ecr-credential-helper', '**/docker-credential-ecr-login'], reported: 'of March 2025, open', open: true, source: 'https://github.com/awslabs/amazon-ecr-credential-helper/issues/959', note: 'it panics; it may be in any image, where podshift does not see it' },
  { images: ['**/actions/actions-runner', '**/actions/gha-runner-scale-set-controller'], reported: 'of 2024', condition: 'where workflows use aws-actions', source: 'https://github.com/aws-actions/amazon-ecr-login/issues/624', note: '"169.254.170.23 is not a valid container metadata service hostname"' },
  { images: ['**/runatlantis/atlantis'], reported: 'provider aws of February 2024', source: 'https://github.com/runatlantis/helm-charts/issues/349', note: 'the provider\'s version decides' },
  { images: ['**/wal-g'], reported: 'before October 2024', source: 'https://github.com/wal-g/wal-g/issues/1795' },
  { images: ['**/s5cmd'], reported: 'all versions, open', open: true, source: 'https://github.com/peak/s5cmd/issues/807' },
  { images: ['**/getsentry/vroom'], reported: 'all versions, open in February 2026', open: true, source: 'https://github.com/getsentry/vroom/issues/661' },
  { images: ['**/elastic-agent'], reported: 'of February 2024, open', open: true, source: 'https://github.com/elastic/elastic-agent/issues/4338' },
  { images: ['**/kyverno-notation-aws'], reported: 'before pull request 191, May 2024', source: 'https://github.com/nirmata/kyverno-notation-aws/issues/103' },
  { images: ['**/dragonfly'], reported: 'before pull request 6917, March 2026', source: 'https://github.com/dragonflydb/dragonfly/pull/6917' },
  { images: ['**/plugin-barman-cloud'], reported: 'all versions, open in March 2026', open: true, source: 'https://github.com/cloudnative-pg/plugin-barman-cloud/issues/772' },
  { images: ['**/testkube*', '**/testkube-*'], reported: 'all versions, open in November 2025', open: true, source: 'https://github.com/kubeshop/testkube/issues/6840' },
  { images: ['**/flyte*'], reported: 'before October 2024', source: 'https://github.com/flyteorg/flyte/issues/5794' },
  { images: ['**/drone/drone-runner-kube', '**/harness/delegate'], reported: 'open in November 2025', open: true, source: 'https://github.com/harness/harness/issues/3651' },
  { images: ['**/grafana/grafana'], reported: 'x-ray-datasource before pull request 232, June 2024', condition: 'where the plugin x-ray-datasource is installed', source: 'https://github.com/grafana/x-ray-datasource/pull/231', note: 'the plugin, not Grafana itself' },
];

/** The table that ships with podshift; `docs/known-software.md` is made of it. */
export const KNOWN_SOFTWARE: readonly KnownSoftwareRow[] = ROWS.map((row) => knownSoftwareRow.parse(row));
