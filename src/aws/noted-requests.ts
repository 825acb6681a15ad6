import { isNoting, noteRequest, signedBy } from '../audit/request-notes.ts';
import type { CallCounts } from '../model/run.ts';

/** A request that is about to be sent. */
interface Sending {
  readonly service: keyof CallCounts;
  /** Such as `DescribeCluster`. */
  readonly operation: string;
  readonly principal: (() => Promise<string | null>) | undefined;
}

/** Operations that change nothing which anybody would roll back. */
const READS = /^(Get|List|Describe|Lookup|Simulate|AssumeRole)/;

/** Sends a request of a client of the SDK; one that changes something is noted with AWS's id of it, refused or not, for whoever writes it down. */
export async function notedRequest<T>({ service, operation, principal }: Sending, send: () => Promise<T>): Promise<T> {
  if (!isNoting() || READS.test(operation)) return send();
  const note = async (metadata: Metadata | undefined, error: string | null): Promise<void> => {
    // Without an answer there is no id by which anybody could find it.
    if (metadata?.requestId === undefined) return;
    noteRequest({ service, operation, requestId: metadata.requestId, principal: await signedBy(principal), error });
  };
  try {
    const answer = await send();
    await note((answer as { readonly output?: { readonly $metadata?: Metadata } }).output?.$metadata, null);
    return answer;
  } catch (error) {
    const refused = error as { readonly name?: unknown; readonly $metadata?: Metadata } | null;
    await note(refused?.$metadata, typeof refused?.name === 'string' ? refused.name : 'Error');
    throw error;
  }
}

/** What podshift reads of the SDK's metadata of an answer. */
interface Metadata {
  readonly requestId?: string | undefined;
}
