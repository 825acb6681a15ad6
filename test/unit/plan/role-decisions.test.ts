import { describe, expect, it } from 'vitest';
import { checkCase } from '../fixtures/plan-cases.ts';
import {
  ACCOUNT,
  addon,
  annotated,
  api,
  association,
  type Case,
  cluster,
  ISSUER,
  inventory,
  irsa,
  irsaStatement,
  PREFIX,
  PROVIDER,
  planOf,
  podIdentity,
  role,
  roleArn,
  scoped,
  serviceAccount,
  trust,
  trusted,
  unitOf,
  used,
} from '../fixtures/plan-inventories.ts';

const CASES: Record<string, Case> = {
  'an ordinary service account migrates': { facts: {}, decision: 'migrate', codes: [] },
  // The annotation and its role
  'an annotation with white space is held': {
    facts: { serviceAccounts: annotated(` ${roleArn('api')}`) },
    decision: 'hold',
    codes: ['PS101'],
  },
  'an empty annotation is held': { facts: { serviceAccounts: annotated('') }, decision: 'hold', codes: ['PS101'] },
  'an annotation with a role name alone is held': { facts: { serviceAccounts: annotated('api') }, decision: 'hold', codes: ['PS101'] },
  'a role of another partition is held': {
    facts: { serviceAccounts: annotated(roleArn('api').replace('aws', 'aws-cn')) },
    decision: 'hold',
    codes: ['PS102'],
  },
  'a role of another account is held': {
    facts: { serviceAccounts: annotated('arn:aws:iam::999999999999:role/api') },
    decision: 'hold',
    codes: ['PS103'],
  },
  'a role that does not exist is held': { facts: { serviceAccounts: annotated(roleArn('api-2')) }, decision: 'hold', codes: ['PS104'] },
  'a role whose name another role begins with is not that role': {
    facts: { serviceAccounts: annotated(roleArn('ap')) },
    decision: 'hold',
    codes: ['PS104'],
  },
  'a role at another path is not that role': {
    facts: { serviceAccounts: annotated(roleArn('team/api')) },
    decision: 'hold',
    codes: ['PS104'],
  },
  'a service-linked role is held': {
    facts: { serviceAccounts: annotated(roleArn('aws-service-role/eks.amazonaws.com/api')) },
    decision: 'hold',
    codes: ['PS105'],
  },
  'a role with a path migrates': {
    facts: {
      serviceAccounts: annotated(roleArn('teams/shop/api')),
      roles: [role('api', ['shop/api'], { arn: roleArn('teams/shop/api') })],
    },
    decision: 'migrate',
    codes: [],
  },
  'the default service account is held': {
    facts: { serviceAccounts: [serviceAccount('shop/default', 'api')], workloads: [], roles: [role('api', ['shop/default'])] },
    decision: 'hold',
    codes: ['PS108'],
  },
  'a cluster without an issuer holds': { facts: cluster({ oidcIssuer: null }), decision: 'hold', codes: ['PS106'] },
  'an issuer that is not registered holds': { facts: { oidcProviders: [`${PROVIDER}0`] }, decision: 'hold', codes: ['PS107'] },
  'a list of providers that may not be read means registered': { facts: { oidcProviders: null }, decision: 'migrate', codes: [] },
  // The trust policy
  'a trust policy that is no JSON is held': { facts: { roles: trusted('{') }, decision: 'hold', codes: ['PS201'] },
  'a trust policy for another service account is held': {
    facts: { roles: trusted(trust(irsaStatement('system:serviceaccount:shop:api-2'))) },
    decision: 'hold',
    codes: ['PS202'],
  },
  'an audience that the trust policy does not admit is held': {
    facts: { serviceAccounts: api({ annotations: { [`${PREFIX}/role-arn`]: roleArn('api'), [`${PREFIX}/audience`]: 'other' } }) },
    decision: 'hold',
    codes: ['PS202'],
  },
  'a condition that nobody can decide is held': {
    facts: { roles: trusted(trust({ ...irsa, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } })) },
    decision: 'hold',
    codes: ['PS203'],
  },
  'a Deny that may reach Pod Identity is held': {
    facts: {
      roles: trusted(
        trust(irsa, {
          Effect: 'Deny',
          Principal: '*',
          Action: 'sts:AssumeRole',
          Condition: { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } },
        }),
      ),
    },
    decision: 'hold',
    codes: ['PS204'],
  },
  'a principal that was deleted is held': {
    facts: { roles: trusted(trust(irsa, { Effect: 'Allow', Principal: { AWS: 'AROAEXAMPLEEXAMPLE123' }, Action: 'sts:AssumeRole' })) },
    decision: 'hold',
    codes: ['PS206'],
  },
  'NotPrincipal is held': {
    facts: {
      roles: trusted(trust(irsa, { Effect: 'Deny', NotPrincipal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'sts:AssumeRole' })),
    },
    decision: 'hold',
    codes: ['PS205'],
  },
  'a trust policy without room is held': {
    facts: {
      roles: trusted(
        trust(irsa, {
          Effect: 'Allow',
          Principal: { Service: 'ec2.amazonaws.com' },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'aws:SourceVpc': 'v'.repeat(1500) } },
        }),
      ),
    },
    decision: 'hold',
    codes: ['PS207'],
  },
  'a wildcard subject is expanded to the service account': {
    facts: { roles: trusted(trust(irsaStatement('system:serviceaccount:shop:*', 'StringLike'))) },
    decision: 'migrate',
    codes: ['PS209'],
  },
  'no condition on the subject is expanded too': {
    facts: { roles: trusted(trust({ ...irsa, Condition: { StringEquals: { [`${ISSUER}:aud`]: 'sts.amazonaws.com' } } })) },
    decision: 'migrate',
    codes: ['PS209'],
  },
  'a statement without any condition is expanded too': {
    facts: { roles: trusted(trust({ Effect: 'Allow', Principal: { Federated: [PROVIDER] }, Action: 'sts:AssumeRoleWithWebIdentity' })) },
    decision: 'migrate',
    codes: ['PS209'],
  },
  'statements of others are no wider subject of ours': {
    facts: {
      roles: trusted(
        trust(
          irsa,
          { Effect: 'Allow', Principal: '*', Action: 'sts:TagSession' },
          { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ),
      ),
    },
    decision: 'migrate',
    codes: [],
  },
  'a document of 2008 keeps its version': {
    facts: { roles: trusted(JSON.stringify({ Version: '2008-10-17', Statement: [irsa] })) },
    decision: 'migrate',
    codes: ['PS211'],
  },
  'an unscoped Pod Identity statement is left and told of': {
    facts: { roles: trusted(trust(irsa, podIdentity({}))) },
    decision: 'migrate',
    codes: ['PS210'],
  },
  'a role of CloudFormation is warned of': {
    facts: { roles: [role('api', ['shop/api'], { owners: [{ kind: 'cloudformation', name: 'stack' }] })] },
    decision: 'migrate',
    codes: ['PS503'],
  },
  'a role of Terraform is warned of': {
    facts: { roles: [role('api', ['shop/api'], { owners: [{ kind: 'terraform', name: '' }] })] },
    decision: 'migrate',
    codes: ['PS503'],
  },
  'a role whose trust policy stays is not warned of': {
    facts: { roles: [role('api', [], { trustPolicy: trust(irsa, scoped), owners: [{ kind: 'terraform', name: '' }] })] },
    decision: 'migrate',
    codes: [],
  },
  // Associations
  'an association that is right is left alone': {
    facts: { associations: [association('shop/api')], roles: trusted(trust(irsa, scoped)) },
    decision: 'already-associated',
    codes: ['PS112'],
  },
  'an association that another tool left goes on while its pods are on the old way': {
    facts: { associations: [association('shop/api')], roles: trusted(trust(irsa, scoped)), ...used({ oldPods: 2 }) },
    decision: 'migrate',
    codes: ['PS118'],
  },
  'an association and an unscoped statement that another tool left go on, and the statement is told of': {
    facts: { associations: [association('shop/api')], roles: trusted(trust(irsa, podIdentity({}))), ...used({ oldPods: 2 }) },
    decision: 'migrate',
    codes: ['PS118', 'PS210'],
  },
  'an association whose annotation is gone goes on while its pods are on the old way': {
    facts: {
      serviceAccounts: api({ annotations: {} }),
      associations: [association('shop/api')],
      roles: trusted(trust(irsa, scoped)),
      ...used({ oldPods: 1 }),
    },
    decision: 'migrate',
    codes: ['PS118'],
  },
  'an association is held where only their owner can renew the pods that are on the old way': {
    facts: { associations: [association('shop/api')], roles: trusted(trust(irsa, scoped)), ...used({ kind: 'Pod', oldPods: 1 }) },
    decision: 'hold',
    codes: ['PS118', 'PS310'],
  },
  'an association is right whose Jobs still run on the old way': {
    facts: { associations: [association('shop/api')], roles: trusted(trust(irsa, scoped)), ...used({ kind: 'CronJob', oldPods: 1 }) },
    decision: 'already-associated',
    codes: ['PS112'],
  },
  'an association without the annotation is left alone': {
    facts: {
      serviceAccounts: api({ annotations: {} }),
      associations: [association('shop/api', { podshiftRun: 'r' })],
      roles: trusted(trust(irsa, scoped)),
    },
    decision: 'already-associated',
    codes: ['PS112'],
  },
  'an association without the annotation and without trust is held': {
    facts: { serviceAccounts: api({ annotations: {} }), associations: [association('shop/api', { podshiftRun: 'r' })] },
    decision: 'hold',
    codes: ['PS113'],
  },
  'an association that the trust policy does not admit yet migrates': {
    facts: { associations: [association('shop/api')] },
    decision: 'migrate',
    codes: [],
  },
  'an association with another role is held': {
    facts: { associations: [association('shop/api', { roleArn: roleArn('other') })] },
    decision: 'hold',
    codes: ['PS109'],
  },
  'an association with a target role is held': {
    facts: {
      associations: [association('shop/api', { targetRoleArn: 'arn:aws:iam::999999999999:role/x' })],
      roles: trusted(trust(irsa, scoped)),
    },
    decision: 'hold',
    codes: ['PS110'],
  },
  'an association whose trust nobody can decide is held': {
    facts: {
      associations: [association('shop/api')],
      roles: trusted(trust(irsa, podIdentity({ Condition: { NoSuchOperator: { 'aws:SourceAccount': ACCOUNT } } }))),
    },
    decision: 'hold',
    codes: ['PS203'],
  },
  'session tags off under a tag-scoped trust policy is held': {
    facts: { associations: [association('shop/api', { disableSessionTags: true })], roles: trusted(trust(irsa, scoped)) },
    decision: 'hold',
    codes: ['PS111'],
  },
  'session tags off migrates with a statement for the cluster where that is allowed': {
    facts: { associations: [association('shop/api', { disableSessionTags: true })] },
    options: { allowClusterScope: true },
    decision: 'migrate',
    codes: ['PS208'],
  },
  'an association is no excuse for Fargate': {
    facts: { associations: [association('shop/api')], roles: trusted(trust(irsa, scoped)), ...used({ fargate: 'profile x' }) },
    decision: 'hold',
    codes: ['PS112', 'PS308'],
  },
};

describe('the decision about a service account, by its role', () => {
  it.each(Object.entries(CASES))('%s', (_, given) => {
    checkCase(given);
  });

  it('names the first reason and counts the others', () => {
    const plan = planOf(inventory(used({ fargate: 'profile x', windows: true })));
    expect(unitOf(plan).reason).toBe('pods of Deployment/shop/api run on Fargate (profile x) (and 1 more)');
  });

  it('says "already associated" of what is right', () => {
    const plan = planOf(inventory({ associations: [association('shop/api')], roles: trusted(trust(irsa, scoped)) }));
    expect(unitOf(plan)).toMatchObject({ reason: 'already associated', before: { associationId: 'a-0123456789abcdefg' } });
  });

  it('tells for whom nothing works today', () => {
    const plan = planOf(inventory({ roles: trusted(trust(irsaStatement('system:serviceaccount:shop:other'))) }));
    expect(unitOf(plan).reason).toContain('nothing works through it today');
  });

  it('says that an undecidable trust policy is undecidable', () => {
    const plan = planOf(inventory({ roles: trusted(trust({ ...irsa, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } })) }));
    expect(unitOf(plan).reason).toContain('does not show whether');
  });

  it('takes the role of an add-on without an annotation', () => {
    const addons = [addon('vpc-cni')];
    const plan = planOf(inventory({ serviceAccounts: api({ annotations: {}, addon: 'vpc-cni' }), addons }));
    expect(unitOf(plan)).toMatchObject({ mechanism: 'addon', roleArn: roleArn('cni'), workloads: [{ restart: 'none' }] });
  });

  it('has no role for a service account about which nothing is known', () => {
    expect(unitOf(planOf(inventory({ serviceAccounts: api({ annotations: {} }) })))).toMatchObject({
      decision: 'hold',
      roleArn: '',
      findings: ['PS101'],
    });
  });
});
