import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MigrationOptions, migrationOptions } from '../../../src/model/options.ts';
import { decisionDifferences, decisionsDigest, isDigestOf, planDifferences, planDigest } from '../../../src/plan/digest.ts';
import { plan as planOf, role, roleArn, unit } from '../fixtures/report-fixtures.ts';

/** A value of each option that is not its default. */
const OTHER = {
  sequentialWaves: true,
  namespaces: ['quay'],
  serviceAccounts: ['quay/gates'],
  annotationPrefix: 'example.com',
  keepAnnotations: true,
  foldAnnotationRemoval: true,
  allowClusterScope: true,
  allowPodDeletion: true,
  allowAgentPreemption: true,
  accept: ['PS305:quay/gates'],
  holdDowntime: true,
  installAgent: false,
  retireOldTrust: true,
  retireDaemon: 'kiam',
  retireOnly: true,
  retireImage: 'example.com/iptables:1',
  probeImage: 'example.com/aws-cli:1',
  onWaveFailure: 'rollback',
} as const satisfies Partial<MigrationOptions>;

describe('the digest of a plan', () => {
  const defaults = migrationOptions.parse({});

  it.each(Object.keys(defaults) as (keyof MigrationOptions)[])('changes with the option %s: an approval binds what is done', (name) => {
    const value = defaults[name];
    const other =
      typeof value === 'number' ? value + 1 : name === 'knownSoftware' ? [{ image: 'example.com/app' }] : OTHER[name as keyof typeof OTHER];
    expect(other).toBeDefined();
    const changed = planOf({ options: { ...defaults, [name]: other } as MigrationOptions });
    expect(planDigest(changed)).not.toBe(planDigest(planOf()));
    expect(planDifferences(planOf(), changed)).toEqual([`Options: ${name}`]);
  });

  it('is named whole, or by its first 12 digits or more', () => {
    const digest = planDigest(planOf());
    for (const length of [12, 13, 63, 64]) expect(isDigestOf(digest.slice(0, length), digest)).toBe(true);
    for (const given of [digest.slice(0, 11), '', digest.slice(1, 20), `${digest}0`, 'f'.repeat(64)])
      expect(isDigestOf(given, digest)).toBe(false);
  });
});

describe('what differs between two plans', () => {
  const before = planOf();

  it('is nothing where they decide the same, in whatever order', () => {
    expect(planDifferences(before, { ...before, madeAt: 'later', units: [...before.units].reverse(), findings: [] })).toEqual([]);
  });

  it('is named by object and field', () => {
    const [first, ...rest] = before.units;
    if (first === undefined) throw new TypeError('no unit');
    const changed = {
      ...before,
      agent: { ...before.agent, addonVersion: 'v2' },
      units: [
        { ...first, roleArn: roleArn('other'), before: { ...first.before, annotations: { a: 'b' } } },
        ...rest.slice(1),
        unit('dock/new'),
      ],
      roles: [...before.roles, role('dock/new')],
    };
    const gone = rest[0]?.id;
    expect(planDifferences(before, changed)).toEqual([
      'Agent: addonVersion',
      `Role/${roleArn('pier-new')}: is new`,
      'ServiceAccount/dock/new: is new',
      `ServiceAccount/${gone}: is gone`,
      `ServiceAccount/${first.id}: before.annotations`,
      `ServiceAccount/${first.id}: roleArn`,
    ]);
  });

  it('has both values of a field, null where it has none, and tells an absent one from one that is null', () => {
    const between = (left: object, right: object) => decisionDifferences({ a: { ...left } }, { a: { ...right } });
    expect(between({ x: 1 }, {})).toEqual([{ subject: 'a', kind: 'changed', field: 'x', before: 1, after: null }]);
    expect(between({}, { x: 1 })).toEqual([{ subject: 'a', kind: 'changed', field: 'x', before: null, after: 1 }]);
    expect(between({}, { x: null })).toHaveLength(1);
    expect(between({ x: { y: [1], z: 2 } }, { x: { y: [2], z: 2 } })).toEqual([
      { subject: 'a', kind: 'changed', field: 'x.y', before: [1], after: [2] },
    ]);
  });

  it('leaves out what JSON leaves out, so that a plan that was kept has the digest that it had', () => {
    const decisions = { a: { x: undefined, y: { z: undefined, list: [1] } } };
    expect(decisionsDigest(JSON.parse(JSON.stringify(decisions)))).toBe(decisionsDigest(decisions));
  });

  it('is empty exactly where the digests are alike', () => {
    const waves = fc.option(fc.nat(3), { nil: null });
    const units = fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c'), wave: waves, version: fc.constantFrom('1', '2') }), {
      selector: ({ name }) => name,
    });
    const plans = units.map((list) =>
      planOf({
        units: list.map(({ name, wave, version }) =>
          unit(`quay/${name}`, { wave, before: { uid: 'u', resourceVersion: version, annotations: {}, associationId: null } }),
        ),
      }),
    );
    fc.assert(
      fc.property(plans, plans, (one, other) => {
        expect(planDifferences(one, other).length === 0).toBe(planDigest(one) === planDigest(other));
      }),
    );
  });
});
