import { z } from 'zod';
import { readRecord, streamRecord } from '../../src/journal/stream.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { schemaProblems } from '../../src/model/text/schema-problems.ts';
import { type Publishing, publishWrites } from '../../src/service/publish.ts';

const schema = z.object({ Records: z.array(streamRecord) });

let made: Promise<Publishing> | undefined;

/** Puts what changed in the journal on the bus; what was not taken is read again from the first such record on. */
async function publishEvents(publishing: Publishing, event: unknown): Promise<{ batchItemFailures: { itemIdentifier: string }[] }> {
  const parsed = schema.safeParse(event);
  if (!parsed.success) throw new PodshiftError('InvalidInput', `these are no records of a stream: ${schemaProblems(parsed.error)}`);
  const from = await publishWrites(publishing, parsed.data.Records.map(readRecord));
  return { batchItemFailures: from === undefined ? [] : [{ itemIdentifier: from }] };
}

/** Called by the event source mapping of the journal's stream (infra/events.yml). */
export const handler = Object.assign(
  async (event: unknown) => {
    made ??= import('../runtime/events.ts').then((module) => module.createPublishing(process.env));
    return publishEvents(await made, event);
  },
  { withRuntime: (publishing: Publishing) => (event: unknown) => publishEvents(publishing, event) },
);
