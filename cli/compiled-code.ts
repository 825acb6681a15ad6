import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';
import type { Machine } from './journal-folder.ts';

/**
 * The folder for what can be made anew: `podshift` in `$XDG_CACHE_HOME` or `~/.cache` (XDG Base Directory Specification, by which a
 * relative path is as none), on Windows in `%LOCALAPPDATA%`.
 */
export function cacheFolder({ platform, environment, home }: Machine): string {
  if (platform === 'win32') return win32.join(environment.LOCALAPPDATA || win32.join(home, 'AppData', 'Local'), 'podshift', 'cache');
  const given = environment.XDG_CACHE_HOME ?? '';
  return posix.join(posix.isAbsolute(given) ? given : posix.join(home, '.cache'), 'podshift');
}

/**
 * Lets Node keep what it compiled of each module for the next start, which takes half the CPU then. In this user's own folder and not in
 * Node's default one, which all users of a machine share. Without effect where the folder cannot be written, where `NODE_COMPILE_CACHE`
 * names another one or `NODE_DISABLE_COMPILE_CACHE` wants none, and under coverage, which would be less exact.
 */
export function keepCompiledCode(): void {
  if (process.env.NODE_V8_COVERAGE !== undefined) return;
  try {
    enableCompileCache(cacheFolder({ platform: process.platform, environment: process.env, home: homedir() }));
  } catch {
    // a user without a home
  }
}
