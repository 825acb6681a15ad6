import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../../src/model/findings.ts';
import type { WorkloadFacts } from '../../../src/model/inventory.ts';
import type { MetadataInventory } from '../../../src/model/metadata.ts';
import type { MigrationOptions } from '../../../src/model/options.ts';
import { interceptsPods } from '../../../src/plan/metadata/system.ts';
import { ACCOUNT, addon, association, inventory, planOf, roleArn, trust, unitOf, workload } from '../fixtures/plan-inventories.ts';
import { asking, KEY, kube2iam, role, world } from '../fixtures/plan-metadata-worlds.ts';

describe('what is told besides', () => {
  it.each<[string, WorkloadFacts, FindingCode[]]>([
    ['an empty annotation', asking('shop/b', ''), ['PS717']],
    ['the default role', asking('shop/b', undefined), ['PS718']],
    ['a workload of which nothing is known', workload('shop/b', { serviceAccount: 'api' }), []],
  ])('%s', (_, other, codes) => {
    const plan = planOf(world([asking('shop/a', 'reader'), other], { daemons: [kube2iam({ defaultRole: 'writer' })] }));
    expect(plan.findings.filter(({ subject }) => subject === 'Deployment/shop/b').map(({ code }) => code)).toEqual(codes);
  });

  it('IRSA outranks the annotation', () => {
    const facts = world([asking('shop/a', 'writer')]);
    const plan = planOf({ ...inventory(), metadata: facts.metadata as MetadataInventory, workloads: facts.workloads });
    expect([unitOf(plan).mechanism, unitOf(plan).findings]).toEqual(['irsa', ['PS719']]);
  });

  it('an add-on decides for its own service account', () => {
    const { metadata, workloads } = world([asking('shop/a', 'reader')]);
    const facts = { ...inventory(), metadata: metadata as MetadataInventory, workloads };
    const serviceAccounts = facts.serviceAccounts.map((one) => ({ ...one, addon: 'x' }));
    const unit = unitOf(planOf({ ...facts, serviceAccounts, addons: [addon('x', { podIdentity: ['api'] })] }));
    expect([unit.mechanism, unit.decision, unit.findings]).toEqual(['addon', 'migrate', ['PS614']]);
  });

  it('a finished migration is known by its association', () => {
    const admitted = { 'aws:SourceAccount': ACCOUNT, 'aws:RequestTag/kubernetes-service-account': 'api' };
    const trusted = trust({
      Effect: 'Allow',
      Principal: { Service: 'pods.eks.amazonaws.com' },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      Condition: { StringEquals: admitted },
    });
    const facts = world(
      [asking('shop/a', undefined)],
      {},
      {
        roles: [role('reader', trusted)],
        associations: [association('shop/api', { roleArn: roleArn('reader'), mechanism: 'kube2iam', podshiftRun: 'r' })],
      },
    );
    const unit = unitOf(planOf(facts));
    expect([unit.mechanism, unit.decision]).toEqual(['kube2iam', 'already-associated']);
  });

  it.each<[string, Partial<WorkloadFacts>, Partial<MigrationOptions>, Record<string, string>, FindingCode[]]>([
    ['goes by a second restart', {}, {}, { [KEY]: 'reader' }, ['PS721']],
    ['goes with the first, where that is asked for', {}, { foldAnnotationRemoval: true }, { [KEY]: 'reader' }, []],
    ['stays where that is asked for', {}, { keepAnnotations: true }, {}, ['PS502']],
    ['stays where Helm owns the workload', { owners: [{ kind: 'helm', name: 'r' }] }, {}, {}, ['PS720']],
    ['stays where pods are evicted', { strategy: 'OnDelete', kind: 'StatefulSet' }, { allowPodDeletion: true }, {}, ['PS321', 'PS720']],
  ])('the annotation %s', (_, changes, options, annotations, codes) => {
    const unit = unitOf(planOf(world([asking('shop/a', 'reader', changes)]), options));
    expect(Object.assign({}, ...(unit.metadata?.templates ?? []).map((template) => template.annotations))).toEqual(annotations);
    expect(unit.findings).toEqual(codes);
  });

  it.each<[string, boolean]>([
    ['eni+', true],
    ['!eth0', true],
    ['!eni+', false],
    ['+', true],
    ['cali+', true],
    ['lxc+', true],
    ['docker0', false],
    ['eth0', false],
    ['! eth0', true],
  ])('a rule for %s is for pods: %s', (pattern, expected) => {
    expect(interceptsPods(pattern)).toBe(expected);
  });
});
