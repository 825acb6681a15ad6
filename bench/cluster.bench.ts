import { readFile } from 'node:fs/promises';
import { allStates } from '../engine/check.ts';
import { createHistoryCounter } from '../engine/history.ts';
import { createMemoryTable } from '../engine/memory-table.ts';
import type { OnProgress } from '../engine/progress.ts';
import { type RehearsalSettings, rehearse } from '../engine/rehearsal.ts';
import { loadService, parseYaml } from '../engine/service.ts';
import { readChange } from '../src/journal/changes.ts';
import { createTableJournal } from '../src/journal/table-journal.ts';
import type { CallCounts } from '../src/model/run.ts';
import { isNews } from '../src/service/events.ts';
import { measuresOf } from '../src/service/measures.ts';
import { type LogMeter, meterLogger } from './metered-logger.ts';
import { meterTls } from './metered-sockets.ts';
import { meterTable, type TableMeter } from './metered-table.ts';
import { generateSnapshot, type SnapshotShape } from './rehearsal.bench.ts';
import { streamPatterns } from './stream-filter.ts';

/** Which cluster is migrated, and how quick its pods are. */
export interface ClusterSettings extends SnapshotShape {
  readonly units: number;
  /** From a pod's creation until it is ready; the twin's default where absent. Seconds. */
  readonly podSeconds?: number;
  /** Requests take no time, as in a rehearsal; by default they are paced as those to a real account. */
  readonly unpaced?: true;
}

/** What one migration of a generated cluster took; all of it counted, none of it assumed. */
export interface ClusterMeasure {
  readonly units: number;
  readonly migrated: number;
  readonly status: string;
  /** States entered and tries repeated, child executions included: what Step Functions bills. */
  readonly transitions: number;
  readonly invocations: number;
  readonly executions: number;
  /** Events of the run's own history, and of its longest child's. */
  readonly history: number;
  readonly longestChild: number;
  /** The run's own time, on the twin's clock; requests take the time that they wait for their turn. */
  readonly seconds: number;
  readonly calls: CallCounts;
  /** Pods that were renewed. */
  readonly restarted: number;
  /** What all functions waited for their requests' turns, each second by the memory that its function has. */
  readonly waitedGigabyteSeconds: number;
  readonly journal: TableMeter;
  /** What the stream's function puts on the event bus, and the data points that it logs. */
  readonly events: number;
  readonly points: number;
  readonly log: LogMeter;
  /** Bytes that the API server sent. */
  readonly kubernetesBytes: number;
  /** User and system time of this process, the twin's work included. */
  readonly cpuSeconds: number;
}

/** Migrates a generated cluster with the default options, and counts. */
export async function measureCluster({ units: size, podSeconds, unpaced, ...shape }: ClusterSettings): Promise<ClusterMeasure> {
  const machine = await (await loadService()).stateMachine('migrate-cluster');
  const counter = createHistoryCounter(machine);
  const tasks = new Set([...allStates(machine)].flatMap(([name, { Type }]) => (Type === 'Task' ? [name] : [])));
  const work = counted(tasks, await memories());
  const { logger, meter: log } = meterLogger();
  const news = { events: 0, points: 0 };
  const { table, meter } = meterTable(createMemoryTable(), await streamPatterns(), ({ key, before, after, time }) => {
    const change = readChange(key, before, after);
    if (change === undefined) return;
    news.events += Number(isNews(change));
    news.points += measuresOf(change, time).length;
  });
  const tls = meterTls();
  const from = process.cpuUsage();
  const rehearsal = await rehearse({
    snapshot: generateSnapshot(size, shape),
    startAt: Date.UTC(2026, 0, 5),
    paced: unpaced !== true,
    logger,
    journal: (clock) => ({ journal: createTableJournal(table, clock), close: () => Promise.resolve() }),
    ...slow(podSeconds),
    onEvent: (progress) => {
      counter.onEvent(progress);
      work.onEvent(progress);
    },
  });
  try {
    const { user, system } = process.cpuUsage(from);
    const { run, calls, units } = rehearsal.report;
    const children = [...counter.executions].filter(([name]) => name !== '').map(([, events]) => events);
    const migrated = units.filter(({ status }) => status === 'migrated');
    return {
      units: units.length,
      migrated: migrated.length,
      status: run.status,
      ...work.counts,
      executions: counter.executions.size,
      history: counter.executions.get('') ?? 0,
      longestChild: Math.max(0, ...children),
      seconds: (Date.parse(run.endedAt ?? '') - Date.parse(run.startedAt)) / 1000,
      calls,
      restarted: migrated.length * (shape.podsEach ?? 2),
      journal: { ...meter },
      ...news,
      log: { ...log },
      kubernetesBytes: tls.bytes(),
      cpuSeconds: (user + system) / 1e6,
    };
  } finally {
    tls.stop();
    await rehearsal.close();
  }
}

function slow(podSeconds: number | undefined): Pick<RehearsalSettings, 'delays'> {
  if (podSeconds === undefined) return {};
  return { delays: { podStart: podSeconds * 500, podReady: podSeconds * 500 } };
}

/** Counts what is billed of an execution's progress. */
function counted(tasks: ReadonlySet<string>, memory: (state: string) => number) {
  const counts = { transitions: 0, invocations: 0, waitedGigabyteSeconds: 0 };
  const since = new Map<string, number>();
  const onEvent: OnProgress = ({ type, state, execution, at }) => {
    const id = `${execution} ${state}`;
    const began = since.get(id);
    if (began !== undefined) {
      counts.waitedGigabyteSeconds += ((at - began) / 1000) * memory(state);
      since.delete(id);
    }
    if (type !== 'state-entered' && type !== 'task-retried') return;
    counts.transitions += 1;
    if (!tasks.has(state)) return;
    counts.invocations += 1;
    since.set(id, at);
  };
  return { counts, onEvent };
}

/** GB of memory of the function that a Task calls, by the Task's name: the functions are named alike. */
async function memories(): Promise<(state: string) => number> {
  const text = await readFile(new URL('../serverless.yml', import.meta.url), 'utf8');
  type Service = { provider: { memorySize: number }; functions: Record<string, { memorySize?: number }> };
  const { provider, functions } = parseYaml(text) as Service;
  return (state) => (functions[`${state.charAt(0).toLowerCase()}${state.slice(1)}`]?.memorySize ?? provider.memorySize) / 1024;
}
