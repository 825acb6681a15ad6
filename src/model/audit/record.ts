import { z } from 'zod';
import { migrationOptions } from '../options.ts';
import { requesterSchema } from '../requester.ts';

/** One request that changed something, or was to: what the service's own log knows it by. Nothing of its body or headers. */
export const writeRequest = z.strictObject({
  service: z.enum(['eks', 'iam', 'sts', 'kubernetes', 'cloudtrail']),
  operation: z.string().describe("AWS's name of the operation, or the verb with the object for Kubernetes"),
  requestId: z.string().nullable().describe("AWS's request id, or the Audit-Id of the API server; null where the answer had none"),
  principal: z.string().nullable().describe('ARN of the principal that signed it; null where podshift does not know it'),
  error: z.string().nullable().describe('The code of a refusal; null where it was taken'),
});

/** See {@link writeRequest}. */
export type WriteRequest = z.output<typeof writeRequest>;

const time = z.string();
const requests = z.array(writeRequest).nullable().describe('Null where a version of podshift wrote that did not note them');
const unit = z.string().nullable().describe('`NAMESPACE/SERVICEACCOUNT`; null for what no unit has alone');
const podshift = z.string().nullable().describe('Version and commit of podshift; null where it is not recorded');
const runStatus = z.enum(['pending', 'running', 'rolling-back', 'planned', 'migrated', 'held', 'rolled-back', 'needs-operator']);
const unitStatus = z.enum(['pending', 'running', 'rolling-back', 'migrated', 'held', 'rolled-back', 'needs-operator']);

/** The records of a run, by `kind` (docs/audit.md). */
export const auditRecord = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('run'),
    id: z.string(),
    cluster: z.string().describe('ARN; empty where the cluster was not reached'),
    target: z.strictObject({ clusterName: z.string(), region: z.string(), assumeRoleArn: z.string().nullable() }),
    startedAt: time,
    requester: requesterSchema.nullable().describe('Who asked for it; null where it is not recorded'),
    terms: z
      .strictObject({ mode: z.enum(['plan', 'run']), approval: z.enum(['none', 'required']), expectedDigest: z.string().nullable() })
      .nullable(),
    options: migrationOptions,
    podshift,
  }),
  z.strictObject({
    kind: z.literal('gap'),
    hash: z.string().describe('What was noted of an earlier end of this run, and is not in the journal any more'),
    records: z.int(),
  }),
  z.strictObject({ kind: z.literal('plan'), digest: z.string() }),
  z.strictObject({
    kind: z.literal('approval'),
    status: z.enum(['waiting', 'approved', 'refused', 'expired']),
    expiresAt: time,
    answer: z
      .strictObject({ decision: z.enum(['approve', 'refuse']), digest: z.string(), by: z.string(), at: time, requestId: z.string() })
      .nullable(),
    self: z.boolean().nullable().describe('Whether whoever answered is who asked; null while nobody has'),
  }),
  z.strictObject({
    kind: z.literal('write'),
    key: z.string(),
    unit,
    change: z.string().describe('What kind of change it is, as the journal names it'),
    object: z.string(),
    before: z.unknown().describe('The fields that change, as they were'),
    after: z.unknown().describe('The same as written; null where the write is not known to have taken effect'),
    at: time.describe('When the before-image was noted, ahead of the write'),
    triedAt: time.nullable().describe('The last try; null where there was one alone'),
    appliedAt: time.nullable().describe('When it was read back and noted; null where that is not recorded'),
    requests,
  }),
  z.strictObject({
    kind: z.literal('undo'),
    key: z.string().describe('Of the write that was undone'),
    unit,
    object: z.string(),
    at: time.nullable(),
    requests,
  }),
  z.strictObject({
    kind: z.literal('evidence'),
    unit: z.string(),
    number: z.int().describe("From 0, in the order of the unit's evidence"),
    grade: z.union([z.literal(1), z.literal(2), z.literal(3)]),
    evidence: z.string(),
    passed: z.boolean(),
    at: time,
    facts: z.record(z.string(), z.unknown()),
  }),
  z.strictObject({
    kind: z.literal('role'),
    roleArn: z.string(),
    trustBefore: z.string(),
    trustAfter: z.string(),
    putBack: z.array(time).describe("When somebody else's change was put back beside podshift's own"),
  }),
  z.strictObject({
    kind: z.literal('unit'),
    unit: z.string(),
    mechanism: z.enum(['irsa', 'kube2iam', 'kiam', 'addon']),
    roleArn: z.string(),
    wave: z.int().nullable(),
    status: unitStatus,
    reason: z.string(),
  }),
  z.strictObject({ kind: z.literal('rollback'), at: time, reason: z.string() }),
  z.strictObject({
    kind: z.literal('end'),
    at: time,
    status: runStatus,
    reason: z.string(),
    units: z.strictObject({ pending: z.int(), migrated: z.int(), held: z.int(), rolledBack: z.int(), needsOperator: z.int() }).nullable(),
    podshift,
  }),
]);

/** See {@link auditRecord}. */
export type AuditRecord = z.output<typeof auditRecord>;

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A record in its chain. */
export const auditLink = z.strictObject({
  hash: hash.describe('SHA-256, in hex, of the canonical JSON (RFC 8785) of this object without `hash`'),
  index: z.int().min(0).describe('From 0'),
  previous: hash.describe('`hash` of the record before; 64 zeros for the first one'),
  record: auditRecord,
});

/** See {@link auditLink}. */
export type AuditLink = z.output<typeof auditLink>;

/** How many records of a chain there are, and the hash of the last one. */
export const auditSeal = z.strictObject({ records: z.int().min(1), hash });

/** See {@link auditSeal}. */
export type AuditSeal = z.output<typeof auditSeal>;

/** What `audit RUN` prints with `-o json`. All that stands beside `links` follows from them. */
export const auditFile = z.strictObject({
  apiVersion: z.literal('podshift/v1'),
  kind: z.literal('Audit'),
  run: z.string(),
  algorithm: z.literal('podshift-audit-1').describe('The rules of docs/audit.md'),
  records: z.int().min(1),
  ends: z.array(auditSeal).describe("The chain at each end of the run: what its events and the function's log name"),
  last: hash.describe('`hash` of the last record'),
  links: z.array(auditLink).min(1),
});

/** See {@link auditFile}. */
export type AuditFile = z.output<typeof auditFile>;

/** What `audit --verify` prints with `-o json`. */
export const auditVerdict = z.strictObject({
  apiVersion: z.literal('podshift/v1'),
  kind: z.literal('AuditVerdict'),
  run: z.string().nullable().describe('Null where the file does not say'),
  honest: z.boolean(),
  records: z.int().nullable(),
  last: z.string().nullable(),
  problems: z.array(
    z.strictObject({
      what: z.enum(['altered', 'cut off', 'put in', 'moved', 'unreadable']),
      record: z.int().nullable().describe('Its index; null for what stands beside the records'),
      field: z.string().nullable().describe('A path in it; null where it cannot be told'),
      message: z.string(),
    }),
  ),
  notes: z.array(z.string()).describe('What was compared with what, and what the verdict therefore does not say'),
});

/** See {@link auditVerdict}. */
export type AuditVerdict = z.output<typeof auditVerdict>;
