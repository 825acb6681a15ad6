import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { createPacer, type Pacer } from '../src/aws/pacing.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { Logger } from '../src/migration/runtime.ts';
import type { Clock } from '../src/model/clock.ts';
import { isPodshiftError, type PodshiftError } from '../src/model/errors.ts';
import type { migrationOptions } from '../src/model/options.ts';
import type { RunReport } from '../src/model/report.ts';
import type { ClusterTarget } from '../src/model/run.ts';
import { buildReport } from '../src/report/report.ts';
import type { Pages } from '../src/service/pages.ts';
import { createVirtualClock, type VirtualClock } from '../twin/clock.ts';
import type { TwinDelays, TwinHooks } from '../twin/contracts.ts';
import { loadSnapshot, type Snapshot } from '../twin/snapshot.ts';
import { startTwin, type Twin } from '../twin/twin.ts';
import { type Migration, type MigrationInput, migrate, rollBack } from './local-migration.ts';
import { createLocalRuntime, type LocalRuntime } from './local-runtime.ts';
import { type LocalJournal, openMemoryJournal } from './memory-journal.ts';
import type { Service } from './service.ts';

/** What to rehearse, and how. */
export interface RehearsalSettings {
  /** A snapshot, or the folder of one. */
  readonly snapshot: Snapshot | string;
  readonly options?: z.input<typeof migrationOptions>;
  /** The twin's time at the start, milliseconds since the Unix epoch. */
  readonly startAt: number;
  readonly delays?: Partial<TwinDelays>;
  readonly hooks?: TwinHooks;
  readonly mode?: MigrationInput['mode'];
  readonly onEvent?: Migration['onEvent'];
  readonly approve?: Migration['approve'];
  readonly signal?: AbortSignal;
  /** Where the definitions come from; this project's own serverless.yml where absent. */
  readonly service?: Service;
  /** Called with the twin before the run starts: to make its world behave, or to change it from outside. */
  readonly prepare?: (twin: Twin) => void;
  /** Images that no kubelet of the twin can pull. */
  readonly unpullableImages?: NonNullable<Parameters<typeof startTwin>[0]['unpullableImages']>;
  /** Whether requests are paced, in virtual time, as those to a real account are. Not by default: each would move the clock. */
  readonly paced?: boolean;
  /** What the twin allows of each service; no end of requests where absent. */
  readonly rateLimits?: NonNullable<Parameters<typeof startTwin>[0]['rateLimits']>;
  /** How the twin's EKS Auth fails by itself; it does not where absent. */
  readonly eksAuthFaults?: NonNullable<Parameters<typeof startTwin>[0]['eksAuthFaults']>;
  /** Default `memory`; a function makes another one. */
  readonly journal?: 'memory' | ((clock: Clock) => LocalJournal | Promise<LocalJournal>);
  /** Silent where absent. */
  readonly logger?: Logger;
  /** Where the pages of its runs are stored; nowhere where absent. */
  readonly pages?: Pages;
}

/** How one run of a rehearsal ended. */
export interface RehearsedRun {
  readonly runId: string;
  readonly report: RunReport;
  /** What failed the execution; null where it ended by itself. */
  readonly failure: PodshiftError | null;
}

/** A rehearsed migration, and the twin that it left behind. */
export interface Rehearsal extends RehearsedRun {
  readonly twin: Twin;
  readonly clock: VirtualClock;
  readonly journal: Journal;
  readonly runtime: LocalRuntime;
  /** The logger of the settings, which all log lines reach. */
  readonly logger: Logger;
  readonly target: ClusterTarget;
  /** A second run over the same twin; with the same options, where no others are given. */
  rerun(options?: z.input<typeof migrationOptions>): Promise<RehearsedRun>;
  /** Rolls a run back, the first one where none is named; all units, where none are named. */
  rollback(runId?: string, unitIds?: readonly string[]): Promise<RehearsedRun>;
  close(): Promise<void>;
}

/**
 * Rehearses a whole migration on the twin of a snapshot, in virtual time: real state machines, handlers, SDK and Kubernetes
 * clients. The same settings give the same run. Throws `SnapshotUnreadable`; a run that fails is an answer.
 */
export async function rehearse(settings: RehearsalSettings): Promise<Rehearsal> {
  const { startAt, delays, hooks, options = {}, mode = 'run' } = settings;
  const snapshot = typeof settings.snapshot === 'string' ? await loadSnapshot(settings.snapshot) : settings.snapshot;
  const clock = createVirtualClock(startAt);
  const twin = await startTwin({
    snapshot,
    clock,
    unpullableImages: settings.unpullableImages,
    ...(settings.rateLimits === undefined ? {} : { rateLimits: settings.rateLimits }),
    ...(settings.eksAuthFaults === undefined ? {} : { eksAuthFaults: settings.eksAuthFaults }),
    ...(delays === undefined ? {} : { delays }),
    ...(hooks === undefined ? {} : { hooks }),
  });
  settings.prepare?.(twin);
  const local = typeof settings.journal === 'function' ? await settings.journal(clock) : openMemoryJournal({ clock });
  const target = { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null };
  const logger = settings.logger ?? SILENT;
  const made = createLocalRuntime({
    clock: clock.engine,
    journal: local.journal,
    endpoint: twin.awsEndpoint,
    credentials: twin.credentials,
    retryDelays: 'none',
    ...(settings.paced === true ? { pacer: virtualPacer(clock) } : {}),
    logger,
    random: replayable(),
    pages: settings.pages,
  });
  // One after another, units meet the twin in the same order each time.
  const runtime = Object.assign(made, { atOnce: 1 });
  const close = async (): Promise<void> => {
    await (await runtime.executions()).close();
    await local.close();
    await twin.close();
  };
  const shared = {
    runtime,
    clock: clock.engine,
    ...(settings.onEvent === undefined ? {} : { onEvent: settings.onEvent }),
    ...(settings.signal === undefined ? {} : { signal: settings.signal }),
    ...(settings.service === undefined ? {} : { service: settings.service }),
  };

  const ended = async (runId: string, failure: PodshiftError | null): Promise<RehearsedRun> => ({
    runId,
    failure,
    report: await buildReport(local.journal, runId, twin.promises()),
  });
  const run = async (chosen: z.input<typeof migrationOptions> = options): Promise<RehearsedRun> => {
    const runId = runtime.ids.next();
    const input = {
      runId,
      target,
      mode,
      approval: settings.approve === undefined ? ('none' as const) : ('required' as const),
      expectedDigest: null,
      options: chosen,
    };
    const approve = settings.approve === undefined ? {} : { approve: settings.approve };
    return ended(runId, await failureOf(async () => (await migrate({ ...shared, ...approve, input })).failure));
  };

  try {
    const first = await run();
    return {
      ...first,
      twin,
      clock,
      journal: local.journal,
      runtime,
      logger,
      target,
      rerun: run,
      rollback: async (runId = first.runId, unitIds) =>
        ended(
          runId,
          await failureOf(async () => {
            await rollBack({ ...shared, input: { runId, unitIds: unitIds ?? null, reason: 'asked for' } });
            return null;
          }),
        ),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The failure that the work answers with or throws; anything but a `PodshiftError` stays thrown. */
async function failureOf(work: () => Promise<PodshiftError | null>): Promise<PodshiftError | null> {
  try {
    return await work();
  } catch (error) {
    if (isPodshiftError(error)) {
      return error;
    }
    throw error;
  }
}

/** Paces in virtual time, which stands still while a request is on its way. */
function virtualPacer(clock: VirtualClock): Pacer {
  const pacer = createPacer(clock, (milliseconds) => clock.engine.pause(milliseconds));
  const holds: (() => void)[] = [];
  return {
    ...pacer,
    acquire: async (service, key) => {
      await pacer.acquire(service, key);
      holds.push(clock.hold());
    },
    report: (service, key, outcome) => {
      pacer.report(service, key, outcome);
      const release = holds.shift();
      // Whoever waited for the answer goes on first.
      if (release !== undefined) setImmediate(release);
    },
  };
}

/** Bytes that look random and are the same in each rehearsal. */
function replayable(): (bytes: number) => Uint8Array {
  let calls = 0;
  return (bytes) => {
    calls += 1;
    return createHash('sha256').update(`rehearsal ${calls}`).digest().subarray(0, bytes);
  };
}

const SILENT: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
