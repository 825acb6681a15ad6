import type { CloudTrailEvent } from '../../aws/gateways.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import { judgeUse } from '../../verification/cloudtrail.ts';
import { addEvidenceOnce } from '../evidence.ts';
import { PACES, type Pace, waitIn } from '../polls.ts';
import type { ClusterRuntime, JournalRuntime } from '../runtime.ts';
import { serverTime } from '../server-time.ts';
import { checkRole } from '../trust/lost-updates.ts';
import { forwardUnit, type Poll, READY, secondsIn, type UnitContext, type UnitInput } from '../write.ts';
import { lookAtNewWay } from './last-look.ts';
import { checkPods } from './verify-pods.ts';

/** How long after the soak CloudTrail is asked again where it throttles: it takes two look-ups a second in an account and region. */
const PATIENCE_SECONDS = 180;

/**
 * After the soak: the pods once more, as new ones may have come, all that they need of the new way, and CloudTrail for the use
 * of the role. That CloudTrail has not shown it yet is no failure (it delivers late): the proof is then on record as missing, and
 * the old trust stays. Throws `ProofFailed` where pods are not on the new way any more, or somebody took a part of it away.
 */
export async function confirmUse(runtime: ClusterRuntime, input: UnitInput): Promise<Poll> {
  const context = await forwardUnit(runtime, input, 'soak');
  const { run, unit } = context;
  const pods = await checkPods(runtime, context);
  const late = secondsIn(runtime.clock, unit, 'soak');
  const { rolloutTimeoutSeconds } = run.options;
  const again = (pace: Pace, limit = rolloutTimeoutSeconds): Promise<Poll> => waitIn(runtime, run, pace, late, limit);
  if (pods.missing !== '') {
    if (late <= rolloutTimeoutSeconds) return again(PACES.use);
    throw new PodshiftError('ProofFailed', `after the soak ${pods.missing}`);
  }
  const look = await lookAtNewWay(runtime, context);
  if (look.state === 'starting' && late <= rolloutTimeoutSeconds) return again(PACES.use);
  if (look.state !== 'whole') throw new PodshiftError('ProofFailed', `after the soak ${look.message}`);
  // The annotation goes only when the last of them has ended, and they may end soon.
  const waits = look.ending.length > 0 && unit.plan.removeAnnotations.length > 0;
  if (waits && late <= rolloutTimeoutSeconds) return again(PACES.endingPods);
  // One unit of the wave asks for its role; what CloudTrail does not show by now is asked for again at the end of the run.
  await checkRole(runtime, run, unit.plan.roleArn, 'early');
  const events = await lookUp(runtime, context);
  if (events === undefined && late <= PATIENCE_SECONDS) return again(PACES.use, PATIENCE_SECONDS);
  await record(runtime, context, events, pods.oldJobs);
  return READY;
}

/** Events of the role since the restart; undefined where CloudTrail does not answer now. */
async function lookUp(runtime: JournalRuntime, { unit, aws }: UnitContext): Promise<readonly CloudTrailEvent[] | 'denied' | undefined> {
  const startTime = startOfUse(runtime, unit);
  try {
    return await aws.cloudTrail.lookupEvents({
      attribute: 'ResourceName',
      value: unit.plan.roleArn,
      startTime,
      endTime: serverTime(runtime, runtime.clock.now()),
    });
  } catch (error) {
    if (isPodshiftError(error, 'Throttled', 'ServiceUnavailable')) return undefined;
    if (isPodshiftError(error, 'AccessDenied', 'InvalidRequest')) return 'denied';
    throw error;
  }
}

async function record(
  runtime: JournalRuntime,
  { run, unit }: UnitContext,
  events: readonly CloudTrailEvent[] | 'denied' | undefined,
  oldJobs: number,
): Promise<void> {
  if (events === undefined || events === 'denied') {
    const facts = { problem: events === undefined ? 'CloudTrail did not respond' : 'CloudTrail may not be read (cloudtrail:LookupEvents)' };
    return addEvidenceOnce(runtime, unit, { grade: 3, kind: 'cloudtrail', passed: false, facts });
  }
  const since = startOfUse(runtime, unit);
  const silentSince = Date.parse(String(unit.facts.rolledOutAt ?? unit.stepStartedAt.soak ?? run.startedAt));
  const { namespace, serviceAccount, roleArn } = unit.plan;
  const verdict = judgeUse(events, {
    clusterArn: run.clusterArn,
    roleArn,
    namespace,
    serviceAccount,
    byDaemon: unit.plan.metadata !== undefined,
    since,
    silentSince: serverTime(runtime, silentSince),
    asOf: serverTime(runtime, runtime.clock.now()),
  });
  const { newWay, oldWay, silentSeconds } = verdict;
  const facts = { newWay, oldWay, silentSeconds, runningJobs: oldJobs };
  return addEvidenceOnce(runtime, unit, { grade: 3, kind: 'cloudtrail', passed: verdict.passed && oldJobs === 0, facts });
}

/** From the restart on, a session by the new way is one of the workloads'. By the services' time. */
function startOfUse(runtime: JournalRuntime, unit: UnitContext['unit']): number {
  const { restart, verify } = unit.stepStartedAt;
  return serverTime(runtime, Date.parse(restart ?? verify ?? '') || runtime.clock.now());
}
