import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { isReady } from './objects.ts';

/** One column after the name and before the age: its title, and a cell of it. */
type Column = readonly [title: string, cell: (object: KubernetesObject) => string | number];

const SELECTOR: Column = ['Node Selector', ({ spec }) => pairs(spec.template?.spec?.nodeSelector)];

/** What k8s.io/kubernetes pkg/printers/internalversion/printers.go shows of a kind; others have a name and an age. */
const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  Pod: [
    ['Ready', (pod) => `${statuses(pod).filter(({ ready }) => ready).length}/${pod.spec.containers.length}`],
    ['Status', podStatus],
    ['Restarts', (pod) => statuses(pod).reduce((sum, { restartCount = 0 }) => sum + restartCount, 0)],
  ],
  Deployment: [
    ['Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`],
    ['Up-to-date', ({ status }) => status?.updatedReplicas ?? 0],
    ['Available', ({ status }) => status?.availableReplicas ?? 0],
  ],
  StatefulSet: [['Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`]],
  DaemonSet: [
    ['Desired', ({ status }) => status?.desiredNumberScheduled ?? 0],
    ['Current', ({ status }) => status?.currentNumberScheduled ?? 0],
    ['Ready', ({ status }) => status?.numberReady ?? 0],
    ['Up-to-date', ({ status }) => status?.updatedNumberScheduled ?? 0],
    ['Available', ({ status }) => status?.numberAvailable ?? 0],
    SELECTOR,
  ],
  ReplicaSet: [
    ['Desired', ({ spec }) => spec.replicas ?? 1],
    ['Current', ({ status }) => status?.replicas ?? 0],
    ['Ready', ({ status }) => status?.readyReplicas ?? 0],
  ],
  Node: [
    ['Status', (node) => `${isReady(node) ? 'Ready' : 'NotReady'}${node.spec?.unschedulable ? ',SchedulingDisabled' : ''}`],
    ['Roles', (node) => roles(node)],
  ],
  ServiceAccount: [['Secrets', ({ secrets = [] }) => secrets.length]],
  ConfigMap: [['Data', ({ data = {} }) => Object.keys(data).length]],
  Namespace: [['Status', ({ status }) => status?.phase ?? 'Active']],
};

/** Whether a client would rather have a table than objects, as `kubectl get` says. */
export function wantsTable(accept: string | undefined): boolean {
  return accept?.split(',')[0]?.includes('as=Table') === true;
}

/** The table of a list or of one object (k8s.io/apimachinery pkg/apis/meta/v1, Table). `now` is in milliseconds. */
export function tableOf(kind: string, items: readonly KubernetesObject[], metadata: unknown, now: number): unknown {
  const columns = COLUMNS[kind] ?? [];
  const last: Column[] = kind === 'Node' ? [['Version', ({ status }) => status?.nodeInfo?.kubeletVersion ?? '<none>']] : [];
  const age: Column = ['Age', (object) => humanAge(now - Date.parse(object.metadata.creationTimestamp ?? new Date(now).toISOString()))];
  const all: Column[] = [['Name', ({ metadata: { name } }) => name], ...columns, age, ...last];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: all.map(([name]) => ({ name, type: 'string', format: name === 'Name' ? 'name' : '', description: '', priority: 0 })),
    rows: items.map((object) => ({
      cells: all.map(([, cell]) => cell(object)),
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  };
}

/** A time span as k8s.io/apimachinery pkg/util/duration prints it: two units at most, the coarser the longer. */
export function humanAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (whole: number, unit: string, rest: number, restUnit: string): string =>
    `${whole}${unit}${rest === 0 ? '' : `${rest}${restUnit}`}`;
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 2 * 365) return `${days}d`;
  if (days < 8 * 365) return two(Math.floor(days / 365), 'y', days % 365, 'd');
  return `${Math.floor(days / 365)}y`;
}

interface ContainerStatus {
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}

function statuses({ status }: KubernetesObject): readonly ContainerStatus[] {
  return status?.containerStatuses ?? [];
}

function podStatus(pod: KubernetesObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const phase: string = pod.status?.phase ?? 'Pending';
  const waiting = statuses(pod).find(({ state }) => state?.waiting?.reason !== undefined)?.state?.waiting?.reason;
  return waiting ?? (phase === 'Succeeded' ? 'Completed' : phase === 'Failed' ? 'Error' : phase);
}

function roles({ metadata }: KubernetesObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const names = Object.keys(metadata.labels ?? {}).flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
  return names.sort().join(',') || '<none>';
}

function pairs(labels: Readonly<Record<string, string>> | undefined): string {
  return (
    Object.entries(labels ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(',') || '<none>'
  );
}
