import { describe, expect, it } from 'vitest';
import type { AddonFacts, Inventory } from '../../src/model/inventory.ts';
import type { MigrationOptions } from '../../src/model/options.ts';
import { addon, association, inventory, PREFIX, planOf, role, roleArn, serviceAccount, unitOf, workload } from './plan-inventories.ts';

const NODE = 'kube-system/aws-node';

/** A cluster whose VPC CNI has the role `cni` by IRSA. */
function cni(changes: Partial<AddonFacts> = {}, more: Partial<Inventory> = {}): Inventory {
  return inventory({
    serviceAccounts: [serviceAccount(NODE, 'cni', { addon: 'vpc-cni' })],
    workloads: [workload(NODE, { kind: 'DaemonSet', replicas: null })],
    roles: [role('cni', [NODE])],
    addons: [addon('vpc-cni', changes)],
    ...more,
  });
}

const codes = (facts: Inventory, options?: Partial<MigrationOptions>) => {
  const unit = unitOf(planOf(facts, options), NODE);
  return [unit.decision, ...unit.findings];
};
const owned = { ownerArn: 'arn:aws:eks:eu-central-1:123456789012:addon/shop/vpc-cni/u', roleArn: roleArn('cni') };

describe('the plan of an add-on', () => {
  it('migrates by one update with the whole list, and restarts nothing itself', () => {
    const facts = cni({ associations: [{ serviceAccount: 'other', roleArn: roleArn('other') }], configurationHash: 'abc' });
    expect(unitOf(planOf(facts), NODE)).toMatchObject({
      mechanism: 'addon',
      decision: 'migrate',
      workloads: [{ restart: 'none' }],
      removeAnnotations: [],
      addon: {
        name: 'vpc-cni',
        configurationHash: 'abc',
        before: { serviceAccountRoleArn: roleArn('cni'), associations: [{ serviceAccount: 'other' }] },
        after: { serviceAccountRoleArn: null, associations: [{ serviceAccount: 'aws-node' }, { serviceAccount: 'other' }] },
      },
    });
  });

  it.each<[string, Inventory, string[]]>([
    ['a version without Pod Identity is held', cni({ podIdentity: [], upgradeTo: 'v2' }), ['hold', 'PS605']],
    ['a version that knows other service accounts alone is held', cni({ podIdentity: ['else'] }), ['hold', 'PS605']],
    ['a free-standing association is held', cni({}, { associations: [association(NODE, { roleArn: roleArn('cni') })] }), ['hold', 'PS606']],
    ['a DEGRADED one is held', cni({ status: 'DEGRADED', issues: ['AccessDenied'] }), ['hold', 'PS607']],
    ['a failed one is held', cni({ status: 'UPDATE_FAILED' }), ['hold', 'PS607']],
    ['one whose update runs is held', cni({ status: 'UPDATING' }), ['hold', 'PS608']],
    ['configuration values that cannot be read are held', cni({ configurationReadable: false }), ['hold', 'PS609']],
    ['a role from configuration values migrates', cni({ serviceAccountRoleArn: null }), ['migrate', 'PS613', 'PS614']],
    [
      'a service account without the annotation is held',
      cni({}, { serviceAccounts: [serviceAccount(NODE, 'cni', { addon: 'vpc-cni', annotations: {} })] }),
      ['hold', 'PS101', 'PS612'],
    ],
    [
      'a role that others share stays theirs',
      cni(
        {},
        {
          serviceAccounts: [serviceAccount(NODE, 'cni', { addon: 'vpc-cni' }), serviceAccount('shop/api', 'cni')],
          roles: [role('cni', [NODE, 'shop/api'])],
        },
      ),
      ['migrate', 'PS611', 'PS614'],
    ],
    ['an OnDelete set is held', cni({}, { workloads: [workload(NODE, { kind: 'DaemonSet', strategy: 'OnDelete' })] }), ['hold', 'PS314']],
  ])('%s', (_, facts, expected) => {
    const found = codes(facts, { allowPodDeletion: true });
    for (const code of expected.filter((one) => one !== 'PS101')) expect(found).toContain(code);
  });

  it('names the version to update to, or that there is none', () => {
    expect(unitOf(planOf(cni({ podIdentity: [], upgradeTo: 'v2' })), NODE).reason).toContain('version v2 does');
    expect(unitOf(planOf(cni({ podIdentity: [] })), NODE).reason).toContain('no version of it');
  });

  it('moves all of its service accounts or none', () => {
    const other = serviceAccount('kube-system/other', 'gone', {
      addon: 'vpc-cni',
      annotations: { [`${PREFIX}/role-arn`]: roleArn('gone') },
    });
    const facts = cni(
      { podIdentity: ['aws-node', 'other'] },
      { serviceAccounts: [serviceAccount(NODE, 'cni', { addon: 'vpc-cni' }), other] },
    );
    expect(codes(facts)).toContain('PS610');
    expect(planOf(facts, { serviceAccounts: [NODE] }).units.map(({ id }) => id)).toEqual([NODE, 'kube-system/other']);
  });

  it('leaves one that owns a working association as it is', () => {
    const admitted = unitOf(planOf(cni()), NODE);
    const trusted = planOf(cni()).roles[0]?.trustAfter ?? '';
    const facts = cni(
      { serviceAccountRoleArn: null, associations: [{ serviceAccount: 'aws-node', roleArn: roleArn('cni') }] },
      {
        serviceAccounts: [serviceAccount(NODE, 'cni', { addon: 'vpc-cni', annotations: {} })],
        associations: [association(NODE, owned)],
        roles: [role('cni', [NODE], { trustPolicy: trusted })],
      },
    );
    expect(admitted.decision).toBe('migrate');
    expect(codes(facts)).toEqual(['already-associated', 'PS112']);
  });
});

describe('what the platform must offer', () => {
  const platform = {
    privateEndpoint: false,
    podGroupsCutOff: false,
    port80: [],
    nodeRoles: [],
    associations: 0,
    controllers: [],
    oldSdks: [],
  };
  const policies = { assumesRoles: false, usesKafka: false, sessionKeys: [] };
  const api = (changes: object) => ({ roles: [role('api', ['shop/api'], { policies: { ...policies, ...changes } })] });
  const used = (changes: object) => ({ workloads: [workload('shop/api', changes)] });
  const node = (agent: 'yes' | 'no' | 'unknown') => ({ arn: roleArn(`node-${agent}`), agent });

  it.each<[string, Partial<Inventory>, string, 'blocker' | 'warning']>([
    ['a private endpoint', { platform: { ...platform, privateEndpoint: true } }, 'PS408', 'warning'],
    ['node roles without the right', { platform: { ...platform, nodeRoles: [node('no')] } }, 'PS409', 'blocker'],
    ['strict security groups for pods', { platform: { ...platform, podGroupsCutOff: true } }, 'PS410', 'warning'],
    ['port 80 taken', { platform: { ...platform, port80: ['DaemonSet/edge/proxy'] } }, 'PS411', 'warning'],
    ['the quota of associations', { platform: { ...platform, associations: 5000 } }, 'PS412', 'blocker'],
    ['another controller', { platform: { ...platform, controllers: ['Deployment/ack/eks'] } }, 'PS413', 'warning'],
    [
      'an old SDK',
      {
        platform: {
          ...platform,
          oldSdks: ['other', 'api'].map((serviceAccount) => ({
            namespace: 'shop',
            serviceAccount,
            sdk: 'Boto3',
            version: '1.26.0',
            minimum: '1.34.41',
          })),
        },
      },
      'PS328',
      'blocker',
    ],
    ['a proxy', used({ proxied: ['app'] }), 'PS326', 'blocker'],
    ['a network policy', used({ cutOffBy: ['NetworkPolicy/shop/deny'] }), 'PS327', 'blocker'],
    ['role chaining', api({ assumesRoles: true }), 'PS114', 'warning'],
    [
      'role chaining with long session tags',
      { ...api({ assumesRoles: true }), cluster: { ...inventory().cluster, name: 'c'.repeat(300) } },
      'PS116',
      'warning',
    ],
    ['kafka-cluster actions', api({ usesKafka: true }), 'PS115', 'blocker'],
    ['a condition on the session name', api({ sessionKeys: ['aws:userid'] }), 'PS115', 'blocker'],
  ])('%s is a finding', (_, facts, code, severity) => {
    const plan = planOf(inventory(facts));
    expect(plan.findings.filter((found) => found.code === code).map((found) => found.severity)).toContain(severity);
    expect(unitOf(plan).decision).toBe(severity === 'blocker' ? 'hold' : 'migrate');
  });

  it('says nothing where some node role can, or it is not known', () => {
    for (const agent of ['yes', 'unknown'] as const) {
      const plan = planOf(inventory({ platform: { ...platform, nodeRoles: [node('no'), node(agent)] } }));
      expect(plan.findings.filter(({ code }) => code === 'PS409')).toEqual([]);
    }
  });
});
