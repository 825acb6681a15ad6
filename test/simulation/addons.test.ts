import { describe, expect, it } from 'vitest';
import { rehearse } from '../../engine/rehearsal.ts';
import { checkPromises, checkSecondRun, SNAPSHOTS, settingsOf } from './scenario.ts';

describe.each(SNAPSHOTS)('add-ons of %s', (folder) => {
  const addonUnits = (report: {
    units: readonly { mechanism: string; serviceAccount: string; status: string; wave: number | null; reason: string }[];
  }) => report.units.filter(({ mechanism, wave }) => mechanism === 'addon' && wave !== null);

  it('migrate through one UpdateAddon each, after all others, vpc-cni last of all', async () => {
    const rehearsal = await rehearse(await settingsOf(folder));
    try {
      const units = addonUnits(rehearsal.report);
      expect(units.length).toBeGreaterThan(1);
      expect(units.map(({ status }) => status)).toEqual(units.map(() => 'migrated'));
      const updates = rehearsal.twin.requests.filter(({ operation }) => operation === 'UpdateAddon').map(({ object }) => object);
      expect(updates).toEqual([...new Set(updates)]);
      if (updates.includes('vpc-cni')) expect(updates.at(-1)).toBe('vpc-cni');
      const others = rehearsal.report.units.filter(({ mechanism, namespace }) => mechanism === 'irsa' && namespace !== 'kube-system');
      for (const unit of units) expect(unit.wave).toBeGreaterThan(Math.max(...others.map(({ wave }) => wave ?? 0)));
      await checkPromises(rehearsal);
      await checkSecondRun(rehearsal);
    } finally {
      await rehearsal.close();
    }
  });

  it('are as they were after a rollback', async () => {
    const rehearsal = await rehearse(await settingsOf(folder));
    try {
      const back = await rehearsal.rollback();
      expect(back.report.run.status).toBe('rolled-back');
      expect(rehearsal.twin.watch.compareWithBaseline()).toEqual([]);
      await checkPromises({ ...rehearsal, report: back.report });
    } finally {
      await rehearsal.close();
    }
  });

  it('go back together, and leave nothing behind, where EKS fails half way', async () => {
    let failing = '';
    const rehearsal = await rehearse({
      ...(await settingsOf(folder)),
      prepare: (twin) => {
        failing =
          twin.addons
            .names()
            .find((name) => twin.addons.get(name).serviceAccountRoleArn !== undefined && name !== 'aws-mountpoint-s3-csi-driver') ?? '';
        twin.updates.failNext(failing);
      },
    });
    try {
      const units = addonUnits(rehearsal.report).filter(({ reason }) => reason !== '');
      expect(failing).not.toBe('');
      expect(units.length).toBeGreaterThan(0);
      // A halted run holds the waves that had not begun.
      expect(['rolled-back', 'held']).toEqual(expect.arrayContaining(units.map(({ status }) => status)));
      expect(units.some(({ status }) => status === 'rolled-back')).toBe(true);
      expect(units.some(({ status }) => status === 'migrated')).toBe(false);
      expect(units.some(({ reason }) => reason.includes('AdmissionRequestDenied'))).toBe(true);
      const addon = rehearsal.twin.addons.get(failing);
      expect(addon).toMatchObject({ status: 'ACTIVE', podIdentityAssociations: [], serviceAccountRoleArn: expect.any(String) });
      await checkPromises(rehearsal);
      const back = await rehearsal.rollback();
      expect(back.report.run.status).toBe('rolled-back');
      expect(rehearsal.twin.watch.compareWithBaseline()).toEqual([]);
    } finally {
      await rehearsal.close();
    }
  });
});
