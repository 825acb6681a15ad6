import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../../src/model/findings.ts';
import type { Inventory, WorkloadFacts } from '../../../src/model/inventory.ts';
import type { Kube2iamSettings, MetadataInventory } from '../../../src/model/metadata.ts';
import { ACCOUNT, association, planOf, roleArn, trust, unitOf } from '../fixtures/plan-inventories.ts';
import { agent, asking, by, interception, KEY, kube2iam, NODE, role, server, world } from '../fixtures/plan-metadata-worlds.ts';

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
            exposed: 0,
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
            exposed: 0,
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
            exposed: 0,
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
              exposed: 0,
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
    ['pods on nodes and on Fargate', world([asking('shop/a', 'reader'), asking('shop/f', 'reader', { fargate: 'profile x' })]), ['PS308']],
    [
      'a container that names its own profile',
      world([asking('shop/a', 'reader', { overrides: [{ container: 'c', kind: 'env', name: 'AWS_PROFILE' }] })]),
      ['PS301'],
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
            exposed: 0,
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
