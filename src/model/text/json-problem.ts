/**
 * Why a text is no JSON, in words of our own: V8 quotes what stands there, and what stands there may be secret.
 *
 * @param error what `JSON.parse` threw for the text
 */
export function jsonProblem(text: string, error: Error): string {
  const position = Number(/position (\d+)/.exec(error.message)?.[1] ?? Number.NaN);
  if (/^(Unexpected end|Unterminated)/.test(error.message) || position >= text.trimEnd().length) return 'the text ends in the middle';
  if (Number.isNaN(position)) return 'it cannot be read as JSON';
  const lines = text.slice(0, position).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1} cannot be read as JSON`;
}
