import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { Audit, AuditEvent } from './audit.ts';

/** A write that a client asked for. */
export interface ClientWrite {
  /** `PLURAL` or `PLURAL.GROUP`. */
  readonly resource: string;
  /** As a twin's log has it: `patch deployments`, `create pods/eviction`, `create pods?dryRun`. */
  readonly operation: string;
  readonly apiGroup: string;
  /** `NAMESPACE/NAME`, or the name alone; of a create that has only begun, the namespace alone. */
  readonly object: string;
  readonly principal: string;
  /** False for dry runs, and for questions that are put as creates. */
  readonly write: boolean;
}

/** Tells a client's changes of a cluster from those of everybody else, by the API server's audit. */
export interface ClientWrites extends Audit {
  /** Resolves once the writes of this resource that are under way now have ended: only then it is known which changes are theirs. */
  underWay(resource: string): Promise<unknown>;
  /** The write that a change came of, or undefined where the change is somebody else's. A deletion is claimed once. */
  behind(resource: string, before: KubernetesObject | undefined, after: KubernetesObject | undefined): ClientWrite | undefined;
}

/** Resources whose creation only asks something. */
const REVIEWS = /^(self)?subject(access|rules)?reviews$|^localsubjectaccessreviews$|^tokenreviews$/;

interface Open {
  readonly write: ClientWrite;
  readonly ended: Promise<void>;
  end(): void;
}

/** What a client of the group writes. `onWrite` hears of each as it begins, refused ones and dry runs too. */
export function createClientWrites(group: string, onWrite: (write: ClientWrite) => void): ClientWrites {
  const open = new Map<string, Open>();
  const versions = new Map<string, { readonly version: bigint; readonly write: ClientWrite }[]>();
  const removals: { readonly resource: string; readonly object: string; readonly uid: string | undefined; readonly write: ClientWrite }[] =
    [];

  const ended = (event: AuditEvent, write: ClientWrite): void => {
    const { responseObject, responseStatus, requestObject, objectRef } = event;
    if (!write.write || (responseStatus?.code ?? 500) >= 300) return;
    const { resource } = write;
    if (event.verb === 'delete' || objectRef?.subresource === 'eviction') {
      const asked = requestObject?.deleteOptions?.preconditions?.uid;
      removals.push({ resource, object: write.object, uid: responseObject?.details?.uid ?? asked ?? podUid(responseObject), write });
      return;
    }
    const { name, resourceVersion } = responseObject?.metadata ?? {};
    if (name === undefined || resourceVersion === undefined) return;
    const object = title(objectRef?.namespace ?? '', name);
    const key = `${resource} ${object}`;
    versions.set(key, [...(versions.get(key) ?? []), { version: BigInt(resourceVersion), write: { ...write, object } }]);
  };

  return {
    group,
    receive: (event) => {
      if (event.stage === 'RequestReceived') {
        const write = describe(event);
        if (write === undefined) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        open.set(event.auditID, { write, ended: promise, end: resolve });
        onWrite(write);
        return;
      }
      const begun = open.get(event.auditID);
      if (begun === undefined) return;
      open.delete(event.auditID);
      ended(event, begun.write);
      begun.end();
    },
    underWay: (resource) => Promise.all([...open.values()].filter(({ write }) => write.resource === resource).map(({ ended: end }) => end)),
    behind: (resource, before, after) => {
      const object = after ?? before;
      if (object === undefined) return undefined;
      const { namespace = '', name, uid } = object.metadata;
      const named = title(namespace, name);
      if (before?.metadata.deletionTimestamp === undefined && (after === undefined || after.metadata.deletionTimestamp !== undefined)) {
        const index = removals.findIndex(
          (one) => one.resource === resource && one.object === named && (one.uid === undefined || one.uid === uid),
        );
        const [found] = index === -1 ? [] : removals.splice(index, 1);
        if (found !== undefined) return found.write;
      }
      const [from, to] = [BigInt(before?.metadata.resourceVersion ?? 0), BigInt(after?.metadata.resourceVersion ?? 0)];
      return versions.get(`${resource} ${named}`)?.find(({ version }) => version > from && version <= to)?.write;
    },
  };
}

function describe({ verb, objectRef, requestURI, user }: AuditEvent): ClientWrite | undefined {
  if (objectRef === undefined) return undefined;
  const { resource, subresource, apiGroup, namespace, name } = objectRef;
  const dryRun = new URL(requestURI, 'https://localhost').searchParams.getAll('dryRun').includes('All');
  return {
    resource: apiGroup === '' ? resource : `${resource}.${apiGroup}`,
    operation: `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}${dryRun ? '?dryRun' : ''}`,
    apiGroup,
    object: name === '' ? namespace : title(namespace, name),
    principal: user.username,
    write: !dryRun && !REVIEWS.test(resource),
  };
}

function podUid(object: AuditEvent['responseObject']): string | undefined {
  return object?.kind === 'Status' ? undefined : object?.metadata?.uid;
}

function title(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
