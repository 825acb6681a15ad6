import { describe, expect, it } from 'vitest';
import type { Inventory, TrustWriterFact } from '../../../src/model/inventory.ts';
import { parseTrustPolicy } from '../../../src/trust/index.ts';
import { inventory, irsa, planOf, roleArn, trust, trusted, unitOf } from '../fixtures/plan-inventories.ts';

const writer = (changes: Partial<TrustWriterFact> = {}): TrustWriterFact => ({
  subject: 'Role/infra/api',
  component: 'Crossplane',
  role: roleArn('api'),
  document: 'spec.forProvider.assumeRolePolicy',
  ...changes,
});
const written = (changes: Partial<TrustWriterFact> = {}, more: Partial<Inventory> = {}) =>
  planOf(inventory({ customResources: { unread: [], webIdentity: [], trustWriters: [writer(changes)] }, ...more }));

describe('a role whose whole trust policy a controller writes', () => {
  it.each([
    ['by its ARN', {}],
    ['by its name', { role: 'api' }],
  ])('holds its units, known %s', (_, changes) => {
    const plan = written(changes);
    expect(unitOf(plan)).toMatchObject({ decision: 'hold', findings: ['PS508'] });
    expect(plan.roles).toEqual([]);
    expect(plan.findings.find(({ code }) => code === 'PS508')?.message).toContain('Crossplane writes the whole trust policy');
  });

  it('is not another role', () => {
    expect(unitOf(written({ role: roleArn('other') })).decision).toBe('migrate');
  });

  it('gives the statement to add at its source, and migrates once it is there', () => {
    const remedy = written().findings.find(({ code }) => code === 'PS508')?.remedy ?? '';
    expect(remedy).toContain('Add this statement to spec.forProvider.assumeRolePolicy of Role/infra/api');
    const statement = JSON.parse(remedy.slice(remedy.indexOf('{')));
    const text = trust(irsa, statement);
    expect(parseTrustPolicy(text).ok).toBe(true);
    const plan = written({}, { roles: trusted(text) });
    expect(unitOf(plan).decision).toBe('migrate');
    expect(plan.roles.filter(({ trustBefore, trustAfter }) => trustBefore !== trustAfter)).toEqual([]);
  });

  it.each([
    ['Kubeflow profile controller', 'Set annotateOnly: true'],
    ['iam-manager', 'Take the role out of Role/infra/api without deleting it in IAM'],
  ])('says for %s what to do', (component, expected) => {
    expect(written({ component, document: null }).findings.find(({ code }) => code === 'PS508')?.remedy).toContain(expected);
  });
});

describe('a set that an operator rolls', () => {
  it('keeps its update strategy', () => {
    const [set] = inventory().workloads;
    if (set === undefined) throw new Error('no workload');
    const plan = planOf(
      inventory({ workloads: [{ ...set, kind: 'StatefulSet', strategy: 'OnDelete', rolledBy: 'Grafana rollout-operator' }] }),
    );
    const found = plan.findings.find(({ code }) => code === 'PS314');
    expect(found?.message).toContain('Grafana rollout-operator rolls its pods itself');
    expect(found?.remedy).toMatch(/^Keep its update strategy/);
    expect(found?.remedy).not.toContain('RollingUpdate');
  });
});
