import { describe, expect, it } from 'vitest';
import { rehearse } from '../../engine/rehearsal.ts';
import type { TwinHooks } from '../../twin/contracts.ts';
import type { Twin } from '../../twin/twin.ts';

/** Withholds what the API server asks for when a subject joins a binding, and nothing else. */
const MAY_NOT_BIND: TwinHooks = {
  beforeRequest: ({ operation }) => (/^patch (cluster)?rolebindings/.test(operation) ? { kind: 'denied', when: 'before' } : undefined),
};

describe('service accounts that are split where podshift may bind no role', () => {
  it('are held with the name of the role, before anything of theirs in the cluster is changed; what is not split is migrated', async () => {
    const rehearsal = await rehearse({
      snapshot: 'examples/press-kube2iam',
      startAt: Date.UTC(2026, 0, 5, 9),
      options: { soakSeconds: 60, injectionChecks: 3, failureThresholdPercent: 100 },
      journal: 'memory',
      hooks: MAY_NOT_BIND,
    });
    try {
      const { report, twin } = rehearsal;
      const couriers = report.units.filter(({ splitFrom }) => splitFrom === 'courier');
      expect(couriers.map(({ serviceAccount }) => serviceAccount).sort()).toEqual(['courier-32ef51', 'routes']);
      for (const { status, reason } of couriers) {
        expect(status).toBe('held');
        expect(reason).toMatch(
          /has to join ClusterRoleBinding\/press-courier-view, and podshift may not bind ClusterRole\/view: name it in the rule of infra\/cluster-access\/splitting\.yaml/,
        );
      }
      const ofCouriers = twin.requests.filter(({ write, object }) => write && /courier|routes/.test(object));
      // The wave's roles admit its service accounts ahead of them, and no longer once they are held.
      expect(ofCouriers.map(({ operation, object }) => `${operation} ${object}`)).toEqual(
        Array(2).fill('UpdateAssumeRolePolicy press-courier'),
      );
      expect(twin.watch.compareWithBaseline().filter((line) => line.includes('courier'))).toEqual([]);
      const ofDefault = report.units.filter(({ splitFrom }) => splitFrom === 'default');
      expect(new Set(ofDefault.map(({ status }) => status))).toEqual(new Set(['held']));
      for (const { reason } of ofDefault) expect(reason).toMatch(/has to join RoleBinding\/press\/default-view, and podshift may not bind/);
      const whole = report.units.filter(({ splitFrom, wave }) => splitFrom === undefined && wave !== null);
      expect(whole.map(({ serviceAccount, status }) => [serviceAccount, status])).toEqual([['binder', 'migrated']]);
      expect(report.promises).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    } finally {
      await rehearsal.close();
    }
  });
});

describe('service accounts that are split off one at the same time', () => {
  it('join a binding that another one has just changed without waiting for it: it is read and written once more at once', async () => {
    const changed = new Set<string>();
    let twin: Twin | undefined;
    const states: string[] = [];
    const rehearsal = await rehearse({
      snapshot: 'examples/press-kube2iam',
      startAt: Date.UTC(2026, 0, 5, 9),
      options: { soakSeconds: 60, injectionChecks: 3 },
      hooks: {
        // Between podshift's read and its write.
        beforeRequest: ({ operation, object }) => {
          if (!/^patch (cluster)?rolebindings$/.test(operation) || changed.has(object)) return undefined;
          changed.add(object);
          const kind = operation.includes('cluster') ? 'ClusterRoleBinding' : 'RoleBinding';
          const binding = twin?.kubernetes.objects(kind).find(({ metadata }) => object.endsWith(metadata.name));
          if (binding === undefined) throw new Error(`there is no ${object}`);
          twin?.kubernetes.apply({ ...binding, metadata: { ...binding.metadata, labels: { ...binding.metadata.labels, tier: 'moved' } } });
          return undefined;
        },
      },
      prepare: (made) => {
        twin = made;
      },
      onEvent: ({ type, state }) => {
        if (type === 'state-entered') states.push(state);
      },
    });
    try {
      expect(rehearsal.report.run.status).toBe('migrated');
      expect(changed.size).toBeGreaterThan(0);
      expect(states).toContain('SplitServiceAccount');
      expect(states).not.toContain('WaitForSplit');
    } finally {
      await rehearsal.close();
    }
  });
});
