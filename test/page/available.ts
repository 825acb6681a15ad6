import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** Where Debian's package `chromium` has its program. */
const DEBIAN = '/usr/bin/chromium';

/** The Chromium of this machine: the variable CHROMIUM, or Debian's; undefined where there is none. */
export function chromiumOf({ CHROMIUM }: Readonly<Record<string, string | undefined>>): string | undefined {
  if (CHROMIUM !== undefined && CHROMIUM !== '') return CHROMIUM;
  return existsSync(DEBIAN) ? DEBIAN : undefined;
}

// As a program it prints why there is none, or nothing.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href && chromiumOf(process.env) === undefined) {
  process.stdout.write(`there is no Chromium: neither the variable CHROMIUM nor ${DEBIAN} (apt-get install chromium)`);
}
