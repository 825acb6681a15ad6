import { describe, expect, it } from 'vitest';
import type { UnitRecord } from '../../../../src/model/run.ts';
import { type RunState, runState } from '../../../../src/model/run-state.ts';
import { type CommandText, PLAINLY } from '../../../../src/report/commands.ts';
import { byAttention, factsOfRecords, type RunFacts, sentenceOf, stateOf } from '../../../../src/report/state/run-state.ts';
import { journal, plan, unit } from '../../fixtures/report-fixtures.ts';

const withJournal: CommandText = (...words) => {
  const last = words.at(-1) === '--approve' ? ['--approve'] : [];
  return ['podshift', ...words.slice(0, words.length - last.length), '--journal', 'j', ...last].join(' ');
};

const NOW = Date.parse('2026-03-02T10:30:00.000Z');
const LIVE = { kind: 'alive' } as const;
const DEAD = { kind: 'none', lastSign: '2026-03-02T10:21:07.000Z' } as const;
const BOTH_WAYS: RunState['next'] = [
  { action: 'resume', command: 'podshift run --local --resume run1 --journal j' },
  { action: 'roll back', command: 'podshift rollback run1 --journal j --approve' },
];
const NOBODY_KNOWS = { kind: 'unknown' } as const;

type UnitFacts = RunFacts['units'][number];
const units = (number: number, status: UnitFacts['status'], wave: number | null, soakUntil: string | null = null): UnitFacts[] =>
  Array.from({ length: number }, () => ({ status, wave, soakUntil }));

const facts = (changes: Partial<RunFacts> = {}): RunFacts => ({
  runId: 'run1',
  status: 'running',
  mode: 'run',
  reason: '',
  digest: 'd'.repeat(64),
  approval: null,
  rollbackStartedAt: null,
  retires: 'none',
  units: [],
  unitCounts: null,
  ...changes,
});

const FIVE_WAVES = [
  ...units(12, 'migrated', 0),
  ...units(1, 'rolled-back', 1),
  ...units(2, 'running', 1),
  ...units(25, 'pending', 4),
  ...units(3, 'held', null),
];
const SOAKS = [
  ...units(1, 'migrated', 0),
  ...units(1, 'running', 1, '2026-03-02T10:40:00.400Z'),
  ...units(1, 'running', 1, '2026-03-02T10:45:10.000Z'),
];

describe('the words for a run', () => {
  it.each<[string, Partial<RunFacts>, Parameters<typeof stateOf>[1], Partial<RunState>]>([
    ['created', { status: 'pending', digest: '' }, LIVE, { name: 'planning', text: 'planning' }],
    ['read, and not planned', { digest: '' }, LIVE, { name: 'planning', text: 'planning' }],
    ['planned, and of a service', { digest: '' }, NOBODY_KNOWS, { name: 'planning', text: 'planning' }],
    [
      'waits for approval',
      { approval: { status: 'waiting', expiresAt: '2026-03-09T10:12:00.000Z' } },
      NOBODY_KNOWS,
      {
        name: 'waiting',
        text: 'waiting for approval since 2026-03-02T10:12:00Z, until 2026-03-09T10:12:00Z',
        attention: true,
        next: [{ action: 'approve', command: 'podshift approve run1 --journal j' }],
      },
    ],
    [
      'migrates',
      { units: FIVE_WAVES },
      LIVE,
      { name: 'migrating', text: 'migrating, wave 2 of 5 (12 of 40 units migrated, 1 rolled back)' },
    ],
    [
      'begins',
      { units: [...units(1, 'pending', 0), ...units(2, 'pending', 1)] },
      LIVE,
      { name: 'migrating', text: 'migrating, wave 1 of 2 (0 of 3 units migrated)' },
    ],
    [
      'has left some to a later run and to an operator',
      { units: [...units(2, 'migrated', 0), ...units(1, 'held', 1), ...units(1, 'needs-operator', 1), ...units(1, 'running', 1)] },
      LIVE,
      { name: 'migrating', text: 'migrating, wave 2 of 2 (2 of 5 units migrated, 1 not started, 1 needs an operator)' },
    ],
    [
      'takes units back',
      { units: [...units(2, 'rolling-back', 0), ...units(1, 'pending', 1)] },
      LIVE,
      { name: 'migrating', text: 'migrating, wave 1 of 2 (0 of 3 units migrated, 2 rolling back)' },
    ],
    [
      'migrates a wave while an earlier one soaks',
      { units: [...units(2, 'running', 0, '2026-03-02T23:00:00Z'), ...units(1, 'running', 1), ...units(3, 'pending', 2)] },
      LIVE,
      { name: 'migrating', text: 'migrating, wave 2 of 3 (0 of 6 units migrated)' },
    ],
    [
      'soaks, until the last unit has soaked',
      { units: SOAKS },
      LIVE,
      { name: 'soaking', text: 'wave 2 of 2, soaking until 2026-03-02T10:45:10Z (1 of 3 units migrated)' },
    ],
    [
      'has a unit that does not soak yet',
      { units: [...SOAKS, ...units(1, 'running', 1)] },
      LIVE,
      { name: 'migrating', text: 'migrating, wave 2 of 2 (1 of 4 units migrated)' },
    ],
    [
      'has soaked',
      { units: [...units(1, 'running', 0, '2026-03-02T10:29:59.000Z'), ...units(1, 'pending', 1)] },
      LIVE,
      { name: 'migrating', text: 'migrating, wave 1 of 2 (0 of 2 units migrated)' },
    ],
    ['has done all its units', { units: units(3, 'migrated', 0) }, LIVE, { name: 'migrating', text: 'finishing (3 of 3 units migrated)' }],
    ['has a plan and no units yet', {}, LIVE, { name: 'migrating', text: 'migrating' }],
    [
      'retires a daemon after its units',
      { units: units(3, 'migrated', 0), retires: 'kube2iam' },
      LIVE,
      { name: 'migrating', text: 'retiring kube2iam (3 of 3 units migrated)' },
    ],
    ['retires a daemon alone', { retires: 'kiam' }, LIVE, { name: 'migrating', text: 'retiring kiam' }],
    [
      'rolls back',
      {
        status: 'rolling-back',
        rollbackStartedAt: '2026-03-02T10:20:00.123Z',
        reason: 'wave 1 failed',
        units: [...units(2, 'rolled-back', 0), ...units(1, 'rolling-back', 0)],
      },
      LIVE,
      { name: 'rolling-back', text: 'rolling back since 2026-03-02T10:20:00Z (2 of 3 units rolled back): wave 1 failed' },
    ],
    [
      'rolls back, on record of an earlier version',
      { status: 'rolling-back' },
      NOBODY_KNOWS,
      { name: 'rolling-back', text: 'rolling back' },
    ],
    [
      'lost its process while it migrated',
      { units: FIVE_WAVES },
      DEAD,
      {
        name: 'interrupted',
        text: 'interrupted in wave 2 of 5, 12 of 40 units migrated, 1 rolled back (no process runs it: last sign of life 2026-03-02T10:21:07Z)',
        attention: true,
        next: BOTH_WAYS,
      },
    ],
    [
      'lost its process while it soaked',
      { units: SOAKS },
      DEAD,
      {
        name: 'interrupted',
        text: expect.stringMatching(/^interrupted in wave 2 of 2, 1 of 3 units migrated \(/),
        attention: true,
        next: BOTH_WAYS,
      },
    ],
    [
      'lost its process while it planned',
      { digest: '' },
      DEAD,
      {
        name: 'interrupted',
        text: 'interrupted while planning (no process runs it: last sign of life 2026-03-02T10:21:07Z)',
        attention: true,
        next: BOTH_WAYS,
      },
    ],
    [
      'was only to plan, and lost its process',
      { digest: '', mode: 'plan' },
      DEAD,
      {
        name: 'interrupted',
        text: 'interrupted while planning (no process runs it: last sign of life 2026-03-02T10:21:07Z)',
        attention: false,
        next: [],
      },
    ],
    [
      'lost its process before its end was noted',
      { units: units(2, 'migrated', 0) },
      DEAD,
      {
        name: 'interrupted',
        text: expect.stringMatching(/^interrupted while finishing, 2 of 2 units migrated \(/),
        attention: true,
        next: BOTH_WAYS,
      },
    ],
    [
      'lost its process while it rolled back',
      {
        status: 'rolling-back',
        rollbackStartedAt: '2026-03-02T10:20:00.000Z',
        units: [...units(1, 'rolled-back', 0), ...units(1, 'running', 0)],
      },
      DEAD,
      {
        name: 'interrupted',
        text: 'interrupted while rolling back, 1 of 2 units rolled back (no process runs it: last sign of life 2026-03-02T10:21:07Z)',
        attention: true,
        next: [{ action: 'roll back', command: 'podshift rollback run1 --journal j --approve' }],
      },
    ],
    [
      'needs an operator',
      { status: 'needs-operator', reason: 'look at quay/gates: it did not end' },
      NOBODY_KNOWS,
      {
        name: 'needs-operator',
        text: 'needs an operator: look at quay/gates: it did not end',
        attention: true,
        next: [{ action: 'look', command: 'podshift report run1 --journal j' }],
      },
    ],
    [
      'migrated',
      { status: 'migrated', unitCounts: { pending: 0, migrated: 10, held: 4, rolledBack: 0, needsOperator: 0 } },
      NOBODY_KNOWS,
      { name: 'migrated', text: 'migrated (10 units, 4 blocked)' },
    ],
    ['migrated one', { status: 'migrated', units: units(1, 'migrated', 0) }, NOBODY_KNOWS, { name: 'migrated', text: 'migrated (1 unit)' }],
    ['migrated, of an earlier version', { status: 'migrated' }, NOBODY_KNOWS, { name: 'migrated', text: 'migrated' }],
    [
      'planned',
      { status: 'planned', unitCounts: { pending: 10, migrated: 0, held: 4, rolledBack: 0, needsOperator: 0 } },
      NOBODY_KNOWS,
      { name: 'planned', text: 'planned (10 units to migrate, 4 blocked)' },
    ],
    [
      'held',
      { status: 'held', reason: 'no service account to migrate was found' },
      NOBODY_KNOWS,
      { name: 'held', text: 'not started: no service account to migrate was found' },
    ],
    [
      'rolled back',
      { status: 'rolled-back', reason: 'asked for on the command line' },
      NOBODY_KNOWS,
      { name: 'rolled-back', text: 'rolled back: asked for on the command line' },
    ],
    [
      'refused by a person',
      {
        status: 'held',
        reason: 'the plan was refused by arn:aws:iam::1:user/u',
        approval: { status: 'refused', expiresAt: '2026-03-09T10:12:00.000Z' },
      },
      NOBODY_KNOWS,
      { name: 'refused', text: 'refused: the plan was refused by arn:aws:iam::1:user/u' },
    ],
    [
      'refused by nobody in time',
      {
        status: 'held',
        reason: 'the plan was not approved by then',
        approval: { status: 'expired', expiresAt: '2026-03-09T10:12:00.000Z' },
      },
      NOBODY_KNOWS,
      { name: 'refused', text: 'refused: the plan was not approved by then' },
    ],
    [
      'refused because the world moved',
      { status: 'held', reason: 'the plan is another one now (WorldMoved)' },
      NOBODY_KNOWS,
      { name: 'refused', text: 'refused: the plan is another one now (WorldMoved)' },
    ],
    [
      'held for an error',
      { status: 'held', reason: 'AWS throttles (Throttled)' },
      NOBODY_KNOWS,
      { name: 'held', text: 'not started: AWS throttles (Throttled)' },
    ],
    [
      'held for a word in brackets',
      { status: 'held', reason: 'see there (constructor)' },
      NOBODY_KNOWS,
      { name: 'held', text: 'not started: see there (constructor)' },
    ],
  ])('that %s', (_title, changes, carrier, expected) => {
    const state = stateOf(facts(changes), carrier, NOW, withJournal);
    expect(runState.parse(state)).toEqual(state);
    expect(state).toMatchObject({ attention: false, next: [], ...expected });
  });

  it('end with the commands', () => {
    const interrupted = stateOf(facts({ digest: '' }), DEAD, NOW, PLAINLY);
    expect(sentenceOf(interrupted)).toBe(
      'interrupted while planning (no process runs it: last sign of life 2026-03-02T10:21:07Z): resume with `podshift run --local --resume run1` or roll back with `podshift rollback run1 --approve`',
    );
    expect(sentenceOf(stateOf(facts({ digest: '' }), LIVE, NOW, PLAINLY))).toBe('planning');
  });

  it('put those first that need somebody, and keep the order else', () => {
    const [a, b, c, d] = [false, true, false, true].map((attention, index) => ({ index, state: { attention } }));
    expect([a, b, c, d].flatMap((one) => one ?? []).sort(byAttention)).toEqual([b, d, a, c]);
  });
});

describe('the facts of a run', () => {
  it('come from its records', async () => {
    const soaking: UnitRecord = {
      runId: 'run1',
      unitId: 'quay/tickets',
      plan: unit('quay/tickets', { wave: 1 }),
      status: 'running',
      reason: '',
      stepStartedAt: {},
      facts: { soakUntil: '2026-03-02T10:45:10.000Z' },
    };
    const run = await journal({
      run: { status: 'running', endedAt: null, terms: { mode: 'run', approval: 'none', expectedDigest: null } },
    }).getRun('run1');
    expect(factsOfRecords(run, [soaking, { ...soaking, plan: unit('dock/cranes', { wave: null }), status: 'held', facts: {} }])).toEqual({
      runId: 'run1',
      status: 'running',
      mode: 'run',
      reason: '',
      digest: plan().digest,
      approval: null,
      rollbackStartedAt: null,
      retires: 'none',
      units: [
        { status: 'running', wave: 1, soakUntil: '2026-03-02T10:45:10.000Z' },
        { status: 'held', wave: null, soakUntil: null },
      ],
      unitCounts: null,
    });
  });
});
