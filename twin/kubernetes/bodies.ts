import { parse } from 'yaml';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { TwinHttpRequest } from '../server.ts';
import { withoutNulls } from './absent.ts';
import type { DeleteOptions } from './deletion.ts';
import { JsonPatchProblem, jsonPatch } from './json-patch.ts';
import type { Kind } from './kinds.ts';
import { mergePatch, PatchProblem, strategicMergePatch } from './merge-patch.ts';
import type { WriteOptions } from './registry.ts';
import { parseJson, type ResourceRequest } from './request-info.ts';
import { ApiError, badRequest } from './status.ts';

/** How many API servers a cluster has; each TCP connection lands on the next. */
const INSTANCES = 2;

/** What is no JSON is told so, and not taken for something else: kubectl sends some creations as protobuf, which the twin does not read. */
export function requireJson(request: TwinHttpRequest): void {
  const type = (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
  if (request.method !== 'PATCH' && request.body !== '' && type !== 'application/json') {
    throw unsupportedMediaType(['application/json']);
  }
}

function unsupportedMediaType(accepted: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new ApiError(415, 'UnsupportedMediaType', message);
}

/** The content type of server-side apply. */
export const APPLY = 'application/apply-patch+yaml';

/** The patch's content type; throws 415, ahead of any look at the object. */
export function patchType(kind: Kind, request: TwinHttpRequest): string {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const accepted = [
    'application/json-patch+json',
    'application/merge-patch+json',
    APPLY,
    ...(kind.custom ? [] : ['application/strategic-merge-patch+json']),
  ];
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
  return type;
}

/** The object as the patch makes it; throws 400 and 422. */
export function patched(type: string, before: KubernetesObject, request: TwinHttpRequest): unknown {
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

/** The object in a request's body. Throws 400. */
export function body(request: TwinHttpRequest): Record<string, unknown> {
  const parsed = parseJson(request.body);
  if (parsed === undefined) {
    throw badRequest('the object provided is unrecognized (must be of type application/json)');
  }
  return withoutNulls(parsed);
}

/** How a request wants something deleted: by its query, or by its body. */
export function deleteOptions(request: TwinHttpRequest): DeleteOptions {
  const query = request.url.searchParams;
  const given = (request.body === '' ? {} : body(request)) as DeleteOptions;
  const grace = query.get('gracePeriodSeconds');
  return {
    ...given,
    gracePeriodSeconds: grace === null ? given.gracePeriodSeconds : Number(grace),
    propagationPolicy: query.get('propagationPolicy') ?? given.propagationPolicy,
  };
}

/** Who writes, and whether it is meant. */
export function writeOptions(request: TwinHttpRequest, info: ResourceRequest): WriteOptions {
  const agent = String(request.headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown';
  return {
    dryRun: info.dryRun,
    manager: request.url.searchParams.get('fieldManager') ?? agent,
    instance: request.connection % INSTANCES,
  };
}

/** The object that a server-side apply sends, in YAML or JSON. Throws 400. */
export function appliedConfig(request: TwinHttpRequest): KubernetesObject {
  let parsed: unknown;
  try {
    parsed = parse(request.body);
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { metadata, ...rest } = objectOnly(parsed) as Partial<KubernetesObject>;
  if (metadata?.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  return withoutNulls({ ...rest, metadata: metadata ?? {} }) as unknown as KubernetesObject;
}
