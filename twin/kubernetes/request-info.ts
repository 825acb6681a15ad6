import type { DescribedRequest, TwinHttpRequest } from '../server.ts';
import type { Kind, KindRegistry } from './kinds.ts';

/** A request for resources, taken apart as k8s.io/apiserver pkg/endpoints/request/requestinfo.go does. */
export interface ResourceRequest {
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  /** Undefined where the path's resource is not served. */
  readonly kind: Kind | undefined;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  /** Empty for lists, and for creates: their name is in the body. */
  readonly name: string;
  readonly dryRun: boolean;
}

/** The verbs of RBAC. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

const REVIEWS = new Set([
  'selfsubjectaccessreviews',
  'selfsubjectrulesreviews',
  'selfsubjectreviews',
  'subjectaccessreviews',
  'localsubjectaccessreviews',
  'tokenreviews',
]);

/** Undefined for what is no resource: discovery, health, version. */
export function resourceRequest(request: TwinHttpRequest, kinds: KindRegistry): ResourceRequest | undefined {
  const parts = request.url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') {
    return undefined;
  }
  const [group = '', version = ''] = core ? ['', parts[1]] : [parts[1], parts[2]];
  let rest = parts.slice(core ? 2 : 3);
  if (rest.length === 0) {
    return undefined;
  }
  let namespace: string | undefined;
  // `namespaces/NAME`, and its own subresources, are the namespace itself.
  if (rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize') {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [resource = '', name = '', subresource] = rest;
  const query = request.url.searchParams;
  return {
    verb: verbOf(request, name, query),
    group,
    version,
    kind: kinds.byPlural(group, version, resource),
    resource,
    subresource,
    namespace,
    name,
    dryRun: query.getAll('dryRun').includes('All'),
  };
}

function verbOf(request: TwinHttpRequest, name: string, query: URLSearchParams): Verb {
  switch (request.method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete';
    default:
      return isWatch(query) ? 'watch' : name === '' ? 'list' : 'get';
  }
}

function isWatch(query: URLSearchParams): boolean {
  const watch = query.get('watch');
  return watch === '1' || watch === 'true';
}

/** What the request log says of it: `create pods?dryRun`, `patch deployments`, `get /version`. */
export function describeRequest(request: TwinHttpRequest, info: ResourceRequest | undefined): DescribedRequest {
  if (info === undefined) {
    return { service: 'kubernetes', operation: `get ${request.url.pathname}`, object: '', write: false };
  }
  const resource = info.subresource === undefined ? info.resource : `${info.resource}/${info.subresource}`;
  const name = info.name === '' && info.verb === 'create' ? bodyName(request.body) : info.name;
  const reads = info.verb === 'get' || info.verb === 'list' || info.verb === 'watch';
  return {
    service: 'kubernetes',
    operation: `${info.verb} ${resource}${info.dryRun ? '?dryRun' : ''}`,
    apiGroup: info.group,
    object: name === '' ? '' : info.namespace === undefined ? name : `${info.namespace}/${name}`,
    write: !(reads || info.dryRun || REVIEWS.has(info.resource)),
  };
}

function bodyName(body: string): string {
  const metadata = parseJson(body)?.metadata as { name?: string; generateName?: string } | undefined;
  return metadata?.name ?? metadata?.generateName ?? '';
}

/** An object of JSON, or undefined for any other text. */
export function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
