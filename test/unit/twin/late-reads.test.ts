import { expect, it } from 'vitest';
import { createVirtualClock } from '../../../twin/clock.ts';
import { snapshotFromObjects } from '../../../twin/snapshot.ts';
import { createTwin } from '../../../twin/twin.ts';
import { irsaStatement, podIdentityStatement, roleArn, START, shopParts, trust } from '../../support/twin-account.ts';

const BOTH = trust(irsaStatement('shop', 'cart'), podIdentityStatement('shop', 'cart'));

function open(readsLate: (service: 'iam' | 'eks') => number) {
  const clock = createVirtualClock(START);
  return { clock, twin: createTwin({ snapshot: snapshotFromObjects(shopParts()), clock, readsLate }) };
}

it('reads a trust policy late where IAM does, and tells STS and EKS in its own time', async () => {
  const { clock, twin } = open((service) => (service === 'iam' ? 20_000 : 0));
  const role = twin.awsState.role('cart');
  if (role === undefined) throw new Error('the shop has a role cart');
  twin.awsState.writeTrust(role, BOTH, 'system');
  expect(twin.awsState.storedTrust(role).text).toBe(BOTH);
  await clock.advance(10_000);
  expect([twin.awsState.visibleTrust(role).text === BOTH, twin.awsState.readTrust(role).text === BOTH]).toEqual([true, false]);
  await clock.advance(10_000);
  expect(twin.awsState.readTrust(role).text).toBe(BOTH);
});

it('lists associations late where EKS does: those that came, and those that went', async () => {
  const { clock, twin } = open((service) => (service === 'eks' ? 15_000 : 0));
  const role = twin.awsState.role('cart');
  if (role === undefined) throw new Error('the shop has a role cart');
  twin.awsState.writeTrust(role, BOTH, 'system');
  await clock.advance(10_000);
  const one = twin.awsState.createAssociation({ namespace: 'shop', serviceAccount: 'cart', roleArn: roleArn('cart') }, 'system');
  const seen = () => twin.awsState.readAssociations().length;
  expect(seen()).toBe(0);
  await clock.advance(15_000);
  expect(seen()).toBe(1);
  twin.awsState.deleteAssociation(one, 'system');
  expect([twin.awsState.associations.size, seen()]).toEqual([0, 1]);
  await clock.advance(15_000);
  expect(seen()).toBe(0);
});

it('knows a deleted role until that has spread, and a new one of its name from then on', async () => {
  const { clock, twin } = open(() => 0);
  const role = twin.awsState.role('cart');
  if (role === undefined) throw new Error('the shop has a role cart');
  twin.awsState.deleteRole(role, 'system');
  expect([twin.awsState.role('cart'), twin.awsState.roleByArn(role.arn)]).toEqual([undefined, role]);
  await clock.advance(8_000);
  expect(twin.awsState.roleByArn(role.arn)).toBeUndefined();
  const made = twin.awsState.createRole('cart', BOTH, [], 'system');
  expect(twin.awsState.roleByArn(role.arn)).toBe(made);
  expect(made.description.RoleId).not.toBe(role.description.RoleId);
});

it('takes a read for one only where it showed what somebody wrote: what a late one did not show was overwritten by bad luck', async () => {
  const { clock, twin } = open((service) => (service === 'iam' ? 20_000 : 0));
  const role = twin.awsState.role('cart');
  if (role === undefined) throw new Error('the shop has a role cart');
  const admin = { Sid: 'Admin', Effect: 'Allow', Principal: { AWS: roleArn('node') }, Action: 'sts:AssumeRole' };
  const theirs = trust(irsaStatement('shop', 'cart'), admin);
  const read = () => twin.watch.requestBegins({ operation: 'GetRole', object: 'cart' });
  const losses = () => twin.watch.foreignWrites.map(({ why }) => why);
  twin.awsState.writeTrust(role, theirs, 'system');
  await clock.advance(10_000);
  read();
  twin.awsState.writeTrust(role, BOTH, 'request');
  expect(losses()).toEqual(['trust policy: removed statement Admin']);
  twin.awsState.writeTrust(role, theirs, 'request');
  expect(losses()).toEqual([]);
  twin.awsState.writeTrust(role, theirs, 'system');
  await clock.advance(20_000);
  read();
  twin.awsState.writeTrust(role, BOTH, 'request');
  twin.awsState.writeTrust(role, theirs, 'request');
  expect(losses()).toEqual(['trust policy: removed statement Admin']);
});
