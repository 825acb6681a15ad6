import { describe, expect, type TestFunction } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { fleetSpec, type MemberRecord, type PlaceRecord } from '../../src/model/fleet.ts';
import { CLUSTER } from './journal-records.ts';

const spec = fleetSpec.parse({ regions: ['eu-west-1'], accounts: ['self', '111122223333'], migration: { waveSize: 7 } });

const place = (fleetId: string, placeId = 'self/eu-west-1'): PlaceRecord => {
  const [account = '', region = ''] = placeId.split('/');
  return { fleetId, placeId, account, region, status: 'pending', reason: '', clusters: 0 };
};
const member = (fleetId: string, clusterArn = CLUSTER): MemberRecord => ({
  fleetId,
  clusterArn,
  target: { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null },
  tagged: false,
  status: 'pending',
  reason: '',
  digest: '',
  units: null,
  wave: null,
  startedAt: {},
});

/** What the journal promises of fleets. */
export function describeFleets(suite: {
  readonly behaviour: (title: string, run: TestFunction) => void;
  readonly journal: () => Journal;
  /** A name that no other test uses. */
  readonly name: () => string;
  readonly now: () => number;
}): void {
  const { behaviour, journal, now } = suite;
  const fleetId = () => `fleet-of-${suite.name()}`;
  const created = () =>
    journal().createFleet({
      fleetId: fleetId(),
      mode: 'run',
      approval: 'none',
      expectedDigest: null,
      spec,
      startedAt: new Date(now()).toISOString(),
    });

  describe('fleets', () => {
    behaviour('gives back a fleet as it was created, and keeps it so when it is created again', async () => {
      const first = await created();
      expect(first).toEqual({
        fleetId: fleetId(),
        mode: 'run',
        approval: 'none',
        expectedDigest: null,
        spec,
        status: 'running',
        reason: '',
        halted: '',
        digest: '',
        canary: '',
        startedAt: new Date(now()).toISOString(),
        endedAt: null,
      });
      await journal().updateFleet(fleetId(), { halted: 'why' });
      expect(await created()).toEqual({ ...first, halted: 'why' });
      expect((await journal().listFleets()).filter((fleet) => fleet.fleetId === fleetId())).toHaveLength(1);
    });

    behaviour('changes the fields that are given, and no other', async () => {
      const first = await created();
      await journal().updateFleet(fleetId(), { status: 'held', reason: 'r', digest: 'd', canary: CLUSTER });
      const after = await journal().updateFleet(fleetId(), { endedAt: '2025-01-02T00:00:00.000Z' });
      expect(after).toEqual({ ...first, status: 'held', reason: 'r', digest: 'd', canary: CLUSTER, endedAt: '2025-01-02T00:00:00.000Z' });
      expect(await journal().updateFleet(fleetId(), {})).toEqual(after);
      expect(await journal().getFleet(fleetId())).toEqual(after);
    });

    behaviour('lists fleets, the newest first, and none of them as a run', async () => {
      await created();
      await journal().createFleet({
        fleetId: `${fleetId()}-older`,
        mode: 'plan',
        approval: 'required',
        expectedDigest: 'd',
        spec,
        startedAt: new Date(now() - 1000).toISOString(),
      });
      expect((await journal().listFleets()).slice(0, 2).map((fleet) => fleet.fleetId)).toEqual([fleetId(), `${fleetId()}-older`]);
      expect((await journal().listRuns()).map((run) => run.runId)).not.toContain(fleetId());
    });

    behaviour('knows no fleet of another id', async () => {
      for (const read of [
        () => journal().getFleet('none'),
        () => journal().updateFleet('none', { halted: 'x' }),
        () => journal().updateFleet('none', {}),
      ]) {
        await expect(read()).rejects.toMatchObject({ name: 'FleetNotFound' });
      }
    });

    behaviour('keeps places as they were first put, and changes them', async () => {
      await created();
      await journal().putPlaces([place(fleetId()), place(fleetId(), '111122223333/eu-west-1')]);
      const changed = await journal().updatePlace(fleetId(), 'self/eu-west-1', { status: 'refused', reason: 'why' });
      await journal().putPlaces([place(fleetId())]);
      expect(changed).toEqual({ ...place(fleetId()), status: 'refused', reason: 'why' });
      expect(await journal().listPlaces(fleetId())).toEqual([place(fleetId(), '111122223333/eu-west-1'), changed]);
      expect(await journal().getPlace(fleetId(), 'self/eu-west-1')).toEqual(changed);
    });

    behaviour('keeps clusters as they were first put, and the first start of each phase', async () => {
      await created();
      await journal().putMembers([member(fleetId())]);
      await journal().updateMember(fleetId(), CLUSTER, { status: 'planning', startedAt: { plan: 't1' } });
      const units = { pending: 2, migrated: 0, held: 1, rolledBack: 0, needsOperator: 0 };
      const after = await journal().updateMember(fleetId(), CLUSTER, { wave: 3, units, startedAt: { plan: 't2', run: 't3' } });
      expect(after).toEqual({ ...member(fleetId()), status: 'planning', wave: 3, units, startedAt: { plan: 't1', run: 't3' } });
      await journal().putMembers([member(fleetId())]);
      expect(await journal().getMember(fleetId(), CLUSTER)).toEqual(after);
      expect(await journal().listMembers(fleetId())).toEqual([after]);
    });

    behaviour('lists thousands of clusters, over all pages', async () => {
      await created();
      const arns = Array.from({ length: 1200 }, (_, index) => `${CLUSTER}-${String(index).padStart(5, '0')}-${'c'.repeat(80)}`);
      await journal().putMembers(arns.map((arn) => ({ ...member(fleetId(), arn), reason: 'r'.repeat(800) })));
      expect((await journal().listMembers(fleetId())).map((one) => one.clusterArn)).toEqual(arns);
    });

    behaviour('does not make up a place or a cluster', async () => {
      await created();
      await expect(journal().getPlace(fleetId(), 'self/x')).rejects.toMatchObject({ name: 'NotFound' });
      await expect(journal().updatePlace(fleetId(), 'self/x', { reason: 'x' })).rejects.toMatchObject({ name: 'NotFound' });
      await expect(journal().getMember(fleetId(), CLUSTER)).rejects.toMatchObject({ name: 'NotFound' });
      await expect(journal().updateMember(fleetId(), CLUSTER, { status: 'held' })).rejects.toMatchObject({ name: 'NotFound' });
      expect(await journal().listMembers(fleetId())).toEqual([]);
    });
  });
}
