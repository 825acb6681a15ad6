import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../src/model/findings.ts';
import type { Inventory, WorkloadFacts } from '../../src/model/inventory.ts';
import type { DaemonFacts, KiamServerSettings, Kube2iamSettings, MetadataInventory } from '../../src/model/metadata.ts';
import type { MigrationOptions } from '../../src/model/options.ts';
import { interceptsPods } from '../../src/plan/metadata-system.ts';
import { ACCOUNT, association, inventory, planOf, roleArn, serviceAccount, trust, unitOf, workload } from './plan-inventories.ts';

const KEY = 'iam.amazonaws.com/role';
const NODE = roleArn('nodes');
const by = (arn: string) => trust({ Effect: 'Allow', Principal: { AWS: arn }, Action: 'sts:AssumeRole' });
const role = (name: string, trustPolicy = by(NODE)) => ({
  arn: roleArn(name),
  name: name.split('/').at(-1) as string,
  trustPolicy,
  owners: [],
});

const interception = { iptables: true, hostInterface: 'eni+', port: 8181, metadataAddress: '169.254.169.254' };
const settings: Kube2iamSettings = {
  part: 'kube2iam',
  roleKey: KEY,
  externalIdKey: 'iam.amazonaws.com/external-id',
  namespaceKey: 'iam.amazonaws.com/allowed-roles',
  namespaceRestrictions: false,
  restrictionFormat: 'glob',
  base: { kind: 'discovered' },
  defaultRole: '',
  discoverDefaultRole: false,
  interception,
};
const kube2iam = (changes: Partial<Kube2iamSettings> = {}, facts: Partial<DaemonFacts> = {}): DaemonFacts => ({
  subject: 'DaemonSet/kube-system/kube2iam',
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  namespace: 'kube-system',
  name: 'kube2iam',
  mechanism: 'kube2iam',
  settings: { ...settings, ...changes },
  unread: [],
  nodeNames: ['node-a', 'node-b'],
  owners: [],
  ...facts,
});
const kiamServer: KiamServerSettings = {
  part: 'kiam-server',
  version: 4,
  strictRegexp: true,
  base: { kind: 'discovered' },
  assumeRoleArn: '',
  session: 'kiam',
};
const server = (changes: Partial<KiamServerSettings> = {}, facts: Partial<DaemonFacts> = {}) =>
  kube2iam({}, { subject: 'Deployment/kube-system/kiam-server', mechanism: 'kiam', settings: { ...kiamServer, ...changes }, ...facts });
const agent = (facts: Partial<DaemonFacts> = {}) =>
  kube2iam(
    {},
    {
      subject: 'DaemonSet/kube-system/kiam-agent',
      mechanism: 'kiam',
      settings: { part: 'kiam-agent', allowRoute: '^$', interception },
      ...facts,
    },
  );

/** A workload whose template and pods carry the role annotation; none where it is undefined. */
function asking(
  id: string,
  asked: string | undefined,
  changes: Partial<WorkloadFacts> = {},
  more: Record<string, string> = {},
): WorkloadFacts {
  const annotations = { ...(asked === undefined ? {} : { [KEY]: asked }), ...more };
  const metadata = {
    hostNetwork: false,
    template: annotations,
    live: [annotations],
    fields: { serviceAccountName: 'api', serviceAccount: 'api' },
  };
  return workload(id, { serviceAccount: 'api', metadata, ...changes });
}

function world(workloads: WorkloadFacts[], changes: Partial<MetadataInventory> = {}, more: Partial<Inventory> = {}): Inventory {
  const names = [...new Set(workloads.map(({ namespace, serviceAccount: name }) => `${namespace}/${name}`))];
  return inventory({
    serviceAccounts: names.map((id) => serviceAccount(id, '', { annotations: {} })),
    workloads,
    roles: [role('reader'), role('writer'), role('team/app')],
    metadata: {
      daemons: [kube2iam()],
      namespaces: [{ name: 'shop', annotations: {} }],
      nodeRoleArns: [NODE],
      bindings: [],
      identityPolicies: [],
      takenNames: names,
      ...changes,
    },
    ...more,
  });
}

/** What becomes of each unit: decision and findings, without those about the annotation's removal. */
function told(facts: Inventory, options: Partial<MigrationOptions> = {}) {
  const plan = planOf(facts, options);
  return Object.fromEntries(
    plan.units.map(({ id, decision, findings, metadata }) => [
      id,
      [decision, metadata?.splitFrom ?? '', ...findings.filter((code) => code !== 'PS721')].filter((part) => part !== '').join(' '),
    ]),
  );
}

describe('pods become service accounts', () => {
  it.each<[string, WorkloadFacts[], Record<string, string>]>([
    [
      'one role and every pod annotated: it keeps its own',
      [asking('shop/a', 'reader'), asking('shop/b', 'reader')],
      { 'shop/api': 'migrate' },
    ],
    [
      'a name and an ARN of one role are one role',
      [asking('shop/a', 'reader'), asking('shop/b', roleArn('reader'))],
      { 'shop/api': 'migrate' },
    ],
    ['a role with a path', [asking('shop/a', 'team/app')], { 'shop/api': 'migrate' }],
    [
      'several roles: one each',
      [asking('shop/a', 'reader'), asking('shop/b', 'writer')],
      { 'shop/a': 'migrate api PS713', 'shop/b': 'migrate api PS713' },
    ],
    [
      'three roles, one of two workloads',
      [asking('shop/c', 'team/app'), asking('shop/a', 'reader'), asking('shop/b', 'writer'), asking('shop/d', 'reader')],
      { 'shop/a': 'migrate api PS713', 'shop/b': 'migrate api PS713', 'shop/c': 'migrate api PS713' },
    ],
    [
      'some pods without an annotation: split',
      [asking('shop/a', 'reader'), asking('shop/b', undefined)],
      { 'shop/a': 'migrate api PS713' },
    ],
    ['an empty annotation is none: split', [asking('shop/a', 'reader'), asking('shop/b', '')], { 'shop/a': 'migrate api PS713' }],
    [
      'the default service account is never kept',
      [asking('shop/a', 'reader', { serviceAccount: 'default' })],
      { 'shop/a': 'migrate default PS713' },
    ],
    [
      'a finished Job asks for nothing any more',
      [asking('shop/a', 'reader'), asking('shop/j', 'writer', { kind: 'Job', idle: 'finished' })],
      { 'shop/api': 'migrate' },
    ],
    [
      'a name in use gets a mark',
      [asking('shop/api', 'reader'), asking('shop/b', 'writer')],
      { 'shop/api-ff3a27': 'migrate api PS713', 'shop/b': 'migrate api PS713' },
    ],
    [
      'denied pods of a shared one are split off alone, and held',
      [
        asking('shop/a', 'reader'),
        asking('shop/h', 'reader', {
          metadata: {
            hostNetwork: true,
            template: { [KEY]: 'reader' },
            live: [],
            fields: { serviceAccountName: null, serviceAccount: null },
          },
        }),
      ],
      { 'shop/a': 'migrate api PS713', 'shop/h': 'hold api PS702' },
    ],
    ['nobody who asks for nothing is a unit', [asking('shop/b', undefined)], {}],
  ])('%s', (_, workloads, expected) => {
    const found = told(world(workloads));
    if (Object.keys(expected).some((id) => id.includes('-ff'))) {
      expect(Object.keys(found).sort()).toEqual([expect.stringMatching(/^shop\/api-[0-9a-f]{6}$/), 'shop/b']);
      return;
    }
    expect(found).toEqual(expected);
  });

  it('shows the whole of a split: service account, bindings, templates', () => {
    const shape = {
      labels: { team: 'a' },
      annotations: {},
      imagePullSecrets: [{ name: 'p' }],
      secrets: [],
      automountServiceAccountToken: false,
    };
    const bindings = [
      { kind: 'RoleBinding' as const, namespace: 'shop', name: 'view', serviceAccounts: ['shop/api'] },
      { kind: 'ClusterRoleBinding' as const, namespace: null, name: 'all', serviceAccounts: ['shop/api', 'shop/x'] },
      { kind: 'RoleBinding' as const, namespace: 'shop', name: 'other', serviceAccounts: ['shop/x'] },
    ];
    const facts = world([asking('shop/a', 'reader'), asking('shop/b', undefined)], {
      bindings,
      identityPolicies: [
        { subject: 'AuthorizationPolicy/shop/p', serviceAccount: 'shop/api' },
        { subject: 'Policy/shop/q', serviceAccount: 'shop/x' },
      ],
    });
    const plan = planOf({ ...facts, serviceAccounts: facts.serviceAccounts.map((one) => ({ ...one, shape })) });
    const unit = unitOf(plan, 'shop/a');
    expect(unit.metadata).toEqual({
      splitFrom: 'api',
      shape: { ...shape, annotations: { 'podshift/split-from': 'api' } },
      bindings: [
        { kind: 'RoleBinding', namespace: 'shop', name: 'view' },
        { kind: 'ClusterRoleBinding', namespace: null, name: 'all' },
      ],
      templates: [
        {
          kind: 'Deployment',
          name: 'a',
          annotations: { [KEY]: 'reader' },
          before: { serviceAccountName: 'api', serviceAccount: 'api' },
          serviceAccount: 'a',
        },
      ],
    });
    expect(unit.findings).toEqual(['PS713', 'PS714', 'PS721']);
    expect(plan.findings.filter(({ code }) => code === 'PS714').map(({ message }) => message)).toEqual([
      'AuthorizationPolicy/shop/p names shop/api, and does not know shop/a',
    ]);
    expect(plan.roles[0]?.waves[0]?.admit).toEqual([{ namespace: 'shop', name: 'a' }]);
    expect(JSON.parse(plan.roles[0]?.trustAfter ?? '{}').Statement[0]).toEqual(JSON.parse(by(NODE)).Statement[0]);
    expect(planOf(facts).digest).not.toBe(plan.digest);
  });

  it('finds another name where the mark is in use as well, the same every time', () => {
    const workloads = [asking('shop/api', 'reader'), asking('shop/b', 'writer')];
    const first = Object.keys(told(world(workloads)))[0] as string;
    const second = Object.keys(told(world(workloads, { takenNames: ['shop/api', first] })))[0] as string;
    expect(second).toMatch(/^shop\/api-[0-9a-f]{12}$/);
    expect(Object.keys(told(world(workloads, { takenNames: ['shop/api', first] })))[0]).toBe(second);
  });
});

describe('what is held, and why', () => {
  const denied = { daemons: [kube2iam({ namespaceRestrictions: true })] };
  const allowed = (text: string, changes: Partial<Kube2iamSettings> = {}) => ({
    daemons: [kube2iam({ namespaceRestrictions: true, ...changes })],
    namespaces: [{ name: 'shop', annotations: { 'iam.amazonaws.com/allowed-roles': text } }],
  });
  const reader = [asking('shop/a', 'reader')];
  it.each<[string, Inventory, FindingCode[]]>([
    ['pods that are denied', world(reader, denied), ['PS701']],
    ['pods that a namespace of bad JSON denies', world(reader, allowed('{')), ['PS701']],
    ['pods of a namespace that was not read', world(reader, { ...denied, namespaces: [] }), ['PS701']],
    ['a regular expression that does not compile', world(reader, allowed('["("]', { restrictionFormat: 'regexp' })), ['PS705']],
    [
      'pods on the host network',
      world([
        asking('shop/a', 'reader', {
          metadata: {
            hostNetwork: true,
            template: { [KEY]: 'reader' },
            live: [],
            fields: { serviceAccountName: null, serviceAccount: null },
          },
        }),
      ]),
      ['PS702'],
    ],
    ['two daemons', world(reader, { daemons: [kube2iam(), kube2iam({}, { subject: 'DaemonSet/other/kube2iam' })] }), ['PS703']],
    ['kube2iam beside kiam', world(reader, { daemons: [kube2iam(), server(), agent()] }), ['PS703']],
    ['flags from a Secret', world(reader, { daemons: [kube2iam({}, { unread: ['--base-role-arn'] })] }), ['PS704']],
    ['a short name without a base', world(reader, { daemons: [kube2iam({ base: { kind: 'none' } })] }), ['PS101', 'PS707']],
    ['a node without a daemon', world([asking('shop/a', 'reader', { nodeNames: ['node-z'] })]), ['PS708']],
    ['a daemon without a rule', world(reader, { daemons: [kube2iam({ interception: { ...interception, iptables: false } })] }), ['PS709']],
    [
      'a rule for another interface',
      world(reader, { daemons: [kube2iam({ interception: { ...interception, hostInterface: 'docker0' } })] }),
      ['PS709'],
    ],
    ['an external id', world([asking('shop/a', 'reader', {}, { 'iam.amazonaws.com/external-id': 'x' })]), ['PS710']],
    [
      'pods that differ from their template',
      world([
        asking('shop/a', 'reader', {
          metadata: {
            hostNetwork: false,
            template: { [KEY]: 'reader' },
            live: [{ [KEY]: 'writer' }],
            fields: { serviceAccountName: null, serviceAccount: null },
          },
        }),
      ]),
      ['PS712'],
    ],
    [
      'pods annotated by hand',
      world([
        asking('shop/a', 'reader', {
          metadata: {
            hostNetwork: false,
            template: {},
            live: [{ [KEY]: 'reader' }],
            fields: { serviceAccountName: null, serviceAccount: null },
          },
        }),
      ]),
      ['PS712'],
    ],
    [
      'pods denied beside a template that is not',
      world(
        [
          asking('shop/a', 'reader', {
            metadata: {
              hostNetwork: false,
              template: { [KEY]: 'reader' },
              live: [{ [KEY]: 'writer' }],
              fields: { serviceAccountName: null, serviceAccount: null },
            },
          }),
        ],
        allowed('["reader"]'),
      ),
      ['PS712'],
    ],
    ['a role that does not exist', world([asking('shop/a', 'nobody')]), ['PS104']],
    ['a leading slash that kube2iam does not trim', world([asking('shop/a', '/reader')]), ['PS101']],
    ['white space', world([asking('shop/a', 'reader ')]), ['PS101']],
    ['an ARN in capitals', world([asking('shop/a', `ARN:aws:iam::${ACCOUNT}:role/reader`)]), ['PS101']],
    ['a role of another account', world([asking('shop/a', 'arn:aws:iam::999999999999:role/x')]), ['PS103']],
    ['a role of another partition', world([asking('shop/a', `arn:aws-cn:iam::${ACCOUNT}:role/x`)]), ['PS102']],
    ['a role that does not trust the nodes', world(reader, {}, { roles: [role('reader', by(roleArn('other')))] }), ['PS202']],
    [
      'a role whose trust cannot be decided',
      world(
        reader,
        {},
        {
          roles: [
            role(
              'reader',
              trust({
                Effect: 'Allow',
                Principal: { AWS: NODE },
                Action: 'sts:AssumeRole',
                Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } },
              }),
            ),
          ],
        },
      ),
      ['PS203'],
    ],
    [
      'a role that names no role at all, where the nodes are not known',
      world(
        reader,
        { nodeRoleArns: null },
        { roles: [role('reader', trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }))] },
      ),
      ['PS202'],
    ],
    [
      'an association with another role',
      world(reader, {}, { associations: [association('shop/api', { roleArn: roleArn('writer') })] }),
      ['PS109'],
    ],
    ['a bare pod', world([asking('shop/a', 'reader', { kind: 'Pod', apiVersion: 'v1' })]), ['PS310']],
    [
      'an unknown owner',
      world([
        asking('shop/a', 'reader', {
          kind: 'Spark',
          metadata: {
            hostNetwork: false,
            template: null,
            live: [{ [KEY]: 'reader' }],
            fields: { serviceAccountName: null, serviceAccount: null },
          },
          controlledBy: { apiVersion: 'x/v1', kind: 'Spark', name: 'a' },
        }),
      ]),
      ['PS311', 'PS720'],
    ],
  ])('%s', (_, facts, codes) => {
    const [unit] = planOf(facts).units;
    const about = (code: string) => code !== 'PS720' || codes.includes('PS720');
    expect(unit?.decision).toBe('hold');
    expect(unit?.findings.filter(about)).toEqual(codes.filter((code) => code !== 'PS720'));
    expect(unit?.metadata?.templates).toEqual([]);
  });

  it.each<[string, Partial<WorkloadFacts>, FindingCode]>([
    ['Argo CD owns', { owners: [{ kind: 'argo-cd', name: 'app' }] }, 'PS715'],
    ['an operator owns', { owners: [{ kind: 'operator', name: 'op' }] }, 'PS715'],
    ['is an Argo Rollout', { kind: 'Rollout', apiVersion: 'argoproj.io/v1alpha1' }, 'PS716'],
    ['is a stand-alone ReplicaSet', { kind: 'ReplicaSet' }, 'PS716'],
  ])('a split of what %s', (_, changes, code) => {
    const unit = unitOf(planOf(world([asking('shop/a', 'reader', changes), asking('shop/b', undefined)])), 'shop/a');
    expect(unit.decision).toBe('hold');
    expect(unit.findings).toEqual([code]);
  });

  it('a split of a service account with an association', () => {
    const unit = unitOf(
      planOf(world([asking('shop/a', 'reader'), asking('shop/b', undefined)], {}, { associations: [association('shop/api')] })),
      'shop/a',
    );
    expect([unit.decision, unit.findings]).toEqual(['hold', ['PS722']]);
  });

  it('tells how a role of another account is reached', () => {
    const plan = planOf(world([asking('shop/a', 'arn:aws:iam::999999999999:role/x')]));
    expect(plan.findings.find(({ code }) => code === 'PS103')?.remedy).toContain(
      `--role-arn arn:aws:iam::${ACCOUNT}:role/x-source --target-role-arn arn:aws:iam::999999999999:role/x`,
    );
  });

  it.each<[string, Partial<MetadataInventory>, string[]]>([
    ['bad JSON', allowed('{'), ['Namespace/shop']],
    ['no array of strings', allowed('[1]'), ['Namespace/shop']],
    ['a pattern that does not compile', allowed('["("]', { restrictionFormat: 'regexp' }), ['Namespace/shop']],
    ['patterns that do', allowed('["a"]', { restrictionFormat: 'regexp' }), []],
    ['globs, which always do', allowed('["("]'), []],
    ['restrictions that are off', { ...allowed('{'), daemons: [kube2iam()] }, []],
    [
      "kiam's expression that does not compile",
      { daemons: [server(), agent()], namespaces: [{ name: 'shop', annotations: { 'iam.amazonaws.com/permitted': '(' } }] },
      ['Namespace/shop'],
    ],
  ])("a namespace's annotation is told of: %s", (_, changes, subjects) => {
    const plan = planOf(world(reader, changes));
    expect(plan.findings.filter(({ code }) => code === 'PS706').map(({ subject }) => subject)).toEqual(subjects);
  });
});

describe('kiam', () => {
  const all = [{ name: 'shop', annotations: { 'iam.amazonaws.com/permitted': '.*' } }];
  const reader = [asking('shop/a', 'reader')];
  const kiamRole = { roles: [role('reader', by(roleArn('kiam')))] };
  it.each<[string, Inventory, string]>([
    [
      'migrates what its server may take',
      world(reader, { daemons: [server({ assumeRoleArn: 'kiam' }), agent()], namespaces: all }, kiamRole),
      'migrate',
    ],
    [
      'does not take what only the nodes may',
      world(reader, { daemons: [server({ assumeRoleArn: 'kiam' }), agent()], namespaces: all }),
      'hold PS202',
    ],
    ['takes as the nodes without a role of its own', world(reader, { daemons: [server(), agent()], namespaces: all }), 'migrate'],
    ['denies without permission', world(reader, { daemons: [server(), agent()] }), 'hold PS701'],
    ['is nothing without its agent', world(reader, { daemons: [server()], namespaces: all }), 'hold PS709'],
    ['is nothing without its server', world(reader, { daemons: [agent()], namespaces: all }), ''],
    [
      'is nothing while no server is ready',
      world(reader, { daemons: [server({}, { nodeNames: [] }), agent()], namespaces: all }),
      'hold PS708',
    ],
    [
      'has one server',
      world(reader, { daemons: [server(), server({}, { subject: 'Deployment/x/kiam-server' }), agent()], namespaces: all }),
      'hold PS703',
    ],
    [
      "must have all of its parts' flags read",
      world(reader, { daemons: [server(), agent({ unread: ['--iptables'] })], namespaces: all }),
      'hold PS704',
    ],
    [
      'lets pods choose a session name, which Pod Identity does not',
      world([asking('shop/a', 'reader', {}, { 'iam.amazonaws.com/session-name': 's' })], { daemons: [server(), agent()], namespaces: all }),
      'hold PS711',
    ],
  ])('%s', (_, facts, expected) => {
    expect(told(facts)['shop/api'] ?? '').toBe(expected);
  });
});

describe('what is told besides', () => {
  it.each<[string, WorkloadFacts, FindingCode[]]>([
    ['an empty annotation', asking('shop/b', ''), ['PS717']],
    ['the default role', asking('shop/b', undefined), ['PS718']],
    ['a workload of which nothing is known', workload('shop/b', { serviceAccount: 'api' }), []],
  ])('%s', (_, other, codes) => {
    const plan = planOf(world([asking('shop/a', 'reader'), other], { daemons: [kube2iam({ defaultRole: 'writer' })] }));
    expect(plan.findings.filter(({ subject }) => subject === 'Deployment/shop/b').map(({ code }) => code)).toEqual(codes);
  });

  it('IRSA outranks the annotation', () => {
    const facts = world([asking('shop/a', 'writer')]);
    const plan = planOf({ ...inventory(), metadata: facts.metadata as MetadataInventory, workloads: facts.workloads });
    expect([unitOf(plan).mechanism, unitOf(plan).findings]).toEqual(['irsa', ['PS719']]);
  });

  it('an add-on decides for its own service account', () => {
    const facts = world([asking('shop/a', 'reader')]);
    expect(told({ ...facts, serviceAccounts: facts.serviceAccounts.map((one) => ({ ...one, addon: 'x' })) })).toEqual({
      'shop/api': 'hold PS603 PS719'.replace(' PS719', ''),
    });
  });

  it('a finished migration is known by its association', () => {
    const admitted = { 'aws:SourceAccount': ACCOUNT, 'aws:RequestTag/kubernetes-service-account': 'api' };
    const trusted = trust({
      Effect: 'Allow',
      Principal: { Service: 'pods.eks.amazonaws.com' },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      Condition: { StringEquals: admitted },
    });
    const facts = world(
      [asking('shop/a', undefined)],
      {},
      {
        roles: [role('reader', trusted)],
        associations: [association('shop/api', { roleArn: roleArn('reader'), mechanism: 'kube2iam', podshiftRun: 'r' })],
      },
    );
    const unit = unitOf(planOf(facts));
    expect([unit.mechanism, unit.decision]).toEqual(['kube2iam', 'already-associated']);
  });

  it.each<[string, Partial<WorkloadFacts>, Partial<MigrationOptions>, Record<string, string>, FindingCode[]]>([
    ['goes by a second restart', {}, {}, { [KEY]: 'reader' }, ['PS721']],
    ['goes with the first, where that is asked for', {}, { foldAnnotationRemoval: true }, { [KEY]: 'reader' }, []],
    ['stays where that is asked for', {}, { keepAnnotations: true }, {}, ['PS502']],
    ['stays where Helm owns the workload', { owners: [{ kind: 'helm', name: 'r' }] }, {}, {}, ['PS720']],
    ['stays where pods are evicted', { strategy: 'OnDelete', kind: 'StatefulSet' }, { allowPodDeletion: true }, {}, ['PS321', 'PS720']],
  ])('the annotation %s', (_, changes, options, annotations, codes) => {
    const unit = unitOf(planOf(world([asking('shop/a', 'reader', changes)]), options));
    expect(Object.assign({}, ...(unit.metadata?.templates ?? []).map((template) => template.annotations))).toEqual(annotations);
    expect(unit.findings).toEqual(codes);
  });

  it.each<[string, boolean]>([
    ['eni+', true],
    ['!eth0', true],
    ['!eni+', false],
    ['+', true],
    ['cali+', true],
    ['lxc+', true],
    ['docker0', false],
    ['eth0', false],
    ['! eth0', true],
  ])('a rule for %s is for pods: %s', (pattern, expected) => {
    expect(interceptsPods(pattern)).toBe(expected);
  });
});
