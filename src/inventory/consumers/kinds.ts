import { type ConsumerKind, names, rows, startsPods } from './row.ts';

const ESO_AWS = 'external-secrets/external-secrets, apis/externalsecrets/v1/secretstore_aws_types.go; external-secrets issue 2951';
const ESO_VAULT = 'external-secrets/external-secrets, apis/externalsecrets/v1/secretstore_vault_types.go';
const ESO_GENERATORS = 'external-secrets/external-secrets, apis/generators/v1alpha1/types_ecr.go, types_cluster.go';
const FLUX = 'https://fluxcd.io/flux/integrations/aws';
const KEDA = 'kedacore/keda, pkg/scaling/resolver/scale_resolvers.go; kedacore/keda issue 6418';

const ESO_JWT = 'auth.jwt.serviceAccountRef';
const ESO_IAM_JWT = 'auth.iam.jwt.serviceAccountRef';

/**
 * Who uses a service account without running as it, or starts pods as it later. Components that name none (Karpenter, Velero, ACK) run
 * by the service account of their own Deployment, and have no row.
 */
export const CONSUMER_KINDS: readonly ConsumerKind[] = [
  ...rows(
    'cert-manager',
    'cert-manager.io',
    ['Issuer', 'ClusterIssuer'],
    'https://cert-manager.io/docs/configuration/acme/dns01/route53/; https://cert-manager.io/docs/configuration/vault/',
    [
      { at: 'spec.acme.solvers[].dns01.route53.auth.kubernetes.serviceAccountRef', needs: 'token' },
      { at: '**', needs: 'nothing' },
    ],
  ),
  ...rows('External Secrets', 'external-secrets.io', ['SecretStore', 'ClusterSecretStore'], `${ESO_AWS}; ${ESO_VAULT}`, [
    { at: `spec.provider.aws.${ESO_JWT}`, needs: 'token' },
    { at: `spec.provider.vault.${ESO_IAM_JWT}`, needs: 'token' },
    { at: '**', needs: 'nothing' },
  ]),
  ...rows(
    'External Secrets',
    'generators.external-secrets.io',
    ['ECRAuthorizationToken', 'STSSessionToken', 'CodeArtifactAuthorizationToken'],
    ESO_GENERATORS,
    [{ at: `spec.${ESO_JWT}`, needs: 'token' }],
  ),
  ...rows('External Secrets', 'generators.external-secrets.io', ['VaultDynamicSecret'], ESO_VAULT, [
    { at: `spec.provider.${ESO_IAM_JWT}`, needs: 'token' },
    { at: '**', needs: 'nothing' },
  ]),
  ...rows('External Secrets', 'generators.external-secrets.io', ['ClusterGenerator'], ESO_GENERATORS, [
    { at: `spec.generator.*.${ESO_JWT}`, needs: 'token' },
    { at: `spec.generator.vaultDynamicSecretSpec.provider.${ESO_IAM_JWT}`, needs: 'token' },
    { at: '**', needs: 'nothing' },
  ]),
  ...names(
    'External Secrets',
    'generators.external-secrets.io',
    ['ACRAccessToken', 'GCRAccessToken'],
    'external-secrets/external-secrets, apis/generators/v1alpha1/types_acr.go, types_gcr.go',
  ),
  ...rows(
    'KEDA',
    'keda.sh',
    ['TriggerAuthentication', 'ClusterTriggerAuthentication'],
    `${KEDA}; pkg/scaling/resolver/pod_identity_service_account.go`,
    [
      { at: 'spec.podIdentity.serviceAccountName', needs: 'token', where: ['spec.podIdentity.provider', 'aws'] },
      { at: '**', needs: 'nothing' },
    ],
  ),
  ...rows('KEDA', 'keda.sh', ['ScaledJob'], KEDA, [{ at: '**', needs: 'pods' }]),
  ...rows(
    'Vault Secrets Operator',
    'secrets.hashicorp.com',
    ['VaultAuth', 'VaultAuthGlobal'],
    'hashicorp/vault-secrets-operator, api/v1beta1/vaultauth_types.go',
    [
      { at: 'spec.aws.irsaServiceAccount', needs: 'token' },
      { at: '**', needs: 'nothing' },
    ],
  ),
  ...rows('Flux', 'source.toolkit.fluxcd.io', ['OCIRepository', 'Bucket', 'GitRepository', 'HelmRepository'], FLUX, [
    { at: 'spec.serviceAccountName', needs: 'token', where: ['spec.provider', 'aws'] },
    { at: '**', needs: 'nothing' },
  ]),
  ...rows('Flux', 'image.toolkit.fluxcd.io', ['ImageRepository'], FLUX, [
    { at: 'spec.serviceAccountName', needs: 'token', where: ['spec.provider', 'aws'] },
    { at: '**', needs: 'nothing' },
  ]),
  ...rows('Flux', 'kustomize.toolkit.fluxcd.io', ['Kustomization'], FLUX, [
    { at: 'spec.decryption.serviceAccountName', needs: 'token' },
    { at: '**', needs: 'nothing' },
  ]),
  ...names('Flux', 'helm.toolkit.fluxcd.io', ['HelmRelease'], 'https://fluxcd.io/flux/components/helm/helmreleases/'),
  ...startsPods(
    'tofu-controller',
    'infra.contrib.fluxcd.io',
    ['Terraform'],
    'https://flux-iac.github.io/tofu-controller/use-tf-controller/provide-aws-credentials-via-irsa/',
  ),
  ...startsPods(
    'Argo Workflows',
    'argoproj.io',
    ['Workflow', 'WorkflowTemplate', 'ClusterWorkflowTemplate', 'CronWorkflow'],
    'https://argo-workflows.readthedocs.io/en/latest/service-accounts/',
  ),
  ...startsPods(
    'Argo Events',
    'argoproj.io',
    ['Sensor', 'EventSource', 'EventBus'],
    'https://argoproj.github.io/argo-events/service-accounts/',
  ),
  ...startsPods(
    'Argo Rollouts',
    'argoproj.io',
    ['AnalysisRun', 'AnalysisTemplate', 'ClusterAnalysisTemplate', 'Experiment'],
    'https://argo-rollouts.readthedocs.io/en/stable/analysis/job/',
  ),
  ...names(
    'Argo CD',
    'argoproj.io',
    ['Application', 'ApplicationSet', 'AppProject', 'ArgoCD'],
    'https://argo-cd.readthedocs.io/en/stable/operator-manual/app-sync-using-impersonation/',
  ),
  ...startsPods(
    'Spark operator',
    'sparkoperator.k8s.io',
    ['SparkApplication', 'ScheduledSparkApplication', 'SparkConnect'],
    'https://www.kubeflow.org/docs/components/spark-operator/user-guide/writing-sparkapplication/',
  ),
  ...startsPods(
    'Apache Spark operator',
    'spark.apache.org',
    ['SparkApplication', 'SparkCluster'],
    'https://apache.github.io/spark-kubernetes-operator/',
  ),
  ...rows(
    'Crossplane',
    'pkg.crossplane.io',
    ['DeploymentRuntimeConfig', 'ControllerConfig'],
    'https://docs.crossplane.io/latest/packages/providers/#runtime-configuration',
    [
      { at: 'spec.serviceAccountTemplate', needs: 'pods' },
      { at: '**', needs: 'pods' },
    ],
  ),
  ...['aws.upbound.io', 'aws.m.upbound.io', 'aws.crossplane.io'].flatMap((group) =>
    names(
      'Crossplane AWS providers',
      group,
      ['ProviderConfig', 'ClusterProviderConfig'],
      'crossplane-contrib/provider-upjet-aws, internal/clients/provider_config.go',
    ),
  ),
  ...startsPods(
    'Tekton Pipelines',
    'tekton.dev',
    ['Task', 'TaskRun', 'Pipeline', 'PipelineRun', 'CustomRun'],
    'https://tekton.dev/docs/pipelines/auth/',
  ),
  ...startsPods(
    'Tekton Triggers',
    'triggers.tekton.dev',
    ['EventListener', 'TriggerTemplate', 'Trigger'],
    'https://tekton.dev/docs/triggers/eventlisteners/',
  ),
  ...rows('Strimzi', 'kafka.strimzi.io', ['Kafka'], 'strimzi/strimzi-kafka-operator, KafkaResources.java', [
    { at: '{name}-kafka', needs: 'pods' },
    { at: '{name}-entity-operator', needs: 'pods' },
  ]),
  ...rows('Strimzi', 'kafka.strimzi.io', ['KafkaConnect'], 'strimzi/strimzi-kafka-operator, KafkaConnectResources.java', [
    { at: '{name}-connect', needs: 'pods' },
  ]),
  ...rows('Strimzi', 'kafka.strimzi.io', ['KafkaMirrorMaker2'], 'strimzi/strimzi-kafka-operator, KafkaMirrorMaker2Resources.java', [
    { at: '{name}-mirrormaker2', needs: 'pods' },
  ]),
  ...startsPods(
    'Prometheus operator',
    'monitoring.coreos.com',
    ['Prometheus', 'PrometheusAgent', 'Alertmanager', 'ThanosRuler'],
    'https://prometheus-operator.dev/docs/api-reference/api/',
  ),
  ...startsPods(
    'VictoriaMetrics operator',
    'operator.victoriametrics.com',
    ['VMAgent', 'VMAlert', 'VMAlertmanager', 'VMCluster', 'VMSingle', 'VLSingle'],
    'https://docs.victoriametrics.com/operator/api/',
  ),
  ...startsPods(
    'OpenTelemetry operator',
    'opentelemetry.io',
    ['OpenTelemetryCollector', 'TargetAllocator', 'OpAMPBridge'],
    'open-telemetry/opentelemetry-operator, docs/api/opentelemetrycollectors.md',
  ),
  ...startsPods('Grafana Tempo operator', 'tempo.grafana.com', ['TempoStack', 'TempoMonolithic'], 'grafana/tempo-operator, docs/spec'),
  ...startsPods(
    'Knative Serving',
    'serving.knative.dev',
    ['Service', 'Configuration', 'Revision'],
    'https://knative.dev/docs/serving/reference/serving-api/',
  ),
  ...startsPods(
    'Knative Eventing',
    'sources.knative.dev',
    ['ApiServerSource', 'ContainerSource', 'SinkBinding'],
    'https://knative.dev/docs/eventing/reference/eventing-api/',
  ),
  ...startsPods(
    'KServe',
    'serving.kserve.io',
    ['InferenceService', 'ClusterServingRuntime', 'ServingRuntime'],
    'https://kserve.github.io/website/docs/reference/crd-api',
  ),
  ...startsPods(
    'Apache Flink operator',
    'flink.apache.org',
    ['FlinkDeployment', 'FlinkBlueGreenDeployment'],
    'https://nightlies.apache.org/flink/flink-kubernetes-operator-docs-main/docs/custom-resource/reference/',
  ),
  ...rows('CloudNativePG', 'postgresql.cnpg.io', ['Cluster'], 'https://cloudnative-pg.io/documentation/current/appendixes/object_stores/', [
    { at: '{name}', needs: 'pods' },
  ]),
  ...startsPods(
    'Zalando Postgres operator',
    'acid.zalan.do',
    ['OperatorConfiguration', 'postgresql'],
    'https://postgres-operator.readthedocs.io/en/latest/reference/operator_parameters/',
  ),
  ...startsPods('KubeRay', 'ray.io', ['RayCluster', 'RayJob', 'RayService'], 'https://ray-project.github.io/kuberay/reference/api/'),
  ...startsPods(
    'Kubeflow Training',
    'kubeflow.org',
    ['PyTorchJob', 'TFJob', 'MPIJob', 'XGBoostJob', 'PaddleJob', 'JAXJob', 'Notebook'],
    'https://www.kubeflow.org/docs/components/trainer/legacy-v1/',
  ),
  ...startsPods('Volcano', 'batch.volcano.sh', ['Job', 'CronJob', 'JobFlow', 'JobTemplate'], 'https://volcano.sh/en/docs/vcjob/'),
  ...startsPods('JobSet', 'jobset.x-k8s.io', ['JobSet'], 'https://jobset.sigs.k8s.io/docs/reference/jobset.v1alpha2/'),
  ...startsPods(
    'OpenKruise',
    'apps.kruise.io',
    ['CloneSet', 'StatefulSet', 'DaemonSet', 'BroadcastJob', 'AdvancedCronJob', 'SidecarSet'],
    'https://openkruise.io/docs/user-manuals/cloneset/',
  ),
  ...startsPods(
    'GitHub Actions Runner Controller',
    'actions.github.com',
    ['AutoscalingRunnerSet', 'EphemeralRunnerSet', 'EphemeralRunner', 'AutoscalingListener'],
    'actions/actions-runner-controller, apis/actions.github.com/v1alpha1/autoscalingrunnerset_types.go',
  ),
  ...startsPods(
    'actions-runner-controller (summerwind)',
    'actions.summerwind.dev',
    ['Runner', 'RunnerDeployment', 'RunnerReplicaSet', 'RunnerSet'],
    'actions/actions-runner-controller, apis/actions.summerwind.net/v1alpha1/runner_types.go',
  ),
  ...startsPods(
    'Elastic Cloud on Kubernetes',
    'elasticsearch.k8s.elastic.co',
    ['Elasticsearch'],
    'https://www.elastic.co/docs/deploy-manage/tools/snapshot-and-restore/cloud-on-k8s',
  ),
  ...startsPods(
    'kpack',
    'kpack.io',
    ['Image', 'Build', 'Builder', 'ClusterBuilder', 'ClusterStore', 'ClusterStack'],
    'buildpacks-community/kpack, docs/image.md',
  ),
  ...names(
    'Operator Lifecycle Manager',
    'operators.coreos.com',
    ['ClusterServiceVersion', 'OperatorGroup'],
    'https://olm.operatorframework.io/docs/advanced-tasks/operator-scoping-with-operatorgroups/',
  ),
  ...names(
    'Istio',
    'security.istio.io',
    ['AuthorizationPolicy'],
    'https://istio.io/latest/docs/reference/config/security/authorization-policy/',
  ),
  ...names(
    'Kyverno',
    'kyverno.io',
    ['Policy', 'ClusterPolicy', 'PolicyException'],
    'https://kyverno.io/docs/policy-types/cluster-policy/match-exclude/',
  ),
  ...names(
    'Cilium',
    'cilium.io',
    ['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy'],
    'https://docs.cilium.io/en/stable/security/policy/kubernetes/',
  ),
  ...names(
    'Calico',
    'crd.projectcalico.org',
    ['NetworkPolicy', 'GlobalNetworkPolicy'],
    'https://docs.tigera.io/calico/latest/network-policy/policy-rules/service-accounts',
  ),
];

/** The rows of a kind. */
export function rowsOf(group: string, kind: string): readonly ConsumerKind[] {
  return BY_KIND.get(`${group}/${kind}`) ?? [];
}

const BY_KIND = Map.groupBy(CONSUMER_KINDS, ({ group, kind }) => `${group}/${kind}`);
