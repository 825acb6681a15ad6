import { describe, expect, it } from 'vitest';
import { createClusterConnections } from '../../../src/kubernetes/connections.ts';
import { RESOURCES } from '../../../src/kubernetes/resources.ts';
import { noCalls } from '../../../src/model/run.ts';
import { type ScriptedReply, startScript } from '../fixtures/scripted-server.ts';

const target = { clusterName: 'shop', region: 'eu-west-1', assumeRoleArn: null };
const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' };

async function connections(aws: (index: number) => ScriptedReply | undefined = () => undefined) {
  const kubernetes = await startScript(() => ({ body: {} }), true);
  const cluster = {
    name: 'shop',
    endpoint: kubernetes.url,
    certificateAuthority: { data: Buffer.from(kubernetes.certificateAuthority).toString('base64') },
  };
  const server = await startScript((_request, index) => aws(index) ?? { body: { cluster } });
  const made = createClusterConnections({ clock: { now: () => 0 }, endpoint: server.url, credentials, retryDelays: 'none' });
  return { ...made, seen: server.seen };
}

describe('the connections of a process', () => {
  it('keeps one set of clients for each target', async () => {
    const { aws } = await connections();
    expect(aws({ ...target })).toBe(aws({ ...target }));
    expect(aws({ ...target, region: 'us-east-1' })).not.toBe(aws(target));
    expect(aws({ ...target, assumeRoleArn: 'arn:r' })).not.toBe(aws(target));
  });

  it('describes a cluster once, and keeps the connection', async () => {
    const { kubernetes, seen } = await connections();
    const [first, second] = await Promise.all([kubernetes(target), kubernetes({ ...target })]);
    expect(second).toBe(first);
    expect(seen).toHaveLength(1);
  });

  it('asks for no description of a cluster that its caller has', async () => {
    const { aws, kubernetes, seen } = await connections();
    const cluster = await aws(target).eks.describeCluster();
    await (await kubernetes(target, cluster)).get(RESOURCES.pods, 'shop', 'a');
    await (await kubernetes(target)).get(RESOURCES.pods, 'shop', 'b');
    expect(seen).toHaveLength(1);
  });

  it('tries again after a failure', async () => {
    const { kubernetes } = await connections((index) =>
      index === 0 ? { status: 404, headers: { 'x-amzn-errortype': 'ResourceNotFoundException' }, body: {} } : undefined,
    );
    await expect(kubernetes(target)).rejects.toMatchObject({ name: 'ClusterNotFound' });
    expect(await kubernetes(target)).toBeDefined();
  });

  it('counts what all of them send, from one look to the next', async () => {
    const { aws, kubernetes, takeCalls } = await connections();
    expect(takeCalls()).toEqual(noCalls());
    await (await kubernetes(target)).get(RESOURCES.pods, 'shop', 'a');
    await aws(target).eks.describeCluster();
    expect(takeCalls()).toEqual({ ...noCalls(), eks: 2, kubernetes: 1 });
    expect(takeCalls()).toEqual(noCalls());
  });
});

describe('who signs in to a cluster', () => {
  const ACCESS = 'arn:aws:iam::444455556666:role/podshift/prod/podshift-cluster-access-prod-eu-west-1';
  const MEMBER = 'arn:aws:iam::111122223333:role/podshift-member';
  const session = (roleArn: string): string => `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
    <AssumedRoleUser><Arn>${roleArn}/podshift</Arn><AssumedRoleId>AROA:podshift</AssumedRoleId></AssumedRoleUser>
    <Credentials><AccessKeyId>KEYOF${roleArn.slice(13, 25)}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
    <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

  /** The key that signed the first bearer token, and the roles that were assumed. */
  async function signed(assumeRoleArn: string | null, clusterAccessRoleArn?: string, memberRole?: 'changing' | 'reading') {
    const api = await startScript(() => ({ body: {} }), true);
    const certificateAuthority = { data: Buffer.from(api.certificateAuthority).toString('base64') };
    const assumed: string[] = [];
    const server = await startScript(({ body }) => {
      const role = new URLSearchParams(body).get('RoleArn');
      if (role === null) return { body: { cluster: { name: 'shop', endpoint: api.url, certificateAuthority } } };
      assumed.push(role);
      return { headers: { 'content-type': 'text/xml' }, body: session(role) };
    });
    const clock = { now: () => Date.UTC(2026, 0, 5) };
    const { kubernetes } = createClusterConnections({
      clock,
      endpoint: server.url,
      credentials,
      retryDelays: 'none',
      clusterAccessRoleArn,
      memberRole,
    });
    await (await kubernetes({ ...target, assumeRoleArn })).get(RESOURCES.pods, 'shop', 'a');
    const token = (api.seen[0]?.headers.authorization ?? '').replace('Bearer k8s-aws-v1.', '');
    const url = new URL(Buffer.from(token, 'base64url').toString());
    return { key: url.searchParams.get('X-Amz-Credential')?.split('/')[0], assumed };
  }

  it('is the principal of the credentials, where nothing else is said', async () => {
    expect(await signed(null)).toEqual({ key: 'AKID', assumed: [] });
  });

  it('is the role that the clusters of the own account know, for the token alone', async () => {
    expect(await signed(null, ACCESS)).toEqual({ key: 'KEYOF444455556666', assumed: [ACCESS] });
  });

  it('is the role of the member account, where the target names one', async () => {
    const { key, assumed } = await signed(MEMBER, ACCESS);
    expect(key).toBe('KEYOF111122223333');
    expect(new Set(assumed)).toEqual(new Set([MEMBER]));
  });

  it('is the role of the member account that only reads, where a function changes nothing', async () => {
    expect((await signed(MEMBER, ACCESS, 'reading')).assumed).toEqual([`${MEMBER}-read`]);
    // The own account's is told as it is.
    expect((await signed(null, ACCESS, 'reading')).assumed).toEqual([ACCESS]);
  });
});
