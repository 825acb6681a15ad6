import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fewestCalls, generateCluster, measureInventory } from '../../../bench/inventory.bench.ts';
import { takeInventory } from '../../../src/inventory/inventory.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { makePlan } from '../../../src/plan/plan.ts';
import { type FakeWorld, fakeGateways, readWorld } from '../fixtures/fake-gateways.ts';
import { account, clock, edit, find, PREFIX, root, small, take } from '../fixtures/inventory-worlds.ts';

describe('takeInventory', () => {
  it('reads a service account with its workload and its role', async () => {
    const { inventory } = await take(small());
    expect(inventory).toMatchObject({
      version: 1,
      takenAt: '2026-01-02T03:04:05.000Z',
      annotationPrefix: PREFIX,
      cluster: { name: 'big', region: 'eu-central-1', accountId: '123456789012', partition: 'aws' },
      agent: { addon: null, daemonSet: null, defaultVersion: 'v1.3.8-eksbuild.2' },
      serviceAccounts: [{ namespace: 'team-0', name: 'app-0', uid: 'sa-0', resourceVersion: '1', addon: null, owners: [] }],
      workloads: [
        {
          kind: 'Deployment',
          name: 'app-0',
          serviceAccount: 'app-0',
          replicas: 2,
          livePods: 2,
          overrides: [],
          fargate: null,
          windows: false,
          controlledBy: null,
        },
      ],
      roles: [{ name: 'role-0', owners: [] }],
    });
    expect(inventory.workloads[0]?.nodeNames).toHaveLength(2);
    expect(inventory.workloads[0]?.candidateNodeNames).toEqual([]);
  });

  it('is plain JSON without values of environments', async () => {
    const { inventory } = await take(
      small((world) => {
        edit(find(world, 'Deployment')).spec.template.spec.containers[0].env.push({ name: 'AWS_SECRET_ACCESS_KEY', value: 'hunter2' });
      }),
    );
    expect(JSON.parse(JSON.stringify(inventory))).toEqual(inventory);
    expect(inventory.workloads[0]?.overrides).toEqual([{ kind: 'env', container: 'server', name: 'AWS_SECRET_ACCESS_KEY' }]);
    expect(JSON.stringify(inventory)).not.toMatch(/hunter2|value of setting/);
  });

  it('does not depend on the order of lists', async () => {
    const world = generateCluster({ serviceAccounts: 12, pods: 30, roles: 5 });
    const turned: FakeWorld = { ...world, objects: [...world.objects].reverse(), roles: [...world.roles].reverse() };
    const [first, second] = [await take(world), await take(turned)];
    expect(second.inventory).toEqual(first.inventory);
  });

  it('asks no more often than the page sizes demand', async () => {
    for (const size of [
      { serviceAccounts: 1, pods: 0, roles: 1 },
      { serviceAccounts: 501, pods: 1203, roles: 40 },
      { serviceAccounts: 10, pods: 20, roles: 1001 },
    ]) {
      const { calls, migrating } = await measureInventory(size);
      expect(calls).toBe(fewestCalls(size));
      expect(migrating).toBeGreaterThan(0);
    }
  });

  it('reads only what the options choose', async () => {
    const world = generateCluster({ serviceAccounts: 4, pods: 4, roles: 4 });
    const { inventory } = await take(world, { namespaces: ['team-1'] });
    expect(inventory.serviceAccounts.map(({ name }) => name)).toEqual(['app-1']);
    expect(inventory.workloads.map(({ name }) => name)).toEqual(['app-1']);
    expect(inventory.roles.map(({ name }) => name)).toEqual(['role-1']);
    expect((await take(world, { serviceAccounts: ['team-2/app-2'] })).inventory.serviceAccounts.map(({ name }) => name)).toEqual(['app-2']);
  });

  it('looks for the prefix that a self-hosted webhook has', async () => {
    const world = small((given) => {
      edit(find(given, 'ServiceAccount')).metadata.annotations = {
        'irsa.example.com/role-arn': 'arn:aws:iam::123456789012:role/role-0',
        other: 'x',
      };
    });
    expect((await take(world)).inventory.serviceAccounts).toEqual([]);
    const { inventory } = await take(world, { annotationPrefix: 'irsa.example.com' });
    expect(inventory.serviceAccounts[0]?.annotations).toEqual({ 'irsa.example.com/role-arn': 'arn:aws:iam::123456789012:role/role-0' });
  });

  it("has the account's quota of trust policies, where it may be read", async () => {
    const quotaOf = async (trustPolicyQuota: number | 'denied' | 'failing') =>
      (await take(small((world) => Object.assign(world, { trustPolicyQuota })))).inventory.trustPolicyQuota;
    expect(await quotaOf(4096)).toBe(4096);
    expect(await quotaOf('denied')).toBeUndefined();
    await expect(quotaOf('failing')).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  });

  it('takes a denied list of OIDC providers for none, and no other failure', async () => {
    expect((await take(small((world) => Object.assign(world, { oidcProviders: 'denied' })))).inventory.oidcProviders).toBeNull();
    await expect(take(small((world) => Object.assign(world, { oidcProviders: 'failing' })))).rejects.toMatchObject({
      name: 'ServiceUnavailable',
    });
  });

  it.each([
    { what: 'reads roles and tags in one bulk read', denied: {}, single: [] },
    {
      what: 'reads the tags of roles in use one by one where the bulk read is denied',
      denied: { authorizationDetails: 'denied' },
      single: ['GetRole linked', 'GetRole role-0'],
    },
  ] as const)('$what', async ({ denied, single }) => {
    const world = small((given) => {
      Object.assign(given, denied);
      const [first] = given.roles;
      if (first === undefined) throw new Error('no role');
      given.roles = [
        { ...first, tags: { 'aws:cloudformation:stack-name': 'stack' } },
        { ...first, roleName: 'unused', arn: 'arn:aws:iam::123456789012:role/unused' },
        { ...first, roleName: 'linked', arn: 'arn:aws:iam::123456789012:role/aws-service-role/x/linked', path: '/aws-service-role/x/' },
      ];
      given.objects.push(
        account('a', 'linked', { annotations: { [`${PREFIX}/role-arn`]: 'arn:aws:iam::123456789012:role/aws-service-role/x/linked' } }),
      );
    });
    const { inventory, log } = await take(world);
    expect(log.filter((operation) => operation.startsWith('GetRole')).sort()).toEqual([...single]);
    expect(inventory.roles.map(({ name, owners }) => [name, owners.map(({ kind }) => kind)])).toEqual([
      ['linked', []],
      ['role-0', ['cloudformation']],
    ]);
  });

  it('keeps the trust policy of the list where the role goes away meanwhile', async () => {
    const { aws, kubernetes } = fakeGateways(small((world) => Object.assign(world, { authorizationDetails: 'denied' })));
    const gone = { ...aws, iam: { ...aws.iam, getRole: async () => undefined } };
    const inventory = await takeInventory(gone, kubernetes, migrationOptions.parse({}), clock);
    expect(inventory.roles[0]?.trustPolicy).toContain('AssumeRoleWithWebIdentity');
  });
});

async function decisions(folder: string) {
  const { aws, kubernetes } = fakeGateways(readWorld(folder));
  const options = migrationOptions.parse({});
  const plan = makePlan(await takeInventory(aws, kubernetes, options, clock), options, clock);
  return {
    plan,
    units: Object.fromEntries(
      plan.units.map(({ id, decision, findings }) => [
        id,
        [decision, ...findings.filter((code) => plan.findings.some((found) => found.code === code && found.severity === 'blocker'))].join(
          ' ',
        ),
      ]),
    ),
  };
}

describe('the example that ships with the project', () => {
  it('has a canary, units that migrate, and units that are held', async () => {
    const { plan } = await decisions(join(root, 'examples', 'shop'));
    expect(plan.agent.action).toBe('install');
    expect(plan.units.some(({ decision }) => decision === 'migrate')).toBe(true);
    expect(plan.units.some(({ decision }) => decision === 'hold')).toBe(true);
    expect(plan.units.filter(({ wave }) => wave === 0)).toHaveLength(1);
    for (const { trustBefore, trustAfter, waves } of plan.roles) expect(trustBefore === trustAfter).toBe(waves.length === 0);
  });
});

const boutique = join(root, '../..', 'shared', 'snapshots', 'boutique');

describe.runIf(existsSync(boutique))('the boutique snapshot', () => {
  it('migrates what can be migrated, and holds the rest', async () => {
    const { plan, units } = await decisions(boutique);
    expect(units).toEqual({
      'batch/ingest': 'hold PS308',
      'batch/winsvc': 'hold PS309',
      'boutique/adservice': 'hold PS301',
      'boutique/cartservice': 'migrate',
      'boutique/checkoutservice': 'migrate',
      'boutique/currencyservice': 'hold PS104',
      'boutique/emailservice': 'migrate',
      'boutique/paymentservice': 'migrate',
      'boutique/productcatalogservice': 'migrate',
      'boutique/recommendationservice': 'hold PS103',
      'boutique/reports': 'migrate',
      'boutique/shippingservice': 'migrate',
      'external-dns/external-dns': 'migrate',
      'kube-system/aws-load-balancer-controller': 'migrate',
      'kube-system/aws-node': 'migrate',
      'kube-system/ebs-csi-controller-sa': 'migrate',
      'kube-system/s3-csi-driver-sa': 'hold PS605',
      'legacy/admin': 'hold PS701',
      'legacy/archiver': 'migrate',
      'legacy/consumer': 'migrate',
      'legacy/hostnet': 'hold PS702',
      'legacy/tester': 'migrate',
      'legacy/uploader': 'migrate',
      'legacy/writer': 'migrate',
    });
    const splits = plan.units.filter(({ metadata }) => metadata !== undefined && metadata.splitFrom !== null);
    expect(splits.map(({ id, metadata }) => [id, metadata?.splitFrom, metadata?.bindings])).toEqual(
      ['legacy/consumer', 'legacy/uploader'].map((id) => [
        id,
        'default',
        [{ kind: 'RoleBinding', namespace: 'legacy', name: 'default-config-reader' }],
      ]),
    );
    expect(plan.agent).toMatchObject({ action: 'install', addonVersion: 'v1.3.4-eksbuild.1' });
    expect(plan.agent.nodeNames).toHaveLength(6);
    expect(plan.units.find(({ id }) => id === 'boutique/cartservice')?.wave).toBe(0);
    expect(plan.units.find(({ id }) => id === 'kube-system/aws-load-balancer-controller')?.wave).toBe(plan.waves - 2);
    expect(plan.units.find(({ id }) => id === 'kube-system/aws-node')?.wave).toBe(plan.waves - 1);
    expect(plan.units.find(({ id }) => id === 'external-dns/external-dns')).toMatchObject({
      removeAnnotations: [],
      findings: ['PS318', 'PS330', 'PS501'],
    });
    expect(plan.units.find(({ id }) => id === 'boutique/emailservice')?.removeAnnotations).toEqual(['eks.amazonaws.com/role-arn']);
    expect(plan.units.find(({ id }) => id === 'boutique/reports')?.workloads).toMatchObject([{ kind: 'CronJob', restart: 'none' }]);
    expect(plan.findings.filter(({ code }) => code === 'PS601')).toHaveLength(7);
  });
});
