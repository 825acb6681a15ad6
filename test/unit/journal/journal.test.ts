import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryTable } from '../../../engine/memory-table.ts';
import { createDynamoJournal } from '../../../src/journal/dynamo-journal.ts';
import { packDocument, runKey, unpackDocument } from '../../../src/journal/layout.ts';
import { createTableJournal } from '../../../src/journal/table-journal.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import { JOURNAL_VERSION } from '../../../src/model/run.ts';
import { openDynaliteJournal } from '../../support/dynalite-journal.ts';

const clock = { now: () => Date.UTC(2025, 0, 1) };
const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
const newRun = (runId: string) => ({ runId, target, options: migrationOptions.parse({}), startedAt: '2025-01-01T00:00:00.000Z' });

async function open() {
  const opened = await openDynaliteJournal({ clock });
  onTestFinished(() => opened.close());
  return opened;
}

describe('the journal in DynamoDB', () => {
  it('refuses a run that a newer version wrote, in every method that reads it', async () => {
    const { journal, client, tableName } = await open();
    await journal.createRun(newRun('r'));
    const { Item } = await client.send(new GetCommand({ TableName: tableName, Key: runKey('r') }));
    await client.send(new PutCommand({ TableName: tableName, Item: { ...Item, schemaVersion: JOURNAL_VERSION + 1 } }));
    const calls = { eks: 1, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 };
    const entry = { runId: 'r', key: 'k', unitId: null, kind: 'trust' as const, object: 'o', before: {} };
    for (const method of [
      () => journal.getRun('r'),
      () => journal.createRun(newRun('r')),
      () => journal.updateRun('r', { status: 'running' }),
      () => journal.addCalls('r', calls),
      () => journal.recordIntent(entry),
      () => journal.listRuns(),
    ]) {
      await expect(method()).rejects.toMatchObject({ name: 'JournalTooNew' });
    }
    const after = await client.send(new GetCommand({ TableName: tableName, Key: runKey('r') }));
    expect(after.Item).toEqual({ ...Item, schemaVersion: JOURNAL_VERSION + 1 });
  });

  it('completes the list of runs where a crash came between its two writes', async () => {
    const { journal, client, tableName } = await open();
    await journal.createRun(newRun('r'));
    const index = await client.send(
      new QueryCommand({ TableName: tableName, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': 'RUNS' } }),
    );
    expect(index.Items).toEqual([{ pk: 'RUNS', sk: '2025-01-01T00:00:00.000Z#r', runId: 'r', state: 'open' }]);
    await client.send(new PutCommand({ TableName: tableName, Item: { pk: 'RUNS', sk: '2025-01-02T00:00:00.000Z#lost', runId: 'lost' } }));
    expect((await journal.listRuns()).map((run) => run.runId)).toEqual(['r']);
  });

  it('keeps a task token out of the partition of its run', async () => {
    const { journal, client, tableName } = await open();
    await journal.createRun(newRun('r'));
    await journal.putTaskToken('r', 'very-secret');
    const run = await client.send(
      new QueryCommand({ TableName: tableName, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': 'RUN#r' } }),
    );
    expect(JSON.stringify(run.Items)).not.toContain('very-secret');
    await journal.forgetTaskToken('r');
    expect(JSON.stringify((await client.send(new ScanCommand({ TableName: tableName }))).Items)).not.toContain('very-secret');
  });

  it('leaves no chunk of a replaced document behind', async () => {
    const { journal, client, tableName } = await open();
    for (const version of [1, 2, 3]) {
      await journal.putDocument('r', 'plan', { version });
    }
    const items = (await client.send(new ScanCommand({ TableName: tableName }))).Items ?? [];
    expect(items.map((item) => String(item.sk).split('#')[0]).sort()).toEqual(['CHUNK', 'DOCUMENT']);
  });

  it('says so where a document lacks a chunk', async () => {
    const { journal, client, tableName } = await open();
    await client.send(new PutCommand({ TableName: tableName, Item: { pk: 'RUN#r', sk: 'DOCUMENT#plan', digest: 'd', chunks: 2 } }));
    await expect(journal.getDocument('r', 'plan')).rejects.toMatchObject({ name: 'InternalError' });
  });

  it('names the item and the field that another hand damaged', async () => {
    const { journal, client, tableName } = await open();
    await client.send(
      new PutCommand({
        TableName: tableName,
        Item: { pk: 'RUN#r', sk: 'ROLE#arn', runId: 'r', roleArn: 'arn', trustBefore: 1, trustAfter: '', blocked: '' },
      }),
    );
    await expect(journal.getRole('r', 'arn')).rejects.toMatchObject({
      name: 'InternalError',
      message: "the journal's item RUN#r ROLE#arn is damaged: trustBefore",
    });
  });

  it('says that a lock is held, even where its holder lets go while one looks', async () => {
    const table = createMemoryTable();
    const slipping = createTableJournal({ ...table, put: () => Promise.resolve(false) }, clock);
    await expect(slipping.acquireLock('arn', 'r', 60)).rejects.toMatchObject({ name: 'ClusterLocked', details: {} });
    const once = createTableJournal(
      {
        ...table,
        put: async (item, condition) => {
          slips += 1;
          return slips > 1 && table.put(item, condition);
        },
      },
      clock,
    );
    let slips = 0;
    await once.acquireLock('arn', 'r', 60);
  });

  it('says so where an entry vanishes while it is recorded', async () => {
    const table = createMemoryTable();
    await createTableJournal(table, clock).createRun(newRun('r'));
    const vanishing = createTableJournal({ ...table, put: () => Promise.resolve(false) }, clock);
    const entry = { runId: 'r', key: 'k', unitId: null, kind: 'trust' as const, object: 'o', before: {} };
    await expect(vanishing.recordIntent(entry)).rejects.toMatchObject({ name: 'InternalError' });
  });

  it.each([
    ['ProvisionedThroughputExceededException', 400, 'Throttled'],
    ['ThrottlingException', 400, 'Throttled'],
    ['InternalServerError', 500, 'ServiceUnavailable'],
    ['AccessDeniedException', 400, 'AccessDenied'],
    ['ResourceNotFoundException', 400, 'NotFound'],
    ['ValidationException', 400, 'InvalidRequest'],
  ])('names %s as every gateway does', async (code, status, name) => {
    const sdk = new DynamoDBClient({
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
      maxAttempts: 1,
      requestHandler: {
        handle: () => Promise.reject(Object.assign(new Error(code), { name: code, $metadata: { httpStatusCode: status } })),
      } as never,
    });
    const journal = createDynamoJournal({ client: DynamoDBDocumentClient.from(sdk), tableName: 't', clock });
    for (const method of [
      () => journal.getRun('r'),
      () => journal.listUnits('r'),
      () => journal.updateRun('r', { status: 'running' }),
      () => journal.getTaskAnswer('r'),
    ]) {
      await expect(method()).rejects.toMatchObject({ name });
    }
  });
});

describe('packed documents', () => {
  it('come back equal, and equal values have equal digests', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const packed = packDocument(value);
        expect(unpackDocument(packed.chunks)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(packDocument(value).digest).toBe(packed.digest);
      }),
    );
  });
});
