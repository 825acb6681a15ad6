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

/** Members of EKS's answers that hold a time (eks-2017-11-01, members of type timestamp). */
const TIMES = new Set(['createdAt', 'modifiedAt', 'activationExpiry']);

/** The same value with its times as seconds, as REST JSON has them; a time that nobody can read is left out. */
export function toSeconds<T extends object>(value: T): Record<string, unknown> {
  return timesOf(value) as Record<string, unknown>;
}

function timesOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(timesOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      if (!TIMES.has(name) || typeof member !== 'string') return [[name, timesOf(member)]];
      const seconds = Date.parse(member) / 1000;
      return Number.isNaN(seconds) ? [] : [[name, seconds]];
    }),
  );
}
