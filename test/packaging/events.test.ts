import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { isWatched } from '../../src/journal/changes.ts';
import {
  chunkKey,
  documentKey,
  driftKey,
  entryKey,
  evidenceKey,
  leaseKey,
  lockHolderKey,
  lockKey,
  planKey,
  roleKey,
  runIndexKey,
  runKey,
  scanKey,
  tokenKey,
  unitKey,
} from '../../src/journal/layout.ts';
import { canBeNews } from '../../src/journal/versions.ts';
import { EVENT_DETAILS } from '../../src/model/events.ts';
import type { Packaged, Resource } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';

let template: Packaged['template'];
const properties = (id: string) => template.Resources[id]?.Properties as Record<string, never> | undefined;
const ofType = (type: string): [string, Resource][] => Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

beforeAll(async () => {
  template = (await packaged()).template;
}, 600_000);

interface Filter {
  readonly eventName: readonly string[];
  readonly dynamodb: {
    readonly Keys: Readonly<Record<'pk' | 'sk', { readonly S: readonly (string | { readonly prefix: string })[] }>>;
    readonly NewImage: unknown;
  };
}

describe('the stream of the journal', () => {
  const mapping = () => Object.assign({}, ...ofType('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties));

  it('has both images, and hands what nobody took to the dead letters after a day', () => {
    expect(properties('JournalTable')).toMatchObject({ StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' } });
    expect(mapping()).toMatchObject({
      EventSourceArn: { 'Fn::GetAtt': ['JournalTable', 'StreamArn'] },
      FunctionName: { 'Fn::GetAtt': ['PublishEventsLambdaFunction', 'Arn'] },
      StartingPosition: 'TRIM_HORIZON',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRecordAgeInSeconds: 86_400,
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] } } },
    });
    expect(properties('PublishEventsLambdaFunction')).toMatchObject({
      Environment: { Variables: { EVENT_BUS: { Ref: 'EventBus' }, API_URL: (template.Outputs.HttpApiUrl as { Value: unknown }).Value } },
    });
  });

  it('hands over exactly the items that somebody watches; no task token leaves it', () => {
    const criteria = mapping().FilterCriteria as { Filters: [{ Pattern: string }] };
    expect(criteria.Filters).toHaveLength(1);
    const filter = JSON.parse(criteria.Filters[0].Pattern) as Filter;
    const matches = (name: 'pk' | 'sk', text: string): boolean =>
      filter.dynamodb.Keys[name].S.some((rule) => (typeof rule === 'string' ? rule === text : text.startsWith(rule.prefix)));
    const keys = [
      runKey('r'),
      runIndexKey('2026-01-01T00:00:00.000Z', 'r'),
      unitKey('r', 'shop/cart'),
      planKey('r', 'shop/cart'),
      roleKey('r', 'arn'),
      entryKey('r', 'trust#arn'),
      evidenceKey('r', 1),
      driftKey('r'),
      scanKey('arn', 'all'),
      documentKey('r', 'plan'),
      chunkKey('r', 'plan', 'd', 0),
      lockKey('arn'),
      lockHolderKey('arn', 'r'),
      leaseKey('arn'),
      tokenKey('r'),
    ];
    for (const key of keys) expect(matches('pk', key.pk) && matches('sk', key.sk), `${key.pk} ${key.sk}`).toBe(isWatched(key));
    expect(filter.eventName).toEqual(['INSERT', 'MODIFY']);
    // As canBeNews reads it: "yes" or no mark. "exists" works on a leaf alone (Lambda developer guide, "Using event filtering with a DynamoDB event source").
    expect(filter.dynamodb.NewImage).toEqual({ news: { S: ['yes', { exists: false }] } });
    expect([{ news: 'yes' }, {}, { news: 'no' }].map(canBeNews)).toEqual([true, true, false]);
  });
});

describe('the rules on the bus', () => {
  const onBus = () =>
    ofType('AWS::Events::Rule').filter(
      ([, { Properties }]) => JSON.stringify(Properties.EventBusName) === JSON.stringify({ Ref: 'EventBus' }),
    );

  it('match and quote fields that the events have', () => {
    expect(onBus().length).toBeGreaterThan(2);
    for (const [id, { Properties }] of onBus()) {
      const pattern = Properties.EventPattern as { source: string[]; 'detail-type': (keyof typeof EVENT_DETAILS)[]; detail: object };
      expect(pattern.source, id).toEqual(['podshift']);
      for (const type of pattern['detail-type']) {
        const { shape } = EVENT_DETAILS[type];
        expect(Object.keys(shape), id).toEqual(expect.arrayContaining(Object.keys(pattern.detail)));
        const [target] = Properties.Targets as { InputTransformer: { InputPathsMap: Record<string, string>; InputTemplate: string } }[];
        const { InputPathsMap, InputTemplate } = target?.InputTransformer ?? { InputPathsMap: {}, InputTemplate: '' };
        for (const path of Object.values(InputPathsMap)) expect(Object.keys(shape), path).toContain(/^\$\.detail\.(\w+)/.exec(path)?.[1]);
        expect([...InputTemplate.matchAll(/<(\w+)>/g)].map(([, name]) => name).sort(), id).toEqual(Object.keys(InputPathsMap).sort());
      }
    }
  });

  it('tell of a run that has ended where its page is', () => {
    expect(properties('RunEndedRule')?.Targets).toMatchObject([
      {
        InputTransformer: {
          InputPathsMap: { pageText: '$.detail.pageText' },
          InputTemplate: expect.stringMatching(/<reason> <pageText>"$/),
        },
      },
    ]);
  });

  it('tell of an approval what is to be approved, in what a message of SNS has room for', () => {
    expect(properties('ApprovalAskedRule')?.Targets).toMatchObject([
      {
        InputTransformer: {
          InputPathsMap: { digest: '$.detail.digest', text: '$.detail.plan.text' },
          InputTemplate: expect.stringMatching(/<digest>\. <text>/),
        },
      },
    ]);
  });

  it('tell the topic, which EventBridge may reach and read the key of', () => {
    for (const [id, { Properties }] of onBus())
      expect(Properties.Targets, id).toMatchObject([
        { Arn: { Ref: 'NotificationTopic' }, DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] } } },
      ]);
    expect(properties('NotificationTopic')).toMatchObject({ KmsMasterKeyId: { Ref: 'NotificationKey' } });
    for (const id of ['NotificationKey', 'NotificationTopicPolicy'])
      expect(JSON.stringify(properties(id)), id).toContain('events.amazonaws.com');
  });
});

describe('the schema registry', () => {
  it('has the published schemas as they are', async () => {
    const folder = new URL('../../docs/events/', import.meta.url);
    const published = await Promise.all((await readdir(folder)).map((file) => readFile(new URL(file, folder), 'utf8')));
    const registered = ofType('AWS::EventSchemas::Schema').map(([, { Properties }]) => Properties.Content);
    expect(registered.sort()).toEqual(published.sort());
  });
});
