// Plain JavaScript, so that it can be asked for ahead of the first TypeScript, whose compiler would be loaded for it.
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';

/** See the declaration. */
export function cacheFolder({ platform, environment, home }) {
  if (platform === 'win32') return win32.join(environment.LOCALAPPDATA || win32.join(home, 'AppData', 'Local'), 'podshift', 'cache');
  const given = environment.XDG_CACHE_HOME ?? '';
  return posix.join(posix.isAbsolute(given) ? given : posix.join(home, '.cache'), 'podshift');
}

/** See the declaration. */
export function keepCompiledCode() {
  if (process.env.NODE_V8_COVERAGE !== undefined) return;
  try {
    enableCompileCache(cacheFolder({ platform: process.platform, environment: process.env, home: homedir() }));
  } catch {
    // a user without a home
  }
}
