import type { Finding } from '../model/findings.ts';
import type { Inventory } from '../model/inventory.ts';
import { runChecks } from './checks/check.ts';
import { type Account, type AccountChange, DRIFT, MADE_BY_PODSHIFT, type OwnWork } from './checks/drift.ts';
import { compareText } from './waves.ts';

export type { OwnWork } from './checks/drift.ts';

/**
 * What changed in a cluster between two scans of the same scope, as far as it concerns how pods get their roles; warnings
 * first. What podshift did itself is no finding, but what does not stay as podshift left it is one. Pure.
 */
export function drift(before: Inventory, after: Inventory, own: OwnWork): Finding[] {
  const found = runChecks(DRIFT, { before, after, own, accounts: accountChanges(before, after, own) });
  return found
    .map(({ finding }) => finding)
    .sort(
      (a, b) =>
        Number(b.severity === 'warning') - Number(a.severity === 'warning') ||
        compareText(a.code, b.code) ||
        compareText(a.subject, b.subject) ||
        compareText(a.message, b.message),
    );
}

const NOTHING: Account = { role: null, associationId: null, association: undefined };

function accountChanges(before: Inventory, after: Inventory, own: OwnWork): AccountChange[] {
  const [old, now] = [accountsOf(before), accountsOf(after)];
  const ids = [...new Set([...old.keys(), ...now.keys(), ...own.migrated])].filter((id) => !own.moved.has(id));
  return ids.map((id) => ({ id, was: asLeft(id, old.get(id) ?? NOTHING, own), is: now.get(id) ?? NOTHING }));
}

/** A service account as podshift left it: that of a unit which it migrated since has an association, and maybe no annotation. */
function asLeft(id: string, was: Account, { migrated, cleaned }: OwnWork): Account {
  if (!migrated.has(id)) return was;
  return { role: cleaned.has(id) ? null : was.role, associationId: MADE_BY_PODSHIFT, association: undefined };
}

function accountsOf({ annotationPrefix, serviceAccounts, associations, associated = associations }: Inventory): Map<string, Account> {
  const facts = new Map(associations.map((one) => [one.associationId, one]));
  const accounts = new Map<string, Account>(
    associated.map(({ associationId, namespace, serviceAccount }) => [
      `${namespace}/${serviceAccount}`,
      { ...NOTHING, associationId, association: facts.get(associationId) },
    ]),
  );
  for (const { namespace, name, annotations } of serviceAccounts) {
    const id = `${namespace}/${name}`;
    accounts.set(id, { ...(accounts.get(id) ?? NOTHING), role: annotations[`${annotationPrefix}/role-arn`] ?? null });
  }
  return accounts;
}
