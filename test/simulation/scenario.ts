import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { migrate, rollBack } from '../../engine/local-migration.ts';
import { type Rehearsal, type RehearsalSettings, type RehearsedRun, rehearse } from '../../engine/rehearsal.ts';
import type { Logger } from '../../src/migration/runtime.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { buildReport } from '../../src/report/report.ts';
import type { Fault, TwinRequest } from '../../twin/contracts.ts';
import { loadSnapshot, type Snapshot } from '../../twin/snapshot.ts';
import { checkOrder } from './order.ts';
import { secretsOf } from './secrets.ts';

/** The project's own example. */
export const EXAMPLE = 'examples/shop';
/** The project's own example of kube2iam, with splits. */
export const KUBE2IAM = 'examples/press-kube2iam';
/** The real snapshot, where it is beside the checkout. */
export const BOUTIQUE = '../shared/snapshots/boutique';

/** The snapshots that simulations run over: the project's own, and the real one where it is beside the checkout. */
export const SNAPSHOTS: readonly string[] = [EXAMPLE, KUBE2IAM, ...(existsSync(`${BOUTIQUE}/eks/cluster.json`) ? [BOUTIQUE] : [])];

const START = Date.UTC(2026, 0, 5, 9);
const OPTIONS = { soakSeconds: 60, injectionChecks: 3 } as const;
/** More tries than the SDK and the Kubernetes gateway make of one request: the fault reaches the step. */
const TRIES = 6;

const loaded = new Map<string, Promise<Snapshot>>();

/** A snapshot, read once. */
export function snapshotOf(folder: string): Promise<Snapshot> {
  const known = loaded.get(folder) ?? loadSnapshot(folder);
  loaded.set(folder, known);
  return known;
}

/** The log lines of each logger. */
const logged = new WeakMap<Logger, string[]>();

/** What a simulation runs over: a snapshot's folder, or a snapshot with options of its own. */
export type Scene =
  | string
  | { readonly name: string; snapshot(): Promise<Snapshot>; readonly options: NonNullable<RehearsalSettings['options']> };

/** The options of its migration. */
export function optionsOf(scene: Scene): NonNullable<RehearsalSettings['options']> {
  return typeof scene === 'string' ? OPTIONS : scene.options;
}

/** How every simulation rehearses: the same start, short waits, a journal in memory, and a log that is looked at afterwards. */
export async function settingsOf(scene: Scene): Promise<RehearsalSettings & { logger: Logger }> {
  const lines: string[] = [];
  const line = (message: string, fields?: Record<string, unknown>): void => void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const logger = { info: line, warn: line, error: line };
  logged.set(logger, lines);
  const snapshot = typeof scene === 'string' ? await snapshotOf(scene) : await scene.snapshot();
  return { snapshot, startAt: START, options: optionsOf(scene), journal: 'memory', logger };
}

/** One place of a run where a request is sent: what it asks, and the how-many-th time. */
export interface Site {
  readonly key: string;
  readonly ordinal: number;
}

/** How a request goes wrong: its every try lost on the way there, or its first reply lost on the way back. */
export type Harm = 'throttled' | 'server error' | 'reset' | 'reply lost';

export const HARMS: readonly Harm[] = ['throttled', 'server error', 'reset', 'reply lost'];

function keyOf(request: TwinRequest): string {
  return `${request.service} ${request.operation} ${request.object}`.trim();
}

/** Counts the requests of each key. */
function siteCounter(): (request: TwinRequest) => Site {
  const seen = new Map<string, number>();
  return (request) => {
    const key = keyOf(request);
    const ordinal = (seen.get(key) ?? 0) + 1;
    seen.set(key, ordinal);
    return { key, ordinal };
  };
}

/** What a clean run over the snapshot looks like: each request's site, in order, and how the run ended. */
export interface CleanRun {
  readonly sites: readonly Site[];
  readonly requests: readonly TwinRequest[];
  readonly run: RehearsedRun;
}

/** Runs the migration once without faults, and records every call. */
export async function cleanRun(scene: Scene): Promise<CleanRun> {
  const rehearsal = await rehearse(await settingsOf(scene));
  try {
    const count = siteCounter();
    const requests = [...rehearsal.twin.requests];
    return { sites: requests.map(count), requests, run: { runId: rehearsal.runId, report: rehearsal.report, failure: rehearsal.failure } };
  } finally {
    await rehearsal.close();
  }
}

/** Runs the migration with one call harmed, checks every promise, and that a second run writes nothing. */
export async function runWithHarm(scene: Scene, clean: CleanRun, site: Site, harm: Harm): Promise<void> {
  const count = siteCounter();
  let left = harm === 'reply lost' ? 1 : TRIES;
  let begun = false;
  const rehearsal = await rehearse({
    ...(await settingsOf(scene)),
    hooks: {
      beforeRequest: (request) => {
        const { key, ordinal } = count(request);
        if (key !== site.key || left === 0 || (!begun && ordinal !== site.ordinal)) return undefined;
        begun = true;
        left -= 1;
        return faultOf(harm);
      },
    },
  });
  try {
    expect(begun, `the run reached ${site.key} for the ${site.ordinal}. time`).toBe(true);
    expect(statuses(rehearsal)).toEqual(statuses(clean.run));
    await checkPromises(rehearsal);
    await checkSecondRun(rehearsal, scene);
  } finally {
    await rehearsal.close();
  }
}

function faultOf(harm: Harm): Fault {
  switch (harm) {
    case 'throttled':
      return { kind: 'throttle', when: 'before' };
    case 'server error':
      return { kind: 'server-error', when: 'before' };
    case 'reset':
      return { kind: 'reset', when: 'before' };
    case 'reply lost':
      return { kind: 'reset', when: 'after' };
  }
}

/** How to go on after the process has died in the middle of a run. */
export type Recovery = 'resume' | 'roll back';

/**
 * Lets the process die at a site (applied or not), then resumes the run from the journal or rolls it back, and checks what
 * must hold.
 */
export async function runWithCrash(scene: Scene, clean: CleanRun, site: Site, applied: boolean, recovery: Recovery): Promise<void> {
  const death = new AbortController();
  const count = siteCounter();
  let recovered = false;
  const rehearsal = await rehearse({
    ...(await settingsOf(scene)),
    signal: death.signal,
    hooks: {
      beforeRequest: (request) => {
        const { key, ordinal } = count(request);
        const isHere = key === site.key && ordinal === site.ordinal;
        if (recovered || (!isHere && !death.signal.aborted)) return undefined;
        death.abort(new PodshiftError('ServiceUnavailable', 'the process died'));
        // Nothing that a dead process would have sent reaches anybody.
        return { kind: 'reset', when: isHere && applied ? 'after' : 'before' };
      },
    },
  });
  try {
    expect(death.signal.aborted, `the run reached ${site.key} for the ${site.ordinal}. time`).toBe(true);
    recovered = true;
    if (recovery === 'resume') {
      await runAgain(rehearsal, rehearsal.runId, scene);
      const report = await buildReport(rehearsal.journal, rehearsal.runId, rehearsal.twin.promises());
      expect(statuses({ ...rehearsal, report, failure: null })).toEqual(statuses(clean.run));
      await checkPromises({ ...rehearsal, report });
      await checkSecondRun(rehearsal, scene);
    } else {
      const { runtime, clock, runId } = rehearsal;
      await rollBack({ runtime, clock: clock.engine, input: { runId, unitIds: null, reason: 'the process died' } });
      const report = await buildReport(rehearsal.journal, runId, rehearsal.twin.promises());
      expect(['rolled-back', 'held']).toContain(report.run.status);
      expect(rehearsal.twin.watch.compareWithBaseline()).toEqual([]);
      await checkPromises({ ...rehearsal, report });
    }
  } finally {
    await rehearsal.close();
  }
}

/** Runs the migration again over the same twin and journal: under the same run id it resumes, under a new one it is a second run. */
async function runAgain(
  { runtime, clock, target }: Pick<Rehearsal, 'runtime' | 'clock' | 'target'>,
  runId: string,
  scene: Scene,
): Promise<void> {
  const input = { runId, target, mode: 'run', approval: 'none', expectedDigest: null, options: optionsOf(scene) } as const;
  const { failure } = await migrate({ runtime, clock: clock.engine, input });
  expect(failure).toBeNull();
}

/** The promises that can be checked after a run; the twin has watched the first three after every call. */
export async function checkPromises(rehearsal: Pick<Rehearsal, 'report' | 'twin' | 'journal' | 'runId' | 'logger'>): Promise<void> {
  const { report, twin } = rehearsal;
  expect(twin.watch.gaps).toEqual([]);
  expect(twin.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
  expect(['migrated', 'held', 'rolled-back', 'needs-operator']).toContain(report.run.status);
  for (const unit of report.units) expect(['migrated', 'held', 'rolled-back', 'needs-operator']).toContain(unit.status);
  await checkOrder(rehearsal);
  expect(await secretsIn(rehearsal)).toEqual([]);
}

/** A second run over a finished migration writes nothing. */
export async function checkSecondRun(
  rehearsal: Pick<Rehearsal, 'runtime' | 'clock' | 'target' | 'twin'>,
  scene: Scene = EXAMPLE,
): Promise<void> {
  const before = rehearsal.twin.requests.length;
  await runAgain(rehearsal, rehearsal.runtime.ids.next(), scene);
  const writes = rehearsal.twin.requests.slice(before).filter((request) => request.write);
  expect(writes.map(keyOf)).toEqual([]);
}

/** What a run came to: each unit's end. */
export function statuses(run: RehearsedRun): Record<string, string> {
  const units = run.report.units.map((unit) => [`${unit.namespace}/${unit.serviceAccount}`, unit.status] as const);
  return { ...Object.fromEntries(units), run: run.report.run.status, failure: run.failure?.message ?? '' };
}

/** Secrets of the twin (keys, session tokens, bearer tokens) that stand in the report, the journal or the log. */
async function secretsIn({
  report,
  twin,
  journal,
  runId,
  logger,
}: Pick<Rehearsal, 'report' | 'twin' | 'journal' | 'runId' | 'logger'>): Promise<string[]> {
  const documents = await Promise.all([
    journal.getRun(runId),
    journal.getDocument(runId, 'inventory'),
    journal.getDocument(runId, 'plan'),
    journal.listUnits(runId),
    journal.listRoles(runId),
    journal.listEntries(runId),
    journal.listEvidence(runId).then((evidence) => [...evidence]),
  ]);
  const lines = logged.get(logger);
  expect(lines, 'the log was kept').toBeDefined();
  return secretsOf(JSON.stringify([report, documents, lines]), twin.credentials);
}
