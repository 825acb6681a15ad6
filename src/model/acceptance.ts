import type { FindingCode } from './findings.ts';

/**
 * Blockers that a user may know better than podshift: what applications, their configuration and custom resources do with credentials,
 * and what stands between pods and the agent. Nothing is here that podshift's promises rest on: a role that is missing or does not admit
 * anybody, what works by no way today, pods that nobody renews, variables that surely outrank Pod Identity.
 */
export const ACCEPTABLE = [
  'PS115',
  'PS303',
  'PS304',
  'PS305',
  'PS306',
  'PS326',
  'PS327',
  'PS328',
  'PS329',
  'PS340',
  'PS505',
  'PS506',
  'PS510',
  'PS515',
] as const satisfies readonly FindingCode[];

/** `CODE:NAMESPACE/NAME`: a finding that may be accepted, about a service account or its workloads. */
export const ACCEPTANCE = new RegExp(`^(${ACCEPTABLE.join('|')}):[a-z0-9-]+/[a-z0-9.-]+$`);

/** What is wrong with a text that is none. */
export const NO_ACCEPTANCE = `must be CODE:NAMESPACE/NAME, such as PS305:shop/orders, and CODE one of ${ACCEPTABLE.join(', ')}: podshift cannot keep its promises against any other finding`;

/** The entry that accepts a finding of a unit; undefined where none does. */
export function acceptanceOf(code: FindingCode, unitId: string, accepted: readonly string[]): string | undefined {
  return accepted.find((entry) => entry === `${code}:${unitId}`);
}

/** How the message of a finding begins that an entry accepts. */
export function acceptedBy(entry: string): string {
  return `accepted by --accept ${entry}: `;
}

/** The entries that accept none of the findings, in their order: misspelt, or about something that is no more. */
export function unmatchedAcceptances(accepted: readonly string[], findings: readonly { readonly message: string }[]): string[] {
  return accepted.filter((entry) => !findings.some(({ message }) => message.startsWith(acceptedBy(entry))));
}
