/**
 * Why a text is no JSON, in words of our own: V8 quotes what stands there, and what stands there may be secret.
 *
 * @param error what `JSON.parse` threw for the text
 */
export function jsonProblem(text: string, error: Error): string {
  if (isCutOff(text, error)) return 'the text ends in the middle';
  const position = positionOf(error);
  if (Number.isNaN(position)) return 'it cannot be read as JSON';
  const lines = text.slice(0, position).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1} cannot be read as JSON`;
}

/** Whether the text is JSON as far as it goes. */
export function isCutOff(text: string, error: Error): boolean {
  return /^(Unexpected end|Unterminated)/.test(error.message) || positionOf(error) >= text.trimEnd().length;
}

/** NaN where V8 names none. */
function positionOf(error: Error): number {
  return Number(/position (\d+)/.exec(error.message)?.[1] ?? Number.NaN);
}
