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

  it('throttles with 400', async () => {
    const { client } = await open({ rateLimits: { cloudtrail: { burst: 0, perSecond: 2 } } });
    await expect(client.send(new LookupEventsCommand({}))).rejects.toMatchObject({
      name: 'ThrottlingException',
      $metadata: { httpStatusCode: 400 },
    });
  });
});
