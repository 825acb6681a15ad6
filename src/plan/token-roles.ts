import type { Inventory, TrustingRole } from '../model/inventory.ts';
import { type Answer, admitsWebIdentity, parseTrustPolicy } from '../trust/index.ts';

/** The roles of the account that trust the cluster's OIDC provider, and whom of it they name. */
export interface TokenRoles {
  readonly providerArn: string;
  readonly issuer: string;
  /** By the subject that their trust policies name whole. */
  readonly bySubject: ReadonlyMap<string, readonly TrustingRole[]>;
  /** Those that admit subjects by a pattern, or without naming any. */
  readonly byPattern: readonly TrustingRole[];
}

/** Undefined where the cluster has no issuer. */
export function tokenRoles({ cluster, roles, trusting = [] }: Inventory): TokenRoles | undefined {
  if (cluster.oidcIssuer === null) return undefined;
  const issuer = cluster.oidcIssuer.replace(/^https:\/\//, '');
  const found = [...roles, ...trusting].filter(({ trustPolicy }) => trustPolicy.includes(issuer));
  const bySubject = new Map<string, TrustingRole[]>();
  const byPattern: TrustingRole[] = [];
  for (const role of found) {
    const subjects = new Set([...role.trustPolicy.matchAll(/"(system:serviceaccount:[^"]*)"/g)].map(([, subject]) => subject as string));
    for (const subject of subjects) bySubject.set(subject, [...(bySubject.get(subject) ?? []), role]);
    if (subjects.size === 0 || [...subjects].some((subject) => /[*?]/.test(subject))) byPattern.push(role);
  }
  return { providerArn: `arn:${cluster.partition}:iam::${cluster.accountId}:oidc-provider/${issuer}`, issuer, bySubject, byPattern };
}

/** Whether a role lets the tokens of a service account in; `undecidable` too where its trust policy cannot be read. */
export function admitsToken({ trustPolicy }: TrustingRole, subject: string, audience: string, { providerArn, issuer }: TokenRoles): Answer {
  const parsed = parseTrustPolicy(trustPolicy);
  return parsed.ok ? admitsWebIdentity(parsed.policy, { providerArn, issuer, subject, audience }) : 'undecidable';
}
