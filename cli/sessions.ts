import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import type { EngineClock } from '../engine/clock.ts';
import type { ReadJournal } from '../engine/local-journal.ts';
import { createLocalRuntime } from '../engine/local-runtime.ts';
import { type LocalJournal, openMemoryJournal } from '../engine/memory-journal.ts';
import { defaultCredentials } from '../src/aws/default-credentials.ts';
import type { Journal } from '../src/journal/journal.ts';
import { isPausingName } from '../src/migration/pauses.ts';
import type { ClusterRuntime, Logger } from '../src/migration/runtime.ts';
import type { Clock } from '../src/model/clock.ts';
import { PodshiftError } from '../src/model/errors.ts';
import type { Finding } from '../src/model/findings.ts';
import { migrationOptions } from '../src/model/options.ts';
import type { Promises } from '../src/model/report.ts';
import type { CallCounts, ClusterTarget } from '../src/model/run.ts';
import { hang } from '../src/report/text.ts';
import type { EksAuthCalls } from '../twin/agents.ts';
import { createSystemClock, createVirtualClock } from '../twin/clock.ts';
import { type CommandContext, textFlag } from './context.ts';
import { watchFirstContact } from './first-contact.ts';
import { defaultJournalFolder } from './journal-folder.ts';
import { migrationOptionsOf } from './migration-flags.ts';
import type { Invocation } from './program.ts';
import { narrate, overlay } from './progress.ts';
import { withUnmatchedSaid } from './unmatched-acceptances.ts';
import { withSelectorsChecked } from './unmatched-selectors.ts';
import { version } from './version.ts';

/** A cluster, real or a twin's, with a journal: what a state machine needs to run. */
export interface Session {
  readonly target: ClusterTarget;
  readonly runtime: ClusterRuntime;
  readonly clock: EngineClock;
  readonly journal: Journal;
  /** Fires when someone asks to stop, when a host cannot be reached at the first contact, and when the journal fails: what cannot be recorded must not be done. */
  readonly signal: AbortSignal;
  /** Fires with the error of a host that cannot be reached while nothing is under way; never for a twin. */
  readonly unreached: AbortSignal;
  /** What the snapshot behind it cannot tell; nothing for a real cluster. */
  readonly unread: readonly Finding[];
  /** Codes of findings that the snapshot cannot bear out; empty for a real cluster. */
  readonly undecided: ReadonlySet<string>;
  /** What the twin's watch found; null for a real cluster. */
  promises(): Promises | null;
  /** What the twin's watch saw broken of them, a sentence each; none for a real cluster. */
  broken(): readonly string[];
  /** How often the twin's agents called EKS Auth, and how often it failed by itself. */
  eksAuthCalls(): EksAuthCalls;
  close(): Promise<void>;
}

/** How a twin's EKS Auth behaves. */
export interface TwinFaults {
  /** Percent of the time in which EKS Auth throttles or fails a pod. */
  readonly eksAuth: number;
}

/** The snapshot folder that the command was given, by argument or by flag; undefined where it works on a cluster. */
export function snapshotOf(invocation: Invocation): string | undefined {
  const [argument] = invocation.arguments;
  const flag = textFlag(invocation, 'snapshot');
  if (argument !== undefined && flag !== undefined)
    throw new PodshiftError('UsageError', 'give the snapshot folder once: as argument or by --snapshot');
  const folder = argument ?? flag;
  if (folder !== undefined && textFlag(invocation, 'cluster') !== undefined) {
    throw new PodshiftError('UsageError', 'give a snapshot folder or --cluster, not both');
  }
  return folder;
}

/** A session on the twin of a snapshot: virtual time, a journal in memory. */
export async function openTwinSession(
  folder: string,
  context: CommandContext,
  talk: boolean,
  faults: TwinFaults = { eksAuth: 0 },
): Promise<Session> {
  const [{ loadSnapshot }, { startTwin }, { eksAuthFaults }, { snapshotFindings, undecidedCodes }] = await Promise.all([
    import('../twin/snapshot.ts'),
    import('../twin/twin.ts'),
    import('../twin/aws/eks-auth-faults.ts'),
    import('./snapshot-findings.ts'),
  ]);
  const snapshot = await loadSnapshot(folder);
  const clock = createVirtualClock(Date.now());
  const twin = await startTwin({ snapshot, clock, eksAuthFaults: eksAuthFaults(faults.eksAuth, clock.now()) });
  const local = openMemoryJournal({ clock });
  const told = withSelectorsChecked(withUnmatchedSaid(local.journal, context.terminal));
  const journal = talk ? narrate(told, clock, context.terminal) : told;
  return {
    target: { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null },
    runtime: createLocalRuntime({
      clock: clock.engine,
      journal,
      endpoint: twin.awsEndpoint,
      credentials: twin.credentials,
      retryDelays: 'none',
      logger: loggerOf(context, clock),
    }),
    clock: clock.engine,
    journal,
    signal: context.interrupts.signal,
    unreached: new AbortController().signal,
    unread: snapshotFindings(snapshot),
    undecided: undecidedCodes(snapshot),
    promises: () => twin.promises(),
    broken: () => twin.watch.broken(),
    eksAuthCalls: () => twin.identities.agents.eksAuthCalls,
    close: async () => {
      await local.close();
      await twin.close();
    },
  };
}

/**
 * A session on a real cluster: the machine's time, the journal in the folder of `--journal`, or in memory for a command
 * that only reads. Throws `UsageError` without a cluster or a region.
 */
export async function openClusterSession(
  invocation: Invocation,
  context: CommandContext,
  settings: { readonly journal: 'folder' | 'memory'; readonly target?: ClusterTarget; readonly isResumed?: boolean },
): Promise<Session> {
  const target = settings.target ?? (await targetOf(invocation, context));
  const clock = createSystemClock();
  const { local, signal } = await openSessionJournal(invocation, context, clock, settings.journal);
  const firstContact = watchFirstContact(context.terminal, settings.isResumed === true, neededFor(target));
  const told = narrate(withSelectorsChecked(withUnmatchedSaid(local.journal, context.terminal)), clock, context.terminal);
  const journal = settings.journal === 'folder' ? onceUnderWay(told, firstContact.underWay) : told;
  const profile = textFlag(invocation, 'profile');
  const endpoint = textFlag(invocation, 'endpointUrl');
  return {
    target,
    runtime: createLocalRuntime({
      clock: clock.engine,
      journal,
      retryDelays: 'standard',
      heartbeat: true,
      // What is kept in memory is shown to nobody who would ask which podshift made it.
      ...(settings.journal === 'folder' ? { ownRequests: true, podshift: await version() } : {}),
      logger: loggerOf(context, clock, firstContact.signal),
      contacts: firstContact.contacts,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(profile === undefined ? {} : { credentials: defaultCredentials({ profile, region: target.region }) }),
    }),
    clock: clock.engine,
    journal,
    signal: AbortSignal.any([signal, firstContact.signal]),
    unreached: firstContact.signal,
    unread: [],
    undecided: new Set(),
    promises: () => null,
    broken: () => [],
    eksAuthCalls: () => ({ calls: 0, failed: 0 }),
    close: async () => {
      firstContact.close();
      clock.close();
      await local.close();
    },
  };
}

/** The services that nothing works without on this cluster. STS is asked who runs podshift, too, and that may stay unknown. */
export function neededFor({ assumeRoleArn }: ClusterTarget): (keyof CallCounts)[] {
  return ['eks', 'iam', 'kubernetes', ...(assumeRoleArn === null ? [] : (['sts'] as const))];
}

/** The same journal, which says so once a plan is in it: what comes next writes. */
function onceUnderWay(journal: Journal, underWay: () => void): Journal {
  return overlay(journal, {
    async putDocument(runId, name, value) {
      await journal.putDocument(runId, name, value);
      if (name === 'plan') underWay();
    },
  });
}

/** The folder of the journal that a command works with. */
export function journalFolder(invocation: Invocation): string {
  return textFlag(invocation, 'journal') ?? defaultJournalFolder();
}

/** The journal that a session works with, and the signal that stops it: see {@link Session}. */
export async function openSessionJournal(
  invocation: Invocation,
  { interrupts }: CommandContext,
  clock: Clock,
  kind: 'folder' | 'memory',
): Promise<{ readonly local: LocalJournal; readonly signal: AbortSignal }> {
  if (kind === 'memory') return { local: openMemoryJournal({ clock }), signal: interrupts.signal };
  const failed = new AbortController();
  const onFailure = (error: PodshiftError): void => failed.abort(error);
  const { openLocalJournal } = await import('../engine/local-journal.ts');
  const local = await openLocalJournal({ path: journalFolder(invocation), clock, onFailure });
  return { local, signal: AbortSignal.any([interrupts.signal, failed.signal]) };
}

/**
 * The journal of this machine for a command that only looks, also while another process writes to it; undefined where the
 * folder has none yet, so that looking leaves no trace.
 */
export async function openJournal(invocation: Invocation): Promise<ReadJournal | undefined> {
  const { readLocalJournal } = await import('../engine/local-journal.ts');
  return readLocalJournal({ path: journalFolder(invocation), clock: createSystemClock() });
}

/** The journal that must have the run. Throws `RunNotFound` where there is none at all. */
export async function openJournalOf(invocation: Invocation, runId: string): Promise<ReadJournal> {
  const opened = await openJournal(invocation);
  if (opened === undefined) {
    throw new PodshiftError('RunNotFound', `there is no run ${runId}: there is no journal in ${journalFolder(invocation)}`);
  }
  return opened;
}

/** The migration options by flags and `--options` file. Throws `UsageError`. */
export async function optionsOf(invocation: Invocation): Promise<z.input<typeof migrationOptions>> {
  const options = await givenOptions(invocation);
  // The daemon is the command's argument, not a flag.
  return invocation.name === 'retire'
    ? migrationOptions.parse({ ...options, retireDaemon: invocation.arguments[0], retireOnly: true })
    : options;
}

async function givenOptions(invocation: Invocation): Promise<z.input<typeof migrationOptions>> {
  const file = textFlag(invocation, 'options');
  if (file === undefined) return migrationOptionsOf(invocation.flags);
  try {
    return migrationOptionsOf(invocation.flags, { name: file, text: await readFile(file, 'utf8') });
  } catch (error) {
    if (error instanceof PodshiftError || !isSystemError(error)) throw error;
    throw new PodshiftError('UsageError', `the options file ${file} cannot be read (${error.code})`, { cause: error });
  }
}

/** The cluster of `--cluster`, in the region of `--region` or of the AWS configuration. Throws `UsageError` without either. */
export async function targetOf(invocation: Invocation, { environment }: CommandContext): Promise<ClusterTarget> {
  const clusterName = textFlag(invocation, 'cluster');
  if (clusterName === undefined) {
    const snapshots = ['run', 'capture'].includes(invocation.name) ? '' : ', or a snapshot folder to look at its twin';
    throw new PodshiftError('UsageError', `which cluster? give --cluster NAME and --region REGION${snapshots}`);
  }
  const region = await regionOf(invocation, { environment });
  const externalId = textFlag(invocation, 'externalId');
  const assumeRoleArn = textFlag(invocation, 'roleArn') ?? null;
  return { clusterName, region, assumeRoleArn, ...(externalId === undefined ? {} : { externalId }) };
}

/** The region of `--region`, of the environment, or of the profile. Throws `UsageError` where none says one. */
export async function regionOf(invocation: Invocation, { environment }: Pick<CommandContext, 'environment'>): Promise<string> {
  return textFlag(invocation, 'region') ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? (await profileRegion(invocation));
}

/** The region of the AWS configuration's profile, found as the SDK finds it. */
async function profileRegion(invocation: Invocation): Promise<string> {
  const profile = textFlag(invocation, 'profile');
  const { EKSClient } = await import('@aws-sdk/client-eks');
  const client = new EKSClient(profile === undefined ? {} : { profile });
  try {
    return await client.config.region();
  } catch (error) {
    throw new PodshiftError('UsageError', 'which region? give --region, set AWS_REGION, or set a region in the AWS profile', {
      cause: error,
    });
  } finally {
    client.destroy();
  }
}

/** How often someone who waits is told that a step is tried again. */
const RETRY_LINE_MILLISECONDS = 600_000;

/**
 * The steps' own log is for debugging: progress and errors are told by the command. But for a step that waits for its turn, or for
 * a service that is away: its retries can take hours. Once `stopped` has fired nothing is tried again.
 */
export function loggerOf({ terminal, debug }: CommandContext, clock: Clock, stopped?: AbortSignal): Logger {
  const told = new Map<unknown, number>();
  const line =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      if (debug) terminal.talk(JSON.stringify({ level, message, ...fields }));
      else if (level === 'error' && isPausingName(fields.error) && stopped?.aborted !== true) sayRetry(message, fields.error);
    };
  const sayRetry = (message: string, error: unknown): void => {
    if (clock.now() - (told.get(error) ?? Number.NEGATIVE_INFINITY) < RETRY_LINE_MILLISECONDS) return;
    told.set(error, clock.now());
    terminal.talk(hang('', `${message}; waiting, then trying again`, terminal.talkColumns));
  };
  return { info: line('info'), warn: line('warn'), error: line('error') };
}

/** Whether an error is one of the operating system, with a code such as `ENOENT`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
