import { describe, expect, it } from 'vitest';
import { account, association, edit, find, PREFIX, small, take } from '../fixtures/inventory-worlds.ts';

const OLD = 'arn:aws:iam::123456789012:role/role-0';

/** The small world with the role annotation of its service account changed, or gone. */
const renamed = (role: string | undefined, changes: Parameters<typeof small>[0] = () => undefined) =>
  small((world) => {
    const { annotations } = edit(find(world, 'ServiceAccount')).metadata;
    if (role === undefined) delete annotations[`${PREFIX}/role-arn`];
    else annotations[`${PREFIX}/role-arn`] = role;
    changes(world);
  });
const pods = (world: Parameters<NonNullable<Parameters<typeof small>[0]>>[0]) => world.objects.filter(({ kind }) => kind === 'Pod');
const staleIn = async (...given: Parameters<typeof take>) => (await take(...given)).inventory.staleRoles;

describe('pods with a role that their service account does not name', () => {
  it('are those of its own variables, where the annotation is another one or gone', async () => {
    const fact = { subject: 'Deployment/team-0/app-0', namespace: 'team-0', serviceAccount: 'app-0', roleArn: OLD, pods: 2 };
    expect(await staleIn(renamed(undefined))).toEqual([{ ...fact, named: null }]);
    expect(await staleIn(renamed(`${OLD}-new`))).toEqual([{ ...fact, named: `${OLD}-new` }]);
    expect(await staleIn(renamed(OLD))).toEqual([]);
  });

  it('are none of those that are over, on their way out, or that nobody injected', async () => {
    const world = renamed(undefined, (one) => {
      const [first, second] = pods(one);
      edit(first as never).status = { phase: 'Succeeded' };
      edit(second as never).metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    });
    expect(await staleIn(world)).toEqual([]);
    const byHand = renamed(undefined, (one) => {
      for (const pod of pods(one)) for (const container of edit(pod).spec.containers) container.volumeMounts = [];
    });
    expect(await staleIn(byHand)).toEqual([]);
  });

  it('are none of a template that has the pair itself', async () => {
    const world = renamed(undefined, (one) => {
      const [pod] = pods(one);
      edit(find(one, 'ReplicaSet')).spec.template.spec = edit(pod as never).spec;
    });
    expect(await staleIn(world)).toEqual([]);
  });

  it('are not told of where the service account is not known, or not chosen', async () => {
    const gone = renamed(undefined, (one) => {
      one.objects = one.objects.filter(({ kind }) => kind !== 'ServiceAccount');
    });
    expect(await staleIn(gone)).toEqual([]);
    expect(await staleIn(renamed(undefined), { namespaces: ['other'] })).toEqual([]);
    expect(await staleIn(renamed(undefined), { serviceAccounts: ['team-0/other'] })).toEqual([]);
  });

  it('name the pod where nothing stands above it', async () => {
    const world = renamed(undefined, (one) => {
      const [pod] = pods(one);
      delete edit(pod as never).metadata.ownerReferences;
      one.objects = one.objects.filter((object) => object.kind !== 'Pod' || object === pod);
    });
    expect(await staleIn(world)).toMatchObject([{ subject: expect.stringMatching(/^Pod\/team-0\/app-0-/), pods: 1 }]);
  });
});

describe('associations of service accounts that are not listed', () => {
  const others = [
    association('a-1', { serviceAccount: 'plain' }),
    association('a-2', { serviceAccount: 'gone', roleArn: `${OLD}-gone` }),
    association('a-3', { namespace: 'other', serviceAccount: 'plain' }),
  ];
  const world = (changes: Parameters<typeof small>[0] = () => undefined) =>
    small((one) => {
      one.associations.push(...others, association('a-0'));
      one.objects.push(account('team-0', 'plain'), account('other', 'plain'));
      changes(one);
    });

  it('are read as far as they are chosen, also where the service account is gone', async () => {
    const { inventory } = await take(world());
    expect(inventory.associations.map(({ associationId }) => associationId)).toEqual(['a-0']);
    expect(inventory.otherAssociations?.map(({ associationId }) => associationId)).toEqual(['a-1', 'a-2', 'a-3']);
    const { inventory: chosen } = await take(world(), { namespaces: ['team-0'] });
    expect(chosen.otherAssociations?.map(({ associationId }) => associationId)).toEqual(['a-1', 'a-2']);
  });

  it('bring their roles, beside those that trust Pod Identity in this cluster', async () => {
    const statement = (clusterName: string) =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'pods.eks.amazonaws.com' },
            Action: ['sts:AssumeRole', 'sts:TagSession'],
            Condition: { StringEquals: { 'aws:RequestTag/eks-cluster-name': clusterName } },
          },
        ],
      });
    const named = (name: string, trustPolicy: string) => ({ ...roleOf(name), trustPolicy });
    const roleOf = (name: string) => {
      const [role] = world().roles;
      if (role === undefined) throw new Error('no role');
      return { ...role, roleName: name, arn: `arn:aws:iam::123456789012:role/${name}` };
    };
    const { inventory } = await take(
      world((one) => {
        one.roles.push(
          named('role-0-gone', '{"Version":"2012-10-17","Statement":[]}'),
          named('here', statement('big')),
          named('elsewhere', statement('small')),
          named('nobody', '{"Version":"2012-10-17","Statement":[]}'),
        );
      }),
    );
    expect(inventory.trustingPods?.map(({ arn }) => arn.split('/').at(-1))).toEqual(['here', 'role-0-gone']);
  });
});
