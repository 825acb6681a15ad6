import {
  CreateAddonCommand,
  CreatePodIdentityAssociationCommand,
  DeleteAddonCommand,
  DeletePodIdentityAssociationCommand,
  DescribeAddonConfigurationCommand,
  DescribeClusterCommand,
  DescribePodIdentityAssociationCommand,
  DescribeUpdateCommand,
  EKSClient,
  ListAddonsCommand,
  ListClustersCommand,
  ListPodIdentityAssociationsCommand,
  paginateDescribeAddonVersions,
  paginateListPodIdentityAssociations,
  TagResourceCommand,
  UpdateAddonCommand,
  UpdatePodIdentityAssociationCommand,
} from '@aws-sdk/client-eks';
import { afterEach, describe, expect, it } from 'vitest';
import { CLUSTER_ARN, podIdentityStatement, REGION, role, roleArn, shopParts, startTwinAccount, trust } from '../support/twin-account.ts';

const clusterName = 'shop';
const READY = trust(podIdentityStatement('shop', 'cart'));

describe('EKS of the twin', () => {
  let account: Awaited<ReturnType<typeof startTwinAccount>> | undefined;
  const open = async (options: Parameters<typeof startTwinAccount>[0] = {}) => {
    account = await startTwinAccount(options);
    return {
      account,
      client: new EKSClient({ endpoint: account.endpoint, region: REGION, credentials: account.credentials, maxAttempts: 1 }),
    };
  };
  /** An account whose role `ready` EKS takes. */
  const openReady = (options: Parameters<typeof startTwinAccount>[0] = {}) => {
    const { account: roles } = shopParts();
    const list = (roles as { RoleDetailList: unknown[] }).RoleDetailList;
    return open({ ...options, parts: { account: { RoleDetailList: [...list, role('ready', READY)] }, ...options.parts } });
  };
  const create = (serviceAccount: string, more: Record<string, unknown> = {}) =>
    new CreatePodIdentityAssociationCommand({ clusterName, namespace: 'shop', serviceAccount, roleArn: roleArn('ready'), ...more });
  afterEach(async () => {
    await account?.close();
    account = undefined;
  });

  it('describes its cluster with its own endpoint and authority', async () => {
    const { client } = await open();
    expect((await client.send(new ListClustersCommand({}))).clusters).toEqual([clusterName]);
    const { cluster } = await client.send(new DescribeClusterCommand({ name: clusterName }));
    expect(cluster).toMatchObject({ arn: CLUSTER_ARN, version: '1.31', status: 'ACTIVE', endpoint: 'https://127.0.0.1:1' });
    expect(cluster?.createdAt).toEqual(new Date('2024-01-01T00:00:00Z'));
    expect(Buffer.from(cluster?.certificateAuthority?.data ?? '', 'base64').toString()).toContain('BEGIN CERTIFICATE');
  });

  it('does not know another cluster', async () => {
    const { client } = await open();
    const expected = {
      name: 'ResourceNotFoundException',
      message: 'No cluster found for name: absent.',
      $metadata: { httpStatusCode: 404 },
    };
    await expect(client.send(new DescribeClusterCommand({ name: 'absent' }))).rejects.toMatchObject(expected);
    await expect(client.send(new ListAddonsCommand({ clusterName: 'absent' }))).rejects.toMatchObject(expected);
  });

  it('creates, describes, updates, tags and deletes an association', async () => {
    const { client } = await openReady();
    const { association } = await client.send(create('cart', { tags: { team: 'shop' } }));
    expect(association).toMatchObject({
      clusterName,
      namespace: 'shop',
      serviceAccount: 'cart',
      roleArn: roleArn('ready'),
      tags: { team: 'shop' },
      disableSessionTags: false,
    });
    expect(association?.associationId).toMatch(/^a-[a-z0-9]{17}$/);
    expect(association?.associationArn).toBe(
      `arn:aws:eks:${REGION}:111122223333:podidentityassociation/shop/${association?.associationId}`,
    );
    const key = { clusterName, associationId: association?.associationId };
    await client.send(new UpdatePodIdentityAssociationCommand({ ...key, disableSessionTags: true }));
    await client.send(new TagResourceCommand({ resourceArn: association?.associationArn, tags: { owner: 'me' } }));
    const described = await client.send(new DescribePodIdentityAssociationCommand(key));
    expect(described.association).toMatchObject({ disableSessionTags: true, tags: { team: 'shop', owner: 'me' } });
    await client.send(new DeletePodIdentityAssociationCommand(key));
    await expect(client.send(new DescribePodIdentityAssociationCommand(key))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('lists associations in pages, and by namespace and service account', async () => {
    const { client } = await openReady();
    for (let index = 0; index < 5; index += 1) await client.send(create(`app-${index}`));
    const found = [];
    for await (const page of paginateListPodIdentityAssociations({ client, pageSize: 2 }, { clusterName }))
      found.push(...(page.associations ?? []));
    expect(found.map((one) => one.serviceAccount).sort()).toEqual(['app-0', 'app-1', 'app-2', 'app-3', 'app-4']);
    expect(found[0]).not.toHaveProperty('roleArn');
    const one = await client.send(new ListPodIdentityAssociationsCommand({ clusterName, namespace: 'shop', serviceAccount: 'app-3' }));
    expect(one.associations).toHaveLength(1);
    expect((await client.send(new ListPodIdentityAssociationsCommand({ clusterName, namespace: 'elsewhere' }))).associations).toEqual([]);
  });

  it('answers a repeated client token with the first association, and another request with 409 and its id', async () => {
    const { client } = await openReady();
    const first = await client.send(create('cart', { clientRequestToken: 'token-1' }));
    const again = await client.send(create('cart', { clientRequestToken: 'token-1' }));
    expect(again.association?.associationId).toBe(first.association?.associationId);
    await expect(client.send(create('cart', { clientRequestToken: 'token-2' }))).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: `Association already exists: ${first.association?.associationId}`,
      $metadata: { httpStatusCode: 409 },
    });
  });

  it.each([
    ['a role whose trust does not name the service', { roleArn: roleArn('cart') }, 'Trust policy of the role provided is invalid'],
    ['a role that does not exist', { roleArn: roleArn('absent') }, 'Role provided in the request does not exist'],
    [
      'a role of another account',
      { roleArn: 'arn:aws:iam::444455556666:role/x' },
      'Role provided in the request is not in the same account as the cluster',
    ],
    ['something that is no role', { roleArn: 'nonsense' }, 'Invalid role ARN: nonsense'],
    ['a session policy with session tags', { policy: '{}' }, 'A session policy requires disableSessionTags to be true'],
    ['no namespace', { namespace: '' }, "namespace can't be blank"],
  ])('refuses an association with %s', async (_what, more, message) => {
    const { client } = await openReady();
    await expect(client.send(create('cart', more))).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message,
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('refuses a role without sts:TagSession', async () => {
    const half = trust(podIdentityStatement('shop', 'cart', { Action: 'sts:AssumeRole' }));
    const { client } = await open({ parts: { account: { RoleDetailList: [role('ready', half)] } } });
    await expect(client.send(create('cart'))).rejects.toMatchObject({ message: 'Trust policy of the role provided is invalid' });
  });

  it('takes a role only when IAM has spread its new trust policy', async () => {
    const { client, account: twin } = await open();
    const cart = twin.state.role('cart');
    if (cart === undefined) throw new Error('no such role');
    twin.state.writeTrust(cart, READY, 'system');
    await expect(client.send(create('cart', { roleArn: roleArn('cart') }))).rejects.toMatchObject({
      message: 'Trust policy of the role provided is invalid',
    });
    await twin.clock.advance(8_000);
    await client.send(create('cart', { roleArn: roleArn('cart') }));
  });

  it('shows an association to the webhooks after its delay, to each instance in its own time', async () => {
    const { client, account: twin } = await openReady();
    const { association } = await client.send(create('cart'));
    const sees = (instance: number) => twin.identities.webhookSeesAssociation('shop', 'cart', instance);
    await twin.clock.advance(5_999);
    expect([sees(0), sees(1)]).toEqual([false, false]);
    await twin.clock.advance(1);
    expect(sees(0)).toBe(true);
    await twin.clock.advance(6_000);
    expect(sees(1)).toBe(true);
    await client.send(new DeletePodIdentityAssociationCommand({ clusterName, associationId: association?.associationId }));
    expect([sees(0), sees(1)]).toEqual([true, true]);
    await twin.clock.advance(12_000);
    expect([sees(0), sees(1)]).toEqual([false, false]);
  });

  it('refuses an add-on version that the cluster cannot run', async () => {
    const { client } = await open();
    const command = new CreateAddonCommand({ clusterName, addonName: 'eks-pod-identity-agent', addonVersion: 'v9.9.9' });
    await expect(client.send(command)).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'Addon version specified is not supported',
    });
  });

  it('lists add-on versions in pages, by name and by Kubernetes version', async () => {
    const version = (addonVersion: string, clusterVersion: string, defaultVersion: boolean) => ({
      addonVersion,
      compatibilities: [{ clusterVersion, platformVersions: ['*'], defaultVersion }],
    });
    const addons = ['a', 'b', 'c'].map((addonName) => ({
      addonName,
      type: 'x',
      addonVersions: [version('v2', '1.31', true), version('v1', '1.30', true)],
    }));
    const { client } = await open({ parts: { addonVersions: { addons } } });
    const names: string[] = [];
    for await (const page of paginateDescribeAddonVersions({ client, pageSize: 2 }, { kubernetesVersion: '1.31' })) {
      for (const addon of page.addons ?? []) names.push(`${addon.addonName} ${addon.addonVersions?.map((one) => one.addonVersion)}`);
    }
    expect(names).toEqual(['a v2', 'b v2', 'c v2', 'eks-pod-identity-agent v1.3.4-eksbuild.1']);
  });

  it('says what add-on configurations support', async () => {
    const addonConfigurations = [
      {
        addonName: 'a',
        addonVersion: 'v1',
        configurationSchema: '{}',
        podIdentityConfiguration: [{ serviceAccount: 'sa', recommendedManagedPolicies: [] }],
      },
    ];
    const { client } = await open({ parts: { addonConfigurations } });
    expect(
      (await client.send(new DescribeAddonConfigurationCommand({ addonName: 'a', addonVersion: 'v1' }))).podIdentityConfiguration,
    ).toMatchObject([{ serviceAccount: 'sa' }]);
    await expect(client.send(new DescribeAddonConfigurationCommand({ addonName: 'a', addonVersion: 'v2' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('updates an add-on with the surprises of EKS', async () => {
    const addons = [
      { addon: { addonName: 'vpc-cni', clusterName, addonVersion: 'v1', serviceAccountRoleArn: 'arn:aws:iam::111122223333:role/none' } },
    ];
    const { client } = await open({ parts: { addons } });
    const update = (more: object) => client.send(new UpdateAddonCommand({ clusterName, addonName: 'vpc-cni', ...more }));
    await expect(update({ addonVersion: 'v9' })).rejects.toMatchObject({ message: 'Addon version specified is not supported' });
    await expect(update({ configurationValues: '{' })).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(
      update({ podIdentityAssociations: [{ serviceAccount: 'aws-node', roleArn: 'arn:aws:iam::111122223333:role/none' }] }),
    ).rejects.toMatchObject({ message: 'Pod Identity feature is not supported for addon version: v1' });
    const { update: begun } = await update({ clientRequestToken: 't' });
    expect(begun).toMatchObject({ status: 'InProgress', type: 'AddonUpdate' });
    expect((await update({ clientRequestToken: 't' })).update?.id).toBe(begun?.id);
    await expect(update({ clientRequestToken: 'u' })).rejects.toMatchObject({ name: 'ResourceInUseException' });
    const described = await client.send(new DescribeUpdateCommand({ name: clusterName, addonName: 'vpc-cni', updateId: begun?.id }));
    expect(described.update?.status).toBe('InProgress');
    await expect(client.send(new DescribeUpdateCommand({ name: clusterName, updateId: begun?.id }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('refuses what it does not imitate yet, and says so', async () => {
    const addons = [{ addon: { addonName: 'vpc-cni', clusterName, addonVersion: 'v1' } }];
    const { client } = await open({ parts: { addons } });
    await expect(client.send(new DeleteAddonCommand({ clusterName, addonName: 'vpc-cni' }))).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
  });

  it('throttles by its rate, with 429, and recovers as time goes by', async () => {
    const { client, account: twin } = await open({ rateLimits: { eks: { burst: 2, perSecond: 1 } } });
    await client.send(new ListClustersCommand({}));
    await client.send(new ListClustersCommand({}));
    await expect(client.send(new ListClustersCommand({}))).rejects.toMatchObject({
      name: 'ThrottlingException',
      $metadata: { httpStatusCode: 429 },
    });
    await twin.clock.advance(1_000);
    await client.send(new ListClustersCommand({}));
  });

  it('logs each request with its operation, object and whether it writes', async () => {
    const { client, account: twin } = await openReady();
    await client.send(create('cart'));
    await client.send(new ListClustersCommand({}));
    expect(twin.log.requests).toMatchObject([
      { sequence: 1, service: 'eks', operation: 'CreatePodIdentityAssociation', object: 'shop/cart', write: true },
      { sequence: 2, service: 'eks', operation: 'ListClusters', object: '', write: false },
    ]);
  });
});
