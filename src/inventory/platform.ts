import type { AwsGateways, CloudTrailEvent } from '../aws/gateways.ts';
import type { KubernetesGateway } from '../kubernetes/gateway.ts';
import type { Clock } from '../model/clock.ts';
import { isPodshiftError } from '../model/errors.ts';
import type { PlatformFacts } from '../model/inventory.ts';
import type { Account } from './account.ts';
import type { ClusterObjects } from './cluster-objects.ts';
import { tokenUses } from './consumers/exchanges.ts';
import { readNodeRoles } from './node-roles.ts';
import { oldSdks } from './sdks.ts';

/** How far back IRSA exchanges are looked at, and how many: an SDK exchanges its token about once an hour. */
const WINDOW = 2 * 60 * 60 * 1000;
const MOST_EVENTS = 200;

/** What the cluster as a whole says about Pod Identity. */
export async function platformFacts(
  aws: AwsGateways,
  kubernetes: KubernetesGateway,
  account: Account,
  objects: ClusterObjects,
  clock: Clock,
): Promise<PlatformFacts> {
  const [roles, events] = await Promise.all([readNodeRoles(aws, kubernetes, account, objects.nodes), exchanges(aws, clock)]);
  return {
    privateEndpoint: !account.cluster.endpointPublicAccess,
    podGroupsCutOff: objects.podGroupsCutOff,
    port80: objects.port80,
    agentPorts: objects.agentPorts,
    nodeRoles: roles,
    associations: account.associations.length,
    controllers: objects.controllers,
    annotationControllers: objects.annotationControllers,
    oldSdks: oldSdks(events),
    tokenUses: tokenUses(events),
  };
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
