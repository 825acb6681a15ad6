import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { rehearse } from '../../../engine/rehearsal.ts';
import type { Plan } from '../../../src/model/plan.ts';
import type { RetirementPlan } from '../../../src/model/retirement.ts';
import { planChanges } from '../../../src/plan/changes.ts';
import { addon, association, cluster, inventory, planOf, role, roleArn, serviceAccount, workload } from '../fixtures/plan-inventories.ts';

const START = Date.UTC(2026, 0, 5);
const shown = (plan: Plan) => planChanges(plan).map(({ object, field, before, after, unit }) => [unit, object, field, before, after]);

/** The object of a journal's entry, as a plan names it. */
function planned({ kind, object }: { readonly kind: string; readonly object: string }): string {
  if (kind === 'trust') return `Role/${object}`;
  if (kind === 'association') return object.replace('ServiceAccount/', 'PodIdentityAssociation/');
  return kind === 'addon' ? `Addon/${object.replace('Addon/', '')}` : object;
}

describe('what a run would change', () => {
  it.each(['shop', 'press-kube2iam'])('is what it then writes, object by object, and nothing else: %s', async (name) => {
    const snapshot = fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
    const run = await rehearse({ snapshot, startAt: START });
    const changes = planChanges((await run.journal.getDocument(run.runId, 'plan')) as Plan);
    const entries = (await run.journal.listEntries(run.runId)).filter(({ kind }) => kind !== 'probe-pod');
    await run.close();

    expect(run.report.run.status).toBe('migrated');
    expect(new Set(changes.map(({ object }) => object))).toEqual(new Set(entries.map(planned)));
    const roles = changes.filter(({ field }) => field === 'assumeRolePolicyDocument');
    expect(
      roles.map(({ object, before, after }) => ({ roleArn: object.replace('Role/', ''), trustBefore: before, trustAfter: after })),
    ).toEqual(run.report.roles);
    for (const { kind, object, before } of entries.filter(
      (entry) => entry.kind === 'annotations' && entry.object.startsWith('ServiceAccount/'),
    ))
      expect(
        Object.fromEntries(
          changes
            .filter((change) => change.object === object && change.after === null)
            .map((change) => [change.field.replace('metadata.annotations.', ''), change.before]),
        ),
        kind,
      ).toEqual(before);
  });

  it('is told in the order of the work: add-on of the agent, trust, then unit by unit', () => {
    const plan = planOf(
      inventory({
        ...cluster({ ipFamily: 'ipv4' }),
        agent: { ...inventory().agent, addon: null, daemonSet: null, defaultVersion: 'v1', settings: ['ipv4-only'] },
        serviceAccounts: [serviceAccount('shop/b', 'b'), serviceAccount('shop/a', 'a')],
        roles: [role('b', ['shop/b']), role('a', ['shop/a'])],
        workloads: [workload('shop/a'), workload('shop/b', { kind: 'CronJob' })],
      }),
    );
    const [a, b] = ['a', 'b'].map((name) => plan.roles.find((one) => one.roleArn === roleArn(name)));
    expect(shown(plan)).toEqual([
      [null, 'Addon/eks-pod-identity-agent', 'addonVersion', null, 'v1'],
      [null, 'Addon/eks-pod-identity-agent', 'configurationValues', null, expect.stringContaining('169.254.170.23')],
      [null, `Role/${roleArn('a')}`, 'assumeRolePolicyDocument', a?.trustBefore, a?.trustAfter],
      [null, `Role/${roleArn('b')}`, 'assumeRolePolicyDocument', b?.trustBefore, b?.trustAfter],
      ['shop/a', 'PodIdentityAssociation/shop/a', 'roleArn', null, roleArn('a')],
      ['shop/a', 'Deployment/shop/a', 'restart', null, 'rollout'],
      ['shop/a', 'ServiceAccount/shop/a', 'metadata.annotations.eks.amazonaws.com/role-arn', roleArn('a'), null],
      ['shop/b', 'PodIdentityAssociation/shop/b', 'roleArn', null, roleArn('b')],
      ['shop/b', 'ServiceAccount/shop/b', 'metadata.annotations.eks.amazonaws.com/role-arn', roleArn('b'), null],
    ]);
  });

  it('has no association that is there already, and nothing of a unit that does not migrate', () => {
    const half = planOf(
      inventory({
        serviceAccounts: [serviceAccount('shop/api', 'api'), serviceAccount('shop/gone', 'gone')],
        roles: [role('api', ['shop/api'])],
        workloads: [workload('shop/api')],
        associations: [association('shop/api', { roleArn: roleArn('api') })],
      }),
    );
    expect(half.units.map(({ id, decision }) => `${id} ${decision}`)).toEqual(['shop/api migrate', 'shop/gone hold']);
    expect(
      planChanges(half)
        .filter(({ unit }) => unit !== null)
        .map(({ object }) => object),
    ).toEqual(['Deployment/shop/api', 'ServiceAccount/shop/api']);
  });

  it('has the one update of an add-on once, whoever of it moves', () => {
    const ids = ['kube-system/aws-node', 'kube-system/other'];
    const cni = (serviceAccountRoleArn: string | null) =>
      planOf(
        inventory({
          serviceAccounts: ids.map((id) => serviceAccount(id, 'cni', { addon: 'vpc-cni' })),
          roles: [role('cni', ids)],
          workloads: ids.map((id) => workload(id, { kind: 'DaemonSet' })),
          addons: [addon('vpc-cni', { serviceAccountRoleArn, podIdentity: ['aws-node', 'other'] })],
        }),
      );
    const moved = ['aws-node', 'other'].map((name) => ({ serviceAccount: name, roleArn: roleArn('cni') }));
    const update = [null, 'Addon/vpc-cni', 'podIdentityAssociations', [], moved];
    const ofAddon = (plan: Plan) => shown(plan).filter(([, object]) => !String(object).startsWith('Role/'));
    expect(ofAddon(cni(roleArn('cni')))).toEqual([[null, 'Addon/vpc-cni', 'serviceAccountRoleArn', roleArn('cni'), null], update]);
    expect(ofAddon(cni(null))).toEqual([update]);
  });

  it('has the retirement of a daemon: its rule, its objects, and the roles where the plan has not got them itself', () => {
    const retirement: RetirementPlan = {
      mechanism: 'kube2iam',
      decision: 'retire',
      reason: '',
      daemons: [
        { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'kube-system', name: 'kube2iam', action: 'stop' },
        { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'kube-system', name: 'server', action: 'stop' },
        { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'kube-system', name: 'idle', action: 'stopped' },
      ],
      rule: {
        interceptor: 'DaemonSet/kube-system/kube2iam',
        namespace: 'kube-system',
        name: 'kube2iam',
        image: 'kube2iam:1',
        arguments: ['-i', 'eni+'],
        removedByDaemon: false,
        nodeNames: ['node-a'],
      },
      principals: ['arn:nodes'],
      roles: [{ roleArn: roleArn('reader'), serviceAccounts: ['shop/api'], trustBefore: 'before', trustAfter: 'after' }],
      findings: [],
    };
    const plan = planOf(inventory({ serviceAccounts: [] }));
    const changes = (changed: Partial<RetirementPlan>, retireOnly = false) =>
      shown({ ...plan, options: { ...plan.options, retireOnly }, retirement: { ...retirement, ...changed } });
    const stopped = [
      [null, 'DaemonSet/kube-system/kube2iam', 'spec.template.spec.nodeSelector.podshift/retired-by', null, 'the id of the run'],
      [null, 'Deployment/kube-system/server', 'spec.replicas', 'as it is', 0],
    ];
    const rule = [null, 'DaemonSet/kube-system/kube2iam', 'iptables rule on its nodes', 'iptables -t nat -D PREROUTING -i eni+', null];
    const trust = [null, `Role/${roleArn('reader')}`, 'assumeRolePolicyDocument', 'before', 'after'];
    expect(changes({})).toEqual([rule, ...stopped, trust]);
    expect(changes({}, true)).toEqual([rule, ...stopped]);
    expect(changes({ rule: null, roles: [] })).toEqual(stopped);
    expect(changes({ decision: 'refuse' })).toEqual([]);
  });
});
