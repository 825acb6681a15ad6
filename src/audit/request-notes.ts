import { AsyncLocalStorage } from 'node:async_hooks';
import type { WriteRequest } from '../model/audit/record.ts';

const current = new AsyncLocalStorage<WriteRequest[]>();

/** Does some work; what it sends that changes something is noted, until {@link takeNotes} takes it, and nowhere further out. */
export function withRequestNotes<T>(work: () => Promise<T>): Promise<T> {
  return current.run([], work);
}

/** Notes a request, for whoever writes down what was changed by it; nobody does where no {@link withRequestNotes} is around. */
export function noteRequest(request: WriteRequest): void {
  current.getStore()?.push(request);
}

/** ARN of whoever signed a request that was sent; null where nobody knows, or it cannot be found out: what was sent does not fail by it. */
export async function signedBy(principal: (() => Promise<string | null>) | undefined): Promise<string | null> {
  try {
    return (await principal?.()) ?? null;
  } catch {
    return null;
  }
}

/** Whether anybody writes requests down: else nothing need be found out about them. */
export function isNoting(): boolean {
  return current.getStore() !== undefined;
}

/** What was noted since the last time; nothing where nobody notes. */
export function takeNotes(): WriteRequest[] {
  return current.getStore()?.splice(0) ?? [];
}
