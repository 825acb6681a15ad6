import type { Resource } from './gateway.ts';

const resource = (group: string, version: string, plural: string, kind: string, namespaced = true): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});

/** The kinds that podshift reads or writes by their names; custom resources are read as the cluster's discovery names them. */
export const RESOURCES = {
  namespaces: resource('', 'v1', 'namespaces', 'Namespace', false),
  nodes: resource('', 'v1', 'nodes', 'Node', false),
  pods: resource('', 'v1', 'pods', 'Pod'),
  serviceAccounts: resource('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  configMaps: resource('', 'v1', 'configmaps', 'ConfigMap'),
  replicationControllers: resource('', 'v1', 'replicationcontrollers', 'ReplicationController'),
  deployments: resource('apps', 'v1', 'deployments', 'Deployment'),
  statefulSets: resource('apps', 'v1', 'statefulsets', 'StatefulSet'),
  daemonSets: resource('apps', 'v1', 'daemonsets', 'DaemonSet'),
  replicaSets: resource('apps', 'v1', 'replicasets', 'ReplicaSet'),
  jobs: resource('batch', 'v1', 'jobs', 'Job'),
  cronJobs: resource('batch', 'v1', 'cronjobs', 'CronJob'),
  podDisruptionBudgets: resource('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  roleBindings: resource('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding'),
  clusterRoleBindings: resource('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false),
  ec2NodeClasses: resource('karpenter.k8s.aws', 'v1', 'ec2nodeclasses', 'EC2NodeClass', false),
  networkPolicies: resource('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy'),
  argoRollouts: resource('argoproj.io', 'v1alpha1', 'rollouts', 'Rollout'),
} as const satisfies Record<string, Resource>;
