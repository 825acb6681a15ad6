import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../src/model/inventory.ts';
import { admitsWiderSubjects } from '../../../src/plan/subjects.ts';
import { parseTrustPolicy } from '../../../src/trust/index.ts';
import {
  addon,
  api,
  association,
  cluster,
  ISSUER,
  inventory,
  irsa,
  irsaStatement,
  node,
  PREFIX,
  PROVIDER,
  planOf,
  podIdentity,
  roleArn,
  trust,
  trusted,
  unitOf,
  used,
  workload,
} from '../fixtures/plan-inventories.ts';

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
    ['pulumi', '', 'its Pulumi program'],
    ['kapp', '', 'the configuration that kapp deploys'],
    ['kluctl', '', 'its Kluctl deployment project'],
    ['config-sync', '', 'the Git repository'],
    ['crossplane', 'api', 'its Composition'],
    ['fleet', '', 'the Git repository of its Fleet bundle'],
    ['spinnaker', '', 'its Spinnaker pipeline'],
    ['operator', 'api-operator', 'the settings of api-operator'],
  ] as const)('keeps what %s "%s" owns, and says where to remove it', (kind, name, where) => {
    const plan = planOf(inventory({ serviceAccounts: api({ annotations, owners: [{ kind, name }] }) }));
    expect(unitOf(plan)).toMatchObject({ decision: 'migrate', removeAnnotations: [], findings: ['PS501'] });
    const remedy = plan.findings.find(({ code }) => code === 'PS501')?.remedy;
    expect(remedy).toContain(where);
    expect(remedy).toContain(`${PREFIX}/role-arn and ${PREFIX}/audience`);
  });

  it.each([
    [
      'helm',
      { name: 'velero', value: 'serviceAccount.server.annotations' },
      'release api, serviceAccount.server.annotations of the chart velero.',
    ],
    [
      'argo-cd',
      { name: 'velero', value: 'serviceAccount.server.annotations' },
      'from, serviceAccount.server.annotations of the chart velero.',
    ],
    ['helm', { name: 'shop', value: null }, 'a value of the chart shop (often serviceAccount.annotations).'],
    ['eksctl', { name: 'velero', value: 'serviceAccount.server.annotations' }, 'the eksctl configuration file.'],
  ] as const)('names the value of the chart where %s renders it', (kind, chart, where) => {
    const plan = planOf(inventory({ serviceAccounts: api({ annotations, owners: [{ kind, name: 'api' }], chart }) }));
    expect(plan.findings.find(({ code }) => code === 'PS501')?.remedy).toContain(where);
  });

  it('looks for the prefix that the webhook has', () => {
    const facts = inventory({
      annotationPrefix: 'irsa.example.com',
      serviceAccounts: api({ annotations: { 'irsa.example.com/role-arn': roleArn('api') } }),
    });
    expect(unitOf(planOf(facts))).toMatchObject({ decision: 'migrate', removeAnnotations: ['irsa.example.com/role-arn'] });
  });
});

describe('a trust policy that nobody can decide', () => {
  const ip = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } };
  const held = (facts: Partial<Inventory>) => planOf(inventory(facts)).findings.find(({ code }) => code === 'PS203');

  it('is told with the statement and the key', () => {
    const found = held({ roles: trusted(trust({ ...irsa, Sid: 'Office', Condition: { ...ip } })) });
    expect(found?.message).toMatch(/: aws:SourceIp \(IpAddress\) of statement 1 \("Office"\) depends on what podshift cannot know$/);
    expect(found?.remedy).toMatch(/^Replace aws:SourceIp \(IpAddress\) of statement 1 \("Office"\) by a condition/);
  });

  it('is told of an association with the statement and the key', () => {
    const found = held({
      associations: [association('shop/api')],
      roles: trusted(trust(irsa, podIdentity({ Condition: { NoSuchOperator: { 'aws:SourceAccount': 'x' } } }))),
    });
    expect(found?.message).toContain('aws:SourceAccount (NoSuchOperator) of statement 2');
  });

  it('is told of a Deny with what narrows it', () => {
    const deny = { Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole', Condition: { StringSimilar: { 'aws:SourceIp': 'x' } } };
    const found = held({ roles: trusted(trust(irsa, deny)) });
    expect(found?.message).toContain('because of aws:SourceIp (StringSimilar)');
    expect(found?.remedy).toMatch(/^Narrow that statement/);
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
    expect(plan.agent).toEqual({
      action: 'install',
      addonVersion: 'v1.3.8-eksbuild.2',
      configuration: null,
      nodeNames: ['node-a', 'node-b'],
    });
    expect(plan.findings.map(({ code, subject }) => [code, subject])).toEqual([
      ['PS402', 'Addon/eks-pod-identity-agent'],
      ['PS911', 'Cluster/shop'],
    ]);
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
      ['PS911', expect.stringContaining('EKS takes 6 to 12 s')],
    ]);
  });
});

describe('what was seen', () => {
  it('lists add-ons, kube2iam and kiam, and makes no unit of them', () => {
    const plan = planOf(
      inventory({
        addons: [addon('coredns', { serviceAccountRoleArn: null }), addon('vpc-cni')],
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
      ['PS911', 'Cluster/shop', 'info'],
      ['PS602', 'DaemonSet/kube-system/kube2iam', 'info'],
      ['PS601', 'Deployment/legacy/writer', 'info'],
    ]);
  });
});

describe('the seconds in which EKS learns an association', () => {
  const told = (changes: object) => planOf(inventory(changes)).findings.filter(({ code }) => code === 'PS911');

  it('are named once for the whole plan, with what they mean for pods that others create', () => {
    const [found, ...more] = told({});
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      severity: 'info',
      message: expect.stringMatching(/6 to 12 s.*somebody else creates.*without credentials/),
    });
  });

  it('are nothing to name where nothing migrates', () => {
    expect(told({ serviceAccounts: [] })).toEqual([]);
  });
});

describe('names that the options choose and the cluster does not have', () => {
  it('are named by their flags, with the nearest name where there is one', () => {
    const unmatched = [
      { option: 'namespaces' as const, value: 'shpo', nearest: 'shop' },
      { option: 'serviceAccounts' as const, value: 'shop/gone', nearest: null },
    ];
    const told = planOf(inventory({ unmatched })).findings.filter(({ code }) => code === 'PS903');
    expect(told.map(({ message }) => message)).toEqual([
      '--namespace shpo matches nothing: cluster shop has no such namespace with a service account; did you mean "shop"?',
      '--service-account shop/gone matches nothing: cluster shop has no such service account',
    ]);
  });
});
