import { setTimeout as delay } from 'node:timers/promises';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider, HttpRequest, RetryErrorType } from '@smithy/types';
import { type Clock, timestamp } from '../model/clock.ts';
import { isPodshiftError } from '../model/errors.ts';
import { LINK_SECONDS, type PageKey, type PageLink, type Pages } from '../service/pages.ts';
import { type AwsSettings, retryStrategy } from './clients.ts';
import { awsCall, awsError, isThrottle } from './errors.ts';
import { NodeSha256 } from './sha256.ts';

/** How a bucket of pages is reached. */
export interface PageStoreSettings {
  /** URL of the bucket, without a slash at its end. */
  readonly bucketUrl: string;
  readonly region: string;
  readonly credentials: AwsCredentialIdentityProvider;
  readonly clock: Clock;
  readonly retryDelays: AwsSettings['retryDelays'];
  /** Milliseconds from a request until its answer; {@link TIMEOUT} and {@link LOOK_TIMEOUT} where absent. */
  readonly timeout?: number;
}

/** Milliseconds for one request that stores a page. */
const TIMEOUT = 10_000;
/** And for one that looks whether a page is there: who asks the API waits for all tries of it. */
const LOOK_TIMEOUT = 3_000;
/** Requests at most for one page. */
const ATTEMPTS = 3;

/** Pages in an S3 bucket, each under a key of its run's id and end, sent and signed without a client of S3: three requests need none. */
export function createPageStore(settings: PageStoreSettings): Pages {
  return {
    has: (page) => awsCall({ service: 's3', operation: 'HeadObject' }, () => retried(settings, () => isStored(settings, pathOf(page)))),
    put: async (page, html) => {
      await awsCall({ service: 's3', operation: 'PutObject' }, () => retried(settings, () => putPage(settings, pathOf(page), html)));
    },
    link: (page) => presignedLink(settings, pathOf(page)),
  };
}

/** Each page has a path of its own, whatever characters the id of its run has. */
function pathOf({ runId, endedAt }: PageKey): string {
  return `/runs/${encoded(runId)}/${encoded(endedAt)}.html`;
}

/** As S3 signs paths: all but unreserved characters (IAM User Guide, "Create a signed AWS API request"). */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * A presigned URL of the object at `path` of the bucket, for {@link LINK_SECONDS} or `seconds`, where the credentials that sign it live so long
 * (Amazon S3 User Guide, "presigned URLs"). Throws `CredentialsMissing`.
 */
export async function presignedLink(
  settings: Omit<PageStoreSettings, 'retryDelays'>,
  path: string,
  seconds: number = LINK_SECONDS,
): Promise<PageLink> {
  const now = settings.clock.now();
  try {
    const { credentials, signer } = await signerOf(settings);
    const request = requestOf(settings.bucketUrl, 'GET', path, { [PAYLOAD_HASH]: 'UNSIGNED-PAYLOAD' });
    // The header only tells the signer that there is no body: neither the link nor its signature has it.
    const {
      query = {},
      protocol,
      headers,
    } = await signer.presign(request, {
      expiresIn: seconds,
      signingDate: new Date(now),
      unhoistableHeaders: new Set([PAYLOAD_HASH]),
      unsignableHeaders: new Set([PAYLOAD_HASH]),
    });
    const text = Object.entries(query).map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`);
    const end = Math.min(now + seconds * 1000, credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY);
    return { url: `${protocol}//${headers.host}${request.path}?${text.join('&')}`, expiresAt: timestamp({ now: () => end }) };
  } catch (error) {
    throw awsError(error, { service: 's3', operation: 'GetObject' });
  }
}

const PAYLOAD_HASH = 'x-amz-content-sha256';

/** S3 answers 403 for what is not there to whoever may not list the bucket (Amazon S3 API Reference, HeadObject). */
async function isStored(settings: PageStoreSettings, path: string): Promise<boolean> {
  const look = { ...settings, timeout: settings.timeout ?? LOOK_TIMEOUT };
  const { ok, status } = await sent(look, requestOf(settings.bucketUrl, 'HEAD', path, {}));
  if (!ok && status !== 403 && status !== 404) throw refused(status, '');
  return ok;
}

async function putPage(settings: PageStoreSettings, path: string, html: string): Promise<void> {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'private, no-store',
    'x-amz-server-side-encryption': 'AES256',
  };
  const { ok, status, text } = await sent(settings, { ...requestOf(settings.bucketUrl, 'PUT', path, headers), body: html });
  if (!ok) throw refused(status, text);
}

/** Signs the request, sends it, and reads the answer to its end. */
async function sent(settings: PageStoreSettings, request: HttpRequest & { readonly body?: string }) {
  const { signer } = await signerOf(settings);
  const signed = await signer.sign(request, { signingDate: new Date(settings.clock.now()) });
  const { host, ...headers } = signed.headers;
  const answer = await connected(
    fetch(`${request.protocol}//${host}${request.path}`, {
      method: request.method,
      headers,
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(settings.timeout ?? TIMEOUT),
    }),
  );
  return { ok: answer.ok, status: answer.status, text: await answer.text() };
}

/** An error as the SDK's clients throw it. Of the answer, which names the bucket and the caller, only its code is kept. */
function refused(httpStatusCode: number, text: string): Error {
  const name = /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? `Http${httpStatusCode}`;
  return Object.assign(new Error(`S3 answered ${httpStatusCode}`), { name, $metadata: { httpStatusCode } });
}

async function signerOf({ credentials: provider, region }: Pick<PageStoreSettings, 'credentials' | 'region'>) {
  const credentials = await provider();
  // S3 signs the path as it is sent (IAM User Guide, "Create a signed AWS API request").
  return { credentials, signer: new SignatureV4({ service: 's3', region, credentials, sha256: NodeSha256, uriEscapePath: false }) };
}

function requestOf(bucketUrl: string, method: string, path: string, headers: Record<string, string>): HttpRequest {
  const { protocol, host, hostname, port, pathname } = new URL(bucketUrl);
  return {
    method,
    protocol,
    hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    path: `${pathname === '/' ? '' : pathname}${path}`,
    query: {},
    headers: { host, ...headers },
  };
}

/** As the SDK's clients do it: what the service or the network may do better the next time is tried again, later and later. */
async function retried<T>({ retryDelays }: PageStoreSettings, send: () => Promise<T>): Promise<T> {
  const strategy = retryStrategy(retryDelays, ATTEMPTS);
  let token = await strategy.acquireInitialRetryToken('');
  for (;;) {
    try {
      const answer = await send();
      strategy.recordSuccess(token);
      return answer;
    } catch (error) {
      try {
        token = await strategy.refreshRetryTokenForRetry(token, { errorType: errorTypeOf(error) });
      } catch {
        throw error;
      }
      await delay(token.getRetryDelay());
    }
  }
}

function errorTypeOf(error: unknown): RetryErrorType {
  if (isThrottle(error)) return 'THROTTLING';
  const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (status !== undefined) return status >= 500 ? 'TRANSIENT' : 'CLIENT_ERROR';
  // Without an answer it was the connection, or its time.
  return isPodshiftError(error) ? 'CLIENT_ERROR' : 'TRANSIENT';
}

/** `fetch` says that it failed, and what did so is its cause. */
async function connected(asked: Promise<Response>): Promise<Response> {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof TypeError && error.cause !== undefined ? error.cause : error;
  }
}
