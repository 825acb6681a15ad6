import { createHash } from 'node:crypto';
import type { IamGateway } from '../../aws/gateways.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { RolePlan, ServiceAccountName } from '../../model/plan.ts';
import type { JournalEntry, RoleRecord, RunRecord } from '../../model/run.ts';
import { type AdmitRequest, admitServiceAccounts, parseTrustPolicy, type TrustPolicy, widening } from '../../trust/index.ts';
import type { JournalRuntime } from '../runtime.ts';
import { LEASE_SECONDS, WRITE_SECONDS } from '../write.ts';

/** The lease that a write of a trust policy is made under. */
export interface Lease {
  /** Throws `LeaseHeld` where too little of it is left for one write: another run could take it meanwhile, and IAM compares nothing. */
  check(): void;
}

/** Runs `work` while this run holds the lease on the role's trust policy. Throws `LeaseHeld`. */
export async function withLease<T>(
  runtime: JournalRuntime,
  runId: string,
  roleArn: string,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  const { clock } = runtime;
  const lastWrite = clock.now() + (LEASE_SECONDS - WRITE_SECONDS) * 1000;
  await runtime.journal.acquireLease(roleArn, runId, LEASE_SECONDS);
  const check = (): void => {
    if (clock.now() > lastWrite)
      throw new PodshiftError('LeaseHeld', `the lease on the trust policy of ${roleArn} runs out before it is written`);
  };
  try {
    return await work({ check });
  } finally {
    await runtime.journal.releaseLease(roleArn, runId);
  }
}

/** A short name of a document; the same for documents that are the same, white space and the order of keys aside. */
export function fingerprint(document: string): string {
  return createHash('sha256').update(canonical(document)).digest('hex').slice(0, 32);
}

/** Whether two documents are the same, white space and the order of keys aside. */
export function sameDocument(one: string, other: string): boolean {
  return one === other || canonical(one) === canonical(other);
}

function canonical(text: string): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, sorted(inner)]),
    );
  };
  try {
    return JSON.stringify(sorted(JSON.parse(text)));
  } catch (error) {
    // What is no JSON is only equal to itself.
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/** A role whose trust policy is read and written. */
export type TrustedRole = Pick<RolePlan, 'roleArn' | 'roleName'>;

/** The role of an ARN: IAM's calls take the name, which is what follows the path. */
export function trustedRole(roleArn: string): TrustedRole {
  return { roleArn, roleName: roleArn.split('/').at(-1) as string };
}

/** The role's trust policy as IAM has it now. Throws `NotFound`. */
export async function trustNow(iam: IamGateway, role: TrustedRole): Promise<string> {
  const found = await iam.getRole(role.roleName);
  if (found === undefined) throw new PodshiftError('NotFound', `role ${role.roleArn} does not exist any more`);
  return found.trustPolicy;
}

/** The policy of a text that the plan has read already. Throws `TrustPolicyMoved` where it cannot be read now. */
export function policyOf(role: Pick<RolePlan, 'roleArn'>, text: string): TrustPolicy {
  const parsed = parseTrustPolicy(text);
  if (!parsed.ok) throw new PodshiftError('TrustPolicyMoved', `the trust policy of ${role.roleArn} cannot be read: ${parsed.problem}`);
  return parsed.policy;
}

/** The account and partition of an ARN (AWS General Reference, "Amazon Resource Names"). */
export function accountOf(arn: string): { accountId: string; partition: string } {
  const [, partition = '', , , accountId = ''] = arn.split(':');
  return { accountId, partition };
}

/**
 * What the document has to be after this wave: the plan's own text where the role is as the plan expected it, else the
 * same admissions on what is there (an earlier wave's statement may have been taken out again). Throws `TrustPolicyMoved`
 * where it cannot be done, `WideningRefused` where anybody else would gain.
 */
export function documentAfter(run: RunRecord, role: RolePlan, wave: number, before: string): string {
  const index = role.waves.findIndex((candidate) => candidate.wave === wave);
  const step = role.waves[index];
  if (step === undefined) return before;
  const policy = policyOf(role, before);
  const expected = role.waves[index - 1]?.trustAfter ?? role.trustBefore;
  const { grant, widest } = grantsOf(run, role, step.admit);
  const document = sameDocument(before, expected) ? step.trustAfter : admitted(role, policy, grant, widest);
  const gained = widening(policy, policyOf(role, document), widest);
  if (gained.length > 0)
    throw new PodshiftError('WideningRefused', `the new trust policy of ${role.roleArn} would also admit ${gained.join(', ')}`);
  return document;
}

/**
 * The document with these service accounts let in, as a grant of the run lets them in; the same one where it does already. Throws
 * `TrustPolicyMoved` where it cannot be done.
 */
export function admitAlso(run: RunRecord, role: RolePlan, document: string, serviceAccounts: readonly ServiceAccountName[]): string {
  if (serviceAccounts.length === 0) return document;
  const { grant, widest } = grantsOf(run, role, serviceAccounts);
  return admitted(role, policyOf(role, document), grant, widest);
}

/** What lets service accounts in, and the widest that the user allows. */
function grantsOf(
  run: RunRecord,
  { sizeLimit }: RolePlan,
  serviceAccounts: readonly ServiceAccountName[],
): { readonly grant: AdmitRequest; readonly widest: AdmitRequest } {
  const { accountId } = accountOf(run.clusterArn);
  const limit = sizeLimit === undefined ? {} : { sizeLimit };
  const grant: AdmitRequest = { clusterArn: run.clusterArn, accountId, serviceAccounts, scope: 'service-account', ...limit };
  return { grant, widest: run.options.allowClusterScope ? { ...grant, scope: 'cluster' } : grant };
}

/** The narrow grant where it fits, else the widest that the user allows. */
function admitted(role: RolePlan, policy: TrustPolicy, grant: AdmitRequest, widest: AdmitRequest): string {
  const narrow = admitServiceAccounts(policy, grant);
  const result = narrow.kind === 'refused' && narrow.problem.code === 'too-large' ? admitServiceAccounts(policy, widest) : narrow;
  if (result.kind === 'refused')
    throw new PodshiftError('TrustPolicyMoved', `the trust policy of ${role.roleArn} changed: ${result.problem.message}`);
  return result.kind === 'changed' ? result.text : policy.text;
}

/** The service accounts that this run's writes let in, by what the journal says was written. */
export function admittedByRun(role: RolePlan, entries: readonly JournalEntry[]): ServiceAccountName[] {
  return role.waves
    .filter((wave) => entries.some((entry) => entry.key === trustKey(role.roleArn, wave.wave)))
    .flatMap((wave) => [...wave.admit]);
}

/** Key of the journal's entry of one write of a trust policy. */
export function trustKey(roleArn: string, what: number | 'retire'): string {
  return `trust#${roleArn}#${what}`;
}

/** The document of a trust entry's before-image. */
export function documentOf(image: unknown): string {
  if (typeof image === 'object' && image !== null && 'document' in image && typeof image.document === 'string') return image.document;
  throw new PodshiftError('InternalError', 'a trust policy entry of the journal has no document');
}

/** Notes the document that was read back. `shared`: it was made of one that holds changes of somebody else's. */
export async function recordTrust(runtime: JournalRuntime, record: RoleRecord, document: string, shared = false): Promise<void> {
  if (record.trustAfter === document && (!shared || record.shared === true)) return;
  await runtime.journal.updateRole(record.runId, record.roleArn, { trustAfter: document, ...(shared ? { shared } : {}) });
}
