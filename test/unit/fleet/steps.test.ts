import { describe, expect, it } from 'vitest';
import { DATA_LIMIT } from '../../../engine/payload.ts';
import { closeFleet } from '../../../src/fleet/close-fleet.ts';
import { discoverClusters, refusePlace } from '../../../src/fleet/discover-clusters.ts';
import { judgeFleet } from '../../../src/fleet/judge-fleet.ts';
import { nextPlaces, openFleet } from '../../../src/fleet/open-fleet.ts';
import { PodshiftError } from '../../../src/model/errors.ts';
import type { MemberRecord } from '../../../src/model/fleet.ts';
import { arn, FLEET, fakeFleet, member, START, spec, units } from '../fixtures/fleet-fixtures.ts';

const FIRST = { fleetId: FLEET, phase: 'plan', items: [] } as const;
const account = (index: number) => String(index).padStart(12, '0');

describe('opening a fleet', () => {
  const input = {
    fleetId: FLEET,
    mode: 'run',
    approval: 'none',
    expectedDigest: null,
    spec: spec({ regions: ['eu-west-1', 'us-east-1'] }),
  } as const;

  it('notes its places, and takes it up as it is', async () => {
    const { runtime, journal } = await fakeFleet({ spec: input.spec });
    const opened = await openFleet(runtime, input);
    expect(opened).toEqual({
      fleetId: FLEET,
      state: 'open',
      status: 'running',
      places: { items: [], after: '', done: false },
      next: { phase: 'plan', items: [] },
    });
    await journal.updatePlace(FLEET, 'self/eu-west-1', { status: 'discovered' });
    await openFleet(runtime, { ...input, spec: spec({ regions: ['eu-north-1'] }) });
    expect((await journal.listPlaces(FLEET)).map(({ placeId, status }) => [placeId, status])).toEqual([
      ['self/eu-west-1', 'discovered'],
      ['self/us-east-1', 'pending'],
    ]);
    await journal.updateFleet(FLEET, { status: 'migrated', endedAt: 't' });
    expect(await openFleet(runtime, input)).toMatchObject({ state: 'ended', status: 'migrated' });
  });

  it('goes through ten thousand places in rounds that a state can hold, and refuses more', async () => {
    const accounts = Array.from({ length: 2000 }, (_, index) => account(index));
    const regions = Array.from({ length: 5 }, (_, index) => `eu-west-${index}`);
    const { runtime, journal } = await fakeFleet();
    await journal.putPlaces([]);
    const large = { ...input, fleetId: 'large', spec: spec({ accounts, regions }) };
    await openFleet(runtime, large);
    expect(JSON.stringify(large).length).toBeLessThan(DATA_LIMIT / 4);
    let seen = 0;
    for (let after = ''; ; ) {
      const batch = await nextPlaces(runtime, { fleetId: 'large', after });
      expect(JSON.stringify(batch).length).toBeLessThan(DATA_LIMIT / 4);
      if (batch.done) break;
      seen += batch.items.length;
      after = batch.after;
    }
    expect(seen).toBe(10_000);
    await expect(
      openFleet(runtime, { ...large, fleetId: 'more', spec: spec({ accounts, regions: [...regions, 'us-east-1'] }) }),
    ).rejects.toMatchObject({
      name: 'InvalidInput',
      message: '12000 accounts and regions are more than the 10000 of one fleet',
    });
    await expect(journal.getFleet('more')).rejects.toMatchObject({ name: 'FleetNotFound' });
  });
});

describe('discovering clusters', () => {
  const place = { fleetId: FLEET, placeId: '111122223333/eu-west-1' };
  const put = (journal: Awaited<ReturnType<typeof fakeFleet>>['journal']) =>
    journal.putPlaces([{ ...place, account: '111122223333', region: 'eu-west-1', status: 'pending', reason: '', clusters: 0 }]);

  it('notes those that the selectors name and that still exist, and keeps them when it runs again', async () => {
    const tags: Record<string, Record<string, string>> = { 'prod-a': { team: 'x' }, 'prod-b': { team: 'y' }, test: { team: 'x' } };
    const described: string[] = [];
    const { runtime, journal } = await fakeFleet({ spec: spec({ clusters: { names: ['prod-*'], tags: { team: 'x' } } }) }, (name) => ({
      listClusters: async () => ['prod-a', 'prod-b', 'prod-gone', 'test'],
      describeCluster: async () => {
        described.push(name);
        if (name === 'prod-gone') throw new PodshiftError('ClusterNotFound', 'gone');
        return { arn: arn(name), tags: tags[name] ?? {} } as never;
      },
    }));
    await put(journal);
    expect(await discoverClusters(runtime, place)).toEqual({ clusters: 1 });
    expect(described).toEqual(['prod-a', 'prod-b', 'prod-gone']);
    await journal.updateMember(FLEET, arn('prod-a'), { status: 'planned' });
    await discoverClusters(runtime, place);
    expect((await journal.listMembers(FLEET)).map(({ clusterArn, status }) => [clusterArn, status])).toEqual([[arn('prod-a'), 'planned']]);
    expect(await journal.getPlace(FLEET, place.placeId)).toMatchObject({ status: 'discovered', clusters: 1 });
  });

  it('notes nothing of a place that refuses in the middle', async () => {
    const { runtime, journal } = await fakeFleet({}, (name) => ({
      listClusters: async () => ['a', 'b'],
      describeCluster: async () => {
        if (name === 'b') throw new PodshiftError('AccessDenied', 'not allowed to perform eks:DescribeCluster');
        return { arn: arn(name), tags: {} } as never;
      },
    }));
    await put(journal);
    await expect(discoverClusters(runtime, place)).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(await journal.listMembers(FLEET)).toEqual([]);
  });

  it.each([
    [
      'a refusal of ours with its remedy',
      { Error: 'AccessDenied', Cause: '{"errorMessage":"no"}' },
      'no. Grant the action that the message names; docs/permissions.md lists all that podshift needs.',
    ],
    ['any other as it is', { Error: 'States.Timeout' }, 'States.Timeout'],
  ])('tells %s', async (_title, failure, reason) => {
    const { runtime, journal } = await fakeFleet();
    await put(journal);
    await refusePlace(runtime, { ...place, failure });
    expect(await journal.getPlace(FLEET, place.placeId)).toMatchObject({ status: 'refused', reason });
  });
});

describe('judging a fleet', () => {
  const judged = async (members: readonly MemberRecord[], more: Parameters<typeof fakeFleet>[0] = {}) => {
    const fleet = await fakeFleet(more);
    await fleet.journal.putMembers(members);
    return {
      ...fleet,
      judge: (input: Partial<Parameters<typeof judgeFleet>[1]> = {}) => judgeFleet(fleet.runtime, { ...FIRST, ...input }),
    };
  };
  const pending = (name: string) => member(name, { status: 'pending', digest: '', units: null });

  it('plans first, so many clusters at once, those that were being planned too', async () => {
    const { judge } = await judged([
      ...Array.from({ length: 60 }, (_, at) => pending(`p${at}`)),
      member('a', { status: 'planning' }),
      member('z'),
    ]);
    const next = await judge();
    expect(next).toMatchObject({ status: 'round', phase: 'plan' });
    expect(next.items).toHaveLength(40);
    expect(next.items[0]).toBe(arn('a'));
  });

  it('goes on to the canary, then to the waves, and is done', async () => {
    const { judge, journal } = await judged([member('a'), member('b'), member('c', { units: units({ pending: 1 }) })]);
    expect(await judge()).toMatchObject({ status: 'round', phase: 'run', items: [arn('c')] });
    expect(await journal.getFleet(FLEET)).toMatchObject({ canary: arn('c'), digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    // Asked again, as after a crash, it says the same.
    expect(await judge()).toMatchObject({ items: [arn('c')] });
    await journal.updateMember(FLEET, arn('c'), { status: 'migrated' });
    expect(await judge({ phase: 'run', items: [arn('c')] })).toMatchObject({ status: 'round', phase: 'run', items: [arn('a'), arn('b')] });
    expect((await journal.getMember(FLEET, arn('a'))).wave).toBe(1);
    await journal.updateMember(FLEET, arn('a'), { status: 'migrated' });
    await journal.updateMember(FLEET, arn('b'), { status: 'held' });
    expect(await judge({ phase: 'run', items: [arn('a'), arn('b')] })).toEqual({
      status: 'close',
      phase: 'run',
      items: [],
      ending: 'finished',
      reason: '',
    });
  });

  it('halts where too much has failed', async () => {
    const { judge, journal } = await judged([
      member('a', { wave: 0, status: 'migrated' }),
      member('b', { wave: 1, status: 'rolled-back' }),
      member('c'),
    ]);
    await journal.updateFleet(FLEET, { canary: arn('a'), digest: 'd' });
    expect(await judge()).toMatchObject({ status: 'close', ending: 'halted', reason: expect.stringContaining('1 of 3 clusters failed') });
    expect((await journal.getFleet(FLEET)).halted).toContain('1 of 3');
  });

  it('ends with the plan where that is all that was asked for', async () => {
    const { judge, journal } = await judged([member('a'), member('b', { units: units({ migrated: 1 }) })], { mode: 'plan' });
    expect(await judge()).toMatchObject({ status: 'close', ending: 'planned' });
    expect(await journal.getFleet(FLEET)).toMatchObject({ canary: arn('a'), digest: expect.stringMatching(/./) });
    expect((await journal.listMembers(FLEET)).map(({ status }) => status)).toEqual(['planned', 'planned']);
  });

  it('ends clusters that have nothing to migrate as what they are', async () => {
    const { judge, journal } = await judged([member('a', { units: units({ migrated: 3 }) }), member('b', { units: units({ held: 1 }) })]);
    expect(await judge()).toMatchObject({ status: 'close', ending: 'finished' });
    expect((await journal.listMembers(FLEET)).map(({ status, reason }) => [status, reason])).toEqual([
      ['migrated', 'nothing is left to migrate'],
      ['held', 'there is nothing to migrate'],
    ]);
  });

  it.each<[string, Parameters<typeof fakeFleet>[0], number, RegExp]>([
    ['another plan than was approved', { expectedDigest: 'other' }, 2, /is [0-9a-f]{64} now, not other/],
    ['a canary that is not there', { spec: spec({ canary: 'x' }) }, 2, /the canary x is not among/],
    ['more waves than an execution has room for', { spec: spec({ waveSize: 1 }) }, 1001, /would take 1001 waves/],
  ])('refuses %s', async (_title, more, number, reason) => {
    const { judge } = await judged(
      Array.from({ length: number }, (_, at) => member(`c${at}`)),
      more,
    );
    expect(await judge()).toMatchObject({ status: 'close', ending: 'refused', reason: expect.stringMatching(reason) });
  });

  it('settles clusters whose round ended without them, so that no round is played twice', async () => {
    const { judge, journal } = await judged([pending('a'), member('b', { status: 'planning', digest: '' }), member('c')]);
    await judge({ phase: 'plan', items: [arn('a'), arn('b'), arn('c')] });
    expect((await journal.listMembers(FLEET)).map(({ status }) => status)).toEqual(['held', 'held', 'planned']);
    await journal.updateMember(FLEET, arn('c'), { status: 'running' });
    expect(await judge({ phase: 'run', items: [arn('a'), arn('c')] })).toMatchObject({ ending: 'halted' });
    expect(await journal.getMember(FLEET, arn('c'))).toMatchObject({
      status: 'needs-operator',
      reason: expect.stringMatching(/^look at run [0-9a-z]{26}/),
    });
  });

  it('has room for ten thousand clusters: each round fits into a state, and all of them into a history', async () => {
    const members = Array.from({ length: 10_000 }, (_, at) =>
      member(`cluster-${String(at).padStart(5, '0')}-${'n'.repeat(80)}`, { account: account(at % 500) }),
    );
    const { judge, journal } = await judged(members, { spec: spec({ waveSize: 400 }) });
    let rounds = 0;
    for (let next = await judge(); next.status === 'round'; next = await judge({ phase: next.phase, items: next.items })) {
      rounds += 1;
      expect(JSON.stringify({ fleetId: FLEET, next }).length).toBeLessThan(DATA_LIMIT / 3);
      await Promise.all(next.items.map((item) => journal.updateMember(FLEET, item, { status: 'migrated', startedAt: { run: 't' } })));
    }
    // A round of planning holds 40 clusters, and each round of either kind is 11 events.
    expect((rounds + 10_000 / 40) * 11).toBeLessThan(20_000);
    expect((await journal.listMembers(FLEET)).every(({ status }) => status === 'migrated')).toBe(true);
  });
});

describe('closing a fleet', () => {
  it.each([
    ['planned', '', 'planned', ['migrated', 'planned', 'pending']],
    ['refused', 'why', 'held', ['migrated', 'held', 'held']],
    ['halted', 'why', 'needs-operator', ['migrated', 'held', 'held']],
    ['finished', '', 'migrated', ['migrated', 'held', 'held']],
  ] as const)('that is %s', async (ending, reason, status, members) => {
    const { runtime, journal, pass } = await fakeFleet();
    await journal.putMembers([member('a', { status: 'migrated' }), member('b'), member('c', { status: 'pending' })]);
    pass(60);
    expect(await closeFleet(runtime, { fleetId: FLEET, ending, reason })).toEqual({ fleetId: FLEET, status });
    const closed = await journal.getFleet(FLEET);
    expect(closed).toMatchObject({ status, endedAt: new Date(START + 60_000).toISOString() });
    expect((await journal.listMembers(FLEET)).map((one) => one.status)).toEqual(members);
    pass(60);
    expect(await closeFleet(runtime, { fleetId: FLEET, ending: 'finished', reason: 'again' })).toEqual({ fleetId: FLEET, status });
    expect(await journal.getFleet(FLEET)).toEqual(closed);
  });

  it('does not call a cluster untouched whose run was begun', async () => {
    const { runtime, journal } = await fakeFleet();
    await journal.putMembers([member('a', { status: 'running', startedAt: { run: 't' } })]);
    expect(await closeFleet(runtime, { fleetId: FLEET, ending: 'finished', reason: '' })).toMatchObject({ status: 'needs-operator' });
    expect((await journal.getMember(FLEET, arn('a'))).status).toBe('running');
  });
});
