import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { ObjectChange, TwinClock } from '../contracts.ts';
import type { Kind, KindRegistry } from './kinds.ts';
import { isFinished, timestamp, withMetadata } from './objects.ts';
import type { Store } from './store.ts';

/** `DeleteOptions` of meta/v1, as far as the twin reads them. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: string | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
}

/** How long a pod takes to stop, in milliseconds, whatever grace it has: twin containers end at once on SIGTERM. */
const TERMINATION = 1000;

/**
 * Deletes as the API server does: a running pod gets its grace, what has finalizers waits for them, and what an owner
 * leaves behind is collected. The answer is the object's last state.
 */
export function deleteObject(
  store: Store,
  kinds: KindRegistry,
  clock: TwinClock,
  kind: Kind,
  object: KubernetesObject,
  options: DeleteOptions,
  by: ObjectChange['by'],
): KubernetesObject {
  const finalizers = (object.metadata as { finalizers?: readonly string[] }).finalizers ?? [];
  const grace = options.gracePeriodSeconds ?? object.spec?.terminationGracePeriodSeconds ?? 30;
  const graceful = kind.kind === 'Pod' && grace > 0 && object.spec.nodeName !== undefined && !isFinished(object);
  if (!graceful && finalizers.length === 0) {
    store.remove(kind, object, by);
    collect(store, kinds, clock, kind, object, options);
    return object;
  }
  if (object.metadata.deletionTimestamp !== undefined) {
    return object;
  }
  const leaving = withMetadata(object, {
    deletionTimestamp: timestamp(clock.now() + (graceful ? grace * 1000 : 0)),
    ...(graceful ? { deletionGracePeriodSeconds: grace } : {}),
  });
  const marked = store.update(kind, object, leaving, by);
  if (graceful) {
    clock.schedule(Math.min(TERMINATION, grace * 1000), () => {
      const current = store.get(kind, object.metadata.namespace, object.metadata.name);
      if (current?.metadata.uid === object.metadata.uid) {
        deleteObject(store, kinds, clock, kind, current as KubernetesObject, { gracePeriodSeconds: 0 }, 'system');
      }
    });
  }
  return marked;
}

/** Takes an object away whose deletion waited for its last finalizer. */
export function finishIfReleased(store: Store, kind: Kind, object: KubernetesObject, by: ObjectChange['by']): void {
  const finalizers = (object.metadata as { finalizers?: readonly string[] }).finalizers ?? [];
  if (object.metadata.deletionTimestamp !== undefined && finalizers.length === 0 && kind.kind !== 'Pod') {
    store.remove(kind, object, by);
  }
}

/** The garbage collector: what the owner leaves behind goes too, or is orphaned where the request said so. */
function collect(store: Store, kinds: KindRegistry, clock: TwinClock, kind: Kind, owner: KubernetesObject, options: DeleteOptions): void {
  for (const dependent of store.dependents(owner.metadata.uid)) {
    const dependentKind = kinds.of(dependent);
    if (dependentKind === undefined) {
      continue;
    }
    const owners = dependent.metadata.ownerReferences?.filter((reference) => reference.uid !== owner.metadata.uid) ?? [];
    if (options.propagationPolicy === 'Orphan' || owners.length > 0) {
      store.update(
        dependentKind,
        dependent,
        withMetadata(dependent, { ownerReferences: owners.length > 0 ? owners : undefined }),
        'system',
      );
    } else {
      deleteObject(store, kinds, clock, dependentKind, dependent, {}, 'system');
    }
  }
  if (kind.kind === 'Namespace') {
    for (const inner of kinds.all().filter((candidate) => candidate.namespaced)) {
      for (const object of store.list(inner, owner.metadata.name)) {
        deleteObject(store, kinds, clock, inner, object, { gracePeriodSeconds: 0 }, 'system');
      }
    }
  }
}
