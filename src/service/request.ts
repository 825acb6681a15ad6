import { z } from 'zod';
import { PodshiftError } from '../model/errors.ts';
import { schemaProblem } from '../model/text/schema-problems.ts';
import type { Route } from './routes.ts';

/** The largest body that the API reads, in bytes: far more than any run needs. */
export const MAX_BODY_BYTES = 65_536;

/** One part of a request that is wrong. Values are never part of it. */
export interface FieldProblem {
  readonly in: 'path' | 'query' | 'header' | 'body';
  /** The field by its path, such as `options.waveSize`; empty for the whole. */
  readonly field: string;
  readonly message: string;
}

/**
 * An event of an HTTP API with IAM authorisation, payload format 2.0, as far as podshift reads it (API Gateway Developer Guide,
 * "Create AWS Lambda proxy integrations for HTTP APIs"). One without a caller never passes: then the route lacks its authoriser.
 */
const eventSchema = z.object({
  version: z.literal('2.0'),
  headers: z.record(z.string(), z.string()).default({}),
  queryStringParameters: z.record(z.string(), z.string()).default({}),
  pathParameters: z.record(z.string(), z.string()).default({}),
  body: z.string().optional(),
  isBase64Encoded: z.boolean(),
  requestContext: z.object({
    requestId: z.string(),
    authorizer: z.object({ iam: z.object({ userArn: z.string().min(1) }) }),
  }),
});

/** A request as it came in, not looked at yet. */
export type HttpEvent = z.output<typeof eventSchema>;

/** A request whose every part fits its route. */
export interface ApiRequest<R extends Route = Route> {
  readonly path: z.output<R['path']>;
  readonly query: z.output<R['query']>;
  readonly headers: z.output<R['headers']>;
  readonly body: z.output<R['body']>;
  /** ARN of the IAM principal who signed the request. */
  readonly caller: string;
  readonly requestId: string;
}

/** Throws `InternalError` for anything but a signed request of an HTTP API. */
export function readEvent(event: unknown): HttpEvent {
  const parsed = eventSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new PodshiftError('InternalError', `the event is none of an HTTP API with IAM authorisation: ${fields}`);
}

/**
 * The parts of a request as its route's schemas give them. Throws `PayloadTooLarge`, `UnsupportedMediaType`, and
 * `InvalidInput` with every field that is wrong: unknown fields and query parameters are wrong, unknown headers are not.
 */
export function readRequest<R extends Route>(route: R, event: HttpEvent): ApiRequest<R> {
  const headers = Object.fromEntries(Object.entries(event.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const problems: FieldProblem[] = [];
  const read = <Schema extends z.ZodType>(schema: Schema, value: unknown, place: FieldProblem['in']): z.output<Schema> => {
    const parsed = schema.safeParse(value);
    if (!parsed.success)
      problems.push(...parsed.error.issues.map((issue) => ({ in: place, field: issue.path.join('.'), message: schemaProblem(issue) })));
    return parsed.data as z.output<Schema>;
  };
  const request = {
    path: read(route.path, event.pathParameters, 'path'),
    query: read(route.query, event.queryStringParameters, 'query'),
    headers: read(route.headers, headers, 'header'),
    body: read(route.body, readBody(event, headers['content-type']), 'body'),
    caller: event.requestContext.authorizer.iam.userArn,
    requestId: event.requestContext.requestId,
  };
  if (problems.length > 0) throw invalid(problems);
  return request as ApiRequest<R>;
}

/** The body as JSON; undefined where there is none. */
function readBody(event: HttpEvent, contentType: string | undefined): unknown {
  if (event.body === undefined || event.body === '') return undefined;
  const bytes = Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > MAX_BODY_BYTES) {
    throw new PodshiftError('PayloadTooLarge', `the body has ${bytes.length} bytes, and the service reads ${MAX_BODY_BYTES} at most`);
  }
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    throw new PodshiftError('UnsupportedMediaType', 'the body is not declared as application/json');
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalid([{ in: 'body', field: '', message: 'it is not JSON in UTF-8' }]);
  }
}

function invalid(problems: readonly FieldProblem[]): PodshiftError {
  const text = problems.map(({ in: place, field, message }) => `${place}${field === '' ? '' : ` ${field}`}: ${message}`).join('; ');
  return new PodshiftError('InvalidInput', `the request is wrong: ${text}`, { details: { problems } });
}
