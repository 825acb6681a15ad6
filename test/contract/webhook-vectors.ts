import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { twinDifferences } from './webhook-differences.ts';
import { productDifferences } from './webhook-predictions.ts';
import { type Review, readReviews } from './webhook-reviews.ts';

/** A difference that is known and stays, with its reason. */
interface Declared {
  readonly why: string;
  matches(review: Review): boolean;
}

/** Reviews in which the twin or the product says something else than the real webhook, and why that stays so. */
export const DECLARED: readonly Declared[] = [];

/** What the comparison came to. */
export interface Comparison {
  readonly path: string;
  readonly provenance: string;
  readonly compared: number;
  /** Reviews that differ, with how. */
  readonly different: readonly { readonly name: string; readonly how: readonly string[] }[];
  /** How many of the reviews are declared to differ. */
  readonly declared: number;
  /** Whether exactly those differ that are declared. */
  readonly holds: boolean;
}

/** The reviews that ship with podshift. */
export const SHIPPED = fileURLToPath(new URL('data/webhook.json', import.meta.url));

const WHOLE = fileURLToPath(new URL('../../../shared/vectors/webhook.json', import.meta.url));

/**
 * The file that is compared: the one that `PODSHIFT_WEBHOOK_VECTORS` names, relative to where npm was called, else the whole
 * set beside the project where it is there, else the selection that ships with it.
 */
export async function vectorsFile(environment: Readonly<Record<string, string | undefined>>): Promise<string> {
  const named = environment.PODSHIFT_WEBHOOK_VECTORS;
  if (named !== undefined && named !== '') return resolve(environment.INIT_CWD ?? '', named);
  return (await isThere(WHOLE)) ? WHOLE : SHIPPED;
}

/** Holds the twin's webhook, and what the product says of the webhook's work, against the reviews of a file. Throws as `readReviews` does. */
export async function compareVectors(path: string, declared: readonly Declared[] = DECLARED): Promise<Comparison> {
  const { provenance, reviews } = await readReviews(path);
  const judged = reviews.map((review) => ({
    name: review.name,
    how: [...twinDifferences(review), ...productDifferences(review)],
    isDeclared: declared.some((one) => one.matches(review)),
  }));
  return {
    path,
    provenance,
    compared: reviews.length,
    different: judged.filter(({ how }) => how.length > 0).map(({ name, how }) => ({ name, how })),
    declared: judged.filter(({ isDeclared }) => isDeclared).length,
    holds: judged.every(({ how, isDeclared }) => how.length > 0 === isDeclared),
  };
}

/** The comparison's line, as `npm run test:vectors` prints it. */
export function lineOf({ compared, different, declared }: Comparison): string {
  return `compared ${compared}, different ${different.length}, declared ${declared}`;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
