/** The settings that `podshift twin` prints for a shell: what it exports, by name. */
export function exportedBy(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line.startsWith('export '));
  return Object.fromEntries(
    lines.flatMap((line) => [...line.matchAll(/([A-Z_]+)=(\S+)/g)]).map(([, name = '', value = '']) => [name, value]),
  );
}
