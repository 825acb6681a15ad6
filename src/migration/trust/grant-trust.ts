import { ERRORS, type ErrorName, isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { Plan, RolePlan } from '../../model/plan.ts';
import type { RoleRecord, RunRecord } from '../../model/run.ts';
import { admitsPodIdentity } from '../../trust/index.ts';
import { refuseEarly } from '../quiet.ts';
import { planOf } from '../run/plan-run.ts';
import type { Runtime } from '../runtime.ts';
import { forwardRun, journaledWrite } from '../write.ts';
import {
  accountOf,
  documentAfter,
  documentOf,
  type Lease,
  policyOf,
  recordTrust,
  sameDocument,
  trustKey,
  trustNow,
  withLease,
} from './role-trust.ts';
import { writeTrust } from './write-trust.ts';

/** One role of one wave. */
export interface GrantTrustInput {
  readonly runId: string;
  readonly roleArn: string;
  readonly wave: number;
}

/** Errors that concern this role alone: its units are held, the other roles go on. */
const ROLE_PROBLEMS = ['TrustPolicyMoved', 'WideningRefused', 'AccessDenied', 'InvalidRequest', 'LimitExceeded', 'NotFound'] as const;

/**
 * Lets the wave's service accounts assume the role: one write under the role's lease, read back, and none where the
 * document admits them already or all of them have ended. What is wrong with this role alone blocks it, with the reason, and its units end as held.
 * `wrote` is true as long as IAM may not have spread this wave's write yet.
 */
export async function grantTrust(runtime: Runtime, input: GrantTrustInput): Promise<{ wrote: boolean }> {
  const run = await forwardRun(runtime, input.runId);
  const plan = await planOf(runtime, run.runId);
  const role = plan.roles.find((candidate) => candidate.roleArn === input.roleArn);
  if (role === undefined) throw new PodshiftError('InternalError', `role ${input.roleArn} is not in the plan of run ${run.runId}`);
  if (!role.waves.some((wave) => wave.wave === input.wave)) return { wrote: false };
  const record = await runtime.journal.getRole(run.runId, input.roleArn);
  if (record.blocked !== '') return { wrote: false };
  try {
    return {
      wrote: await withLease(runtime, run.runId, input.roleArn, (lease) =>
        grantUnderLease(lease, runtime, run, { role, record, wave: input.wave, units: unitsOf(plan, role, input.wave) }),
      ),
    };
  } catch (error) {
    if (!isPodshiftError(error, ...ROLE_PROBLEMS)) throw error;
    await runtime.journal.updateRole(run.runId, input.roleArn, { blocked: error.message });
    return { wrote: false };
  }
}

async function grantUnderLease(
  lease: Lease,
  runtime: Runtime,
  run: RunRecord,
  {
    role,
    record,
    wave,
    units,
  }: { readonly role: RolePlan; readonly record: RoleRecord; readonly wave: number; readonly units: readonly string[] },
): Promise<boolean> {
  const { iam } = runtime.aws(run.target);
  const key = trustKey(role.roleArn, wave);
  const begun = await runtime.journal.getEntry(run.runId, key);
  const before = begun === undefined ? record.trustAfter : documentOf(begun.before);
  const document = documentAfter(run, role, wave, before);
  const found = await trustNow(iam, role);
  if (begun === undefined && sameDocument(found, document)) return false;
  if (!sameDocument(found, before) && !sameDocument(found, document)) {
    if (admitsAlready(run, role, wave, found)) return false;
    // One that somebody wrote ahead of podshift's may be shown late.
    if (begun !== undefined) refuseEarly(runtime.clock, role.roleArn, [begun]);
    throw new PodshiftError('TrustPolicyMoved', `the trust policy of ${role.roleArn} changed after the plan was made`);
  }
  if (await haveEnded(runtime, run, units)) return false;
  let isRecorded = false;
  await journaledWrite(runtime, run, {
    key,
    unitId: null,
    kind: 'trust',
    object: role.roleArn,
    before: { document: before },
    perform: async () => {
      isRecorded = await writeTrust(runtime, run, lease, { role, acts: [{ kind: 'grant', wave }], before, document, isRecorded: true });
      return { document };
    },
  });
  if (!isRecorded) await recordTrust(runtime, record, document);
  return true;
}

/** The ids of the units that a wave lets into a role. */
function unitsOf(plan: Plan, { roleArn, waves }: RolePlan, wave: number): string[] {
  const admitted = new Set(
    waves.filter((one) => one.wave === wave).flatMap(({ admit }) => admit.map((one) => `${one.namespace}/${one.name}`)),
  );
  return plan.units
    .filter((unit) => unit.roleArn === roleArn && admitted.has(`${unit.namespace}/${unit.serviceAccount}`))
    .map(({ id }) => id);
}

/** Whether all of these units have ended: a grant that was delivered late, after they were rolled back, would never be revoked. */
async function haveEnded(runtime: Runtime, run: RunRecord, units: readonly string[]): Promise<boolean> {
  for (const unitId of units) {
    const { status } = await runtime.journal.getUnit(run.runId, unitId);
    if (status === 'pending' || status === 'running') return false;
  }
  return units.length > 0;
}

/** Whether a document that somebody else changed lets every service account of the wave in: that is fine. */
function admitsAlready(run: RunRecord, role: RolePlan, wave: number, found: string): boolean {
  const policy = policyOf(role, found);
  const { accountId } = accountOf(run.clusterArn);
  return (role.waves.find((candidate) => candidate.wave === wave)?.admit ?? []).every(
    ({ namespace, name }) =>
      admitsPodIdentity(policy, {
        clusterArn: run.clusterArn,
        clusterName: run.target.clusterName,
        accountId,
        namespace,
        serviceAccount: name,
        sessionTags: true,
      }) === 'yes',
  );
}

/** What a state machine's Catch hands on. */
export interface Failure {
  readonly Error: string;
  /** A Lambda function's error as JSON, or plain text. */
  readonly Cause?: string | undefined;
}

/**
 * The message of a caught error. Step Functions gives a Lambda's as JSON with `errorMessage` (AWS Lambda, "Error handling in Step Functions").
 * What Step Functions tried again was given up, and it does not say after how many tries.
 */
export function reasonOf(failure: Failure): string {
  const message = messageOf(failure);
  const isRetried = Object.hasOwn(ERRORS, failure.Error) && ERRORS[failure.Error as ErrorName].retryable;
  return isRetried && !message.includes('gave up after') ? `${message}; gave up at the last try` : message;
}

function messageOf(failure: Failure): string {
  const cause = failure.Cause ?? '';
  try {
    const parsed: unknown = JSON.parse(cause);
    if (typeof parsed === 'object' && parsed !== null && 'errorMessage' in parsed && typeof parsed.errorMessage === 'string')
      return parsed.errorMessage;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return cause === '' ? failure.Error : cause;
}
