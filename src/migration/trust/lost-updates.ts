import pLimit from 'p-limit';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { RoleRecord, RunRecord, TrustAct, TrustWrite } from '../../model/run.ts';
import { admitsPodIdentity, revokeServiceAccounts } from '../../trust/index.ts';
import { READ_LAG_SECONDS } from '../quiet.ts';
import { planOf } from '../run/plan-run.ts';
import type { Runtime } from '../runtime.ts';
import { holdLock, LEASE_SECONDS, type Poll, READY, waitFor } from '../write.ts';
import { OVERWRITTEN } from './block-role.ts';
import { withoutOldWay } from './old-way.ts';
import {
  accountOf,
  admitAlso,
  documentAfter,
  fingerprint,
  policyOf,
  recordTrust,
  type TrustedRole,
  trustedRole,
  trustNow,
  withLease,
} from './role-trust.ts';
import { askAlone, askTogether, nextSecond, type Together, type TrailAnswer, type Written, wholeSecond } from './trail-looks.ts';
import { FEWEST_ROLES, type Span } from './trail-windows.ts';
import { writeTrust } from './write-trust.ts';

/** CloudTrail delivers about 5 minutes after an event (AWS CloudTrail User Guide, "How CloudTrail works"). */
const DELIVERY_SECONDS = 300;
/** Three times that is late. */
const LATE_SECONDS = 900;
/** Between two looks for podshift's own write. */
const POLL_SECONDS = 60;
/** What somebody wrote so long before podshift's read it may not have shown. */
const LATE_READ = READ_LAG_SECONDS.trust * 1000;
/** Roles that one call judges at most before it hands on: their records and leases have to fit in the function's time (120 s). */
const ROLES = 200;
/** Roles that one call asks for by themselves at most: CloudTrail takes two look-ups a second in an account and region. */
const LOOK_UPS = 60;
/** How long so many look-ups take there, and so until the next ones: roles that CloudTrail does not show yet are asked for again and again. */
const PACE_SECONDS = 30;
/** Reads of the journal under way at once. */
const CONCURRENCY = 16;

/**
 * Asks CloudTrail whether somebody else wrote a role's trust policy while a write of this run did, for each write that it has not
 * answered for: IAM compares nothing, so that the one who wrote first is overwritten without a trace. The answer counts once podshift's
 * own write is seen beside it. It is called until it is ready, ahead of the end of a run, forward or back: a run that soaks waits
 * for CloudTrail, for 15 minutes at most; what it does not see by then stands in the report.
 */
export async function checkWriters(runtime: Runtime, input: { runId: string }): Promise<Poll> {
  const { clock, journal } = runtime;
  const run = await journal.getRun(input.runId);
  const open = (await journal.listRoles(run.runId)).filter((role) => openWrites(role).length > 0);
  const due = open.filter((role) => dueWrites(run, role, clock.now()).length > 0);
  const later = open.filter((role) => !due.includes(role)).flatMap((role) => openWrites(role).map((write) => askAt(run, write)));
  const waits = [secondsUntil(clock.now(), later)];
  const asked = due.slice(0, ROLES);
  const together = await askTogether(runtime, run, spansOf(run, asked, clock.now()));
  let lookUps = 0;
  const ask: Ask = async (role, span) => {
    const answer = together(role, span);
    if (answer !== undefined || lookUps >= LOOK_UPS) return answer ?? 'unasked';
    lookUps += 1;
    return askAlone(runtime, run, role, span);
  };
  for (const { roleArn } of asked) {
    await holdLock(runtime, run);
    waits.push(await checkRole(runtime, run, roleArn, { when: 'last', ask }));
  }
  if (due.length > ROLES) waits.push(PACE_SECONDS);
  const seconds = Math.min(...waits.filter((wait) => wait > 0));
  if (!Number.isFinite(seconds)) return READY;
  await holdLock(runtime, run, seconds);
  return waitFor(seconds);
}

/**
 * Asks CloudTrail once for what is due of all these roles, as far as that is fewer look-ups than one for each of them. Throws what
 * {@link askTogether} throws, and `RunNotFound` for a role that the run does not have.
 */
export async function lookAtWriters(runtime: Runtime, run: RunRecord, roleArns: readonly string[]): Promise<Together> {
  if (roleArns.length < FEWEST_ROLES) return () => undefined;
  const limit = pLimit(CONCURRENCY);
  const roles = await Promise.all(roleArns.map((roleArn) => limit(() => runtime.journal.getRole(run.runId, roleArn))));
  return askTogether(runtime, run, spansOf(run, roles, runtime.clock.now()));
}

/** Whom CloudTrail shows in a role's span; `unasked` where nothing more can be asked in this call. */
type Ask = (role: TrustedRole, span: Span) => Promise<TrailAnswer | 'unasked'>;

/** The time of the due writes of each role that has any. */
function spansOf(run: RunRecord, roles: readonly RoleRecord[], now: number): Map<string, Span> {
  const dues = roles.map((role) => [role.roleArn, dueWrites(run, role, now)] as const);
  return new Map(dues.filter(([, due]) => due.length > 0).map(([roleArn, due]) => [roleArn, spanOf(due)]));
}

/** The time in which somebody may have been overwritten by these writes. */
function spanOf(writes: readonly TrustWrite[]): Span {
  return { from: Math.min(...writes.map(({ from }) => from)) - LATE_READ, to: Math.max(...writes.map(endOf)) };
}

/** Writes that CloudTrail has not answered for, and may still. */
function openWrites({ writes = [] }: RoleRecord): TrustWrite[] {
  return writes.filter(({ unseen }) => unseen === undefined);
}

/** When CloudTrail is asked for a write, in milliseconds: once it can have delivered, or the soak is over. */
function askAt({ options: { soakSeconds } }: RunRecord, write: TrustWrite): number {
  return endOf(write) + Math.min(DELIVERY_SECONDS, soakSeconds) * 1000;
}

/** Open writes whose time to be asked for has come. */
function dueWrites(run: RunRecord, role: RoleRecord, now: number): TrustWrite[] {
  return openWrites(role).filter((write) => askAt(run, write) <= now);
}

/** When a write was over at the latest, in milliseconds: one that nobody read back was made under a lease. */
function endOf({ from, to }: TrustWrite): number {
  return to ?? from + LEASE_SECONDS * 1000;
}

/**
 * The same for one role. What was lost is put back together with what podshift wrote since; where that cannot be done, or the document
 * has changed since, the role says so and the run needs an operator. `early`: what CloudTrail does not show yet is asked for again later.
 * Answers the seconds after which CloudTrail is to be asked again; 0 for never.
 */
export async function checkRole(
  runtime: Runtime,
  run: RunRecord,
  roleArn: string,
  { when, ask }: { readonly when: 'early' | 'last'; readonly ask: Ask },
): Promise<number> {
  const { clock, journal } = runtime;
  const patience = run.options.soakSeconds === 0 ? 0 : LATE_SECONDS;
  const before = await journal.getRole(run.runId, roleArn);
  const due = dueWrites(run, before, clock.now());
  if (due.length === 0)
    return secondsUntil(
      clock.now(),
      openWrites(before).map((write) => askAt(run, write)),
    );
  const role = trustedRole(roleArn);
  const answer = await ask(role, spanOf(due));
  if (answer === 'unasked') return PACE_SECONDS;
  const { events, since, asOf } = answer;
  // Of a list that was cut off nothing follows for a write that began ahead of it.
  const seen = ({ from, is }: TrustWrite): boolean =>
    events !== 'denied' && since <= wholeSecond(from) - LATE_READ && events.some((event) => event.is === is);
  const isLate = (write: TrustWrite): boolean => when === 'last' && endOf(write) + patience * 1000 <= asOf;
  const lost = events === 'denied' ? [] : due.flatMap((write) => newestOther(events, write) ?? []);
  await withLease(runtime, run.runId, roleArn, async (lease) => {
    const record = await journal.getRole(run.runId, roleArn);
    const isDue = ({ from, is }: TrustWrite): boolean => due.some((one) => one.from === from && one.is === is);
    if (lost.length > 0) await putBack(runtime, run, { lease, role, record, lost });
    // What was put back is one more write, and stands behind the others.
    const { writes = [] } = await journal.getRole(run.runId, roleArn);
    const left = writes.flatMap((write): TrustWrite[] => {
      if (!isDue(write)) return [write];
      if (events === 'denied') return [{ ...write, unseen: 'denied' }];
      if (seen(write) || lost.some((one) => one.write.from === write.from && one.write.is === write.is)) return [];
      return isLate(write) ? [{ ...write, unseen: 'late' }] : [write];
    });
    await journal.updateRole(run.runId, roleArn, { writes: left });
  });
  const later = openWrites(await journal.getRole(run.runId, roleArn));
  return secondsUntil(
    clock.now(),
    later.map((write) => Math.max(askAt(run, write), clock.now() + POLL_SECONDS * 1000)),
  );
}

function secondsUntil(now: number, times: readonly number[]): number {
  return times.length === 0 ? 0 : Math.max(1, Math.ceil((Math.min(...times) - now) / 1000));
}

/** What a write of this run overwrote. */
interface Lost extends Written {
  readonly write: TrustWrite;
}

/**
 * The newest document in the time of a write that is neither the one before it nor podshift's own; else the last one ahead of that
 * time, where it is not the one that podshift read: IAM showed it an older one.
 */
function newestOther(events: readonly Written[], write: TrustWrite): Lost | undefined {
  const [start, end] = [wholeSecond(write.from), nextSecond(endOf(write))];
  const others = events.filter(({ at, is }) => at >= start - LATE_READ && at <= end && is !== write.is);
  const [last] = others;
  const other = others.find(({ at, is }) => at >= start && is !== write.was) ?? (last?.is === write.was ? undefined : last);
  return other === undefined ? undefined : { ...other, write };
}

/** Refusals of what would be written: somebody has to look. */
const REFUSED = ['TrustPolicyMoved', 'WideningRefused', 'AccessDenied', 'InvalidRequest', 'LimitExceeded', 'NotFound'] as const;

/** Writes what somebody else wrote together with what podshift wrote then and since, provided that the document is still podshift's. */
async function putBack(
  runtime: Runtime,
  run: RunRecord,
  {
    lease,
    role,
    record,
    lost,
  }: {
    readonly lease: Parameters<typeof writeTrust>[2];
    readonly role: TrustedRole;
    readonly record: RoleRecord;
    readonly lost: readonly Lost[];
  },
): Promise<void> {
  const { journal, logger } = runtime;
  const { roleArn } = role;
  const [newest] = [...lost].sort((one, other) => other.at - one.at) as [Lost, ...Lost[]];
  const writes = record.writes ?? [];
  const tell = async (why: string): Promise<void> => {
    const blocked = `${OVERWRITTEN} by ${actsOf(newest.write)}, and ${why}; it was ${newest.document}`;
    await journal.updateRole(run.runId, roleArn, { blocked });
  };
  try {
    const found = await trustNow(runtime.aws(run.target).iam, role);
    const now = fingerprint(found);
    // It came after podshift's own, and is there.
    if (now === newest.is) return;
    const own = writes.at(-1);
    // A try to put it back that IAM does not show yet leaves the document of before it.
    const isOwn = now === own?.is || (own?.to === null && now === own.was);
    if (!isOwn) return await tell('it has changed since');
    if (lost.some(({ is }) => is !== newest.is)) return await tell('so was another one');
    const acts = writes
      .slice(writes.findIndex(({ from, is }) => from === newest.write.from && is === newest.write.is))
      .flatMap((write) => write.acts);
    const both = await keepGranted(runtime, run, role, found, await doAgain(runtime, run, role, newest.document, acts));
    await holdLock(runtime, run);
    await writeTrust(runtime, run, lease, { role, acts, before: found, document: both });
    await recordTrust(runtime, record, both, true);
    await journal.updateRole(run.runId, roleArn, { putBack: [...(record.putBack ?? []), new Date(newest.at).toISOString()] });
    logger.warn('what somebody else wrote to a trust policy was restored', { runId: run.runId, roleArn });
  } catch (error) {
    if (!isPodshiftError(error, ...REFUSED)) throw error;
    await tell(`it could not be restored (${error.message})`);
  }
}

/** The document with what podshift did to another one. Throws `TrustPolicyMoved`, `WideningRefused`. */
async function doAgain(runtime: Runtime, run: RunRecord, role: TrustedRole, document: string, acts: readonly TrustAct[]): Promise<string> {
  const plan = (await planOf(runtime, run.runId)).roles.find(({ roleArn }) => roleArn === role.roleArn);
  return acts.reduce((text, act) => {
    const policy = policyOf(role, text);
    if (act.kind === 'revoke')
      return revokeServiceAccounts(policy, { clusterArn: run.clusterArn, serviceAccounts: act.serviceAccounts }).text;
    if (act.kind === 'grant' && plan !== undefined) return documentAfter(run, plan, act.wave, text);
    const result = act.kind === 'retire' ? withoutOldWay(run, role, policy, act) : ({ kind: 'refused' } as const);
    if (result.kind === 'refused') throw new PodshiftError('TrustPolicyMoved', `${nameOf(act)} cannot be done again to it`);
    return result.kind === 'changed' ? result.text : text;
  }, document);
}

/**
 * The document that is to be put back, with those of this run let in whom `found` lets in: the other writer did not name them, and their
 * pods may live on it. Those that were revoked are in neither. Throws `TrustPolicyMoved`.
 */
async function keepGranted(runtime: Runtime, run: RunRecord, role: TrustedRole, found: string, document: string): Promise<string> {
  const plan = (await planOf(runtime, run.runId)).roles.find(({ roleArn }) => roleArn === role.roleArn);
  if (plan === undefined) return document;
  const [before, after] = [policyOf(role, found), policyOf(role, document)];
  const { accountId } = accountOf(run.clusterArn);
  const lost = plan.waves
    .flatMap(({ admit }) => admit)
    .filter(({ namespace, name }) => {
      const cluster = { clusterArn: run.clusterArn, clusterName: run.target.clusterName, accountId };
      const request = { ...cluster, namespace, serviceAccount: name, sessionTags: true };
      return admitsPodIdentity(before, request) === 'yes' && admitsPodIdentity(after, request) !== 'yes';
    });
  return admitAlso(run, plan, document, lost);
}

function actsOf({ acts }: TrustWrite): string {
  return acts.map(nameOf).join(', ');
}

function nameOf(act: TrustAct): string {
  if (act.kind === 'grant') return `the grant of wave ${act.wave + 1}`;
  if (act.kind === 'revoke') return 'the revocation of what was granted';
  return act.kind === 'retire' ? 'the removal of the old statements' : 'the rollback of that retirement';
}
