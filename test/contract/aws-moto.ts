import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import pLimit from 'p-limit';
import { openDynamoTable } from '../../src/journal/dynamo-table.ts';
import type { Moto } from '../python/moto.ts';
import { TABLE } from '../support/dynalite-journal.ts';
import { ACCOUNT } from '../support/twin-account.ts';
import type { IamBackend } from './aws-backends.ts';
import type { TableBackend } from './table-suite.ts';

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' };

/** IAM and STS of moto. `moto` is asked when a test starts. */
export const motoIam = (moto: () => Moto): IamBackend => ({
  name: 'moto',
  exceptions: {
    'judges ahead of a call whether a role may make it': 'moto has no SimulatePrincipalPolicy',
    'lists trust policies URL-encoded':
      'moto answers ListRoles with plain JSON; IAM encodes it as RFC 3986 says (API reference, Role: AssumeRolePolicyDocument), as moto does for GetRole',
    'refuses a trust policy of more than 2,048 characters without white space':
      'moto knows no quota of the length of trust policies (IAM quotas: role trust policy length)',
    'refuses a role that does not trust the caller': 'moto gives a session of any role: it does not evaluate trust policies',
    'does not tell a role that does not exist from one that is not for the caller': 'moto gives a session of any ARN',
  },
  start: async (roles) => {
    await moto().reset();
    const { endpoint } = moto();
    const client = new IAMClient({ endpoint, region: 'us-east-1', credentials });
    for (const [RoleName, AssumeRolePolicyDocument] of Object.entries(roles)) {
      await client.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    }
    client.destroy();
    return { endpoint, accountId: ACCOUNT, credentials, settle: () => Promise.resolve(), close: () => Promise.resolve() };
  },
});

/**
 * The journal on DynamoDB of moto, one request after another: moto's UpdateItem reads, changes and writes an item in threads of one
 * process without a lock, so of twenty at once some are lost. DynamoDB's are atomic (developer guide, "Working with items"); many
 * writers at once are tried over the other stores.
 */
export const motoJournal = (moto: () => Moto): TableBackend => ({
  name: "moto's DynamoDB",
  exceptions: {
    'takes no attribute of another type for one that fulfils a condition':
      'moto fails (500) where a condition compares a string with a number; DynamoDB has such a condition not hold (developer guide, "Comparison operator and function reference")',
  },
  start: async () => {
    await moto().reset();
    const sdk = new DynamoDBClient({ endpoint: moto().endpoint, region: 'us-east-1', credentials });
    const inTurn = pLimit(1);
    sdk.middlewareStack.add((next) => (request) => inTurn(() => next(request)), { step: 'finalizeRequest', priority: 'low' });
    await sdk.send(new CreateTableCommand(TABLE));
    const client = DynamoDBDocumentClient.from(sdk);
    return {
      table: openDynamoTable(client, TABLE.TableName ?? ''),
      close: async () => client.destroy(),
    };
  },
});
