import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { sidPrefix } from '../../../src/trust/own-statement.ts';
import { type Retirement, trustLosses } from '../../../twin/watch/trust-losses.ts';
import { ACCOUNT, CLUSTER_ARN, ISSUER, irsaStatement, podIdentityStatement, roleArn, trust } from '../../support/twin-account.ts';
import { openWatched, running, type Watched } from '../../support/twin-watch.ts';

const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}`;
const NOTHING_IS_DONE: Retirement = {
  clusterArn: CLUSTER_ARN,
  providerArn: PROVIDER,
  isSubjectDone: () => false,
  isPrincipalDone: () => false,
};
const doneWith = (...names: string[]): Retirement => ({
  ...NOTHING_IS_DONE,
  isSubjectDone: (subject) => names.includes(subject),
  isPrincipalDone: (arn) => names.includes(arn),
});

const cart = irsaStatement('shop', 'cart');
const mail = irsaStatement('shop', 'mail');
const admin = { Sid: 'Admin', Effect: 'Allow', Principal: { AWS: [roleArn('admin'), roleArn('node')] }, Action: 'sts:AssumeRole' };
const own = (index: number, ...names: string[]) => podIdentityStatement('shop', names.join(), { Sid: `${sidPrefix(CLUSTER_ARN)}${index}` });
const subject = (name: string) => `system:serviceaccount:shop:${name}`;
const subjects = (names: string | string[]) => {
  const { Condition: condition, ...rest } = cart as { Condition: { StringEquals: Record<string, unknown> } };
  return { ...rest, Condition: { StringEquals: { ...condition.StringEquals, [`${ISSUER}:sub`]: names } } };
};
const BEFORE = trust(cart, admin, mail);

describe('what a trust policy loses', () => {
  it.each<[string, string, string]>([
    ['is nothing where nothing changed', BEFORE, BEFORE],
    ['is nothing where podshift added its own statement, wherever', BEFORE, trust(own(0, 'cart'), cart, admin, own(1, 'mail'), mail)],
    [
      'is nothing where podshift changes and removes its own',
      trust(cart, own(0, 'cart'), own(1, 'x')),
      trust(cart, own(0, 'cart', 'mail')),
    ],
    [
      'is nothing where one statement becomes a list',
      JSON.stringify({ Version: '2012-10-17', Statement: cart }),
      trust(cart, own(0, 'cart')),
    ],
    ['is nothing where white space changed', BEFORE, JSON.stringify(JSON.parse(BEFORE), null, 2)],
  ])('%s', (_what, before, after) => {
    expect(trustLosses(before, after, NOTHING_IS_DONE)).toEqual([]);
  });

  it.each<[string, string, string, string[]]>([
    ['a statement that is gone', BEFORE, trust(cart, mail, own(0, 'cart')), ['removed statement Admin']],
    ['all of them', BEFORE, trust(own(0, 'cart')), ['removed statement 1', 'removed statement Admin', 'removed statement 3']],
    ['a statement that moved', BEFORE, trust(admin, cart, mail), ['moved statement Admin']],
    ['a statement that is there twice', BEFORE, trust(cart, admin, mail, admin), ['doubled statement Admin']],
    [
      'its own statement, there twice',
      trust(cart),
      trust(cart, own(0, 'cart'), own(0, 'cart')),
      [`doubled statement ${sidPrefix(CLUSTER_ARN)}0`],
    ],
    [
      'a statement with another principal',
      BEFORE,
      trust(cart, { ...admin, Principal: { AWS: roleArn('admin') } }, mail),
      ['rewrote statement Admin'],
    ],
    [
      'a statement whose list became one name',
      BEFORE,
      trust({ ...cart, Action: ['sts:AssumeRoleWithWebIdentity'] }, admin, mail),
      ['removed statement 1'],
    ],
    [
      'a statement whose members stand in another order',
      BEFORE,
      trust(cart, { Effect: 'Allow', Sid: 'Admin', Principal: admin.Principal, Action: admin.Action }, mail),
      ['rewrote statement Admin'],
    ],
    [
      'a Version that was raised',
      BEFORE.replace('2012-10-17', '2008-10-17'),
      BEFORE,
      ['changed Version from "2008-10-17" to "2012-10-17"'],
    ],
    ['a Version that was added', JSON.stringify({ Statement: [cart] }), trust(cart), ['changed Version from none to "2012-10-17"']],
    [
      'an Id that is gone',
      JSON.stringify({ Version: '2012-10-17', Id: 'x', Statement: [cart] }),
      trust(cart),
      ['changed Id from "x" to none'],
    ],
    [
      "podshift's statement of another cluster",
      trust(cart, podIdentityStatement('a', 'b', { Sid: 'Podshift0123456789ab0' })),
      trust(cart),
      ['removed statement Podshift0123456789ab0'],
    ],
    [
      'everything, where no document is left',
      BEFORE,
      'no JSON',
      ['changed Version from "2012-10-17" to none', 'removed statement 1', 'removed statement Admin', 'removed statement 3'],
    ],
  ])('is %s', (_what, before, after, expected) => {
    expect(trustLosses(before, after, NOTHING_IS_DONE)).toEqual(expected);
  });

  it('is not what the old way leaves behind, once it is done with', () => {
    const two = trust(subjects([subject('cart'), subject('mail')]), admin);
    expect(trustLosses(two, trust(subjects([subject('mail')]), admin), doneWith(subject('cart')))).toEqual([]);
    expect(trustLosses(two, trust(subjects(subject('mail')), admin), doneWith(subject('cart')))).toEqual([]);
    expect(trustLosses(two, trust(admin), doneWith(subject('cart'), subject('mail')))).toEqual([]);
    expect(
      trustLosses(
        two,
        trust(subjects([subject('cart'), subject('mail')]), { ...admin, Principal: { AWS: [roleArn('admin')] } }),
        doneWith(roleArn('node')),
      ),
    ).toEqual([]);
    expect(trustLosses(two, trust(subjects([subject('cart'), subject('mail')])), doneWith(roleArn('node'), roleArn('admin')))).toEqual([]);
  });

  it('is more than the old way leaves behind', () => {
    const two = trust(subjects([subject('cart'), subject('mail')]), admin);
    const done = doneWith(subject('cart'), roleArn('node'));
    expect(trustLosses(two, trust(admin), done)).toEqual(['removed statement 1']);
    expect(trustLosses(two, trust(subjects([subject('cart')]), admin), done)).toEqual(['removed statement 1']);
    expect(trustLosses(two, trust({ ...subjects([subject('mail')]), Action: '*' }, admin), done)).toEqual(['removed statement 1']);
    expect(
      trustLosses(two, trust(subjects([subject('cart'), subject('mail')]), { ...admin, Principal: { AWS: roleArn('node') } }), done),
    ).toEqual(['rewrote statement Admin']);
    const mixed = { ...admin, Principal: { AWS: roleArn('node'), Service: 'ec2.amazonaws.com' } };
    expect(trustLosses(trust(cart, mixed), trust(cart), done)).toEqual(['removed statement Admin']);
    expect(trustLosses(trust(cart, mixed), trust(cart, { ...mixed, Principal: { Service: 'ec2.amazonaws.com' } }), done)).toEqual([]);
  });

  it('is seen whichever statement goes, moves, doubles or changes, and whatever else is written', () => {
    const many = ['a', 'b', 'c', 'd'].map((name) => ({ ...irsaStatement('shop', name), Sid: name }));
    const kinds = fc.constantFrom('removed', 'moved', 'doubled', 'rewrote');
    fc.assert(
      fc.property(kinds, fc.nat(3), fc.integer({ min: 1, max: 3 }), fc.array(fc.nat(6), { maxLength: 3 }), (kind, at, by, ours) => {
        const after: Record<string, unknown>[] = [...many];
        const one = after[at] as Record<string, unknown>;
        if (kind === 'removed') after.splice(at, 1);
        if (kind === 'doubled') after.splice((at + by) % 5, 0, one);
        if (kind === 'rewrote') after[at] = { ...one, Action: ['sts:AssumeRoleWithWebIdentity'] };
        if (kind === 'moved') {
          after.splice(at, 1);
          after.splice((at + by) % 4, 0, one);
        }
        ours.forEach((place, index) => void after.splice(Math.min(place, after.length), 0, own(index, 'x')));
        const found = trustLosses(trust(...many), trust(...after), NOTHING_IS_DONE);
        expect(found.some((loss) => loss.startsWith(kind))).toBe(true);
      }),
    );
  });
});

describe('the watch over trust policies', () => {
  let opened: Watched | undefined;
  const open = async (options: Parameters<typeof openWatched>[0] = {}): Promise<Watched> => {
    opened = await openWatched(options);
    return opened;
  };
  afterEach(async () => {
    await opened?.twin.close();
    opened = undefined;
  });
  const reads = ({ watch }: Watched) => watch.requestBegins({ operation: 'GetRole', object: 'cart' });

  it('counts a statement that a migration loses once, and does not forget it when it is put back', async () => {
    const { watch, write } = await open({ trust: trust(cart, admin) });
    write('cart', trust(cart, own(0, 'cart')));
    write('cart', trust(cart, own(0, 'cart', 'mail')));
    expect(watch.foreignWrites).toEqual([{ object: 'Role/cart', why: 'trust policy: removed statement Admin' }]);
    write('cart', trust(cart, admin));
    expect(watch.promises().foreignWrites).toBe(1);
  });

  it('compares with what somebody else made of it', async () => {
    const watched = await open({ trust: trust(cart, admin) });
    watched.write('cart', trust(mail, cart), 'system');
    reads(watched);
    watched.write('cart', trust(mail, cart, own(0, 'cart')));
    expect(watched.watch.foreignWrites).toEqual([]);
    watched.write('cart', trust(cart, admin));
    expect(watched.watch.foreignWrites.map(({ why }) => why)).toEqual(['trust policy: removed statement 1']);
  });

  it("counts somebody else's statement that an unlucky write undid only until it is put back", async () => {
    const watched = await open();
    reads(watched);
    watched.write('cart', trust(cart, admin), 'system');
    watched.write('cart', trust(cart, own(0, 'cart')));
    expect(watched.watch.foreignWrites.map(({ why }) => why)).toEqual(['trust policy: removed statement Admin']);
    reads(watched);
    watched.write('cart', trust(cart, admin, own(0, 'cart')));
    expect(watched.watch.foreignWrites).toEqual([]);
  });

  it('lets the old way go where its pods are on the new one, and not before', async () => {
    const { watch, write, associate, twin } = await open({ trust: trust(cart, admin) });
    write('cart', trust(cart, admin, own(0, 'cart')));
    await twin.clock.advance(8_000);
    associate('cart', 'cart');
    twin.cluster.apply(running('cart-b', 'pod-identity'));
    twin.cluster.remove('Pod', 'shop', 'cart-a');
    write('cart', trust(admin, own(0, 'cart')));
    expect(watch.foreignWrites).toEqual([]);
    await opened?.twin.close();
    const early = await open({ trust: trust(cart, admin) });
    early.write('cart', trust(admin, own(0, 'cart')));
    expect(early.watch.promises().foreignWrites).toBe(1);
  });
});
