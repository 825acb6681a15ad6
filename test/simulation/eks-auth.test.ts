import { describe, expect, it } from 'vitest';
import { rehearse } from '../../engine/rehearsal.ts';
import { eksAuthFaults } from '../../twin/aws/eks-auth-faults.ts';
import { checkPromises, EXAMPLE, settingsOf } from './scenario.ts';

describe('a migration over an EKS Auth that throttles and fails', () => {
  it.each([25, 60])('in %i percent of the time proves every unit all the same, and keeps its promises', async (percent) => {
    const settings = await settingsOf(EXAMPLE);
    const rehearsal = await rehearse({ ...settings, eksAuthFaults: (token, at) => eksAuthFaults(percent, settings.startAt)?.(token, at) });
    try {
      expect(rehearsal.report.run.status).toBe('migrated');
      const { calls, failed } = rehearsal.twin.identities.agents.eksAuthCalls;
      expect(failed).toBeGreaterThan(0);
      expect(calls).toBeGreaterThan(failed);
      const migrated = rehearsal.report.units.filter(({ status }) => status === 'migrated');
      expect(migrated.length).toBeGreaterThanOrEqual(5);
      for (const { evidence } of migrated)
        expect(evidence.some(({ grade, kind, passed }) => grade === 2 && kind === 'probe-pod' && passed) || evidence.length === 0).toBe(
          true,
        );
      await checkPromises(rehearsal);
      expect(rehearsal.twin.watch.broken()).toEqual([]);
    } finally {
      await rehearsal.close();
    }
  });

  it('at all times proves nothing: every unit goes back, and no pod misses its role', async () => {
    const settings = await settingsOf(EXAMPLE);
    const options = { ...settings.options, namespaces: ['media'], proofTimeoutSeconds: 60 };
    const rehearsal = await rehearse({
      ...settings,
      options,
      eksAuthFaults: (_token, at) => (at > settings.startAt ? 'throttle' : undefined),
    });
    try {
      expect(rehearsal.report.units.map(({ status }) => status)).toEqual(['rolled-back']);
      expect(rehearsal.report.units[0]?.reason).toContain('ThrottlingException');
      await checkPromises(rehearsal);
      expect(rehearsal.twin.watch.broken()).toEqual([]);
    } finally {
      await rehearsal.close();
    }
  });
});
