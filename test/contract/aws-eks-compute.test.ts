import {
  CreateAddonCommand,
  DeleteAddonCommand,
  DescribeAccessEntryCommand,
  DescribeAddonCommand,
  DescribeFargateProfileCommand,
  DescribeNodegroupCommand,
  EKSClient,
  ListAccessEntriesCommand,
  ListAddonsCommand,
  ListFargateProfilesCommand,
  ListNodegroupsCommand,
} from '@aws-sdk/client-eks';
import { GetAccountAuthorizationDetailsCommand, IAMClient } from '@aws-sdk/client-iam';
import { afterEach, describe, expect, it } from 'vitest';
import { REGION, role, roleArn, shopParts, startTwinAccount, trust } from '../support/twin-account.ts';

const clusterName = 'shop';
const AGENT = 'eks-pod-identity-agent';

let account: Awaited<ReturnType<typeof startTwinAccount>> | undefined;
const open = async (options: Parameters<typeof startTwinAccount>[0] = {}) => {
  account = await startTwinAccount(options);
  const settings = { endpoint: account.endpoint, region: REGION, credentials: account.credentials, maxAttempts: 1 };
  return { account, client: new EKSClient(settings), iam: new IAMClient(settings) };
};

afterEach(async () => {
  await account?.close();
  account = undefined;
});

describe('what runs the pods of the twin', () => {
  it('is Fargate, by its profiles', async () => {
    const fargateProfiles = [
      { fargateProfile: { fargateProfileName: 'f', clusterName, selectors: [{ namespace: 'batch', labels: { compute: 'fargate' } }] } },
    ];
    const { client, account: twin } = await open({ parts: { fargateProfiles } });
    expect((await client.send(new ListFargateProfilesCommand({ clusterName }))).fargateProfileNames).toEqual(['f']);
    const { fargateProfile } = await client.send(new DescribeFargateProfileCommand({ clusterName, fargateProfileName: 'f' }));
    expect(fargateProfile?.selectors).toEqual([{ namespace: 'batch', labels: { compute: 'fargate' } }]);
    expect(twin.identities.isFargate('batch', { compute: 'fargate', app: 'x' })).toBe(true);
    expect(twin.identities.isFargate('batch', {})).toBe(false);
    await expect(client.send(new DescribeFargateProfileCommand({ clusterName, fargateProfileName: 'g' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it.each([
    ['ACTIVE', true],
    ['DELETE_FAILED', true],
    ['CREATING', false],
    ['CREATE_FAILED', false],
    ['DELETING', false],
    [null, true],
  ])('is Fargate where its profile is %s: %s', async (status, takes) => {
    const fargateProfile = { fargateProfileName: 'f', clusterName, status, selectors: [{ namespace: 'batch' }] };
    const { account: twin } = await open({ parts: { fargateProfiles: [{ fargateProfile }] } });
    expect(twin.identities.isFargate('batch', {})).toBe(takes);
  });

  it('is node groups', async () => {
    const nodegroups = [
      { nodegroup: { nodegroupName: 'general', clusterName, nodeRole: roleArn('node'), createdAt: '2024-01-01T00:00:00Z' } },
    ];
    const { client } = await open({ parts: { nodegroups } });
    expect((await client.send(new ListNodegroupsCommand({ clusterName }))).nodegroups).toEqual(['general']);
    const { nodegroup } = await client.send(new DescribeNodegroupCommand({ clusterName, nodegroupName: 'general' }));
    expect(nodegroup).toMatchObject({ nodeRole: roleArn('node'), createdAt: new Date('2024-01-01T00:00:00Z') });
    await expect(client.send(new DescribeNodegroupCommand({ clusterName, nodegroupName: 'other' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('joins by access entries', async () => {
    const accessEntries = [{ accessEntry: { clusterName, principalArn: roleArn('node'), type: 'EC2_LINUX' } }];
    const { client } = await open({ parts: { accessEntries } });
    expect((await client.send(new ListAccessEntriesCommand({ clusterName }))).accessEntries).toEqual([roleArn('node')]);
    const { accessEntry } = await client.send(new DescribeAccessEntryCommand({ clusterName, principalArn: roleArn('node') }));
    expect(accessEntry?.type).toBe('EC2_LINUX');
    await expect(client.send(new DescribeAccessEntryCommand({ clusterName, principalArn: roleArn('x') }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('has no access entries where the cluster takes principals from aws-auth alone', async () => {
    const { cluster } = shopParts().cluster as { cluster: object };
    const { client } = await open({ parts: { cluster: { cluster: { ...cluster, accessConfig: { authenticationMode: 'CONFIG_MAP' } } } } });
    await expect(client.send(new ListAccessEntriesCommand({ clusterName }))).rejects.toMatchObject({ name: 'InvalidRequestException' });
  });

  it('has roles with instance profiles, and policies of the account’s own where they are asked for', async () => {
    const document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'eks-auth:*', Resource: '*' }] };
    const Policies = [
      {
        PolicyName: 'nodes',
        Arn: 'arn:aws:iam::111122223333:policy/nodes',
        PolicyVersionList: [{ Document: document, IsDefaultVersion: true, VersionId: 'v1' }],
      },
    ];
    const profile = { InstanceProfileName: 'nodes' };
    const RoleDetailList = [role('node', trust(), { InstanceProfileList: [profile] })];
    const { iam } = await open({ parts: { account: { RoleDetailList, Policies } } });
    const both = await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['Role', 'LocalManagedPolicy'] }));
    expect(both.RoleDetailList?.[0]?.InstanceProfileList).toMatchObject([profile]);
    expect(JSON.parse(decodeURIComponent(both.Policies?.[0]?.PolicyVersionList?.[0]?.Document ?? ''))).toEqual(document);
    expect((await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['Role'] }))).Policies).toEqual([]);
  });
});

describe('the agent of the twin', () => {
  const install = (more: object = {}) => new CreateAddonCommand({ clusterName, addonName: AGENT, ...more });
  const sets = () => (account?.cluster.objects('DaemonSet') ?? []).map(({ metadata }) => metadata.name).sort();

  it('is installed: CREATING, its DaemonSet, ACTIVE; and removed', async () => {
    const { client, account: twin } = await open();
    await expect(client.send(new DescribeAddonCommand({ clusterName, addonName: AGENT }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    const { addon } = await client.send(install({ addonVersion: 'v1.3.4-eksbuild.1', clientRequestToken: 'one' }));
    expect(addon?.status).toBe('CREATING');
    expect((await client.send(install({ clientRequestToken: 'one' }))).addon?.addonArn).toBe(addon?.addonArn);
    await expect(client.send(install())).rejects.toMatchObject({ name: 'ResourceInUseException' });
    await twin.clock.advance(30_000);
    expect((await client.send(new DescribeAddonCommand({ clusterName, addonName: AGENT }))).addon?.status).toBe('ACTIVE');
    expect(twin.cluster.object('DaemonSet', 'kube-system', AGENT)?.spec.template.spec.hostNetwork).toBe(true);
    expect((await client.send(new ListAddonsCommand({ clusterName }))).addons).toEqual([AGENT]);
    expect((await client.send(new DeleteAddonCommand({ clusterName, addonName: AGENT }))).addon?.status).toBe('DELETING');
    await twin.clock.advance(30_000);
    expect((await client.send(new ListAddonsCommand({ clusterName }))).addons).toEqual([]);
    expect(sets()).toEqual([]);
  });

  it('takes its arguments and its DaemonSets for hybrid nodes from its configuration values', async () => {
    const { client, account: twin } = await open();
    const configurationValues = JSON.stringify({
      agent: { additionalArgs: { '-b': '169.254.170.23' } },
      daemonsets: { hybrid: { create: true } },
    });
    await client.send(install({ configurationValues }));
    await twin.clock.advance(30_000);
    expect(sets()).toEqual([AGENT, `${AGENT}-hybrid`]);
    const { args } = twin.cluster.object('DaemonSet', 'kube-system', `${AGENT}-hybrid`)?.spec.template.spec.containers[0] ?? {};
    expect(args.slice(-2)).toEqual(['-b', '169.254.170.23']);
    await client.send(new DeleteAddonCommand({ clusterName, addonName: AGENT }));
    await twin.clock.advance(30_000);
    expect(sets()).toEqual([]);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['nothing that the schema knows', '{"agents":{}}'],
  ])('refuses configuration values that are %s', async (_, configurationValues) => {
    const schema = { type: 'object', additionalProperties: false, properties: { agent: {} } };
    const addonConfigurations = [
      { addonName: AGENT, addonVersion: 'v1.3.4-eksbuild.1', configurationSchema: JSON.stringify(schema), podIdentityConfiguration: [] },
    ];
    const { client } = await open({ parts: { addonConfigurations } });
    await expect(client.send(install({ configurationValues }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'ConfigurationValue provided in request is not supported',
    });
  });
});
