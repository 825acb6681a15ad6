import { describe, expect, it } from 'vitest';
import { migrationOptions } from '../../../src/model/options.ts';
import type { Evidence, JournalEntry } from '../../../src/model/run.ts';
import { CLUSTER, ROLE, role, unit } from '../../contract/journal-records.ts';
import { canonicalRun, type RecordedRun } from '../../support/canonical-journal.ts';

/** What differs between two engines that did the same: when, under which ids, and who was faster. */
interface Engine {
  readonly runId: string;
  readonly hour: string;
  readonly drawn: string;
  readonly calls: number;
  readonly sequences: readonly number[];
}

const LOCAL: Engine = { runId: '0m1', hour: '09', drawn: '1', calls: 10, sequences: [1, 2, 3, 4] };
const OTHER: Engine = { runId: '0zz', hour: '17', drawn: '2', calls: 12, sequences: [2, 1, 9, 3] };

const time = (engine: Engine, minute: number): string => `2026-03-02T${engine.hour}:${String(minute).padStart(2, '0')}:00.000Z`;
const uuid = (engine: Engine): string => `0000000${engine.drawn}-0000-4000-8000-00000000004b`;

function entries(engine: Engine): JournalEntry[] {
  const { runId, drawn } = engine;
  const common = { runId, before: null, after: null, state: 'applied' as const };
  const made: Omit<JournalEntry, 'sequence' | 'at'>[] = [
    { ...common, key: 'trust#r#0', unitId: null, kind: 'trust', object: ROLE, before: { document: '{}' }, after: { document: '{"a":1}' } },
    { ...common, key: 'association#shop/cart', unitId: 'shop/cart', kind: 'association', object: 'ServiceAccount/shop/cart' },
    {
      ...common,
      key: `probe-pod#shop/${runId}`,
      unitId: 'shop/cart',
      kind: 'probe-pod',
      object: 'Pod/shop/p',
      after: { uid: uuid(engine) },
    },
    { ...common, key: 'association#shop/mail', unitId: 'shop/mail', kind: 'association', object: 'ServiceAccount/shop/mail' },
  ];
  return made.map((entry, index) => ({
    ...entry,
    ...(entry.kind === 'association' ? { after: { associationId: `a-${drawn.repeat(17)}`, createdAt: time(engine, 3) } } : {}),
    sequence: engine.sequences[index] ?? 0,
    at: time(engine, index),
  }));
}

/** A run as one engine left it. */
function recorded(engine: Engine, changes: Partial<RecordedRun> = {}): RecordedRun {
  const { runId } = engine;
  const proof: Evidence = { grade: 2, kind: 'probe-pod', passed: true, at: time(engine, 4), facts: { session: `eks-${uuid(engine)}` } };
  const cart = {
    ...unit(runId),
    stepStartedAt: { proof: time(engine, 4), associate: time(engine, 3) },
    facts: { undoSince: Date.parse(time(engine, 5)) },
  };
  const calls = { eks: engine.calls, iam: 1, sts: 0, kubernetes: 5, cloudtrail: 0 };
  const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
  const units = [cart, unit(runId, 'shop/mail')];
  return {
    run: {
      runId,
      target,
      clusterArn: CLUSTER,
      status: 'migrated',
      reason: '',
      digest: 'd',
      options: migrationOptions.parse({}),
      approval: {
        status: 'approved',
        expiresAt: time(engine, 8),
        answer: { decision: 'approve', digest: 'd', by: 'arn:aws:iam::111122223333:user/me', at: time(engine, 2), requestId: uuid(engine) },
      },
      startedAt: time(engine, 0),
      endedAt: time(engine, 9),
      calls,
    },
    units: engine === LOCAL ? units : units.toReversed(),
    roles: [role(runId)],
    entries: entries(engine),
    evidence: new Map([['shop/cart', [proof]]]),
    ...changes,
  };
}

/** The entries of the other engine, one of them changed. */
const changed = (key: string, changes: Partial<JournalEntry>): JournalEntry[] =>
  entries(OTHER).map((entry) => (entry.key === key ? { ...entry, ...changes } : entry));

/** Both units of an add-on want its update; the one named sends it. */
const addon = (engine: Engine, sender: string, state: JournalEntry['state'] = 'applied'): JournalEntry[] =>
  ['kube-system/controller', 'kube-system/node'].map((unitId, index) => ({
    runId: engine.runId,
    key: `addon-update#${unitId}`,
    unitId,
    kind: 'addon',
    object: 'Addon/driver',
    before: { associations: [] },
    after: unitId === sender ? { updateId: uuid(engine) } : null,
    state: unitId === sender ? state : 'intended',
    sequence: index,
    at: time(engine, index),
  }));

describe('the canonical form of a run', () => {
  it('is the same whatever the clock, the ids, the polls, and the order of what runs side by side', () => {
    expect(canonicalRun(recorded(OTHER))).toEqual(canonicalRun(recorded(LOCAL)));
  });

  it('does not mind whether a write was tried again: how long IAM and EKS take to show what they were told is time', () => {
    const again = changed('association#shop/cart', { triedAt: time(OTHER, 7) });
    expect(canonicalRun(recorded(OTHER, { entries: again }))).toEqual(canonicalRun(recorded(LOCAL)));
    const sender = addon(OTHER, 'kube-system/node').map((entry) => ({ ...entry, triedAt: time(OTHER, 7) }));
    expect(canonicalRun(recorded(OTHER, { entries: sender }))).toEqual(
      canonicalRun(recorded(LOCAL, { entries: addon(LOCAL, 'kube-system/node') })),
    );
  });

  it('keeps no time, and no id that was drawn', () => {
    const text = JSON.stringify(canonicalRun(recorded(LOCAL)));
    expect(text).not.toMatch(/2026-|00000001-|a-1{17}|0m1|177\d{10}/);
    expect(text).toMatch(/TIME.*UUID|UUID.*TIME/);
  });

  it.each<{ what: string; other: Partial<RecordedRun> }>([
    { what: 'the end of a run', other: { run: { ...recorded(OTHER).run, status: 'needs-operator' } } },
    { what: 'whether it ended', other: { run: { ...recorded(OTHER).run, endedAt: null } } },
    { what: 'the plan', other: { run: { ...recorded(OTHER).run, digest: 'e' } } },
    { what: 'the end of a unit', other: { units: [{ ...unit(OTHER.runId), status: 'migrated' }, unit(OTHER.runId, 'shop/mail')] } },
    { what: 'the steps of a unit', other: { units: [unit(OTHER.runId), unit(OTHER.runId, 'shop/mail')] } },
    { what: 'a trust policy', other: { roles: [{ ...role(OTHER.runId), trustAfter: '{"a":2}' }] } },
    { what: 'a before-image', other: { entries: changed('trust#r#0', { before: { document: '{"b":1}' } }) } },
    { what: 'a write that was undone', other: { entries: changed('association#shop/mail', { state: 'undone' }) } },
    {
      what: 'a try that has not told its end',
      other: { entries: changed('association#shop/mail', { openUntil: Date.parse(time(OTHER, 9)) }) },
    },
    { what: 'a write that is missing', other: { entries: entries(OTHER).slice(1) } },
    { what: 'the order of the writes of a unit', other: { entries: changed('association#shop/cart', { sequence: 20 }) } },
    {
      what: 'a proof that failed',
      other: { evidence: new Map([['shop/cart', [{ grade: 2, kind: 'probe-pod', passed: false, at: '', facts: {} }]]]) },
    },
    { what: 'a proof that is missing', other: { evidence: new Map() } },
  ])('shows $what', ({ other }) => {
    expect(canonicalRun(recorded(OTHER, other))).not.toEqual(canonicalRun(recorded(LOCAL)));
  });

  it('does not mind which unit sends the update of an add-on, but how it ended', () => {
    const of = (engine: Engine, sender: string, state?: JournalEntry['state']) =>
      canonicalRun(recorded(engine, { entries: addon(engine, sender, state) }));
    expect(of(OTHER, 'kube-system/node')).toEqual(of(LOCAL, 'kube-system/controller'));
    expect(of(OTHER, 'kube-system/node', 'undone')).not.toEqual(of(LOCAL, 'kube-system/controller'));
    expect(of(OTHER, 'nobody')).not.toEqual(of(LOCAL, 'kube-system/controller'));
  });
});
