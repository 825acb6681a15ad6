import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { describe, expect, it, onTestFinished } from 'vitest';
import { handler } from '../../../functions/events/publish-events.ts';
import { createEventBus } from '../../../src/aws/event-bus.ts';
import { runKey } from '../../../src/journal/layout.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import type { Publishing } from '../../../src/service/publish.ts';
import { watchRuns } from '../../../src/service/watch-runs.ts';
import { openDynaliteJournal } from '../../support/dynalite-journal.ts';
import { fakeExecutions } from '../fixtures/fake-executions.ts';
import { startScript } from '../fixtures/scripted-server.ts';
import { run } from '../fixtures/service-records.ts';

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };
const metrics = { add: () => undefined };

/** A bus whose server answers each entry as `answers` says, by its order. */
async function busOf(answers: (entry: number) => object, status = 200) {
  let number = 0;
  const server = await startScript(({ body }) => ({
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: status === 200 ? { Entries: (JSON.parse(body).Entries as unknown[]).map(() => answers(number++)) } : answers(0),
  }));
  const client = new EventBridgeClient({
    endpoint: server.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  return { server, bus: createEventBus(client, 'podshift-prod') };
}

const entry = { Source: 'podshift', DetailType: 'Run State Changed', Time: new Date(0), Resources: ['arn'], Detail: '{}' };

describe('the event bus', () => {
  it('says of each entry whether it was taken', async () => {
    const { bus, server } = await busOf((index) => (index === 1 ? { ErrorCode: 'ThrottlingException' } : { EventId: `${index}` }));
    expect(await bus.put([entry, entry, entry])).toEqual([undefined, 'ThrottlingException', undefined]);
    expect(JSON.parse(server.seen[0]?.body ?? '').Entries[0]).toEqual({
      EventBusName: 'podshift-prod',
      Source: 'podshift',
      DetailType: 'Run State Changed',
      Time: 0,
      Resources: ['arn'],
      Detail: '{}',
    });
  });

  it('counts an entry as not taken that the answer says nothing of', async () => {
    const { bus } = await busOf(() => ({}));
    expect(await bus.put([entry])).toEqual(['NoAnswer']);
  });

  it.each([
    [{ __type: 'ThrottlingException' }, 'Throttled'],
    [{ __type: 'ResourceNotFoundException' }, 'NotFound'],
    [{ __type: 'AccessDeniedException' }, 'AccessDenied'],
  ])('throws an error of the table for %o', async (body, name) => {
    const { bus } = await busOf(() => body, 400);
    await expect(bus.put([entry])).rejects.toMatchObject({ name });
  });
});

describe('publishEvents', () => {
  /** The record of the stream that DynamoDB would write for this item. */
  async function record(sequence: number) {
    const { journal, client, tableName, close } = await openDynaliteJournal({ clock: { now: () => Date.UTC(2026, 0, 5) } });
    onTestFinished(close);
    const { target } = run();
    await journal.createRun({ runId: 'r', target, options: migrationOptions.parse({}), startedAt: '2026-01-05T00:00:00.000Z' });
    const { Item } = await (client as unknown as DynamoDBClient).send(
      new GetItemCommand({ TableName: tableName, Key: { pk: { S: runKey('r').pk }, sk: { S: 'RUN' } } }),
    );
    return {
      eventID: `e${sequence}`,
      eventName: 'INSERT',
      dynamodb: {
        ApproximateCreationDateTime: 1_767_571_200,
        SequenceNumber: String(sequence),
        Keys: { pk: { S: runKey('r').pk }, sk: { S: 'RUN' } },
        NewImage: Item,
      },
    };
  }

  const publishing = (taken: object[], error?: string): Publishing => ({
    journal: { getRun: async () => run(), getDocument: async () => undefined, getUnit: async () => Promise.reject(new Error('no unit')) },
    bus: {
      put: async (entries) =>
        entries.map(({ Detail }) => {
          taken.push(JSON.parse(Detail));
          return error;
        }),
    },
    logger: SILENT,
    metrics,
    apiUrl: 'https://api.test',
  });

  it('reads the items of a stream as the journal wrote them', async () => {
    const taken: object[] = [];
    const answer = await handler.withRuntime(publishing(taken))({ Records: [await record(5)] });
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(taken).toEqual([
      expect.objectContaining({ id: 'e5', sequence: '5', runId: 'r', status: 'pending', startedAt: '2026-01-05T00:00:00.000Z' }),
    ]);
  });

  it('says from which record on Lambda has to hand over again', async () => {
    const answer = await handler.withRuntime(publishing([], 'ThrottlingException'))({ Records: [await record(5), await record(6)] });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '5' }] });
  });

  it('looks at no image of an item that nobody watches', async () => {
    const token = await record(7);
    const unreadable = { token: { S: 'secret' }, other: { NONSENSE: 1 } };
    const dynamodb = { ...token.dynamodb, Keys: { pk: { S: 'TOKEN#r' }, sk: { S: 'TOKEN' } }, NewImage: unreadable };
    const taken: object[] = [];
    expect(await handler.withRuntime(publishing(taken))({ Records: [{ ...token, dynamodb }] })).toEqual({ batchItemFailures: [] });
    expect(taken).toEqual([]);
  });

  it.each([[null], [{}], [{ Records: [{}] }]])('refuses what is no batch of a stream: %j', async (event) => {
    await expect(handler.withRuntime(publishing([]))(event)).rejects.toMatchObject({ name: 'InvalidInput' });
  });

  it('says which variable of its environment is missing', async () => {
    await expect(handler({ Records: [] })).rejects.toMatchObject({ name: 'InvalidInput', message: expect.stringContaining('EVENT_BUS') });
  });
});

describe('watchRuns', () => {
  const waiting = { status: 'waiting', expiresAt: '', answer: null } as const;
  const measured = async (runs: ReturnType<typeof run>[]) => {
    const points: [string, number][] = [];
    const now = Date.parse('2026-01-05T10:00:00.500Z');
    const add = ({ name, value }: { name: string; value: number }) => void points.push([name, value]);
    const executions = fakeExecutions();
    await executions.start('migrate-cluster', 'carries-them', {});
    const journal = {
      listOpenRuns: async () => runs,
      carrier: async () => ({ direction: 'forward' as const, executionId: 'arn:execution:carries-them' }),
    };
    const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const answer = await watchRuns({ clock: { now: () => now }, journal, logger, metrics: { add }, executions: async () => executions });
    return { answer, points };
  };

  it('measures the age of the oldest, without those that wait for somebody', async () => {
    const runs = [run(), run({ startedAt: '2026-01-05T09:30:00.000Z' }), run({ startedAt: '2026-01-01T00:00:00.000Z', approval: waiting })];
    expect(await measured(runs)).toEqual({
      answer: { runs: 2, oldestSeconds: 3600 },
      points: [
        ['RunningRuns', 2],
        ['OldestRunningRunSeconds', 3600],
      ],
    });
  });

  it('measures nothing as 0, so that the alarm has data', async () => {
    expect((await measured([])).points).toEqual([
      ['RunningRuns', 0],
      ['OldestRunningRunSeconds', 0],
    ]);
  });
});
