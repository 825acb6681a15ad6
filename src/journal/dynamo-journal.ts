import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../model/clock.ts';
import { openDynamoTable } from './dynamo-table.ts';
import type { Journal } from './journal.ts';
import { createTableJournal } from './table-journal.ts';

export interface DynamoJournalSettings {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly clock: Clock;
}

/** The journal in one DynamoDB table with the string keys `pk` and `sk`. */
export function createDynamoJournal({ client, tableName, clock }: DynamoJournalSettings): Journal {
  return createTableJournal(openDynamoTable(client, tableName), clock);
}
