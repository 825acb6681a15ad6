import type { Journal } from '../../src/journal/journal.ts';
import type { WriteRequest } from '../../src/model/audit/record.ts';
import type { Evidence, JournalEntry, RoleRecord, RunRecord, UnitRecord } from '../../src/model/run.ts';

/** All that a journal tells of one run. */
export interface RecordedRun {
  readonly run: RunRecord;
  readonly units: readonly UnitRecord[];
  readonly roles: readonly RoleRecord[];
  readonly entries: readonly JournalEntry[];
  readonly evidence: ReadonlyMap<string, readonly Evidence[]>;
}

/** Reads a run. Throws as the journal does. */
export async function recordedRun(journal: Journal, runId: string): Promise<RecordedRun> {
  return {
    run: await journal.getRun(runId),
    units: await journal.listUnits(runId),
    roles: await journal.listRoles(runId),
    entries: await journal.listEntries(runId),
    evidence: await journal.listEvidence(runId),
  };
}

/**
 * What must be the same of a run whichever engine carried it out, on whatever clock: without times, without ids that AWS,
 * Kubernetes or the run itself drew, without the number of polls, and with an order only where there is one. The entries and
 * the evidence of one unit have theirs; units of a wave run side by side, and so do roles.
 */
export function canonicalRun({ run, units, roles, entries, evidence }: RecordedRun): Readonly<Record<string, unknown>> {
  // The version is the environment's, which a process that carries a run by itself has none of; a hash is over all that is drawn.
  const { startedAt: _started, endedAt, calls: _calls, approval, podshift: _opened, endedBy: _ended, audit, ...rest } = run;
  const { at: _at, requestId: _request, ...answer } = approval?.answer ?? {};
  const canonical = {
    run: {
      ...rest,
      records: audit?.records ?? null,
      ended: endedAt !== null,
      approval: approval === null ? null : { status: approval.status, answer },
    },
    units: sortedBy(units, 'unitId').map(({ stepStartedAt, ...unit }) => ({ ...unit, steps: Object.keys(stepStartedAt).sort() })),
    roles: sortedBy(roles, 'roleArn'),
    entries: canonicalEntries(entries),
    evidence: Object.fromEntries([...evidence].map(([unitId, list]) => [unitId, list.map(({ at: _at, ...proof }) => proof)])),
  };
  return drawn(canonical, run.runId) as Readonly<Record<string, unknown>>;
}

/** Entries by the unit that they belong to, each list in the order of its writes; those of no unit by their keys. */
function canonicalEntries(entries: readonly JournalEntry[]): Readonly<Record<string, unknown>> {
  const own = entries.filter(({ unitId }) => unitId === null);
  const lists = new Map<string, unknown[]>([['', sortedBy(own, 'key').map(withoutPlace)]]);
  for (const entry of [...entries].sort((left, right) => left.sequence - right.sequence)) {
    if (entry.unitId === null) continue;
    const list = lists.get(entry.unitId) ?? [];
    lists.set(entry.unitId, list);
    list.push(entry.kind === 'addon' ? withoutSender(entry) : withoutPlace(entry));
  }
  return { ...Object.fromEntries(lists), shared: shared(entries) };
}

/** Without when it was written, and without whether it had to be tried again: IAM and EKS show what they were told after some time. */
const withoutPlace = ({ sequence: _sequence, at: _at, triedAt: _triedAt, requests, undoRequests, ...entry }: JournalEntry) => ({
  ...entry,
  requests: requests?.filter(isTaken),
  undoRequests: undoRequests?.filter(isTaken),
});

const isTaken = ({ error }: WriteRequest): boolean => error === null;

/** One of an add-on's units sends its update, whichever comes first; {@link shared} says how all of their entries ended. */
const withoutSender = (entry: JournalEntry) => {
  const { state: _state, after: _after, ...rest } = withoutPlace(entry);
  return rest;
};

function shared(entries: readonly JournalEntry[]): Readonly<Record<string, readonly string[]>> {
  const ofAddons = Object.groupBy(
    entries.filter(({ kind, unitId }) => kind === 'addon' && unitId !== null),
    ({ object }) => object,
  );
  return Object.fromEntries(
    Object.entries(ofAddons).map(([object, list = []]) => [
      object,
      list.map(({ key, state, after }) => JSON.stringify([key.split('#')[0], state, drawn(after, '')])).sort(),
    ]),
  );
}

/** What is drawn or read off a clock, wherever it stands in a text. */
const DRAWN: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, 'TIME'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID'],
  [/\ba-[0-9a-z]{17}\b/g, 'ASSOCIATION'],
  [/(?:local|arn:aws:states:[^:]*:\d{12}):execution:[\w-]+:[\w-]+/g, 'EXECUTION'],
];

/** Milliseconds since the epoch are a time as well: nothing that podshift counts comes near. */
const EPOCH_MILLISECONDS = 1e12;

function drawn(value: unknown, runId: string): unknown {
  if (typeof value === 'string') {
    const text = runId === '' ? value : value.replaceAll(runId, 'RUN');
    return DRAWN.reduce((replaced, [pattern, name]) => replaced.replaceAll(pattern, name), text);
  }
  if (typeof value === 'number') return value >= EPOCH_MILLISECONDS ? 'TIME' : value;
  if (Array.isArray(value)) return value.map((item) => drawn(item, runId));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [drawn(key, runId), drawn(item, runId)]));
  }
  return value;
}

function sortedBy<T>(items: readonly T[], key: keyof T): T[] {
  return [...items].sort((left, right) => String(left[key]).localeCompare(String(right[key])));
}
