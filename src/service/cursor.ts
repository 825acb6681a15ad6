import { PodshiftError } from '../model/errors.ts';

/** What a cursor looks like: base64url, and not longer than what DynamoDB allows for a sort key (1,024 bytes). */
export const CURSOR = /^[A-Za-z0-9_-]{1,1366}$/;

/** A cursor for the place that the journal's `next` names; null stays null. Clients hand it back unread. */
export function cursorOf(next: string | null): string | null {
  return next === null ? null : Buffer.from(next, 'utf8').toString('base64url');
}

/** The place that a cursor stands for; null for the first page. Throws `InvalidInput` for one that no page gave out. */
export function placeOf(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const place = Buffer.from(cursor, 'base64url').toString('utf8');
  if (place === '' || cursorOf(place) !== cursor)
    throw new PodshiftError('InvalidInput', 'the cursor is none that a page of this list gave out');
  return place;
}
