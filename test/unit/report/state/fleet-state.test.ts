import { describe, expect, it } from 'vitest';
import { clusterRunId, type FleetRecord, fleetSpec, type MemberRecord } from '../../../../src/model/fleet.ts';
import { type FleetReport, fleetReport } from '../../../../src/model/fleet-report.ts';
import { type RunState, runState } from '../../../../src/model/run-state.ts';
import { type CommandText, PLAINLY } from '../../../../src/report/commands.ts';
import { renderFleet } from '../../../../src/report/fleet-table.ts';
import { clusterState, fleetState } from '../../../../src/report/state/fleet-state.ts';
import { byAttention } from '../../../../src/report/state/run-state.ts';
import { createPalette } from '../../../../src/report/text.ts';

const withJournal: CommandText = (...words) => {
  const last = words.at(-1) === '--approve' ? ['--approve'] : [];
  return ['podshift', ...words.slice(0, words.length - last.length), '--journal', 'j', ...last].join(' ');
};

const ARN = 'arn:aws:eks:eu-west-1:111122223333:cluster/shop';
const RUN = clusterRunId('f', ARN, 'run');
const ALIVE = { kind: 'alive' } as const;
const UNITS = { pending: 0, migrated: 8, held: 2, rolledBack: 0, needsOperator: 0 };
const SOAKS: RunState = { name: 'soaking', text: 'wave 1 of 2, soaking until T', attention: false, next: [] };
const LOST: RunState = {
  name: 'interrupted',
  text: 'interrupted in wave 1 of 2',
  attention: true,
  next: [
    { action: 'resume', command: 'r' },
    { action: 'roll back', command: 'b' },
  ],
};

const member = (changes: Partial<MemberRecord> = {}): MemberRecord => ({
  fleetId: 'f',
  clusterArn: ARN,
  target: { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null },
  tagged: false,
  status: 'migrated',
  reason: '',
  digest: '',
  units: UNITS,
  wave: 0,
  startedAt: { plan: '2026-03-02T10:00:00.000Z', run: '2026-03-02T10:05:00.000Z' },
  ...changes,
});

const fleet = (changes: Partial<FleetRecord> = {}): FleetRecord => ({
  fleetId: 'f',
  mode: 'run',
  approval: 'none',
  expectedDigest: null,
  spec: fleetSpec.parse({ regions: ['eu-west-1'] }),
  status: 'running',
  reason: '',
  halted: '',
  digest: '',
  canary: ARN,
  startedAt: '2026-03-02T10:00:00.000Z',
  endedAt: null,
  ...changes,
});

describe('the words for a cluster of a fleet', () => {
  it.each<[Partial<MemberRecord>, RunState | undefined, Partial<RunState>]>([
    [{ status: 'pending' }, undefined, { name: 'planning', text: 'not planned yet' }],
    [{ status: 'planning' }, undefined, { name: 'planning', text: 'planning' }],
    [{ status: 'planned', units: { ...UNITS, pending: 3 } }, undefined, { name: 'planned', text: 'planned (3 units to migrate)' }],
    [{ status: 'planned' }, undefined, { name: 'planned', text: 'planned, nothing to migrate' }],
    [{ status: 'planned', units: null }, undefined, { name: 'planned', text: 'planned, nothing to migrate' }],
    [{ status: 'running' }, undefined, { name: 'migrating', text: 'migrating' }],
    [{ status: 'running' }, SOAKS, SOAKS],
    [{ status: 'running' }, LOST, { ...LOST, next: [{ action: 'roll back', command: 'b' }] }],
    [{}, undefined, { name: 'migrated', text: 'migrated (8 units, 2 blocked)' }],
    [{ units: { ...UNITS, held: 0 } }, undefined, { name: 'migrated', text: 'migrated (8 units)' }],
    [{ units: null, reason: 'nothing is left to migrate' }, undefined, { name: 'migrated', text: 'migrated: nothing is left to migrate' }],
    [{ status: 'held', reason: 'x' }, undefined, { name: 'held', text: 'not started: x' }],
    [{ status: 'rolled-back', reason: 'x' }, undefined, { name: 'rolled-back', text: 'rolled back: x' }],
    [
      { status: 'needs-operator', reason: 'x' },
      undefined,
      {
        name: 'needs-operator',
        text: 'needs an operator: x',
        attention: true,
        next: [{ action: 'look', command: `podshift report ${RUN} --journal j` }],
      },
    ],
    [
      { status: 'needs-operator', startedAt: {} },
      undefined,
      { name: 'needs-operator', text: 'needs an operator', attention: true, next: [] },
    ],
  ])('%#', (changes, run, expected) => {
    const state = clusterState(member(changes), run, withJournal);
    expect(runState.parse(state)).toEqual({ attention: false, next: [], ...expected });
  });
});

describe('the words for a fleet', () => {
  const of = (members: Partial<MemberRecord>[], changes: Partial<FleetRecord> = {}, carrier: Parameters<typeof fleetState>[2] = ALIVE) => {
    const clusters = members.map((one) => member(one)).map((one) => ({ member: one, state: clusterState(one, undefined, PLAINLY) }));
    return fleetState(fleet(changes), clusters, carrier, withJournal);
  };
  const look = [{ action: 'look', command: 'podshift fleet status f --journal j' }];

  it.each<[string, RunState, Partial<RunState>]>([
    ['looks for clusters', of([]), { name: 'planning', text: 'planning (0 of 0 clusters planned)' }],
    ['plans', of([{ status: 'planned' }, { status: 'planning' }]), { name: 'planning', text: 'planning (1 of 2 clusters planned)' }],
    [
      'migrates',
      of([
        {},
        { status: 'running', wave: 1 },
        { status: 'held', wave: 1 },
        { status: 'rolled-back', wave: 1 },
        { status: 'planned', wave: null },
      ]),
      { name: 'migrating', text: 'migrating, wave 2 (1 of 5 clusters migrated, 1 rolled back, 1 not started)' },
    ],
    ['has not begun', of([{ status: 'planned', wave: null }]), { name: 'migrating', text: 'migrating (0 of 1 cluster migrated)' }],
    [
      'has clusters that need somebody',
      of([{}, { status: 'needs-operator' }, { status: 'needs-operator' }]),
      {
        name: 'migrating',
        text: 'migrating, wave 1 (1 of 3 clusters migrated, 2 for an operator); 2 clusters need somebody',
        attention: true,
        next: look as RunState['next'],
      },
    ],
    [
      'has one that needs somebody',
      of([{ status: 'needs-operator' }]),
      { name: 'migrating', text: expect.stringMatching(/; 1 cluster needs somebody$/), attention: true, next: look as RunState['next'] },
    ],
    [
      'lost its process',
      of([{}, { status: 'planned', wave: null }], {}, { kind: 'none', lastSign: '2026-03-02T10:07:00.000Z' }),
      {
        name: 'interrupted',
        text: 'interrupted while migrating, wave 1 (1 of 2 clusters migrated) (no process runs it: last sign of life 2026-03-02T10:07:00Z)',
        attention: true,
        next: [{ action: 'resume', command: 'podshift fleet run --resume f --journal j' }],
      },
    ],
    [
      'lost its process while it planned',
      of([{ status: 'planning' }], {}, { kind: 'none', lastSign: '2026-03-02T10:07:00.000Z' }),
      {
        name: 'interrupted',
        text: expect.stringMatching(/^interrupted while planning \(0 of 1 cluster planned\)/),
        attention: true,
        next: [{ action: 'resume', command: 'podshift fleet run --resume f --journal j' }],
      },
    ],
    [
      'needs an operator',
      of([{}], { status: 'needs-operator', reason: 'x' }),
      { name: 'needs-operator', text: 'needs an operator: x', attention: true, next: look as RunState['next'] },
    ],
    ['planned', of([{}, {}], { status: 'planned' }), { name: 'planned', text: 'planned (2 clusters)' }],
    [
      'migrated',
      of([{}, { status: 'held' }], { status: 'migrated' }),
      { name: 'migrated', text: 'migrated (1 of 2 clusters migrated, 1 not started)' },
    ],
    ['held', of([], { status: 'held', reason: 'no cluster was found' }), { name: 'held', text: 'not started: no cluster was found' }],
    ['rolled back', of([], { status: 'rolled-back', reason: 'x' }), { name: 'rolled-back', text: 'rolled back: x' }],
  ])('that %s', (_title, state, expected) => {
    expect(runState.parse(state)).toEqual({ attention: false, next: [], ...expected });
  });
});

describe('a list of 40 clusters', () => {
  it('shows first, and marked, which need somebody; on a terminal and in a pipe', () => {
    const members = Array.from({ length: 40 }, (_, index) =>
      member({
        clusterArn: `${ARN}-${String(index).padStart(2, '0')}`,
        ...(index === 17 || index === 33 ? { status: 'needs-operator' as const, reason: `look at unit ${index}` } : {}),
      }),
    );
    const clusters = members.map((one) => ({ member: one, state: clusterState(one, undefined, PLAINLY) }));
    const report: FleetReport = {
      apiVersion: 'podshift/v1',
      kind: 'FleetReport',
      fleet: {
        id: 'f',
        mode: 'run',
        status: 'running',
        reason: '',
        digest: '',
        canary: '',
        startedAt: 't',
        endedAt: null,
        state: fleetState(fleet(), clusters, ALIVE, PLAINLY),
      },
      clusters: clusters.toSorted(byAttention).map(({ member: { clusterArn, status, reason, units, wave }, state }) => ({
        cluster: clusterArn,
        status,
        reason,
        wave,
        units,
        planRun: null,
        run: RUN,
        state,
      })),
      refused: [],
      promises: null,
    };
    expect(fleetReport.parse(report)).toEqual(report);
    const lines = renderFleet(report, { columns: Number.POSITIVE_INFINITY, palette: createPalette(false), wide: false }).split('\n');
    const head = lines.findIndex((line) => line.includes('STATE'));
    expect(lines.slice(0, head).join('\n')).toContain(
      'migrating, wave 1 (38 of 40 clusters migrated, 2 for an operator); 2 clusters need somebody',
    );
    const rows = lines.slice(head + 1, head + 41);
    expect(rows.map((line) => line.startsWith('!'))).toEqual([true, true, ...Array.from({ length: 38 }, () => false)]);
    expect(rows[0]).toMatch(/^! {2}shop-17 \(eu-west-1, account 111122223333\) .* needs an operator +\w{26}$/);
    expect(rows.every((line) => line.includes(RUN))).toBe(true);
    const narrow = renderFleet(report, { columns: 100, palette: createPalette(false), wide: false });
    for (const line of narrow.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});
