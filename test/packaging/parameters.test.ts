import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

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
