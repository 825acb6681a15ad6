import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../src/model/findings.ts';
import type { Inventory, WorkloadFacts } from '../../src/model/inventory.ts';
import type { MigrationOptions } from '../../src/model/options.ts';
import type { Decision, RestartMethod } from '../../src/model/plan.ts';
import { admitsWiderSubjects } from '../../src/plan/subjects.ts';
import { parseTrustPolicy } from '../../src/trust/index.ts';
import {
  ACCOUNT,
  association,
  CLUSTER,
  ISSUER,
  inventory,
  irsaStatement,
  node,
  PREFIX,
  PROVIDER,
  planOf,
  role,
  roleArn,
  serviceAccount,
  subjectOf,
  trust,
  unitOf,
  workload,
} from './plan-inventories.ts';

interface Case {
  facts: Partial<Inventory>;
  options?: Partial<MigrationOptions>;
  decision: Decision;
  /** All findings of the unit. */
  codes: FindingCode[];
}

const api = (changes: Parameters<typeof serviceAccount>[2] = {}) => [serviceAccount('shop/api', 'api', changes)];
const annotated = (arn: string) => api({ annotations: { [`${PREFIX}/role-arn`]: arn } });
const trusted = (trustPolicy: string) => [role('api', [], { trustPolicy })];
const irsa = irsaStatement(subjectOf('shop/api'));
const podIdentity = (condition: object) => ({
  Effect: 'Allow',
  Principal: { Service: 'pods.eks.amazonaws.com' },
  Action: ['sts:AssumeRole', 'sts:TagSession'],
  ...condition,
});
const scoped = podIdentity({
  Condition: {
    StringEquals: {
      'aws:SourceAccount': ACCOUNT,
      'aws:RequestTag/eks-cluster-arn': CLUSTER,
      'aws:RequestTag/kubernetes-namespace': 'shop',
      'aws:RequestTag/kubernetes-service-account': 'api',
    },
  },
});
const cluster = (changes: Partial<Inventory['cluster']>) => ({ cluster: { ...inventory().cluster, ...changes } });
const used = (changes: Partial<WorkloadFacts>) => ({ workloads: [workload('shop/api', changes)] });

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
  // Workloads
  'a variable set by hand is held': {
    facts: used({ overrides: [{ kind: 'env', container: 'c', name: 'AWS_PROFILE' }] }),
    decision: 'hold',
    codes: ['PS301'],
  },
  'a variable of a ConfigMap is held': {
    facts: used({ overrides: [{ kind: 'config-map', container: 'c', name: 'x' }] }),
    decision: 'hold',
    codes: ['PS302'],
  },
  'a mounted profile is held': {
    facts: used({ overrides: [{ kind: 'profile-mount', container: 'c', name: '/root/.aws' }] }),
    decision: 'hold',
    codes: ['PS303'],
  },
  'a token made by hand is held': {
    facts: used({ overrides: [{ kind: 'token', container: 'c', name: 'v' }] }),
    decision: 'hold',
    codes: ['PS304'],
  },
  'a named web-identity provider is held': {
    facts: used({ overrides: [{ kind: 'web-identity', container: 'c', name: 'args' }] }),
    decision: 'hold',
    codes: ['PS305'],
  },
  'a session name is held': {
    facts: used({ overrides: [{ kind: 'session-name', container: 'c', name: 'x' }] }),
    decision: 'hold',
    codes: ['PS306'],
  },
  'an environment from a Secret is warned of': {
    facts: used({ overrides: [{ kind: 'secret-env', container: 'c', name: 's' }] }),
    decision: 'migrate',
    codes: ['PS307'],
  },
  'Fargate is held': { facts: used({ fargate: 'profile x' }), decision: 'hold', codes: ['PS308'] },
  'Windows is held': { facts: used({ windows: true }), decision: 'hold', codes: ['PS309'] },
  'a pod that keeps the webhook away is held': {
    facts: used({ skipsWebhook: true, overrides: [{ kind: 'secret-env', container: 'c', name: 's' }] }),
    decision: 'hold',
    codes: ['PS322'],
  },
  'a pod that keeps the webhook away and uses IRSA by hand is held': {
    facts: used({ skipsWebhook: true, overrides: [{ kind: 'env', container: 'c', name: 'AWS_ROLE_ARN' }] }),
    decision: 'hold',
    codes: ['PS301'],
  },
  'a hybrid node without the agent is held': {
    facts: { nodes: [node('node-a', { class: 'hybrid', agentReady: false }), node('node-b')] },
    decision: 'hold',
    codes: ['PS407'],
  },
  'a hybrid node with the agent migrates': {
    facts: { nodes: [node('node-a', { class: 'hybrid' }), node('node-b')] },
    decision: 'migrate',
    codes: [],
  },
  'a service account that nothing uses migrates on the probe': { facts: { workloads: [] }, decision: 'migrate', codes: ['PS323'] },
  'a secret store is held': {
    facts: { indirectUsers: [{ subject: 'SecretStore/shop/s', namespace: 'shop', serviceAccount: 'api' }] },
    decision: 'hold',
    codes: ['PS505'],
  },
  'a cluster secret store of any namespace is held': {
    facts: { indirectUsers: [{ subject: 'ClusterSecretStore/s', namespace: '*', serviceAccount: 'api' }] },
    decision: 'hold',
    codes: ['PS505'],
  },
  'a secret store of another namespace does not matter': {
    facts: { indirectUsers: [{ subject: 'SecretStore/other/s', namespace: 'other', serviceAccount: 'api' }] },
    decision: 'migrate',
    codes: [],
  },
  'a SecretProviderClass is held': { facts: used({ secretProviderClasses: ['db'] }), decision: 'hold', codes: ['PS506'] },
  // Owners
  'annotations stay where the options say so': { facts: {}, options: { keepAnnotations: true }, decision: 'migrate', codes: ['PS502'] },
  'a workload of Argo CD is told of': {
    facts: used({
      owners: [
        { kind: 'helm', name: 'h' },
        { kind: 'argo-cd', name: 'shop' },
      ],
    }),
    decision: 'migrate',
    codes: ['PS504'],
  },
  'a workload of Helm is not': { facts: used({ owners: [{ kind: 'helm', name: 'h' }] }), decision: 'migrate', codes: [] },
  // Add-ons and the platform
  'an add-on is held': {
    facts: {
      serviceAccounts: api({ annotations: {}, addon: 'vpc-cni' }),
      addons: [{ name: 'vpc-cni', version: 'v1', status: 'ACTIVE', serviceAccountRoleArn: roleArn('api') }],
    },
    decision: 'hold',
    codes: ['PS603'],
  },
  'Outposts is held': { facts: cluster({ outpost: true }), decision: 'hold', codes: ['PS405'] },
  'an old version is held': { facts: cluster({ version: '1.23' }), decision: 'hold', codes: ['PS406'] },
  'an old platform version is held': { facts: cluster({ version: '1.28', platformVersion: 'eks.3' }), decision: 'hold', codes: ['PS406'] },
  'a platform version that is no number is taken as new': {
    facts: cluster({ version: '1.28', platformVersion: '' }),
    decision: 'migrate',
    codes: [],
  },
  'a new enough platform version migrates': {
    facts: cluster({ version: '1.28', platformVersion: 'eks.4' }),
    decision: 'migrate',
    codes: [],
  },
  'no agent, and none to be installed, is held': {
    facts: { agent: { addon: null, daemonSet: null, defaultVersion: 'v1' } },
    options: { installAgent: false },
    decision: 'hold',
    codes: ['PS401'],
  },
  'no agent, and no version of it, is held': {
    facts: { agent: { addon: null, daemonSet: null, defaultVersion: null } },
    decision: 'hold',
    codes: ['PS401'],
  },
  'a failed agent is held': {
    facts: { agent: { addon: { version: 'v1', status: 'CREATE_FAILED' }, daemonSet: null, defaultVersion: null } },
    decision: 'hold',
    codes: ['PS404'],
  },
  'an old version is told ahead of a failed agent': {
    facts: {
      ...cluster({ outpost: true }),
      agent: { addon: { version: 'v1', status: 'DELETING' }, daemonSet: null, defaultVersion: null },
    },
    decision: 'hold',
    codes: ['PS405'],
  },
  'an old version is told ahead of a missing agent': {
    facts: { ...cluster({ outpost: true }), agent: { addon: null, daemonSet: null, defaultVersion: null } },
    decision: 'hold',
    codes: ['PS405'],
  },
};

describe('the decision about a service account', () => {
  it.each(Object.entries(CASES))('%s', (_, { facts, options, decision, codes }) => {
    const plan = planOf(inventory(facts), options);
    const [unit] = plan.units;
    expect({ decision: unit?.decision, codes: unit?.findings }).toEqual({ decision, codes });
    // Each code has a finding about the service account, a workload or the role.
    const subjects = [
      `ServiceAccount/${unit?.id}`,
      `Role/${unit?.roleArn}`,
      ...(unit?.workloads ?? []).map(({ kind, name }) => `${kind}/${unit?.namespace}/${name}`),
    ];
    for (const code of codes) expect(plan.findings.some((found) => found.code === code && subjects.includes(found.subject))).toBe(true);
    expect(unit?.wave).toBe(decision === 'migrate' ? 0 : null);
    expect(plan.waves).toBe(decision === 'migrate' ? 1 : 0);
    expect(plan.roles.length).toBe(decision === 'migrate' ? 1 : 0);
    expect(unit?.reason === '').toBe(decision === 'migrate');
    if (decision !== 'migrate') {
      expect(unit?.removeAnnotations).toEqual([]);
      expect(unit?.workloads.every(({ restart }) => restart === 'none')).toBe(true);
    }
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
    const addons = [{ name: 'vpc-cni', version: 'v1', status: 'ACTIVE', serviceAccountRoleArn: roleArn('cni') }];
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

interface RestartCase {
  facts: Partial<WorkloadFacts>;
  options?: Partial<MigrationOptions>;
  restart: RestartMethod;
  codes: FindingCode[];
}

const RESTARTS: Record<string, RestartCase> = {
  'a Deployment rolls': { facts: {}, restart: 'rollout', codes: [] },
  'a Deployment scaled to zero does not': { facts: { replicas: 0 }, restart: 'none', codes: ['PS320'] },
  'a paused Deployment is held': { facts: { paused: true }, restart: 'none', codes: ['PS313'] },
  'a Deployment with Recreate is warned of': {
    facts: { strategy: 'Recreate', replicas: 3, surge: false },
    restart: 'rollout',
    codes: ['PS318'],
  },
  'a Deployment with Recreate is held where the options say so': {
    facts: { strategy: 'Recreate', replicas: 3, surge: false },
    options: { holdDowntime: true },
    restart: 'none',
    codes: ['PS325'],
  },
  'one replica is warned of': { facts: { replicas: 1 }, restart: 'rollout', codes: ['PS319'] },
  'one replica without surge is warned of': { facts: { replicas: 1, surge: false }, restart: 'rollout', codes: ['PS319'] },
  'one replica is held where the options say so': {
    facts: { replicas: 1 },
    options: { holdDowntime: true },
    restart: 'none',
    codes: ['PS325'],
  },
  'two replicas are not held for downtime': { facts: {}, options: { holdDowntime: true }, restart: 'rollout', codes: [] },
  'a StatefulSet rolls': { facts: { kind: 'StatefulSet', surge: false }, restart: 'rollout', codes: [] },
  'a StatefulSet with OnDelete is held': { facts: { kind: 'StatefulSet', strategy: 'OnDelete' }, restart: 'none', codes: ['PS314'] },
  'a StatefulSet with OnDelete is evicted where that is allowed': {
    facts: { kind: 'StatefulSet', strategy: 'OnDelete' },
    options: { allowPodDeletion: true },
    restart: 'evict',
    codes: ['PS321'],
  },
  'a StatefulSet with a partition is held': { facts: { kind: 'StatefulSet', partition: 1 }, restart: 'none', codes: ['PS315'] },
  'a StatefulSet with a partition is evicted where that is allowed': {
    facts: { kind: 'StatefulSet', partition: 1 },
    options: { allowPodDeletion: true },
    restart: 'evict',
    codes: ['PS321'],
  },
  'a DaemonSet rolls': { facts: { kind: 'DaemonSet', replicas: null, surge: false }, restart: 'rollout', codes: [] },
  'a stand-alone ReplicaSet is evicted': { facts: { kind: 'ReplicaSet', strategy: '' }, restart: 'evict', codes: ['PS321'] },
  'a ReplicationController is evicted': {
    facts: { apiVersion: 'v1', kind: 'ReplicationController', strategy: '' },
    restart: 'evict',
    codes: ['PS321'],
  },
  'a stand-alone ReplicaSet whose budget forbids it is held': {
    facts: { kind: 'ReplicaSet', strategy: '', blockingBudgets: ['b'] },
    restart: 'none',
    codes: ['PS316'],
  },
  'a budget does not matter to a roll-out': { facts: { blockingBudgets: ['b'] }, restart: 'rollout', codes: [] },
  'an Argo Rollout restarts by its own field': {
    facts: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', strategy: '' },
    restart: 'argo-rollout',
    codes: [],
  },
  'a bare pod is held': { facts: { apiVersion: 'v1', kind: 'Pod', strategy: '' }, restart: 'none', codes: ['PS310'] },
  'a CronJob has nothing to restart': {
    facts: { apiVersion: 'batch/v1', kind: 'CronJob', replicas: null },
    restart: 'none',
    codes: ['PS320', 'PS324'],
  },
  'a suspended CronJob neither': {
    facts: { apiVersion: 'batch/v1', kind: 'CronJob', replicas: null, idle: 'suspended' },
    restart: 'none',
    codes: ['PS320', 'PS324'],
  },
  'a Job that has ended neither': {
    facts: { apiVersion: 'batch/v1', kind: 'Job', idle: 'finished' },
    restart: 'none',
    codes: ['PS320', 'PS324'],
  },
  'a suspended Job neither': {
    facts: { apiVersion: 'batch/v1', kind: 'Job', idle: 'suspended' },
    restart: 'none',
    codes: ['PS320', 'PS324'],
  },
  'a running Job is held': { facts: { apiVersion: 'batch/v1', kind: 'Job' }, restart: 'none', codes: ['PS317'] },
  'an unknown owner is held': {
    facts: { controlledBy: { apiVersion: 'example.com/v1', kind: 'App', name: 'a' } },
    restart: 'none',
    codes: ['PS311'],
  },
  'an in-place updater is held': {
    facts: {
      apiVersion: 'apps.kruise.io/v1alpha1',
      kind: 'CloneSet',
      controlledBy: { apiVersion: 'apps.kruise.io/v1alpha1', kind: 'CloneSet', name: 'a' },
    },
    restart: 'none',
    codes: ['PS312'],
  },
};

describe('the restart of a workload', () => {
  it.each(Object.entries(RESTARTS))('%s', (_, { facts, options, restart, codes }) => {
    const unit = unitOf(planOf(inventory(used(facts)), options));
    expect({ restart: unit.workloads[0]?.restart, codes: unit.findings }).toEqual({ restart, codes });
    const ordinary = restart === 'rollout' || restart === 'argo-rollout';
    expect(unit.workloads[0]?.note === '').toBe(ordinary);
  });

  it('lists workloads in order of kind and name', () => {
    const workloads = [
      workload('shop/b', { serviceAccount: 'api' }),
      workload('shop/a', { serviceAccount: 'api', kind: 'StatefulSet' }),
      workload('shop/a', { serviceAccount: 'api' }),
    ];
    expect(unitOf(planOf(inventory({ workloads }))).workloads.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
      'Deployment/a',
      'Deployment/b',
      'StatefulSet/a',
    ]);
  });

  it('says how one replica is replaced', () => {
    const messageOf = (surge: boolean) =>
      planOf(inventory(used({ replicas: 1, surge }))).findings.find(({ code }) => code === 'PS319')?.message;
    expect(messageOf(true)).toContain('its new pod starts before the old one stops');
    expect(messageOf(false)).toContain('its pod stops before the new one starts');
  });

  it('does not call Jobs alone what also has a Deployment', () => {
    const workloads = [workload('shop/api'), workload('shop/job', { serviceAccount: 'api', kind: 'CronJob' })];
    expect(unitOf(planOf(inventory({ workloads }))).findings).toEqual(['PS320']);
  });
});

describe('admitsWiderSubjects', () => {
  const wider = (statement: object) => {
    const parsed = parseTrustPolicy(trust(statement));
    if (!parsed.ok) throw new Error(parsed.problem);
    return admitsWiderSubjects(parsed.policy, ISSUER, PROVIDER);
  };

  it.each<[string, object, boolean]>([
    ['a plain subject', irsa, false],
    ['a plain subject under a Like operator', irsaStatement('system:serviceaccount:shop:api', 'StringLike'), false],
    ['a wildcard under a Like operator', irsaStatement('system:serviceaccount:shop:ap?', 'StringLike'), true],
    ['a wildcard under a prefixed Like operator', irsaStatement(['a', 'system:serviceaccount:*:api'], 'ForAnyValue:StringLike'), true],
    ['a key in another case', { ...irsa, Condition: { StringLike: { [`${ISSUER.toUpperCase()}:SUB`]: '*' } } }, true],
    ['no subject', { ...irsa, Condition: { StringEquals: { [`${ISSUER}:aud`]: 'sts.amazonaws.com' } } }, true],
    ['an operator that holds no keys', { ...irsa, Condition: { StringEquals: 'x' } }, true],
    ['a Deny', { ...irsa, Effect: 'Deny', Condition: {} }, false],
    ["another cluster's provider", { ...irsa, Principal: { Federated: `${PROVIDER}0` }, Condition: {} }, false],
  ])('%s', (_, statement, expected) => {
    expect(wider(statement)).toBe(expected);
  });
});

describe('annotations', () => {
  const annotations = {
    [`${PREFIX}/role-arn`]: roleArn('api'),
    [`${PREFIX}/audience`]: 'sts.amazonaws.com',
    [`${PREFIX}/token-expiration`]: '3600',
  };

  it('removes what only IRSA reads', () => {
    const unit = unitOf(planOf(inventory({ serviceAccounts: api({ annotations }) })));
    expect(unit.removeAnnotations).toEqual([`${PREFIX}/role-arn`, `${PREFIX}/audience`]);
    expect(unit.before.annotations).toEqual(annotations);
  });

  it('keeps all where the options say so', () => {
    expect(unitOf(planOf(inventory(), { keepAnnotations: true })).removeAnnotations).toEqual([]);
  });

  it.each([
    ['argo-cd', 'shop', 'the Git repository'],
    ['flux', 'shop', 'the Git repository'],
    ['helm', 'api', 'the values of the release api'],
    ['helm', '', 'the values of its release'],
    ['cloudformation', '', 'the template of its stack'],
    ['eksctl', '', 'iam.serviceAccounts'],
    ['terraform', '', 'its Terraform configuration'],
    ['operator', 'api-operator', 'the settings of api-operator'],
  ] as const)('keeps what %s "%s" owns, and says where to remove it', (kind, name, where) => {
    const plan = planOf(inventory({ serviceAccounts: api({ annotations, owners: [{ kind, name }] }) }));
    expect(unitOf(plan)).toMatchObject({ decision: 'migrate', removeAnnotations: [], findings: ['PS501'] });
    const remedy = plan.findings.find(({ code }) => code === 'PS501')?.remedy;
    expect(remedy).toContain(where);
    expect(remedy).toContain(`${PREFIX}/role-arn and ${PREFIX}/audience`);
  });

  it('looks for the prefix that the webhook has', () => {
    const facts = inventory({
      annotationPrefix: 'irsa.example.com',
      serviceAccounts: api({ annotations: { 'irsa.example.com/role-arn': roleArn('api') } }),
    });
    expect(unitOf(planOf(facts))).toMatchObject({ decision: 'migrate', removeAnnotations: ['irsa.example.com/role-arn'] });
  });
});

describe('the probe', () => {
  it('goes to at most five of the nodes that run the pods', () => {
    const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
    const facts = inventory({ nodes: names.map((name) => node(name)), workloads: [workload('shop/api', { nodeNames: names })] });
    expect(unitOf(planOf(facts)).probe.nodeNames).toEqual(['n1', 'n2', 'n3', 'n4', 'n5']);
  });

  it('does not go to a node that is not ready, or that no agent serves', () => {
    const nodes = [node('n1', { ready: false }), node('n2', { class: 'windows' }), node('n3'), node('n4', { class: 'auto' })];
    const facts = inventory({ nodes, workloads: [workload('shop/api', { nodeNames: ['n1', 'n2', 'n3', 'n4'] })] });
    expect(unitOf(planOf(facts)).probe.nodeNames).toEqual(['n3', 'n4']);
  });

  it('goes where the pods could run while none does', () => {
    const facts = inventory(used({ nodeNames: [], candidateNodeNames: ['node-b'] }));
    expect(unitOf(planOf(facts)).probe.nodeNames).toEqual(['node-b']);
  });

  it('goes to any Linux node for a service account that nothing uses', () => {
    expect(unitOf(planOf(inventory({ workloads: [] }))).probe.nodeNames).toEqual(['node-a', 'node-b']);
  });

  it('goes nowhere where there is no node', () => {
    expect(unitOf(planOf(inventory({ workloads: [], nodes: [] }))).probe.nodeNames).toEqual([]);
  });

  it('takes all tolerations of the workloads, each once', () => {
    const one = { key: 'a', operator: 'Exists' };
    const two = { key: 'b', operator: 'Exists' };
    const workloads = [
      workload('shop/api', { tolerations: [two, one] }),
      workload('shop/b', { serviceAccount: 'api', tolerations: [one] }),
    ];
    expect(unitOf(planOf(inventory({ workloads }))).probe.tolerations).toEqual([one, two]);
  });
});

describe('the agent', () => {
  const missing = { addon: null, daemonSet: null, defaultVersion: 'v1.3.8-eksbuild.2' };

  it('is ready where the add-on is', () => {
    expect(planOf(inventory()).agent).toEqual({ action: 'ready', addonVersion: null, nodeNames: ['node-a', 'node-b'] });
  });

  it('is installed in the default version where it is missing', () => {
    const plan = planOf(inventory({ agent: missing }));
    expect(plan.agent).toEqual({ action: 'install', addonVersion: 'v1.3.8-eksbuild.2', nodeNames: ['node-a', 'node-b'] });
    expect(plan.findings.map(({ code, subject }) => [code, subject])).toEqual([['PS402', 'Addon/eks-pod-identity-agent']]);
  });

  it('is built in where Auto Mode runs every node', () => {
    const plan = planOf(inventory({ ...cluster({ autoMode: true }), nodes: [node('n', { class: 'auto' })], agent: missing }));
    expect(plan.agent).toEqual({ action: 'ready', addonVersion: null, nodeNames: [] });
  });

  it('is installed for the other nodes of a cluster in Auto Mode', () => {
    const plan = planOf(inventory({ ...cluster({ autoMode: true }), nodes: [node('n', { class: 'auto' }), node('m')], agent: missing }));
    expect(plan.agent).toMatchObject({ action: 'install', nodeNames: ['m'] });
  });

  it('counts where somebody installed its DaemonSet', () => {
    const daemonSet = { namespace: 'kube-system', name: 'eks-pod-identity-agent', desired: 2, ready: 2 };
    expect(planOf(inventory({ agent: { ...missing, daemonSet } })).agent.action).toBe('ready');
  });

  it('is not waited for on Windows, on Fargate, or on nodes that are not ready', () => {
    const nodes = [
      node('a', { class: 'windows' }),
      node('b', { class: 'fargate' }),
      node('c', { ready: false }),
      node('d', { class: 'hybrid' }),
      node('e', { class: 'hybrid', agentReady: false }),
    ];
    expect(planOf(inventory({ nodes })).agent.nodeNames).toEqual(['d']);
  });

  it('is warned of where it is not ready yet', () => {
    const plan = planOf(
      inventory({
        nodes: [node('a', { agentReady: false }), node('b')],
        agent: { ...missing, addon: { version: 'v1', status: 'UPDATING' } },
      }),
    );
    expect(plan.agent.action).toBe('ready');
    expect(plan.findings.map(({ code, message }) => [code, message])).toEqual([
      ['PS403', 'no agent is ready on 1 of 2 nodes, such as a'],
      ['PS403', 'the add-on eks-pod-identity-agent is UPDATING'],
    ]);
  });
});

describe('what was seen', () => {
  it('lists add-ons, kube2iam and kiam, and makes no unit of them', () => {
    const plan = planOf(
      inventory({
        addons: [
          { name: 'coredns', version: 'v1', status: 'ACTIVE', serviceAccountRoleArn: null },
          { name: 'vpc-cni', version: 'v1', status: 'ACTIVE', serviceAccountRoleArn: roleArn('cni') },
        ],
        legacy: [
          { subject: 'DaemonSet/kube-system/kube2iam', kind: 'daemon', name: 'kube2iam' },
          { subject: 'Deployment/legacy/writer', kind: 'annotation', name: 'writer' },
        ],
      }),
    );
    expect(plan.units.map(({ id }) => id)).toEqual(['shop/api']);
    expect(plan.findings.map(({ code, subject, severity }) => [code, subject, severity])).toEqual([
      ['PS604', 'Addon/coredns', 'info'],
      ['PS604', 'Addon/vpc-cni', 'info'],
      ['PS602', 'DaemonSet/kube-system/kube2iam', 'info'],
      ['PS601', 'Deployment/legacy/writer', 'info'],
    ]);
  });
});
