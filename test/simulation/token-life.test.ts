import { describe, expect, it } from 'vitest';
import { type Rehearsal, rehearse } from '../../engine/rehearsal.ts';
import type { TwinHooks } from '../../twin/contracts.ts';
import { EXAMPLE, settingsOf } from './scenario.ts';

/** A run over two units of the shop, one of whose service accounts asks for tokens of ten minutes. */
async function migrated(options: object, hooks: TwinHooks = {}): Promise<Rehearsal> {
  return rehearse({
    ...(await settingsOf(EXAMPLE)),
    options: { serviceAccounts: ['shop/storefront', 'shop/covers'], injectionChecks: 2, ...options },
    hooks,
    prepare: (twin) => {
      const account = twin.kubernetes.object('ServiceAccount', 'shop', 'storefront');
      if (account === undefined) throw new Error('no such service account');
      const annotations = { ...account.metadata.annotations, 'eks.amazonaws.com/token-expiration': '600' };
      twin.kubernetes.apply({ ...account, metadata: { ...account.metadata, annotations } });
    },
  });
}

/** Rolls the run back and tells the gaps of its pods. */
async function gapsOf(rehearsal: Rehearsal) {
  const { report } = await rehearsal.rollback();
  expect(report.run.status).toBe('rolled-back');
  const prepared = /^ServiceAccount\/shop\/storefront: metadata.annotations.eks.amazonaws.com\/token-expiration$/;
  expect(rehearsal.twin.watch.compareWithBaseline().filter((difference) => !prepared.test(difference))).toEqual([]);
  return rehearsal.twin.watch.gaps;
}

describe('a rollback under pods that will ask their agent anew', () => {
  it.each([900, 1300])('takes no credentials from pods with tokens of ten minutes, %i s after their restart', async (soakSeconds) => {
    const rehearsal = await migrated({ soakSeconds });
    try {
      expect(rehearsal.report.run.status).toBe('migrated');
      expect(await gapsOf(rehearsal)).toEqual([]);
    } finally {
      await rehearsal.close();
    }
  });

  it('takes none from pods whose agent is about to renew what it holds, three hours after their restart', async () => {
    const rehearsal = await migrated({ soakSeconds: 60 });
    try {
      const begun = rehearsal.clock.now();
      // Just ahead of the time at which an agent asks EKS Auth anew for the second unit's pods.
      await rehearsal.clock.engine.pause(3 * 3_600_000 - 90_000);
      expect(rehearsal.clock.now() - begun).toBe(3 * 3_600_000 - 90_000);
      expect(await gapsOf(rehearsal)).toEqual([]);
    } finally {
      await rehearsal.close();
    }
  });

  it('takes none where the API server throttles the rollback for an hour once the association is gone', async () => {
    let since: number | undefined;
    const rehearsal = await migrated(
      { soakSeconds: 60, serviceAccounts: ['shop/covers'] },
      {
        beforeRequest: ({ service, operation, at }) => {
          if (operation === 'DeletePodIdentityAssociation') since ??= at;
          const isHeld = since !== undefined && at - since < 3_600_000 && service === 'kubernetes';
          return isHeld ? { kind: 'throttle', when: 'before' } : undefined;
        },
      },
    );
    try {
      await rehearsal.clock.engine.pause(2 * 3_600_000);
      expect(await gapsOf(rehearsal)).toEqual([]);
    } finally {
      await rehearsal.close();
    }
  });
});
