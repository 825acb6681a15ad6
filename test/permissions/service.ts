import { setImmediate as turn } from 'node:timers/promises';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Rehearsal } from '../../engine/rehearsal.ts';
import { fleetSpec } from '../../src/model/fleet.ts';
import { migrationOptions } from '../../src/model/options.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { event } from '../unit/fixtures/api-requests.ts';
import type { Driver } from './recorder.ts';
import { OPTIONS, refused, run, type Scenario, SHOP } from './scenario.ts';

const MEDIA = { ...OPTIONS, namespaces: ['media'] };

/** Starts a run by the API, and waits until its plan waits: the twin's time stands still then. */
async function startByApi({ journal, target }: Rehearsal, { call }: Driver, key: string) {
  const body = { target: { clusterName: target.clusterName, region: target.region }, mode: 'run', options: MEDIA };
  const answer = await call('apiStartRun', event({ headers: { 'idempotency-key': key }, body }));
  const { id } = JSON.parse((answer as { body: string }).body) as { id: string };
  for (;;) {
    const record = await journal.getRun(id);
    if (record.approval?.status === 'waiting') return record;
    if (record.endedAt !== null) throw new Error(`run ${id} is ${record.status}: ${record.reason}`);
    await turn();
  }
}

/** Waits until a run that was approved goes on. */
async function underWay({ journal }: Rehearsal, runId: string): Promise<void> {
  for (;;) {
    const record = await journal.getRun(runId);
    if (record.endedAt !== null) throw new Error(`run ${runId} has ended before anybody looked: ${record.status}`);
    if (record.approval?.status === 'approved' && record.digest !== '') return;
    await turn();
  }
}

/** Everything that the API can be asked for. */
async function askTheApi(rehearsal: Rehearsal, driver: Driver): Promise<void> {
  const { call } = driver;
  const executions = await rehearsal.runtime.executions();
  const decide = async ({ runId, digest }: RunRecord, decision: string): Promise<void> => {
    await call('apiAnswerApproval', event({ path: { runId }, body: { decision, digest } }));
    await executions.settled();
  };
  const first = await startByApi(rehearsal, driver, 'first');
  const path = { runId: first.runId };
  // What waits is shown, and told, with its plan.
  await call('apiGetRun', event({ path }));
  await tellOf(first.runId, driver);
  await call('apiAnswerApproval', event({ path, body: { decision: 'approve', digest: first.digest } }));
  await underWay(rehearsal, first.runId);
  // Of a run under way, its units say how it stands.
  await call('apiGetRun', event({ path }));
  await call('apiListRuns', event({}));
  await executions.settled();
  for (const key of ['apiGetRun', 'apiListUnits', 'apiGetReport', 'apiGetAudit']) await call(key, event({ path }));
  await call('apiListRuns', event({}));
  await call('apiRollBackRun', event({ path, body: { units: ['media/thumbnails'] } }));
  await executions.settled();
  await decide(await startByApi(rehearsal, driver, 'second'), 'refuse');
  // The run that was rehearsed ended with a page.
  await call('apiGetPage', event({ path: { runId: rehearsal.runId } }));
  const { runId } = await startByApi(rehearsal, driver, 'third');
  await call('watchRuns', {});
  await call('apiRollBackRun', event({ path: { runId }, body: { stop: true } }));
  await executions.settled();
}

/** A fleet of the own account and of one that lets nobody in; whatever fails in the cluster, its whole run goes back. */
async function migrateFleet({ target, runtime }: Rehearsal, { execute }: Driver): Promise<void> {
  const migration = { ...MEDIA, onWaveFailure: 'rollback', failureThresholdPercent: 0 };
  const spec = fleetSpec.parse({ accounts: ['self', '999999999999'], regions: [target.region], migration });
  const input = { fleetId: runtime.ids.next(), mode: 'run', approval: 'none', expectedDigest: null, spec };
  await execute({ name: 'migrate-fleet', input });
  // The same fleet once more: it is over.
  await execute({ name: 'migrate-fleet', input });
  await (await runtime.executions()).settled();
}

/** A fleet that is halted: one of its clusters was given up, the other one never begun. */
async function haltFleet({ target, runtime, journal }: Rehearsal, { call }: Driver): Promise<void> {
  const fleetId = runtime.ids.next();
  const spec = fleetSpec.parse({ regions: [target.region] });
  await call('openFleet', { fleetId, mode: 'run', approval: 'none', expectedDigest: null, spec });
  const member = {
    fleetId,
    target,
    tagged: false,
    status: 'planned',
    reason: '',
    digest: '',
    units: null,
    wave: 0,
    startedAt: {},
  } as const;
  await journal.putMembers(['first', 'second'].map((clusterArn) => ({ ...member, clusterArn })));
  await call('giveUpCluster', { fleetId, clusterArn: 'first', phase: 'run', failure: { Error: 'InternalError', Cause: '{}' } });
  await call('closeFleet', { fleetId, ending: 'halted', reason: 'the first cluster failed' });
}

/** Looks at the cluster before and after a run. */
async function scanTwice({ runtime, target }: Rehearsal, { execute }: Driver): Promise<void> {
  const scan = () => execute({ name: 'scan-cluster', input: { runId: runtime.ids.next(), target, options: {} } });
  const options = migrationOptions.parse(MEDIA);
  await scan();
  await execute({
    name: 'migrate-cluster',
    input: { runId: runtime.ids.next(), target, mode: 'run', approval: 'none', expectedDigest: null, options },
  });
  await scan();
}

/** What the stream of the table tells of a run. */
async function tellOf(runId: string, { call, items }: Driver): Promise<void> {
  const Records = (await items(runId)).map((item, index) => ({
    eventID: `event-${index}`,
    dynamodb: {
      ApproximateCreationDateTime: 1_767_603_600,
      SequenceNumber: String(index),
      Keys: marshall({ pk: item.pk, sk: item.sk }),
      NewImage: marshall(item, { removeUndefinedValues: true }),
    },
  }));
  await call('publishEvents', { Records });
}

/** What is done by the API, for a fleet, and to tell of it all. */
export const SERVICE: readonly Scenario[] = [
  ['everything that the API can be asked for', (recorder) => recorder.rehearse(run(SHOP, {}, { mode: 'plan' }), askTheApi)],
  ['a fleet', (recorder) => recorder.rehearse(run(SHOP, {}, { mode: 'plan' }), migrateFleet)],
  [
    'a fleet whose cluster goes back',
    (recorder) =>
      recorder.rehearse(run(SHOP, {}, { mode: 'plan', hooks: refused('server-error', 'UpdateAssumeRolePolicy') }), migrateFleet),
  ],
  ['a fleet that is halted', (recorder) => recorder.rehearse(run(SHOP, {}, { mode: 'plan' }), haltFleet)],
  ['scans', (recorder) => recorder.rehearse(run(SHOP, {}, { mode: 'plan' }), scanTwice)],
  ['the events of a run', (recorder) => recorder.rehearse(run(SHOP, MEDIA), ({ runId }, driver) => tellOf(runId, driver))],
];
