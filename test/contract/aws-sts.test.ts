import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, describe, expect, it } from 'vitest';
import { ACCOUNT, ISSUER, irsaStatement, podIdentityStatement, roleArn, startTwinAccount, trust } from '../support/twin-account.ts';

describe('STS of the twin', () => {
  let account: Awaited<ReturnType<typeof startTwinAccount>> | undefined;
  afterEach(async () => {
    await account?.close();
    account = undefined;
  });
  const open = async (accessKeyId?: string): Promise<STSClient> => {
    account = await startTwinAccount();
    const credentials = accessKeyId === undefined ? account.credentials : { accessKeyId, secretAccessKey: 'none' };
    return new STSClient({ endpoint: account.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 });
  };
  const token = (claims: Record<string, unknown>): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
  const assume = (claims: Record<string, unknown>) =>
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: roleArn('cart'),
      RoleSessionName: 'app',
      WebIdentityToken: token({ iss: `https://${ISSUER}`, aud: ['sts.amazonaws.com'], ...claims }),
    });

  it('refuses a role that does not trust the caller', async () => {
    const client = await open();
    await expect(client.send(new AssumeRoleCommand({ RoleArn: roleArn('cart'), RoleSessionName: 'x1' }))).rejects.toMatchObject({
      name: 'AccessDenied',
      $metadata: { httpStatusCode: 403 },
    });
  });

  it('gives the service account of the trust its role, unsigned', async () => {
    const client = await open();
    const { AssumedRoleUser } = await client.send(assume({ sub: 'system:serviceaccount:shop:cart' }));
    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/cart/app`);
  });

  it.each([
    ['another subject', { sub: 'system:serviceaccount:shop:mail' }, 'AccessDenied'],
    ['another audience', { sub: 'system:serviceaccount:shop:cart', aud: ['pods.eks.amazonaws.com'] }, 'AccessDenied'],
    [
      'an issuer that is not registered',
      { sub: 'system:serviceaccount:shop:cart', iss: 'https://elsewhere.example' },
      'InvalidIdentityTokenException',
    ],
  ])('refuses %s', async (_what, claims, name) => {
    const client = await open();
    await expect(client.send(assume(claims))).rejects.toMatchObject({ name });
  });

  it('goes by a new trust policy only when IAM has spread it', async () => {
    const client = await open();
    const role = account?.state.role('cart');
    if (account === undefined || role === undefined) throw new Error('no such role');
    account.state.writeTrust(role, trust(irsaStatement('shop', 'mail'), podIdentityStatement('shop', 'cart')), 'system');
    await client.send(assume({ sub: 'system:serviceaccount:shop:cart' }));
    await account.clock.advance(8_000);
    await expect(client.send(assume({ sub: 'system:serviceaccount:shop:cart' }))).rejects.toMatchObject({ name: 'AccessDenied' });
    await client.send(assume({ sub: 'system:serviceaccount:shop:mail' }));
  });

  it('refuses an access key that it did not give out', async () => {
    const client = await open('AKIASOMEONEELSE00001');
    await expect(client.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
      $metadata: { httpStatusCode: 403 },
    });
  });

  it('refuses a request that is not signed', async () => {
    account = await startTwinAccount();
    const answer = await fetch(`${account.endpoint}/?Action=GetCallerIdentity&Version=2011-06-15`);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('<Code>MissingAuthenticationToken</Code>');
  });

  it('answers an action that it does not know as STS does', async () => {
    account = await startTwinAccount();
    const authorization = `AWS4-HMAC-SHA256 Credential=${account.credentials.accessKeyId}/20260302/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=0`;
    const answer = await fetch(`${account.endpoint}/?Action=GetNothing&Version=2011-06-15`, { headers: { authorization } });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('<Code>InvalidAction</Code>');
  });
});
