import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { type Condition, setCondition } from './objects.ts';

interface Container {
  readonly name: string;
  readonly image?: string;
  readonly restartPolicy?: string;
}

/** How far a pod has come. `states` is given for what ended: the terminated state by container. */
export interface Progress {
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly ready: boolean;
  readonly now: string;
  readonly podIP?: string | undefined;
  readonly hostIP?: string | undefined;
  readonly terminated?: ReadonlyMap<string, { readonly exitCode: number; readonly message: string }>;
  /** Why containers wait, such as `ErrImagePull`. */
  readonly waiting?: string;
}

/** The status that a kubelet reports for a pod that is bound to a node. */
export function podStatus(pod: KubernetesObject, progress: Progress): Record<string, unknown> {
  const { phase, ready, now } = progress;
  const started = phase !== 'Pending';
  const initReason = progress.phase === 'Succeeded' ? 'PodCompleted' : undefined;
  const readyReason = phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : 'ContainersNotReady';
  let conditions = (pod.status?.conditions ?? []) as Condition[];
  const set = (type: string, on: boolean, reason?: string): void => {
    conditions = setCondition(conditions, { type, status: on ? 'True' : 'False', ...(reason === undefined ? {} : { reason }) }, now);
  };
  set('PodScheduled', true);
  set('Initialized', started, initReason);
  set('ContainersReady', ready, ready ? undefined : readyReason);
  set('Ready', ready, ready ? undefined : readyReason);
  const { spec, status } = pod;
  return {
    ...status,
    phase,
    conditions,
    qosClass: status?.qosClass ?? 'BestEffort',
    startTime: status?.startTime ?? now,
    ...(progress.hostIP === undefined ? {} : { hostIP: progress.hostIP }),
    ...(progress.podIP === undefined ? {} : { podIP: progress.podIP, podIPs: [{ ip: progress.podIP }] }),
    ...(spec.initContainers === undefined
      ? {}
      : { initContainerStatuses: (spec.initContainers as Container[]).map((container) => initStatus(pod, container, progress)) }),
    containerStatuses: (spec.containers as Container[]).map((container) => containerStatus(pod, container, progress)),
  };
}

function containerStatus(pod: KubernetesObject, container: Container, progress: Progress): Record<string, unknown> {
  return { ...base(pod, container), ready: progress.ready, started: progress.phase === 'Running', state: state(pod, container, progress) };
}

function initStatus(pod: KubernetesObject, container: Container, progress: Progress): Record<string, unknown> {
  const sidecar = container.restartPolicy === 'Always';
  const started = progress.phase !== 'Pending';
  const done = { terminated: { exitCode: 0, reason: 'Completed', finishedAt: progress.now } };
  const waiting = { waiting: { reason: 'PodInitializing' } };
  return {
    ...base(pod, container),
    ready: started,
    started: sidecar && started,
    state: sidecar ? state(pod, container, progress) : started ? done : waiting,
  };
}

function base(pod: KubernetesObject, { name, image = '' }: Container): Record<string, unknown> {
  return { name, image, imageID: '', restartCount: 0, lastState: {}, containerID: `containerd://${pod.metadata.uid}-${name}` };
}

function state(pod: KubernetesObject, { name }: Container, progress: Progress): Record<string, unknown> {
  const startedAt = pod.status?.startTime ?? progress.now;
  const ended = progress.terminated?.get(name);
  if (ended !== undefined) {
    const { exitCode, message } = ended;
    return { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', message, startedAt, finishedAt: progress.now } };
  }
  if (progress.phase === 'Running') {
    return { running: { startedAt } };
  }
  return { waiting: { reason: progress.waiting ?? 'ContainerCreating' } };
}
