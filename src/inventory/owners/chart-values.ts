import type { ObjectMeta } from '../../kubernetes/gateway.ts';
import type { ChartFact } from '../../model/owner.ts';

/** Which value of a chart holds the annotations of its service accounts. */
export interface ChartRow {
  readonly chart: string;
  /** Values by the part of the chart that a service account is for; the first one whose pattern its name or component fits. */
  readonly values: readonly (readonly [part: RegExp, value: string])[];
  /** Repository and path of the template, or the chart's own values. */
  readonly source: string;
}

const ANY = /^/;
const OWN = 'serviceAccount.annotations';

/** A chart with one service account, under the value that `helm create` gives. */
function plain(chart: string, source: string): ChartRow {
  return { chart, values: [[ANY, OWN]], source };
}

/** Known charts; for any other one, no value is named for certain. */
// biome-ignore format: a table, one row a line
export const CHARTS: readonly ChartRow[] = [
  plain('aws-load-balancer-controller', 'aws/eks-charts, stable/aws-load-balancer-controller/values.yaml'),
  plain('aws-vpc-cni', 'aws/eks-charts, stable/aws-vpc-cni/templates/serviceaccount.yaml'),
  plain('aws-for-fluent-bit', 'aws/eks-charts, stable/aws-for-fluent-bit/values.yaml'),
  plain('appmesh-controller', 'aws/eks-charts, stable/appmesh-controller/values.yaml'),
  plain('external-dns', 'kubernetes-sigs/external-dns, charts/external-dns/values.yaml'),
  plain('karpenter', 'aws/karpenter-provider-aws, charts/karpenter/values.yaml'),
  plain('fluent-bit', 'fluent/helm-charts, charts/fluent-bit/templates/serviceaccount.yaml'),
  plain('alertmanager', 'prometheus-community/helm-charts, charts/alertmanager/values.yaml'),
  plain('prometheus-yet-another-cloudwatch-exporter', 'prometheus-community/helm-charts, charts/prometheus-yet-another-cloudwatch-exporter/values.yaml'),
  plain('grafana', 'grafana/helm-charts, charts/grafana/templates/serviceaccount.yaml'),
  plain('loki', 'grafana/loki, production/helm/loki/templates/serviceaccount.yaml'),
  plain('tempo-distributed', 'grafana/helm-charts, charts/tempo-distributed/values.yaml'),
  plain('mimir-distributed', 'grafana/mimir, operations/helm/charts/mimir-distributed/templates/serviceaccount.yaml'),
  plain('argocd-image-updater', 'argoproj/argo-helm, charts/argocd-image-updater/values.yaml'),
  { chart: 'crossplane', values: [[ANY, 'serviceAccount.customAnnotations']], source: 'crossplane/crossplane, cluster/charts/crossplane/values.yaml' },
  { chart: 'cluster-autoscaler', values: [[ANY, 'rbac.serviceAccount.annotations']], source: 'kubernetes/autoscaler, charts/cluster-autoscaler/templates/serviceaccount.yaml' },
  { chart: 'traefik', values: [[ANY, 'serviceAccountAnnotations']], source: 'traefik/traefik-helm-chart, traefik/templates/rbac/serviceaccount.yaml' },
  { chart: 'velero', values: [[ANY, 'serviceAccount.server.annotations']], source: 'vmware-tanzu/helm-charts, charts/velero/templates/serviceaccount-server.yaml' },
  { chart: 'prometheus', values: [[ANY, 'serviceAccounts.server.annotations']], source: 'prometheus-community/helm-charts, charts/prometheus/templates/serviceaccount.yaml' },
  { chart: 'kube-prometheus-stack', values: [[/alertmanager/, 'alertmanager.serviceAccount.annotations'], [/thanos-?ruler/, 'thanosRuler.serviceAccount.annotations'], [/operator/, 'prometheusOperator.serviceAccount.annotations'], [/prometheus$/, 'prometheus.serviceAccount.annotations']], source: 'prometheus-community/helm-charts, charts/kube-prometheus-stack/values.yaml' },
  { chart: 'aws-ebs-csi-driver', values: [[/node/, 'node.serviceAccount.annotations'], [ANY, 'controller.serviceAccount.annotations']], source: 'kubernetes-sigs/aws-ebs-csi-driver, charts/aws-ebs-csi-driver/values.yaml' },
  { chart: 'aws-efs-csi-driver', values: [[/node/, 'node.serviceAccount.annotations'], [ANY, 'controller.serviceAccount.annotations']], source: 'kubernetes-sigs/aws-efs-csi-driver, charts/aws-efs-csi-driver/values.yaml' },
  { chart: 'aws-mountpoint-s3-csi-driver', values: [[ANY, 'node.serviceAccount.annotations']], source: 'awslabs/mountpoint-s3-csi-driver, charts/aws-mountpoint-s3-csi-driver/templates/serviceaccount-csi-node.yaml' },
  { chart: 'cert-manager', values: [[/cainjector/, 'cainjector.serviceAccount.annotations'], [/webhook/, 'webhook.serviceAccount.annotations'], [/startupapicheck/, 'startupapicheck.serviceAccount.annotations'], [ANY, OWN]], source: 'cert-manager/cert-manager, deploy/charts/cert-manager/values.yaml' },
  { chart: 'external-secrets', values: [[/webhook/, 'webhook.serviceAccount.annotations'], [/cert-controller/, 'certController.serviceAccount.annotations'], [ANY, OWN]], source: 'external-secrets/external-secrets, deploy/charts/external-secrets/values.yaml' },
  { chart: 'keda', values: [[/metrics/, 'serviceAccount.metricServer.annotations'], [/webhook/, 'serviceAccount.webhooks.annotations'], [ANY, 'serviceAccount.operator.annotations']], source: 'kedacore/charts, keda/values.yaml' },
  { chart: 'argo-cd', values: [[/repo-server/, 'repoServer.serviceAccount.annotations'], [/applicationset/, 'applicationSet.serviceAccount.annotations'], [/notifications/, 'notifications.serviceAccount.annotations'], [/commit-server/, 'commitServer.serviceAccount.annotations'], [/application-controller/, 'controller.serviceAccount.annotations'], [/dex/, 'dex.serviceAccount.annotations'], [/server/, 'server.serviceAccount.annotations']], source: 'argoproj/argo-helm, charts/argo-cd/values.yaml' },
  { chart: 'argo-workflows', values: [[/server/, 'server.serviceAccount.annotations'], [/controller$/, 'controller.serviceAccount.annotations'], [ANY, 'workflow.serviceAccount.annotations']], source: 'argoproj/argo-helm, charts/argo-workflows/values.yaml' },
  { chart: 'argo-events', values: [[/webhook/, 'webhook.serviceAccount.annotations'], [ANY, 'controller.serviceAccount.annotations']], source: 'argoproj/argo-helm, charts/argo-events/values.yaml' },
  { chart: 'argo-rollouts', values: [[/dashboard/, 'dashboard.serviceAccount.annotations'], [ANY, OWN]], source: 'argoproj/argo-helm, charts/argo-rollouts/values.yaml' },
  { chart: 'vault', values: [[/injector/, 'injector.serviceAccount.annotations'], [/csi/, 'csi.serviceAccount.annotations'], [ANY, 'server.serviceAccount.annotations']], source: 'hashicorp/vault-helm, values.yaml' },
  { chart: 'jenkins', values: [[/agent/, 'serviceAccountAgent.annotations'], [ANY, OWN]], source: 'jenkinsci/helm-charts, charts/jenkins/values.yaml' },
  { chart: 'datadog', values: [[/cluster-agent/, 'clusterAgent.rbac.serviceAccountAnnotations'], [/cluster-?checks/, 'clusterChecksRunner.rbac.serviceAccountAnnotations'], [ANY, 'agents.rbac.serviceAccountAnnotations']], source: 'DataDog/helm-charts, charts/datadog/values.yaml' },
  { chart: 'spark-operator', values: [[/controller/, 'controller.serviceAccount.annotations'], [/webhook/, 'webhook.serviceAccount.annotations'], [/spark$/, 'spark.serviceAccount.annotations']], source: 'kubeflow/spark-operator, charts/spark-operator-chart/templates/controller/serviceaccount.yaml' },
];

/** Name and version as charts write them into `helm.sh/chart` (`cert-manager-v1.15.3`, `velero-7.1.4`). */
const CHART = /^(.+?)-v?\d+\.\d+(\.\d+)?.*$/;

/** The chart that a service account was made of, and the value of it that holds its annotations; undefined where no label names one. */
export function chartOf({ name, labels = {} }: ObjectMeta): ChartFact | undefined {
  const label = labels['helm.sh/chart'] ?? labels.chart;
  const chart = CHART.exec(label ?? '')?.[1];
  if (chart === undefined) return undefined;
  const values = CHARTS.find((row) => row.chart === chart)?.values ?? [];
  const component = labels['app.kubernetes.io/component'] ?? labels.app ?? '';
  const [, value = null] = values.find(([part]) => part.test(name)) ?? values.find(([part]) => part.test(component)) ?? [];
  return { name: chart, value };
}
