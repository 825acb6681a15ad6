import type { MigrationOptions } from './options.ts';

/** Whether the options choose this service account: empty lists choose all, and both lists must allow it. Exact names only. */
export function isSelected(options: Pick<MigrationOptions, 'namespaces' | 'serviceAccounts'>, namespace: string, name: string): boolean {
  return (
    (options.namespaces.length === 0 || options.namespaces.includes(namespace)) &&
    (options.serviceAccounts.length === 0 || options.serviceAccounts.includes(`${namespace}/${name}`))
  );
}
