import { PodshiftError } from '../../model/errors.ts';
import { judgeRollout } from '../../verification/rollout.ts';
import { PACES, waitIn } from '../polls.ts';
import type { ClusterRuntime } from '../runtime.ts';
import { forwardUnit, type Poll, READY, secondsIn, type UnitInput } from '../write.ts';
import { checkPods } from './verify-pods.ts';
import { liveWorkloads } from './workloads.ts';

/**
 * Whether the second restart of a unit of kube2iam or kiam is over: its templates without annotations have rolled out, and
 * every pod is on the new way. Throws `RolloutFailed` where Kubernetes gave up, or where the option's time is over.
 */
export async function checkRenewal(runtime: ClusterRuntime, input: UnitInput): Promise<Poll> {
  const context = await forwardUnit(runtime, input, 'annotations');
  const { run, unit, kubernetes } = context;
  let missing = '';
  for (const { object, subject } of await liveWorkloads(kubernetes, unit.plan)) {
    const verdict = judgeRollout(object);
    if (verdict.state === 'failed') throw new PodshiftError('RolloutFailed', `${subject}: ${verdict.message}`);
    if (verdict.state === 'progressing') missing ||= `${subject}: ${verdict.message}`;
  }
  if (missing === '') ({ missing } = await checkPods(runtime, context));
  if (missing === '') return READY;
  const waited = secondsIn(runtime.clock, unit, 'annotations');
  if (waited > run.options.rolloutTimeoutSeconds)
    throw new PodshiftError('RolloutFailed', `after ${run.options.rolloutTimeoutSeconds} s ${missing}`);
  return waitIn(runtime, run, PACES.renewal, waited, run.options.rolloutTimeoutSeconds);
}
