import type { AwsGateways, CloudTrailEvent } from '../aws/gateways.ts';
import type { Clock } from '../model/clock.ts';
import { isPodshiftError } from '../model/errors.ts';
import type { PlatformFacts } from '../model/inventory.ts';
import type { Account } from './account.ts';
import type { ClusterObjects } from './cluster-objects.ts';
import { allowsAgent } from './policies.ts';
import { oldSdks } from './sdks.ts';

/** How far back IRSA exchanges are looked at, and how many: an SDK exchanges its token about once an hour. */
const WINDOW = 2 * 60 * 60 * 1000;
const MOST_EVENTS = 200;

/** What the cluster as a whole says about Pod Identity. */
export async function platformFacts(aws: AwsGateways, account: Account, objects: ClusterObjects, clock: Clock): Promise<PlatformFacts> {
  return {
    privateEndpoint: !account.cluster.endpointPublicAccess,
    podGroupsCutOff: objects.podGroupsCutOff,
    port80: objects.port80,
    nodeRoles: nodeRoles(account),
    associations: account.associations.length,
    controllers: objects.controllers,
    oldSdks: oldSdks(await exchanges(aws, clock)),
  };
}

/** EC2's roles that carry the mark of an EKS node: a policy for its registry or its network, or the worker policy itself. */
function nodeRoles(account: Account): PlatformFacts['nodeRoles'] {
  return account.roles
    .flatMap((role) => {
      const policies = 'policies' in role ? role.policies : undefined;
      const isNode =
        /"ec2\.amazonaws\.com(\.cn)?"/.test(role.trustPolicy) &&
        policies?.some(({ arn }) => /\/(AmazonEKSWorkerNode\w*|AmazonEKS_CNI_Policy|AmazonEC2ContainerRegistry\w+)$/.test(arn)) === true;
      return isNode && policies !== undefined ? [{ arn: role.arn, agent: allowsAgent(policies) }] : [];
    })
    .sort((a, b) => Number(a.arn > b.arn) - Number(a.arn < b.arn));
}

/** The last exchanges by IRSA; none where CloudTrail may not be read. */
async function exchanges(aws: AwsGateways, clock: Clock): Promise<CloudTrailEvent[]> {
  const endTime = clock.now();
  try {
    const query = {
      attribute: 'EventName',
      value: 'AssumeRoleWithWebIdentity',
      startTime: endTime - WINDOW,
      endTime,
      limit: MOST_EVENTS,
    } as const;
    return await aws.cloudTrail.lookupEvents(query);
  } catch (error) {
    if (isPodshiftError(error, 'AccessDenied')) return [];
    throw error;
  }
}
