import type { TwinHttpReply, TwinHttpRequest } from '../server.ts';
import type { ApiServerSettings } from './api-server.ts';
import { body, patched, patchType, writeOptions } from './bodies.ts';
import type { DeleteOptions } from './deletion.ts';
import { SCALABLE } from './discovery.ts';
import { evict } from './eviction.ts';
import type { Kind } from './kinds.ts';
import { json, pageNotFound, text } from './replies.ts';
import type { ResourceRequest } from './request-info.ts';
import { applyScale, scaleOf } from './scale.ts';
import { issueToken } from './service-account-token.ts';
import { success } from './status.ts';

/** Answers a request for a subresource other than `status`. */
export function serveSubresource(settings: ApiServerSettings, request: TwinHttpRequest, info: ResourceRequest, kind: Kind): TwinHttpReply {
  const { registry, store, kinds, clock } = settings;
  const object = registry.get(kind, info.namespace, info.name);
  if (kind.kind === 'Pod' && info.subresource === 'eviction' && info.verb === 'create') {
    const eviction = body(request) as { deleteOptions?: DeleteOptions & { dryRun?: readonly string[] } };
    const dryRun = info.dryRun || eviction.deleteOptions?.dryRun?.includes('All') === true;
    evict({ store, kinds, clock }, object, { ...eviction.deleteOptions, dryRun }, 'request');
    return json(201, success(201));
  }
  if (kind.kind === 'Pod' && info.subresource === 'log' && info.verb === 'get') {
    const finished = object.status?.containerStatuses?.find(
      (entry: { state?: { terminated?: object } }) => entry.state?.terminated !== undefined,
    );
    return text(200, finished?.state.terminated.message ?? '');
  }
  if (kind.kind === 'ServiceAccount' && info.subresource === 'token' && info.verb === 'create') {
    return json(201, issueToken(settings, object, request.body, info.dryRun));
  }
  if (info.subresource === 'scale' && SCALABLE.has(kind.kind)) {
    if (info.verb === 'get') {
      return json(200, scaleOf(object));
    }
    const scale = info.verb === 'patch' ? patched(patchType({ ...kind, custom: true }, request), scaleOf(object), request) : body(request);
    return json(
      200,
      scaleOf(registry.update(kind, info.namespace, info.name, 'main', (before) => applyScale(before, scale), writeOptions(request, info))),
    );
  }
  return pageNotFound();
}
