import { describe, expect, it } from 'vitest';
import type { AssociationFacts, Inventory, WorkloadFacts } from '../../../src/model/inventory.ts';
import type { DaemonFacts, MetadataInventory } from '../../../src/model/metadata.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import type { RetirementPlan } from '../../../src/model/retirement.ts';
import { planRetirement } from '../../../src/plan/retirement.ts';
import { association, node, planOf, roleArn, serviceAccount, trust } from '../fixtures/plan-inventories.ts';
import { agent, asking, by, interception, KEY, kube2iam, NODE, role, server, world } from '../fixtures/plan-metadata-worlds.ts';

const options = migrationOptions.parse({});
const retire = (facts: Inventory, mechanism: 'kube2iam' | 'kiam' = 'kube2iam', leaving?: ReadonlySet<string>): RetirementPlan =>
  planRetirement(facts, options, mechanism, leaving);
const blockers = (plan: RetirementPlan): string[] =>
  plan.findings.filter(({ severity }) => severity === 'blocker').map(({ code, subject }) => `${code} ${subject}`);
/** What the findings besides the blockers are about. */
const told = (plan: RetirementPlan): string[] => plan.findings.map(({ code, subject }) => `${code} ${subject}`);

const migrated: AssociationFacts = association('shop/api', { roleArn: roleArn('reader'), podshiftRun: 'r1', mechanism: 'kube2iam' });
/** A cluster whose one asking workload is on the new way. */
const free = (changes: Partial<MetadataInventory> = {}, more: Partial<Inventory> = {}): Inventory =>
  world([asking('shop/api', 'reader')], changes, { associations: [migrated], ...more });

describe('a daemon that nothing depends on is retired', () => {
  it('with its rule, its nodes, and the roles that lose its principal', () => {
    const plan = retire(free());
    expect(plan).toMatchObject({
      mechanism: 'kube2iam',
      decision: 'retire',
      reason: '',
      daemons: [{ kind: 'DaemonSet', namespace: 'kube-system', name: 'kube2iam', action: 'stop' }],
      principals: [NODE],
      rule: { interceptor: 'DaemonSet/kube-system/kube2iam', removedByDaemon: false, nodeNames: ['node-a', 'node-b'] },
      roles: [{ roleArn: roleArn('reader'), serviceAccounts: ['shop/api'], trustBefore: by(NODE) }],
    });
    expect(plan.rule?.arguments.join(' ')).toContain('--to-destination $(HOST_IP):8181 -i eni+');
    // The only statement is the daemon's, which stays until there is another.
    expect(told(plan)).toEqual([
      'PS738 DaemonSet/kube-system/kube2iam',
      'PS739 DaemonSet/kube-system/kube2iam',
      `PS741 Role/${roleArn('reader')}`,
    ]);
  });

  it('takes its principal out of a trust policy that has another statement', () => {
    const pods = { Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action: ['sts:AssumeRole', 'sts:TagSession'] };
    const before = trust({ Effect: 'Allow', Principal: { AWS: NODE }, Action: 'sts:AssumeRole' }, pods);
    const [found] = retire(free({}, { roles: [role('reader', before)] })).roles;
    expect(found).toMatchObject({ trustBefore: before, trustAfter: trust(pods) });
  });

  it.each<[string, Inventory, string]>([
    ['the account does not tell the nodes’ roles', free({ nodeRoleArns: null }), 'the account does not show'],
    ['the trust policy cannot be read', free({}, { roles: [role('reader', '{')] }), 'is not JSON'],
    ['the role is not known', free({}, { roles: [] }), 'is not JSON'],
  ])('leaves a trust policy as it is where %s', (_, facts, why) => {
    const plan = retire(facts);
    expect(plan.decision).toBe('retire');
    expect(plan.findings.find(({ code }) => code === 'PS741')?.message).toContain(why);
    expect(plan.roles.every(({ trustBefore, trustAfter }) => trustBefore === trustAfter)).toBe(true);
  });

  it('says nothing of a trust policy that does not name its principal', () => {
    const plan = retire(free({}, { roles: [role('reader', by(roleArn('admin')))] }));
    expect(told(plan)).toEqual(['PS738 DaemonSet/kube-system/kube2iam', 'PS739 DaemonSet/kube-system/kube2iam']);
  });

  it('groups the service accounts of one role, in order', () => {
    const second = { ...migrated, associationId: 'a-2', serviceAccount: 'aaa' };
    const third = { ...migrated, associationId: 'a-3', serviceAccount: 'zzz', roleArn: roleArn('a-writer') };
    const plan = retire(free({}, { associations: [migrated, second, third, association('shop/other')] }));
    expect(plan.roles.map(({ roleArn: arn, serviceAccounts }) => [arn, serviceAccounts])).toEqual([
      [roleArn('a-writer'), ['shop/zzz']],
      [roleArn('reader'), ['shop/aaa', 'shop/api']],
    ]);
  });

  it("shows what of its principal's policies can go", () => {
    const plan = retire(
      free({
        assumeGrants: [
          { roleArn: NODE, policy: '', sid: 'TakeRoles', resources: ['*'] },
          { roleArn: NODE, policy: 'arn:aws:iam::1:policy/x', sid: '', resources: [roleArn('reader'), roleArn('writer')] },
          { roleArn: roleArn('kiam-server'), policy: '', sid: '', resources: ['*'] },
        ],
      }),
    );
    const grants = plan.findings.filter(({ code }) => code === 'PS740');
    expect(grants.map(({ message }) => message)).toEqual([
      `${NODE} may take the roles * by the statement TakeRoles of an inline policy`,
      `${NODE} may take the roles ${roleArn('reader')}, ${roleArn('writer')} by a statement of arn:aws:iam::1:policy/x`,
    ]);
    expect(grants[0]?.remedy).toContain('take sts:AssumeRole on * out of the statement TakeRoles');
  });

  it('is kiam, agent and server, which kept instance metadata from the pods', () => {
    const kiam = { ...migrated, mechanism: 'kiam' as const };
    const daemons = [agent({ name: 'kiam-agent' }), server({}, { kind: 'Deployment', name: 'kiam-server', stopped: true })];
    const grant = { roleArn: roleArn('kiam'), policy: '', sid: '', resources: ['*'] };
    const plan = retire(free({ daemons, assumeGrants: [grant] }, { associations: [kiam] }), 'kiam');
    expect(plan).toMatchObject({
      decision: 'retire',
      daemons: [
        { name: 'kiam-agent', action: 'stop' },
        { name: 'kiam-server', action: 'stopped' },
      ],
      roles: [{ roleArn: roleArn('reader') }],
    });
    expect(plan.findings.find(({ code }) => code === 'PS738')?.message).toContain('most of which');
    expect(plan.findings.filter(({ code }) => code === 'PS740')).toHaveLength(1);
  });
});

describe('a daemon is refused that', () => {
  const dependents: Record<string, [Inventory, string[]]> = {
    'a workload asks': [world([asking('shop/api', 'reader')]), ['PS731 Deployment/shop/api']],
    'a suspended CronJob asks': [
      world([asking('shop/api', 'reader', { kind: 'CronJob', idle: 'suspended', livePods: 0 })]),
      ['PS731 CronJob/shop/api'],
    ],
    'a workload without replicas asks': [
      world([asking('shop/api', 'reader', { replicas: 0, livePods: 0 })]),
      ['PS731 Deployment/shop/api'],
    ],
    'pods on the host network ask in vain': [world([hostNetwork()]), ['PS731 Deployment/shop/api']],
    'an owner of an unknown kind asks by its pods': [
      world([asking('shop/api', undefined, { kind: 'SparkApplication', metadata: live({ [KEY]: 'reader' }, 2) })]),
      ['PS731 SparkApplication/shop/api'],
    ],
    'pods from before the association live on': [
      free({}, { workloads: [asking('shop/api', 'reader', { metadata: live({ [KEY]: 'reader' }, 1) })] }),
      ['PS731 Deployment/shop/api'],
    ],
    'a template asks whose service account does not exist': [
      free(
        {},
        {
          legacy: [
            { subject: 'Deployment/shop/ghost', kind: 'annotation', name: 'reader' },
            { subject: 'Deployment/shop/api', kind: 'annotation', name: 'reader' },
            { subject: 'Pod/shop/one', kind: 'annotation', name: 'reader' },
            { subject: 'DaemonSet/kube-system/kube2iam', kind: 'daemon', name: 'kube2iam' },
          ],
        },
      ),
      ['PS731 Deployment/shop/ghost'],
    ],
    'gives a workload its default role': [
      free({ daemons: [kube2iam({ defaultRole: 'reader' })], defaultRoleUsers: ['Deployment/shop/web'] }),
      ['PS732 Deployment/shop/web'],
    ],
    'gives a workload the nodes’ role': [
      free({ daemons: [kube2iam({ discoverDefaultRole: true })], defaultRoleUsers: ['Deployment/shop/web'] }),
      ['PS732 Deployment/shop/web'],
    ],
  };
  it.each(Object.entries(dependents))('%s', (_, [facts, expected]) => {
    const plan = retire(facts);
    expect(plan).toMatchObject({ decision: 'refuse', rule: null });
    expect(plan.reason).not.toBe('');
    expect(blockers(plan)).toEqual(expected);
  });

  const owned = (kind: 'argo-cd' | 'helm'): Partial<DaemonFacts> => ({ owners: [{ kind, name: 'iam' }] });
  const obstacles: Record<string, [Partial<MetadataInventory>, string[], Partial<Inventory>?]> = {
    'is not there': [{ daemons: [] }, ['PS733 Cluster/shop']],
    'has its flags in a Secret': [{ daemons: [kube2iam({}, { unread: ['--base-role-arn'] })] }, ['PS704 DaemonSet/kube-system/kube2iam']],
    'is there twice': [{ daemons: [kube2iam(), kube2iam({}, { subject: 'DaemonSet/ops/kube2iam' })] }, ['PS703 DaemonSet/ops/kube2iam']],
    'runs beside the other one': [{ daemons: [kube2iam(), agent()] }, ['PS703 DaemonSet/kube-system/kiam-agent']],
    'Argo CD would start again': [{ daemons: [kube2iam({}, owned('argo-cd'))] }, ['PS735 DaemonSet/kube-system/kube2iam']],
    'adds no rule': [
      { daemons: [kube2iam({ interception: { ...interception, iptables: false } })] },
      ['PS734 DaemonSet/kube-system/kube2iam'],
    ],
    'sends calls nobody knows where': [
      { daemons: [kube2iam({ interception: { ...interception, hostAddress: null } })] },
      ['PS734 DaemonSet/kube-system/kube2iam'],
    ],
    'has a rule for other interfaces than the pods’': [
      { daemons: [kube2iam({ interception: { ...interception, hostInterface: 'docker0' } })] },
      ['PS734 DaemonSet/kube-system/kube2iam'],
    ],
    'runs in a namespace that admits no such pod': [
      { daemons: [kube2iam({}, { podSecurity: 'restricted' })] },
      ['PS736 DaemonSet/kube-system/kube2iam'],
    ],
    'may have a rule on a node that is not ready': [
      {},
      ['PS737 Node/node-b'],
      { nodes: [node('node-a'), node('node-b', { ready: false }), node('node-c', { ready: false })] },
    ],
  };
  it.each(Object.entries(obstacles))('%s', (_, [changes, expected, more]) => {
    const plan = retire(free(changes, more));
    expect(plan.decision).toBe('refuse');
    expect(blockers(plan)).toEqual(expected);
  });

  it('counts what else stands in the way', () => {
    const plan = retire(world([asking('shop/api', 'reader')], { daemons: [kube2iam({}, { podSecurity: 'baseline' })] }));
    expect(plan.reason).toBe('namespace kube-system enforces the Pod Security level baseline (and 1 more)');
  });

  it('says how to stop what a tool owns, and takes it once it is stopped', () => {
    const daemons = [
      agent(owned('argo-cd')),
      server({}, { kind: 'Deployment', subject: 'Deployment/kube-system/kiam-server', ...owned('argo-cd') }),
    ];
    const plan = retire(free({ daemons }, { associations: [{ ...migrated, mechanism: 'kiam' }] }), 'kiam');
    expect(plan.findings.map(({ remedy }) => /set its replicas to 0|give it the node selector/.exec(remedy)?.[0])).toEqual([
      'give it the node selector',
      'set its replicas to 0',
    ]);
    const stopped = daemons.map((daemon) => ({ ...daemon, stopped: true }));
    expect(retire(free({ daemons: stopped }, { associations: [{ ...migrated, mechanism: 'kiam' }] }), 'kiam').decision).toBe('retire');
  });

  it('lets Helm be: it does not start a daemon by itself', () => {
    expect(retire(free({ daemons: [kube2iam({}, owned('helm'))] })).decision).toBe('retire');
  });

  it('names kiam’s agent where it is the one that is not there, and no daemon in an inventory without any', () => {
    expect(retire(free({ daemons: [server()] }), 'kiam').reason).toContain("kiam's agent");
    const { metadata: _metadata, ...bare } = free();
    expect(retire(bare)).toMatchObject({ decision: 'refuse', daemons: [], principals: [] });
  });
});

describe('no dependent is', () => {
  it.each<[string, Inventory]>([
    ['a workload with IRSA', world([asking('shop/api', 'reader')], {}, { serviceAccounts: [serviceAccount('shop/api', 'reader')] })],
    ['a Job that has ended', free({}, { workloads: [asking('shop/api', 'reader', { idle: 'finished', serviceAccount: 'none' })] })],
    ['a workload that asks for nothing', free({}, { workloads: [asking('shop/web', '', { serviceAccount: 'web' })] })],
    ['a workload that no daemon sees', free({}, { workloads: [withoutMetadata()] })],
  ])('%s', (_, facts) => {
    expect(blockers(retire(facts))).toEqual([]);
  });

  it('what migrates ahead of the retirement', () => {
    const facts = world([asking('shop/api', 'reader')], { defaultRoleUsers: ['Deployment/shop/api'] });
    expect(blockers(retire(facts, 'kube2iam', new Set(['Deployment/shop/api'])))).toEqual([]);
  });
});

describe('a plan of a run', () => {
  it('shows the retirement that its migration makes possible, and what stands in its way', () => {
    const two = world([asking('shop/api', 'reader'), asking('shop/web', 'gone', { serviceAccount: 'web' })]);
    const plan = planOf(two, { retireDaemon: 'kube2iam' });
    expect(plan.retirement).toMatchObject({ decision: 'refuse' });
    expect(plan.findings.filter(({ code }) => code === 'PS731').map(({ subject }) => subject)).toEqual(['Deployment/shop/web']);
    const one = planOf(world([asking('shop/api', 'reader')]), { retireDaemon: 'kube2iam' });
    expect(one.retirement?.decision).toBe('retire');
    expect(one.digest).not.toBe(planOf(world([asking('shop/api', 'reader')])).digest);
  });

  it('that retires alone has no units, the roles that change, and another digest where it is refused', () => {
    const pods = { Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action: 'sts:AssumeRole' };
    const roles = [role('reader', trust({ Effect: 'Allow', Principal: { AWS: NODE }, Action: 'sts:AssumeRole' }, pods))];
    const alone = { retireDaemon: 'kube2iam', retireOnly: true } as const;
    const plan = planOf(free({}, { roles }), alone);
    expect(plan).toMatchObject({ units: [], waves: 0, agent: { action: 'ready' } });
    expect(plan.roles).toMatchObject([{ roleName: 'reader', waves: [] }]);
    const refused = planOf(free({ daemons: [kube2iam({}, { podSecurity: 'baseline' })] }, { roles }), alone);
    expect(refused.roles).toEqual([]);
    expect(refused.digest).not.toBe(plan.digest);
    expect(planOf(free(), { retireOnly: true })).toMatchObject({ units: [], roles: [], findings: [] });
  });
});

function live(annotations: Record<string, string>, exposed: number): NonNullable<WorkloadFacts['metadata']> {
  return { hostNetwork: false, template: null, live: [annotations], exposed, fields: { serviceAccountName: null, serviceAccount: null } };
}

function hostNetwork(): WorkloadFacts {
  const workload = asking('shop/api', 'reader');
  return { ...workload, metadata: { ...(workload.metadata as NonNullable<WorkloadFacts['metadata']>), hostNetwork: true } };
}

function withoutMetadata(): WorkloadFacts {
  const { metadata: _metadata, ...workload } = asking('shop/web', undefined, { serviceAccount: 'web' });
  return workload;
}
