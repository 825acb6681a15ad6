import { readFileSync } from 'node:fs';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  type AddonInfo,
  DescribeAccessEntryCommand,
  DescribeAddonCommand,
  DescribeAddonConfigurationCommand,
  DescribeClusterCommand,
  DescribeFargateProfileCommand,
  DescribeNodegroupCommand,
  DescribePodIdentityAssociationCommand,
  EKSClient,
  paginateDescribeAddonVersions,
  paginateListAccessEntries,
  paginateListAddons,
  paginateListFargateProfiles,
  paginateListNodegroups,
  paginateListPodIdentityAssociations,
} from '@aws-sdk/client-eks';
import {
  GetAccountSummaryCommand,
  IAMClient,
  ListOpenIDConnectProvidersCommand,
  paginateGetAccountAuthorizationDetails,
} from '@aws-sdk/client-iam';
import { createAwsGateways } from '../../src/aws/aws-gateways.ts';
import { hasCustomResources } from '../../src/inventory/consumers/scope.ts';
import { createKubernetesGateway } from '../../src/kubernetes/kubernetes-gateway.ts';
import { AGENT } from '../../src/model/agent.ts';
import type { Clock } from '../../src/model/clock.ts';
import { KindRegistry } from '../../twin/kubernetes/kinds.ts';
import type { SnapshotParts } from '../../twin/snapshot.ts';
import type { Twin } from '../../twin/twin.ts';

/** The commands of docs/snapshots.md that take a snapshot, as they stand there. */
export function snapshotCommands(): string {
  const readme = readFileSync(new URL('../../docs/snapshots.md', import.meta.url), 'utf8');
  const found = /## Without podshift\n[\s\S]*?```\n([\s\S]*?)\n```/.exec(readme)?.[1];
  if (found === undefined) throw new Error('docs/snapshots.md has no commands under "Without podshift"');
  return found;
}

/** Which names of `kubectl api-resources -o name` the commands of docs/snapshots.md take for custom resources. */
export function commandsTake(name: string): boolean {
  const commands = snapshotCommands();
  const own = /^OWN='(.*)'$/m.exec(commands)?.[1] ?? '';
  const left = /grep -vE "(.*)"\)/.exec(commands)?.[1]?.replace('$OWN', own) ?? '';
  if (own === '' || left === '') throw new Error('docs/snapshots.md leaves out no kinds');
  return /\..*\./.test(name) && !new RegExp(left).test(name);
}

/** What the commands of docs/snapshots.md ask of AWS, as `SERVICE COMMAND`, each once. */
export function snapshotAwsCommands(): string[] {
  return [...new Set([...snapshotCommands().matchAll(/\baws ([a-z]+ [a-z-]+)/g)].map(([, command = '']) => command))].sort();
}

/** The commands that {@link takeSnapshot} carries out. */
export const TAKEN = [
  'cloudtrail lookup-events',
  'eks describe-access-entry',
  'eks describe-addon',
  'eks describe-addon-configuration',
  'eks describe-addon-versions',
  'eks describe-cluster',
  'eks describe-fargate-profile',
  'eks describe-nodegroup',
  'eks describe-pod-identity-association',
  'eks list-access-entries',
  'eks list-addons',
  'eks list-fargate-profiles',
  'eks list-nodegroups',
  'eks list-pod-identity-associations',
  'iam get-account-authorization-details',
  'iam get-account-summary',
  'iam list-open-id-connect-providers',
];

/** Takes a snapshot of a twin over its endpoints: the calls that the commands of docs/snapshots.md make, and their answers as the tools print them. */
export async function takeSnapshot(twin: Twin, clock: Clock): Promise<SnapshotParts> {
  const settings = { endpoint: twin.awsEndpoint, region: twin.region, credentials: twin.credentials, maxAttempts: 1 };
  const [eks, iam, trail] = [new EKSClient(settings), new IAMClient(settings), new CloudTrailClient(settings)];
  const clusterName = twin.clusterName;
  const pages = { client: eks };
  const each = async <T>(names: readonly string[], describe: (name: string) => Promise<T>): Promise<T[]> => {
    const found: T[] = [];
    for (const name of names) found.push(await describe(name));
    return found;
  };
  const { cluster } = await eks.send(new DescribeClusterCommand({ name: clusterName }));
  const addons = await each(await all(paginateListAddons(pages, { clusterName }), 'addons'), (addonName) =>
    eks.send(new DescribeAddonCommand({ clusterName, addonName })),
  );
  const addonVersions = {
    addons: await all<AddonInfo>(paginateDescribeAddonVersions(pages, { kubernetesVersion: cluster?.version }), 'addons'),
  };
  const configurations = [
    ...addons.map(({ addon }) => ({ addonName: addon?.addonName, addonVersion: addon?.addonVersion })),
    { addonName: AGENT, addonVersion: defaultVersion(addonVersions.addons) },
  ];
  const associations = await all<{ associationId?: string }>(paginateListPodIdentityAssociations(pages, { clusterName }), 'associations');
  const parts = {
    cluster: { cluster },
    account: {
      RoleDetailList: await all(
        paginateGetAccountAuthorizationDetails({ client: iam }, { Filter: ['Role', 'LocalManagedPolicy'] }),
        'RoleDetailList',
      ),
      Policies: await all(paginateGetAccountAuthorizationDetails({ client: iam }, { Filter: ['Role', 'LocalManagedPolicy'] }), 'Policies'),
      UserDetailList: [],
      GroupDetailList: [],
    },
    addons,
    addonConfigurations: await Promise.all(configurations.map((one) => eks.send(new DescribeAddonConfigurationCommand(one)))),
    addonVersions,
    associations: await each(
      associations.map(({ associationId = '' }) => associationId),
      (associationId) => eks.send(new DescribePodIdentityAssociationCommand({ clusterName, associationId })),
    ),
    fargateProfiles: await each(
      await all(paginateListFargateProfiles(pages, { clusterName }), 'fargateProfileNames'),
      (fargateProfileName) => eks.send(new DescribeFargateProfileCommand({ clusterName, fargateProfileName })),
    ),
    nodegroups: await each(await all(paginateListNodegroups(pages, { clusterName }), 'nodegroups'), (nodegroupName) =>
      eks.send(new DescribeNodegroupCommand({ clusterName, nodegroupName })),
    ),
    accessEntries: await accessEntries(eks, clusterName),
    openIdConnectProviders: await iam.send(new ListOpenIDConnectProvidersCommand({})),
    accountSummary: await iam.send(new GetAccountSummaryCommand({})),
    trail: await trail.send(
      new LookupEventsCommand({ LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'AssumeRoleWithWebIdentity' }] }),
    ),
    objects: await objectsOf(twin, clock),
  };
  // As the tools print it: times as text, nothing that is undefined.
  return JSON.parse(JSON.stringify(parts, (key, value) => (key === '$metadata' ? undefined : value)));
}

/** The version of the agent that EKS installs where none is named. */
function defaultVersion(addons: readonly AddonInfo[]): string | undefined {
  const { addonVersions = [] } = addons.find(({ addonName }) => addonName === AGENT) ?? {};
  return addonVersions.find(({ compatibilities = [] }) => compatibilities.some((one) => one.defaultVersion))?.addonVersion;
}

/** A cluster whose access is by its ConfigMap alone has no list of entries: the command fails, and its file is empty. */
async function accessEntries(eks: EKSClient, clusterName: string): Promise<unknown[]> {
  const found: unknown[] = [];
  try {
    for (const principalArn of await all<string>(paginateListAccessEntries({ client: eks }, { clusterName }), 'accessEntries'))
      found.push(await eks.send(new DescribeAccessEntryCommand({ clusterName, principalArn })));
  } catch (error) {
    if (!(error instanceof Error && error.name === 'InvalidRequestException')) throw error;
  }
  return found;
}

async function all<T = string>(pages: AsyncIterable<object>, member: string): Promise<T[]> {
  const found: T[] = [];
  for await (const page of pages) found.push(...(((page as Record<string, unknown>)[member] as T[] | undefined) ?? []));
  return found;
}

/** The kinds that the commands of docs/snapshots.md get by their names, and the custom ones that the twin has. */
async function objectsOf(twin: Twin, clock: Clock): Promise<unknown[]> {
  const common = { retryDelays: 'none', onRequest: () => undefined, credentials: () => Promise.resolve(twin.credentials) } as const;
  const target = { clusterName: twin.clusterName, region: twin.region, assumeRoleArn: null };
  const aws = createAwsGateways({ ...common, target, endpoint: twin.awsEndpoint });
  const gateway = createKubernetesGateway({
    ...common,
    cluster: await aws.eks.describeCluster(),
    clusterName: twin.clusterName,
    region: twin.region,
    clock,
  });
  const names = /^for k in ((?:[a-z]+|\\\n|\s)+)\$\(/m.exec(snapshotCommands())?.[1]?.match(/[a-z]+/g) ?? [];
  if (names.length === 0) throw new Error('docs/snapshots.md gets no kinds');
  const builtIn = new KindRegistry().all();
  const named = names.map((name) => {
    const kind = builtIn.find(({ plural }) => plural === name);
    if (kind === undefined) throw new Error(`docs/snapshots.md asks for ${name}, which is no kind`);
    return { group: kind.group, version: kind.versions[0] ?? '', kind: kind.kind, plural: kind.plural, namespaced: kind.namespaced };
  });
  const { resources } = await gateway.discover(hasCustomResources);
  const objects: unknown[] = [];
  for (const resource of [...named, ...resources]) {
    const { group, version, kind } = resource;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    for (const object of await gateway.list(resource)) objects.push({ ...object, apiVersion, kind });
  }
  return objects;
}
