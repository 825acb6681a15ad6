import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../../src/model/findings.ts';
import type { AssociationFacts, Inventory, StaleRoleFact, TrustingRole } from '../../../src/model/inventory.ts';
import type { MigrationOptions } from '../../../src/model/options.ts';
import { checkCase } from '../fixtures/plan-cases.ts';
import {
  ACCOUNT,
  annotated,
  api,
  association,
  type Case,
  CLUSTER,
  inventory,
  irsa,
  PREFIX,
  planOf,
  podIdentity,
  role,
  roleArn,
  scoped,
  serviceAccount,
  trust,
  trusted,
  used,
} from '../fixtures/plan-inventories.ts';

const told = (facts: Partial<Inventory>, code: FindingCode, options: Partial<MigrationOptions> = {}) =>
  planOf(inventory({ associated: [], ...facts }), options).findings.filter((found) => found.code === code);

/** A statement for service accounts of this cluster, or another, in the form of the EKS User Guide. */
const statementFor = (names: string | string[], changes: object = {}, operator = 'StringEquals') =>
  podIdentity({
    Condition: {
      [operator]: {
        'aws:RequestTag/eks-cluster-arn': CLUSTER,
        'aws:RequestTag/kubernetes-namespace': 'shop',
        'aws:RequestTag/kubernetes-service-account': names,
        ...changes,
      },
    },
  });
const trusting = (name: string, ...statements: object[]): TrustingRole => ({ arn: roleArn(name), trustPolicy: trust(...statements) });
const EC2 = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };

describe('an association of a service account that is no unit', () => {
  const web = (changes: Partial<AssociationFacts> = {}) => association('shop/web', { roleArn: roleArn('web'), ...changes });
  const facts = (trustPolicy: string | undefined, changes: Partial<AssociationFacts> = {}): Partial<Inventory> => ({
    otherAssociations: [web(changes)],
    trustingPods: trustPolicy === undefined ? [] : [{ arn: roleArn('web'), trustPolicy }],
  });

  it('is told of where the trust policy does not admit it, with the document that completes it', () => {
    const [found, ...more] = told(facts(trust(EC2)), 'PS119');
    expect(more).toEqual([]);
    expect(found).toMatchObject({ subject: 'ServiceAccount/shop/web', severity: 'warning' });
    expect(found?.message).toBe(
      `association a-0123456789abcdefg gives shop/web the role ${roleArn('web')}, whose trust policy does not admit it: pods that started since it exists get no credentials by it, and older ones keep what they have until they restart`,
    );
    const [, document = ''] = /--role-name web --policy-document '(\{.*\})'\./.exec(found?.remedy ?? '') ?? [];
    expect(JSON.parse(document).Statement).toHaveLength(2);
    expect(JSON.parse(document).Statement[0]).toEqual(EC2);
    // The command does what the finding asks for.
    expect(told(facts(document), 'PS119')).toEqual([]);
    expect(found?.remedy).toContain(
      'If nobody needs it: aws eks delete-pod-identity-association --cluster-name shop --association-id a-0123456789abcdefg.',
    );
  });

  it.each([
    ['works', trust(statementFor('web'))],
    ['works by a statement for all', trust(podIdentity({}))],
    ['may work', trust(podIdentity({ Condition: { StringEquals: { 'aws:SomethingNew': 'x' } } }))],
    ['has a role whose trust policy cannot be read', '{'],
  ])('is not told of where it %s', (_, trustPolicy) => {
    expect(told(facts(trustPolicy), 'PS119')).toEqual([]);
  });

  it('is told of with a statement for the whole cluster where it passes no session tags', () => {
    const [found] = told(facts(trust(EC2), { disableSessionTags: true }), 'PS119');
    expect(found?.remedy).toContain('add the statement');
    expect(found?.remedy).not.toContain('kubernetes-service-account');
  });

  it('is measured by the quota of the account', () => {
    const [found] = told({ ...facts(trust(EC2)), trustPolicyQuota: 100 }, 'PS119');
    expect(found?.remedy).toContain('correct the trust policy first');
  });

  it('is judged with its unit where it is one of a unit', () => {
    const one = association('shop/api', { roleArn: roleArn('web') });
    const unit = { serviceAccounts: [serviceAccount('shop/api', 'api')], roles: [role('api', ['shop/api'])] };
    expect(told({ ...facts(trust(EC2)), ...unit, otherAssociations: [one] }, 'PS119')).toEqual([]);
  });

  it('is told of where its role does not exist', () => {
    expect(told(facts(undefined), 'PS119')[0]?.message).toContain(`gives shop/web the role ${roleArn('web')}, which does not exist:`);
  });

  it('is told of where it passes no session tags that the trust policy asks for', () => {
    const [found] = told(facts(trust(statementFor('web')), { disableSessionTags: true }), 'PS119');
    expect(found?.message).toContain('by session tags alone, which the association does not pass');
    expect(found?.remedy).toMatch(/^If it is meant: aws eks update-pod-identity-association .*--no-disable-session-tags\. /);
  });

  it('is told of where a Deny stands against it, and that comes first', () => {
    const deny = { Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole' };
    const [found] = told(facts(trust(podIdentity({}), deny)), 'PS119');
    expect(found?.remedy).toContain('correct the trust policy first: statement 2 denies the role');
  });

  it('is nobody else’s to delete than the add-on’s that owns it', () => {
    const ownerArn = `arn:aws:eks:eu-central-1:${ACCOUNT}:addon/shop/ebs/x`;
    const [found] = told(facts(trust(EC2), { ownerArn }), 'PS119');
    expect(found?.remedy).toContain(`owned by ${ownerArn}`);
    expect(found?.remedy).not.toContain('delete-pod-identity-association');
  });

  it('gives a command that a shell takes, however the document is written', () => {
    const pretty = JSON.stringify({ Version: '2012-10-17', Statement: [{ Sid: "it's", ...EC2 }] }, null, 2);
    const [found] = told(facts(pretty), 'PS119');
    expect(found?.remedy).not.toContain('\n');
    expect(found?.remedy).toContain(`"it'\\''s"`);
  });
});

describe('a trust statement for a service account without an association', () => {
  const web = (...statements: object[]): Partial<Inventory> => ({ trustingPods: [trusting('web', ...statements)] });

  it('is told of, with who could take it up and both repairs', () => {
    const [found, ...more] = told(web(EC2, statementFor('web')), 'PS213');
    expect(more).toEqual([]);
    expect(found).toMatchObject({ subject: `Role/${roleArn('web')}`, severity: 'warning' });
    expect(found?.message).toBe(
      `the trust policy of ${roleArn('web')} admits shop/web of this cluster by Pod Identity, which has no association with it: whoever may create one (eks:CreatePodIdentityAssociation, with iam:PassRole on the role) gives pods of that service account the role`,
    );
    expect(found?.remedy).toContain(
      `aws eks create-pod-identity-association --cluster-name shop --namespace shop --service-account web --role-arn ${roleArn('web')}.`,
    );
    expect(found?.remedy).toContain('take statement 2 out (aws iam get-role --role-name web');
  });

  it('is told of once for several service accounts of a role', () => {
    const [found, ...more] = told(web(statementFor(['web', 'old'])), 'PS213');
    expect(more).toEqual([]);
    expect(found?.message).toContain('admits shop/web, shop/old of this cluster by Pod Identity, none of which has an association with it');
  });

  it('names only those of a statement that are left', () => {
    const one = association('shop/web', { roleArn: roleArn('web') });
    const [found] = told({ ...web(statementFor(['web', 'old'])), otherAssociations: [one], associated: [one] }, 'PS213');
    expect(found?.message).toContain('admits shop/old of this cluster');
    expect(found?.remedy).toContain('take shop/old out of statement 1');
    expect(told(web(statementFor(['old', 'new-*'], {}, 'StringLike')), 'PS213')[0]?.remedy).toContain('take shop/old out of statement 1');
  });

  const associated = (changes: Partial<AssociationFacts>) => {
    const one = association('shop/web', changes);
    return { otherAssociations: [one], associated: [one] };
  };
  it.each<[string, Partial<Inventory>, Partial<MigrationOptions>]>([
    ['has its association', { ...web(statementFor('web')), ...associated({ roleArn: roleArn('web') }) }, {}],
    [
      'has one of which nothing is known',
      { ...web(statementFor('web')), associated: [{ associationId: 'a-1', namespace: 'shop', serviceAccount: 'web' }] },
      {},
    ],
    ['is of another cluster', web(statementFor('web', { 'aws:RequestTag/eks-cluster-arn': `${CLUSTER}-2` })), {}],
    ['may be of any cluster', web(statementFor('web', { 'aws:RequestTag/eks-cluster-arn': `${CLUSTER}*` }, 'StringLike')), {}],
    ['names no cluster', web(podIdentity({})), {}],
    ['is a pattern', web(statementFor('*', {}, 'StringLike')), {}],
    ['is not chosen', web(statementFor('web')), { namespaces: ['other'] }],
    ['may be denied', web(statementFor('web', { 'aws:SomethingNew': 'x' })), {}],
    ['migrates with this role', { roles: trusted(trust(irsa, scoped)) }, {}],
    ['is in an inventory without associations', { ...web(statementFor('web')), associated: undefined as never }, {}],
  ])('is not told of where it %s', (_, facts, options) => {
    expect(told(facts, 'PS213', options)).toEqual([]);
  });

  it('is told of where the association gives another role, and no second one is asked for', () => {
    const [found] = told({ ...web(statementFor('web')), ...associated({ roleArn: roleArn('other') }) }, 'PS213');
    expect(found?.remedy).not.toContain('create-pod-identity-association');
    expect(found?.remedy).toContain('take statement 1 out');
  });

  it('is told of where its unit is held, and nobody is told to do what is held', () => {
    const [found] = told({ roles: trusted(trust(irsa, scoped)), ...used({ fargate: 'profile x' }) }, 'PS213');
    expect(found?.remedy).toMatch(/^podshift completes it for shop\/api when nothing blocks/);
    expect(found?.remedy).not.toContain('create-pod-identity-association');
  });

  it('is told of where its unit has another role', () => {
    const [found] = told({ trustingPods: [trusting('web', statementFor('api'))] }, 'PS213');
    expect(found?.message).toContain('admits shop/api of this cluster');
    expect(found?.remedy).not.toContain('create-pod-identity-association');
  });
});

describe('pods with a role that their service account does not name', () => {
  const stale = (changes: Partial<StaleRoleFact> = {}): StaleRoleFact => ({
    subject: 'Deployment/shop/web',
    namespace: 'shop',
    serviceAccount: 'web',
    roleArn: roleArn('web'),
    named: null,
    pods: 2,
    ...changes,
  });

  it('are told of where it names none', () => {
    const [found, ...more] = told({ staleRoles: [stale()] }, 'PS343');
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      subject: 'Deployment/shop/web',
      severity: 'warning',
      message: `2 pods of Deployment/shop/web have the role ${roleArn('web')} by IRSA, and the service account shop/web names no role: they keep that role until they restart, and start without it then, unless an association gives it`,
      remedy: `If ${roleArn('web')} is still meant: kubectl annotate serviceaccount web -n shop --overwrite ${PREFIX}/role-arn=${roleArn('web')}, before they restart. If they need no role: kubectl rollout restart deployment/web -n shop.`,
    });
  });

  it('are told of where it names another', () => {
    const facts = { serviceAccounts: annotated(roleArn('new')), roles: [role('new', ['shop/api'])] };
    const staleRoles = [
      stale({ subject: 'Pod/shop/api-1', serviceAccount: 'api', roleArn: roleArn('api'), named: roleArn('new'), pods: 1 }),
    ];
    const [found] = told({ ...facts, staleRoles }, 'PS343');
    expect(found?.message).toContain(
      `1 pod of Pod/shop/api-1 has the role ${roleArn('api')} by IRSA, and the service account shop/api names the role ${roleArn('new')}: they keep that role until they restart, and get ${roleArn('new')} then, unless an association gives another`,
    );
    expect(found?.remedy).toContain(`If ${roleArn('new')} is meant: restart the pods of Pod/shop/api-1`);
  });

  it('are told of where its association gives another', () => {
    const one = association('shop/web', { roleArn: roleArn('new') });
    const facts = { staleRoles: [stale()], otherAssociations: [one], associated: [one] };
    const [found] = told({ ...facts, trustingPods: [trusting('new', statementFor('web'))] }, 'PS343');
    expect(found?.message).toContain(`names no role and is associated with ${roleArn('new')}: they keep that role`);
    expect(found?.message).toMatch(/, and get arn:\S+\/new then$/);
    expect(found?.remedy).toContain(`--association-id ${one.associationId} --role-arn ${roleArn('web')}`);
    // One that does not work gives them nothing.
    const [without] = told({ ...facts, trustingPods: [trusting('new', EC2)] }, 'PS343');
    expect(without?.message).toMatch(/, and start without any role then$/);
    expect(without?.remedy).toContain('see that the association works, then: kubectl rollout restart');
  });

  it('are not told of where its association gives that very role, or nobody knows which', () => {
    const one = association('shop/web', { roleArn: roleArn('web') });
    expect(told({ staleRoles: [stale()], otherAssociations: [one], associated: [one] }, 'PS343')).toEqual([]);
    expect(told({ staleRoles: [stale()], associated: [one] }, 'PS343')).toEqual([]);
  });

  it('change no decision and no digest, nor do associations and trust that were left', () => {
    const facts = inventory({ associated: [], serviceAccounts: api() });
    const more = inventory({
      ...facts,
      staleRoles: [stale({ serviceAccount: 'api', roleArn: roleArn('old'), named: roleArn('api') })],
      otherAssociations: [association('shop/web', { roleArn: roleArn('web') })],
      trustingPods: [trusting('web', statementFor('old'))],
    });
    const [before, after] = [planOf(facts), planOf(more)];
    expect(after.findings.length).toBe(before.findings.length + 3);
    expect({ ...after, findings: [] }).toEqual({ ...before, findings: [] });
  });
});

const ADOPTED: Record<string, Case> = {
  'whose pods are all on the new way': {
    facts: { associations: [association('shop/api')], roles: trusted(trust(irsa, podIdentity({}))) },
    decision: 'already-associated',
    codes: ['PS112', 'PS210'],
  },
  'whose annotation is gone': {
    facts: { serviceAccounts: api({ annotations: {} }), associations: [association('shop/api')], roles: trusted(trust(podIdentity({}))) },
    decision: 'already-associated',
    codes: ['PS112', 'PS210'],
  },
  'whose association passes no session tags': {
    facts: { associations: [association('shop/api', { disableSessionTags: true })], roles: trusted(trust(irsa, podIdentity({}))) },
    decision: 'already-associated',
    codes: ['PS112', 'PS210'],
  },
  'whose statement is for this cluster alone, as its association without session tags needs it': {
    facts: {
      associations: [association('shop/api', { disableSessionTags: true })],
      roles: trusted(
        trust(
          irsa,
          podIdentity({ Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT }, ArnEquals: { 'aws:SourceArn': CLUSTER } } }),
        ),
      ),
    },
    decision: 'already-associated',
    codes: ['PS112'],
  },
  'without an association': { facts: { roles: trusted(trust(irsa, podIdentity({}))) }, decision: 'migrate', codes: ['PS210'] },
};

describe('an unscoped statement is told of for a service account', () => {
  it.each(Object.entries(ADOPTED))('%s', (_, expected) => checkCase(expected));
});
