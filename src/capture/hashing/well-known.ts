/**
 * What may stand in a capture with hashed names: names that belong to Kubernetes, AWS and the software that podshift judges by. None is of
 * whoever took the capture.
 */

/** Words that stay wherever they stand: products, and what a component calls itself. */
const WORDS = words(`
  kube2iam kiam podshift redacted irsa aws amazon eks eksbuild eksctl k8s kube kubernetes arn iam sts sso ec2 ecr dkr s3 sqs sns rds kms efs ebs
  fsx csi cni vpc elb alb nlb oidc saml http https tcp udp dns api svc istio istiod linkerd envoy kuma consul cilium calico appmesh coredns
  karpenter keda velero flux fluxcd argo argocd argoproj helm tiller terraform pulumi crossplane spinnaker kapp kluctl fargate bottlerocket
  windows linux amd64 arm64 prometheus grafana loki tempo mimir jenkins vault datadog fluent operator controller manager agent server proxy
  boto3 botocore aiobotocore minio com org net io dev internal local localhost sh bash true false null none default
  role policy user group instance assumed federated serviceaccount serviceaccounts system masters node nodes bootstrappers authenticated
  unauthenticated web identity token sub aud id subnet sg cpu memory storage ephemeral pods hugepages gpu eni cali lxc cbr0 docker0 weave
`);

/** Names that stay where they stand whole, and not as a part of a longer one. */
const NAMES = words(`
  kube-system kube-public kube-node-lease kube-proxy kube-dns kube-root-ca.crt aws-node aws-auth vpc-cni eks-pod-identity-agent aws-eks
  pod-identity-webhook eks-pod-identity-token aws-iam-token irsa-token kube-api-access aws-ebs-csi-driver aws-efs-csi-driver
  aws-fsx-csi-driver aws-mountpoint-s3-csi-driver aws-network-flow-monitoring-agent amazon-cloudwatch-observability amazon-cloudwatch
  cloudwatch-agent ebs-csi-controller-sa ebs-csi-controller ebs-csi-node ebs-csi-node-sa efs-csi-controller-sa efs-csi-controller efs-csi-node
  efs-csi-node-sa fsx-csi-controller-sa fsx-csi-node-sa fsx-csi-controller fsx-csi-node s3-csi-driver-sa s3-csi-node snapshot-controller adot
  metrics-server external-dns external-secrets cert-manager cluster-autoscaler aws-load-balancer-controller argo-cd argo-events
  argo-rollouts argo-rollout argo-workflows argocd-image-updater spark-operator istio-system istio-ca istio-proxy istio-init istio-validation
  istio-injection linkerd-proxy linkerd-init linkerd-proxy-injector linkerd-egress consul-dataplane envoy-sidecar consul-connect-injector
  kuma-sidecar kuma-init kuma-control-plane appmesh-controller kiam-agent kiam-server amazon-vpc-cni-k8s amazon-k8s-cni amazon-k8s-cni-init
  aws-vpc-cni aws-vpc-cni-init aws-network-policy-agent aws-eks-nodeagent cluster-admin system-node-critical system-cluster-critical
  kube-controller-manager kube-scheduler kube-apiserver kubectl-client-side-apply kubectl kustomize kubelet
  service-account kubernetes-namespace kubernetes-service-account kubernetes-pod-name kubernetes-pod-uid eks-cluster-arn eks-cluster-name
  oidc-provider assumed-role instance-profile access-entry access-policy podidentityassociation fargateprofile nodegroup addon cluster
  pod-security-policy restricted baseline privileged managed-by managed_by managedby created-by createdby iac olm.owner pod-template-hash
  pod-template-generation controller-revision-hash controller-uid job-name batch.kubernetes.io k8s-app app name component tier chart release
  heritage xtables.lock termination-log docker0 app-port metadata-addr host-ip host-interface NoSchedule NoExecute PreferNoSchedule
  mapRoles mapUsers mapAccounts rolearn userarn username groups EC2PrivateDNSName SessionName SessionNameRaw AccessKeyID AccountID mesh mode
  outboundTrafficPolicy REGISTRY_ONLY ALLOW_ANY registry fleet-agent reconciler-manager configsync config-sync kustomize-controller
  helm-controller flux-operator argocd-controller argocd-application-controller argocd-server provider-kubernetes HashiCorp Helm Terraform EKS
  k9s Lens Mozilla OpenAPI-Generator python-requests node-fetch curl kubectl-annotate kubectl-edit kubectl-patch kubectl-label
  kubectl-create kubectl-replace kubectl-set kubectl-apply kubectl-rollout public.ecr.aws docker.io quay.io ghcr.io registry.k8s.io gcr.io
  enabled disabled ingress HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy HOST_IP NODE_ADDRESS
  podshift-managed podshift-member required permitted
  --base-role-arn --default-role --iam-role-key --iam-external-id --namespace-key --namespace-restrictions --namespace-restriction-format
  --auto-discover-base-arn --auto-discover-default-role --host-ip --host-interface --iptables --insecure --debug --verbose --version --node
  --app-port --metadata-addr --resolve-duplicate-cache-ips --use-regional-sts-endpoint --iptables-remove --no-iptables-remove --port
  --role-base-arn --role-base-arn-autodetect --assume-role-arn --disable-strict-namespace-regexp --prometheus-sync-required --json-log
  --allow-route-regexp --whitelist-route-regexp --bind-hosts --session --server-address --log-level --level --sync --cert --key --ca --bind
  --refresh-interval --cache-resync-period --api-server --api-token --backoff-max-interval --cache-ttl --region
  cloudformation glob regexp default-scheduler rollout-group cluster-name application spilo deprecated.daemonset.template.generation
`);

/** Domains under which Kubernetes and known software name their labels, annotations and groups: keys there stay. */
const DOMAINS = words(`
  k8s.io kubernetes.io eks.amazonaws.com iam.amazonaws.com vpc.amazonaws.com k8s.aws k8s.aws.io eksctl.io argoproj.io fluxcd.io helm.sh
  crossplane.io upbound.io istio.io linkerd.io kuma.io cilium.io hashicorp.com karpenter.sh keda.sh cert-manager.io external-secrets.io
  projectcalico.org kyverno.io gatekeeper.sh pulumi.com kluctl.io k14s.io gke.io cattle.io spinnaker.io x-k8s.io cdk.eks coreos.com
  knative.dev tekton.dev kubeflow.org ray.io spark.apache.org sparkoperator.k8s.io flink.apache.org strimzi.io kserve.io volcano.sh
  kruise.io stackgres.io cnpg.io zalan.do crunchydata.com elastic.co victoriametrics.com opentelemetry.io grafana.com summerwind.dev
  altinity.com kpack.io keikoproj.io redradrat.xyz bottlerocket.aws velero.io github.com/actions prometheus.io openebs.io podshift
`);

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

const KEPT_WORDS: ReadonlySet<string> = new Set(WORDS);

/** Whether a word tells nothing of whoever has it: a product's, one letter, a small number, a version. */
export function isKeptWord(word: string): boolean {
  return word.length === 1 || KEPT_WORDS.has(word.toLowerCase()) || /^(\d{1,5}|v\d{1,4}((alpha|beta)\d{1,2})?)$/.test(word);
}

const alternatives = (names: readonly string[]): string =>
  [...names]
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('|');

/** Texts that stay: each is the source of a regular expression without groups of its own. */
export const KEPT_TEXTS: readonly string[] = [
  // times, and the regions of AWS with their zones
  String.raw`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)`,
  String.raw`\b(?:us|eu|ap|sa|ca|me|af|il|cn|mx)(?:-gov|-iso[a-z]?)?-(?:central|north|south|east|west|northeast|northwest|southeast|southwest)-\d[a-f]?\b`,
  // what is AWS's own
  String.raw`arn:aws[a-z-]*:iam::aws:policy\/[\w/+=,.@-]+`,
  String.raw`arn:aws[a-z-]*:eks::aws:[\w/+=,.@:-]+`,
  String.raw`\barn:aws[a-z-]*:[a-z0-9-]+:`,
  String.raw`\baws-service-role\/[a-z0-9.-]+\.amazonaws\.com\/[\w+=,.@-]+`,
  String.raw`\b(?:[a-z-]+\.)?(?:ec2|eks|eks-auth|pods\.eks|eks-fargate-pods|ssm|sts|lambda|ecs-tasks|s3|iam|kms|events|scheduler|states|codebuild|elasticloadbalancing|autoscaling|eks-nodegroup|eks-fargate|nodegroup)\.amazonaws\.com(?:\.cn)?(?![\w.])(?:\/(?:role-arn|audience|sts-regional-endpoints|token-expiration|skip-containers|pod-identity|[a-z-]+))?`,
  String.raw`\.amazonaws\.com(?:\.cn)?\b`,
  String.raw`\baws:(?:RequestTag|PrincipalTag|ResourceTag)\/`,
  String.raw`\b(?:aws|sts|iam|s3|kms|ec2|eks|sqs|dynamodb|saml|oidc|ssm):[A-Za-z][A-Za-z:-]*(?![A-Za-z0-9/.])`,
  String.raw`\bAWS_[A-Z0-9_]+\b`,
  // identities of Kubernetes' own, and where tokens are mounted
  String.raw`\/(?:ns|sa)\/`,
  'system:serviceaccounts?:',
  'system:node:',
  String.raw`system:[a-z][a-z-]*(?::[a-z-]+)*(?![\w-])`,
  String.raw`\/?(?:var\/)?run\/secrets\/(?:eks\.amazonaws\.com|pods\.eks\.amazonaws\.com|kubernetes\.io)\/serviceaccount(?:\/[a-z.-]+)?`,
  String.raw`\b[A-Za-z]*[Ww][Ee][Bb][-_]?[Ii][Dd][Ee][Nn][Tt][Ii][Tt][Yy][A-Za-z_]*`,
  String.raw`\b(?:Boto3|Botocore|aws-cli|AWSPowerShell(?:\.\w+)?|aws-sdk-[a-z0-9-]+|minio-go)[/#]v?[\d.]+`,
  String.raw`(?<![\w.-])(?!node-role\.)(?:[a-z0-9-]+\.)*(?:${alternatives(DOMAINS)})(?![\w.-])(?:\/[\w.-]+)?`,
  String.raw`(?<![\w-])(?:${alternatives(NAMES)})(?![\w]|-[\w])`,
];
