import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateTableCommand, type CreateTableCommandInput, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';
import { retryStrategy } from '../../src/aws/clients.ts';
import { createDynamoJournal } from '../../src/journal/dynamo-journal.ts';
import { openDynamoTable } from '../../src/journal/dynamo-table.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Table } from '../../src/journal/table.ts';
import type { Clock } from '../../src/model/clock.ts';
import { inProcessHandler } from './in-process-handler.ts';

/** The journal's table, as infra/journal-table.yml has it. */
export const TABLE: CreateTableCommandInput = {
  TableName: 'podshift',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
};

/** A journal by DynamoDB's real client and protocol. */
export interface DynaliteJournal {
  readonly journal: Journal;
  readonly table: Table;
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  close(): Promise<void>;
}

/** The journal on dynalite in this process: in memory, or in the folder `path`, as an older podshift kept it. */
export async function openDynaliteJournal({ clock, path }: { clock: Clock; path?: string }): Promise<DynaliteJournal> {
  const server = dynalite({ ...(path === undefined ? {} : { path }), createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const sdk = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: 'http://journal.invalid',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: inProcessHandler(server),
    retryStrategy: retryStrategy('none'),
  });
  const tableName = TABLE.TableName ?? '';
  await sdk.send(new CreateTableCommand(TABLE));
  for (let status: string | undefined; status !== 'ACTIVE'; ) {
    await delay(1);
    status = (await sdk.send(new DescribeTableCommand({ TableName: tableName }))).Table?.TableStatus;
  }
  const client = DynamoDBDocumentClient.from(sdk);
  return {
    journal: createDynamoJournal({ client, tableName, clock }),
    table: openDynamoTable(client, tableName),
    client,
    tableName,
    close: async () => {
      client.destroy();
      // The server closes its store only after it has listened.
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      await new Promise<void>((resolve, reject) => server.close((error) => (error == null ? resolve() : reject(error))));
    },
  };
}
