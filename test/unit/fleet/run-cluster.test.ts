import { describe, expect, it } from 'vitest';
import { giveUpCluster, runCluster } from '../../../src/fleet/run-cluster.ts';
import type { FleetPhase } from '../../../src/model/fleet.ts';
import { clusterRunId } from '../../../src/model/fleet.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import type { RunRecord } from '../../../src/model/run.ts';
import { unit } from '../../contract/journal-records.ts';
import { arn, FLEET, fakeFleet, member, START, spec, units } from '../fixtures/fleet-fixtures.ts';

const READY = { status: 'ready', waitSeconds: 0 };

/** One cluster of a fleet, and the looks at it. */
async function scene(phase: FleetPhase, more: Parameters<typeof fakeFleet>[0] = {}) {
  const fleet = await fakeFleet(more);
  const { journal, runtime } = fleet;
  const planned = { target: { clusterName: 'a', region: 'eu-west-1', assumeRoleArn: 'arn:r', externalId: 'x' } };
  await journal.putMembers([member('a', { ...planned, ...(phase === 'plan' ? { status: 'pending', digest: '', units: null } : {}) })]);
  const runId = clusterRunId(FLEET, arn('a'), phase);
  const input = { fleetId: FLEET, clusterArn: arn('a'), phase };
  return {
    ...fleet,
    runId,
    input,
    look: () => runCluster(runtime, input),
    member: () => journal.getMember(FLEET, arn('a')),
    /** The run as its own steps would leave it. */
    run: async (changes: Partial<Pick<RunRecord, 'status' | 'reason' | 'digest' | 'endedAt'>>) => {
      const target = { clusterName: 'a', region: 'eu-west-1', assumeRoleArn: null };
      await journal.createRun({ runId, target, options: migrationOptions.parse({}), startedAt: 't' });
      await journal.updateRun(runId, changes);
    },
  };
}

describe('the run of a cluster', () => {
  it('has an id that follows from fleet, cluster and phase', () => {
    const ids = [
      clusterRunId('f', 'c', 'plan'),
      clusterRunId('f', 'c', 'run'),
      clusterRunId('f', 'd', 'run'),
      clusterRunId('g', 'c', 'run'),
    ];
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{26}$/);
    expect(clusterRunId('f', 'c', 'run')).toBe(ids[1]);
  });

  it.each([
    [
      'a plan asks nobody',
      'plan',
      { approval: 'required', expectedDigest: 'fleet' },
      { mode: 'plan', approval: 'none', expectedDigest: null },
    ],
    ['a run asks whom the fleet says', 'run', { approval: 'required' }, { mode: 'run', approval: 'required', expectedDigest: null }],
    [
      'an approved fleet pins its plan',
      'run',
      { expectedDigest: 'fleet' },
      { mode: 'run', approval: 'none', expectedDigest: 'digest of a' },
    ],
  ] as const)('is started once: %s', async (_title, phase, more, expected) => {
    const { look, executions, runId, member: read } = await scene(phase, { ...more, spec: spec({ migration: { waveSize: 3 } }) });
    expect(await look()).toEqual({ status: 'waiting', waitSeconds: 5 });
    await look();
    expect(executions.started).toEqual([
      {
        stateMachine: 'migrate-cluster',
        name: runId,
        status: 'RUNNING',
        input: {
          runId,
          target: { clusterName: 'a', region: 'eu-west-1', assumeRoleArn: 'arn:r', externalId: 'x' },
          options: migrationOptions.parse({ waveSize: 3 }),
          ...expected,
        },
      },
    ]);
    expect(await read()).toMatchObject({
      status: phase === 'plan' ? 'planning' : 'running',
      startedAt: { [phase]: new Date(START).toISOString() },
    });
  });

  it('is no trouble where another look started it meanwhile, or its start’s answer was lost', async () => {
    const { look, executions, runId } = await scene('run');
    executions.failures.start = ['ExecutionExists'];
    expect(await look()).toMatchObject({ status: 'waiting' });
    executions.failures['start reply'] = ['ServiceUnavailable'];
    await expect(look()).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(await look()).toMatchObject({ status: 'waiting' });
    expect(executions.started.map(({ name }) => name)).toEqual([runId]);
  });

  it('ends as its plan ended', async () => {
    const { look, run, member: read, journal, runId } = await scene('plan');
    await look();
    await run({ status: 'planned', digest: 'd', endedAt: 't' });
    await journal.putUnits([unit(runId, 'a/1'), { ...unit(runId, 'a/2'), status: 'held' }, { ...unit(runId, 'a/3'), status: 'migrated' }]);
    expect(await look()).toEqual(READY);
    const planned = await read();
    expect(planned).toMatchObject({ status: 'planned', digest: 'd', units: units({ pending: 1, held: 1, migrated: 1 }) });
    expect(await look()).toEqual(READY);
    expect(await read()).toEqual(planned);
  });

  it('keeps the plan’s digest when its run ends, and counts how its units ended', async () => {
    const { look, run, member: read, journal, runId } = await scene('run');
    await look();
    await run({ status: 'needs-operator', reason: 'why', digest: 'another', endedAt: 't' });
    await journal.putUnits([
      { ...unit(runId, 'a/1'), status: 'needs-operator' },
      { ...unit(runId, 'a/2'), status: 'rolled-back' },
      { ...unit(runId, 'a/3'), status: 'running' },
    ]);
    expect(await look()).toEqual(READY);
    expect(await read()).toMatchObject({
      status: 'needs-operator',
      reason: 'why',
      digest: 'digest of a',
      units: units({ pending: 1, rolledBack: 1, needsOperator: 1 }),
    });
    expect(await look()).toEqual(READY);
  });

  it.each([
    [
      'plan',
      'held',
      'it could not be planned: no answer; gave up at the last try',
      { error: 'ClusterUnreachable', cause: '{"errorMessage":"no answer"}' },
    ],
    ['plan', 'held', 'it could not be planned: its execution ended as FAILED', undefined],
    ['run', 'rolled-back', 'WaveFailed', { error: 'WaveFailed', cause: '' }],
  ] as const)('says what failed it (%s, %s: %s)', async (phase, status, reason, failure) => {
    const { look, run, member: read, executions } = await scene(phase);
    await look();
    Object.assign(executions.started[0] ?? {}, { status: 'FAILED', ...(failure === undefined ? {} : { failure }) });
    await run({ status, reason: 'its execution ended as FAILED', endedAt: 't' });
    expect(await look()).toEqual(READY);
    expect(await read()).toMatchObject({ status, reason });
  });

  it('is taken up where its execution is gone without an end, and its way back as well', async () => {
    const { look, run, executions, runId } = await scene('run');
    await run({ status: 'running' });
    await look();
    expect(executions.started.map(({ stateMachine, name }) => [stateMachine, name])).toEqual([['migrate-cluster', runId]]);
    executions.started.splice(0);
    await run({ status: 'rolling-back', reason: 'why' });
    await look();
    await look();
    expect(executions.started).toEqual([
      { stateMachine: 'rollback-run', name: `${runId}-by-fleet`, status: 'RUNNING', input: { runId, unitIds: null, reason: 'why' } },
    ]);
  });

  it.each(['FAILED', 'TIMED_OUT', 'ABORTED'] as const)(
    'waits two days for the way back of one that ended as %s, and no longer',
    async (status) => {
      const { look, executions, pass, member: read, runId } = await scene('run');
      await look();
      Object.assign(executions.started[0] ?? {}, { status });
      expect(await look()).toMatchObject({ status: 'waiting' });
      pass(2 * 86_400);
      expect(await look()).toMatchObject({ status: 'waiting' });
      pass(1);
      expect(await look()).toEqual(READY);
      expect(await read()).toMatchObject({ status: 'needs-operator', reason: expect.stringContaining(`podshift rollback ${runId}`) });
    },
  );

  it.each([
    ['plan', 6 * 3600, 'held'],
    ['run', 1_209_600, 'needs-operator'],
  ] as const)('is given up in the phase %s after %i seconds', async (phase, seconds, status) => {
    const { look, pass, member: read } = await scene(phase);
    await look();
    pass(seconds);
    expect(await look()).toMatchObject({ status: 'waiting' });
    pass(1);
    expect(await look()).toEqual(READY);
    expect(await read()).toMatchObject({ status, reason: `its run did not end within ${seconds} seconds` });
  });

  it('is looked at so seldom that the longest time allowed fits into a history', async () => {
    const { look, pass } = await scene('run', { spec: spec({ clusterTimeoutSeconds: 1_728_000 }) });
    let looks = 0;
    for (let next = await look(); next.status === 'waiting'; next = await look()) {
      looks += 1;
      expect(next.waitSeconds).toBeGreaterThanOrEqual(5);
      expect(next.waitSeconds).toBeLessThanOrEqual(900);
      pass(next.waitSeconds);
    }
    // A look is five events of a Task, two of the Choice and two of the Wait.
    expect(looks * 9).toBeLessThan(20_000);
  });

  it('is looked at less often where many run side by side', async () => {
    const { look, pass } = await scene('run', { spec: spec({ waveSize: 400 }) });
    expect((await look()).waitSeconds).toBe(40);
    pass(2000);
    expect((await look()).waitSeconds).toBe(100);
  });

  it('is given up by name where its looks failed for good', async () => {
    const { runtime, input, look, member: read } = await scene('run');
    const failure = { Error: 'Throttled', Cause: '{"errorMessage":"states:StartExecution is throttled"}' };
    await look();
    expect(await giveUpCluster(runtime, { ...input, failure })).toEqual(READY);
    const given = await read();
    expect(given).toMatchObject({
      status: 'needs-operator',
      reason: 'its run could not be looked after: states:StartExecution is throttled; gave up at the last try',
    });
    await giveUpCluster(runtime, { ...input, failure: { Error: 'States.Timeout' } });
    expect(await read()).toEqual(given);
  });
});
