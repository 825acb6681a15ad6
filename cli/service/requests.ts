import { setTimeout as delay } from 'node:timers/promises';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { awsError } from '../../src/aws/errors.ts';
import { NodeSha256 } from '../../src/aws/sha256.ts';
import { ERRORS, type ErrorName, PodshiftError } from '../../src/model/errors.ts';

/** How the service is reached. */
export interface ServiceAccess {
  /** Where it answers, without a slash at the end. */
  readonly url: URL;
  /** Signs the requests; absent on loopback, where nothing is signed. */
  readonly signing?: { readonly region: string; readonly credentials: AwsCredentialIdentityProvider };
  readonly signal: AbortSignal;
}

/** One request to the API of a deployed service. */
export interface ServiceRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Whether it may be sent again where no answer came: it is not, where a second one would be told something else. */
  readonly again: boolean;
}

/** What was answered; undefined where the body is no JSON. */
export interface ServiceAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Tries at most, the first included, and milliseconds ahead of the second one; it doubles from there. */
const ATTEMPTS = 5;
const FIRST_DELAY = 500;

/** Milliseconds until an answer must be there: API Gateway gives up after 30 seconds. */
const TIMEOUT = 35_000;

/**
 * Sends a request to the API, signed with Signature Version 4 for execute-api, again where the service says so or fails.
 * Throws the error that a problem body names, `AccessDenied` where API Gateway refuses the signature, `ServiceUnavailable`
 * where nothing answers, and the signal's reason.
 */
export async function send(access: ServiceAccess, request: ServiceRequest): Promise<ServiceAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await exchange(access, request);
    if (answer.ok) return answer;
    if (attempt === ATTEMPTS || !answer.later) throw answer.error;
    await delay(answer.seconds === undefined ? FIRST_DELAY * 2 ** (attempt - 1) : answer.seconds * 1000, undefined, {
      signal: access.signal,
    });
  }
}

type Exchange =
  | ({ readonly ok: true } & ServiceAnswer)
  | { readonly ok: false; readonly error: PodshiftError; readonly later: boolean; readonly seconds?: number };

async function exchange({ url, signing, signal }: ServiceAccess, request: ServiceRequest): Promise<Exchange> {
  const target = new URL(`${url.pathname.replace(/\/$/, '')}${request.path}`, url);
  for (const [name, value] of Object.entries(request.query ?? {})) target.searchParams.set(name, value);
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const headers = { host: target.host, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...request.headers };
  const signed = signing === undefined ? headers : await sign(signing, request.method, target, headers, body);
  try {
    const response = await fetch(target, {
      method: request.method,
      headers: signed,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return response.ok ? { ok: true, status: response.status, body: json(text) } : refusal(response, text, target);
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error ? ((error.cause as { code?: string } | undefined)?.code ?? error.name) : 'unknown';
    return {
      ok: false,
      later: request.again,
      error: new PodshiftError('ServiceUnavailable', `no service answers at ${url.origin} (${why})`),
    };
  }
}

async function sign(
  { region, credentials }: NonNullable<ServiceAccess['signing']>,
  method: string,
  target: URL,
  headers: Record<string, string>,
  body: string | undefined,
): Promise<Record<string, string>> {
  try {
    const signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256: NodeSha256 });
    const signed = await signer.sign({
      method,
      protocol: target.protocol,
      hostname: target.hostname,
      path: target.pathname,
      query: Object.fromEntries(target.searchParams),
      headers,
      ...(body === undefined ? {} : { body }),
    });
    return signed.headers;
  } catch (error) {
    throw awsError(error, { service: 'execute-api', operation: 'Invoke' });
  }
}

function refusal(response: Response, text: string, target: URL): Exchange {
  const { status } = response;
  const after = Number(response.headers.get('retry-after') ?? Number.NaN);
  const later = status === 429 || status === 503;
  const body = json(text) as { type?: unknown; detail?: unknown; message?: unknown } | undefined;
  const name = nameOf(body?.type);
  const error =
    name !== undefined && typeof body?.detail === 'string'
      ? new PodshiftError(name, body.detail, { details: { status, requestId: response.headers.get('x-request-id') ?? '' } })
      : gatewayError(status, typeof body?.message === 'string' ? body.message : response.statusText, target);
  return { ok: false, error, later, ...(Number.isFinite(after) ? { seconds: after } : {}) };
}

/** The error of the table that a problem's type names. */
function nameOf(type: unknown): ErrorName | undefined {
  const name = typeof type === 'string' ? type.replace(/^urn:podshift:error:/, '') : '';
  return Object.hasOwn(ERRORS, name) ? (name as ErrorName) : undefined;
}

/** What API Gateway, or whatever else answers there, says by itself. */
function gatewayError(status: number, message: string, target: URL): PodshiftError {
  const text = `${target.origin} answers ${status}: ${message}`;
  if (status === 401 || status === 403) {
    return new PodshiftError('AccessDenied', `not allowed to perform execute-api:Invoke; ${text}`);
  }
  if (status === 429) return new PodshiftError('Throttled', text);
  return new PodshiftError(status >= 500 ? 'ServiceUnavailable' : 'InvalidRequest', text);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
