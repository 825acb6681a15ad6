import { openMemoryJournal } from '../engine/memory-journal.ts';
import { auditOf, sealAudit } from '../src/audit/audit.ts';
import { renderAudit } from '../src/audit/chain.ts';
import { verifyAudit } from '../src/audit/verify.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { EntryKind } from '../src/model/run.ts';
import { entry, history } from '../test/unit/fixtures/audit-history.ts';

/** What the record of a run of so many units took. */
export interface AuditMeasure {
  readonly units: number;
  readonly records: number;
  readonly megabytes: number;
  /** User and system time: of sealing it at the run's end, of `audit RUN`, and of `audit --verify FILE --against RUN`. */
  readonly seal: number;
  readonly print: number;
  readonly verify: number;
  /** The process's resident memory at its highest. */
  readonly resident: number;
  readonly honest: boolean;
}

const RUN = 'run-1';
/** What a unit of IRSA writes, a probe pod and two restarts among it. */
const WRITES: readonly EntryKind[] = ['trust', 'association', 'probe-pod', 'restart', 'restart', 'annotations'];
const EVIDENCE = 6;

/** Seals, prints and verifies the record of a run of so many units. */
export async function measureAudit(units: number): Promise<AuditMeasure> {
  const { journal } = openMemoryJournal({ clock: { now: () => Date.UTC(2026, 0, 5) } });
  await fill(journal, units);
  const ended = await journal.updateRun(RUN, { status: 'migrated', endedAt: '2026-01-05T10:00:00.000Z' });
  const [audit, seal] = await cpu(() => sealAudit(journal, ended));
  await journal.updateRun(RUN, { audit });
  const [text, print] = await cpu(async () => renderAudit(await auditOf(journal, RUN)));
  const file = Buffer.from(text);
  const [verdict, verify] = await cpu(async () => verifyAudit(file, { hash: audit.hash, run: await auditOf(journal, RUN) }));
  const resident = process.resourceUsage().maxRSS / 1024;
  return { units, records: audit.records, megabytes: file.length / 1e6, seal, print, verify, resident, honest: verdict.honest };
}

async function fill(journal: Journal, units: number): Promise<void> {
  const {
    run,
    units: [unit],
    roles: [role],
    evidence,
  } = history();
  const [proof] = [...evidence.values()].flat();
  if (unit === undefined || role === undefined || proof === undefined) throw new Error('the history has no unit, role or evidence');
  await journal.createRun({ runId: RUN, target: run.target, options: run.options, startedAt: run.startedAt });
  for (let number = 0; number < units; number += 1) {
    const unitId = `team-${number % 40}/service-account-${number}`;
    await journal.putUnits([{ ...unit, unitId }]);
    await journal.putRoles([{ ...role, roleArn: `${role.roleArn}-${number}` }]);
    for (const [index, kind] of WRITES.entries()) {
      const key = `${kind}#${unitId}#${index}`;
      const before = kind === 'trust' ? { document: role.trustBefore } : { mark: null };
      const after = kind === 'trust' ? { document: role.trustAfter } : { mark: 'podshift' };
      const until = Date.UTC(2026, 0, 5);
      await journal.recordIntent({ runId: RUN, key, unitId, kind, object: `Deployment/${unitId}`, before, attempt: { id: 'a', until } });
      await journal.markApplied(RUN, key, after, { id: 'a', requests: entry(number).requests ?? [] });
    }
    for (let index = 0; index < EVIDENCE; index += 1) await journal.addEvidence(RUN, unitId, proof);
  }
}

/** What the work answers, and seconds of user and system time that it took. */
async function cpu<T>(work: () => Promise<T>): Promise<[T, number]> {
  const from = process.cpuUsage();
  const answer = await work();
  const { user, system } = process.cpuUsage(from);
  return [answer, (user + system) / 1e6];
}
