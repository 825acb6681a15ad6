import type { SFNClient } from '@aws-sdk/client-sfn';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { createExecutions } from '../../../src/aws/executions.ts';
import { openDynamoTable } from '../../../src/journal/dynamo-table.ts';
import type { Table } from '../../../src/journal/table.ts';
import type { Executions } from '../../../src/service/executions.ts';
import { EXECUTION_ACTIONS, TABLE_ACTIONS } from '../../permissions/recorder.ts';

/** A client that answers nothing, and the names of the commands that it was sent. */
function silent<Client>(): { client: Client; sent: string[] } {
  const sent: string[] = [];
  const send = async (command: object): Promise<object> => {
    sent.push(command.constructor.name.replace(/Command$/, ''));
    return {};
  };
  return { client: { send } as Client, sent };
}

const KEY = { pk: 'pk', sk: 'sk' };

describe('the actions that recorded calls stand for', () => {
  it.each<[keyof Table, (table: Table) => Promise<unknown>]>([
    ['get', (table) => table.get(KEY)],
    ['put', (table) => table.put(KEY)],
    ['update', (table) => table.update(KEY, { set: [[['a'], 1]] }, { kind: 'present' })],
    ['remove', (table) => table.remove(KEY)],
    ['query', (table) => table.query('pk', '')],
  ])('are those of the table: %s', async (method, call) => {
    const { client, sent } = silent<DynamoDBDocumentClient>();
    await call(openDynamoTable(client, 'table'));
    // The document client leaves `Item` out of its commands' names.
    expect(sent.map((name) => `dynamodb:${name === 'Query' ? name : `${name}Item`}`)).toEqual([TABLE_ACTIONS[method]]);
  });

  it.each<[keyof Executions, (executions: Executions) => Promise<unknown>]>([
    ['start', (executions) => executions.start('migrate-cluster', 'name', {})],
    ['status', (executions) => executions.status('migrate-cluster', 'name')],
    ['failure', (executions) => executions.failure('migrate-cluster', 'name')],
    ['stop', (executions) => executions.stop('migrate-cluster', 'name', 'reason')],
    ['succeedTask', (executions) => executions.succeedTask('token', {})],
    ['failTask', (executions) => executions.failTask('token', 'error', 'cause')],
  ])('are those of Step Functions: %s', async (method, call) => {
    const { client, sent } = silent<SFNClient>();
    const arn = 'arn:aws:states:eu-central-1:111122223333:stateMachine:one';
    await call(
      createExecutions({
        client,
        stateMachineArns: { 'migrate-cluster': arn, 'migrate-fleet': arn, 'rollback-run': arn, 'scan-cluster': arn },
      }),
    );
    expect(sent.map((name) => `states:${name}`)).toEqual([EXECUTION_ACTIONS[method]]);
  });
});
