/** Groups of the API server itself, and of servers that keep no objects (metrics): nothing of them is a custom resource. */
const NO_CUSTOM_RESOURCES = new Set([
  '',
  'apps',
  'autoscaling',
  'batch',
  'extensions',
  'policy',
  ...[
    'admissionregistration',
    'apiextensions',
    'apiregistration',
    'authentication',
    'authorization',
    'certificates',
    'coordination',
    'discovery',
    'events',
    'flowcontrol.apiserver',
    'internal.apiserver',
    'networking',
    'node',
    'rbac.authorization',
    'resource',
    'scheduling',
    'storage',
    'storagemigration',
    'metrics',
    'custom.metrics',
    'external.metrics',
  ].map((name) => `${name}.k8s.io`),
]);

/**
 * Kinds that are made by controllers by the thousand and name nobody's identity: reports, endpoints, addresses, leases. Not looked at.
 */
const RECORDS = [
  /^(wgpolicyk8s\.io|reports\.kyverno\.io|openreports\.io|aquasecurity\.github\.io|spdx\.softwarecomposition\.kubescape\.io)\//,
  /^cilium\.io\/Cilium(Endpoint|EndpointSlice|Identity|Node)$/,
  /^crd\.projectcalico\.org\/(IPAM.*|BlockAffinity|Profile|WorkloadEndpoint|FelixConfiguration)$/,
  /^(vpcresources\.k8s\.aws|networking\.k8s\.aws)\//,
  /^(velero\.io)\/(Backup|Restore|PodVolumeBackup|PodVolumeRestore|DataUpload|DataDownload|DownloadRequest|DeleteBackupRequest)$/,
  /^(cert-manager\.io|acme\.cert-manager\.io)\/(CertificateRequest|Order|Challenge)$/,
  /^karpenter\.sh\/NodeClaim$/,
];

/** Whether objects of this group can be custom resources. */
export function hasCustomResources(group: string): boolean {
  return !NO_CUSTOM_RESOURCES.has(group);
}

/** Whether the objects of a kind are looked at: Rollouts are workloads, and read as such. */
export function isLookedAt({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  const name = `${group}/${kind}`;
  return hasCustomResources(group) && name !== 'argoproj.io/Rollout' && !RECORDS.some((pattern) => pattern.test(name));
}
