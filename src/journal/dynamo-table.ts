import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { awsError } from '../aws/errors.ts';
import type { Condition, Item, Path, Table, Update } from './table.ts';

/** The DynamoDB table `tableName` through `client`. */
export function openDynamoTable(client: DynamoDBDocumentClient, tableName: string): Table {
  const TableName = tableName;
  return {
    get: (key) =>
      dynamoCall('GetItem', async () => (await client.send(new GetCommand({ TableName, Key: key, ConsistentRead: true }))).Item),
    put: async (item, condition) => {
      const expressions = new Expressions();
      const command = new PutCommand({ TableName, Item: item, ...expressions.condition(condition), ...expressions.attributes() });
      return (await conditionalWrite('PutItem', () => client.send(command))) !== undefined;
    },
    update: async (key, update, condition) => {
      const expressions = new Expressions();
      const command = new UpdateCommand({
        TableName,
        Key: key,
        UpdateExpression: expressions.update(update),
        ...expressions.condition(condition),
        ...expressions.attributes(),
        ReturnValues: 'ALL_NEW',
      });
      return (await conditionalWrite('UpdateItem', () => client.send(command)))?.Attributes;
    },
    remove: async (key, condition) => {
      const expressions = new Expressions();
      const command = new DeleteCommand({
        TableName,
        Key: key,
        ...expressions.condition(condition),
        ...expressions.attributes(),
        ReturnValues: 'ALL_OLD',
      });
      return (await conditionalWrite('DeleteItem', () => client.send(command)))?.Attributes;
    },
    query: (pk, prefix, order = 'ascending', part) =>
      dynamoCall('Query', async () => {
        const items: Item[] = [];
        const limit = part?.limit ?? Number.POSITIVE_INFINITY;
        let start: Item | undefined = part === undefined || part.after === null ? undefined : { pk, sk: part.after };
        do {
          const answer = await client.send(
            new QueryCommand({
              TableName,
              KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
              ExpressionAttributeValues: { ':pk': pk, ...(prefix === '' ? {} : { ':prefix': prefix }) },
              ConsistentRead: true,
              ScanIndexForward: order === 'ascending',
              ...(part === undefined ? {} : { Limit: limit - items.length }),
              ...(start === undefined ? {} : { ExclusiveStartKey: start }),
            }),
          );
          items.push(...(answer.Items ?? []));
          start = answer.LastEvaluatedKey;
        } while (start !== undefined && items.length < limit);
        return items;
      }),
  };
}

async function dynamoCall<T>(operation: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw awsError(error, { service: 'dynamodb', operation });
  }
}

/** A write; a condition that does not hold is undefined. */
function conditionalWrite<T>(operation: string, send: () => Promise<T>): Promise<T | undefined> {
  return dynamoCall(operation, async () => {
    try {
      return await send();
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') {
        return undefined;
      }
      throw error;
    }
  });
}

/** Writes DynamoDB's expressions. Every name and value goes by a placeholder: `status` and `state` are reserved words. */
class Expressions {
  readonly #names: string[] = [];
  readonly #values: unknown[] = [];

  condition(condition: Condition | undefined): { ConditionExpression?: string } {
    return condition === undefined ? {} : { ConditionExpression: this.#condition(condition) };
  }

  update({ set = [], setOnce = [], add = [] }: Update): string {
    const assignments = [
      ...set.map(([path, value]) => `${this.#path(path)} = ${this.#value(value)}`),
      ...setOnce.map(([path, value]) => {
        const name = this.#path(path);
        return `${name} = if_not_exists(${name}, ${this.#value(value)})`;
      }),
    ];
    const additions = add.map(([path, value]) => `${this.#path(path)} ${this.#value(value)}`);
    return [
      ...(assignments.length === 0 ? [] : [`SET ${assignments.join(', ')}`]),
      ...(additions.length === 0 ? [] : [`ADD ${additions.join(', ')}`]),
    ].join(' ');
  }

  attributes(): { ExpressionAttributeNames?: Record<string, string>; ExpressionAttributeValues?: Record<string, unknown> } {
    return {
      ...(this.#names.length === 0
        ? {}
        : { ExpressionAttributeNames: Object.fromEntries(this.#names.map((name, index) => [`#n${index}`, name])) }),
      ...(this.#values.length === 0
        ? {}
        : { ExpressionAttributeValues: Object.fromEntries(this.#values.map((value, index) => [`:v${index}`, value])) }),
    };
  }

  #condition(condition: Condition): string {
    switch (condition.kind) {
      case 'absent':
        return `attribute_not_exists(${this.#path(['pk'])})`;
      case 'present':
        return `attribute_exists(${this.#path(['pk'])})`;
      case 'equals':
        return `${this.#path([condition.attribute])} = ${this.#value(condition.value)}`;
      case 'at-most':
        return `${this.#path([condition.attribute])} <= ${this.#value(condition.value)}`;
      case 'any':
        return condition.of.map((part) => this.#condition(part)).join(' OR ');
    }
  }

  #path(path: Path): string {
    return path
      .map((name) => {
        const index = this.#names.indexOf(name);
        return `#n${index === -1 ? this.#names.push(name) - 1 : index}`;
      })
      .join('.');
  }

  #value(value: unknown): string {
    return `:v${this.#values.push(value) - 1}`;
  }
}
