import pLimit from 'p-limit';
import type { RunReport } from '../../src/model/report.ts';
import type { RunState } from '../../src/model/run-state.ts';
import { type RunFacts, stateOf } from '../../src/report/state/run-state.ts';
import type { RunResource } from '../../src/service/resources.ts';
import type { OpenedService } from './open.ts';

/** Reports that are asked for at once. */
const CONCURRENCY = 4;

/**
 * How a run of a service stands: in its own words, with the commands of this command line. A service of an earlier version has none; then
 * they are made of its record and its report, which is absent of a run that has ended.
 */
export function stateOfResource(service: Pick<OpenedService, 'command'>, run: RunResource, report?: RunReport): RunState {
  // Whether an execution carries it, the service's own watch sees.
  const made = stateOf(factsOfResource(run, report), { kind: 'unknown' }, Date.now(), service.command);
  return run.state === undefined ? made : { ...run.state, next: made.next };
}

/** The words for each of the runs, in their order; open ones without words are asked for their reports. */
export async function statesOfResources(service: OpenedService, runs: readonly RunResource[]): Promise<RunState[]> {
  const limit = pLimit(CONCURRENCY);
  const isToldByUnits = ({ endedAt, digest, approval, state }: RunResource): boolean =>
    state === undefined && endedAt === null && digest !== '' && approval?.status !== 'waiting';
  return Promise.all(
    runs.map(async (run) =>
      stateOfResource(service, run, isToldByUnits(run) ? await limit(() => service.client.getReport(run.id)) : undefined),
    ),
  );
}

function factsOfResource(run: RunResource, report: RunReport | undefined): RunFacts {
  const { soakSeconds, retireDaemon } = run.options;
  return {
    runId: run.id,
    status: run.status,
    mode: undefined,
    reason: run.reason,
    digest: run.digest,
    approval: run.approval,
    rollbackStartedAt: null,
    retires: retireDaemon,
    units: (report?.units ?? []).map(({ status, wave, evidence }) => ({ status, wave, soakUntil: soakEnd(evidence, soakSeconds) })),
    unitCounts: null,
  };
}

/** A unit soaks from the moment on in which all its pods were seen on the new way. */
function soakEnd(evidence: RunReport['units'][number]['evidence'], soakSeconds: number): string | null {
  const seen = evidence.findLast(({ kind, passed }) => kind === 'pods' && passed);
  return seen === undefined ? null : new Date(Date.parse(seen.at) + soakSeconds * 1000).toISOString();
}
