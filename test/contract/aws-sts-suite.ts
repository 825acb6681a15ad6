import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, describe, expect } from 'vitest';
import { ACCOUNT, roleArn, trust } from '../support/twin-account.ts';
import type { IamBackend, RunningIam } from './aws-backends.ts';
import { behavioursWith } from './behaviours.ts';

const MEMBER = trust({ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'sts:AssumeRole' });

/** What STS does for the product, whoever answers. */
export function describeSts({ name, exceptions, start }: IamBackend): void {
  describe(`STS over ${name}`, () => {
    const behaviour = behavioursWith(exceptions);
    let backend: RunningIam | undefined;
    const open = async (roles: Record<string, string>): Promise<STSClient> => {
      backend = await start(roles);
      return new STSClient({ endpoint: backend.endpoint, region: 'eu-west-1', credentials: backend.credentials, maxAttempts: 1 });
    };
    afterEach(async () => {
      await backend?.close();
      backend = undefined;
    });

    behaviour('says who the caller is', async () => {
      const client = await open({});
      expect(await client.send(new GetCallerIdentityCommand({}))).toMatchObject({
        Account: backend?.accountId,
        Arn: expect.stringContaining(`:${backend?.accountId}:`),
      });
    });

    behaviour('gives a session of a role that trusts the account, and the session is someone', async () => {
      const client = await open({ member: MEMBER });
      const { Credentials, AssumedRoleUser } = await client.send(
        new AssumeRoleCommand({ RoleArn: roleArn('member'), RoleSessionName: 'run-1' }),
      );
      expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/member/run-1`);
      const session = new STSClient({
        endpoint: backend?.endpoint ?? '',
        region: 'eu-west-1',
        credentials: {
          accessKeyId: Credentials?.AccessKeyId ?? '',
          secretAccessKey: Credentials?.SecretAccessKey ?? '',
          sessionToken: Credentials?.SessionToken ?? '',
        },
      });
      expect((await session.send(new GetCallerIdentityCommand({}))).Arn).toBe(AssumedRoleUser?.Arn);
    });

    const refused = async (roles: Record<string, string>, RoleName: string, RoleSessionName: string): Promise<unknown> => {
      const client = await open(roles);
      const command = new AssumeRoleCommand({ RoleArn: roleArn(RoleName), RoleSessionName });
      return client.send(command).then(
        () => 'taken',
        (error: { name: string; $metadata: { httpStatusCode: number } }) => [error.name, error.$metadata.httpStatusCode],
      );
    };

    behaviour('refuses a role that does not trust the caller', async () => {
      const lambda = trust({ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' });
      expect(await refused({ app: lambda }, 'app', 'run-1')).toEqual(['AccessDenied', 403]);
    });

    behaviour('does not tell a role that does not exist from one that is not for the caller', async () => {
      expect(await refused({}, 'absent', 'run-1')).toEqual(['AccessDenied', 403]);
    });

    behaviour('refuses a session name that is too long', async () => {
      expect(await refused({ member: MEMBER }, 'member', 'x'.repeat(65))).toEqual(['ValidationError', 400]);
    });
  });
}
