import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { APPROVAL_MODES, deploymentLimits } from '../../src/model/deployment.ts';
import { DEFAULT_LIMITS } from '../unit/fixtures/deployment.ts';

const require = createRequire(import.meta.url);

interface Context {
  readonly resolveVariable: (name: string) => Promise<string>;
}
interface Fragment {
  readonly Resources: Readonly<Record<string, unknown>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: string }>>;
}

const contextOf = (values: Readonly<Record<string, string>>): Context => ({
  resolveVariable: (name) => Promise.resolve(values[name] ?? ''),
});

describe('small accounts: reserved concurrency', () => {
  const { trustWriters, trailReader } = require('../../infra/reserved-concurrency.cjs') as Record<
    'trustWriters' | 'trailReader',
    (context: Context) => Promise<number | null>
  >;
  const both = async (reserveConcurrency: string) => {
    const context = contextOf({ 'param:reserveConcurrency': reserveConcurrency });
    return [await trustWriters(context), await trailReader(context)];
  };

  it('is off unless it is asked for', async () => {
    expect(await both('false')).toEqual([null, null]);
    expect(await both('true')).toEqual([10, 5]);
  });

  it('takes no other word', async () => {
    await expect(both('yes')).rejects.toThrow('"true" or "false"');
  });
});

describe('the approval mode', () => {
  const { approvalMode } = require('../../infra/limits.cjs') as { approvalMode: (context: Context) => Promise<string> };
  const made = (mode: string) => approvalMode(contextOf({ 'param:approvalMode': mode }));

  it.each(APPROVAL_MODES)('is %s where the parameter says so', async (mode) => {
    expect(await made(mode)).toBe(mode);
  });

  it('is no other word', async () => {
    await expect(made('none')).rejects.toThrow('approvalMode is one of optional, required, required-by-another');
  });
});

describe('what callers may ask for', () => {
  const { limits } = require('../../infra/limits.cjs') as { limits: (context: Context) => Promise<string> };
  const defaults = async () => {
    const { params } = parse(await readFile(new URL('../../serverless.yml', import.meta.url), 'utf8')) as {
      params: { default: Record<string, unknown> };
    };
    return Object.entries(params.default).map(([name, value]): [string, string] => [`param:${name}`, String(value)]);
  };
  const made = async (given: Readonly<Record<string, string>> = {}) =>
    JSON.parse(await limits(contextOf({ ...Object.fromEntries(await defaults()), ...given }))) as unknown;

  it('is by default the shipped image, and every cluster that lets podshift in', async () => {
    expect(deploymentLimits.parse(await made())).toEqual(DEFAULT_LIMITS);
  });

  it('is what the lists say', async () => {
    const given = { 'param:allowedClusters': 'prod-*, shop ,', 'param:allowedRetireImages': 'a,b', 'param:greatestWave': '5' };
    expect(await made(given)).toMatchObject({ clusters: ['prod-*', 'shop'], retireImages: ['a', 'b'], greatestWave: 5 });
  });

  it.each([
    ['allowedRoles', ' , ', 'allowedRoles names nothing'],
    ['longestRunSeconds', '1 day', 'longestRunSeconds is a whole number'],
    ['greatestWave', '0', 'greatestWave is a whole number'],
    ['allowedAccounts', Array(300).fill('111122223333').join(','), 'use patterns'],
  ])('is refused where %s is %j', async (name, value, message) => {
    await expect(made({ [`param:${name}`]: value })).rejects.toThrow(message);
  });
});

describe('the external id', () => {
  const ExternalId = require('../../infra/external-id.cjs') as new (serverless: unknown) => { readonly hooks: Record<string, () => void> };
  const environments = (externalId: string) => {
    const functions: Record<string, { environment?: object }> = { openRun: { environment: { A: 'a' } }, apiGetRun: {} };
    const actions = { openRun: ['sts:AssumeRole'], apiGetRun: ['dynamodb:GetItem'] };
    const plugin = new ExternalId({ service: { functions, custom: { externalId, functionRoles: { actions } } } });
    for (const hook of Object.values(plugin.hooks)) hook();
    return [functions.openRun?.environment, functions.apiGetRun?.environment];
  };

  it.each(['of-the-owner', '{{resolve:secretsmanager:podshift/external-id:SecretString}}'])(
    'is for the functions that assume roles alone, as it was given: %s',
    (externalId) => expect(environments(externalId)).toEqual([{ A: 'a', MEMBER_EXTERNAL_ID: externalId }, undefined]),
  );

  it('is nowhere where none was given', () => expect(environments('')).toEqual([{ A: 'a' }, undefined]));

  it('is none of another form', () => expect(() => environments('two words')).toThrow('externalId is'));
});

describe('regions without a registry of schemas', () => {
  const fragment = require('../../infra/event-schemas.cjs') as (context: Context) => Promise<Fragment>;
  const leftOut = async (region: string) =>
    (await fragment(contextOf({ 'sls:stage': 'prod', 'self:provider.region': region }))).Outputs?.LeftOut?.Value;
  const types = async (region: string) => {
    const { Resources } = await fragment(contextOf({ 'sls:stage': 'prod', 'self:provider.region': region }));
    return Object.values(Resources).map((resource) => (resource as { readonly Type: string }).Type);
  };

  it('deploy without the schemas, and say so', async () => {
    expect(await types('il-central-1')).toEqual([]);
    expect(await leftOut('il-central-1')).toContain('AWS::EventSchemas');
  });

  it('are no others: elsewhere the registry and its schemas are made, and nothing is left out', async () => {
    expect(await leftOut('eu-central-1')).toBeUndefined();
    expect(await types('eu-central-1')).toEqual([
      'AWS::EventSchemas::Registry',
      ...Array.from({ length: 3 }, () => 'AWS::EventSchemas::Schema'),
    ]);
  });
});

describe('a retained journal', () => {
  const Journal = require('../../infra/journal.cjs') as new (
    serverless: unknown,
  ) => {
    readonly hooks: Readonly<Record<string, () => void>>;
  };
  const table = 'arn:aws:dynamodb:eu-central-1:444455556666:table/podshift-journal-prod';
  const stream = `${table}/stream/2026-11-01T00:00:00.000`;
  const made = {
    Resources: {
      JournalTable: { Type: 'AWS::DynamoDB::Table' },
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: { Resource: [{ 'Fn::GetAtt': ['JournalTable', 'Arn'] }], Other: { 'Fn::GetAtt': 'JournalTable.Arn' } },
      },
      Events: { DependsOn: ['Role', 'JournalTable'], Properties: { EventSourceArn: { 'Fn::GetAtt': ['JournalTable', 'StreamArn'] } } },
      Bare: { DependsOn: undefined },
      Alone: { DependsOn: 'JournalTable', Properties: { Body: { 'Fn::Sub': 'table $' + '{JournalTable} at $' + '{JournalTable.Arn}' } } },
    },
    Outputs: { JournalTableName: { Value: { Ref: 'JournalTable' } } },
  };
  const deployed = (journalStreamArn: string): unknown => {
    const provider = { compiledCloudFormationTemplate: structuredClone(made) as unknown };
    const plugin = new Journal({ service: { custom: { journalStreamArn }, provider } });
    for (const hook of Object.values(plugin.hooks)) hook();
    return provider.compiledCloudFormationTemplate;
  };

  it('is taken up by a second deployment: everything names its table, and none is made', () => {
    expect(deployed(stream)).toEqual({
      Resources: {
        Role: { Type: 'AWS::IAM::Role', Properties: { Resource: [table], Other: table } },
        Events: { DependsOn: ['Role'], Properties: { EventSourceArn: stream } },
        Bare: {},
        Alone: { Properties: { Body: { 'Fn::Sub': `table podshift-journal-prod at ${table}` } } },
      },
      Outputs: { JournalTableName: { Value: 'podshift-journal-prod' } },
    });
  });

  it('is not looked for where none is named', () => {
    expect(deployed('')).toEqual(made);
  });

  it.each([table, 'podshift-journal-prod', `${stream} `])('is named by its stream alone, and not by %j', (text) => {
    expect(() => deployed(text)).toThrow("the ARN of a DynamoDB table's stream");
  });
});

describe('the tag of the own account', () => {
  const FunctionRoles = require('../../infra/function-roles.cjs') as new (
    serverless: unknown,
  ) => { readonly hooks: Readonly<Record<string, () => void>> };

  /** The statement of the role of one function that writes a trust policy. */
  function statementWith(ownersTag: string): unknown {
    const compiledCloudFormationTemplate = { Resources: {} as Record<string, { Properties: Record<string, unknown> }> };
    const service = {
      functions: { write: { name: 'write' } },
      provider: { compiledCloudFormationTemplate },
      custom: {
        functionRoles: {
          path: '/podshift/prod/',
          ownersTag,
          statements: [{ Effect: 'Allow', Action: ['iam:UpdateAssumeRolePolicy'], OwnersTag: true, Resource: 'role/*' }],
          actions: { write: ['iam:UpdateAssumeRolePolicy'] },
        },
      },
    };
    const naming = { getNormalizedFunctionName: (key: string) => key, getLogGroupName: (name: string) => `/aws/lambda/${name}` };
    new FunctionRoles({ service, getProvider: () => ({ naming }) }).hooks['before:package:setupProviderConfiguration']?.();
    const policies = compiledCloudFormationTemplate.Resources.writeFunctionRole?.Properties.Policies;
    return (policies as { PolicyDocument: { Statement: unknown[] } }[] | undefined)?.[0]?.PolicyDocument.Statement.at(-1);
  }

  const open = { Effect: 'Allow', Action: ['iam:UpdateAssumeRolePolicy'], Resource: 'role/*' };

  it('is asked of what podshift changes, by the name and value that are given', () => {
    const Condition = { StringEquals: { 'aws:ResourceTag/owner:team': 'a=b' } };
    expect(statementWith('owner:team=a=b')).toEqual({ ...open, Condition });
  });

  it('is asked of nothing where the parameter is empty', () => {
    expect(statementWith('')).toEqual(open);
  });

  it('takes no word that is no tag', () => {
    expect(() => statementWith('everything')).toThrow('ownersTag is KEY=VALUE');
  });
});
