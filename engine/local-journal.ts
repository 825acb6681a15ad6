import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';
import { retryStrategy } from '../src/aws/clients.ts';
import { createDynamoJournal } from '../src/journal/dynamo-journal.ts';
import type { Journal } from '../src/journal/journal.ts';
import { createTableJournal } from '../src/journal/table-journal.ts';
import type { Clock } from '../src/model/clock.ts';
import { PodshiftError } from '../src/model/errors.ts';
import { inProcessHandler } from './in-process-handler.ts';
import { createMemoryTable } from './memory-table.ts';

/** A journal in plain memory, without DynamoDB's client: for simulations of hundreds of runs. */
export function openMemoryJournal({ clock }: { clock: Clock }): Pick<LocalJournal, 'journal' | 'close'> {
  return { journal: createTableJournal(createMemoryTable(), clock), close: () => Promise.resolve() };
}

/** A journal of this machine, and the way to let go of it. */
export interface LocalJournal {
  readonly journal: Journal;
  /** The client and the table behind it, for tests that look at the items. */
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  close(): Promise<void>;
}

/** The store that dynalite itself opens; it comes with it. */
const { Level } = createRequire(createRequire(import.meta.url).resolve('dynalite'))('level') as {
  readonly Level: new (path: string) => { open(): Promise<void>; close(): Promise<void> };
};

const TABLE_NAME = 'podshift';

/** The journal's table, as infra/journal-table.yml has it. */
export const TABLE: CreateTableCommandInput = {
  TableName: TABLE_NAME,
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

/**
 * The journal on dynalite, in this process: DynamoDB's real client and protocol over a store in memory, or in the folder
 * `path`, which is made if need be. One process at a time can have a folder open: another one gets `ClusterLocked`.
 */
export async function openLocalJournal({ path, clock }: { path?: string; clock: Clock }): Promise<LocalJournal> {
  if (path !== undefined) {
    await mkdir(path, { recursive: true });
    await checkFree(path);
  }
  const server = dynalite({ ...(path === undefined ? {} : { path }), createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const sdk = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: 'http://journal.invalid',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: inProcessHandler(server),
    retryStrategy: retryStrategy('none'),
  });
  await createTable(sdk);
  const client = DynamoDBDocumentClient.from(sdk);
  return {
    journal: createDynamoJournal({ client, tableName: TABLE_NAME, clock }),
    client,
    tableName: TABLE_NAME,
    close: async () => {
      client.destroy();
      // The server closes its store only after it has listened.
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => server.close((error) => (error === undefined || error === null ? resolve() : reject(error))));
      });
    },
  };
}

/** Throws `ClusterLocked` where another process has the store: dynalite itself would end this process with an exception that nobody can catch. */
async function checkFree(path: string): Promise<void> {
  const database = new Level(path);
  try {
    await database.open();
  } catch (error) {
    const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
    throw cause?.code === 'LEVEL_LOCKED'
      ? new PodshiftError('ClusterLocked', `the journal in ${path} is in use by another podshift process`)
      : new PodshiftError(
          'InvalidInput',
          `the journal in ${path} cannot be opened (${cause?.code ?? 'unknown'}): it is no journal, or it is damaged`,
        );
  } finally {
    await database.close();
  }
}

async function createTable(sdk: DynamoDBClient): Promise<void> {
  if ((await tableStatus(sdk)) === 'CREATING') {
    // A process ended between the two halves of the table's creation; until it is active it holds nothing.
    await sdk.send(new DeleteTableCommand({ TableName: TABLE_NAME }));
  }
  for (let status = await tableStatus(sdk); status !== 'ACTIVE'; status = await tableStatus(sdk)) {
    if (status === undefined) {
      await sdk.send(new CreateTableCommand(TABLE));
    }
    await delay(1);
  }
}

async function tableStatus(sdk: DynamoDBClient): Promise<string | undefined> {
  try {
    return (await sdk.send(new DescribeTableCommand({ TableName: TABLE_NAME }))).Table?.TableStatus;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) {
      return undefined;
    }
    throw error;
  }
}
