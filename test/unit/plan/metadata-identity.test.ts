import { describe, expect, it } from 'vitest';
import type { DaemonIdentity } from '../../../src/model/metadata.ts';
import { irsaStatement, planOf, roleArn, subjectOf, trust } from '../fixtures/plan-inventories.ts';
import { asking, kube2iam, role, told, world } from '../fixtures/plan-metadata-worlds.ts';

const OWN = roleArn('kube2iam');
const admits = (arn: string) => trust({ Effect: 'Allow', Principal: { AWS: arn }, Action: 'sts:AssumeRole' });
const own = { kind: 'role', roleArn: OWN, by: 'the annotation of its service account', serviceAccount: 'kube-system/kube2iam' } as const;
const unknown = { kind: 'unknown', by: 'AWS_ACCESS_KEY_ID of its container kube2iam' } as const;

/** One workload that asks for `reader`, whose trust policy is this one, a daemon that is that, and its own role's trust policy. */
function inventoryOf(identity: DaemonIdentity, trustPolicy: string, ownTrust = trust(irsaStatement(subjectOf('kube-system/kube2iam')))) {
  return world(
    [asking('shop/a', 'reader')],
    { daemons: [kube2iam({}, { identity })] },
    { roles: [role('reader', trustPolicy), role('kube2iam', ownTrust)] },
  );
}

describe('a daemon that is not its node', () => {
  it('is asked for by its own role', () => {
    expect(told(inventoryOf(own, admits(OWN)))).toEqual({ 'shop/api': 'migrate' });
    const { units, findings } = planOf(inventoryOf(own, admits(roleArn('node'))));
    expect(units).toMatchObject([{ decision: 'hold', findings: ['PS202'] }]);
    expect(findings.find(({ code }) => code === 'PS202')?.message).toContain(`does not admit ${OWN}, as which kube2iam asks`);
  });

  it('gives nobody anything where its own role does not admit it', () => {
    const { units, findings } = planOf(inventoryOf(own, admits(OWN), trust(irsaStatement(subjectOf('other/other')))));
    expect(units).toMatchObject([{ decision: 'hold', findings: ['PS202'] }]);
    expect(findings.find(({ code }) => code === 'PS202')?.message).toContain('itself does not admit kube-system/kube2iam by IRSA');
  });

  it.each([roleArn('ops'), roleArn('ops').replace(':role/', ':user/')])(
    'is taken for %s where nobody can tell, and that is said',
    (arn) => {
      const { units, findings } = planOf(inventoryOf(unknown, admits(arn)));
      expect(units).toMatchObject([{ decision: 'migrate', findings: expect.arrayContaining(['PS723']) }]);
      expect(findings.find(({ code }) => code === 'PS723')?.message).toContain('AWS_ACCESS_KEY_ID of its container kube2iam');
    },
  );

  it('is taken for its own role where that one has no service account, or cannot be looked at', () => {
    expect(told(inventoryOf({ ...own, serviceAccount: null }, admits(OWN)))).toEqual({ 'shop/api': 'migrate' });
    const unseen = inventoryOf(own, admits(OWN));
    expect(told({ ...unseen, roles: unseen.roles.filter(({ arn }) => arn !== OWN) })).toEqual({ 'shop/api': 'migrate' });
    expect(told(inventoryOf(own, admits(OWN), '{'))).toEqual({ 'shop/api': 'migrate' });
    expect(told({ ...unseen, cluster: { ...unseen.cluster, oidcIssuer: null } })).toEqual({ 'shop/api': 'migrate' });
  });

  it('is nobody where the role trusts services alone', () => {
    const facts = inventoryOf(unknown, trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }));
    expect(told(facts)).toEqual({ 'shop/api': 'hold PS202 PS723' });
  });
});
