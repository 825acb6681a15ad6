import { z } from 'zod';
import { auditFile } from '../model/audit/record.ts';
import type { ErrorName } from '../model/errors.ts';
import { migrationOptions } from '../model/options.ts';
import { runReport } from '../model/report.ts';
import { CURSOR } from './cursor.ts';
import { pageLink, runList, runResource, unitList } from './resources.ts';

/** One route of the API: what it takes, what it gives, and what can stand in its way. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: z.ZodType;
  readonly query: z.ZodType;
  /** Header names are in lower case; headers that a route does not name are left alone. */
  readonly headers: z.ZodType;
  readonly body: z.ZodType;
  /** As API Gateway writes it: `/runs/{runId}`. */
  readonly template: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly success: {
    readonly status: 200 | 202;
    readonly description: string;
    readonly body: z.ZodType;
    /** What 200 means where the usual answer is another one. */
    readonly nothingToDo?: string;
    /** Media types beside JSON. */
    readonly otherTypes?: readonly string[];
  };
  /** Errors of this route beside those that every route can have. */
  readonly errors: readonly ErrorName[];
}

/** Errors that every route can have. */
export const COMMON_ERRORS: readonly ErrorName[] = ['InvalidInput', 'Throttled', 'ServiceUnavailable', 'InternalError'];

const none = z.strictObject({});
const anyHeaders = z.object({});
const noBody = z.undefined();

const runPath = z.strictObject({
  runId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,80}$/)
    .describe('Id of the run'),
});

const page = {
  limit: z.coerce.number().int().min(1).max(100).default(50).describe('How many items the page has at most'),
  cursor: z.string().regex(CURSOR).optional().describe('The `next` of the page before'),
};

const digest = z
  .string()
  .regex(/^[0-9a-f]{12,64}$/)
  .describe("The plan's digest, or its first 12 hex digits or more");

/** A key that the client draws for one run, and sends again with each try of the same request (the IETF draft's quotes may be there). */
export const idempotencyKey = z
  .string()
  .regex(/^("?)[\w.:-]{1,128}\1$/)
  .transform((key) => key.replaceAll('"', ''));

/** What a run is started with. */
export const startRunBody = z.strictObject({
  target: z.strictObject({
    // Amazon EKS API Reference, CreateCluster: name
    clusterName: z.string().regex(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/),
    region: z.string().regex(/^[a-z]{2,}(-[a-z]+)+-\d{1,2}$/),
    assumeRoleArn: z
      .string()
      .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/)
      .nullable()
      .default(null)
      .describe('A role to assume first, in the account of the cluster'),
  }),
  mode: z.enum(['plan', 'run']).describe('`plan` reads and changes nothing'),
  approval: z
    .enum(['required', 'none'])
    .default('required')
    .describe('Whether the run waits until somebody approves the digest of its plan'),
  expectedDigest: digest.nullable().default(null).describe('The run changes nothing where its plan has another digest'),
  options: migrationOptions.prefault({}),
});

/** The answer to a plan that waits. */
export const approvalBody = z.strictObject({ decision: z.enum(['approve', 'refuse']), digest });

/** What is rolled back: the whole run, or some of its units. */
export const rollbackBody = z
  .strictObject({
    units: z
      .array(z.string().regex(/^[^/]{1,63}\/[^/]{1,253}$/))
      .min(1)
      .max(500)
      .nullable()
      .default(null)
      .describe('Units, each `NAMESPACE/SERVICEACCOUNT`; null for the whole run'),
    stop: z.boolean().default(false).describe('Stop the run first where it is still going forward; then all of it is rolled back'),
  })
  .default({ units: null, stop: false });

/** How a report can be printed, by its media type. */
export const REPORT_TYPES = {
  json: 'application/json',
  yaml: 'application/yaml',
  markdown: 'text/markdown; charset=utf-8',
} as const;

const route = <const R extends Route>(made: R): R => made;

/** Every route of the API. serverless.yml has the same ones, and docs/openapi.json is made of them; a test holds all three together. */
export const ROUTES = {
  startRun: route({
    method: 'POST',
    template: '/runs',
    operationId: 'startRun',
    summary: 'Start a run',
    description:
      'Plans the migration of a cluster, or plans and carries it out. The cluster is looked at first: a run is not started for one that cannot be reached. The same key with the same body gives the same run.',
    path: none,
    query: none,
    headers: z.object({ 'idempotency-key': idempotencyKey.describe('1 to 128 letters, digits and `_.:-`, drawn for this run') }),
    body: startRunBody,
    success: { status: 202, description: 'The run; it goes on by itself', body: runResource },
    errors: [
      'PayloadTooLarge',
      'UnsupportedMediaType',
      'IdempotencyKeyReused',
      'ClusterNotFound',
      'AccessDenied',
      'InvalidRequest',
      'ClusterUnreachable',
      'KubernetesUnauthorized',
      'KubernetesForbidden',
      'ConfigMapAuthentication',
      'ExecutionExists',
      'OutsideLimits',
    ],
  }),
  listRuns: route({
    method: 'GET',
    template: '/runs',
    operationId: 'listRuns',
    summary: 'List runs',
    description: 'The newest first.',
    path: none,
    query: z.strictObject(page),
    headers: anyHeaders,
    body: noBody,
    success: { status: 200, description: 'A page of runs', body: runList },
    errors: [],
  }),
  getRun: route({
    method: 'GET',
    template: '/runs/{runId}',
    operationId: 'getRun',
    summary: 'Show how a run stands',
    description: '',
    path: runPath,
    query: none,
    headers: anyHeaders,
    body: noBody,
    success: { status: 200, description: 'The run', body: runResource },
    errors: ['RunNotFound'],
  }),
  listUnits: route({
    method: 'GET',
    template: '/runs/{runId}/units',
    operationId: 'listUnits',
    summary: 'List the units of a run',
    description: 'By namespace and service account. Units are there as soon as there is a plan.',
    path: runPath,
    query: z.strictObject(page),
    headers: anyHeaders,
    body: noBody,
    success: { status: 200, description: 'A page of units', body: unitList },
    errors: ['RunNotFound'],
  }),
  answerApproval: route({
    method: 'POST',
    template: '/runs/{runId}/approval',
    operationId: 'answerApproval',
    summary: 'Approve or refuse the plan of a run',
    description:
      'Only while the run waits for it, and only for the digest that its plan has. The first answer stays; who gave it is on record. Where the deployment has `approvalMode: required-by-another`, whoever asked for the run may refuse its plan, and not approve it.',
    path: runPath,
    query: none,
    headers: anyHeaders,
    body: approvalBody,
    success: { status: 202, description: 'The run, which has the answer', body: runResource },
    errors: [
      'RunNotFound',
      'PayloadTooLarge',
      'UnsupportedMediaType',
      'ApprovalMismatch',
      'RunNotWaiting',
      'ApprovalAnswered',
      'TaskTokenGone',
      'SelfApproval',
      'RequesterUnknown',
    ],
  }),
  rollBackRun: route({
    method: 'POST',
    template: '/runs/{runId}/rollback',
    operationId: 'rollBackRun',
    summary: 'Roll a run back',
    description:
      'Restores what the run changed, or what some of its units changed. A run that is rolled back already is answered with 200, and nothing is started. One that is still going forward is refused, unless `stop` is true.',
    path: runPath,
    query: none,
    headers: anyHeaders,
    body: rollbackBody,
    success: {
      status: 202,
      description: 'The run; its rollback goes on by itself',
      nothingToDo: 'The run, which is rolled back already; nothing was started',
      body: runResource,
    },
    errors: ['RunNotFound', 'PayloadTooLarge', 'UnsupportedMediaType', 'RunUnderWay', 'NothingToUndo', 'ClusterLocked'],
  }),
  getReport: route({
    method: 'GET',
    template: '/runs/{runId}/report',
    operationId: 'getReport',
    summary: 'Report on a run',
    description: 'Finished or not: units with their evidence, roles with their trust policies, findings.',
    path: runPath,
    query: z.strictObject({ format: z.enum(['json', 'yaml', 'markdown']).default('json').describe('How the report is written') }),
    headers: anyHeaders,
    body: noBody,
    success: { status: 200, description: 'The report', body: runReport, otherTypes: [REPORT_TYPES.yaml, REPORT_TYPES.markdown] },
    errors: ['RunNotFound', 'AnswerTooLarge'],
  }),
  getAudit: route({
    method: 'GET',
    template: '/runs/{runId}/audit',
    operationId: 'getAudit',
    summary: 'The audit of a run',
    description:
      'Who asked and who approved, every write with before and after, all evidence and every rollback, chained by hashes. The answer is the file that `podshift audit --verify` takes, byte for byte.',
    path: runPath,
    query: none,
    headers: anyHeaders,
    body: noBody,
    success: { status: 200, description: 'The audit', body: auditFile },
    errors: ['RunNotFound', 'AnswerTooLarge'],
  }),
  getPage: route({
    method: 'GET',
    template: '/runs/{runId}/page',
    operationId: 'getPage',
    summary: 'A link to the page of a run',
    description:
      'The page of a run that has ended, as it stood then; a page that is not stored, or not any more, is made for it. The link is made for this answer: whoever has it can read that page, without any other right, until it expires, after 15 minutes at most. It ends sooner where the session ends that signed it.',
    path: runPath,
    query: none,
    headers: anyHeaders,
    body: noBody,
    success: { status: 200, description: 'The link', body: pageLink },
    errors: ['RunNotFound', 'PageNotFound', 'CredentialsMissing', 'AccessDenied'],
  }),
} as const;
