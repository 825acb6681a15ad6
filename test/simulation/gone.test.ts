import { describe, expect, it } from 'vitest';
import { type Rehearsal, rehearse } from '../../engine/rehearsal.ts';
import { EXAMPLE, settingsOf } from './scenario.ts';

/** Migrates one unit of the shop, and lets somebody delete an object as the unit comes to a state. */
async function without(kind: 'ServiceAccount' | 'Namespace', state: string) {
  let twin: Rehearsal['twin'] | undefined;
  let gone = false;
  const rehearsal = await rehearse({
    ...(await settingsOf(EXAMPLE)),
    options: { namespaces: ['media'], soakSeconds: 60, injectionChecks: 2, rolloutTimeoutSeconds: 120, undoTimeoutSeconds: 300 },
    prepare: (prepared) => {
      twin = prepared;
    },
    onEvent: (progress) => {
      if (gone || progress.state !== state || progress.type !== 'state-entered') return;
      gone = true;
      if (kind === 'Namespace') twin?.kubernetes.remove('Namespace', undefined, 'media');
      else twin?.kubernetes.remove('ServiceAccount', 'media', 'thumbnails');
    },
  });
  try {
    expect(gone, `the run reached ${state}`).toBe(true);
    expect(rehearsal.twin.watch.gaps).toEqual([]);
    const associations = rehearsal.twin.awsState.readAssociations().filter(({ namespace }) => namespace === 'media').length;
    const { status, reason = '' } = rehearsal.report.units.find(({ serviceAccount }) => serviceAccount === 'thumbnails') ?? {};
    return { run: rehearsal.report.run.status, unit: status, reason, associations };
  } finally {
    await rehearsal.close();
  }
}

describe('what goes away during a run', () => {
  it.each([
    ['Namespace', 'ProveCredentials'],
    ['ServiceAccount', 'ProveCredentials'],
    ['ServiceAccount', 'CheckRollout'],
  ] as const)('%s at %s: nothing is left to migrate, so its unit ends, and nothing of it stays', async (kind, state) => {
    expect(await without(kind, state)).toEqual({
      run: 'rolled-back',
      unit: 'rolled-back',
      reason: 'ServiceAccount/media/thumbnails is gone since the plan was made: nothing is left to migrate',
      associations: 0,
    });
  });

  it.each([
    ['Namespace', 'WaitForSoak'],
    ['ServiceAccount', 'RemoveAnnotations'],
  ] as const)('%s at %s: its pods were moved, so its unit is migrated', async (kind, state) => {
    expect(await without(kind, state)).toMatchObject({ run: 'migrated', unit: 'migrated' });
  });
});
