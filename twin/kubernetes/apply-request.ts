import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { TwinHttpRequest } from '../server.ts';
import type { ApiServerSettings } from './api-server.ts';
import { appliedConfig, writeOptions } from './bodies.ts';
import { apiVersionOf, type Kind } from './kinds.ts';
import { timestamp } from './objects.ts';
import type { ResourceRequest } from './request-info.ts';
import { applied } from './server-side-apply.ts';
import { ApiError, badRequest } from './status.ts';

/** Carries out a server-side apply: the object is made where it is not there. Throws 400, 409 and 422. */
export function apply(
  { registry, store, clock }: Pick<ApiServerSettings, 'registry' | 'store' | 'clock'>,
  request: TwinHttpRequest,
  info: ResourceRequest,
  kind: Kind,
): { readonly created: boolean; readonly object: KubernetesObject } {
  const query = request.url.searchParams;
  const manager = query.get('fieldManager') ?? '';
  if (manager === '') {
    const why = 'Required value: is required for apply patch';
    throw new ApiError(422, 'Invalid', `PatchOptions.meta.k8s.io "" is invalid: fieldManager: ${why}`, {
      causes: [{ reason: 'FieldValueRequired', message: why, field: 'fieldManager' }],
    });
  }
  const given = appliedConfig(request);
  const { name = info.name, namespace = info.namespace } = given.metadata;
  if (name !== info.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  const config: KubernetesObject = {
    ...given,
    apiVersion: given.apiVersion ?? apiVersionOf(info.group, info.version),
    kind: given.kind ?? kind.kind,
    metadata: { ...given.metadata, name, ...(namespace === undefined ? {} : { namespace }) },
  };
  const options = { ...writeOptions(request, info), applied: true };
  const how = { manager, force: query.get('force') === 'true', time: timestamp(clock.now()), custom: kind.custom };
  const merge = (live: KubernetesObject): KubernetesObject => applied(live, config, how);
  if (store.get(kind, info.namespace, info.name) === undefined) {
    const { apiVersion, kind: name, metadata } = config;
    const bare = { apiVersion, kind: name, metadata: { name: metadata.name, ...(namespace === undefined ? {} : { namespace }) } };
    return { created: true, object: registry.create(kind, info.namespace, merge(bare as KubernetesObject), options) };
  }
  return { created: false, object: registry.update(kind, info.namespace, info.name, 'main', merge, options) };
}
