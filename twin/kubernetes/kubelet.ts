import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { SCHEDULED_AT } from './controllers/cron-job.ts';
import { controllerOf, isFinished, isReady, setCondition, timestamp } from './objects.ts';
import { podStatus } from './pod-status.ts';
import { Scheduler } from './scheduler.ts';
import { type Ended, runShortLived } from './short-lived.ts';
import type { World } from './world.ts';

/** A pod that no node takes is looked at again after so many milliseconds. */
const UNSCHEDULABLE_RETRY = 30_000;
/** How long the containers of a CronJob's pod run, in milliseconds. */
const JOB_RUN = 20_000;
/** From a failed pull until the kubelet backs off. */
const PULL_BACK_OFF = 10_000;

/** Scheduler and kubelets: they carry pods from Pending to ready, and run the pods that end by themselves. */
export class Kubelet {
  readonly #world: World;
  readonly #scheduler: Scheduler;
  readonly #unpullable: (image: string) => boolean;
  readonly #failing = new Set<(pod: KubernetesObject) => boolean>();
  readonly #unready = new Set<string>();
  #addresses = 0;

  constructor(world: World, unpullable: (image: string) => boolean) {
    this.#world = world;
    this.#scheduler = new Scheduler(world);
    this.#unpullable = unpullable;
    world.store.subscribe(({ kind, before, after }) => {
      if (kind !== world.pods) {
        return;
      }
      if (before === undefined && after !== undefined && !isFinished(after) && !isReady(after) && !(world.loading && isSeen(after))) {
        this.#enqueue(after);
      } else if (after === undefined && before !== undefined) {
        this.#unready.delete(before.metadata.uid as string);
      }
    });
  }

  /** Pods that the predicate names stay unready, until the answer is called. */
  failReadiness(predicate: (pod: KubernetesObject) => boolean): () => void {
    this.#failing.add(predicate);
    return () => {
      this.#failing.delete(predicate);
      const waiting = this.#world.store.list(this.#world.pods).filter((pod) => this.#unready.has(pod.metadata.uid as string));
      for (const pod of waiting) {
        this.#unready.delete(pod.metadata.uid as string);
        this.#later(pod, this.#world.delays.podReady, (current) => this.#becomeReady(current));
      }
    };
  }

  #enqueue(pod: KubernetesObject): void {
    const { queue } = this.#world;
    queue.add(`pod/${pod.metadata.uid}`, () => this.#current(pod, (current) => this.#admit(current)));
  }

  #admit(pod: KubernetesObject): void {
    const { store, pods, delays, loading, clock } = this.#world;
    const nodeName: string | undefined = pod.spec.nodeName ?? this.#scheduler.choose(pod);
    if (nodeName === undefined) {
      const unscheduled = {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0 nodes are available: no node fits the pod.',
      };
      this.#world.setStatus(pods, pod, {
        ...pod.status,
        phase: 'Pending',
        conditions: setCondition(pod.status?.conditions, unscheduled, this.#now()),
      });
      this.#world.queue.addAt(clock.now() + UNSCHEDULABLE_RETRY, `pod/${pod.metadata.uid}`, () =>
        this.#current(pod, (current) => this.#admit(current)),
      );
      return;
    }
    const bound = { ...pod, spec: { ...pod.spec, nodeName } };
    if (loading) {
      const running = this.#finalStatus(bound, true);
      store.update(pods, pod, { ...bound, status: running }, 'system');
      return;
    }
    const scheduled = { type: 'PodScheduled', status: 'True' };
    const conditions = setCondition(pod.status?.conditions, scheduled, this.#now());
    const kept = store.update(pods, pod, { ...bound, status: { ...pod.status, phase: 'Pending', conditions } }, 'system');
    this.#later(kept, delays.podStart, (current) => this.#start(current));
  }

  #start(pod: KubernetesObject): void {
    const { pods, delays } = this.#world;
    const images = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(
      (container: { image?: string }) => container.image ?? '',
    );
    if (images.some((image) => this.#unpullable(image))) {
      const waiting = (reason: string) => (current: KubernetesObject) =>
        void this.#world.setStatus(
          pods,
          current,
          podStatus(current, { phase: 'Pending', ready: false, now: this.#now(), waiting: reason }),
        );
      waiting('ErrImagePull')(pod);
      this.#later(pod, PULL_BACK_OFF, waiting('ImagePullBackOff'));
      return;
    }
    const ended = runShortLived(pod, this.#world.aws);
    if (ended !== undefined) {
      this.#end(pod, ended);
      return;
    }
    const running = this.#world.setStatus(pods, pod, this.#finalStatus(pod, false));
    this.#later(running, delays.podReady, (current) => this.#becomeReady(current));
    if (this.#isScheduledJobs(running)) {
      const ended = new Map(pod.spec.containers.map(({ name }: { name: string }) => [name, { exitCode: 0, message: '' }]));
      this.#later(running, JOB_RUN, (current) => this.#end(current, ended as ReadonlyMap<string, Ended>));
    }
  }

  /** The pods of other Jobs go on: how long those take is not known. */
  #isScheduledJobs(pod: KubernetesObject): boolean {
    const owner = controllerOf(pod);
    if (owner?.kind !== 'Job') return false;
    const job = this.#world.store.get(this.#world.kind('batch', 'Job'), pod.metadata.namespace, owner.name);
    return job?.metadata.annotations?.[SCHEDULED_AT] !== undefined;
  }

  #becomeReady(pod: KubernetesObject): void {
    if ([...this.#failing].some((fails) => fails(pod))) {
      this.#unready.add(pod.metadata.uid as string);
      return;
    }
    this.#world.setStatus(this.#world.pods, pod, podStatus(pod, { phase: 'Running', ready: true, now: this.#now() }));
  }

  /** A pod whose containers end by themselves: their exit codes decide how it ended. */
  #end(pod: KubernetesObject, terminated: ReadonlyMap<string, Ended>): void {
    const failed = [...terminated.values()].some(({ exitCode }) => exitCode !== 0);
    this.#world.setStatus(
      this.#world.pods,
      pod,
      podStatus(pod, { phase: failed ? 'Failed' : 'Succeeded', ready: false, now: this.#now(), terminated, ...this.#addressesOf(pod) }),
    );
  }

  #finalStatus(pod: KubernetesObject, ready: boolean): Record<string, unknown> {
    return podStatus(pod, { phase: 'Running', ready, now: this.#now(), ...this.#addressesOf(pod) });
  }

  #addressesOf(pod: KubernetesObject): { podIP: string; hostIP: string } {
    const { store } = this.#world;
    const node = store.get(this.#world.kind('', 'Node'), undefined, pod.spec.nodeName);
    const internal = (node?.status?.addresses as { type: string; address: string }[] | undefined)?.find(
      (entry) => entry.type === 'InternalIP',
    );
    const hostIP = internal?.address ?? /ip-(\d+)-(\d+)-(\d+)-(\d+)/.exec(pod.spec.nodeName)?.slice(1, 5).join('.') ?? '10.0.0.1';
    if (pod.spec.hostNetwork === true) {
      return { podIP: hostIP, hostIP };
    }
    this.#addresses += 1;
    const number = this.#addresses;
    return { podIP: `100.${64 + ((number >> 16) & 63)}.${(number >> 8) & 255}.${number & 255}`, hostIP };
  }

  #later(pod: KubernetesObject, milliseconds: number, work: (current: KubernetesObject) => void): void {
    this.#world.clock.schedule(milliseconds, () => this.#current(pod, work));
  }

  /** Works on the pod as it is now, if it is still there and not leaving. */
  #current(pod: KubernetesObject, work: (current: KubernetesObject) => void): void {
    const current = this.#world.store.get(this.#world.pods, pod.metadata.namespace, pod.metadata.name);
    if (current !== undefined && current.metadata.uid === pod.metadata.uid && current.metadata.deletionTimestamp === undefined) {
      work(current);
    }
  }

  #now(): string {
    return timestamp(this.#world.store.now());
  }
}

/** Whether a scheduler or kubelet has looked at the pod already: what a snapshot holds of it stays as it is. */
function isSeen({ status }: KubernetesObject): boolean {
  return (status?.phase ?? 'Pending') !== 'Pending' || (status?.conditions ?? []).length > 0;
}
