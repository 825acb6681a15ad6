import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as eks from '@aws-sdk/client-eks';
import * as iam from '@aws-sdk/client-iam';
import type { SnapshotParts } from '../../twin/snapshot.ts';
import { maximal, maximalObject, type Samples } from './shapes.ts';
import { ACCOUNT, CLUSTER_ARN, ISSUER, irsaStatement, roleArn } from './twin-account.ts';

const document = { Version: '2012-10-17', Statement: [irsaStatement('shop', 'cart')] };
const permissions = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] };

/** What the services would say where a made-up text would be refused. */
const SAMPLES: Samples = {
  clusterName: 'shop',
  '.cluster.name': 'shop',
  '.cluster.arn': CLUSTER_ARN,
  '.cluster.version': '1.31',
  '.cluster.platformVersion': 'eks.9',
  '.cluster.status': 'ACTIVE',
  '.cluster.endpoint': 'https://A.gr7.eu-west-1.eks.amazonaws.com',
  '.cluster.identity.oidc.issuer': `https://${ISSUER}`,
  '.cluster.accessConfig.authenticationMode': 'API_AND_CONFIG_MAP',
  '.cluster.kubernetesNetworkConfig.ipFamily': 'ipv4',
  '.addon.addonName': 'vpc-cni',
  addonVersion: 'v1.20.1-eksbuild.3',
  '.addon.status': 'ACTIVE',
  '.addon.namespaceConfig.namespace': 'kube-system',
  configurationValues: 'env:\n  ENABLE_POD_ENI: "false"\n',
  serviceAccountRoleArn: roleArn('cart'),
  '.addonName': 'vpc-cni',
  configurationSchema: '{"type":"object"}',
  '.addons[].addonName': 'vpc-cni',
  clusterVersion: '1.31',
  '.association.roleArn': roleArn('cart'),
  '.association.namespace': 'shop',
  '.association.serviceAccount': 'mail',
  '.association.associationId': 'a-1234567890abcdefg',
  '.association.associationArn': `arn:aws:eks:eu-west-1:${ACCOUNT}:podidentityassociation/shop/a-1234567890abcdefg`,
  '.association.policy': JSON.stringify(permissions),
  '.association.externalId': `eu-west-1/${ACCOUNT}/shop/shop/mail`,
  '.association.targetRoleArn': roleArn('mail'),
  '.fargateProfile.status': 'ACTIVE',
  '.nodegroup.nodeRole': roleArn('node'),
  '.accessEntry.principalArn': roleArn('node'),
  '.accessEntry.type': 'EC2_LINUX',
  Path: '/',
  Arn: roleArn('cart'),
  RoleName: 'cart',
  AssumeRolePolicyDocument: document,
  PolicyDocument: permissions,
  Document: permissions,
  PolicyArn: `arn:aws:iam::${ACCOUNT}:policy/some`,
  '.Policies[].Arn': `arn:aws:iam::${ACCOUNT}:policy/some`,
  '.OpenIDConnectProviderList[].Arn': `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}`,
  '.SummaryMap': { AssumeRolePolicySizeQuota: 4096, Roles: 3 },
  IsTruncated: false,
  ReadOnly: 'true',
  CloudTrailEvent: '{"eventName":"AssumeRoleWithWebIdentity","userIdentity":{}}',
  // Of a list that is whole.
  Marker: '',
  NextToken: '',
  nextToken: '',
};

/** One answer of the snapshot's commands: the part it becomes, and its fullest and its barest form, as the AWS CLI prints them. */
export interface Answer {
  readonly command: string;
  readonly part: keyof SnapshotParts;
  /** Whether the part is a list of such answers. */
  readonly several: boolean;
  readonly fullest: Readonly<Record<string, unknown>>;
  /** No more than what names the thing. */
  readonly barest: Readonly<Record<string, unknown>>;
}

const answer = (command: string, part: keyof SnapshotParts, schema: unknown, barest: Record<string, unknown>, several = false): Answer => ({
  command,
  part,
  several,
  fullest: maximal(schema, SAMPLES) as Record<string, unknown>,
  barest,
});

/** Every answer that a snapshot is made of, by the clients' own schemas. */
export const ANSWERS: readonly Answer[] = [
  answer('describe-cluster', 'cluster', eks.DescribeClusterResponse$, { cluster: { name: 'shop', arn: CLUSTER_ARN } }),
  answer('describe-addon', 'addons', eks.DescribeAddonResponse$, { addon: { addonName: 'vpc-cni', addonVersion: 'v1' } }, true),
  answer(
    'describe-addon-configuration',
    'addonConfigurations',
    eks.DescribeAddonConfigurationResponse$,
    { addonName: 'vpc-cni', addonVersion: 'v1' },
    true,
  ),
  answer('describe-addon-versions', 'addonVersions', eks.DescribeAddonVersionsResponse$, { addons: [{ addonName: 'vpc-cni' }] }),
  answer(
    'describe-pod-identity-association',
    'associations',
    eks.DescribePodIdentityAssociationResponse$,
    { association: { associationId: 'a-1', namespace: 'shop', serviceAccount: 'mail', roleArn: roleArn('mail') } },
    true,
  ),
  answer(
    'describe-fargate-profile',
    'fargateProfiles',
    eks.DescribeFargateProfileResponse$,
    { fargateProfile: { fargateProfileName: 'f' } },
    true,
  ),
  answer('describe-nodegroup', 'nodegroups', eks.DescribeNodegroupResponse$, { nodegroup: { nodegroupName: 'n' } }, true),
  answer(
    'describe-access-entry',
    'accessEntries',
    eks.DescribeAccessEntryResponse$,
    { accessEntry: { principalArn: roleArn('node') } },
    true,
  ),
  answer('get-account-authorization-details', 'account', iam.GetAccountAuthorizationDetailsResponse$, {
    RoleDetailList: [{ RoleName: 'cart', Arn: roleArn('cart'), AssumeRolePolicyDocument: document }],
  }),
  answer('list-open-id-connect-providers', 'openIdConnectProviders', iam.ListOpenIDConnectProvidersResponse$, {}),
  answer('get-account-summary', 'accountSummary', iam.GetAccountSummaryResponse$, {}),
  answer('lookup-events', 'trail', cloudtrail.LookupEventsResponse$, {}),
];

const KUBERNETES: Samples = {
  namespace: 'shop',
  restartPolicy: 'Always',
  phase: 'Running',
  nodeName: 'node-1',
  serviceAccountName: 'cart',
  serviceAccount: 'cart',
  deletionTimestamp: undefined,
  operator: 'In',
  '.spec.selector': { matchLabels: { app: 'full' }, matchExpressions: [] },
  '.spec.template.metadata.labels': { app: 'full' },
  '.spec.jobTemplate.spec.selector': undefined,
  priorityClassName: undefined,
  schedule: '* * * * *',
  continue: '',
  ownerReferences: undefined,
};

/** Class of the Kubernetes client by the kind of the snapshot's kubectl commands. */
const CLASSES: Readonly<Record<string, string>> = {
  'v1 Node': 'V1Node',
  'v1 Namespace': 'V1Namespace',
  'v1 ServiceAccount': 'V1ServiceAccount',
  'v1 ConfigMap': 'V1ConfigMap',
  'v1 Pod': 'V1Pod',
  'v1 ReplicationController': 'V1ReplicationController',
  'apps/v1 Deployment': 'V1Deployment',
  'apps/v1 StatefulSet': 'V1StatefulSet',
  'apps/v1 DaemonSet': 'V1DaemonSet',
  'apps/v1 ReplicaSet': 'V1ReplicaSet',
  'batch/v1 Job': 'V1Job',
  'batch/v1 CronJob': 'V1CronJob',
  'policy/v1 PodDisruptionBudget': 'V1PodDisruptionBudget',
  'networking.k8s.io/v1 NetworkPolicy': 'V1NetworkPolicy',
  'rbac.authorization.k8s.io/v1 RoleBinding': 'V1RoleBinding',
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': 'V1ClusterRoleBinding',
};

/** An object of a kind. */
export interface KindSample {
  readonly kind: string;
  readonly fullest: Readonly<Record<string, unknown>>;
  readonly barest: Readonly<Record<string, unknown>>;
}

/** The fullest and the barest object of each kind that the snapshot's kubectl commands take. */
export const OBJECTS: readonly KindSample[] = Object.entries(CLASSES).map(([kind, type]) => {
  const [apiVersion = '', name = ''] = kind.split(' ');
  const scoped = ['Node', 'Namespace', 'ClusterRoleBinding'].includes(name) ? { namespace: undefined } : {};
  const fullest = maximalObject(type, { ...KUBERNETES, ...scoped, '.apiVersion': apiVersion, '.kind': name, '.metadata.name': 'full' });
  const barest = { apiVersion, kind: name, metadata: { name: 'bare', ...('namespace' in scoped ? {} : { namespace: 'shop' }) } };
  return { kind, fullest: JSON.parse(JSON.stringify(fullest)), barest };
});
