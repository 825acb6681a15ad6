import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { ObjectChange } from '../contracts.ts';
import type { Kind, KindRegistry } from './kinds.ts';
import { equal, timestamp, withMetadata } from './objects.ts';

/** A change as the store keeps it, for watches. */
export interface StoredChange extends ObjectChange {
  readonly kind: Kind;
  /** The counter after the change. */
  readonly resourceVersion: number;
}

interface Shelf {
  readonly namespaces: Map<string, Map<string, KubernetesObject>>;
  /** Sorted lists by namespace, and of all under `*`; dropped when an object changes. */
  readonly lists: Map<string, readonly KubernetesObject[]>;
}

/** Watches can go back so many changes; what is older has expired. */
const HISTORY = 2000;

const WITHOUT_GENERATION = new Set(['Pod', 'Namespace', 'Node', 'ServiceAccount', 'ConfigMap', 'Secret', 'Event', 'Endpoints']);

/**
 * All objects of a cluster. Objects are never changed in place: what it gives out stays as it is, and unchanged parts
 * are shared between versions. One counter makes all resource versions.
 */
export class Store {
  readonly #shelves = new Map<string, Shelf>();
  readonly #dependents = new Map<string, Map<string, KubernetesObject>>();
  readonly #listeners: ((change: StoredChange) => void)[] = [];
  readonly #kinds: KindRegistry;
  readonly #now: () => number;
  #history: StoredChange[] = [];
  #version = 1000;
  /** How many uids an identity has had. */
  readonly #made = new Map<string, number>();
  readonly #avoided = new Set<string>();
  #oldest = 0;

  /** `now` in milliseconds since the epoch. */
  constructor(kinds: KindRegistry, now: () => number) {
    this.#kinds = kinds;
    this.#now = now;
  }

  /** The counter as it stands. */
  get resourceVersion(): number {
    return this.#version;
  }

  /** Milliseconds since the epoch, as objects are stamped. */
  now(): number {
    return this.#now();
  }

  /** Gives none of these uids to a new object. Those of an earlier twin look like its own. */
  avoid(uids: readonly string[]): void {
    for (const uid of uids) this.#avoided.add(uid);
  }

  get(kind: Kind, namespace: string | undefined, name: string): KubernetesObject | undefined {
    return this.#shelf(kind)
      .namespaces.get(namespace ?? '')
      ?.get(name);
  }

  /** Sorted by namespace and name, as etcd's keys are; the array is shared and never changes. */
  list(kind: Kind, namespace?: string): readonly KubernetesObject[] {
    const shelf = this.#shelf(kind);
    const key = namespace ?? '*';
    const cached = shelf.lists.get(key);
    if (cached !== undefined) {
      return cached;
    }
    const list =
      namespace === undefined
        ? [...shelf.namespaces.keys()].sort(compare).flatMap((name) => this.list(kind, name))
        : [...(shelf.namespaces.get(namespace)?.values() ?? [])].sort((left, right) => compare(left.metadata.name, right.metadata.name));
    shelf.lists.set(key, list);
    return list;
  }

  /** Objects with an ownerReference to `uid`. */
  dependents(uid: string | undefined): readonly KubernetesObject[] {
    return uid === undefined ? [] : [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  /** Stamps and keeps a new object. The caller has made sure that its name is free. */
  create(kind: Kind, object: KubernetesObject, by: ObjectChange['by']): KubernetesObject {
    const kept = this.stamp(kind, object);
    this.#put(kind, undefined, withMetadata(kept, { resourceVersion: this.#next() }), by);
    return this.get(kind, kept.metadata.namespace, kept.metadata.name) as KubernetesObject;
  }

  /** An object as it would be created: with uid, creationTimestamp and generation, but not kept. */
  stamp(kind: Kind, object: KubernetesObject): KubernetesObject {
    const { metadata } = object;
    const generation = WITHOUT_GENERATION.has(kind.kind) || !('spec' in object || kind.custom) ? undefined : (metadata.generation ?? 1);
    return withMetadata(object, {
      uid: metadata.uid ?? this.#uid(`${kind.kind}/${metadata.namespace ?? ''}/${metadata.name}`),
      creationTimestamp: metadata.creationTimestamp ?? timestamp(this.#now()),
      generation,
      resourceVersion: undefined,
    });
  }

  /**
   * Puts `next` in the place of `before`. Where nothing differs nothing happens, and `before` is the answer; who manages which field
   * is no difference, unless `managers` says so.
   */
  update(kind: Kind, before: KubernetesObject, next: KubernetesObject, by: ObjectChange['by'], managers = false): KubernetesObject {
    const after = this.revise(kind, before, next, managers);
    if (after === before) {
      return before;
    }
    const kept = withMetadata(after, { resourceVersion: this.#next() });
    this.#put(kind, before, kept, by);
    return kept;
  }

  /** `next` as it would be kept in the place of `before`, or `before` itself where they say the same. */
  revise(kind: Kind, before: KubernetesObject, next: KubernetesObject, managers = false): KubernetesObject {
    const { uid, creationTimestamp, resourceVersion, generation } = before.metadata;
    const after = withMetadata(next, { uid, creationTimestamp, resourceVersion, generation });
    const { managedFields } = before.metadata;
    if (!managers && equal(before, managedFields === after.metadata.managedFields ? after : withMetadata(after, { managedFields }))) {
      return before;
    }
    if (generation === undefined) {
      return after;
    }
    const bump = kind.custom ? !equal(desired(before), desired(after)) : !equal(before.spec, after.spec);
    const leaving = before.metadata.deletionTimestamp === undefined && after.metadata.deletionTimestamp !== undefined;
    return bump || leaving ? withMetadata(after, { generation: generation + 1 }) : after;
  }

  /** Takes an object away; its last state is announced. */
  remove(kind: Kind, object: KubernetesObject, by: ObjectChange['by']): void {
    const { namespace = '', name } = object.metadata;
    const held = this.#shelf(kind).namespaces.get(namespace);
    const before = held?.get(name);
    if (held === undefined || before === undefined) {
      return;
    }
    held.delete(name);
    this.#forget(kind, namespace);
    this.#unlink(before);
    this.#next();
    this.#announce({ kind, before, after: undefined, by, resourceVersion: this.#version });
  }

  /** Listeners are called in the order they came, after the change is visible. */
  subscribe(listener: (change: StoredChange) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      const index = this.#listeners.indexOf(listener);
      if (index !== -1) {
        this.#listeners.splice(index, 1);
      }
    };
  }

  /** The changes of a kind after a resource version; undefined where they are no longer known. */
  changesSince(kind: Kind, resourceVersion: number): StoredChange[] | undefined {
    return resourceVersion < this.#oldest
      ? undefined
      : this.#history.filter(
          (change) => change.kind.kind === kind.kind && change.kind.group === kind.group && change.resourceVersion > resourceVersion,
        );
  }

  /** Forgets all history, as etcd's compaction does. */
  compact(): void {
    this.#history = [];
    this.#oldest = this.#version;
  }

  #shelf(kind: Kind): Shelf {
    const key = `${kind.group}/${kind.kind}`;
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) {
      shelf = { namespaces: new Map(), lists: new Map() };
      this.#shelves.set(key, shelf);
    }
    return shelf;
  }

  #put(kind: Kind, before: KubernetesObject | undefined, after: KubernetesObject, by: ObjectChange['by']): void {
    const namespace = after.metadata.namespace ?? '';
    const shelf = this.#shelf(kind);
    let held = shelf.namespaces.get(namespace);
    if (held === undefined) {
      held = new Map();
      shelf.namespaces.set(namespace, held);
    }
    held.set(after.metadata.name, after);
    this.#forget(kind, namespace);
    if (before !== undefined) {
      this.#unlink(before);
    }
    for (const owner of after.metadata.ownerReferences ?? []) {
      let owned = this.#dependents.get(owner.uid);
      if (owned === undefined) {
        owned = new Map();
        this.#dependents.set(owner.uid, owned);
      }
      owned.set(after.metadata.uid as string, after);
    }
    if (after.kind === 'CustomResourceDefinition') {
      this.#kinds.learnDefinition(after);
    }
    this.#announce({ kind, before, after, by, resourceVersion: this.#version });
  }

  #unlink(object: KubernetesObject): void {
    for (const owner of object.metadata.ownerReferences ?? []) {
      const owned = this.#dependents.get(owner.uid);
      owned?.delete(object.metadata.uid as string);
      if (owned?.size === 0) {
        this.#dependents.delete(owner.uid);
      }
    }
  }

  #forget(kind: Kind, namespace: string): void {
    const { lists } = this.#shelf(kind);
    lists.delete(namespace);
    lists.delete('*');
  }

  #announce(change: StoredChange): void {
    this.#history.push(change);
    if (this.#history.length > 2 * HISTORY) {
      this.#history = this.#history.slice(-HISTORY);
      this.#oldest = (this.#history[0] as StoredChange).resourceVersion - 1;
    }
    for (const listener of [...this.#listeners]) {
      listener(change);
    }
  }

  #next(): string {
    this.#version += 1;
    return String(this.#version);
  }

  /** By what the object is, not by when it came: requests that run side by side come in any order, and a run is to be the same each time. */
  #uid(identity: string): string {
    for (let count = (this.#made.get(identity) ?? 0) + 1; ; count += 1) {
      const hash = createHash('sha256').update(`${identity} ${count}`).digest('hex');
      const uid = `00000000-0000-4000-8000-${hash.slice(0, 12)}`;
      if (this.#avoided.has(uid)) continue;
      this.#made.set(identity, count);
      return uid;
    }
  }
}

function desired(object: KubernetesObject): Record<string, unknown> {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
