import { createProgram } from '../program.ts';
import { type Candidate, complete, type Given, renderCompletion, type Sources } from './complete.ts';

/**
 * What a shell's script is answered for the words behind the program's name, the last one as far as it is typed. It never fails: where
 * something cannot be read there is nothing to offer.
 */
export async function answerCompletion(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const quiet =
    (name: keyof Sources) =>
    async (given: Given): Promise<readonly Candidate[]> => {
      try {
        // The journal is loaded only where it is asked for.
        return await (await import('./sources.ts')).sourcesOf(environment)[name](given);
      } catch {
        return [];
      }
    };
  const program = createProgram('', () => undefined);
  return renderCompletion(await complete(program, words, { runs: quiet('runs'), fleets: quiet('fleets'), clusters: quiet('clusters') }));
}
