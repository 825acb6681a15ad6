import type { TwinHttpReply } from '../server.ts';

/** The headers of an answer in JSON. */
export const JSON_HEADERS = { 'content-type': 'application/json' };

/** An answer in JSON. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): TwinHttpReply {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(value) };
}

/** An answer in plain text. */
export function text(status: number, value: string): TwinHttpReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: value };
}

/** What an API server says of a path that it does not serve. */
export function pageNotFound(): TwinHttpReply {
  return text(404, '404 page not found\n');
}
