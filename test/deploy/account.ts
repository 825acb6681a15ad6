import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, tail } from '../cluster/run.ts';
import type { Invoke } from '../engines/lambda.ts';
import { startLambdaApi } from '../engines/lambda-api.ts';
import { type Moto, startMoto } from '../python/moto.ts';
import { inFrontOfCloudFormation } from './cloudformation.ts';
import { ACCOUNT, CREDENTIALS, REGION, signedFor } from './place.ts';
import type { NotShown } from './template.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An account of moto's that the framework deploys into. */
export interface Account {
  /** Where it is, for whoever uses what is deployed. */
  readonly endpoint: string;
  /** Where its Step Functions is, for whoever starts executions. */
  readonly starts: string;
  /** Runs `osls`, to its end; answers with what it printed. Throws an error with that where it failed. */
  osls(...args: readonly string[]): Promise<string>;
  /** Asks Lambda's API by a path; throws an error where it refuses. */
  lambda(path: string): Promise<unknown>;
  /** Logical IDs of the resources of a stack. */
  resources(stack: string): Promise<string[]>;
  /** What of the template that was deployed last moto did not make. */
  notShown(): NotShown;
  close(): Promise<void>;
}

/** Starts an account whose functions are invoked by `invoke`, with their ARN or name as it was asked for. */
export async function startAccount(bin: string, invoke: Invoke): Promise<Account> {
  let moto: Moto | undefined;
  const behind = (): string => moto?.endpoint ?? '';
  const { handOn, notShown } = inFrontOfCloudFormation(behind, await knownTypes(bin));
  const api = await startLambdaApi(behind, { invoke, handOn });
  moto = await startMoto(bin, { executions: { taskPort: api.port }, accountId: ACCOUNT });
  const starts = `http://127.0.0.1:${api.port}`;
  return {
    endpoint: moto.endpoint,
    starts,
    osls: (...args) => osls(starts, args),
    lambda: async (path) => {
      const answer = await fetch(`${behind()}${path}`, { headers: signedFor('lambda') });
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
      return answer.json();
    },
    resources: async (stack) => {
      const query = new URLSearchParams({ Action: 'ListStackResources', Version: '2010-05-15', StackName: stack });
      const answer = await fetch(behind(), { method: 'POST', headers: signedFor('cloudformation'), body: query });
      return [...(await answer.text()).matchAll(/<LogicalResourceId>(\w+)</g)].map(([, id = '']) => id);
    },
    notShown,
    close: async () => {
      await api.close();
      await moto?.close();
    },
  };
}

/** What moto carries out in Docker, which fails the write that it is told of: the functions are run here, and by who calls them. */
const OF_DOCKER = ['AWS::Lambda::EventSourceMapping'];

/** The types that moto's CloudFormation makes, by moto itself. */
async function knownTypes(bin: string): Promise<ReadonlySet<string>> {
  const program =
    'import json\nfrom moto.cloudformation.parsing import get_model_map\nprint(json.dumps([t for t in get_model_map() if t]))';
  const { code, stdout, stderr } = await run(join(bin, 'python'), ['-c', program], { environment: process.env });
  if (code !== 0) throw new Error(`moto does not tell its types:\n${tail(stderr, 5)}`);
  const types = new Set(JSON.parse(stdout) as string[]);
  for (const type of OF_DOCKER) types.delete(type);
  return types;
}

async function osls(endpoint: string, args: readonly string[]): Promise<string> {
  const environment = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const command = [join(ROOT, 'node_modules/serverless/bin/serverless.js'), ...args, '--region', REGION];
  const { code, stdout, stderr } = await run(process.execPath, command, { environment, cwd: ROOT });
  if (code !== 0) throw new Error(`osls ${args.join(' ')}:\n${tail(`${stdout}\n${stderr}`, 30)}`);
  return `${stdout}\n${stderr}`;
}
