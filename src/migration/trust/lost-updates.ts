import type { CloudTrailEvent } from '../../aws/gateways.ts';
import { isPodshiftError } from '../../model/errors.ts';
import type { RolePlan } from '../../model/plan.ts';
import type { RunRecord } from '../../model/run.ts';
import { planOf } from '../run/plan-run.ts';
import type { Runtime } from '../runtime.ts';
import { holdLock } from '../write.ts';
import { OVERWRITTEN } from './block-role.ts';
import { documentAfter, recordTrust, sameDocument, type TrustImage, trustKey, trustNow, withLease, writeTrust } from './role-trust.ts';

/** CloudTrail delivers about 5 minutes after an event (AWS CloudTrail User Guide, "How CloudTrail works"); three times that is late. */
const DELIVERY_SECONDS = 900;

/**
 * Asks CloudTrail once whether somebody else wrote a role's trust policy while a wave's grant did: IAM compares nothing, so that
 * the one who wrote first is overwritten without a trace. What was lost is put back together with the grant; where that cannot be
 * done, or the document has changed since, the role says so and the run needs an operator. Answers the seconds after which
 * CloudTrail can be asked; 0 once it was, or where it may not be read.
 */
export async function checkGrant(runtime: Runtime, run: RunRecord, roleArn: string, wave: number): Promise<number> {
  const { journal, clock, logger } = runtime;
  const key = trustKey(roleArn, wave);
  const entry = await journal.getEntry(run.runId, key);
  const image = entry?.state === 'applied' ? (entry.after as TrustImage) : undefined;
  if (image?.from === undefined || image.to === undefined || image.checked === true) return 0;
  const wait = Math.ceil((image.to + DELIVERY_SECONDS * 1000 - clock.now()) / 1000);
  if (wait > 0) return wait;
  const role = (await planOf(runtime, run.runId)).roles.find((one) => one.roleArn === roleArn);
  if (role === undefined) return 0;
  const lost = await writesOfOthers(runtime, run, role, { ...image, from: image.from, to: image.to });
  if (lost === undefined) logger.warn('CloudTrail does not show who else wrote a trust policy', { runId: run.runId, roleArn });
  const [last] = lost ?? [];
  if (last !== undefined) await putBack(runtime, run, role, wave, image.document, last);
  await journal.markApplied(run.runId, key, { ...image, checked: true } satisfies TrustImage);
  return 0;
}

/** Documents that others wrote in the time of the write, newest first; undefined where CloudTrail may not be read. */
async function writesOfOthers(
  runtime: Runtime,
  run: RunRecord,
  { roleName }: RolePlan,
  { document, from, to }: { readonly document: string; readonly from: number; readonly to: number },
): Promise<string[] | undefined> {
  // Events tell whole seconds.
  const [startTime, endTime] = [Math.floor(from / 1000) * 1000, Math.ceil(to / 1000) * 1000];
  try {
    const query = { attribute: 'ResourceName', value: roleName, startTime, endTime, scope: 'global' } as const;
    const events = await runtime.aws(run.target).cloudTrail.lookupEvents(query);
    return events
      .filter(({ eventTime }) => eventTime >= startTime && eventTime <= endTime)
      .flatMap((event) => documentWritten(event, roleName) ?? [])
      .filter((written) => !sameDocument(written, document));
  } catch (error) {
    if (isPodshiftError(error, 'AccessDenied', 'InvalidRequest')) return undefined;
    throw error;
  }
}

/** What a call of UpdateAssumeRolePolicy wrote to the role; undefined for any other event, and for a call that was refused. */
function documentWritten({ eventName, event }: CloudTrailEvent, roleName: string): string | undefined {
  const { errorCode, requestParameters } = event as {
    readonly errorCode?: string;
    readonly requestParameters?: { readonly roleName?: string; readonly policyDocument?: string };
  };
  if (eventName !== 'UpdateAssumeRolePolicy' || errorCode !== undefined || requestParameters?.roleName !== roleName) return undefined;
  return requestParameters.policyDocument;
}

/** Writes what somebody else wrote together with the wave's admissions, provided that the document is still podshift's. */
async function putBack(runtime: Runtime, run: RunRecord, role: RolePlan, wave: number, ours: string, theirs: string): Promise<void> {
  const { journal } = runtime;
  const { iam } = runtime.aws(run.target);
  const record = await journal.getRole(run.runId, role.roleArn);
  const tell = async (why: string): Promise<void> => {
    const blocked = `${OVERWRITTEN} by the grant of wave ${wave}, and ${why}; it was ${theirs}`;
    await journal.updateRole(run.runId, role.roleArn, { blocked });
  };
  try {
    await withLease(runtime, run.runId, role.roleArn, async (lease) => {
      const found = await trustNow(iam, role);
      if (!sameDocument(found, ours)) return tell('it has changed since');
      const both = documentAfter(run, role, wave, theirs);
      await holdLock(runtime, run);
      await writeTrust(lease, iam, role, ours, both);
      await recordTrust(runtime, record, both);
      runtime.logger.warn('what somebody else wrote to a trust policy was put back beside the grant', {
        runId: run.runId,
        roleArn: role.roleArn,
      });
    });
  } catch (error) {
    if (!isPodshiftError(error, 'TrustPolicyMoved', 'WideningRefused', 'AccessDenied', 'InvalidRequest', 'LimitExceeded', 'NotFound'))
      throw error;
    await tell(`it could not be put back (${error.message})`);
  }
}
