import type { FinalizeHandler, FinalizeHandlerArguments, MetadataBearer, Pluggable } from '@smithy/types';
import type { CallCounts } from '../model/run.ts';
import { codeOf, connectionFailure } from '../model/text/connection-failure.ts';

/** Where a request of an SDK client went. */
export interface Place {
  readonly region: string;
  /** With its port where that is not the one of HTTPS. */
  readonly host: string;
}

/** Told of each try to reach a host. */
export interface Contacts {
  /** Whatever it answered, a refusal too. */
  answered(host: string): void;
  /** No connection came about; `code` is Node's. */
  failed(host: string, code: string, service: keyof CallCounts): void;
}

const places = new WeakMap<object, Place>();

/** Where the request went that failed with this error; undefined where its client does not note it. */
export function placeOf(error: unknown): Place | undefined {
  return typeof error === 'object' && error !== null ? places.get(error) : undefined;
}

/** A plugin that notes where each request went that failed, and tells `contacts` of every try: within the retry middleware, so that retries are seen too. */
// biome-ignore lint/suspicious/noExplicitAny: it neither reads nor changes what passes, whatever the client's types are
export function placeListener(region: string, service: keyof CallCounts, contacts: Contacts | undefined): Pluggable<any, any> {
  return {
    applyToStack: (stack) =>
      stack.addRelativeTo(
        (next: FinalizeHandler<object, MetadataBearer>) => async (request: FinalizeHandlerArguments<object>) => {
          const host = hostOf(request.request);
          try {
            const answer = await next(request);
            contacts?.answered(host);
            return answer;
          } catch (error) {
            if (typeof error === 'object' && error !== null) places.set(error, { region, host });
            tell(contacts, host, service, error);
            throw error;
          }
        },
        { name: 'podshiftPlaces', relation: 'after', toMiddleware: 'retryMiddleware', override: true },
      ),
  };
}

function tell(contacts: Contacts | undefined, host: string, service: keyof CallCounts, error: unknown): void {
  const { $metadata } = (error ?? {}) as { readonly $metadata?: { readonly httpStatusCode?: number } };
  if ($metadata?.httpStatusCode !== undefined) contacts?.answered(host);
  else if (isUnconnected(error)) contacts?.failed(host, isConnectTimeout(error) ? 'ETIMEDOUT' : codeOf(error), service);
}

/** Whether no connection came about. */
function isUnconnected(error: unknown): boolean {
  return connectionFailure(codeOf(error)) !== undefined || isConnectTimeout(error);
}

/** The SDK's own error of a connection that did not stand in time has no code (@smithy/node-http-handler). */
export function isConnectTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError' && /did not establish a connection/.test(error.message);
}

/** The host of a request, with its port where that is not the one of HTTPS. */
function hostOf(request: unknown): string {
  const { hostname = '', port } = request as { readonly hostname?: string; readonly port?: number };
  return port === undefined || port === 443 ? hostname : `${hostname}:${port}`;
}
