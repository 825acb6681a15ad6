import type { MigrationOptions } from './options.ts';
import { nearest } from './text/nearest.ts';

/** Whether the options choose this service account: empty lists choose all, and both lists must allow it. Exact names only. */
export function isSelected(options: Pick<MigrationOptions, 'namespaces' | 'serviceAccounts'>, namespace: string, name: string): boolean {
  return (
    (options.namespaces.length === 0 || options.namespaces.includes(namespace)) &&
    (options.serviceAccounts.length === 0 || options.serviceAccounts.includes(`${namespace}/${name}`))
  );
}

/** A value of the options that chooses nothing. */
export interface UnmatchedSelector {
  readonly option: 'namespaces' | 'serviceAccounts';
  readonly value: string;
  /** The name that is most likely meant; null where none is near. */
  readonly nearest: string | null;
}

/** The values that choose none of these service accounts, each `NAMESPACE/NAME`: misspelt, or of another cluster. */
export function unmatchedSelectors(
  options: Pick<MigrationOptions, 'namespaces' | 'serviceAccounts'>,
  serviceAccounts: ReadonlySet<string>,
): UnmatchedSelector[] {
  const known = {
    namespaces: new Set([...serviceAccounts].map((id) => id.split('/')[0] ?? '')),
    serviceAccounts,
  };
  return (['namespaces', 'serviceAccounts'] as const).flatMap((option) =>
    options[option]
      .filter((value) => !known[option].has(value))
      .map((value) => ({ option, value, nearest: nearest(value, [...known[option]].sort()) ?? null })),
  );
}
