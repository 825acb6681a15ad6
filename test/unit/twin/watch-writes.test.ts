import { afterEach, describe, expect, it } from 'vitest';
import { roleArn, trust } from '../../support/twin-account.ts';
import { pod } from '../../support/twin-pods.ts';
import { annotate, BOTH, CLEAN, IRSA, openWatched, restart, type Watched } from '../../support/twin-watch.ts';

describe('the watch over writes', () => {
  let opened: Watched | undefined;
  const open = async (options: Parameters<typeof openWatched>[0] = {}): Promise<Watched> => {
    opened = await openWatched(options);
    return opened;
  };
  afterEach(async () => {
    await opened?.twin.close();
    opened = undefined;
  });
  it.each<[string, (opened: Watched) => void, string]>([
    [
      'another field of a bound service account',
      ({ edit }) => edit('ServiceAccount', 'cart', (object) => ({ ...object, imagePullSecrets: [{ name: 'x' }] })),
      'ServiceAccount/shop/cart',
    ],
    [
      'another annotation of it',
      ({ edit }) => edit('ServiceAccount', 'cart', annotate({ 'eks.amazonaws.com/role-arn': roleArn('cart'), a: 'b' })),
      'ServiceAccount/shop/cart',
    ],
    [
      'a role annotation that was not there',
      ({ edit }) => edit('ServiceAccount', 'cart', annotate({ 'eks.amazonaws.com/role-arn': roleArn('mail') })),
      'ServiceAccount/shop/cart',
    ],
    [
      'a service account that is not bound',
      ({ edit }) => edit('ServiceAccount', 'other', annotate({ a: 'b' })),
      'ServiceAccount/shop/other',
    ],
    ['a restart of a workload of another service account', ({ edit }) => edit('Deployment', 'other', restart), 'Deployment/shop/other'],
    [
      'more than the restart',
      ({ edit }) => edit('Deployment', 'cart', (object) => ({ ...restart(object), metadata: { ...object.metadata, labels: { a: 'b' } } })),
      'Deployment/shop/cart',
    ],
    ['a restart of what a restart does nothing for', ({ edit }) => edit('ReplicaSet', 'cart-1', restart), 'ReplicaSet/shop/cart-1'],
    ['the removal of a workload', ({ twin }) => twin.cluster.take('Deployment', 'shop', 'cart', 'request'), 'Deployment/shop/cart'],
    [
      'a pod that is no probe',
      ({ twin }) => twin.cluster.put(pod({ name: 'x', serviceAccount: 'cart', phase: 'Pending' }), 'request'),
      'Pod/shop/x',
    ],
    [
      'the removal of a pod of another service account',
      ({ twin }) => twin.cluster.take('Pod', 'kube-system', 'agent-node-1', 'request'),
      'Pod/kube-system/agent-node-1',
    ],
    [
      'a ConfigMap',
      ({ twin }) => twin.cluster.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'shop' } }, 'request'),
      'ConfigMap/shop/x',
    ],
    [
      'the trust policy of a role that nobody is bound to',
      ({ write }) =>
        write('free', trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole', Sid: 'x' })),
      'Role/free',
    ],
    [
      'an add-on',
      ({ twin }) => twin.state.emit({ kind: 'addon', by: 'request', addonName: 'vpc-cni', before: undefined, after: undefined }),
      'Addon/vpc-cni',
    ],
  ])('counts %s', async (_what, act, object) => {
    const watched = await open();
    act(watched);
    expect(watched.watch.foreignWrites.map((one) => one.object)).toEqual([object]);
    expect(watched.watch.promises().foreignWrites).toBe(1);
  });

  it('counts none of what the cluster does by itself', async () => {
    const { watch, edit, twin } = await open();
    edit('Deployment', 'other', restart, 'system');
    twin.cluster.remove('ServiceAccount', 'shop', 'other');
    expect(watch.promises().foreignWrites).toBe(0);
  });

  it('takes annotations that go and come back as they were, and evictions of bound pods', async () => {
    const { watch, edit, twin } = await open();
    edit('ServiceAccount', 'cart', annotate({}));
    edit('ServiceAccount', 'cart', annotate({ 'eks.amazonaws.com/role-arn': roleArn('cart') }));
    twin.cluster.take('Pod', 'shop', 'cart-a', 'request');
    expect(watch.promises()).toEqual(CLEAN);
    expect(watch.compareWithBaseline()).toEqual([]);
  });

  it('takes the agent, its going again, and our own associations', async () => {
    const { twin, watch, write, associate } = await open();
    write('cart', BOTH);
    await twin.clock.advance(8_000);
    twin.state.deleteAssociation(associate('cart', 'cart'), 'request');
    twin.addons.create({ addonName: 'eks-pod-identity-agent' }, 'request');
    await twin.clock.advance(30_000);
    expect(watch.compareWithBaseline().map((line) => line.split(':')[0])).toEqual([
      'Role/cart',
      'DaemonSet/kube-system/eks-pod-identity-agent',
      'Addon',
    ]);
    twin.addons.delete('eks-pod-identity-agent', false, 'request');
    await twin.clock.advance(30_000);
    write('cart', IRSA);
    expect(watch.promises()).toEqual(CLEAN);
    expect(watch.compareWithBaseline()).toEqual([]);
  });

  it('tells of a probe pod that was left', async () => {
    const { twin, watch } = await open();
    twin.cluster.put(
      { ...pod({ name: 'probe', serviceAccount: 'cart', labels: { 'app.kubernetes.io/managed-by': 'podshift' }, phase: 'Pending' }) },
      'request',
    );
    expect(watch.compareWithBaseline()).toEqual(['Pod/shop/probe: probe pod left']);
  });
});
