import { describe, expect, it } from 'vitest';
import { createLocalRuntime } from '../../../engine/local-runtime.ts';
import { openMemoryJournal } from '../../../engine/memory-journal.ts';
import { createAddonRoles } from '../../../src/migration/addon/create-addon-role.ts';
import { addonPermissions, chooseVersion } from '../../../src/plan/addon-permissions.ts';
import { createVirtualClock } from '../../../twin/clock.ts';
import { loadSnapshot } from '../../../twin/snapshot.ts';
import { startTwin } from '../../../twin/twin.ts';

const versions = ['v2', 'v1'].map((version) => ({
  version,
  isDefault: version === 'v1',
  requiresIamPermissions: true,
  defaultNamespace: undefined,
}));
const cluster = { arn: 'arn:aws:eks:eu-central-1:444455556666:cluster/shop', accountId: '444455556666' };
const need = (serviceAccount: string) => ({ serviceAccount, recommendedManagedPolicies: ['arn:aws:iam::aws:policy/P'] });

describe('the permissions of an add-on', () => {
  it('are those of the named version, or of the default one', () => {
    expect(chooseVersion('a', versions, undefined, '1.33').version).toBe('v1');
    expect(chooseVersion('a', versions, 'v2', '1.33').version).toBe('v2');
    const none = versions.map((version) => ({ ...version, isDefault: false }));
    expect(chooseVersion('a', none, undefined, '1.33').version).toBe('v2');
    expect(() => chooseVersion('a', versions, 'v9', '1.33')).toThrow(
      'EKS has no version v9 of the add-on a for Kubernetes 1.33; it has v2, v1',
    );
    expect(() => chooseVersion('a', [], undefined, '1.33')).toThrow('EKS has no add-on a for Kubernetes 1.33');
  });

  it('name a role for each service account, with a scoped trust policy', () => {
    const [one] = versions;
    if (one === undefined) throw new TypeError('no version');
    const both = addonPermissions(cluster, 'some-addon', one, { podIdentity: [need('b'), need('a')] }, 'ns');
    expect(both.roles.map(({ serviceAccount, roleName }) => [serviceAccount, roleName])).toEqual([
      ['a', 'AmazonEKSPodIdentitySomeAddon-a'],
      ['b', 'AmazonEKSPodIdentitySomeAddon-b'],
    ]);
    expect(JSON.parse(both.roles[0]?.trustPolicy ?? '').Statement[0].Condition.StringEquals).toMatchObject({
      'aws:RequestTag/kubernetes-namespace': 'ns',
      'aws:RequestTag/kubernetes-service-account': 'a',
    });
    expect(addonPermissions(cluster, 'vpc-cni', one, { podIdentity: [need('aws-node')] }, 'kube-system').roles[0]?.roleName).toBe(
      'AmazonEKSPodIdentityAmazonVPCCNIRole',
    );
    expect(addonPermissions(cluster, 'vpc-cni', one, undefined, 'kube-system').roles).toEqual([]);
  });

  it('are made in IAM once, and never on a role that somebody else made', async () => {
    const clock = createVirtualClock(Date.UTC(2026, 0, 5));
    const twin = await startTwin({ snapshot: await loadSnapshot('examples/shop'), clock });
    const local = openMemoryJournal({ clock });
    const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const { credentials, awsEndpoint: endpoint } = twin;
    const runtime = createLocalRuntime({ clock: clock.engine, journal: local.journal, endpoint, credentials, retryDelays: 'none', logger });
    const { iam } = runtime.aws({ clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null });
    const [one] = versions;
    if (one === undefined) throw new TypeError('no version');
    const permissions = addonPermissions(cluster, 'vpc-cni', one, { podIdentity: [need('aws-node')] }, 'kube-system');
    try {
      const [arn] = await createAddonRoles(iam, permissions);
      expect(arn).toBe('arn:aws:iam::444455556666:role/AmazonEKSPodIdentityAmazonVPCCNIRole');
      expect(await createAddonRoles(iam, permissions)).toEqual([arn]);
      const made = (await iam.listRolesWithTags()).find((role) => role.arn === arn);
      expect(made).toMatchObject({ tags: { 'podshift/addon': 'vpc-cni' }, policies: [{ arn: 'arn:aws:iam::aws:policy/P' }] });
      const [role] = permissions.roles;
      if (role === undefined) throw new TypeError('no role');
      const taken = { ...permissions, roles: [{ ...role, roleName: 'shop-efs-csi' }] };
      await expect(createAddonRoles(iam, taken)).rejects.toMatchObject({ name: 'AlreadyExists' });
    } finally {
      await local.close();
      await twin.close();
    }
  });
});
