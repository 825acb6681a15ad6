import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Ended, type Running, start } from './spawn.ts';

/**
 * The command that a text tells its reader to type: a line of its own, or whole in quotes. It has to begin with these words, and there may be
 * no other one that does. Throws where there is none.
 */
export function commandIn(text: string, words: string): string {
  const all = [...text.matchAll(/^ .*?(podshift [^\n"`]+)$|["`](podshift [^"`]+)["`]/gm)].map(([, line, quoted]) => line ?? quoted ?? '');
  const found = [...new Set(all.filter((command) => command.startsWith(`podshift ${words}`)))];
  if (found.length === 1 && found[0] !== undefined) return found[0];
  throw new Error(`${found.length} commands "podshift ${words} …" in:\n${text}`);
}

/** Types a command into a shell as it was printed, letter for letter. */
export function paste(command: string, options: Parameters<typeof start>[1] = {}): Running {
  // The shell takes it apart; podshift is this checkout's.
  const parts = execFileSync('sh', ['-c', `set -- ${command}\nprintf '%s\\037' "$@"`], { encoding: 'utf8' })
    .split('\u001f')
    .slice(0, -1);
  const [name, ...argv] = parts;
  if (name !== 'podshift') throw new Error(`no command of podshift: ${command}`);
  return start([fileURLToPath(new URL('../../cli/main.ts', import.meta.url)), ...argv], options);
}

/** The same to its end. */
export function pasted(command: string, options: Parameters<typeof start>[1] = {}): Promise<Ended> {
  return paste(command, options).ended;
}
