/** What the properties of trust policies share: random grants, and what the oracle makes of them. */
import fc from 'fast-check';
import { admitServiceAccounts, type Grant, type TrustPolicy } from '../../src/trust/index.ts';
import { serviceAccounts } from './trust-arbitrary.ts';
import { read } from './trust-example.ts';
import {
  ORACLE_ACCOUNT,
  ORACLE_CLUSTERS,
  ORACLE_NAMES,
  ORACLE_NAMESPACES,
  oracleAdmits,
  oracleClusterArn,
  podIdentityId,
  READINGS,
} from './trust-oracle.ts';

export const RUNS = { numRuns: 250 };

export const grants: fc.Arbitrary<Grant> = fc.record({
  clusterArn: fc.constantFrom(...ORACLE_CLUSTERS).map(oracleClusterArn),
  accountId: fc.constant(ORACLE_ACCOUNT),
  serviceAccounts,
  scope: fc.constantFrom('service-account', 'service-account', 'service-account', 'cluster'),
});

export function clusterOf({ clusterArn }: Grant): string {
  return clusterArn.slice(clusterArn.indexOf('/') + 1);
}

/** The oracle's ids of what a grant allows. */
export function allowedIds(grant: Grant): Set<string> {
  const named = grant.serviceAccounts.map(({ namespace, name }) => podIdentityId(clusterOf(grant), namespace, name, true));
  if (grant.scope === 'service-account') return new Set(named);
  return new Set(
    ORACLE_NAMESPACES.flatMap((namespace) =>
      ORACLE_NAMES.flatMap((name) => [true, false].map((tags) => podIdentityId(clusterOf(grant), namespace, name, tags))),
    ),
  );
}

/** What the oracle sees beyond what is allowed, in whatever reading. */
export function growth(before: string, after: string, allowed: ReadonlySet<string>): string[] {
  return READINGS.flatMap((reading) => {
    const old = oracleAdmits(before, reading);
    return [...oracleAdmits(after, reading)].filter((id) => !old.has(id) && !allowed.has(id));
  });
}

export function admit(text: string, grant: Grant): ReturnType<typeof admitServiceAccounts> {
  return admitServiceAccounts(read(text), { ...grant, sizeLimit: 100_000 });
}

/** The text after a grant; the same where nothing is written. */
export function granted(text: string, grant: Grant): string {
  const result = admit(text, grant);
  return result.kind === 'changed' ? result.text : text;
}

export function textsOf(policy: TrustPolicy): string[] {
  return policy.statements.map(({ start, end }) => policy.text.slice(start, end));
}
