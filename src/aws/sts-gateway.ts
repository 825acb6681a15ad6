import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { awsCall } from './errors.ts';
import type { StsGateway } from './gateways.ts';

/** The gateway to STS over its SDK client. `client` is called at the first use. */
export function createStsGateway(client: () => STSClient): StsGateway {
  return {
    getCallerIdentity: async () => {
      const call = { service: 'sts', operation: 'GetCallerIdentity' };
      const answer = await awsCall(call, () => client().send(new GetCallerIdentityCommand({})));
      return { accountId: answer.Account ?? '', arn: answer.Arn ?? '' };
    },
  };
}
