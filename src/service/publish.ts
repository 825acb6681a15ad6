import { type Change, isWatched, readChange } from '../journal/changes.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalWrite } from '../journal/stream.ts';
import { canBeNews } from '../journal/versions.ts';
import type { Logger } from '../migration/runtime.ts';
import { isPodshiftError } from '../model/errors.ts';
import type { Metrics } from '../model/metrics.ts';
import type { Plan } from '../model/plan.ts';
import type { RunRecord } from '../model/run.ts';
import { type BusEntry, busEntry, eventOf, isNews } from './events.ts';
import { measuresOf } from './measures.ts';

/** A bus that takes events. */
export interface EventBus {
  /**
   * Puts up to {@link MAX_ENTRIES} entries on the bus; one answer for each, in order: undefined where it was taken, else the
   * error's code. Throws `Throttled`, `ServiceUnavailable`, `AccessDenied`, `NotFound` where none was taken.
   */
  put(entries: readonly BusEntry[]): Promise<readonly (string | undefined)[]>;
}

/** The most entries of one PutEvents (EventBridge API reference). */
export const MAX_ENTRIES = 10;

/** What publishing needs. */
export interface Publishing {
  readonly journal: Pick<Journal, 'getRun' | 'getDocument' | 'getUnit'>;
  readonly bus: EventBus;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** URL of the service's API, without a slash at its end: events name what it answers. */
  readonly apiUrl: string;
}

interface Pending {
  readonly write: JournalWrite;
  readonly change: Change;
  readonly entry: BusEntry | undefined;
}

/**
 * Puts the events of these writes on the bus, in their order, and adds their measures. Answers the sequence number of the
 * first write that is to be read again, with all after it: its event was not taken, or the journal did not answer; undefined
 * where all is done. A write that can never become an event (damaged, or of a newer version) is logged, counted, and passed
 * over: the journal still has what happened, and the events behind it must not wait for it. Nothing is thrown.
 */
export async function publishWrites(publishing: Publishing, writes: readonly JournalWrite[]): Promise<string | undefined> {
  const { bus, logger } = publishing;
  const runs = new Map<string, Promise<RunRecord>>();
  const pending: Pending[] = [];
  let failed: JournalWrite | undefined;
  for (const write of writes.filter(({ key }) => isWatched(key))) {
    try {
      const ready = await prepare(publishing, write, runs);
      if (ready !== undefined) pending.push(ready);
    } catch (error) {
      if (!isPodshiftError(error, 'InternalError', 'JournalTooNew', 'NotFound', 'RunNotFound')) {
        failed = noteFailure(logger, write, error);
        break;
      }
      publishing.metrics.add({ name: 'EventsNotPublished', value: 1, dimensions: {} });
      logger.error('a change of the journal is no event', { ...named(write), error: error.name, reason: error.message });
    }
  }
  const untaken = await put(bus, pending, logger);
  // What is read again is measured then.
  const done = untaken === undefined ? pending : pending.slice(0, pending.indexOf(untaken));
  for (const { change, write } of done) for (const point of measuresOf(change, write.time)) publishing.metrics.add(point);
  return (untaken?.write ?? failed)?.sequence;
}

async function prepare(publishing: Publishing, write: JournalWrite, runs: Map<string, Promise<RunRecord>>): Promise<Pending | undefined> {
  // The table's own filter leaves out the same.
  if (write.after !== undefined && !canBeNews(write.after)) return undefined;
  const change = readChange(write.key, write.before, write.after);
  if (change === undefined) return undefined;
  if (!isNews(change)) return { write, change, entry: undefined };
  const run = change.kind === 'run' ? change.after : await runOf(publishing, change.after.runId, runs);
  const plan = change.kind === 'run' && run.approval?.status === 'waiting' ? await planOf(publishing, run) : undefined;
  const told = change.kind === 'unit' ? await withPlan(publishing, change) : change;
  return { write, change, entry: busEntry(eventOf(told, run, write, { apiUrl: publishing.apiUrl, plan })) };
}

type UnitChange = Extract<Change, { kind: 'unit' }>;

/** The change with the unit's plan, which lies apart from how it stands. */
async function withPlan({ journal }: Publishing, change: UnitChange): Promise<UnitChange> {
  const { after } = change;
  return after.plan === undefined
    ? { ...change, after: { ...after, plan: (await journal.getUnit(after.runId, after.unitId)).plan } }
    : change;
}

/** The plan that a run waits with. That it waits is told also where its plan cannot be read. */
async function planOf({ journal, logger }: Publishing, { runId }: RunRecord): Promise<Plan | undefined> {
  try {
    return (await journal.getDocument(runId, 'plan')) as Plan | undefined;
  } catch (error) {
    if (!isPodshiftError(error, 'InternalError')) throw error;
    logger.error('the plan of a run that waits for approval cannot be read', { runId, reason: error.message });
    return undefined;
  }
}

function runOf({ journal }: Publishing, runId: string, runs: Map<string, Promise<RunRecord>>): Promise<RunRecord> {
  const run = runs.get(runId) ?? journal.getRun(runId);
  runs.set(runId, run);
  return run;
}

/** Puts the entries, ten at a time; answers the first that was not taken. Entries behind it may have been: they come again under the same id. */
async function put(bus: EventBus, pending: readonly Pending[], logger: Logger): Promise<Pending | undefined> {
  const entries = pending.filter((one): one is Pending & { entry: BusEntry } => one.entry !== undefined);
  for (let start = 0; start < entries.length; start += MAX_ENTRIES) {
    const some = entries.slice(start, start + MAX_ENTRIES);
    try {
      const answers = await bus.put(some.map(({ entry }) => entry));
      const index = some.findIndex((_one, at) => answers[at] !== undefined);
      const untaken = some[index];
      if (untaken !== undefined) {
        logger.warn('the bus did not take an event', { ...named(untaken.write), error: answers[index] });
        return untaken;
      }
    } catch (error) {
      const [first] = some;
      if (first !== undefined) noteFailure(logger, first.write, error);
      return first;
    }
  }
  return undefined;
}

function noteFailure(logger: Logger, write: JournalWrite, error: unknown): JournalWrite {
  const facts = isPodshiftError(error) ? { error: error.name, reason: error.message } : { error: 'InternalError' };
  logger.error('events were not published; they will be tried again', { ...named(write), ...facts });
  return write;
}

function named({ key, id }: JournalWrite): Record<string, string> {
  return { event: id, item: `${key.pk} ${key.sk}` };
}
