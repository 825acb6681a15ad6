import type { ImageFact } from '../model/inventory.ts';
import { isOf, type KnownSoftwareRow } from '../model/known-software/known-software.ts';
import { KNOWN_SOFTWARE } from '../model/known-software/table.ts';
import { compareVersions, type ImageReference, readImage } from '../model/versions.ts';

/**
 * What a row says of an image: `too-old` for Pod Identity, `failing` as reported, `unknown` where its version decides and
 * cannot be told, or `look` where a person has to see whether the report is about it.
 */
export type Verdict = 'too-old' | 'failing' | 'unknown' | 'look';

/** One image about which something is known. */
export interface KnownImage extends ImageFact {
  readonly verdict: Verdict;
  readonly row: KnownSoftwareRow;
  readonly reference: ImageReference;
}

/** What is known of these images; a user's row about an image stands in for the table's. */
export function knownImages(images: readonly ImageFact[], own: readonly KnownSoftwareRow[]): KnownImage[] {
  return images.flatMap((one) => {
    const reference = readImage(one.image);
    const ofUser = own.filter((row) => isOf(row, reference.repository));
    const rows = ofUser.length > 0 ? ofUser : KNOWN_SOFTWARE.filter((row) => isOf(row, reference.repository));
    return rows.flatMap((row) => {
      const verdict = judge(row, reference.version);
      return verdict === undefined ? [] : [{ ...one, verdict, row, reference }];
    });
  });
}

function judge({ minimum, failedUpTo, reported, open, condition }: KnownSoftwareRow, version: string | null): Verdict | undefined {
  const decides = failedUpTo ?? minimum;
  if (decides !== null && version === null) return 'unknown';
  if (minimum !== null && version !== null && compareVersions(version, minimum) < 0) return 'too-old';
  if (failedUpTo !== null && version !== null && compareVersions(version, failedUpTo) > 0) return undefined;
  if (reported === '') return undefined;
  if (condition !== '') return 'look';
  return failedUpTo !== null || open ? 'failing' : 'look';
}
