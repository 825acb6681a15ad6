import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { z } from 'zod';
import { isWatched } from './changes.ts';
import type { Item } from './table.ts';

/** One write to the journal's table, as its stream tells it. */
export interface JournalWrite {
  /** The same however often the record is read. */
  readonly id: string;
  /** A whole number in decimal digits; a later write to an item has a higher one. */
  readonly sequence: string;
  /** RFC 3339. */
  readonly time: string;
  readonly key: { readonly pk: string; readonly sk: string };
  /** Undefined for a new item, and for one that nobody watches. */
  readonly before: Item | undefined;
  /** Undefined for a deleted item, and for one that nobody watches. */
  readonly after: Item | undefined;
}

const text = z.object({ S: z.string() });
const image = z.custom<Record<string, AttributeValue>>((value) => typeof value === 'object' && value !== null, 'no item');

/** A record of the table's stream, as Lambda hands it over (Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB"). */
export const streamRecord = z.object({
  eventID: z.string().min(1),
  dynamodb: z.object({
    /** Seconds since the Unix epoch. */
    ApproximateCreationDateTime: z.number(),
    SequenceNumber: z.string().regex(/^\d+$/),
    Keys: z.object({ pk: text, sk: text }),
    OldImage: image.optional(),
    NewImage: image.optional(),
  }),
});

/** The write that a record tells. Images of items that nobody watches are left as they are: one of them holds a task token. */
export function readRecord({ eventID, dynamodb }: z.output<typeof streamRecord>): JournalWrite {
  const key = { pk: dynamodb.Keys.pk.S, sk: dynamodb.Keys.sk.S };
  const read = (found: z.output<typeof image> | undefined): Item | undefined =>
    found === undefined || !isWatched(key) ? undefined : unmarshall(found);
  return {
    id: eventID,
    sequence: dynamodb.SequenceNumber,
    time: new Date(dynamodb.ApproximateCreationDateTime * 1000).toISOString(),
    key,
    before: read(dynamodb.OldImage),
    after: read(dynamodb.NewImage),
  };
}
