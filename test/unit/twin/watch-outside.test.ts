import { afterEach, describe, expect, it } from 'vitest';
import { trust } from '../../support/twin-account.ts';
import { annotate, BOTH, openWatched, restart, type Watched } from '../../support/twin-watch.ts';

const SOMEBODY = { Sid: 'Somebody', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };

/** What others change is the world to compare with from then on; what podshift changed before stays its own. */
describe('the watch over a world that others change', () => {
  let opened: Watched | undefined;
  afterEach(async () => {
    await opened?.twin.close();
    opened = undefined;
  });

  it('compares with what somebody else wrote last', async () => {
    opened = await openWatched();
    const { watch, edit, write } = opened;
    watch.outside(() => edit('ServiceAccount', 'cart', annotate({ a: 'b' }), 'system'));
    watch.outside(() => write('cart', trust(SOMEBODY), 'system'));
    expect(watch.compareWithBaseline()).toEqual([]);
    expect(watch.wantedTrust('cart')).toBe(trust(SOMEBODY));
    edit('ServiceAccount', 'cart', annotate({}));
    expect(watch.compareWithBaseline()).toEqual(['ServiceAccount/shop/cart: metadata.annotations.a']);
  });

  it('does not take for theirs what was changed before them', async () => {
    opened = await openWatched();
    const { watch, edit } = opened;
    edit('Deployment', 'cart', restart);
    watch.outside(() => edit('Deployment', 'cart', (object) => ({ ...object, spec: { ...object.spec, replicas: 5 } }), 'system'));
    expect(watch.compareWithBaseline()).toEqual([
      'Deployment/shop/cart: spec.template.metadata.annotations.kubectl.kubernetes.io/restartedAt',
    ]);
  });

  it('wants the document of somebody else without the statements that podshift had in it', async () => {
    opened = await openWatched();
    const { watch, write } = opened;
    const ours = { ...SOMEBODY, Sid: 'Podshift0123456789ab0' };
    watch.outside(() => write('cart', trust(SOMEBODY, ours), 'system'));
    write('cart', trust(SOMEBODY));
    expect(watch.compareWithBaseline()).toEqual([]);
    write('cart', BOTH);
    expect(watch.compareWithBaseline()).toEqual(['Role/cart: trust policy']);
  });

  it('forgets what somebody else took away', async () => {
    opened = await openWatched();
    const { watch, twin, associate, write } = opened;
    write('cart', BOTH);
    await twin.clock.advance(10_000);
    const association = associate('cart', 'cart');
    watch.outside(() => twin.state.deleteAssociation(association, 'system'));
    watch.outside(() => twin.cluster.take('Deployment', 'shop', 'other', 'system'));
    expect(watch.compareWithBaseline()).toEqual(['Role/cart: trust policy']);
  });
});
