import { afterEach, describe, expect, it } from 'vitest';
import { podIdentityStatement, roleArn, trust } from '../../support/twin-account.ts';
import { agentPod, pod } from '../../support/twin-pods.ts';
import { annotate, BOTH, CLEAN, openWatched, restart, running, type Watched } from '../../support/twin-watch.ts';

describe('the watch over continuity', () => {
  let opened: Watched | undefined;
  const open = async (options: Parameters<typeof openWatched>[0] = {}): Promise<Watched> => {
    opened = await openWatched(options);
    return opened;
  };
  afterEach(async () => {
    await opened?.twin.close();
    opened = undefined;
  });
  it('has nothing to say of a right migration', async () => {
    const { twin, watch, write, associate, edit } = await open();
    write('cart', BOTH);
    await twin.clock.advance(8_000);
    associate('cart', 'cart');
    await twin.clock.advance(6_000);
    const probe = {
      ...running('probe', 'pod-identity'),
      metadata: { ...pod({ name: 'probe', serviceAccount: 'cart' }).metadata, labels: { 'app.kubernetes.io/managed-by': 'podshift' } },
    };
    twin.cluster.put(probe, 'request');
    twin.cluster.take('Pod', 'shop', 'probe', 'request');
    edit('Deployment', 'cart', restart);
    twin.cluster.apply(running('cart-b', 'pod-identity'));
    await twin.clock.advance(5_000);
    twin.cluster.remove('Pod', 'shop', 'cart-a');
    edit('ServiceAccount', 'cart', annotate({}));
    await twin.clock.advance(3_600_000);
    expect(watch.promises()).toEqual(CLEAN);
    expect(watch.broken()).toEqual([]);
    expect(watch.compareWithBaseline().map((line) => line.split(':')[0])).toEqual([
      'Role/cart',
      'ServiceAccount/shop/cart',
      'Deployment/shop/cart',
      'Association',
    ]);
  });

  it('counts the seconds in which a running pod cannot obtain its role', async () => {
    const { twin, watch, write } = await open();
    write('cart', trust(podIdentityStatement('shop', 'cart')));
    await twin.clock.advance(10_000);
    expect(watch.promises().credentialGapSeconds).toBe(2);
    write('cart', BOTH);
    await twin.clock.advance(60_000);
    expect(watch.promises().credentialGapSeconds).toBe(10);
    expect(watch.gaps).toMatchObject([
      { pod: 'shop/cart-a', container: 'app', roleArn: roleArn('cart'), reason: expect.stringContaining('AccessDenied') },
    ]);
    expect(watch.broken()).toEqual([
      expect.stringMatching(
        /^continuity: container app of pod shop\/cart-a could not get role arn:aws:iam::111122223333:role\/cart for 10 s from 2026-03-02T09:00:08Z on: .*AccessDenied/,
      ),
      'nothing else touched: Role/cart: trust policy: removed statement 1',
    ]);
  });

  it('counts a new pod that comes up with the wrong identity, not one that is starting', async () => {
    const { twin, watch } = await open();
    twin.cluster.apply({ ...running('cart-b', 'none'), status: { phase: 'Pending' } });
    await twin.clock.advance(30_000);
    expect(watch.promises().credentialGapSeconds).toBe(0);
    twin.cluster.apply(running('cart-b', 'none'));
    await twin.clock.advance(4_000);
    twin.cluster.remove('Pod', 'shop', 'cart-b');
    await twin.clock.advance(4_000);
    expect(watch.promises().credentialGapSeconds).toBe(4);
    expect(watch.gaps[0]?.reason).toContain('by instance-metadata');
  });

  it('counts a pod by Pod Identity from the moment the cache runs out, after its association is gone', async () => {
    const { twin, watch, write, associate } = await open();
    write('cart', BOTH);
    await twin.clock.advance(8_000);
    const association = associate('cart', 'cart');
    twin.cluster.apply(running('cart-b', 'pod-identity'));
    twin.cluster.remove('Pod', 'shop', 'cart-a');
    await twin.clock.advance(1_000);
    twin.state.deleteAssociation(association, 'request');
    await twin.clock.advance(3 * 3_600_000 - 1_000);
    expect(watch.promises().credentialGapSeconds).toBe(0);
    // The sweep that renews, and finds no association, comes within the next minute.
    await twin.clock.advance(67_000);
    expect(watch.gaps).toMatchObject([{ pod: 'shop/cart-b', reason: expect.stringContaining('(ResourceNotFoundException)') }]);
    expect(watch.promises().credentialGapSeconds).toBeGreaterThanOrEqual(7);
    expect(watch.promises().credentialGapSeconds).toBeLessThanOrEqual(67);
  });

  it('counts a pod with a short token from its next rotation, minutes after its association is gone', async () => {
    const { twin, watch, write, associate } = await open();
    write('cart', BOTH);
    await twin.clock.advance(8_000);
    const association = associate('cart', 'cart');
    twin.cluster.apply(running('cart-b', 'pod-identity', 'cart', { expirationSeconds: 600 }));
    twin.cluster.remove('Pod', 'shop', 'cart-a');
    await twin.clock.advance(52_000);
    twin.state.deleteAssociation(association, 'request');
    // Four fifths of ten minutes after the pod's start.
    await twin.clock.advance(420_000 - 1);
    expect(watch.promises().credentialGapSeconds).toBe(0);
    await twin.clock.advance(9_001);
    expect(watch.promises().credentialGapSeconds).toBe(9);
  });

  it('does not count what EKS Auth fails by itself, and counts what it answers once it does not', async () => {
    let failing = false;
    const { twin, watch, write, associate } = await open({ eksAuthFaults: () => (failing ? 'throttle' : undefined) });
    write('cart', BOTH);
    await twin.clock.advance(8_000);
    const association = associate('cart', 'cart');
    failing = true;
    twin.cluster.apply(running('cart-b', 'pod-identity'));
    twin.cluster.remove('Pod', 'shop', 'cart-a');
    await twin.clock.advance(60_000);
    expect(watch.promises().credentialGapSeconds).toBe(0);
    twin.state.deleteAssociation(association, 'request');
    failing = false;
    await twin.clock.advance(30_000);
    expect(watch.promises().credentialGapSeconds).toBeGreaterThanOrEqual(20);
  });

  it('counts pods whose agent goes away before they have credentials, and ends with its return', async () => {
    const { twin, watch, write, associate } = await open();
    write('cart', BOTH);
    await twin.clock.advance(8_000);
    associate('cart', 'cart');
    twin.cluster.apply(agentPod('node-1', false));
    twin.cluster.apply(running('cart-b', 'pod-identity'));
    await twin.clock.advance(3_000);
    twin.cluster.apply(agentPod('node-1'));
    await twin.clock.advance(3_000);
    expect(watch.promises().credentialGapSeconds).toBe(3);
  });

  it('does not hold a pod to what no pod of its workload had', async () => {
    const { twin, watch } = await open({ pods: [running('other-a', 'none', 'other'), running('cart-a', 'irsa')] });
    twin.cluster.apply(running('other-b', 'none', 'other'));
    await twin.clock.advance(60_000);
    expect(watch.promises()).toEqual(CLEAN);
  });
});
