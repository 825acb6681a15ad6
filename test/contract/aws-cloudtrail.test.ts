import { CloudTrailClient, LookupEventsCommand, type LookupEventsCommandInput, paginateLookupEvents } from '@aws-sdk/client-cloudtrail';
import { afterEach, describe, expect, it } from 'vitest';
import { REGION, START, startTwinAccount } from '../support/twin-account.ts';

describe('CloudTrail of the twin', () => {
  let account: Awaited<ReturnType<typeof startTwinAccount>> | undefined;
  const open = async (options: Parameters<typeof startTwinAccount>[0] = {}) => {
    account = await startTwinAccount(options);
    return {
      account,
      client: new CloudTrailClient({ endpoint: account.endpoint, region: REGION, credentials: account.credentials, maxAttempts: 1 }),
    };
  };
  const event = (at: number, name = 'AssumeRole', role = 'role-a') => ({
    eventName: name,
    eventSource: 'sts.amazonaws.com',
    at,
    username: 'someone',
    readOnly: true,
    resources: [{ type: 'AWS::IAM::Role', name: role }],
    detail: { userIdentity: { type: 'AWSService', invokedBy: 'pods.eks.amazonaws.com' } },
  });
  const attribute = (AttributeKey: 'EventName' | 'ResourceName', AttributeValue: string) => [{ AttributeKey, AttributeValue }];
  afterEach(async () => {
    await account?.close();
    account = undefined;
  });

  it('shows an event after its delivery delay, with the whole record', async () => {
    const { account: twin, client } = await open();
    twin.trail.add(event(START));
    const command = new LookupEventsCommand({ LookupAttributes: attribute('ResourceName', 'role-a') });
    await twin.clock.advance(299_000);
    expect((await client.send(command)).Events).toEqual([]);
    await twin.clock.advance(1_000);
    const [found] = (await client.send(command)).Events ?? [];
    expect(found).toMatchObject({ EventName: 'AssumeRole', EventTime: new Date(START), ReadOnly: 'true', Username: 'someone' });
    expect(JSON.parse(found?.CloudTrailEvent ?? '')).toMatchObject({
      eventName: 'AssumeRole',
      eventID: found?.EventId,
      awsRegion: REGION,
      userIdentity: { invokedBy: 'pods.eks.amazonaws.com' },
      resources: [{ ARN: 'role-a', type: 'AWS::IAM::Role' }],
    });
  });

  it('gives the newest first, in pages of at most 50, each event once', async () => {
    const { account: twin, client } = await open();
    for (let index = 0; index < 120; index += 1) twin.trail.add(event(START - index * 1000));
    await twin.clock.advance(300_000);
    const times: number[] = [];
    const pages: number[] = [];
    for await (const page of paginateLookupEvents({ client }, { LookupAttributes: attribute('EventName', 'AssumeRole') })) {
      pages.push(page.Events?.length ?? 0);
      times.push(...(page.Events ?? []).map((one) => one.EventTime?.getTime() ?? 0));
    }
    expect(pages).toEqual([50, 50, 20]);
    expect(times).toEqual([...times].sort((left, right) => right - left));
    expect(new Set(times).size).toBe(120);
  });

  it('looks by time and by one attribute', async () => {
    const { account: twin, client } = await open();
    twin.trail.add(event(START, 'AssumeRole', 'role-a'));
    twin.trail.add(event(START + 60_000, 'AssumeRoleWithWebIdentity', 'role-b'));
    await twin.clock.advance(600_000);
    const names = async (input: LookupEventsCommandInput) =>
      (await client.send(new LookupEventsCommand(input))).Events?.map((one) => one.EventName);
    expect(await names({ LookupAttributes: attribute('ResourceName', 'role-b') })).toEqual(['AssumeRoleWithWebIdentity']);
    expect(await names({ EndTime: new Date(START + 1_000) })).toEqual(['AssumeRole']);
    expect(await names({ StartTime: new Date(START + 1_000) })).toEqual(['AssumeRoleWithWebIdentity']);
    const two = [...attribute('ResourceName', 'role-b'), ...attribute('EventName', 'AssumeRole')];
    await expect(names({ LookupAttributes: two })).rejects.toMatchObject({ name: 'InvalidLookupAttributesException' });
    await expect(names({ NextToken: 'nonsense' })).rejects.toMatchObject({ name: 'InvalidNextTokenException' });
  });

  it('gives the writes of all roles by the name of the call, where IAM has its events alone, page after page of the same question', async () => {
    const { account: twin, client } = await open();
    const global = new CloudTrailClient({ endpoint: twin.endpoint, region: 'us-east-1', credentials: twin.credentials, maxAttempts: 1 });
    const wrote = (index: number, eventName = 'UpdateAssumeRolePolicy') => ({
      ...event(START + index * 1000, eventName, `role-${index}`),
      eventSource: 'iam.amazonaws.com',
      region: 'us-east-1',
      detail: { requestParameters: { roleName: `role-${index}`, policyDocument: '{}' } },
    });
    for (let index = 0; index < 60; index += 1) twin.trail.add(wrote(index));
    twin.trail.add(wrote(30, 'CreateRole'));
    await twin.clock.advance(400_000);
    const question = {
      LookupAttributes: attribute('EventName', 'UpdateAssumeRolePolicy'),
      StartTime: new Date(START + 4000),
      EndTime: new Date(START + 57_000),
    };
    const ask = async (by: CloudTrailClient, input: LookupEventsCommandInput) => {
      const { Events = [], NextToken } = await by.send(new LookupEventsCommand(input));
      const names = Events.map((one) => JSON.parse(one.CloudTrailEvent ?? '').requestParameters.roleName as string);
      return { names, NextToken };
    };
    const first = await ask(global, question);
    expect(first.names).toEqual(Array.from({ length: 50 }, (_, index) => `role-${57 - index}`));
    const second = await ask(global, { ...question, NextToken: first.NextToken });
    expect(second).toEqual({ names: ['role-7', 'role-6', 'role-5', 'role-4'], NextToken: undefined });
    expect((await ask(client, question)).names).toEqual([]);
    const other = { ...question, LookupAttributes: attribute('EventName', 'CreateRole') };
    expect((await ask(global, other)).names).toEqual(['role-30']);
    await expect(ask(global, { ...other, NextToken: first.NextToken })).rejects.toMatchObject({ name: 'InvalidNextTokenException' });
    const alone = { ...question, LookupAttributes: attribute('ResourceName', 'role-30') };
    expect((await ask(global, alone)).names).toEqual(['role-30', 'role-30']);
  });

  it("shows what a snapshot's trail held, moved to the twin's time", async () => {
    const held = (EventTime: string, EventId: string) => ({
      EventId,
      EventName: 'AssumeRoleWithWebIdentity',
      EventTime,
      EventSource: 'sts.amazonaws.com',
      Resources: [{ ResourceType: 'AWS::IAM::Role', ResourceName: 'role-a' }],
      CloudTrailEvent: JSON.stringify({ eventTime: EventTime, userAgent: 'Boto3/1.26.0' }),
    });
    const elsewhere = {
      ...held('2026-01-02T03:00:00+00:00', 'elsewhere'),
      CloudTrailEvent: JSON.stringify({ awsRegion: 'us-gov-west-1' }),
    };
    const trail = {
      Events: [held('2026-01-02T03:04:00+00:00', 'late'), held('2026-01-02T02:34:00+00:00', 'early'), elsewhere, { EventId: 'timeless' }],
    };
    const { client } = await open({ parts: { trail } });
    const command = new LookupEventsCommand({ LookupAttributes: attribute('EventName', 'AssumeRoleWithWebIdentity') });
    const found = (await client.send(command)).Events ?? [];
    const minutes = (one: (typeof found)[number]) => [one.EventId, (START - (one.EventTime?.getTime() ?? 0)) / 60_000];
    expect(found.map(minutes)).toEqual([
      ['late', 5],
      ['early', 35],
    ]);
    expect(JSON.parse(found[0]?.CloudTrailEvent ?? '')).toEqual({ eventTime: '2026-03-02T08:55:00Z', userAgent: 'Boto3/1.26.0' });
  });

  it('throttles with 400', async () => {
    const { client } = await open({ rateLimits: { cloudtrail: { burst: 0, perSecond: 2 } } });
    await expect(client.send(new LookupEventsCommand({}))).rejects.toMatchObject({
      name: 'ThrottlingException',
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('counts look-ups by region', async () => {
    const { account: twin, client } = await open({ rateLimits: { cloudtrail: { burst: 1, perSecond: 2 } } });
    const global = new CloudTrailClient({ endpoint: twin.endpoint, region: 'us-east-1', credentials: twin.credentials, maxAttempts: 1 });
    expect((await client.send(new LookupEventsCommand({}))).Events).toEqual([]);
    expect((await global.send(new LookupEventsCommand({}))).Events).toEqual([]);
    for (const spent of [client, global])
      await expect(spent.send(new LookupEventsCommand({}))).rejects.toMatchObject({ name: 'ThrottlingException' });
  });
});
