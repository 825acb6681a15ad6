import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import pLimit from 'p-limit';
import { type Clock, timestamp } from '../model/clock.ts';
import { PodshiftError } from '../model/errors.ts';
import { JOURNAL_VERSION, noCalls, type RunRecord } from '../model/run.ts';
import { createDocuments } from './documents.ts';
import { json, readEntry, readEvidence, readRole, readRun, readUnit, writeUnit } from './items.ts';
import type { Journal } from './journal.ts';
import { entryKey, evidenceKey, RUNS, roleKey, runIndexKey, runKey, runPartition, tokenKey, unitKey } from './layout.ts';
import { createLocks } from './locks.ts';
import { ABSENT, type Condition, type Item, openTable, PRESENT } from './table.ts';
import { assign, assignMap } from './update.ts';

export interface DynamoJournalSettings {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly clock: Clock;
}

/** Requests under way at once where many items are written. */
const CONCURRENCY = 16;

/** The journal in one DynamoDB table; its layout is docs/decisions/0002-journal-layout.md. */
export function createDynamoJournal({ client, tableName, clock }: DynamoJournalSettings): Journal {
  const table = openTable(client, tableName);

  const getRunItem = async (runId: string): Promise<Item> => {
    const item = await table.get(runKey(runId));
    if (item === undefined) {
      throw new PodshiftError('RunNotFound', `there is no run ${runId} in this journal`);
    }
    return checkVersion(item, runId);
  };
  const getRun = async (runId: string): Promise<RunRecord> => readRun(await getRunItem(runId));

  /** Changes the run's item, unless it is missing or newer than this version. */
  const updateRunItem = async (runId: string, expression: string, update: Omit<Condition, 'expression'>): Promise<Item> => {
    const item = await table.update(runKey(runId), expression, {
      expression: 'schemaVersion <= :version',
      names: update.names ?? {},
      values: { ...update.values, ':version': JOURNAL_VERSION },
    });
    // The condition did not hold: reading the run says which half of it.
    return item ?? (await getRunItem(runId));
  };

  /** The next number of the run: later ones are higher. */
  const nextSequence = async (runId: string): Promise<number> => {
    const item = await updateRunItem(runId, 'ADD #sequence :one', { names: { '#sequence': 'sequence' }, values: { ':one': 1 } });
    return item.sequence as number;
  };

  const missing = (what: string, runId: string): PodshiftError => new PodshiftError('NotFound', `there is no ${what} in run ${runId}`);

  return {
    createRun: async ({ runId, target, options, startedAt }) => {
      const item = {
        ...runKey(runId),
        schemaVersion: JOURNAL_VERSION,
        sequence: 0,
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
      };
      const run = (await table.put(item, ABSENT)) ? readRun(item) : await getRun(runId);
      // After the run itself and by its own start: a step that runs again completes the index and never doubles it.
      await table.put({ ...runIndexKey(run.startedAt, runId), runId });
      return run;
    },
    getRun,
    updateRun: async (runId, changes) => {
      const { names, values, assignments } = assign(changes);
      return assignments.length === 0
        ? getRun(runId)
        : readRun(await updateRunItem(runId, `SET ${assignments.join(', ')}`, { names, values }));
    },
    listRuns: async () => {
      const index = await table.query(RUNS, '', 'descending');
      const limit = pLimit(CONCURRENCY);
      const items = await Promise.all(
        index.map((entry) => limit(async () => ({ runId: String(entry.runId), item: await table.get(runKey(String(entry.runId))) }))),
      );
      return items.flatMap(({ runId, item }) => (item === undefined ? [] : [readRun(checkVersion(item, runId))]));
    },
    addCalls: async (runId, calls) => {
      const added = Object.entries(calls).filter(([, number]) => number > 0);
      if (added.length > 0) {
        await updateRunItem(runId, `ADD ${added.map(([service]) => `calls.#${service} :${service}`).join(', ')}`, {
          names: Object.fromEntries(added.map(([service]) => [`#${service}`, service])),
          values: Object.fromEntries(added.map(([service, number]) => [`:${service}`, number])),
        });
      }
    },

    ...createDocuments(table),

    putUnits: async (units) => {
      const limit = pLimit(CONCURRENCY);
      await Promise.all(units.map((unit) => limit(() => table.put({ ...unitKey(unit.runId, unit.unitId), ...writeUnit(unit) }, ABSENT))));
    },
    getUnit: async (runId, unitId) => {
      const item = await table.get(unitKey(runId, unitId));
      if (item === undefined) {
        throw missing(`unit ${unitId}`, runId);
      }
      return readUnit(item);
    },
    listUnits: async (runId) => (await table.query(runPartition(runId), 'UNIT#')).map(readUnit),
    updateUnit: async (runId, unitId, { stepStartedAt = {}, facts = {}, ...changes }) => {
      const { names, values, assignments } = assign(changes);
      assignMap('stepStartedAt', stepStartedAt, (path, value) => `${path} = if_not_exists(${path}, ${value})`, {
        names,
        values,
        assignments,
      });
      assignMap('facts', facts, (path, value) => `${path} = ${value}`, { names, values, assignments });
      const item =
        assignments.length === 0
          ? await table.get(unitKey(runId, unitId))
          : await table.update(unitKey(runId, unitId), `SET ${assignments.join(', ')}`, { ...PRESENT, names, values });
      if (item === undefined) {
        throw missing(`unit ${unitId}`, runId);
      }
      return readUnit(item);
    },

    putRoles: async (roles) => {
      const limit = pLimit(CONCURRENCY);
      await Promise.all(roles.map((role) => limit(() => table.put({ ...roleKey(role.runId, role.roleArn), ...role }, ABSENT))));
    },
    getRole: async (runId, roleArn) => {
      const item = await table.get(roleKey(runId, roleArn));
      if (item === undefined) {
        throw missing(`role ${roleArn}`, runId);
      }
      return readRole(item);
    },
    listRoles: async (runId) => (await table.query(runPartition(runId), 'ROLE#')).map(readRole),
    updateRole: async (runId, roleArn, changes) => {
      const { names, values, assignments } = assign(changes);
      const item =
        assignments.length === 0
          ? await table.get(roleKey(runId, roleArn))
          : await table.update(roleKey(runId, roleArn), `SET ${assignments.join(', ')}`, { ...PRESENT, names, values });
      if (item === undefined) {
        throw missing(`role ${roleArn}`, runId);
      }
      return readRole(item);
    },

    recordIntent: async ({ runId, key, before, ...entry }) => {
      const sequence = await nextSequence(runId);
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
      };
      if (await table.put(item, ABSENT)) {
        return readEntry(item);
      }
      const existing = await table.get(entryKey(runId, key));
      if (existing === undefined) {
        throw new PodshiftError('InternalError', `the journal entry ${key} of run ${runId} is gone`);
      }
      return readEntry(existing);
    },
    markApplied: async (runId, key, after) => {
      const item = await table.update(entryKey(runId, key), 'SET #state = :applied, #after = :after', {
        ...PRESENT,
        names: { '#state': 'state', '#after': 'after' },
        values: { ':applied': 'applied', ':after': json(after) },
      });
      if (item === undefined) {
        throw missing(`journal entry ${key}`, runId);
      }
    },
    markUndone: async (runId, key) => {
      const item = await table.update(entryKey(runId, key), 'SET #state = :undone', {
        ...PRESENT,
        names: { '#state': 'state' },
        values: { ':undone': 'undone' },
      });
      if (item === undefined) {
        throw missing(`journal entry ${key}`, runId);
      }
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
      await table.put({ ...evidenceKey(runId, sequence), unitId, evidence: json(evidence) }, ABSENT);
    },
    listEvidence: async (runId) => {
      const items = (await table.query(runPartition(runId), 'EVIDENCE#')).map(readEvidence);
      return new Map([...Map.groupBy(items, (item) => item.unitId)].map(([unitId, all]) => [unitId, all.map((item) => item.evidence)]));
    },

    ...createLocks(table, clock),

    putTaskToken: async (runId, token) => {
      await table.put({ ...tokenKey(runId), token });
    },
    takeTaskToken: async (runId) => (await table.remove(tokenKey(runId)))?.token as string | undefined,
  };
}

function checkVersion(item: Item, runId: string): Item {
  if ((item.schemaVersion as number) > JOURNAL_VERSION) {
    throw new PodshiftError(
      'JournalTooNew',
      `run ${runId} was written in journal version ${item.schemaVersion}; this podshift reads up to ${JOURNAL_VERSION}`,
    );
  }
  return item;
}
