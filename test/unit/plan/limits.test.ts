import { describe, expect, it } from 'vitest';
import type { DeploymentLimits } from '../../../src/model/deployment.ts';
import { DEFAULT_PROBE_IMAGE, type MigrationOptions, migrationOptions } from '../../../src/model/options.ts';
import type { Plan, UnitPlan } from '../../../src/model/plan.ts';
import type { RetirementPlan } from '../../../src/model/retirement.ts';
import type { ClusterTarget } from '../../../src/model/run.ts';
import { outsideLimits, outsidePlan, withDeployersDefaults } from '../../../src/plan/limits.ts';
import { DEFAULT_LIMITS } from '../fixtures/deployment.ts';
import { planWith, ROLE, TARGET, unitPlan } from '../fixtures/fake-migration.ts';

const MEMBER = 'arn:aws:iam::222233334444:role/podshift-member';
const MIRROR = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/aws-cli@sha256:0123';

const fields = (target: Partial<ClusterTarget>, options: Partial<MigrationOptions>, limits: Partial<DeploymentLimits>): string[] =>
  outsideLimits(
    { target: { ...TARGET, ...target }, options: { ...migrationOptions.parse({}), ...options } },
    { ...DEFAULT_LIMITS, ...limits },
  ).map(({ field }) => field);

describe('the limits of a deployment without any', () => {
  it('allow the defaults, in every account that lets podshift in by the role that is named for it', () => {
    expect(fields({}, {}, {})).toEqual([]);
    expect(fields({ assumeRoleArn: MEMBER }, {}, {})).toEqual([]);
  });

  it.each<[string, Partial<ClusterTarget>, Partial<MigrationOptions>, string]>([
    ['another image of the probe', {}, { probeImage: 'evil' }, 'options.probeImage'],
    ['any image of the retirement', {}, { retireImage: 'evil' }, 'options.retireImage'],
    ['another role', { assumeRoleArn: 'arn:aws:iam::222233334444:role/admin' }, {}, 'target.assumeRoleArn'],
    [
      'a role whose path ends as the member’s',
      { assumeRoleArn: 'arn:aws:iam::222233334444:role/x/podshift-member' },
      {},
      'target.assumeRoleArn',
    ],
    ['what is no role', { assumeRoleArn: 'podshift-member' }, {}, 'target.assumeRoleArn'],
    ['an external id', { externalId: 'theirs' }, {}, 'target.externalId'],
    ['a soak of years', {}, { soakSeconds: 100_000_000 }, 'options.soakSeconds'],
    [
      'a wait for a day between as many dry runs',
      {},
      { injectionChecks: 1000, injectionIntervalSeconds: 86_400 },
      'options.injectionChecks',
    ],
    ['a window of a year', {}, { windowMinutes: 525_600 }, 'options.windowMinutes'],
  ])('refuse %s', (_title, target, options, field) => expect(fields(target, options, {})).toEqual([field]));
});

describe('limits', () => {
  it.each<[string, Partial<DeploymentLimits>, Partial<ClusterTarget>, Partial<MigrationOptions>, string[]]>([
    ['an account by its id', { accounts: ['2222*'] }, { assumeRoleArn: MEMBER }, {}, []],
    ['the own account by its name', { accounts: ['self'] }, {}, {}, []],
    ['no other account', { accounts: ['self'] }, { assumeRoleArn: MEMBER }, {}, ['target.assumeRoleArn']],
    ['not the own account', { accounts: ['2*'] }, {}, {}, ['target.assumeRoleArn']],
    ['a cluster by its name', { clusters: ['sh?p'] }, {}, {}, []],
    ['no other cluster', { clusters: ['prod-*'] }, {}, {}, ['target.clusterName']],
    ['a cluster by account and region', { clusters: ['self/eu-west-1/*'] }, {}, {}, []],
    ['none of its name in another account', { clusters: ['self/*/shop'] }, { assumeRoleArn: MEMBER }, {}, ['target.clusterName']],
    ['an image by its digest', { probeImages: ['x', MIRROR] }, {}, { probeImage: MIRROR }, []],
    ['images by a pattern', { retireImages: ['mirror/*'] }, {}, { retireImage: 'mirror/iptables:1' }, []],
    ['named namespaces', { namespaces: ['team-*'] }, {}, { namespaces: ['team-a'] }, []],
    ['named service accounts', { namespaces: ['team-*'] }, {}, { serviceAccounts: ['team-a/x'] }, []],
    ['not all namespaces at once', { namespaces: ['team-*'] }, {}, {}, ['options.namespaces']],
    ['no other namespace', { namespaces: ['team-*'] }, {}, { namespaces: ['team-a', 'shop'] }, ['options.namespaces']],
    ['no service account elsewhere', { namespaces: ['team-*'] }, {}, { serviceAccounts: ['shop/x'] }, ['options.serviceAccounts']],
    ['waves up to theirs', { greatestWave: 60 }, {}, { waveSize: 60 }, []],
    ['no greater wave', { greatestWave: 60 }, {}, { waveSize: 61 }, ['options.waveSize']],
    ['no longer run', { longestRunSeconds: 3600 }, {}, {}, ['options.rolloutTimeoutSeconds']],
  ])('allow %s', (_title, limits, target, options, expected) => expect(fields(target, options, limits)).toEqual(expected));

  it('are named with what they allow', () => {
    const asked = { target: TARGET, options: migrationOptions.parse({ retireImage: 'x' }) };
    expect(outsideLimits(asked, { ...DEFAULT_LIMITS, clusters: ['a', 'b'] })).toEqual([
      { field: 'target.clusterName', message: 'outside of allowedClusters (a, b)' },
      { field: 'options.retireImage', message: 'outside of allowedRetireImages (none)' },
    ]);
  });
});

describe('the deployer’s defaults', () => {
  const made = (options: Partial<MigrationOptions>, limits: Partial<DeploymentLimits>) =>
    withDeployersDefaults({ ...migrationOptions.parse({}), ...options }, { ...DEFAULT_LIMITS, ...limits });

  it('take the place of those that are outside of the limits', () => {
    expect(made({}, { probeImages: [MIRROR], greatestWave: 7 })).toMatchObject({ probeImage: MIRROR, waveSize: 7 });
    expect(made({}, {})).toEqual(migrationOptions.parse({}));
  });

  it('take the place of nothing that a caller chose, and no pattern is an image', () => {
    expect(made({ probeImage: 'evil', waveSize: 9 }, { probeImages: [MIRROR], greatestWave: 7 })).toMatchObject({
      probeImage: 'evil',
      waveSize: 9,
    });
    expect(made({}, { probeImages: ['mirror/*'] }).probeImage).toBe(DEFAULT_PROBE_IMAGE);
    expect(made({}, { probeImages: [] }).probeImage).toBe(DEFAULT_PROBE_IMAGE);
  });
});

describe('what a plan would touch', () => {
  const role = (trustAfter: string, roleArn = ROLE) => ({ roleArn, roleName: 'r', trustBefore: 'before', trustAfter, waves: [] });
  const outside = (plan: Plan, limits: Partial<DeploymentLimits>) =>
    outsidePlan(plan, { ...DEFAULT_LIMITS, ...limits }).map(({ field }) => field);
  const one = (changes: Partial<UnitPlan> = {}, more: Partial<Plan> = {}) => planWith([unitPlan(changes)], [role('after')], more);
  const OTHER = 'arn:aws:iam::111122223333:role/ops/other';

  it('is within the limits of its namespaces and roles, by path and name or by ARN', () => {
    expect(outside(one(), {})).toEqual([]);
    expect(outside(one(), { namespaces: ['shop'], roles: ['orders'] })).toEqual([]);
    expect(outside(one(), { roles: ['arn:aws:iam::*:role/orders'] })).toEqual([]);
  });

  it('is not where a service account has another role or namespace', () => {
    expect(outside(one(), { namespaces: ['media'], roles: ['team/*'] })).toEqual(['namespace shop', `role ${ROLE}`]);
  });

  it('is nothing of units that stay as they are, nor of trust policies that do', () => {
    const held = planWith([unitPlan({ decision: 'hold', wave: null })], [role('before')]);
    expect(outside(held, { namespaces: [], roles: [] })).toEqual([]);
  });

  it('is every role of an add-on, which moves as a whole', () => {
    const associations = [{ serviceAccount: 'orders', roleArn: OTHER }];
    const roles = { serviceAccountRoleArn: null, associations };
    const addon = { name: 'a', version: 'v1', configurationHash: null, before: roles, after: roles };
    expect(outside(one({ addon }), { roles: ['orders'] })).toEqual([`role ${OTHER}`]);
  });

  it('is a daemon’s namespace, and each role that loses its principal', () => {
    const retirement: RetirementPlan = {
      mechanism: 'kube2iam',
      decision: 'retire',
      reason: '',
      daemons: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'kube-system', name: 'kube2iam', action: 'stop' }],
      rule: null,
      principals: [],
      roles: [{ ...role('after', OTHER), serviceAccounts: [] }],
      findings: [],
    };
    const limits = { namespaces: ['shop'], roles: ['orders'] };
    expect(outside(one({}, { retirement }), limits)).toEqual(['namespace kube-system', `role ${OTHER}`]);
    expect(outside(one({}, { retirement: { ...retirement, decision: 'refuse' } }), limits)).toEqual([]);
  });
});
