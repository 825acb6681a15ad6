import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { EKSClient } from '@aws-sdk/client-eks';
import { IAMClient } from '@aws-sdk/client-iam';
import { STSClient } from '@aws-sdk/client-sts';
import { type AwsSettings, clientConfiguration, requestCounter } from '../../src/aws/clients.ts';
import { targetCredentials } from '../../src/aws/credentials.ts';
import type { AwsGateways } from '../../src/aws/gateways.ts';
import type { KubernetesGateway } from '../../src/kubernetes/gateway.ts';
import type { CallCounts, ClusterTarget } from '../../src/model/run.ts';

/** The SDK's clients themselves: the gateways read whole lists, and a page of one is enough here. */
export interface Clients {
  readonly eks: EKSClient;
  readonly iam: IAMClient;
  readonly sts: STSClient;
  readonly cloudTrail: CloudTrailClient;
}

/** What the checks reach the world by. */
export interface DoctorWorld {
  readonly target: ClusterTarget;
  /** As who the target is reached. */
  readonly clients: Clients;
  /** As who the command was called, ahead of the role that the target names. */
  readonly caller: Clients;
  readonly gateways: AwsGateways;
  readonly kubernetes: () => Promise<KubernetesGateway>;
  /** Seconds by which this machine's clock differs from AWS's; undefined until something answered. */
  readonly clockSkew: () => number | undefined;
  readonly signal: AbortSignal;
}

/** The clients of a target. */
export function createClients(settings: AwsSettings): Clients {
  const configuration = clientConfiguration(settings, targetCredentials(settings));
  const counted = <T extends { readonly middlewareStack: { use(plugin: ReturnType<typeof requestCounter>): void } }>(
    client: T,
    service: keyof CallCounts,
  ): T => {
    client.middlewareStack.use(requestCounter(settings, service));
    return client;
  };
  return {
    eks: counted(new EKSClient(configuration), 'eks'),
    iam: counted(new IAMClient(configuration), 'iam'),
    sts: counted(new STSClient(configuration), 'sts'),
    cloudTrail: counted(new CloudTrailClient(configuration), 'cloudtrail'),
  };
}
