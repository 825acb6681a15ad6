import type { Machine } from './journal-folder.ts';

/**
 * The folder for what can be made anew: `podshift` in `$XDG_CACHE_HOME` or `~/.cache` (XDG Base Directory Specification, by which a
 * relative path is as none), on Windows in `%LOCALAPPDATA%`.
 */
export function cacheFolder(machine: Machine): string;

/**
 * Lets Node keep what it compiled of each module for the next start, which takes half the CPU then; called again it does nothing. In this
 * user's own folder and not in Node's default one, which all users of a machine share. Without effect where the folder cannot be written,
 * where `NODE_COMPILE_CACHE` names another one or `NODE_DISABLE_COMPILE_CACHE` wants none, and under coverage, which would be less exact.
 */
export function keepCompiledCode(): void;
