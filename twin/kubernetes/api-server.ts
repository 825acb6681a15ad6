import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { AwsSide, TwinClock } from '../contracts.ts';
import type { TwinHttpReply, TwinHttpRequest, TwinHttpService } from '../server.ts';
import { withoutNulls } from './absent.ts';
import type { DeleteOptions } from './deletion.ts';
import { discover, SCALABLE } from './discovery.ts';
import { evict } from './eviction.ts';
import { JsonPatchProblem, jsonPatch } from './json-patch.ts';
import { apiVersionOf, type Kind, type KindRegistry } from './kinds.ts';
import { chooser, type Lists } from './lists.ts';
import { mergePatch, PatchProblem, strategicMergePatch } from './merge-patch.ts';
import { reviewOfProtobuf } from './protobuf.ts';
import type { Registry, WriteOptions } from './registry.ts';
import { describeRequest, parseJson, type ResourceRequest, resourceRequest } from './request-info.ts';
import { type Authorize, review } from './reviews.ts';
import { applyScale, scaleOf } from './scale.ts';
import { ApiError, badRequest, FAULTS, forbidden, success } from './status.ts';
import type { Store } from './store.ts';
import { tableOf, wantsTable } from './table.ts';
import type { Watches } from './watches.ts';

/** What the API server is made of. */
export interface ApiServerSettings {
  readonly store: Store;
  readonly kinds: KindRegistry;
  readonly registry: Registry;
  readonly lists: Lists;
  readonly watches: Watches;
  readonly clock: TwinClock;
  readonly aws: AwsSide;
  readonly kubernetesVersion: string;
  readonly authorize: Authorize;
  /** Custom kinds, as `KIND.GROUP`, whose objects may not be read: nobody knows whether there are any. */
  readonly unknownKinds: ReadonlySet<string>;
}

/** How many API servers a cluster has; each TCP connection lands on the next. */
const INSTANCES = 2;

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
    const found = discover(path, settings.kinds, settings.kubernetesVersion);
    return found === undefined ? pageNotFound() : typeof found === 'string' ? text(200, found) : json(200, found);
  }
  const user = caller?.arn ?? 'system:anonymous';
  const asked = parseJson(request.body) ?? reviewOfProtobuf(request.body, info.resource);
  const answer = review(info, asked, user, settings.authorize);
  if (answer !== undefined) {
    return json(201, answer);
  }
  requireJson(request);
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
  if (settings.unknownKinds.has(`${kind.kind}.${kind.group}`) && ['get', 'list', 'watch'].includes(info.verb)) {
    throw forbidden(kind, info.name, 'the snapshot does not tell whether there are any');
  }
  return serve(settings, request, info, kind);
}

function callerOf(settings: ApiServerSettings, request: TwinHttpRequest): ReturnType<AwsSide['authenticate']> {
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return token === undefined ? undefined : settings.aws.authenticate(token);
}

/** What is no JSON is told so, and not taken for something else: kubectl sends some creations as protobuf, which the twin does not read. */
function requireJson(request: TwinHttpRequest): void {
  const type = (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
  if (request.method !== 'PATCH' && request.body !== '' && type !== 'application/json') {
    throw unsupportedMediaType(['application/json']);
  }
}

function unsupportedMediaType(accepted: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new ApiError(415, 'UnsupportedMediaType', message);
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
  const part = info.subresource === 'status' ? 'status' : 'main';
  switch (info.verb) {
    case 'get': {
      const object = registry.get(kind, info.namespace, info.name);
      return table ? json(200, tableOf(kind.kind, [object], {}, settings.clock.now())) : show(200, object);
    }
    case 'list': {
      const page = lists.page(kind, info.version, info.namespace, query);
      if (!table) {
        return { status: 200, headers: JSON_HEADERS, body: page };
      }
      const { items, metadata } = JSON.parse(page);
      return json(200, tableOf(kind.kind, items, metadata, settings.clock.now()));
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

function serveSubresource(settings: ApiServerSettings, request: TwinHttpRequest, info: ResourceRequest, kind: Kind): TwinHttpReply {
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

/** The patch's content type; throws 415, ahead of any look at the object. */
function patchType(kind: Kind, request: TwinHttpRequest): string {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const accepted = [
    'application/json-patch+json',
    'application/merge-patch+json',
    ...(kind.custom ? [] : ['application/strategic-merge-patch+json']),
  ];
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
  return type;
}

/** The object as the patch makes it; throws 400 and 422. */
function patched(type: string, before: KubernetesObject, request: TwinHttpRequest): unknown {
  const patch = parseAnyJson(request.body);
  try {
    if (type === 'application/json-patch+json') return jsonPatch(before, patch);
    return type === 'application/merge-patch+json' ? mergePatch(before, objectOnly(patch)) : strategicMergePatch(before, objectOnly(patch));
  } catch (error) {
    if (error instanceof JsonPatchProblem && !error.unreadable) {
      throw new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request: ${error.message}`);
    }
    if (error instanceof PatchProblem || error instanceof JsonPatchProblem) {
      throw badRequest(error.message);
    }
    throw error;
  }
}

function objectOnly(patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
    throw badRequest('json: cannot unmarshal the patch into a map');
  }
  return patch;
}

function parseAnyJson(textToParse: string): unknown {
  const wrapped = parseJson(`{"value":${textToParse}}`);
  if (wrapped === undefined) {
    throw badRequest('the body of the request is no JSON');
  }
  return wrapped.value;
}

function body(request: TwinHttpRequest): Record<string, unknown> {
  const parsed = parseJson(request.body);
  if (parsed === undefined) {
    throw badRequest('the object provided is unrecognized (must be of type application/json)');
  }
  return withoutNulls(parsed);
}

function deleteOptions(request: TwinHttpRequest): DeleteOptions {
  const query = request.url.searchParams;
  const given = (request.body === '' ? {} : body(request)) as DeleteOptions;
  const grace = query.get('gracePeriodSeconds');
  return {
    ...given,
    gracePeriodSeconds: grace === null ? given.gracePeriodSeconds : Number(grace),
    propagationPolicy: query.get('propagationPolicy') ?? given.propagationPolicy,
  };
}

function writeOptions(request: TwinHttpRequest, info: ResourceRequest): WriteOptions {
  const agent = String(request.headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown';
  return {
    dryRun: info.dryRun,
    manager: request.url.searchParams.get('fieldManager') ?? agent,
    instance: request.connection % INSTANCES,
  };
}

const JSON_HEADERS = { 'content-type': 'application/json' };

function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): TwinHttpReply {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(value) };
}

function text(status: number, value: string): TwinHttpReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: value };
}

function pageNotFound(): TwinHttpReply {
  return text(404, '404 page not found\n');
}
