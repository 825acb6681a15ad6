import { textFlag } from './context.ts';
import type { Invocation } from './program.ts';

/** A word as a POSIX shell takes it. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The flags that another command needs to reach the same cluster and journal as this one; each begins with a space. */
export function sameAccess(invocation: Invocation): string {
  const flags = {
    '--profile': textFlag(invocation, 'profile'),
    '--endpoint-url': textFlag(invocation, 'endpointUrl'),
    '--journal': textFlag(invocation, 'journal'),
  };
  return Object.entries(flags)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name} ${quoted(value ?? '')}`)
    .join('');
}
