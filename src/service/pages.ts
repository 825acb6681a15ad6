import { quotedWord } from '../model/text/shell-word.ts';

/** Which page: that of a run as it ended then. A run that ends again, after its rollback, has another one. */
export interface PageKey {
  readonly runId: string;
  /** RFC 3339. */
  readonly endedAt: string;
}

/** Where the pages of runs are stored. */
export interface Pages {
  /** Whether the page is there. False also where whoever asks may not know it. Throws what calls of AWS throw. */
  has(page: PageKey): Promise<boolean>;
  /** Stores the page, in the place of one of the same end. Throws what calls of AWS throw. */
  put(page: PageKey, html: string): Promise<void>;
  /** Makes a link to the page, without looking whether it is there. Throws `CredentialsMissing`. */
  link(page: PageKey): Promise<PageLink>;
}

/**
 * A link to one page: whoever has it can read that page, and nothing else, until it expires. It holds a credential: it is given to who asks
 * for it, and to nobody and nothing else.
 */
export interface PageLink {
  readonly url: string;
  /** RFC 3339: the latest time at which it opens the page. */
  readonly expiresAt: string;
}

/** Seconds for which a link opens its page at most: who asked for it opens it at once, and can ask again. */
export const LINK_SECONDS = 900;

/** The path that answers with a link to the page of a run, to whoever may ask the API. */
export function pagePath(runId: string): string {
  return `/runs/${encodeURIComponent(runId)}/page`;
}

/** What a notification says of the page of a run that has ended: how to have a link to it, now or later. Pure. */
export function pageText(runId: string, apiUrl: string): string {
  const command = `podshift report ${runId} --service ${quotedWord(apiUrl)} --link`;
  return `For a link to its page send a signed GET ${apiUrl}${pagePath(runId)}, or: ${command}`;
}
