import { describe, expect, it } from 'vitest';
import type { WorkloadFacts } from '../../../src/model/inventory.ts';
import { planOf, roleArn, unitOf } from '../fixtures/plan-inventories.ts';
import { asking, by, KEY, NODE, told, world } from '../fixtures/plan-metadata-worlds.ts';

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
            exposed: 0,
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
