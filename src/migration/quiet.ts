import type { Clock } from '../model/clock.ts';
import { PodshiftError } from '../model/errors.ts';
import type { EntryKind, JournalEntry } from '../model/run.ts';

/** How long IAM may answer with what was before a write: seconds as a rule (IAM User Guide, "Changes that I make are not always immediately visible"). */
const IAM_SECONDS = 30;
/** The same of EKS: "there may be a delay of several seconds" (EKS User Guide, "EKS Pod Identity considerations"); add-ons alike. */
const EKS_SECONDS = 20;
/** The same of an API server: gets and lists read etcd, so this is for the request that is on its way. */
const KUBERNETES_SECONDS = 5;

/** For how long after a write a look at the object may show what was before it. */
export const READ_LAG_SECONDS: Readonly<Record<EntryKind, number>> = {
  trust: IAM_SECONDS,
  association: EKS_SECONDS,
  addon: EKS_SECONDS,
  restart: KUBERNETES_SECONDS,
  eviction: KUBERNETES_SECONDS,
  annotations: KUBERNETES_SECONDS,
  'probe-pod': KUBERNETES_SECONDS,
  'service-account': KUBERNETES_SECONDS,
  binding: KUBERNETES_SECONDS,
  template: KUBERNETES_SECONDS,
  daemon: KUBERNETES_SECONDS,
  rule: KUBERNETES_SECONDS,
};

/**
 * Whole seconds until a look at the objects of these entries tells what became of their writes: no try may be under way any
 * more, and the services' reads have caught up with the last one. 0 once it does.
 */
export function secondsUntilQuiet(clock: Clock, entries: readonly JournalEntry[]): number {
  const at = Math.max(0, ...entries.filter(({ state }) => state !== 'undone').map(quietAt));
  return Math.max(0, Math.ceil((at - clock.now()) / 1000));
}

/** Milliseconds since the epoch. */
function quietAt({ kind, at, triedAt, openUntil = 0 }: JournalEntry): number {
  return Math.max(openUntil, Date.parse(triedAt ?? at)) + READ_LAG_SECONDS[kind] * 1000;
}

/** Whole seconds until no try of these entries may be under way any more; 0 once none may. */
export function secondsUntilClosed(clock: Clock, entries: readonly JournalEntry[]): number {
  const at = Math.max(0, ...entries.map(({ openUntil = 0 }) => openUntil));
  return Math.max(0, Math.ceil((at - clock.now()) / 1000));
}

/**
 * Throws `RoleNotReady` while IAM may still show what was in a role's trust policy before these entries' writes: a document that
 * is read too early looks as if there were nothing to take out of it.
 */
export function refuseEarly(clock: Clock, roleArn: string, entries: readonly JournalEntry[]): void {
  const seconds = secondsUntilQuiet(clock, entries);
  if (seconds > 0)
    throw new PodshiftError(
      'RoleNotReady',
      `IAM may show the trust policy of ${roleArn} as it was before podshift's last write, for ${seconds} s more`,
    );
}
