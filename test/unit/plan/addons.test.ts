import { describe, expect, it } from 'vitest';
import type { AddonFacts, Inventory } from '../../../src/model/inventory.ts';
import type { MigrationOptions } from '../../../src/model/options.ts';
import {
  addon,
  association,
  inventory,
  PREFIX,
  planOf,
  role,
  roleArn,
  serviceAccount,
  unitOf,
  workload,
} from '../fixtures/plan-inventories.ts';

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

  it('names a version only for service accounts that it knows, with the command', () => {
    const facts = cni({ podIdentity: [], upgradeTo: 'v2', upgradePodIdentity: ['aws-node'] });
    expect(planOf(facts).findings.find(({ code }) => code === 'PS605')?.remedy).toContain(
      'aws eks update-addon --cluster-name shop --addon-name vpc-cni --addon-version v2 --resolve-conflicts PRESERVE.',
    );
    expect(unitOf(planOf(cni({ podIdentity: [], upgradeTo: 'v2', upgradePodIdentity: ['other'] })), NODE).reason).toContain(
      'no version of it',
    );
  });

  it('leaves the trust policy of one whose version knows no Pod Identity untouched', () => {
    const plan = planOf(cni({ podIdentity: [], upgradeTo: 'v2' }));
    expect(plan.roles.filter(({ trustBefore, trustAfter }) => trustBefore !== trustAfter)).toEqual([]);
    expect(plan.units.map(({ decision }) => decision)).toEqual(['hold']);
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
