import type { FindingCode } from '../../model/findings.ts';
import type { OverrideFact, WorkloadFacts } from '../../model/inventory.ts';
import type { UnitFacts, UnitWorkload } from '../unit-facts.ts';
import { workloadSubject } from '../world.ts';
import { type Answers, listed, type Place, type Row, row, type Table, type Told, type When } from './check.ts';

/** What a check of a unit says: the message, with a remedy of its own where the table's can be said more exactly. */
export type Said = string | { readonly message: string; readonly remedy?: string };

/** Looks at a unit as a whole. */
export type UnitCheck = (unit: UnitFacts) => Answers<Said>;

/** Looks at one workload of a unit; `subject` is the workload's. */
export type WorkloadCheck = (one: UnitWorkload & { readonly subject: string }, unit: UnitFacts) => Answers<Said>;

/** The checks of one mechanism's units. */
export type UnitTable = Table<UnitFacts>;

/** A check whose finding is about the service account. */
export function ofAccount(code: FindingCode, check: UnitCheck, when?: When): Row<UnitFacts> {
  return row(code, (unit) => listed(check(unit)).map((said) => told(`ServiceAccount/${unit.id}`, said)), when);
}

/** A check whose finding is about the unit's role. */
export function ofRole(code: FindingCode, check: UnitCheck, when?: When): Row<UnitFacts> {
  return row(code, (unit) => listed(check(unit)).map((said) => told(`Role/${unit.roleArn}`, said)), when);
}

/** A check of each workload, whose finding is about that. */
export function ofWorkload(code: FindingCode, check: WorkloadCheck, when?: When): Row<UnitFacts> {
  return row(
    code,
    (unit) =>
      unit.workloads.flatMap((one, index) => {
        const subject = workloadSubject(one.workload);
        return listed(check({ ...one, subject }, unit)).map((said) => told(subject, said, [index, AFTER_OVERRIDES]));
      }),
    when,
  );
}

/** Overrides are told ahead of what else is seen of their workload. */
const AFTER_OVERRIDES = Number.MAX_SAFE_INTEGER;

/** Each override of a kind, whose finding is about the workload; `says` stands between the container's name and the override's. */
export function ofOverride(code: FindingCode, kind: OverrideFact['kind'], says: string): Row<UnitFacts> {
  return row(code, (unit) =>
    unit.workloads.flatMap(({ workload }, index) => {
      const subject = workloadSubject(workload);
      return overridesOf(workload).flatMap((override, within) =>
        override.kind === kind ? [told(subject, sentence(workload, override, says), [index, within])] : [],
      );
    }),
  );
}

function sentence(workload: WorkloadFacts, { container, name }: OverrideFact, says: string): string {
  const subject = workloadSubject(workload);
  return workload.skipsWebhook
    ? `${subject} keeps the webhook away, and its container ${container} ${says} ${name}`
    : `container ${container} of ${subject} ${says} ${name}`;
}

/** What tells nothing of a pod that the webhook leaves alone. */
const UNSEEN: ReadonlySet<OverrideFact['kind']> = new Set(['secret-env', 'token-volume', 'token-mount', 'irsa-token']);

/** A pod that keeps the webhook away and yet uses IRSA does so by hand: the first override that shows it is told. */
export function overridesOf({ skipsWebhook, overrides }: WorkloadFacts): readonly OverrideFact[] {
  return skipsWebhook ? overrides.filter(({ kind }) => !UNSEEN.has(kind)).slice(0, 1) : overrides;
}

function told(subject: string, said: Said, place?: Place): Told {
  const parts = typeof said === 'string' ? { message: said } : said;
  return { subject, ...parts, ...(place === undefined ? {} : { place }) };
}
