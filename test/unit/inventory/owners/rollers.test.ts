import { describe, expect, it } from 'vitest';
import { ROLLERS, rollerOf } from '../../../../src/inventory/owners/rollers.ts';

describe('the operator that rolls a set', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ['a rollout group', { 'rollout-group': 'ingester' }, 'Grafana rollout-operator'],
    ['managed-by', { 'app.kubernetes.io/managed-by': 'percona-server-mongodb-operator' }, 'percona-server-mongodb-operator'],
    ['Spilo', { application: 'spilo', 'cluster-name': 'db' }, 'Zalando Postgres operator'],
    ['a common label alone', { 'cluster-name': 'db' }, undefined],
    ['Helm', { 'app.kubernetes.io/managed-by': 'Helm' }, undefined],
  ])('is known by %s', (_, labels, expected) => {
    expect(rollerOf({ name: 'x', labels })).toBe(expected);
  });

  it.each(ROLLERS)('has a source for $operator', ({ source }) => {
    expect(source).toMatch(/^https:\/\//);
  });

  it('is nobody without labels', () => {
    expect(rollerOf({ name: 'x' })).toBeUndefined();
  });
});
