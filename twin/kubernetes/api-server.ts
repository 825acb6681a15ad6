import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { AwsSide } from '../contracts.ts';
import type { TwinHttpReply, TwinHttpRequest, TwinHttpService } from '../server.ts';
import type { ApiServerSettings } from './api-server-settings.ts';
import { apply } from './apply-request.ts';
import { APPLY, body, deleteOptions, patched, patchType, requireJson, writeOptions } from './bodies.ts';
import type { DeleteOptions } from './deletion.ts';
import { discover } from './discovery.ts';
import { apiVersionOf, type Kind, qualifiedName } from './kinds.ts';
import { chooser } from './lists.ts';
import { reviewOfProtobuf } from './protobuf.ts';
import { JSON_HEADERS, json, pageNotFound, text } from './replies.ts';
import { describeRequest, parseJson, type ResourceRequest, resourceRequest } from './request-info.ts';
import { READS, review } from './reviews.ts';
import { ApiError, badRequest, FAULTS, forbidden, success } from './status.ts';
import { serveSubresource } from './subresources.ts';
import { columnsOf, tableOf, wantsTable } from './table.ts';

/** The API server, as `startTwinServer` serves it. */
export function createApiServer(settings: ApiServerSettings): TwinHttpService {
  const { kinds } = settings;
  return {
    describe: (request) => {
      const principal = callerOf(settings, request)?.arn;
      return { ...describeRequest(request, resourceRequest(request, kinds)), ...(principal === undefined ? {} : { principal }) };
    },
    handle: (request) => {
      try {
        return handle(settings, request);
      } catch (error) {
        if (error instanceof ApiError) {
          const { retryAfterSeconds } = error.status.details ?? {};
          return json(error.status.code, error.status, retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) });
        }
        throw error;
      }
    },
    fault: (kind) => {
      const { status } = FAULTS[kind];
      return json(status.code, status, kind === 'throttle' ? { 'retry-after': '1' } : {});
    },
  };
}

const OPEN_PATHS = new Set(['/version', '/healthz', '/livez', '/readyz']);

function handle(settings: ApiServerSettings, request: TwinHttpRequest): TwinHttpReply {
  const path = request.url.pathname.replace(/(.)\/$/, '$1');
  const caller = callerOf(settings, request);
  if (caller === undefined && !OPEN_PATHS.has(path)) {
    throw new ApiError(401, 'Unauthorized', 'Unauthorized');
  }
  const info = resourceRequest(request, settings.kinds);
  if (info === undefined) {
    const found = discover(path, settings.kinds, settings.kubernetesVersion, (kind) => definitionOf(settings, kind));
    return found === undefined ? pageNotFound() : typeof found === 'string' ? text(200, found) : json(200, found);
  }
  const user = caller?.arn ?? 'system:anonymous';
  const asked = parseJson(request.body) ?? reviewOfProtobuf(request.body, info.resource);
  const named = (group: string, plural: string): Kind | undefined =>
    settings.kinds.all().find((one) => one.group === group && one.plural === plural);
  const answer = review(info, asked, user, settings.authorize, (group, plural) => isUnknown(settings, named(group, plural)));
  if (answer !== undefined) {
    return json(201, answer);
  }
  // A client in Go asks for a token in protobuf, which the twin reads.
  if (info.subresource !== 'token') requireJson(request);
  const { kind } = info;
  if (kind === undefined || (info.namespace !== undefined && !kind.namespaced)) {
    return pageNotFound();
  }
  const dryRun = request.url.searchParams.getAll('dryRun');
  if (dryRun.some((one) => one !== 'All')) {
    const why = `Unsupported value: ${JSON.stringify(dryRun[0])}: supported values: "All"`;
    throw new ApiError(422, 'Invalid', `.meta.k8s.io "" is invalid: dryRun: ${why}`, {
      causes: [{ reason: 'FieldValueNotSupported', message: why, field: 'dryRun' }],
    });
  }
  const resource = info.subresource === undefined ? info.resource : `${info.resource}/${info.subresource}`;
  if (!settings.authorize(info.verb, resource, info.namespace, user)) {
    const where = info.namespace === undefined ? 'at the cluster scope' : `in the namespace "${info.namespace}"`;
    throw forbidden(kind, info.name, `User "${user}" cannot ${info.verb} resource "${resource}" in API group "${info.group}" ${where}`);
  }
  if (isUnknown(settings, kind) && READS.includes(info.verb)) {
    throw forbidden(kind, info.name, 'the snapshot does not tell whether there are any');
  }
  return serve(settings, request, info, kind);
}

/** Whether nobody knows of objects of the kind: whoever took the snapshot might not read them. */
function isUnknown({ unknownKinds }: ApiServerSettings, kind: Kind | undefined): boolean {
  return kind !== undefined && unknownKinds.has(`${kind.kind}.${kind.group}`);
}

/** The definition of a custom kind; undefined where the snapshot has none. */
function definitionOf({ kinds, store }: ApiServerSettings, kind: Kind): KubernetesObject | undefined {
  const definitions = kinds.byKind('apiextensions.k8s.io', 'CustomResourceDefinition') as Kind;
  return store.get(definitions, undefined, qualifiedName(kind));
}

function callerOf(settings: ApiServerSettings, request: TwinHttpRequest): ReturnType<AwsSide['authenticate']> {
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return token === undefined ? undefined : settings.aws.authenticate(token);
}

function serve(settings: ApiServerSettings, request: TwinHttpRequest, info: ResourceRequest, kind: Kind): TwinHttpReply {
  const { registry, lists, watches } = settings;
  const query = request.url.searchParams;
  const options = writeOptions(request, info);
  const show = (status: number, object: KubernetesObject): TwinHttpReply =>
    json(status, { ...object, apiVersion: apiVersionOf(info.group, info.version) });
  if (info.subresource !== undefined && info.subresource !== 'status') {
    return serveSubresource(settings, request, info, kind);
  }
  const table = wantsTable(request.headers.accept);
  const showTable = (items: readonly KubernetesObject[], metadata: unknown): TwinHttpReply => {
    const columns = columnsOf(kind, info.version, () => definitionOf(settings, kind));
    return json(200, tableOf({ columns, items, metadata, now: settings.clock.now(), includeObject: query.get('includeObject') }));
  };
  const part = info.subresource === 'status' ? 'status' : 'main';
  switch (info.verb) {
    case 'get': {
      const told = kind.kind === 'Event' && kind.group === '' ? settings.events.get(info.namespace, info.name) : undefined;
      const object = told ?? registry.get(kind, info.namespace, info.name);
      return table ? showTable([object], {}) : show(200, object);
    }
    case 'list': {
      const page = lists.page(kind, info.version, info.namespace, query);
      if (!table) {
        return { status: 200, headers: JSON_HEADERS, body: page };
      }
      const { items, metadata } = JSON.parse(page);
      return showTable(items, metadata);
    }
    case 'watch':
      return { status: 200, headers: JSON_HEADERS, stream: watches.start(kind, info.version, info.namespace, info.name, query) };
    case 'create':
      if (kind.namespaced && info.namespace === undefined) {
        throw badRequest('an empty namespace may not be set during creation');
      }
      return show(201, registry.create(kind, info.namespace, body(request), options));
    case 'update':
      return show(
        200,
        registry.update(kind, info.namespace, info.name, part, () => body(request), options),
      );
    case 'patch': {
      const type = patchType(kind, request);
      if (type === APPLY && part === 'main') {
        const { created, object } = apply(settings, request, info, kind);
        return show(created ? 201 : 200, object);
      }
      return show(
        200,
        registry.update(kind, info.namespace, info.name, part, (before) => patched(type, before, request), options),
      );
    }
    case 'delete':
      return deleted(settings, info, kind, deleteOptions(request));
    case 'deletecollection': {
      const matches = chooser(kind, query);
      for (const object of settings.store.list(kind, info.namespace).filter((entry) => matches?.(entry) ?? true)) {
        registry.delete(kind, object.metadata.namespace, object.metadata.name, { ...deleteOptions(request), dryRun: info.dryRun });
      }
      return json(200, success(200));
    }
  }
}

function deleted(settings: ApiServerSettings, info: ResourceRequest, kind: Kind, options: DeleteOptions): TwinHttpReply {
  const object = settings.registry.delete(kind, info.namespace, info.name, { ...options, dryRun: info.dryRun });
  const { name, uid = '' } = object.metadata;
  const gone = settings.store.get(kind, info.namespace, name)?.metadata.uid !== uid && kind.kind !== 'Pod';
  return gone
    ? json(200, success(200, { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural, uid }))
    : json(200, object);
}
