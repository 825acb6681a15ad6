import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { AGE, type Column, column, NAME, since, wide } from './column.ts';

interface Terminated {
  readonly exitCode?: number;
  readonly signal?: number;
  readonly reason?: string;
  readonly finishedAt?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: { readonly reason?: string }; readonly running?: object; readonly terminated?: Terminated };
  readonly lastState?: { readonly terminated?: Terminated };
}

interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

/** What a pod's row says of its containers. */
interface PodRow {
  readonly ready: string;
  readonly status: string;
  readonly restarts: string;
}

/** Columns of pods (k8s.io/kubernetes pkg/printers/internalversion/printers.go, printPod). */
export const POD: readonly Column[] = [
  NAME,
  column('Ready', (pod, now) => rowOf(pod, now).ready),
  column('Status', (pod, now) => rowOf(pod, now).status),
  column('Restarts', (pod, now) => rowOf(pod, now).restarts),
  AGE,
  wide('IP', ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? '<none>'),
  wide('Node', ({ spec }) => spec?.nodeName ?? '<none>'),
  wide('Nominated Node', ({ status }) => status?.nominatedNodeName ?? '<none>'),
  wide('Readiness Gates', gates),
];

/** Ready containers, status and restarts of a pod, as a cluster prints them. */
function rowOf(pod: KubernetesObject, now: number): PodRow {
  const { spec, status } = pod;
  const conditions: readonly Condition[] = status?.conditions ?? [];
  const initContainers: readonly Container[] = spec?.initContainers ?? [];
  const sidecars = new Set(initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name));
  const phase: string = status?.phase ?? 'Pending';
  const gated = conditions.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  const initial = gated ? 'SchedulingGated' : (status?.reason ?? phase);

  const inits: readonly ContainerStatus[] = status?.initContainerStatuses ?? [];
  const init = initReason(inits, initContainers.length, sidecars);
  const initialized = conditions.some((one) => one.type === 'Initialized' && one.status === 'True');
  const sidecarStatuses = inits.filter(({ name }) => sidecars.has(name));
  const readySidecars = sidecarStatuses.filter(({ ready, started }) => ready === true && started === true).length;
  const whole = (spec?.containers?.length ?? 0) + sidecars.size;
  const terminating = terminationOf(pod, phase);

  if (init !== undefined && !initialized) {
    const shown = inits.slice(0, init.index + 1);
    return { ready: `${readySidecars}/${whole}`, status: terminating ?? init.reason, restarts: restartsOf(shown, now) };
  }
  const containers: readonly ContainerStatus[] = status?.containerStatuses ?? [];
  const running = containers.filter(({ ready, state }) => ready === true && state?.running !== undefined && reasonOf(state) === undefined);
  // The first container's word counts most: they are looked at from the last.
  const told = containers.map(({ state }) => reasonOf(state)).find((reason) => reason !== undefined);
  const reason = told ?? init?.reason ?? initial;
  const ready = conditions.some((one) => one.type === 'Ready' && one.status === 'True');
  const shown = reason === 'Completed' && running.length > 0 ? (ready ? 'Running' : 'NotReady') : reason;
  return {
    ready: `${readySidecars + running.length}/${whole}`,
    status: terminating ?? shown,
    restarts: restartsOf([...sidecarStatuses, ...containers], now),
  };
}

function reasonOf(state: ContainerStatus['state']): string | undefined {
  const { waiting, terminated } = state ?? {};
  if (waiting?.reason) return waiting.reason;
  return terminated === undefined ? undefined : terminatedReason(terminated);
}

function terminatedReason({ reason, signal, exitCode = 0 }: Terminated): string {
  if (reason) return reason;
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

/** The first init container that is not done, and what is to be said of it; undefined where all are. */
function initReason(
  statuses: readonly ContainerStatus[],
  count: number,
  sidecars: ReadonlySet<string>,
): { readonly index: number; readonly reason: string } | undefined {
  for (const [index, { name, started, state }] of statuses.entries()) {
    const { terminated, waiting } = state ?? {};
    if (terminated !== undefined && (terminated.exitCode ?? 0) === 0) continue;
    if (sidecars.has(name) && started === true) continue;
    if (terminated !== undefined) return { index, reason: `Init:${terminatedReason(terminated)}` };
    const word = waiting?.reason;
    return { index, reason: word && word !== 'PodInitializing' ? `Init:${word}` : `Init:${index}/${count}` };
  }
  return undefined;
}

function terminationOf({ metadata, status }: KubernetesObject, phase: string): string | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined;
  if (status?.reason === 'NodeLost') return 'Unknown';
  return phase === 'Succeeded' || phase === 'Failed' ? undefined : 'Terminating';
}

function restartsOf(statuses: readonly ContainerStatus[], now: number): string {
  const restarts = statuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
  const ended = statuses.flatMap(({ lastState }) => lastState?.terminated?.finishedAt ?? []).sort();
  const last = ended.at(-1);
  return restarts === 0 || last === undefined ? String(restarts) : `${restarts} (${since(last, now)} ago)`;
}

function gates({ spec, status }: KubernetesObject): string {
  const wanted: readonly { readonly conditionType: string }[] = spec?.readinessGates ?? [];
  const conditions: readonly Condition[] = status?.conditions ?? [];
  const met = wanted.filter(({ conditionType }) => conditions.some((one) => one.type === conditionType && one.status === 'True'));
  return wanted.length === 0 ? '<none>' : `${met.length}/${wanted.length}`;
}
