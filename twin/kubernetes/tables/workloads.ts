import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { AGE, type Column, column, containerColumns, humanAge, NAME, pairs, selectorText, since, wide } from './column.ts';

const templateSpec = ({ spec }: KubernetesObject) => spec?.template?.spec;
const SELECTOR = wide('Selector', ({ spec }) => selectorText(spec?.selector));
const TEMPLATE = containerColumns(templateSpec);
const REPLICAS: readonly Column[] = [
  NAME,
  column('Desired', ({ spec }) => spec?.replicas ?? 1),
  column('Current', ({ status }) => status?.replicas ?? 0),
  column('Ready', ({ status }) => status?.readyReplicas ?? 0),
  AGE,
  ...TEMPLATE,
];
const READY = column('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`);

/** Columns of what runs pods, by `KIND.GROUP` (k8s.io/kubernetes pkg/printers/internalversion/printers.go). */
export const WORKLOADS: Readonly<Record<string, readonly Column[]>> = {
  'Deployment.apps': [
    NAME,
    READY,
    column('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0),
    column('Available', ({ status }) => status?.availableReplicas ?? 0),
    AGE,
    ...TEMPLATE,
    SELECTOR,
  ],
  'StatefulSet.apps': [NAME, READY, AGE, ...TEMPLATE],
  'DaemonSet.apps': [
    NAME,
    column('Desired', ({ status }) => status?.desiredNumberScheduled ?? 0),
    column('Current', ({ status }) => status?.currentNumberScheduled ?? 0),
    column('Ready', ({ status }) => status?.numberReady ?? 0),
    column('Up-to-date', ({ status }) => status?.updatedNumberScheduled ?? 0),
    column('Available', ({ status }) => status?.numberAvailable ?? 0),
    column('Node Selector', ({ spec }) => pairs(spec?.template?.spec?.nodeSelector)),
    AGE,
    ...TEMPLATE,
    SELECTOR,
  ],
  'ReplicaSet.apps': [...REPLICAS, SELECTOR],
  ReplicationController: [...REPLICAS, wide('Selector', ({ spec }) => pairs(spec?.selector))],
  'ControllerRevision.apps': [NAME, column('Controller', controllerName), column('Revision', ({ revision }) => revision ?? 0), AGE],
  'Job.batch': [
    NAME,
    column('Status', jobStatus),
    column('Completions', completions),
    column('Duration', jobDuration),
    AGE,
    ...TEMPLATE,
    SELECTOR,
  ],
  'CronJob.batch': [
    NAME,
    column('Schedule', ({ spec }) => spec?.schedule ?? ''),
    column('Timezone', ({ spec }) => spec?.timeZone ?? '<none>'),
    column('Suspend', ({ spec }) => (spec?.suspend === true ? 'True' : 'False')),
    column('Active', ({ status }) => status?.active?.length ?? 0),
    column('Last Schedule', ({ status }, now) => (status?.lastScheduleTime === undefined ? '<none>' : since(status.lastScheduleTime, now))),
    AGE,
    ...containerColumns(({ spec }) => spec?.jobTemplate?.spec?.template?.spec),
    wide('Selector', ({ spec }) => selectorText(spec?.jobTemplate?.spec?.selector)),
  ],
  PodTemplate: [
    NAME,
    ...containerColumns(({ template }) => template?.spec).map(({ title, cell }) => column(title, cell)),
    column('Pod Labels', ({ template }) => pairs(template?.metadata?.labels)),
  ],
};

function controllerName({ metadata }: KubernetesObject): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return '<none>';
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}

function jobStatus({ metadata, status }: KubernetesObject): string {
  const conditions: readonly { readonly type: string; readonly status: string }[] = status?.conditions ?? [];
  const has = (type: string) => conditions.some((one) => one.type === type && one.status === 'True');
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running';
}

function completions({ spec, status }: KubernetesObject): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  return spec?.parallelism > 1 ? `${succeeded}/1 of ${spec?.parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status }: KubernetesObject, now: number): string {
  const { startTime, completionTime } = (status ?? {}) as { startTime?: string; completionTime?: string };
  if (startTime === undefined) return '';
  return humanAge((completionTime === undefined ? now : Date.parse(completionTime)) - Date.parse(startTime));
}
