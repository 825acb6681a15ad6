import { z } from 'zod';
import { auditFile } from '../model/audit/record.ts';
import { ERRORS, type ErrorName } from '../model/errors.ts';
import { migrationOptions } from '../model/options.ts';
import { approvalSchema, runReport, unitSchema } from '../model/report.ts';
import { PROBLEM_TYPE, STATUSES } from './problem.ts';
import { MAX_BODY_BYTES } from './request.ts';
import { pageLink, runList, runResource, unitList } from './resources.ts';
import { approvalBody, COMMON_ERRORS, ROUTES, type Route, rollbackBody, startRunBody } from './routes.ts';

/** The body of every error (RFC 9457). */
const problem = z.strictObject({
  type: z.string().describe(`\`${PROBLEM_TYPE}\` and the error's name`),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('What went wrong with this request'),
  instance: z.string().describe('Names this request; the logs have the same id'),
  code: z.string().describe('The code of docs/errors.md'),
  remedy: z.string().describe('What to do'),
  problems: z
    .array(z.strictObject({ in: z.enum(['path', 'query', 'header', 'body']), field: z.string(), message: z.string() }))
    .optional()
    .describe('The parts of the request that are wrong'),
});

/** What clients send, and what they get: a default makes a field optional in the former and certain in the latter. */
const SENT = named({ StartRun: startRunBody, ApprovalAnswer: approvalBody, Rollback: rollbackBody, MigrationOptions: migrationOptions });
const GOT = named({
  Run: runResource,
  RunList: runList,
  UnitList: unitList,
  Approval: approvalSchema,
  Unit: unitSchema,
  RunReport: runReport,
  Audit: auditFile,
  PageLink: pageLink,
  RunOptions: migrationOptions,
  Problem: problem,
});

type JsonObject = Record<string, unknown>;

/** The OpenAPI 3.1 document of the API, made of the schemas that the functions parse with. The same code gives the same document. */
export function openApiDocument(version: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of Object.values<Route>(ROUTES)) {
    paths[route.template] = { ...paths[route.template], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'podshift',
      version,
      description:
        'Starts migrations from IRSA, kube2iam and kiam to EKS Pod Identity, shows how they stand, and rolls them back. Requests are signed with AWS Signature Version 4 for the service execute-api.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      {
        url: 'https://{apiId}.execute-api.{region}.amazonaws.com',
        description: 'The output HttpApiUrl of the stack',
        variables: { apiId: { default: 'apiId' }, region: { default: 'us-east-1' } },
      },
    ],
    security: [{ sigv4: [] }],
    paths,
    components: {
      schemas: { ...components(SENT, 'input'), ...components(GOT, 'output') },
      headers: {
        RequestId: { description: 'Names this request; the logs have the same id', schema: { type: 'string' } },
        RetryAfter: { description: 'Seconds until the client may ask again', schema: { type: 'integer' } },
      },
      securitySchemes: {
        sigv4: {
          type: 'apiKey',
          name: 'Authorization',
          in: 'header',
          description: 'AWS Signature Version 4, service execute-api; the caller needs execute-api:Invoke on the route',
          'x-amazon-apigateway-authtype': 'awsSigv4',
        },
      },
    },
  };
}

function operation(route: Route): JsonObject {
  const body = name(SENT, route.body);
  const { status, description, nothingToDo, body: answer, otherTypes = [] } = route.success;
  const types = { 'application/json': { schema: reference(name(GOT, answer)) } };
  const others = Object.fromEntries(otherTypes.map((type) => [type, { schema: { type: 'string' } }]));
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.description === '' ? {} : { description: route.description }),
    parameters: [...parameters(route.path, 'path'), ...parameters(route.query, 'query'), ...parameters(route.headers, 'header')],
    ...(body === undefined ? {} : { requestBody: requestBody(route, body) }),
    responses: {
      ...(nothingToDo === undefined ? {} : { 200: { description: nothingToDo, headers: HEADERS, content: types } }),
      [status]: { description, headers: HEADERS, content: { ...types, ...others } },
      ...problems([...route.errors, ...COMMON_ERRORS]),
    },
  };
}

const HEADERS = { 'x-request-id': { $ref: '#/components/headers/RequestId' } };

function requestBody(route: Route, body: string): JsonObject {
  return {
    description: `At most ${MAX_BODY_BYTES} bytes`,
    required: !route.body.safeParse(undefined).success,
    content: { 'application/json': { schema: reference(body) } },
  };
}

/** The answers to what goes wrong: one for each status, with the names of its errors. */
function problems(errors: readonly ErrorName[]): JsonObject {
  const statuses = [...new Set(errors.map((error) => STATUSES[error]))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const names = errors.filter((error) => STATUSES[error] === status).map((error) => `${ERRORS[error].code} ${error}`);
      const later = status === 429 || status === 503 ? { 'retry-after': { $ref: '#/components/headers/RetryAfter' } } : {};
      return [
        String(status),
        {
          description: names.join(', '),
          headers: { ...HEADERS, ...later },
          content: { 'application/problem+json': { schema: reference('Problem') } },
        },
      ];
    }),
  );
}

function parameters(schema: z.ZodType, place: 'path' | 'query' | 'header'): JsonObject[] {
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, JsonObject>;
    required?: string[];
  };
  return Object.entries(properties).map(([parameter, { description, ...own }]) => ({
    name: parameter,
    in: place,
    required: required.includes(parameter),
    ...(description === undefined ? {} : { description }),
    schema: own,
  }));
}

function named(schemas: Record<string, z.ZodType>): z.core.$ZodRegistry<{ id: string }> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  return registry;
}

function name(registry: z.core.$ZodRegistry<{ id: string }>, schema: z.ZodType): string | undefined {
  return registry.get(schema)?.id;
}

function reference(schema: string | undefined): JsonObject {
  if (schema === undefined) throw new TypeError('a route uses a schema that has no name in the document');
  return { $ref: `#/components/schemas/${schema}` };
}

function components(registry: z.core.$ZodRegistry<{ id: string }>, io: 'input' | 'output'): JsonObject {
  const { schemas } = z.toJSONSchema(registry, { io, uri: (id) => `#/components/schemas/${id}`, override: withoutNoise });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $id: _id, $schema: _dialect, ...schema }]) => [id, schema]));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  return z.toJSONSchema(schema, { io, override: withoutNoise });
}

/** The bounds of JavaScript's integers are no bounds of the API. */
function withoutNoise({ jsonSchema: schema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}
