import type { Resource } from './gateway.ts';

const resource = (group: string, version: string, plural: string, kind: string, namespaced = true): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});

/** The kinds that podshift reads or writes. */
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
  authorizationPolicies: resource('security.istio.io', 'v1', 'authorizationpolicies', 'AuthorizationPolicy'),
  kyvernoPolicies: resource('kyverno.io', 'v1', 'policies', 'Policy'),
  kyvernoClusterPolicies: resource('kyverno.io', 'v1', 'clusterpolicies', 'ClusterPolicy', false),
  ciliumNetworkPolicies: resource('cilium.io', 'v2', 'ciliumnetworkpolicies', 'CiliumNetworkPolicy'),
  calicoNetworkPolicies: resource('crd.projectcalico.org', 'v1', 'networkpolicies', 'NetworkPolicy'),
  ciliumClusterwideNetworkPolicies: resource(
    'cilium.io',
    'v2',
    'ciliumclusterwidenetworkpolicies',
    'CiliumClusterwideNetworkPolicy',
    false,
  ),
  ec2NodeClasses: resource('karpenter.k8s.aws', 'v1', 'ec2nodeclasses', 'EC2NodeClass', false),
  networkPolicies: resource('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy'),
  argoRollouts: resource('argoproj.io', 'v1alpha1', 'rollouts', 'Rollout'),
  secretStores: resource('external-secrets.io', 'v1', 'secretstores', 'SecretStore'),
  clusterSecretStores: resource('external-secrets.io', 'v1', 'clustersecretstores', 'ClusterSecretStore', false),
  secretProviderClasses: resource('secrets-store.csi.x-k8s.io', 'v1', 'secretproviderclasses', 'SecretProviderClass'),
} as const satisfies Record<string, Resource>;
