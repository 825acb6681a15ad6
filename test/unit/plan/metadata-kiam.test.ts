import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../src/model/inventory.ts';
import { roleArn } from '../fixtures/plan-inventories.ts';
import { agent, asking, by, role, server, told, world } from '../fixtures/plan-metadata-worlds.ts';

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
