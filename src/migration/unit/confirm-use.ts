import { PodshiftError } from '../../model/errors.ts';
import { judgeUse } from '../../verification/cloudtrail.ts';
import { addEvidenceOnce } from '../evidence.ts';
import { PACES, type Pace, waitIn } from '../polls.ts';
import type { ClusterRuntime, JournalRuntime } from '../runtime.ts';
import { serverTime } from '../server-time.ts';
import { forwardUnit, type Poll, READY, secondsIn, type UnitContext, type UnitInput } from '../write.ts';
import { lookAtNewWay } from './last-look.ts';
import { createSharedLooks, type RoleEvents, type SharedLooks, startOfUse } from './shared-looks.ts';
import { checkPods } from './verify-pods.ts';

/** How long after the soak CloudTrail is asked again where it throttles: it takes two look-ups a second in an account and region. */
const PATIENCE_SECONDS = 180;

/**
 * After the soak: the pods once more, as new ones may have come, all that they need of the new way, and CloudTrail for the use
 * of the role. That CloudTrail has not shown it yet is no failure (it delivers late): the proof is then on record as missing, and
 * the old trust stays. `looks` are those that units which are confirmed together share; without them the unit has its own.
 * Throws `ProofFailed` where pods are not on the new way any more, or somebody took a part of it away.
 */
export async function confirmUse(
  runtime: ClusterRuntime,
  input: UnitInput,
  looks: SharedLooks = createSharedLooks(runtime, [input.unitId]),
): Promise<Poll> {
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
  const look = await lookAtNewWay(runtime, context, { ...looks, pods: async () => pods.pods });
  if (look.state === 'starting' && late <= rolloutTimeoutSeconds) return again(PACES.use);
  if (look.state !== 'whole') throw new PodshiftError('ProofFailed', `after the soak ${look.message}`);
  // The annotation goes only when the last of them has ended, and they may end soon.
  const waits = look.ending.length > 0 && unit.plan.removeAnnotations.length > 0;
  if (waits && late <= rolloutTimeoutSeconds) return again(PACES.endingPods);
  await looks.checkRole(context);
  const seen = await looks.events(context);
  // Nobody has asked yet, so that no time of CloudTrail's has passed.
  if (seen.events === 'unasked') return waitIn(runtime, run, PACES.use, 0, PATIENCE_SECONDS);
  if (seen.events === 'silent' && late <= PATIENCE_SECONDS) return again(PACES.use, PATIENCE_SECONDS);
  await record(runtime, context, seen, pods.oldJobs);
  return READY;
}

async function record(
  runtime: JournalRuntime,
  { run, unit }: UnitContext,
  { events, since: whole, asOf }: RoleEvents,
  oldJobs: number,
): Promise<void> {
  if (typeof events === 'string') {
    const facts = { problem: events === 'denied' ? 'CloudTrail may not be read (cloudtrail:LookupEvents)' : 'CloudTrail did not respond' };
    return addEvidenceOnce(runtime, unit, { grade: 3, kind: 'cloudtrail', passed: false, facts });
  }
  const silentSince = Date.parse(String(unit.facts.rolledOutAt ?? unit.stepStartedAt.soak ?? run.startedAt));
  const { namespace, serviceAccount, roleArn } = unit.plan;
  const verdict = judgeUse(events, {
    clusterArn: run.clusterArn,
    roleArn,
    namespace,
    serviceAccount,
    byDaemon: unit.plan.metadata !== undefined,
    since: startOfUse(runtime, unit),
    silentSince: Math.max(serverTime(runtime, silentSince), whole),
    asOf,
  });
  const { newWay, oldWay, silentSeconds } = verdict;
  const facts = { newWay, oldWay, silentSeconds, runningJobs: oldJobs };
  return addEvidenceOnce(runtime, unit, { grade: 3, kind: 'cloudtrail', passed: verdict.passed && oldJobs === 0, facts });
}
