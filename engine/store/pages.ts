import { randomBytes } from 'node:crypto';
import { type Clock, timestamp } from '../../src/model/clock.ts';
import { LINK_SECONDS, type PageKey, type Pages } from '../../src/service/pages.ts';

/** Pages of runs in the memory of this process, and the links to them. */
export interface LocalPages extends Pages {
  /** The page that the URL opens; undefined where it opens none, or none any more. */
  opened(url: URL): string | undefined;
}

/** Bytes of a link that nobody guesses. */
const TOKEN_BYTES = 24;

/** Pages whose links lead to `urlOf()`, asked for with each link, and open them for {@link LINK_SECONDS} by the clock. */
export function createLocalPages(clock: Clock, urlOf: () => string): LocalPages {
  const stored = new Map<string, string>();
  const links = new Map<string, { readonly key: string; readonly end: number }>();
  return {
    has: async (page) => stored.has(keyOf(page)),
    put: async (page, html) => void stored.set(keyOf(page), html),
    link: async (page) => {
      for (const [path, { end }] of links) if (end <= clock.now()) links.delete(path);
      const path = `/pages/${randomBytes(TOKEN_BYTES).toString('base64url')}`;
      const end = clock.now() + LINK_SECONDS * 1000;
      links.set(path, { key: keyOf(page), end });
      return { url: `${urlOf()}${path}`, expiresAt: timestamp({ now: () => end }) };
    },
    opened: ({ pathname }) => {
      const link = links.get(pathname);
      return link === undefined || link.end <= clock.now() ? undefined : stored.get(link.key);
    },
  };
}

function keyOf({ runId, endedAt }: PageKey): string {
  return `${runId} ${endedAt}`;
}
