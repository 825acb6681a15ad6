import { describe, expect, it } from 'vitest';
import { rehearse } from '../../engine/rehearsal.ts';
import type { MigrationOptions } from '../../src/model/options.ts';

const CASES: readonly [string, string, Partial<MigrationOptions>, Record<string, string>][] = [
  [
    'kube2iam, with the annotations gone at the first restart',
    'examples/press-kube2iam',
    { foldAnnotationRemoval: true },
    {
      'press/auditor': 'held',
      'press/binder': 'migrated',
      'press/closed': 'held',
      'press/courier-32ef51 from courier': 'migrated',
      'press/export': 'held',
      'press/partner': 'held',
      'press/proofreader from default': 'migrated',
      'press/routes from courier': 'migrated',
      'press/scale': 'held',
      'press/stocktake from default': 'migrated',
      'press/typesetter from default': 'migrated',
    },
  ],
  [
    'kiam 3, which permits by the annotation as it is',
    'examples/press-kiam-3',
    {},
    {
      'archive/archiver': 'migrated',
      'broken/broken': 'held',
      'press/binder': 'migrated',
      'press/named': 'held',
      'press/typesetter from default': 'migrated',
    },
  ],
  [
    'kiam 4, which permits by the resolved ARN',
    'examples/press-kiam-4',
    {},
    {
      'archive/archiver': 'held',
      'broken/broken': 'held',
      'press/binder': 'migrated',
      'press/named': 'held',
      'press/typesetter from default': 'migrated',
    },
  ],
];

describe('a migration from a daemon', () => {
  it.each(CASES)('%s: every unit ends as its pods had it, and all goes back', async (_, snapshot, options, expected) => {
    const rehearsal = await rehearse({
      snapshot,
      startAt: Date.UTC(2026, 0, 5, 9),
      options: { soakSeconds: 60, injectionChecks: 3, ...options },
      journal: 'memory',
    });
    try {
      const { report, twin } = rehearsal;
      const ends = report.units.map(({ namespace, serviceAccount, splitFrom, status }) => [
        `${namespace}/${serviceAccount}${splitFrom === undefined ? '' : ` from ${splitFrom}`}`,
        status,
      ]);
      expect(Object.fromEntries(ends)).toEqual(expected);
      // A pod template that is served no more asks for nothing; those of held units still do.
      for (const unit of report.units.filter(({ status }) => status === 'migrated'))
        for (const { kind, name } of unit.workloads) {
          const object = twin.kubernetes.object(kind, unit.namespace, name);
          if (object === undefined) throw new Error(`${kind} ${name} is gone`);
          const { metadata, spec } = kind === 'CronJob' ? object.spec.jobTemplate.spec.template : object.spec.template;
          expect(Object.keys(metadata?.annotations ?? {}).filter((key) => /role$/.test(key))).toEqual([]);
          expect([spec.serviceAccountName, spec.serviceAccount]).toEqual([unit.serviceAccount, unit.serviceAccount]);
        }
      const before = twin.requests.length;
      await rehearsal.rerun();
      expect(twin.requests.slice(before).filter(({ write }) => write)).toEqual([]);
      const back = await rehearsal.rollback();
      expect(back.report.run.status).toBe('rolled-back');
      expect(twin.watch.compareWithBaseline()).toEqual([]);
      expect(twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    } finally {
      await rehearsal.close();
    }
  });
});
