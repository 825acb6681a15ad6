import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { RunRecord, UnitRecord } from '../../model/run.ts';
import { isOnNewWay } from '../../verification/injection.ts';
import { probeName, probePod } from '../../verification/probe.ts';
import { addEvidenceOnce } from '../evidence.ts';
import { paceOfInjection, waitIn } from '../polls.ts';
import type { ClusterRuntime } from '../runtime.ts';
import { forwardUnit, type Poll, READY, secondsIn, type UnitInput, waitFor } from '../write.ts';
import { dryRunTemplates } from './dry-templates.ts';
import { keepRow, rowWith } from './looks-in-a-row.ts';

/** How long to wait where dry runs are refused: several times what associations were seen to take to reach the webhook. */
const BLIND_WAIT_SECONDS = 60;

/**
 * One dry run a call; as many in a row as the option says must show the injection, as each API server has its own copy of
 * the associations. Then each workload's own template must. Where admission refuses the dry run nothing is known: then time has to do,
 * and the evidence says so. Throws `StepTimedOut`, and `ProofFailed` where a template keeps the webhook's token from its pods.
 */
export async function checkInjection(runtime: ClusterRuntime, input: UnitInput): Promise<Poll & { hits: number }> {
  const { run, unit, kubernetes } = await forwardUnit(runtime, input, 'injection');
  const hits = Number(unit.facts.injectionHits ?? 0);
  if (hits >= run.options.injectionChecks) return { ...READY, hits };
  const sentAt = runtime.clock.now();
  const answer = await dryRun(kubernetes, run, unit, hits);
  const passed = secondsIn(runtime.clock, unit, 'injection');
  if (answer.kind === 'refused') {
    if (passed < BLIND_WAIT_SECONDS) return { ...waitFor(BLIND_WAIT_SECONDS - passed), hits };
    await addEvidenceOnce(runtime, unit, {
      grade: 1,
      kind: 'dry-run',
      passed: false,
      facts: { refused: answer.reason, waitedSeconds: passed },
    });
    return { ...READY, hits };
  }
  const shows = isOnNewWay(answer.pod, run.options.annotationPrefix);
  const apart = run.options.injectionIntervalSeconds;
  const { was, is: seen } = await rowWith(runtime, unit, { row: 'injectionHits', shows, sentAt, apart });
  // Once the probe is injected everywhere, the templates are.
  const templates = seen >= run.options.injectionChecks ? await dryRunTemplates(kubernetes, run, unit) : undefined;
  const now = templates?.state === 'not-yet' ? 0 : seen;
  if (templates?.state === 'injected') {
    const { checked, unproved } = templates;
    const facts = { checks: now, intervalSeconds: run.options.injectionIntervalSeconds, ...(checked === 0 ? {} : { templates: checked }) };
    await addEvidenceOnce(runtime, unit, { grade: 1, kind: 'dry-run', passed: true, facts });
    if (Object.keys(unproved).length > 0)
      await addEvidenceOnce(runtime, unit, { grade: 1, kind: 'template-dry-run', passed: false, facts: { refused: unproved } });
  }
  await keepRow(runtime, unit, 'injectionHits', { was, is: now });
  if (now >= run.options.injectionChecks) return { ...READY, hits: now };
  if (passed > run.options.injectionTimeoutSeconds) {
    const what = templates?.state === 'not-yet' ? templates.message : `new pods of ${unit.unitId} are not injected on every API server`;
    throw new PodshiftError('StepTimedOut', `after ${passed} s ${what}`);
  }
  const { injectionIntervalSeconds, injectionTimeoutSeconds } = run.options;
  return { ...(await waitIn(runtime, run, paceOfInjection(injectionIntervalSeconds), passed, injectionTimeoutSeconds)), hits: now };
}

/** What admission made of a pod that is not kept. */
export type DryRun =
  | { readonly kind: 'admitted'; readonly pod: KubernetesObject }
  | { readonly kind: 'refused'; readonly reason: string; readonly isGone: boolean };

/** Asks admission what a pod of the unit would be now. Refusals by policy, quota or webhook are an answer too. */
export async function dryRun(kubernetes: KubernetesGateway, run: RunRecord, unit: UnitRecord, attempt: number): Promise<DryRun> {
  const { namespace } = unit.plan;
  const pod = probePod(probeName(run.runId, unit.unitId, 'check', attempt), probeRequest(run, unit, undefined));
  try {
    return { kind: 'admitted', pod: await kubernetes.create(RESOURCES.pods, namespace, pod, { dryRun: true }) };
  } catch (error) {
    // A namespace that is gone has no admission: that is told by the step that needs it.
    if (!isPodshiftError(error, 'KubernetesForbidden', 'InvalidRequest', 'NotFound')) throw error;
    return { kind: 'refused', reason: error.message, isGone: error.name === 'NotFound' };
  }
}

/** What the unit's probe pods ask. */
export function probeRequest(run: RunRecord, unit: UnitRecord, nodeName: string | undefined) {
  const { namespace, serviceAccount, probe } = unit.plan;
  const { runId, options, target } = run;
  return {
    runId,
    unitId: unit.unitId,
    namespace,
    serviceAccount,
    image: options.probeImage,
    region: target.region,
    nodeName,
    tolerations: probe.tolerations,
  };
}
