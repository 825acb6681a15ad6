import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { EKSClient } from '@aws-sdk/client-eks';
import { IAMClient } from '@aws-sdk/client-iam';
import { STSClient } from '@aws-sdk/client-sts';
import type { CallCounts } from '../model/run.ts';
import { type AwsSettings, clientConfiguration, requestCounter } from './clients.ts';
import { createCloudTrailGateway } from './cloudtrail-gateway.ts';
import { targetCredentials } from './credentials.ts';
import { createEksGateway } from './eks-gateway.ts';
import type { AwsGateways } from './gateways.ts';
import { createIamGateway } from './iam-gateway.ts';
import { createStsGateway } from './sts-gateway.ts';

export type { AwsSettings } from './clients.ts';

/**
 * The gateways to one account and region over the SDK's clients: one client for each service, made when it is first needed.
 * `credentials` are the target's, where the caller has them already.
 */
export function createAwsGateways(settings: AwsSettings, credentials = targetCredentials(settings)): AwsGateways {
  const configuration = () => clientConfiguration(settings, credentials);
  const count = (service: keyof CallCounts, region?: string) => requestCounter(settings, service, region);
  return {
    eks: createEksGateway(
      settings.target,
      once(() => {
        const client = new EKSClient(configuration());
        client.middlewareStack.use(count('eks'));
        return client;
      }),
    ),
    iam: createIamGateway(
      once(() => {
        const client = new IAMClient(configuration());
        client.middlewareStack.use(count('iam'));
        return client;
      }),
    ),
    sts: createStsGateway(
      once(() => {
        const client = new STSClient(configuration());
        client.middlewareStack.use(count('sts'));
        return client;
      }),
    ),
    cloudTrail: createCloudTrailGateway(
      once(() => {
        const client = new CloudTrailClient(configuration());
        client.middlewareStack.use(count('cloudtrail'));
        return client;
      }),
      once(() => {
        const region = iamEventsRegion(settings.target.region);
        const client = new CloudTrailClient({ ...configuration(), region });
        client.middlewareStack.use(count('cloudtrail', region));
        return client;
      }),
    ),
  };
}

/** The region that IAM's control plane is in, and its events with it (AWS General Reference, "IAM endpoints and quotas"). */
function iamEventsRegion(region: string): string {
  if (region.startsWith('cn-')) return 'cn-north-1';
  return region.startsWith('us-gov-') ? 'us-gov-west-1' : 'us-east-1';
}

/** The value of `make`, made at the first call and kept. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
