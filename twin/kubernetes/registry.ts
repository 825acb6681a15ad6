import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { TwinClock } from '../contracts.ts';
import { withoutNulls } from './absent.ts';
import type { Admission } from './admission.ts';
import { type DeleteOptions, deleteObject, finishIfReleased } from './deletion.ts';
import { apiVersionOf, type Kind, type KindRegistry } from './kinds.ts';
import { timestamp, withMetadata } from './objects.ts';
import { afterUpdate, sameManagers } from './server-side-apply.ts';
import { ApiError, alreadyExists, badRequest, conflict, forbidden, invalid, modified, notFound } from './status.ts';
import type { Store } from './store.ts';
import { countTemplate } from './template-generation.ts';
import { validateCreate, validateUpdate } from './validation.ts';

/** Who writes, and how. */
export interface WriteOptions {
  readonly dryRun: boolean;
  /** The field manager, for managedFields. */
  readonly manager: string;
  /** The API server instance that admits. */
  readonly instance: number;
  /** Whether the object's managedFields are those of a server-side apply, and so right. */
  readonly applied?: boolean;
}

/** The parts of an object that a request may write: all but its status, or its status alone. */
export type Part = 'main' | 'status';

/** Creates, updates and deletes as requests ask for them, with the API server's checks. All throw `ApiError`. */
export class Registry {
  readonly #store: Store;
  readonly #kinds: KindRegistry;
  readonly #admission: Admission;
  readonly #clock: TwinClock;
  #generated = 0;

  constructor(store: Store, kinds: KindRegistry, admission: Admission, clock: TwinClock) {
    this.#store = store;
    this.#kinds = kinds;
    this.#admission = admission;
    this.#clock = clock;
  }

  /** The object, or 404. */
  get(kind: Kind, namespace: string | undefined, name: string): KubernetesObject {
    const object = this.#store.get(kind, namespace, name);
    if (object === undefined) {
      throw notFound(kind, name);
    }
    return object;
  }

  create(kind: Kind, namespace: string | undefined, body: unknown, options: WriteOptions): KubernetesObject {
    const given = this.#checked(kind, body);
    if (namespace !== undefined && given.metadata.namespace !== undefined && given.metadata.namespace !== namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    const metadata = given.metadata as { name?: string; generateName?: string };
    const name = metadata.name || (metadata.generateName ? this.#generateName(metadata.generateName) : '');
    if (name === '') {
      throw invalid(kind, '', 'metadata.name', 'Required value: name or generateName is required');
    }
    if ((given.metadata.resourceVersion ?? '') !== '') {
      throw badRequest('resourceVersion should not be set on objects to be created');
    }
    this.#requireNamespace(kind, namespace, name);
    const { status: _status, ...withoutStatus } = given;
    const named = withMetadata(kind.statusSubresource ? (withoutStatus as KubernetesObject) : given, {
      name,
      namespace,
      uid: undefined,
      creationTimestamp: undefined,
      deletionTimestamp: undefined,
      generation: undefined,
    });
    const admitted = countTemplate(kind, undefined, this.#admission.create(kind, initialStatus(kind, named), options.instance));
    validateCreate(kind, admitted);
    if (this.#store.get(kind, namespace, name) !== undefined) {
      throw alreadyExists(kind, name);
    }
    // What was applied says itself who has which field.
    const managed =
      options.applied === true
        ? admitted
        : withMetadata(admitted, { managedFields: this.#managed(undefined, admitted, kind, options, undefined) });
    return options.dryRun ? this.#store.stamp(kind, managed) : this.#store.create(kind, managed, 'request');
  }

  /** Puts what `edit` makes of the object in its place. */
  update(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    part: Part,
    edit: (before: KubernetesObject) => unknown,
    options: WriteOptions,
  ): KubernetesObject {
    const before = this.get(kind, namespace, name);
    const body = this.#checked(kind, edit(before));
    const { resourceVersion, uid } = body.metadata;
    if (uid !== undefined && uid !== before.metadata.uid) {
      throw conflict(kind, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`);
    }
    if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== before.metadata.resourceVersion) {
      throw modified(kind, name);
    }
    if (body.metadata.name !== name || (body.metadata.namespace ?? namespace) !== namespace) {
      throw badRequest(`the name of the object (${body.metadata.name}) does not match the name on the URL (${name})`);
    }
    const merged = this.#merged(kind, before, body, part, options.applied === true);
    if (part === 'main') {
      validateUpdate(kind, before, merged);
    }
    const managers = options.applied === true && !sameManagers(before, merged);
    const revised = this.#store.revise(kind, before, merged, managers);
    if (revised === before) {
      return before;
    }
    const subresource = part === 'status' ? 'status' : undefined;
    const managed =
      options.applied === true
        ? revised
        : withMetadata(revised, { managedFields: this.#managed(before, revised, kind, options, subresource) });
    if (options.dryRun) {
      return managed;
    }
    const after = this.#store.update(kind, before, withMetadata(managed, { generation: before.metadata.generation }), 'request', managers);
    finishIfReleased(this.#store, kind, after, 'request');
    return after;
  }

  delete(kind: Kind, namespace: string | undefined, name: string, options: DeleteOptions & { dryRun: boolean }): KubernetesObject {
    const object = this.get(kind, namespace, name);
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (uid !== undefined && uid !== object.metadata.uid) {
      throw conflict(kind, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${object.metadata.uid}`);
    }
    if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
      throw conflict(
        kind,
        name,
        `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${object.metadata.resourceVersion}`,
      );
    }
    if (kind.kind === 'Namespace' && ['default', 'kube-system', 'kube-public'].includes(name)) {
      throw forbidden(kind, name, 'this namespace may not be deleted');
    }
    return options.dryRun ? object : deleteObject(this.#store, this.#kinds, this.#clock, kind, object, options, 'request');
  }

  #checked(kind: Kind, given: unknown): KubernetesObject {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw badRequest('the body of the request is no object');
    }
    const object = { metadata: {}, ...withoutNulls(given) } as KubernetesObject;
    const group = kind.group === '' ? '' : `${kind.group}/`;
    if (object.kind !== undefined && object.kind !== kind.kind) {
      throw badRequest(`${object.kind} in version "${object.apiVersion}" cannot be handled as a ${kind.kind}`);
    }
    if (object.apiVersion !== undefined && !object.apiVersion.startsWith(group)) {
      throw badRequest(
        `the API version in the data (${object.apiVersion}) does not match the expected API version (${apiVersionOf(kind.group, kind.versions[0] ?? '')})`,
      );
    }
    return { ...object, apiVersion: object.apiVersion ?? apiVersionOf(kind.group, kind.versions[0] ?? ''), kind: kind.kind };
  }

  #merged(kind: Kind, before: KubernetesObject, body: KubernetesObject, part: Part, applied: boolean): KubernetesObject {
    if (part === 'status') {
      return { ...before, status: body.status };
    }
    const { deletionTimestamp, managedFields } = before.metadata;
    const kept = withMetadata(kind.statusSubresource && 'status' in before ? { ...body, status: before.status } : body, {
      deletionTimestamp,
      managedFields: applied ? body.metadata.managedFields : managedFields,
    });
    // Updates are defaulted as creates are; pods are not injected again.
    return kind.custom || kind.kind === 'Pod' ? kept : countTemplate(kind, before, this.#admission.create(kind, kept, 0));
  }

  #managed(
    before: KubernetesObject | undefined,
    after: KubernetesObject,
    kind: Kind,
    options: WriteOptions,
    subresource: string | undefined,
  ): NonNullable<KubernetesObject['metadata']['managedFields']> {
    const entry = {
      manager: options.manager,
      operation: 'Update',
      apiVersion: after.apiVersion,
      time: timestamp(this.#clock.now()),
      fieldsType: 'FieldsV1',
      fieldsV1: {},
      ...(subresource === undefined ? {} : { subresource }),
    };
    return before === undefined ? [entry] : afterUpdate(before, after, entry, kind.custom);
  }

  #requireNamespace(kind: Kind, namespace: string | undefined, name: string): void {
    if (!kind.namespaced || namespace === undefined) {
      return;
    }
    const namespaces = this.#kinds.byKind('', 'Namespace') as Kind;
    const holder = this.#store.get(namespaces, undefined, namespace);
    if (holder === undefined) {
      throw notFound(namespaces, namespace);
    }
    if (holder.metadata.deletionTimestamp !== undefined) {
      throw new ApiError(
        403,
        'Forbidden',
        `${kind.plural} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
        {
          name,
          kind: kind.plural,
          causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
        },
      );
    }
  }

  #generateName(prefix: string): string {
    this.#generated += 1;
    return `${prefix}${randomSuffix(this.#generated, 5)}`;
  }
}

/** The alphabet of k8s.io/apimachinery pkg/util/rand: no vowels, so no words. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/** A suffix as Kubernetes generates them, the same for the same number. */
export function randomSuffix(number: number, length: number): string {
  let value = Math.imul(number, 0x9e3779b1) >>> 0;
  let text = '';
  for (let index = 0; index < length; index += 1) {
    text += SAFE[value % SAFE.length];
    value = (Math.imul(value ^ (value >>> 15), 0x85ebca6b) + number) >>> 0;
  }
  return text;
}

function initialStatus(kind: Kind, object: KubernetesObject): KubernetesObject {
  switch (kind.kind) {
    case 'Pod':
      return { ...object, status: { phase: 'Pending', qosClass: 'BestEffort' } };
    case 'Namespace':
      return { ...object, status: { phase: 'Active' } };
    default:
      return kind.group === 'apps' || kind.group === 'batch' || kind.group === 'policy' ? { ...object, status: {} } : object;
  }
}
