import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { awsError } from '../aws/errors.ts';
import type { Key } from './layout.ts';

/** An item as the document client gives it. */
export type Item = Record<string, unknown>;

/** A condition with the names and values that it speaks of. */
export interface Condition {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, unknown>>;
}

/**
 * One DynamoDB table with the few calls that the journal needs. All reads are consistent. A write whose condition does not
 * hold answers with `false` or undefined; everything else throws as the gateways to AWS do.
 */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  /** True where the item was written. */
  put(item: Key & Item, condition?: Condition): Promise<boolean>;
  /** The item after the update. */
  update(key: Key, expression: string, condition: Condition): Promise<Item | undefined>;
  /** The item that was deleted, if there was one and the condition held. */
  remove(key: Key, condition?: Condition): Promise<Item | undefined>;
  /** All pages, in the order of `sk`. */
  query(pk: string, prefix: string, order?: 'ascending' | 'descending'): Promise<Item[]>;
}

/** The condition of a write that may only create. */
export const ABSENT: Condition = { expression: 'attribute_not_exists(pk)' };

/** The condition of a write that may only change. */
export const PRESENT: Condition = { expression: 'attribute_exists(pk)' };

/** The table `tableName` through `client`. */
export function openTable(client: DynamoDBDocumentClient, tableName: string): Table {
  /** Runs a write; a condition that does not hold is undefined. */
  const write = async <T>(operation: string, send: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await send();
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') {
        return undefined;
      }
      throw awsError(error, { service: 'dynamodb', operation });
    }
  };
  return {
    get: async (key) => {
      try {
        const answer = await client.send(new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true }));
        return answer.Item;
      } catch (error) {
        throw awsError(error, { service: 'dynamodb', operation: 'GetItem' });
      }
    },
    put: async (item, condition) => {
      const command = new PutCommand({ TableName: tableName, Item: item, ...conditionInput(condition) });
      return (await write('PutItem', () => client.send(command))) !== undefined;
    },
    update: async (key, expression, condition) => {
      const command = new UpdateCommand({
        TableName: tableName,
        Key: key,
        UpdateExpression: expression,
        ...conditionInput(condition),
        ReturnValues: 'ALL_NEW',
      });
      return (await write('UpdateItem', () => client.send(command)))?.Attributes;
    },
    remove: async (key, condition) => {
      const command = new DeleteCommand({ TableName: tableName, Key: key, ...conditionInput(condition), ReturnValues: 'ALL_OLD' });
      return (await write('DeleteItem', () => client.send(command)))?.Attributes;
    },
    query: async (pk, prefix, order = 'ascending') => {
      const items: Item[] = [];
      let start: Item | undefined;
      try {
        do {
          const answer = await client.send(
            new QueryCommand({
              TableName: tableName,
              KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
              ExpressionAttributeValues: { ':pk': pk, ...(prefix === '' ? {} : { ':prefix': prefix }) },
              ConsistentRead: true,
              ScanIndexForward: order === 'ascending',
              ...(start === undefined ? {} : { ExclusiveStartKey: start }),
            }),
          );
          items.push(...(answer.Items ?? []));
          start = answer.LastEvaluatedKey;
        } while (start !== undefined);
      } catch (error) {
        throw awsError(error, { service: 'dynamodb', operation: 'Query' });
      }
      return items;
    },
  };
}

function conditionInput(
  condition: Condition | undefined,
): Pick<PutCommandInput, 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'> {
  if (condition === undefined) {
    return {};
  }
  const { expression, names = {}, values = {} } = condition;
  return {
    ConditionExpression: expression,
    ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: { ...names } }),
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: { ...values } }),
  };
}
