import { describe, expect, it } from 'vitest';
import { rehearse } from '../../../../engine/rehearsal.ts';
import { snapshotFromObjects } from '../../../../twin/snapshot.ts';
import { START, shopParts } from '../../../support/twin-account.ts';

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'secretstores.external-secrets.io' },
  spec: {
    group: 'external-secrets.io',
    names: { kind: 'SecretStore', plural: 'secretstores' },
    scope: 'Namespaced',
    versions: [{ name: 'v1', served: true, storage: true }],
  },
};

/** A plan of the shop with a definition; `told` is the record of a capture that read its kind. */
async function planOf(told: boolean) {
  const parts = shopParts();
  const kinds = [{ group: 'external-secrets.io', version: 'v1', kind: 'SecretStore', plural: 'secretstores', outcome: 'read' }];
  const snapshot = snapshotFromObjects({
    ...parts,
    objects: [...parts.objects, definition],
    ...(told ? { capture: { kinds } } : {}),
  });
  const { report, failure, close } = await rehearse({ snapshot, startAt: START, mode: 'plan', journal: 'memory' });
  await close();
  expect(failure).toBeNull();
  return { digest: report.run.digest, told: report.findings.filter(({ message }) => message.includes('secretstores.external-secrets.io')) };
}

describe('what a capture was told', () => {
  const kind = (outcome: string) => ({ group: 'external-secrets.io', version: 'v1', kind: 'SecretStore', plural: 'secretstores', outcome });
  const read = (capture: object) => snapshotFromObjects({ ...shopParts(), capture });

  it('is no gap where the cluster serves no such kind, and no kind of the twin', () => {
    const snapshot = read({ kinds: [kind('absent')] });
    expect(snapshot.kinds).toEqual([]);
    expect(snapshot.unknownKinds).toEqual([]);
    expect(snapshot.gaps.filter(({ what }) => what.includes('SecretStore'))).toEqual([]);
  });

  it('is unknown where it was denied, and where its server did not answer', () => {
    const snapshot = read({ kinds: [kind('denied')], unanswered: ['metrics.example.com'] });
    expect(snapshot.unknownKinds).toEqual(['SecretStore.external-secrets.io']);
    const gaps = snapshot.gaps.map(({ what, why }) => `${what}: ${why}`);
    expect(gaps).toContain('SecretStore.external-secrets.io: reading it was denied');
    expect(gaps).toContain('*.metrics.example.com: the server of this group did not answer');
  });
});

describe('a custom kind whose objects a snapshot does not hold', () => {
  it('is said not to have been looked at, by the plan too; one that was read and is empty is not', async () => {
    const unknown = await planOf(false);
    expect(unknown.told).toHaveLength(1);
    expect(unknown.told[0]?.message).toMatch(/secretstores\.external-secrets\.io/);
    expect((await planOf(true)).told).toEqual([]);
  });

  it('decides nothing by itself: the digest is the same', async () => {
    expect((await planOf(false)).digest).toBe((await planOf(true)).digest);
  });
});
