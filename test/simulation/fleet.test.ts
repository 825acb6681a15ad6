import { afterEach, describe, expect, it } from 'vitest';
import type { FleetCluster, FleetRehearsalSettings } from '../../engine/fleet-rehearsal.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { clusterRunId } from '../../src/model/fleet.ts';
import type { Fault, TwinRequest } from '../../twin/contracts.ts';
import { type EndedFleet, type FleetScene, fleetOf, MIGRATION, snapshotOf } from './fleet-scenario.ts';

const A = '111111111111';
const B = '222222222222';
const KEPT = { credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 };

const scenes: FleetScene[] = [];

async function scene(clusters: readonly FleetCluster[], more: Partial<FleetRehearsalSettings> = {}): Promise<FleetScene> {
  const made = await fleetOf(clusters, more);
  scenes.push(made);
  return made;
}
afterEach(async () => {
  for (const made of scenes.splice(0)) {
    for (const twin of made.twins) expect(twin.promises(), twin.clusterName).toEqual(KEPT);
    await made.close();
  }
});

const cluster = async (
  name: string,
  account = A,
  more: Partial<FleetCluster> & { tags?: Record<string, string>; trusted?: string } = {},
) => {
  const { tags = {}, trusted, ...settings } = more;
  return { snapshot: await snapshotOf({ name, account, tags, ...(trusted === undefined ? {} : { trusted }) }), ...settings };
};

/** New pods on the new way never become ready in this cluster: its unit goes back. */
const failing: FleetCluster['prepare'] = (twin) =>
  twin.kubernetesHalf.failReadiness((pod) => JSON.stringify(pod.spec).includes('AWS_CONTAINER_CREDENTIALS_FULL_URI'));
/** Nothing answers at the cluster's endpoint. */
const unreachable = (request: TwinRequest): Fault | undefined =>
  request.service === 'kubernetes' ? { kind: 'reset', when: 'before' } : undefined;

/** A cluster in which something fails goes back as a whole. */
const BACK = { ...MIGRATION, onWaveFailure: 'rollback' as const };

const member = ({ members }: EndedFleet, name: string) => members.find(({ target }) => target.clusterName === name);
const wavesOf = (ended: EndedFleet) => Object.fromEntries(ended.members.map(({ target, wave }) => [target.clusterName, wave]));

describe('a fleet', () => {
  it('migrates the clusters of all its accounts, the canary alone first, and a second one writes nothing', async () => {
    const fleet = await scene([
      await cluster('one'),
      await cluster('two'),
      await cluster('three', B, { tags: { 'podshift:canary': 'true' } }),
    ]);
    const ended = await fleet.run({ accounts: [A, B] });
    expect(ended.fleet).toMatchObject({ status: 'migrated', reason: '', endedAt: expect.any(String) });
    expect(ended.statuses).toEqual({ one: 'migrated', two: 'migrated', three: 'migrated' });
    expect(wavesOf(ended)).toEqual({ one: 1, two: 1, three: 0 });
    expect(ended.members.map(({ units }) => units)).toEqual(
      Array(3).fill({ pending: 0, migrated: 1, held: 0, rolledBack: 0, needsOperator: 0 }),
    );
    const lastOfCanary = Math.max(...fleet.writes('three').map(({ at }) => at));
    expect(Math.min(...[...fleet.writes('one'), ...fleet.writes('two')].map(({ at }) => at))).toBeGreaterThanOrEqual(lastOfCanary);

    const before = fleet.writes().length;
    const again = await fleet.run({ accounts: [A, B] });
    expect(again.fleet.status).toBe('migrated');
    expect(member(again, 'one')).toMatchObject({ status: 'migrated', reason: 'nothing is left to migrate' });
    expect(fleet.writes().length).toBe(before);
  });

  it('takes in the clusters that its selectors name, of its own account too', async () => {
    const fleet = await scene([
      await cluster('prod-shop', A, { tags: { team: 'shop' } }),
      await cluster('prod-lab', A, { tags: { team: 'shop' } }),
      await cluster('prod-mail', A, { tags: { team: 'mail' } }),
      await cluster('test-shop', A, { tags: { team: 'shop' } }),
    ]);
    const clusters = { names: ['prod-*'], exclude: ['*-lab'], tags: { team: 'sh*' } };
    const ended = await fleet.run({ accounts: ['self'], clusters });
    expect(ended.statuses).toEqual({ 'prod-shop': 'migrated' });
    expect(ended.members[0]?.target.assumeRoleArn).toBeNull();
  });

  it('stops at a canary that fails: the other clusters are untouched', async () => {
    const fleet = await scene([await cluster('one', A, { prepare: failing }), await cluster('two'), await cluster('three', B)]);
    const ended = await fleet.run({ accounts: [A, B], canary: 'one', migration: BACK });
    expect(ended.fleet).toMatchObject({
      status: 'needs-operator',
      reason: expect.stringMatching(/^the fleet was halted: the canary one ended as rolled back: /),
    });
    expect(ended.statuses).toEqual({ one: 'rolled-back', two: 'held', three: 'held' });
    expect(member(ended, 'two')?.reason).toContain('the canary one');
    expect([...fleet.writes('two'), ...fleet.writes('three')]).toEqual([]);
    expect(fleet.twin('one').watch.compareWithBaseline()).toEqual([]);
  });

  it('halts once more clusters failed than it allows: what runs ends, the rest is held', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const fleet = await scene(await Promise.all(names.map((name) => cluster(name, A, name === 'b' ? { prepare: failing } : {}))));
    const ended = await fleet.run({ accounts: [A], waveSize: 2, failureThresholdPercent: 100, failureThresholdCount: 0, migration: BACK });
    expect(wavesOf(ended)).toEqual({ a: 0, b: 1, c: 1, d: null, e: null });
    expect(ended.statuses).toEqual({ a: 'migrated', b: 'rolled-back', c: 'migrated', d: 'held', e: 'held' });
    expect(ended.fleet).toMatchObject({ status: 'needs-operator', halted: expect.stringContaining('1 of 5 clusters failed') });
    expect([...fleet.writes('d'), ...fleet.writes('e')]).toEqual([]);
  });

  it('goes on within its threshold, and says what to do about the cluster that failed', async () => {
    const fleet = await scene([await cluster('one'), await cluster('two', A, { prepare: failing }), await cluster('three', B)]);
    const ended = await fleet.run({ accounts: [A, B], canary: 'one', failureThresholdPercent: 40, migration: BACK });
    expect(ended.statuses).toEqual({ one: 'migrated', two: 'rolled-back', three: 'migrated' });
    expect(ended.fleet).toMatchObject({
      status: 'needs-operator',
      reason: expect.stringContaining('start the fleet again for two (eu-central-1)'),
    });
  });

  it('notes accounts that refuse, regions without an answer and clusters out of reach, and goes on with the others', async () => {
    const fleet = await scene([
      await cluster('one'),
      await cluster('dark', A, { hooks: { beforeRequest: unreachable } }),
      await cluster('closed', B, { trusted: `arn:aws:iam::${B}:role/somebody-else` }),
    ]);
    const ended = await fleet.run({ accounts: [A, B], regions: ['eu-central-1', 'eu-west-1'] });
    expect(ended.fleet.status).toBe('migrated');
    expect(ended.statuses).toEqual({ one: 'migrated', dark: 'held' });
    expect(member(ended, 'dark')?.reason).toMatch(/^it could not be planned: the connection broke: get namespaces/);
    const refused = Object.fromEntries(
      ended.places.filter(({ status }) => status === 'refused').map(({ placeId, reason }) => [placeId, reason]),
    );
    expect(Object.keys(refused)).toEqual([`${A}/eu-west-1`, `${B}/eu-central-1`, `${B}/eu-west-1`]);
    expect(refused[`${B}/eu-central-1`]).toMatch(
      /role\/podshift-member was refused: .*is not authorized to perform: sts:AssumeRole.*\. Deploy infra\/member-account\.yml/,
    );
    expect([...fleet.writes('dark'), ...fleet.writes('closed')]).toEqual([]);
  });
});

describe('a fleet that was interrupted', () => {
  it.each([
    ['while it planned', (request: TwinRequest) => request.operation === 'ListPodIdentityAssociations'],
    ['while the canary ran', (request: TwinRequest) => request.operation === 'CreatePodIdentityAssociation'],
  ])('%s goes on where it was, under the same id', async (_title, isHere) => {
    const death = new AbortController();
    let alive = true;
    const hooks = {
      beforeRequest: (request: TwinRequest): Fault | undefined => {
        if (!alive || (!isHere(request) && !death.signal.aborted)) return undefined;
        death.abort(new PodshiftError('ServiceUnavailable', 'the process died'));
        // Nothing that a dead process would have sent reaches anybody.
        return { kind: 'reset', when: 'before' };
      },
    };
    const fleet = await scene([await cluster('one', A, { hooks }), await cluster('two', A, { hooks })]);
    const spec = { accounts: [A], canary: 'one' };
    const fleetId = 'f'.repeat(26);
    await expect(fleet.run(spec, { fleetId }, death.signal)).rejects.toThrow('the process died');
    expect((await fleet.journal.getFleet(fleetId)).endedAt).toBeNull();
    alive = false;
    const ended = await fleet.run(spec, { fleetId });
    expect(ended.fleet.status).toBe('migrated');
    expect(ended.statuses).toEqual({ one: 'migrated', two: 'migrated' });
    expect((await fleet.journal.listRuns()).map(({ runId }) => runId).sort()).toEqual(
      ended.members
        .flatMap(({ clusterArn }) => [clusterRunId(fleetId, clusterArn, 'plan'), clusterRunId(fleetId, clusterArn, 'run')])
        .sort(),
    );
    const before = fleet.writes().length;
    expect((await fleet.run(spec, { fleetId })).fleet).toEqual(ended.fleet);
    expect(fleet.writes().length).toBe(before);
  });
});

describe('the plan of a fleet', () => {
  it('writes nothing, and names the digest that a run can be held to', async () => {
    const fleet = await scene([await cluster('one'), await cluster('two')]);
    const planned = await fleet.run({ accounts: [A] }, { mode: 'plan' });
    expect(planned.fleet).toMatchObject({ status: 'planned', digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(planned.statuses).toEqual({ one: 'planned', two: 'planned' });
    expect(planned.members.map(({ units }) => units?.pending)).toEqual([1, 1]);
    expect(fleet.writes()).toEqual([]);

    const expectedDigest = planned.fleet.digest;
    const others = await fleet.run({ accounts: [A], waveSize: 1 }, { expectedDigest });
    expect(others.fleet).toMatchObject({ status: 'held', reason: expect.stringContaining(`not ${expectedDigest}`) });
    expect(fleet.writes()).toEqual([]);

    const run = await fleet.run({ accounts: [A] }, { expectedDigest });
    expect(run.fleet).toMatchObject({ status: 'migrated', digest: expectedDigest });
  });

  it('holds a cluster that moved after the fleet was approved', async () => {
    const hooks = {
      afterRequest: ({ operation }: TwinRequest) => {
        // While the canary runs, somebody changes the other cluster.
        const account = fleet.twin('two').kubernetes.object('ServiceAccount', 'media', 'thumbnails');
        if (operation !== 'CreatePodIdentityAssociation' || account === undefined) return;
        const annotations = { ...account.metadata.annotations, 'eks.amazonaws.com/audience': 'other' };
        fleet.twin('two').kubernetes.apply({ ...account, metadata: { ...account.metadata, annotations } });
      },
    };
    const fleet: FleetScene = await scene([await cluster('one', A, { hooks }), await cluster('two')]);
    const planned = await fleet.run({ accounts: [A], canary: 'one' }, { mode: 'plan' });
    const run = await fleet.run({ accounts: [A], canary: 'one' }, { expectedDigest: planned.fleet.digest });
    expect(run.statuses).toEqual({ one: 'migrated', two: 'held' });
    expect(member(run, 'two')?.reason).toMatch(/the cluster or its roles changed/);
    expect(fleet.writes('two')).toEqual([]);
  });

  it('is refused ahead of any write where its canary is not there', async () => {
    const fleet = await scene([await cluster('one'), await cluster('two')]);
    const ended = await fleet.run({ accounts: [A], canary: 'three' });
    expect(ended.fleet).toMatchObject({ status: 'held', reason: expect.stringContaining('the canary three is not among the clusters') });
    expect(ended.statuses).toEqual({ one: 'held', two: 'held' });
    expect(fleet.writes()).toEqual([]);
  });
});

describe('a fleet whose clusters want approval', () => {
  /** Somebody answers each cluster's run as soon as it asks: time stands still while it waits. */
  const approved = async (digestOf: (digest: string) => string): Promise<EndedFleet & { asked: string[]; scene: FleetScene }> => {
    const asked: string[] = [];
    const fleet: FleetScene = await scene([await cluster('one'), await cluster('two')], {
      wrapJournal: (journal) => ({
        ...journal,
        putTaskToken: async (runId, token) => {
          await journal.putTaskToken(runId, token);
          const { digest } = await journal.getRun(runId);
          asked.push(runId);
          setImmediate(async () => (await fleet.last().executions()).succeedTask(token, { digest: digestOf(digest) }));
        },
      }),
    });
    return { ...(await fleet.run({ accounts: [A], canary: 'one' }, { approval: 'required' })), asked, scene: fleet };
  };

  it('waits for the answer to each of them, and to no plan', async () => {
    const ended = await approved((digest) => digest);
    expect(ended.fleet.status).toBe('migrated');
    expect(ended.asked).toEqual(ended.members.map(({ clusterArn }) => clusterRunId(ended.fleetId, clusterArn, 'run')));
  });

  it('halts with a canary that was refused, and nothing is written', async () => {
    const ended = await approved(() => 'another');
    expect(ended.statuses).toEqual({ one: 'held', two: 'held' });
    expect(ended.fleet).toMatchObject({ status: 'needs-operator', halted: expect.stringContaining('the canary one ended as not started') });
    expect(ended.scene.writes()).toEqual([]);
  });
});
