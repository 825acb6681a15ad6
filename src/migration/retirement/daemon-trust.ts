import type { CloudTrailEvent } from '../../aws/gateways.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { timestamp } from '../../model/clock.ts';
import { isPodshiftError } from '../../model/errors.ts';
import type { RetiredRole } from '../../model/retirement.ts';
import type { RunRecord } from '../../model/run.ts';
import { judgeRoleUse } from '../../verification/role-use.ts';
import type { ClusterRuntime, JournalRuntime, Runtime } from '../runtime.ts';
import { serverTime } from '../server-time.ts';
import { retirementOf } from './retirement-record.ts';

/** A session of kube2iam or kiam lasts at most an hour by default of STS; with CloudTrail's delay, its renewal was heard of by then. */
const SILENCE_SECONDS = 3600;
/** Within this time a pod's agent asks for the role anew (sessions of Pod Identity last six hours). */
const LOOK_BACK_SECONDS = 12 * 3600;
/** Events that are looked at: 40 pages, at two pages a second. */
const MOST_EVENTS = 2000;

/** The roles of a daemon that is retired, by this run or an earlier one, with a principal of it in their trust policy. */
export async function rolesOfDaemon(runtime: JournalRuntime, runId: string): Promise<string[]> {
  const record = await retirementOf(runtime, runId);
  if (record === undefined || (record.status !== 'retired' && record.status !== 'done')) return [];
  return record.plan.roles.filter(({ trustBefore, trustAfter }) => trustBefore !== trustAfter).map(({ roleArn }) => roleArn);
}

/**
 * The daemon's principals that a role's trust policy may lose: none unless CloudTrail shows each service account of this
 * cluster that has the role in use by Pod Identity, the old way silent for an hour, and nobody from another cluster's
 * nodes. What was seen is kept as evidence under the role's ARN.
 */
export async function principalsToRetire(runtime: ClusterRuntime, run: RunRecord, roleArn: string): Promise<readonly string[]> {
  const record = await retirementOf(runtime, run.runId);
  const role = record?.plan.roles.find((candidate) => candidate.roleArn === roleArn);
  if (record === undefined || role === undefined || !(await rolesOfDaemon(runtime, run.runId)).includes(roleArn)) return [];
  // What was written is written again only to bring it to its end.
  const proofs = (await runtime.journal.listEvidence(run.runId)).get(roleArn) ?? [];
  if (proofs.some(({ passed }) => passed)) return record.plan.principals;
  const { passed, facts } = await seen(runtime, run, role, record.plan.principals);
  await runtime.journal.addEvidence(run.runId, roleArn, { grade: 3, kind: 'cloudtrail', passed, at: timestamp(runtime.clock), facts });
  return passed ? record.plan.principals : [];
}

async function seen(runtime: ClusterRuntime, run: RunRecord, role: RetiredRole, principals: readonly string[]) {
  const asOf = serverTime(runtime, runtime.clock.now());
  const events = await lookUp(runtime, run, role.roleArn, asOf);
  if (typeof events === 'string') return { passed: false, facts: { problem: events } };
  const kubernetes = await runtime.kubernetes(run.target);
  const nodes = await kubernetes.list(RESOURCES.nodes);
  const verdict = judgeRoleUse(events, {
    clusterArn: run.clusterArn,
    roleArn: role.roleArn,
    serviceAccounts: role.serviceAccounts,
    principals,
    instances: nodes
      .map(
        (node) =>
          String(node.spec?.providerID ?? '')
            .split('/')
            .at(-1) as string,
      )
      .filter((id) => id !== ''),
    silenceSeconds: SILENCE_SECONDS,
    asOf,
    // The newest come first: a full answer says nothing of what is older than its last event.
    since: events.length < MOST_EVENTS ? asOf - LOOK_BACK_SECONDS * 1000 : (events.at(-1)?.eventTime ?? asOf),
  });
  const { problem, newWay, oldWay, silentSeconds } = verdict;
  return { passed: problem === '', facts: { ...(problem === '' ? {} : { problem }), newWay, oldWay, silentSeconds } };
}

/** Events of the role, or why there are none to judge by. */
async function lookUp(runtime: Runtime, run: RunRecord, roleArn: string, asOf: number): Promise<readonly CloudTrailEvent[] | string> {
  try {
    return await runtime.aws(run.target).cloudTrail.lookupEvents({
      attribute: 'ResourceName',
      value: roleArn,
      startTime: asOf - LOOK_BACK_SECONDS * 1000,
      endTime: asOf,
      limit: MOST_EVENTS,
    });
  } catch (error) {
    if (isPodshiftError(error, 'AccessDenied', 'InvalidRequest')) return 'CloudTrail may not be read (cloudtrail:LookupEvents)';
    throw error;
  }
}
