import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { AGE, type Column, CREATED, column, NAME, since, wide } from './column.ts';

const named = (title: string, path: (object: KubernetesObject) => unknown, otherwise = ''): Column =>
  column(title, (object) => String(path(object) ?? otherwise));

const BINDING: readonly Column[] = [
  NAME,
  column('Role', ({ roleRef }) => `${roleRef?.kind}/${roleRef?.name}`),
  AGE,
  wide('Users', (object) => subjects(object, 'User')),
  wide('Groups', (object) => subjects(object, 'Group')),
  wide('ServiceAccounts', (object) => subjects(object, 'ServiceAccount')),
];
const WEBHOOK: readonly Column[] = [NAME, column('Webhooks', ({ webhooks }) => webhooks?.length ?? 0), AGE];

/** Columns of the cluster's other kinds, by `KIND.GROUP` (k8s.io/kubernetes pkg/printers/internalversion/printers.go). */
export const CLUSTER: Readonly<Record<string, readonly Column[]>> = {
  Node: [
    NAME,
    column('Status', nodeStatus),
    column('Roles', roles),
    AGE,
    named('Version', ({ status }) => status?.nodeInfo?.kubeletVersion),
    wide('Internal-IP', (node) => address(node, 'InternalIP')),
    wide('External-IP', (node) => address(node, 'ExternalIP')),
    wide('OS-Image', ({ status }) => status?.nodeInfo?.osImage || '<unknown>'),
    wide('Kernel-Version', ({ status }) => status?.nodeInfo?.kernelVersion || '<unknown>'),
    wide('Container-Runtime', ({ status }) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>'),
  ],
  Namespace: [NAME, named('Status', ({ status }) => status?.phase, 'Active'), AGE],
  Secret: [NAME, named('Type', ({ type }) => type, 'Opaque'), column('Data', ({ data }) => Object.keys(data ?? {}).length), AGE],
  ServiceAccount: [NAME, column('Secrets', ({ secrets }) => secrets?.length ?? 0), AGE],
  ConfigMap: [NAME, column('Data', ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length), AGE],
  Event: [
    column('Last Seen', (event, now) => since(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime, now)),
    named('Type', ({ type }) => type),
    named('Reason', ({ reason }) => reason),
    column('Object', ({ involvedObject }) => [involvedObject?.kind?.toLowerCase() ?? '', involvedObject?.name].filter(Boolean).join('/')),
    wide('Subobject', ({ involvedObject }) => involvedObject?.fieldPath ?? ''),
    wide('Source', ({ source, reportingComponent }) => [source?.component ?? reportingComponent, source?.host].filter(Boolean).join(', ')),
    column('Message', ({ message }) => String(message ?? '').trim()),
    wide('First Seen', (event, now) => since(event.firstTimestamp ?? event.eventTime, now)),
    wide('Count', ({ series, count }) => series?.count ?? (count || 1)),
    wide('Name', ({ metadata }) => metadata.name),
  ],
  LimitRange: [NAME, CREATED],
  ResourceQuota: [NAME, column('Request', (quota) => quotas(quota, false)), column('Limit', (quota) => quotas(quota, true)), AGE],
  PersistentVolume: [
    NAME,
    named('Capacity', ({ spec }) => spec?.capacity?.storage),
    column('Access Modes', ({ spec }) => accessModes(spec?.accessModes)),
    named('Reclaim Policy', ({ spec }) => spec?.persistentVolumeReclaimPolicy),
    column('Status', ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating')),
    column('Claim', ({ spec }) => (spec?.claimRef === undefined ? '' : `${spec.claimRef.namespace}/${spec.claimRef.name}`)),
    named('StorageClass', ({ spec }) => spec?.storageClassName),
    named('VolumeAttributesClass', ({ spec }) => spec?.volumeAttributesClassName, '<unset>'),
    named('Reason', ({ status }) => status?.reason),
    AGE,
    wide('VolumeMode', ({ spec }) => spec?.volumeMode ?? '<unset>'),
  ],
  PersistentVolumeClaim: [
    NAME,
    column('Status', ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating')),
    named('Volume', ({ spec }) => spec?.volumeName),
    column('Capacity', ({ spec, status }) => (spec?.volumeName ? (status?.capacity?.storage ?? '0') : '')),
    column('Access Modes', ({ spec, status }) => (spec?.volumeName ? accessModes(status?.accessModes) : '')),
    named('StorageClass', ({ spec }) => spec?.storageClassName),
    named('VolumeAttributesClass', ({ spec }) => spec?.volumeAttributesClassName, '<unset>'),
    AGE,
    wide('VolumeMode', ({ spec }) => spec?.volumeMode ?? '<unset>'),
  ],
  'PodDisruptionBudget.policy': [
    NAME,
    named('Min Available', ({ spec }) => spec?.minAvailable, 'N/A'),
    named('Max Unavailable', ({ spec }) => spec?.maxUnavailable, 'N/A'),
    column('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed ?? 0),
    AGE,
  ],
  'HorizontalPodAutoscaler.autoscaling': [
    NAME,
    column('Reference', ({ spec }) => `${spec?.scaleTargetRef?.kind}/${spec?.scaleTargetRef?.name}`),
    column('Targets', targets),
    named('MinPods', ({ spec }) => spec?.minReplicas, '<unset>'),
    column('MaxPods', ({ spec }) => spec?.maxReplicas ?? 0),
    column('Replicas', ({ status }) => status?.currentReplicas ?? 0),
    AGE,
  ],
  'Role.rbac.authorization.k8s.io': [NAME, CREATED],
  'ClusterRole.rbac.authorization.k8s.io': [NAME, CREATED],
  'RoleBinding.rbac.authorization.k8s.io': BINDING,
  'ClusterRoleBinding.rbac.authorization.k8s.io': BINDING,
  'StorageClass.storage.k8s.io': [
    column(
      'Name',
      ({ metadata }) =>
        `${metadata.name}${metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ? ' (default)' : ''}`,
    ),
    named('Provisioner', ({ provisioner }) => provisioner),
    named('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy, 'Delete'),
    named('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode, 'Immediate'),
    column('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion === true),
    AGE,
  ],
  'CSINode.storage.k8s.io': [NAME, column('Drivers', ({ spec }) => spec?.drivers?.length ?? 0), AGE],
  'VolumeAttachment.storage.k8s.io': [
    NAME,
    named('Attacher', ({ spec }) => spec?.attacher),
    named('PV', ({ spec }) => spec?.source?.persistentVolumeName),
    named('Node', ({ spec }) => spec?.nodeName),
    column('Attached', ({ status }) => status?.attached === true),
    AGE,
  ],
  'PriorityClass.scheduling.k8s.io': [
    NAME,
    column('Value', ({ value }) => value ?? 0),
    column('Global-Default', ({ globalDefault }) => globalDefault === true),
    AGE,
    named('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy),
  ],
  'Lease.coordination.k8s.io': [NAME, named('Holder', ({ spec }) => spec?.holderIdentity), AGE],
  'MutatingWebhookConfiguration.admissionregistration.k8s.io': WEBHOOK,
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io': WEBHOOK,
  'CustomResourceDefinition.apiextensions.k8s.io': [NAME, CREATED],
};

function nodeStatus({ spec, status }: KubernetesObject): string {
  const ready = (status?.conditions ?? []).find(({ type }: { type: string }) => type === 'Ready');
  const words = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable === true ? `${words},SchedulingDisabled` : words;
}

function roles({ metadata }: KubernetesObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const names = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(prefix)) return [key.slice(prefix.length)];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  return [...new Set(names)].sort().join(',') || '<none>';
}

function address({ status }: KubernetesObject, type: string): string {
  return (status?.addresses ?? []).find((one: { type: string }) => one.type === type)?.address ?? '<none>';
}

function subjects(binding: KubernetesObject, kind: string): string {
  const all: readonly { kind: string; name: string; namespace?: string }[] = binding.subjects ?? [];
  return all
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
    .join(', ');
}

const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

function accessModes(modes: readonly string[] | undefined): string {
  return Object.entries(MODES)
    .flatMap(([mode, short]) => (modes?.includes(mode) === true ? [short] : []))
    .join(',');
}

function quotas({ status }: KubernetesObject, limits: boolean): string {
  const hard: Readonly<Record<string, string>> = status?.hard ?? {};
  return Object.keys(hard)
    .sort()
    .filter((name) => name.startsWith('limits.') === limits)
    .map((name) => `${name}: ${status?.used?.[name] ?? '0'}/${hard[name]}`)
    .join(', ');
}

interface Metric {
  readonly type: string;
  readonly resource?: { readonly name: string; readonly target: { readonly averageUtilization?: number; readonly averageValue?: string } };
}

function targets({ spec, status }: KubernetesObject): string {
  const metrics: readonly Metric[] = spec?.metrics ?? [];
  const each = metrics.map((metric, index) => {
    const { name = metric.type, target } = metric.resource ?? {};
    const current = status?.currentMetrics?.[index]?.resource?.current;
    const [now, wanted] =
      target?.averageUtilization === undefined
        ? [current?.averageValue, target?.averageValue]
        : [current?.averageUtilization === undefined ? undefined : `${current.averageUtilization}%`, `${target.averageUtilization}%`];
    return `${name}: ${now ?? '<unknown>'}/${wanted ?? '<unknown>'}`;
  });
  return each.length === 0 ? '<none>' : each.length <= 2 ? each.join(', ') : `${each.slice(0, 2).join(', ')} + ${each.length - 2} more...`;
}
