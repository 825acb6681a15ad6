/** Where the pages of runs are stored, one for each run. */
export interface Pages {
  /** Days for which a page is kept; then it is gone. */
  readonly days: number;
  /** Stores the page of a run, in the place of the one that it had. Throws what calls of AWS throw. */
  put(runId: string, html: string): Promise<void>;
  /** Signs a link to the page of a run, without looking whether there is one. Throws `CredentialsMissing`. */
  link(runId: string): Promise<PageLink>;
}

/** A link to one page: whoever has it can read that page, and nothing else, until it expires. */
export interface PageLink {
  readonly url: string;
  /** RFC 3339: the latest time at which it opens the page. */
  readonly expiresAt: string;
}

/** What a notification says of the page of a run that has ended: the link, if there is one, and how to have the page at any time. Pure. */
export function pageText(runId: string, link: PageLink | undefined): string {
  const command = `podshift report ${runId} --service URL -o html`;
  if (link === undefined) return `Its page: ${command}`;
  return `Its page, until ${link.expiresAt.slice(0, 16).replace('T', ' ')} UTC: ${link.url} (afterwards: ${command})`;
}
