import { describe, expect, it } from 'vitest';
import type {
  AgentPortFact,
  Inventory,
  NodeRoleFact,
  OverrideFact,
  PlatformFacts,
  PolicyFacts,
  WorkloadFacts,
} from '../../../src/model/inventory.ts';
import type { MigrationOptions } from '../../../src/model/options.ts';
import {
  association,
  cluster,
  inventory,
  node,
  planOf,
  role,
  roleArn,
  serviceAccount,
  subjectOf,
  trust,
  unitOf,
  workload,
} from '../fixtures/plan-inventories.ts';

const PLATFORM: PlatformFacts = {
  privateEndpoint: false,
  podGroupsCutOff: false,
  port80: [],
  nodeRoles: [],
  associations: 0,
  controllers: [],
  oldSdks: [],
};
const POLICIES: PolicyFacts = { assumes: [], usesKafka: false, sessionKeys: [] };
const NODE_ROLE = roleArn('node');
const OTHER = roleArn('other');

const platform = (changes: Partial<PlatformFacts>): Partial<Inventory> => ({ platform: { ...PLATFORM, ...changes } });
const api = (policies: Partial<PolicyFacts>, changes: object = {}): Partial<Inventory> => ({
  roles: [role('api', ['shop/api'], { policies: { ...POLICIES, ...policies }, ...changes })],
});
const used = (changes: Partial<WorkloadFacts>): Partial<Inventory> => ({ workloads: [workload('shop/api', changes)] });
const agent = (changes: Partial<Inventory['agent']>): Partial<Inventory> => ({
  agent: { addon: { version: 'v1', status: 'ACTIVE' }, daemonSet: null, defaultVersion: null, ...changes },
});
const nodeRole = (answer: NodeRoleFact['agent'], nodeNames: readonly string[] | null = null): NodeRoleFact => ({
  arn: answer === 'no' ? NODE_ROLE : roleArn(`node-${answer}`),
  agent: answer,
  nodeNames,
});
const held = (changes: Partial<AgentPortFact>): AgentPortFact => ({
  subject: 'DaemonSet/edge/proxy',
  ports: [80],
  critical: false,
  ...changes,
});
const sessionName: OverrideFact = { kind: 'session-name', container: 'app', name: 'AWS_ROLE_SESSION_NAME' };
const fullTrust = trust(
  ...Array.from({ length: 12 }, (_, index) => ({
    Sid: `Statement${index}`,
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${String(index).padStart(12, '0')}:role/a-role-with-a-long-name-${'x'.repeat(60)}` },
    Action: 'sts:AssumeRole',
  })),
);
const trusting = (...actions: string[]) => trust({ Effect: 'Allow', Principal: { AWS: roleArn('api') }, Action: actions });

/** Every check of the platform: what is seen, the code, what it says of the unit `shop/api`, and whom the finding is about. */
const CHECKS: readonly [string, Partial<Inventory>, string, 'hold' | 'migrate', string, Partial<MigrationOptions>?][] = [
  ['an old Kubernetes version', cluster({ version: '1.23' }), 'PS406', 'hold', 'ServiceAccount/shop/api'],
  ['an old platform version', cluster({ version: '1.27', platformVersion: 'eks.7' }), 'PS406', 'hold', 'ServiceAccount/shop/api'],
  ['Outposts', cluster({ outpost: true }), 'PS405', 'hold', 'ServiceAccount/shop/api'],
  ['a Fargate profile that takes the pods', used({ fargate: 'profile p' }), 'PS308', 'hold', 'Deployment/shop/api'],
  ['pods on a Fargate node', used({ fargate: 'node fargate-1' }), 'PS308', 'hold', 'Deployment/shop/api'],
  ['pods on Windows', used({ windows: true }), 'PS309', 'hold', 'Deployment/shop/api'],
  ['a proxy without NO_PROXY', used({ proxied: ['app'] }), 'PS326', 'hold', 'Deployment/shop/api'],
  ['a NetworkPolicy', used({ cutOffBy: ['NetworkPolicy/shop/deny'] }), 'PS327', 'hold', 'Deployment/shop/api'],
  ['a policy of Cilium', used({ cutOffBy: ['CiliumNetworkPolicy/shop/deny'] }), 'PS327', 'hold', 'Deployment/shop/api'],
  ['strict security groups for pods', platform({ podGroupsCutOff: true }), 'PS410', 'migrate', 'DaemonSet/kube-system/aws-node'],
  ['port 80 taken on nodes', platform({ port80: ['DaemonSet/edge/proxy'] }), 'PS411', 'migrate', 'DaemonSet/edge/proxy'],
  [
    'an SDK that is too old',
    platform({
      oldSdks: ['other', 'api'].map((name) => ({
        namespace: 'shop',
        serviceAccount: name,
        sdk: 'Boto3',
        version: '1.26.0',
        minimum: '1.34.41',
      })),
    }),
    'PS328',
    'hold',
    'ServiceAccount/shop/api',
  ],
  ['role chaining to any role', api({ assumes: ['*'] }), 'PS114', 'migrate', `Role/${roleArn('api')}`],
  [
    'role chaining to another account',
    api({ assumes: ['arn:aws:iam::999999999999:role/far'] }),
    'PS114',
    'migrate',
    `Role/${roleArn('api')}`,
  ],
  [
    'role chaining to a role whose trust policy cannot be read',
    api({ assumes: [OTHER] }, { chained: [{ arn: OTHER, trustPolicy: 'no JSON' }] }),
    'PS114',
    'migrate',
    `Role/${roleArn('api')}`,
  ],
  [
    'role chaining to a role that takes no session tags',
    api({ assumes: [OTHER] }, { chained: [{ arn: OTHER, trustPolicy: trusting('sts:AssumeRole') }] }),
    'PS117',
    'hold',
    `Role/${roleArn('api')}`,
  ],
  [
    'session tags that take much of the packed policy',
    { ...api({ assumes: ['*'] }), ...cluster({ name: 'c'.repeat(300) }) },
    'PS116',
    'migrate',
    `Role/${roleArn('api')}`,
  ],
  ['kafka-cluster actions', api({ usesKafka: true }), 'PS115', 'hold', `Role/${roleArn('api')}`],
  ['a condition on the caller’s id', api({ sessionKeys: ['aws:userid'] }), 'PS115', 'hold', `Role/${roleArn('api')}`],
  ['a condition on the session’s name', api({ sessionKeys: ['sts:rolesessionname'] }), 'PS115', 'hold', `Role/${roleArn('api')}`],
  ['a session name that is set', used({ overrides: [sessionName] }), 'PS306', 'hold', 'Deployment/shop/api'],
  ['the quota of associations', platform({ associations: 5000 }), 'PS412', 'hold', 'ServiceAccount/shop/api'],
  [
    'the quota of trust policies',
    {
      roles: [
        role('api', ['shop/api'], {
          trustPolicy: trust(...JSON.parse(role('api', ['shop/api']).trustPolicy).Statement, ...JSON.parse(fullTrust).Statement),
        }),
      ],
    },
    'PS207',
    'hold',
    `Role/${roleArn('api')}`,
  ],
  ['a controller of associations', platform({ controllers: ['Deployment/ack/eks'] }), 'PS413', 'migrate', 'Deployment/ack/eks'],
  [
    'a controller that deletes an association with the annotation',
    platform({ controllers: ['Deployment/ops/auto'], annotationControllers: ['Deployment/ops/auto'] }),
    'PS507',
    'migrate',
    'ServiceAccount/shop/api',
  ],
  ['a private endpoint', platform({ privateEndpoint: true }), 'PS408', 'migrate', 'Cluster/shop'],
  ['node roles that do not let the agent in', platform({ nodeRoles: [nodeRole('no')] }), 'PS409', 'hold', 'ServiceAccount/shop/api'],
  [
    'a node of the pods whose role does not let the agent in',
    { ...platform({ nodeRoles: [nodeRole('no', ['node-b']), nodeRole('yes', ['node-a'])] }), ...used({ unservedNodes: ['node-b'] }) },
    'PS409',
    'hold',
    'Deployment/shop/api',
  ],
  [
    'a node role elsewhere that does not let the agent in',
    platform({ nodeRoles: [nodeRole('no', ['node-x', 'node-y']), nodeRole('yes', ['node-a'])] }),
    'PS416',
    'migrate',
    `Role/${NODE_ROLE}`,
  ],
  ['no agent', agent({ addon: null }), 'PS401', 'hold', 'ServiceAccount/shop/api', { installAgent: false }],
  ['an agent to be installed', agent({ addon: null, defaultVersion: 'v1' }), 'PS402', 'migrate', 'Addon/eks-pod-identity-agent'],
  ['an agent that is not ready', { nodes: [node('node-a', { agentReady: false })] }, 'PS403', 'migrate', 'Addon/eks-pod-identity-agent'],
  ['an agent that failed', agent({ addon: { version: 'v1', status: 'CREATE_FAILED' } }), 'PS404', 'hold', 'ServiceAccount/shop/api'],
  [
    'hybrid nodes without the agent',
    { nodes: [node('node-a', { class: 'hybrid', agentReady: false }), node('node-b')] },
    'PS407',
    'hold',
    'Deployment/shop/api',
  ],
  [
    'an agent that listens elsewhere',
    { ...agent({ listens: 'ipv4' }), ...cluster({ ipFamily: 'ipv6' }) },
    'PS414',
    'hold',
    'ServiceAccount/shop/api',
  ],
  [
    'pods that the agent would evict',
    { ...agent({ addon: null, defaultVersion: 'v1' }), ...platform({ agentPorts: [held({})] }) },
    'PS418',
    'hold',
    'ServiceAccount/shop/api',
  ],
  [
    'pods that the agent evicts, as allowed',
    { ...agent({ addon: null, defaultVersion: 'v1' }), ...platform({ agentPorts: [held({})] }) },
    'PS419',
    'migrate',
    'DaemonSet/edge/proxy',
    { allowAgentPreemption: true },
  ],
  [
    'pods that hold its ports and are as critical, whatever is allowed',
    { ...agent({ addon: null, defaultVersion: 'v1' }), ...platform({ agentPorts: [held({ critical: true })] }) },
    'PS418',
    'hold',
    'ServiceAccount/shop/api',
    { allowAgentPreemption: true },
  ],
  ['a cluster that EKS is updating', cluster({ status: 'UPDATING' }), 'PS417', 'migrate', 'Cluster/shop'],
  ['a registered cluster', cluster({ registered: true }), 'PS420', 'hold', 'ServiceAccount/shop/api'],
  ['an agent that ends again and again', agent({ restarting: ['node-a'] }), 'PS415', 'migrate', 'Node/node-a'],
];

describe('what the platform must offer', () => {
  it.each(CHECKS)('%s is a finding, with a remedy', (_, facts, code, decision, subject, options = {}) => {
    const plan = planOf(inventory(facts), options);
    const found = plan.findings.filter((one) => one.code === code);
    expect(found.map((one) => one.subject)).toContain(subject);
    for (const { remedy, severity } of found) {
      expect(remedy).toMatch(/\w.*\.$/);
      expect(severity === 'blocker').toBe(decision === 'hold');
    }
    expect(unitOf(plan).decision).toBe(decision);
    if (decision === 'hold') expect(unitOf(plan).findings).toContain(code);
  });

  it('finds nothing where nothing is in the way but the seconds in which EKS learns an association', () => {
    const { findings } = planOf(inventory({ ...platform({ nodeRoles: [nodeRole('yes')] }), ...api({}) }));
    expect(findings.map(({ code }) => code)).toEqual(['PS911']);
  });

  it.each<[string, NodeRoleFact[]]>([
    ['one role lets the agent in, and nobody asked for nodes', [nodeRole('no'), nodeRole('yes')]],
    ['it is not known of one role', [nodeRole('no'), nodeRole('unknown')]],
  ])('holds nobody for node roles where %s', (_, nodeRoles) => {
    const plan = planOf(inventory(platform({ nodeRoles })));
    expect(unitOf(plan).decision).toBe('migrate');
  });

  it('says nothing of who holds the ports of an agent that is there already', () => {
    const plan = planOf(inventory(platform({ agentPorts: [held({})] })));
    expect(plan.findings.filter(({ code }) => code === 'PS418' || code === 'PS419')).toEqual([]);
  });

  it('names the first of many whose pods the agent would evict', () => {
    const many = ['a', 'b', 'c', 'd', 'e'].map((name) =>
      held({ subject: `DaemonSet/edge/${name}`, ports: name === 'a' ? [80, 2703] : [80] }),
    );
    const plan = planOf(inventory({ ...agent({ addon: null, defaultVersion: 'v1' }), ...platform({ agentPorts: many }) }));
    expect(plan.findings.find(({ code }) => code === 'PS418')?.message).toContain(
      'DaemonSet/edge/a (host port 80 and 2703), DaemonSet/edge/b (host port 80), DaemonSet/edge/c (host port 80) and 2 more',
    );
  });

  it('names the permissions boundary of a node role where that refuses, and a remedy that helps', () => {
    const limited = { ...nodeRole('no'), boundary: 'arn:aws:iam::111122223333:policy/limits' };
    const [found] = planOf(inventory(platform({ nodeRoles: [limited] }))).findings.filter(({ code }) => code === 'PS409');
    expect(found?.message).toContain(`the permissions boundary ${limited.boundary} of the node role ${limited.arn} does not allow`);
    expect(found?.remedy).toContain(`Allow eks-auth:AssumeRoleForPodIdentity in the policy ${limited.boundary}`);
    expect(found?.remedy).not.toContain('AmazonEKSWorkerNodePolicy');
  });

  it('says which nodes run as a role that does not let the agent in', () => {
    const message = (...names: string[]) =>
      planOf(inventory(platform({ nodeRoles: [nodeRole('no', names), nodeRole('yes', ['n'])] }))).findings.find(
        ({ code }) => code === 'PS416',
      )?.message;
    expect(message()).toContain('no node');
    expect(message('a')).toContain('node a runs as it');
    expect(message('a', 'b')).toContain('2 nodes run as it, such as a');
  });

  it.each<[string, string]>([
    ['takes session tags', trusting('sts:AssumeRole', 'sts:TagSession')],
    ['does not admit the role today', trust({ Effect: 'Allow', Principal: { AWS: OTHER }, Action: 'sts:AssumeRole' })],
  ])('says nothing of a role that is assumed and %s', (_, trustPolicy) => {
    const plan = planOf(inventory(api({ assumes: [OTHER] }, { chained: [{ arn: OTHER, trustPolicy }] })));
    expect(plan.findings.map(({ code }) => code)).toEqual(['PS911']);
  });

  it('does not guess whether a role that is assumed takes certain tags', () => {
    const tagged = trust(
      { Effect: 'Allow', Principal: { AWS: roleArn('api') }, Action: 'sts:AssumeRole' },
      {
        Effect: 'Allow',
        Principal: { AWS: roleArn('api') },
        Action: 'sts:TagSession',
        Condition: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': 'shop' } },
      },
    );
    const unclear = trust({
      Effect: 'Allow',
      Principal: { AWS: roleArn('api') },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:PrincipalTag/team': 'shop' } },
    });
    for (const trustPolicy of [tagged, unclear]) {
      const plan = planOf(inventory(api({ assumes: [OTHER] }, { chained: [{ arn: OTHER, trustPolicy }] })));
      expect(plan.findings.map(({ code }) => code)).toEqual(['PS911', 'PS114']);
    }
  });

  it('fills the room that the quota of associations leaves, and what has an association needs none', () => {
    const names = ['a', 'b', 'c', 'd'];
    const facts = {
      ...platform({ associations: 4998 }),
      serviceAccounts: names.map((name) => serviceAccount(`shop/${name}`, 'api')),
      workloads: names.map((name) => workload(`shop/${name}`)),
      associations: [association('shop/c', { roleArn: roleArn('api') })],
      roles: [
        role(
          'api',
          names.map((name) => `shop/${name}`),
        ),
      ],
    };
    const plan = planOf(inventory(facts));
    expect(subjectOf('shop/a')).toBe('system:serviceaccount:shop:a');
    expect(plan.units.map(({ id, decision }) => [id, decision])).toEqual([
      ['shop/a', 'migrate'],
      ['shop/b', 'migrate'],
      ['shop/c', 'migrate'],
      ['shop/d', 'hold'],
    ]);
  });

  it('keeps the annotations where a controller would delete the association with them', () => {
    const plan = planOf(inventory(platform({ annotationControllers: ['Deployment/ops/auto'] })));
    expect(unitOf(plan).removeAnnotations).toEqual([]);
  });
});
