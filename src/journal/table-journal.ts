import pLimit from 'p-limit';
import { type Clock, timestamp } from '../model/clock.ts';
import { PodshiftError } from '../model/errors.ts';
import { JOURNAL_VERSION, noCalls, type RoleRecord, type RunRecord } from '../model/run.ts';
import { createDocuments } from './documents.ts';
import { createExecutions } from './executions.ts';
import { createFirstCome } from './first-come.ts';
import { checkVersion, json, readEntry, readEvidence, readRole, readRun, writeNewRole, writeRole } from './items.ts';
import type { EndedTry, Journal } from './journal.ts';
import { entryKey, evidenceKey, type Key, RUNS, roleKey, runIndexKey, runKey, runPartition, sequenceKey } from './layout.ts';
import { createLocks } from './locks.ts';
import { nextNumber } from './numbers.ts';
import { createScans } from './scans.ts';
import { ABSENT, changesOf, type Item, isEmpty, type Path, PRESENT, type Table, type Update } from './table.ts';
import { createFleetJournal } from './table-fleet-journal.ts';
import { createTurns } from './turns.ts';
import { createUnits } from './units.ts';
import { createVersions, markOf } from './versions.ts';

/** Requests under way at once where many items are written. */
const CONCURRENCY = 16;

/** The journal over one table; its layout is docs/decisions/0002-journal-layout.md. */
export function createTableJournal(table: Table, clock: Clock): Journal {
  const getRunItem = async (runId: string): Promise<Item> => {
    const item = await table.get(runKey(runId));
    if (item === undefined) {
      throw new PodshiftError('RunNotFound', `there is no run ${runId} in this journal`);
    }
    checkVersion(item, `run ${runId}`);
    versions.know(runId, item);
    return item;
  };
  const versions = createVersions((runId) => getRunItem(runId));
  const getRun = async (runId: string): Promise<RunRecord> => readRun(await getRunItem(runId));

  /** Changes the run's item, unless it is missing or newer than this version; what only counts is no news. */
  const updateRunItem = async (runId: string, change: Update, isNews = true): Promise<Item> => {
    const mark = changesOf(markOf(versions.known(runId) ?? (await versions.of(runId)), isNews));
    const update: Update = { ...change, set: [...(change.set ?? []), ...mark] };
    const item = await table.update(runKey(runId), update, { kind: 'at-most', attribute: 'schemaVersion', value: JOURNAL_VERSION });
    // The condition did not hold: reading the run says which half of it.
    return item ?? (await getRunItem(runId));
  };

  /** The same for a run whose status is one of these. */
  const updateRunFrom = async (runId: string, change: Update, from: readonly string[]): Promise<Item> => {
    const { status, schemaVersion } = await getRunItem(runId);
    const update: Update = { ...change, set: [...(change.set ?? []), ...changesOf(markOf(Number(schemaVersion), true))] };
    const of = from.map((value) => ({ kind: 'equals', attribute: 'status', value }) as const);
    const item = from.includes(String(status)) ? await table.update(runKey(runId), update, { kind: 'any', of }) : undefined;
    if (item !== undefined) return item;
    throw new PodshiftError('LockLost', `run ${runId} is ${(await getRunItem(runId)).status}, and something else goes on with it`);
  };

  /** Notes a run, and whether it has ended, in the list of runs. */
  const index = async ({ runId, startedAt }: RunRecord, state: 'open' | 'ended'): Promise<void> => {
    await table.put({ ...runIndexKey(startedAt, runId), runId, state });
  };

  /** The next number of the run: later ones are higher. */
  const nextSequence = (runId: string): Promise<number> =>
    nextNumber(runId, async (size) => {
      const update: Update = { add: [[['sequence'], size]] };
      // In version 1 it is an attribute of the run.
      if (Number((await getRunItem(runId)).schemaVersion) === 1) return (await updateRunItem(runId, update)).sequence as number;
      return (await table.update(sequenceKey(runId), update, { kind: 'any', of: [ABSENT, PRESENT] }))?.sequence as number;
    });

  /** Changes an item that must be there; without changes it is read. */
  const change = async (key: Key, update: Update, what: string, runId: string): Promise<Item> => {
    const item = isEmpty(update) ? await table.get(key) : await table.update(key, update, PRESENT);
    if (item === undefined) {
      throw missing(what, runId);
    }
    return item;
  };
  const missing = (what: string, runId: string): PodshiftError => new PodshiftError('NotFound', `there is no ${what} in run ${runId}`);

  /** The runs of some items of the list; one whose run is missing is passed over. */
  const runsOf = async (index: readonly Item[]): Promise<RunRecord[]> => {
    const limit = pLimit(CONCURRENCY);
    const items = await Promise.all(
      index.map((entry) => limit(async () => ({ runId: String(entry.runId), item: await table.get(runKey(String(entry.runId))) }))),
    );
    return items.flatMap(({ runId, item }) => (item === undefined ? [] : [readRun(checkVersion(item, `run ${runId}`))]));
  };

  return {
    createRun: async ({ runId, target, options, startedAt, requester, terms, podshift }) => {
      const item = {
        ...runKey(runId),
        schemaVersion: JOURNAL_VERSION,
        ...markOf(JOURNAL_VERSION, true),
        runId,
        target: json(target),
        options: json(options),
        clusterArn: '',
        status: 'pending',
        reason: '',
        digest: '',
        startedAt,
        endedAt: null,
        calls: noCalls(),
        ...(requester === undefined ? {} : { requester: json(requester) }),
        ...(terms === undefined ? {} : { terms: json(terms) }),
        ...(podshift === undefined ? {} : { podshift }),
      };
      const run = (await table.put(item, ABSENT)) ? readRun(item) : await getRun(runId);
      // After the run itself and by its own start: a step that runs again completes the index and never doubles it.
      await index(run, run.endedAt === null ? 'open' : 'ended');
      return run;
    },
    getRun,
    updateRun: async (runId, changes, from) => {
      const { approval } = changes;
      const update = { set: changesOf({ ...changes, ...(approval === undefined ? {} : { approval: json(approval) }) }) };
      if (isEmpty(update)) return getRun(runId);
      // The list says "open" of every run that is open; a crash may leave it saying so of one that has ended.
      if (changes.endedAt === null) await index(await getRun(runId), 'open');
      const wanted = [...(from ?? []), ...(changes.status === undefined ? [] : [changes.status])];
      const run = readRun(await (from === undefined ? updateRunItem(runId, update) : updateRunFrom(runId, update, wanted)));
      if (changes.endedAt !== undefined && run.endedAt !== null) await index(run, 'ended');
      return run;
    },
    listRuns: async () => runsOf(await table.query(RUNS, '', 'descending')),
    listOpenRuns: async () => {
      const entries = await table.query(RUNS, '', 'descending');
      return (await runsOf(entries.filter((entry) => entry.state !== 'ended'))).filter((run) => run.endedAt === null);
    },
    pageRuns: async ({ limit, after }) => {
      const entries = await table.query(RUNS, '', 'descending', { limit: limit + 1, after });
      const page = entries.slice(0, limit);
      return { items: await runsOf(page), next: entries.length > limit ? String(page.at(-1)?.sk) : null };
    },
    addCalls: async (runId, calls) => {
      const add = Object.entries(calls).flatMap(([service, number]): [Path, number][] =>
        number > 0 ? [[['calls', service], number]] : [],
      );
      if (add.length > 0) {
        await updateRunItem(runId, { add }, false);
      }
    },

    ...createDocuments(table),

    ...createUnits(table, versions),

    putRoles: async (roles) => {
      const limit = pLimit(CONCURRENCY);
      const put = async (role: RoleRecord) =>
        table.put({ ...roleKey(role.runId, role.roleArn), ...writeNewRole(role, await versions.of(role.runId)) }, ABSENT);
      await Promise.all(roles.map((role) => limit(() => put(role))));
    },
    getRole: async (runId, roleArn) => {
      const item = await table.get(roleKey(runId, roleArn));
      if (item === undefined) {
        throw missing(`role ${roleArn}`, runId);
      }
      return readRole(item);
    },
    listRoles: async (runId) => (await table.query(runPartition(runId), 'ROLE#')).map(readRole),
    updateRole: async (runId, roleArn, changes) =>
      readRole(await change(roleKey(runId, roleArn), { set: changesOf(writeRole(changes)) }, `role ${roleArn}`, runId)),

    recordIntent: async ({ runId, key, before, attempt, ...entry }) => {
      const sequence = await nextSequence(runId);
      const tries = attempt === undefined ? {} : { [attempt.id]: attempt.until };
      const item = {
        ...entryKey(runId, key),
        runId,
        key,
        ...entry,
        before: json(before),
        after: json(null),
        state: 'intended',
        sequence,
        at: timestamp(clock),
        tries,
        requests: {},
      };
      if (await table.put(item, ABSENT)) {
        return readEntry(item);
      }
      const existing = await table.get(entryKey(runId, key));
      if (existing === undefined) {
        throw new PodshiftError('InternalError', `the journal entry ${key} of run ${runId} is gone`);
      }
      if (attempt === undefined) return readEntry(existing);
      // An entry of an earlier version has no maps to note the try in.
      const maps = (['tries', 'requests'] as const).filter((name) => existing[name] === undefined);
      if (maps.length > 0) await table.update(entryKey(runId, key), { setOnce: maps.map((name) => [[name], {}]) }, PRESENT);
      const noted: Update = { set: [[['tries', attempt.id], attempt.until], ...changesOf({ triedAt: timestamp(clock) })] };
      return readEntry(await change(entryKey(runId, key), noted, `journal entry ${key}`, runId));
    },
    markApplied: async (runId, key, after, ended) => {
      const applied = changesOf({ state: 'applied', after: json(after), appliedAt: timestamp(clock) });
      const update: Update = { set: [...applied, ...(ended === undefined ? [] : endOfTry(ended))] };
      await change(entryKey(runId, key), update, `journal entry ${key}`, runId);
    },
    endTry: async (runId, key, ended) => {
      await change(entryKey(runId, key), { set: endOfTry(ended) }, `journal entry ${key}`, runId);
    },
    markUndone: async (runId, key, requests) => {
      const undone = { state: 'undone', undoneAt: timestamp(clock), undoRequests: requests === undefined ? undefined : json(requests) };
      await change(entryKey(runId, key), { set: changesOf(undone) }, `journal entry ${key}`, runId);
    },
    getEntry: async (runId, key) => {
      const item = await table.get(entryKey(runId, key));
      return item === undefined ? undefined : readEntry(item);
    },
    listEntries: async (runId, unitId) => {
      const entries = (await table.query(runPartition(runId), 'ENTRY#')).map(readEntry);
      return entries.filter((entry) => unitId === undefined || entry.unitId === unitId).sort((a, b) => b.sequence - a.sequence);
    },

    addEvidence: async (runId, unitId, evidence) => {
      const sequence = await nextSequence(runId);
      const item = { ...evidenceKey(runId, sequence), unitId, evidence: json(evidence) };
      // Nothing ever changes it, so that the mark of a new item stays right in a run of any version.
      await table.put({ ...item, ...markOf(JOURNAL_VERSION, !evidence.passed) }, ABSENT);
    },
    listEvidence: async (runId) => {
      const items = (await table.query(runPartition(runId), 'EVIDENCE#')).map(readEvidence);
      return new Map([...Map.groupBy(items, (item) => item.unitId)].map(([unitId, all]) => [unitId, all.map((item) => item.evidence)]));
    },

    ...createLocks(table, clock),
    ...createTurns(table, clock),
    ...createExecutions(table),
    ...createScans(table),
    ...createFirstCome(table),
    ...createFleetJournal(table),
  };
}

/** The changes of an entry whose try has ended; one that sent nothing needs no note of it. */
function endOfTry({ id, requests }: EndedTry): [Path, unknown][] {
  return [[['tries', id], 0], ...(requests.length === 0 ? [] : [[['requests', id], json(requests)] as [Path, unknown]])];
}
