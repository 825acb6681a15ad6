import { describe, expect, it } from 'vitest';
import { createClusterConnections } from '../../src/kubernetes/connections.ts';
import { RESOURCES } from '../../src/kubernetes/resources.ts';
import { noCalls } from '../../src/model/run.ts';
import { type ScriptedReply, startScript } from './scripted-server.ts';

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
