import { beforeEach, describe, expect, it } from 'vitest';
import { discoverClusters } from '../../../../src/fleet/discover-clusters.ts';
import { openFleet } from '../../../../src/fleet/open-fleet.ts';
import { nextStep } from '../../../../src/migration/run/next-step.ts';
import { openRun } from '../../../../src/migration/run/open-run.ts';
import { makePlan } from '../../../../src/migration/run/plan-run.ts';
import type { DeploymentLimits } from '../../../../src/model/deployment.ts';
import { fleetSpec } from '../../../../src/model/fleet.ts';
import { migrationOptions } from '../../../../src/model/options.ts';
import { deployedWith, limitedTo } from '../../fixtures/deployment.ts';
import { type FakeMigration, planWith, RUN, unitPlan } from '../../fixtures/fake-migration.ts';
import { openRunInput, ROLE_PLAN, runScene } from '../../fixtures/run-scene.ts';

let fake: FakeMigration;
const { empty, begin, run, setUnit } = runScene((made) => {
  fake = made;
});
beforeEach(() => empty());
const within = (limits: Partial<DeploymentLimits>) => ({ ...fake.runtime, deployment: limitedTo(limits) });
const asked = (options: Record<string, unknown> = {}) => openRunInput({ options: migrationOptions.parse(options) });

describe('OpenRun', () => {
  it('refuses what is outside of the limits before anything is asked of AWS, and has it on record', async () => {
    fake.account.failures = { connect: ['ClusterUnreachable'] };
    const runtime = { ...within({}), aws: () => expect.fail('AWS was asked') };
    const refusal = { name: 'OutsideLimits', message: expect.stringMatching(/options\.probeImage is outside of allowedProbeImages/) };
    await expect(openRun(runtime, asked({ probeImage: 'evil' }))).rejects.toMatchObject(refusal);
    expect(await run()).toMatchObject({ status: 'pending', reason: expect.stringContaining('allowedProbeImages') });
  });

  it('works with the deployer’s image where the caller names none', async () => {
    await openRun(within({ probeImages: ['mirror/aws-cli@sha256:0'] }), asked());
    expect((await run()).options.probeImage).toBe('mirror/aws-cli@sha256:0');
  });

  it('holds the run to its own options, whatever the next execution of it asks for', async () => {
    await openRun(fake.runtime, asked({ probeImage: 'of the days without limits' }));
    await expect(openRun(within({}), asked())).rejects.toMatchObject({ name: 'OutsideLimits' });
    // It is under way: the reason of its end is not this execution's to write.
    expect((await run()).reason).toBe('');
  });

  it('holds plans and scans to them as well: they read', async () => {
    await expect(openRun(within({ clusters: ['prod-*'] }), { ...asked(), mode: 'plan' })).rejects.toMatchObject({ name: 'OutsideLimits' });
  });

  it('leaves every choice to the user of one machine', async () => {
    expect(await openRun(fake.runtime, asked({ probeImage: 'mine', retireImage: 'mine' }))).toMatchObject({ state: 'open' });
  });
});

describe('a plan', () => {
  const MAKE = { runId: RUN, mode: 'run', expectedDigest: null } as const;
  const plan = planWith([unitPlan()], [ROLE_PLAN]);

  it('that would touch a role or a namespace outside of the limits is not carried out', async () => {
    await begin();
    await fake.runtime.journal.putDocument(RUN, 'plan', plan);
    await expect(makePlan(within({ roles: ['team/*'] }), MAKE)).rejects.toMatchObject({
      name: 'OutsideLimits',
      message: expect.stringMatching(/role arn:aws:iam::111122223333:role\/orders is outside of allowedRoles \(team\/\*\)/),
    });
    expect((await run()).reason).toContain('allowedRoles');
    expect(await makePlan(within({ roles: ['orders'], namespaces: ['shop'] }), MAKE)).toMatchObject({ status: 'migrate' });
  });

  it('is shown all the same', async () => {
    await begin();
    await fake.runtime.journal.putDocument(RUN, 'plan', plan);
    expect(await makePlan(within({ roles: ['team/*'] }), { ...MAKE, mode: 'plan' })).toMatchObject({ status: 'planned' });
  });
});

describe('the longest run', () => {
  beforeEach(async () => {
    await begin([{}, { id: 'shop/b', wave: 1 }]);
    await setUnit('shop/orders', 'migrated');
    await setUnit('shop/b', 'pending');
  });

  it('lets waves begin until it is over, then holds the others', async () => {
    const runtime = within({ longestRunSeconds: 3600 });
    fake.pass(3599);
    expect(await nextStep(runtime, { runId: RUN })).toMatchObject({ wave: 1 });
    fake.pass(1);
    expect(await nextStep(runtime, { runId: RUN })).toMatchObject({ status: 'done' });
    const { status, reason } = await fake.runtime.journal.getUnit(RUN, 'shop/b');
    expect([status, reason]).toEqual(['held', 'the 3600 seconds of the longest run that is allowed were over before its turn']);
  });

  it('is as long as anybody likes on one machine', async () => {
    fake.pass(90_000_000);
    expect(await nextStep(fake.runtime, { runId: RUN })).toMatchObject({ wave: 1 });
  });
});

describe('a fleet', () => {
  const FLEET = { fleetId: 'fleet', mode: 'run', approval: 'none', expectedDigest: null } as const;
  const spec = (given: Record<string, unknown>) => fleetSpec.parse({ regions: ['eu-west-1'], ...given });

  it.each<[string, Record<string, unknown>, string]>([
    ['an account', { accounts: ['self', '999999999999'] }, 'allowedAccounts'],
    ['a role', { accounts: ['222233334444'], memberRole: 'admin' }, 'memberRoleName'],
    ['an external id', { externalId: 'theirs' }, 'externalId'],
    ['an image', { migration: { probeImage: 'evil' } }, 'allowedProbeImages'],
    ['a longer run', { migration: { soakSeconds: 90_000 } }, 'longestRunSeconds'],
  ])('is refused for %s outside of the limits before anything is read there', async (_title, given, parameter) => {
    const runtime = within({ accounts: ['self', '222233334444'], longestRunSeconds: 86_400 });
    await expect(openFleet(runtime, { ...FLEET, spec: spec(given) })).rejects.toMatchObject({
      name: 'OutsideLimits',
      message: expect.stringContaining(parameter),
    });
    expect(await fake.runtime.journal.listFleets()).toEqual([]);
  });

  it('plans only where runs need an approval of another than who asks: nobody can tell who started it', async () => {
    const runtime = { ...fake.runtime, deployment: deployedWith({ approvalMode: 'required-by-another' }) };
    await expect(openFleet(runtime, { ...FLEET, spec: spec({}) })).rejects.toMatchObject({ name: 'RequesterUnknown' });
    expect(await openFleet(runtime, { ...FLEET, mode: 'plan', spec: spec({}) })).toMatchObject({ state: 'open' });
  });

  it('takes in the clusters that are allowed, and looks at no other', async () => {
    const inside = within({ clusters: ['shop'] });
    await openFleet(inside, { ...FLEET, spec: spec({}) });
    expect(await discoverClusters(inside, { fleetId: 'fleet', placeId: 'self/eu-west-1' })).toEqual({ clusters: 1 });
    const outside = within({ clusters: ['prod-*'] });
    await openFleet(outside, { ...FLEET, fleetId: 'second', spec: spec({}) });
    expect(await discoverClusters(outside, { fleetId: 'second', placeId: 'self/eu-west-1' })).toEqual({ clusters: 0 });
  });
});
