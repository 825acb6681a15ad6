import { AwsError } from './errors.ts';

/** What a route gets: path parameters decoded, the query, and the body parsed (empty object where there is none). */
export interface RestRequest {
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One operation of a REST JSON service. */
export interface RestRoute {
  readonly method: string;
  /** Segments; `{name}` takes one segment. */
  readonly path: string;
  readonly operation: string;
  readonly write: boolean;
  /** What the request log names. */
  readonly object: (request: RestRequest) => string;
  readonly run: (request: RestRequest) => Record<string, unknown>;
}

/** A page of a list by maxResults (1 to 100, by default 100) and nextToken. Throws `InvalidParameterException`. */
export function paged(request: Pick<RestRequest, 'query'>, items: readonly unknown[], member: string): Record<string, unknown> {
  const limit = Number(request.query.get('maxResults') ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw new AwsError('InvalidParameterException', 400, 'maxResults must be between 1 and 100');
  const token = request.query.get('nextToken');
  const start = token === null ? 0 : Number(/^page:(\d+)$/.exec(Buffer.from(token, 'base64url').toString('utf8'))?.[1] ?? Number.NaN);
  if (Number.isNaN(start)) throw new AwsError('InvalidParameterException', 400, 'Invalid nextToken');
  const end = start + limit;
  return {
    [member]: items.slice(start, end),
    ...(end < items.length ? { nextToken: Buffer.from(`page:${end}`).toString('base64url') } : {}),
  };
}

/** A value that a request must have. Throws `InvalidParameterException`. */
export function needed(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError('InvalidParameterException', 400, `${name} can't be blank`);
}

/** The same object with RFC 3339 fields as seconds, as REST JSON has times. */
export function toSeconds(value: object, ...fields: string[]): Record<string, unknown> {
  const copy = { ...value } as Record<string, unknown>;
  for (const field of fields) {
    if (typeof copy[field] === 'string') copy[field] = Date.parse(copy[field]) / 1000;
  }
  return copy;
}
