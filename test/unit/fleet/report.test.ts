import { describe, expect, it } from 'vitest';
import { narrateFleet } from '../../../cli/fleet-progress.ts';
import { createTerminal } from '../../../cli/terminal.ts';
import type { MemberRecord } from '../../../src/model/fleet.ts';
import { clusterRunId } from '../../../src/model/fleet.ts';
import { fleetReport } from '../../../src/model/fleet-report.ts';
import { buildFleetReport } from '../../../src/report/fleet.ts';
import { renderFleet } from '../../../src/report/fleet-table.ts';
import { createPalette } from '../../../src/report/text.ts';
import { arn, FLEET, fakeFleet, member, spec, units } from '../fixtures/fleet-fixtures.ts';

const ended = '2026-01-05T02:03:00.000Z';
const layout = { columns: 80, palette: createPalette(false), wide: false };
const KEPT = { credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 };

async function scene(members: readonly MemberRecord[], more: Parameters<typeof fakeFleet>[0] = {}) {
  const fleet = await fakeFleet(more);
  await fleet.journal.putMembers(members);
  return fleet;
}

describe('the report of a fleet', () => {
  const members = [
    member('a', { status: 'migrated', wave: 1, units: units({ migrated: 3, held: 1 }), startedAt: { plan: 't', run: 't' } }),
    member('b', {
      status: 'rolled-back',
      reason: 'the canary went back',
      wave: 0,
      units: units({ rolledBack: 2 }),
      startedAt: { plan: 't', run: 't' },
    }),
    member('c', { status: 'held', reason: 'it could not be planned: no answer', units: null, digest: '', startedAt: { plan: 't' } }),
  ];

  it('has its clusters in the order of their waves, with their runs, and what refused', async () => {
    const { journal } = await scene(members);
    await journal.updateFleet(FLEET, { status: 'needs-operator', reason: 'why', digest: 'd', canary: arn('b'), endedAt: ended });
    const place = { fleetId: FLEET, placeId: '444455556666/eu-west-1', account: '444455556666', region: 'eu-west-1', clusters: 0 };
    await journal.putPlaces([
      { ...place, status: 'refused', reason: 'no role' },
      { ...place, placeId: 'self/eu-west-1', account: 'self', status: 'discovered', reason: '' },
    ]);
    const report = fleetReport.parse(await buildFleetReport(journal, FLEET, null));
    expect(report.fleet).toMatchObject({ id: FLEET, mode: 'run', status: 'needs-operator', digest: 'd', canary: arn('b') });
    expect(report.clusters.map(({ cluster, wave, run, planRun }) => [cluster, wave, run, planRun])).toEqual([
      [arn('b'), 0, clusterRunId(FLEET, arn('b'), 'run'), clusterRunId(FLEET, arn('b'), 'plan')],
      [arn('a'), 1, clusterRunId(FLEET, arn('a'), 'run'), clusterRunId(FLEET, arn('a'), 'plan')],
      [arn('c'), null, null, clusterRunId(FLEET, arn('c'), 'plan')],
    ]);
    expect(report.refused).toEqual([{ account: '444455556666', region: 'eu-west-1', reason: 'no role' }]);

    const text = renderFleet(report, layout);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(text).toContain('3 clusters: 1 migrated, 1 not started, 1 rolled back; 1 account and region\n  refused, in 2 h 3 min');
    expect(text).toMatch(/^b \(eu-west-1, +canary +2 rolled back +rolled back +[0-9a-z]{26}$/m);
    expect(text).toContain('refused 444455556666 in eu-west-1\n  no role');
    expect(text).toContain(`look at "podshift report ${clusterRunId(FLEET, arn('b'), 'run')}"`);
    expect(text).toContain('to roll back, cluster by cluster');
    expect(renderFleet(report, { ...layout, wide: true })).toContain('PLAN RUN');
  });

  it('shows the waves that a plan would make, and what has nothing to migrate', async () => {
    const { journal } = await scene([member('a'), member('b'), member('c', { units: units({ migrated: 4 }) })], {
      mode: 'plan',
      spec: spec({ waveSize: 1 }),
    });
    await journal.updateFleet(FLEET, { status: 'planned', digest: 'd', canary: arn('b'), endedAt: ended });
    const report = await buildFleetReport(journal, FLEET, null);
    expect(report.clusters.map(({ cluster, wave }) => [cluster, wave])).toEqual([
      [arn('b'), 0],
      [arn('a'), 1],
      [arn('c'), null],
    ]);
    const text = renderFleet(report, layout);
    expect(text).toMatch(/ canary +2 to migrate +would migrate/);
    expect(text).toMatch(/ - +4 associated +nothing to migrate/);
    expect(text).not.toContain('to roll back');
  });

  it('says that it is under way, and how to go on', async () => {
    const { journal } = await scene([
      member('a', { status: 'running', wave: 0, startedAt: { run: 't' } }),
      member('b', { status: 'held', units: units() }),
    ]);
    const text = renderFleet(await buildFleetReport(journal, FLEET, null), layout);
    expect(text).toContain('2 clusters: 1 running, 1 not started, so far');
    expect(text).toContain(`podshift fleet run --resume ${FLEET}`);
    expect(text).toMatch(/ none +not started/);
  });

  it('tells the promises of a rehearsal, and of an empty one nothing else', async () => {
    const { journal } = await scene([]);
    await journal.updateFleet(FLEET, { status: 'held', reason: 'no cluster was found', endedAt: ended });
    const text = renderFleet(await buildFleetReport(journal, FLEET, KEPT), layout);
    expect(text).toContain('0 clusters, in 2 h 3 min');
    expect(text).toContain('promises  credential gap 0 s');
    expect(text).toContain('nothing real was changed');
  });

  it('is not made up', async () => {
    const { journal } = await scene([]);
    await expect(buildFleetReport(journal, 'none', null)).rejects.toMatchObject({ name: 'FleetNotFound' });
  });
});

describe('the talk of a fleet', () => {
  it('has one line for each change', async () => {
    const { journal, runtime, pass } = await scene([member('a', { status: 'pending' }), member('b', { status: 'pending' })]);
    let text = '';
    const stream = {
      write: (part: string) => {
        text += part;
      },
    };
    const told = narrateFleet(journal, runtime.clock, createTerminal({ stdout: stream, stderr: stream }, {}, { color: false }));
    const place = { fleetId: FLEET, region: 'eu-west-1', status: 'pending' as const, reason: '', clusters: 0 };
    await told.putPlaces([
      { ...place, placeId: 'self/eu-west-1', account: 'self' },
      { ...place, placeId: 'x/eu-west-1', account: 'x' },
    ]);
    await told.updatePlace(FLEET, 'self/eu-west-1', { status: 'discovered', clusters: 2 });
    await told.updatePlace(FLEET, 'x/eu-west-1', { status: 'refused', reason: 'no role' });
    await told.updateMember(FLEET, arn('a'), { status: 'planned', units: units({ pending: 2 }) });
    await told.updateMember(FLEET, arn('a'), { wave: 0 });
    pass(61);
    await told.updateFleet(FLEET, { canary: arn('a'), digest: 'd' });
    for (let look = 0; look < 3; look += 1) await told.updateMember(FLEET, arn('a'), { status: 'running' });
    await told.updateMember(FLEET, arn('b'), { status: 'running', wave: 1 });
    await told.updateMember(FLEET, arn('a'), { status: 'rolled-back', reason: 'why' });
    await told.updateFleet(FLEET, { halted: 'too much' });
    await told.updateFleet(FLEET, { status: 'needs-operator', reason: 'halted' });
    expect(text.split('\n')).toEqual([
      '  +0:00  self in eu-west-1: 2 clusters',
      '  +0:00  x in eu-west-1: refused: no role',
      '  +0:00  a (eu-west-1): planned, 2 to migrate',
      `  +1:01  the canary is ${arn('a')}`,
      '  +1:01  a (eu-west-1): running, as the canary',
      '  +1:01  b (eu-west-1): running, in wave 2',
      '  +1:01  a (eu-west-1): rolled back: why',
      '  +1:01  halted: too much',
      `  +1:01  fleet ${FLEET}: needs an operator: halted`,
      '',
    ]);
  });
});
