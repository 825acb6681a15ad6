import {
  DescribeAccessEntryCommand,
  DescribeAddonCommand,
  DescribeAddonConfigurationCommand,
  DescribeClusterCommand,
  DescribeFargateProfileCommand,
  DescribeNodegroupCommand,
  DescribePodIdentityAssociationCommand,
  EKSClient,
  paginateDescribeAddonVersions,
} from '@aws-sdk/client-eks';
import {
  GetAccountAuthorizationDetailsCommand,
  GetAccountSummaryCommand,
  IAMClient,
  ListOpenIDConnectProvidersCommand,
} from '@aws-sdk/client-iam';
import { afterEach, describe, expect, it } from 'vitest';
import { rehearse } from '../../../../engine/rehearsal.ts';
import { isPodshiftError } from '../../../../src/model/errors.ts';
import { createAwsHalf } from '../../../../twin/aws/aws-half.ts';
import { createVirtualClock } from '../../../../twin/clock.ts';
import type { TwinHttpService } from '../../../../twin/server.ts';
import { type Snapshot, type SnapshotParts, snapshotFromObjects } from '../../../../twin/snapshot.ts';
import { memberPaths, TIME, withMember } from '../../../support/shapes.ts';
import { ANSWERS, type Answer, OBJECTS } from '../../../support/snapshot-shapes.ts';
import { DELAYS, FakeCluster, REGION, START, shopParts, startTwinAccount } from '../../../support/twin-account.ts';

const FULLEST = partsOf((answer) => answer.fullest);
const BAREST = partsOf((answer) => answer.barest);

function partsOf(form: (answer: Answer) => unknown): SnapshotParts {
  const chosen = ANSWERS.map((answer) => [answer.part, answer.several ? [form(answer)] : form(answer)]);
  return { ...shopParts(), ...Object.fromEntries(chosen) };
}

/** What the twin is asked to show what a part of the snapshot became: a path of EKS, or an action of IAM. */
const ASKED: Readonly<Partial<Record<keyof SnapshotParts, (snapshot: Snapshot) => string[]>>> = {
  cluster: () => ['/clusters/shop', '/clusters'],
  addons: ({ addons }) => ['/clusters/shop/addons', ...addons.map(({ addonName }) => `/clusters/shop/addons/${addonName}`)],
  addonConfigurations: ({ addonConfigurations }) =>
    addonConfigurations.map(
      ({ addonName, addonVersion }) => `/addons/configuration-schemas?addonName=${addonName}&addonVersion=${addonVersion}`,
    ),
  addonVersions: () => ['/addons/supported-versions', '/addons/supported-versions?kubernetesVersion=1.31'],
  associations: ({ associations }) => [
    '/clusters/shop/pod-identity-associations',
    ...associations.map(({ associationId }) => `/clusters/shop/pod-identity-associations/${associationId}`),
  ],
  fargateProfiles: ({ fargateProfiles }) => fargateProfiles.map((one) => `/clusters/shop/fargate-profiles/${one.fargateProfileName}`),
  nodegroups: ({ nodegroups }) => nodegroups.map((one) => `/clusters/shop/node-groups/${one.nodegroupName}`),
  accessEntries: ({ accessEntries }) => accessEntries.map((one) => `/clusters/shop/access-entries/${encodeURIComponent(one.principalArn)}`),
  account: () => ['GetAccountAuthorizationDetails', 'ListRoles', 'GetRole&RoleName=cart', 'GetAccountSummary'],
  accountSummary: () => ['GetAccountSummary'],
  openIdConnectProviders: () => ['ListOpenIDConnectProviders'],
};

/** The answers of a twin of the snapshot, as they go over the wire. */
function answersOf(snapshot: Snapshot, part: keyof SnapshotParts): string[] {
  const half = createAwsHalf({ snapshot, clock: createVirtualClock(START), delays: DELAYS, rateLimits: {} });
  half.connect(new FakeCluster(snapshot.objects));
  const service = half.serve({ url: 'https://127.0.0.1:1', certificateAuthority: 'PEM' });
  const asked = ASKED[part]?.(snapshot) ?? [];
  return asked.map((one) => (one.startsWith('/') ? ask(service, 'eks', one) : ask(service, 'iam', `/?Version=2010-05-08&Action=${one}`)));
}

function ask(service: TwinHttpService, name: string, path: string): string {
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIATWINPODSHIFT0001/20260302/${REGION}/${name}/aws4_request, SignedHeaders=host, Signature=00`;
  const reply = service.handle({
    method: 'GET',
    url: new URL(path, 'http://127.0.0.1'),
    headers: { authorization },
    body: '',
    connection: 0,
  });
  if (reply instanceof Promise || reply.status !== 200) throw new Error(`${path}: ${JSON.stringify(reply)}`);
  return `${path}\n${reply.body?.replace(/<RequestId>.*<\/RequestId>/, '')}`;
}

/** The answers of a twin of the fullest snapshot with one answer replaced, or the words of the snapshot's refusal. */
function told({ part, several }: Answer, value: unknown): string[] | string {
  let snapshot: Snapshot;
  try {
    snapshot = snapshotFromObjects({ ...FULLEST, [part]: several ? [value] : value });
  } catch (error) {
    if (isPodshiftError(error, 'SnapshotUnreadable')) return error.message;
    throw error;
  }
  return answersOf(snapshot, part);
}

// biome-ignore lint/suspicious/noExplicitAny: answers of many commands
type Answers = Record<string, any>;

describe('every member of what the snapshot is made of', () => {
  it.each(ANSWERS.map((answer) => [answer.command, answer] as const))(
    '%s: each may be absent or null, which is the same',
    (_command, answer) => {
      const paths = memberPaths(answer.fullest);
      expect(paths.length).toBeGreaterThan(0);
      for (const path of paths) {
        const absent = told(answer, withMember(answer.fullest, path, undefined));
        const none = told(answer, withMember(answer.fullest, path, null));
        expect(none, path.join('.')).toEqual(absent);
        // What is refused says which member is missing.
        if (typeof absent === 'string') expect(absent).toMatch(/: [\w. ]+: is missing(, or of another type)?; expected the output of /);
      }
    },
  );

  it('is refused only where it names the thing', () => {
    const refused = ANSWERS.flatMap((answer) =>
      memberPaths(answer.fullest)
        .filter((path) => typeof told(answer, withMember(answer.fullest, path, undefined)) === 'string')
        .map((path) => `${answer.command} ${path.join('.')}`),
    );
    expect(refused.sort()).toMatchInlineSnapshot(`
      [
        "describe-access-entry accessEntry",
        "describe-access-entry accessEntry.principalArn",
        "describe-addon addon",
        "describe-addon addon.addonName",
        "describe-addon addon.addonVersion",
        "describe-addon-configuration addonName",
        "describe-addon-configuration addonVersion",
        "describe-addon-versions addons.0.addonName",
        "describe-cluster cluster",
        "describe-cluster cluster.arn",
        "describe-cluster cluster.name",
        "describe-fargate-profile fargateProfile",
        "describe-fargate-profile fargateProfile.fargateProfileName",
        "describe-nodegroup nodegroup",
        "describe-nodegroup nodegroup.nodegroupName",
        "describe-pod-identity-association association",
        "describe-pod-identity-association association.associationId",
        "describe-pod-identity-association association.namespace",
        "describe-pod-identity-association association.roleArn",
        "describe-pod-identity-association association.serviceAccount",
        "get-account-authorization-details RoleDetailList",
        "get-account-authorization-details RoleDetailList.0.Arn",
        "get-account-authorization-details RoleDetailList.0.AssumeRolePolicyDocument",
        "get-account-authorization-details RoleDetailList.0.RoleName",
        "get-account-authorization-details RoleDetailList.0.Tags.0.Key",
      ]
    `);
  });
});

describe('the fullest answers', () => {
  let account: Awaited<ReturnType<typeof startTwinAccount>> | undefined;
  afterEach(() => account?.close());

  /** As the SDK gives a part of what the AWS CLI prints: times are dates, documents are encoded. */
  const ofSdk = (value: unknown, name = ''): unknown => {
    if (/Document$/.test(name)) return JSON.stringify(value);
    if (Array.isArray(value)) return value.map((item) => ofSdk(item));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, ofSdk(one, key)]));
    return value === TIME ? new Date(TIME) : value;
  };
  const decoded = (value: unknown, name = ''): unknown => {
    if (/Document$/.test(name)) return decodeURIComponent(String(value));
    if (value instanceof Date) return value;
    if (Array.isArray(value)) return value.map((item) => decoded(item));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, decoded(one, key)]));
    return value;
  };
  const fullest = (command: string) => ofSdk(ANSWERS.find((answer) => answer.command === command)?.fullest) as Answers;

  it('are what the twin answers, member by member', async () => {
    account = await startTwinAccount({ parts: FULLEST });
    const settings = { endpoint: account.endpoint, region: REGION, credentials: account.credentials, maxAttempts: 1 };
    const [eks, iam] = [new EKSClient(settings), new IAMClient(settings)];
    const clusterName = 'shop';
    const { cluster } = fullest('describe-cluster');
    expect((await eks.send(new DescribeClusterCommand({ name: clusterName }))).cluster).toEqual({
      ...cluster,
      endpoint: 'https://127.0.0.1:1',
      certificateAuthority: { ...cluster.certificateAuthority, data: expect.any(String) },
    });
    expect((await eks.send(new DescribeAddonCommand({ clusterName, addonName: 'vpc-cni' }))).addon).toEqual(
      fullest('describe-addon').addon,
    );
    const configuration = new DescribeAddonConfigurationCommand({ addonName: 'vpc-cni', addonVersion: 'v1.20.1-eksbuild.3' });
    expect(await eks.send(configuration)).toMatchObject(fullest('describe-addon-configuration'));
    for await (const { addons } of paginateDescribeAddonVersions({ client: eks }, { addonName: 'vpc-cni' }))
      expect(addons).toEqual(fullest('describe-addon-versions').addons);
    const { association } = fullest('describe-pod-identity-association');
    const { associationId } = association;
    expect((await eks.send(new DescribePodIdentityAssociationCommand({ clusterName, associationId }))).association).toEqual(association);
    const { fargateProfile } = fullest('describe-fargate-profile');
    const { fargateProfileName } = fargateProfile;
    expect((await eks.send(new DescribeFargateProfileCommand({ clusterName, fargateProfileName }))).fargateProfile).toEqual(fargateProfile);
    const { nodegroup } = fullest('describe-nodegroup');
    const { nodegroupName } = nodegroup;
    expect((await eks.send(new DescribeNodegroupCommand({ clusterName, nodegroupName }))).nodegroup).toEqual(nodegroup);
    const { accessEntry } = fullest('describe-access-entry');
    const { principalArn } = accessEntry;
    expect((await eks.send(new DescribeAccessEntryCommand({ clusterName, principalArn }))).accessEntry).toEqual(accessEntry);
    const { $metadata: _, ...details } = await iam.send(new GetAccountAuthorizationDetailsCommand({}));
    const { Marker: _marker, ...whole } = fullest('get-account-authorization-details');
    expect(decoded(details)).toEqual(whole);
    const { OpenIDConnectProviderList } = await iam.send(new ListOpenIDConnectProvidersCommand({}));
    expect({ OpenIDConnectProviderList }).toEqual(fullest('list-open-id-connect-providers'));
    expect((await iam.send(new GetAccountSummaryCommand({}))).SummaryMap).toMatchObject({ AssumeRolePolicySizeQuota: 4096 });
  });

  it.each([
    ['fullest', FULLEST, OBJECTS.map((one) => one.fullest)],
    ['barest', BAREST, OBJECTS.map((one) => one.barest)],
  ] as const)('%s: account, cluster and objects are planned without a failure', async (_what, parts, objects) => {
    const snapshot = snapshotFromObjects({ ...parts, objects: [...shopParts().objects, ...objects] });
    const { failure, report, close } = await rehearse({ snapshot, startAt: START, mode: 'plan', journal: 'memory' });
    await close();
    expect(failure).toBeNull();
    expect(report.run.status).toBe('planned');
  });
});
