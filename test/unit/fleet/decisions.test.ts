import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleetOutcome, haltOf } from '../../../src/fleet/outcome.ts';
import { hasTags, isNamed, memberOf, placesOf, targetOf } from '../../../src/fleet/places.ts';
import { chooseCanary, fleetDigest, nextWave, wavesOf } from '../../../src/fleet/waves.ts';
import { fleetSpec, type MemberRecord } from '../../../src/model/fleet.ts';
import { arn, member, spec, units } from '../fixtures/fleet-fixtures.ts';

describe('the settings of a fleet', () => {
  it('need regions alone, and are careful by default', () => {
    expect(fleetSpec.parse({ regions: ['eu-west-1'] })).toMatchObject({
      accounts: ['self'],
      memberRole: 'podshift-member',
      externalId: null,
      clusters: { names: ['*'], exclude: [], tags: {} },
      canary: null,
      waveSize: 10,
      clustersPerPlace: 3,
      failureThresholdPercent: 10,
      migration: { failureThresholdPercent: 10, waveSize: 500 },
    });
  });

  it.each<[string, object]>([
    ['no region', { regions: [] }],
    ['a region that is none', { regions: ['Frankfurt'] }],
    ['an account that is none', { regions: ['eu-west-1'], accounts: ['123'] }],
    ['a role by its ARN', { regions: ['eu-west-1'], memberRole: 'arn:aws:iam::111122223333:role/x' }],
    ['a role with a slash ahead', { regions: ['eu-west-1'], memberRole: '/x' }],
    ['a key that is not known', { regions: ['eu-west-1'], cluster: {} }],
    ['a selector that is not known', { regions: ['eu-west-1'], clusters: { name: ['x'] } }],
    ['a migration option that is not known', { regions: ['eu-west-1'], migration: { wavesize: 1 } }],
    ['more time than a history has room for', { regions: ['eu-west-1'], clusterTimeoutSeconds: 1_728_001 }],
  ])('refuse %s', (_title, given) => {
    expect(fleetSpec.safeParse(given).success).toBe(false);
  });
});

describe('the places of a fleet', () => {
  it('are every account in every region, each once', () => {
    const { accounts: _a, ...rest } = spec({
      accounts: ['self', '111122223333', 'self'],
      regions: ['eu-west-1', 'us-east-1', 'eu-west-1'],
    });
    const places = placesOf('f', { ...rest, accounts: ['self', '111122223333', 'self'] });
    expect(places.map(({ placeId }) => placeId)).toEqual([
      'self/eu-west-1',
      'self/us-east-1',
      '111122223333/eu-west-1',
      '111122223333/us-east-1',
    ]);
  });

  it.each([
    ['podshift’s own account needs no role', {}, 'self', 'eu-west-1', { assumeRoleArn: null }],
    [
      'a member account is reached by its role',
      {},
      '111122223333',
      'eu-west-1',
      { assumeRoleArn: 'arn:aws:iam::111122223333:role/podshift-member' },
    ],
    [
      'the role can have a path, and ask for an external id',
      { memberRole: 'ops/podshift', externalId: 'id' },
      '111122223333',
      'eu-west-1',
      { assumeRoleArn: 'arn:aws:iam::111122223333:role/ops/podshift', externalId: 'id' },
    ],
    [
      'China is a partition of its own',
      {},
      '111122223333',
      'cn-north-1',
      { assumeRoleArn: 'arn:aws-cn:iam::111122223333:role/podshift-member' },
    ],
    ['so is GovCloud', {}, '111122223333', 'us-gov-west-1', { assumeRoleArn: 'arn:aws-us-gov:iam::111122223333:role/podshift-member' }],
  ])('%s', (_title, more, account, region, expected) => {
    expect(targetOf(spec(more), { account, region }, 'shop')).toEqual({ clusterName: 'shop', region, ...expected });
  });

  it.each([
    ['every name matches by default', {}, 'anything', true],
    ['one of the globs is enough', { names: ['prod-*', 'shop'] }, 'shop', true],
    ['a glob is for the whole name', { names: ['prod'] }, 'prod-1', false],
    ['an excluded name stays out', { names: ['prod-*'], exclude: ['*-lab'] }, 'prod-lab', false],
    ['case counts', { names: ['Prod'] }, 'prod', false],
  ])('%s', (_title, clusters, name, expected) => {
    expect(isNamed(spec({ clusters }), name)).toBe(expected);
  });

  it.each([
    ['no tag is asked for', {}, {}, true],
    ['all of the tags must be there', { a: '*', b: '1' }, { a: '', b: '1' }, true],
    ['one is missing', { a: '*', b: '1' }, { b: '1' }, false],
    ['a value does not match', { a: 'x?' }, { a: 'x' }, false],
  ])('%s', (_title, tags, given, expected) => {
    expect(hasTags(spec({ clusters: { tags } }), given)).toBe(expected);
  });

  it.each([
    [{ 'podshift:canary': 'true' }, true],
    [{ 'podshift:canary': 'false' }, false],
    [{}, false],
  ])('know a cluster with the tags %j as canary: %s', (tags, tagged) => {
    const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
    expect(memberOf('f', target, { arn: arn('shop'), tags })).toMatchObject({ tagged, status: 'pending', clusterArn: arn('shop') });
  });
});

describe('the canary', () => {
  const small = member('small', { units: units({ pending: 1 }) });
  const big = member('big', { units: units({ pending: 9 }) });
  const tagged = member('tagged', { tagged: true, units: units({ pending: 9 }) });
  const twin = member('small', { region: 'us-east-1' });

  it.each<[string, object, MemberRecord[], object]>([
    ['is the one with the least to migrate', {}, [big, small], { clusterArn: small.clusterArn }],
    ['is the first by ARN among equals', {}, [member('b'), member('a')], { clusterArn: arn('a') }],
    ['is the one with the tag, whatever its size', {}, [small, tagged], { clusterArn: tagged.clusterArn }],
    ['is the named one, whatever the tags', { canary: 'big' }, [small, tagged, big], { clusterArn: big.clusterArn }],
    ['can be named by its ARN', { canary: twin.clusterArn }, [small, twin], { clusterArn: twin.clusterArn }],
    ['must be one alone', { canary: 'small' }, [small, twin], { refusal: '2 clusters are called small: name the canary by its ARN' }],
    ['must be there', { canary: 'x' }, [small], { refusal: 'the canary x is not among the clusters that have something to migrate' }],
    [
      'is asked for by the nearest name',
      { canary: 'smal' },
      [small, big],
      { refusal: 'the canary smal is not among the clusters that have something to migrate; did you mean "small"?' },
    ],
    ['needs something to migrate', {}, [], { refusal: 'no cluster of the fleet has anything to migrate' }],
  ])('%s', (_title, more, members, expected) => {
    expect(chooseCanary(spec(more), members)).toEqual(expected);
  });
});

describe('the waves of a fleet', () => {
  const planned = ['a', 'b', 'c', 'd'].map((name) => member(name));

  it('begin with the canary alone, then take small clusters first, so many of one place', () => {
    const members = [
      member('a', { units: units({ pending: 5 }) }),
      member('b', { units: units({ pending: 1 }) }),
      member('c'),
      member('d', { region: 'us-east-1', units: units({ pending: 7 }) }),
      member('e', { account: '444455556666' }),
    ];
    const waves = wavesOf(spec({ waveSize: 3, clustersPerPlace: 1 }), arn('c'), members);
    expect(waves.map((wave) => wave.members.map(({ target }) => target.clusterName))).toEqual([['c'], ['b', 'e', 'd'], ['a']]);
  });

  it('are taken up where one is under way', () => {
    const [a, b, c, d] = planned as [MemberRecord, MemberRecord, MemberRecord, MemberRecord];
    const running = [{ ...a, wave: 0, status: 'migrated' as const }, { ...b, wave: 1, status: 'running' as const }, { ...c, wave: 1 }, d];
    expect(nextWave(spec(), arn('a'), running)).toEqual({ wave: 1, members: running.slice(1, 3) });
  });

  it('are over when nothing is planned any more', () => {
    expect(nextWave(spec(), arn('a'), [member('a', { wave: 0, status: 'migrated' }), member('b', { status: 'held' })])).toBeUndefined();
    expect(nextWave(spec(), arn('a'), [])).toBeUndefined();
    expect(wavesOf(spec(), arn('a'), [member('a', { status: 'held' })])).toEqual([]);
  });

  it('hold every cluster once, within both limits, whatever the fleet', () => {
    const place = fc.record({
      account: fc.constantFrom('111111111111', '222222222222'),
      region: fc.constantFrom('eu-west-1', 'us-east-1'),
    });
    const fleet = fc.array(fc.tuple(place, fc.nat(20)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fleet, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 }), (given, waveSize, clustersPerPlace) => {
        const members = given.map(([where, pending], index) => member(`c${index}`, { ...where, units: units({ pending }) }));
        const settings = spec({ waveSize, clustersPerPlace });
        const canary = members[0]?.clusterArn ?? '';
        const waves = wavesOf(settings, canary, members);
        expect(waves[0]?.members.map(({ clusterArn }) => clusterArn)).toEqual([canary]);
        expect(waves.flatMap((wave) => wave.members).length).toBe(members.length);
        expect(new Set(waves.flatMap((wave) => wave.members)).size).toBe(members.length);
        for (const wave of waves) {
          expect(wave.members.length).toBeLessThanOrEqual(waveSize);
          const inPlace = Map.groupBy(wave.members, ({ clusterArn }) => clusterArn.split(':').slice(3, 5).join(':'));
          for (const together of inPlace.values()) expect(together.length).toBeLessThanOrEqual(clustersPerPlace);
        }
      }),
    );
  });
});

describe('the digest of a fleet', () => {
  const members = [member('a'), member('b')];
  const digest = fleetDigest(spec(), members);

  it('is the same whatever the order and the state of the clusters', () => {
    expect(fleetDigest(spec(), [member('b', { status: 'migrated', wave: 3 }), member('a')])).toBe(digest);
    expect(fleetDigest(spec(), [...members, member('c', { status: 'held', digest: '' })])).toBe(digest);
  });

  it.each<[string, object, MemberRecord[]]>([
    ['another plan', {}, [member('a', { digest: 'other' }), member('b')]],
    ['a cluster more', {}, [...members, member('c')]],
    ['another order', { canary: 'b' }, members],
    ['more at once', { waveSize: 11 }, members],
    ['more that may fail', { failureThresholdPercent: 11 }, members],
  ])('is another one for %s', (_title, more, given) => {
    expect(fleetDigest(spec(more), given)).not.toBe(digest);
  });
});

describe('a fleet halts', () => {
  const done = (name: string, status: MemberRecord['status'], more: Partial<MemberRecord> = {}) =>
    member(name, { status, wave: 1, ...more });
  const canary = member('canary', { status: 'migrated', wave: 0 });

  it.each<[string, object, MemberRecord[], string]>([
    ['not while all is well', {}, [canary, done('a', 'migrated'), member('b')], ''],
    ['not while its canary runs', {}, [{ ...canary, status: 'running' }, member('b')], ''],
    [
      'for a canary that went back',
      { failureThresholdPercent: 100 },
      [{ ...canary, status: 'rolled-back', reason: 'why' }],
      'the canary canary ended as rolled back: why',
    ],
    ['for a canary that proved nothing', {}, [{ ...canary, status: 'held' }], 'the canary canary ended as not started'],
    ['not for a cluster that was held', {}, [canary, done('a', 'held')], ''],
    ['for one failure of two', {}, [canary, done('a', 'needs-operator')], '1 of 2 clusters failed, more than the fleet allows (a)'],
    ['not for as many as its share allows', { failureThresholdPercent: 50 }, [canary, done('a', 'rolled-back')], ''],
    [
      'for one more than its number allows, however small the share',
      { failureThresholdPercent: 100, failureThresholdCount: 1 },
      [canary, done('a', 'rolled-back', { reason: 'why' }), done('b', 'needs-operator'), ...['c', 'd'].map((name) => member(name))],
      '2 of 5 clusters failed, more than the fleet allows (a: why)',
    ],
    [
      'not for as many as its number allows',
      { failureThresholdPercent: 100, failureThresholdCount: 1 },
      [canary, done('a', 'rolled-back')],
      '',
    ],
    [
      'by the share of what it changes, not of what it held',
      {},
      [canary, done('a', 'rolled-back'), ...Array.from({ length: 20 }, (_, at) => member(`h${at}`, { status: 'held' }))],
      '1 of 2 clusters failed, more than the fleet allows (a)',
    ],
  ])('%s', (_title, more, members, expected) => {
    expect(haltOf(spec(more), canary.clusterArn, members)).toBe(expected);
  });
});

describe('a fleet ends', () => {
  const run = { run: 't' };

  it.each<[string, MemberRecord[], string, string, string | RegExp]>([
    [
      'as migrated, held clusters aside',
      [member('a', { status: 'migrated', startedAt: run }), member('b', { status: 'held' })],
      '',
      'migrated',
      '',
    ],
    ['as migrated where nothing was left to do', [member('a', { status: 'migrated' })], '', 'migrated', ''],
    ['as held where no cluster was found', [], '', 'held', 'no cluster was found'],
    ['as held where none could be migrated', [member('a', { status: 'held' })], '', 'held', /each one says why/],
    ['as rolled-back where everything went back', [member('a', { status: 'rolled-back', reason: 'why' })], '', 'rolled-back', 'why'],
    [
      'as rolled-back where the others had nothing to migrate',
      [member('a', { status: 'rolled-back' }), member('b', { status: 'migrated' })],
      '',
      'rolled-back',
      '',
    ],
    [
      'for an operator where part went back',
      [member('a', { status: 'rolled-back' }), member('b', { status: 'migrated', startedAt: run })],
      '',
      'needs-operator',
      /^start the fleet again for a \(eu-west-1\)/,
    ],
    [
      'for an operator where a cluster needs one',
      [member('a', { status: 'needs-operator', reason: 'why' })],
      '',
      'needs-operator',
      'look at a (eu-west-1): why',
    ],
    ['for an operator where a cluster did not end', [member('a', { status: 'running' })], '', 'needs-operator', /it did not end/],
    ['for an operator where it was halted', [member('a', { status: 'rolled-back' })], 'why', 'needs-operator', 'the fleet was halted: why'],
    [
      'naming five clusters at most',
      Array.from({ length: 7 }, (_, at) => member(`c${at}`, { status: 'needs-operator', reason: 'why' })),
      '',
      'needs-operator',
      /c4 \(eu-west-1\) and 2 more: why/,
    ],
  ])('%s', (_title, members, halted, status, reason) => {
    const outcome = fleetOutcome(members, halted);
    expect(outcome.status).toBe(status);
    if (typeof reason === 'string') expect(outcome.reason).toBe(reason);
    else expect(outcome.reason).toMatch(reason);
  });
});
