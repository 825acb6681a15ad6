import { afterEach, describe, expect, it } from 'vitest';
import { createAwsGateways } from '../../src/aws/aws-gateways.ts';
import { createKubernetesGateway } from '../../src/kubernetes/kubernetes-gateway.ts';
import { RESOURCES } from '../../src/kubernetes/resources.ts';
import { createVirtualClock } from '../../twin/clock.ts';
import { snapshotFromObjects } from '../../twin/snapshot.ts';
import { startTwin, type Twin } from '../../twin/twin.ts';
import { irsaStatement, podIdentityStatement, REGION, roleArn, START, shopParts, trust } from '../support/twin-account.ts';

const cart = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'cart', namespace: 'shop' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'cart' } },
    template: {
      metadata: { labels: { app: 'cart' } },
      spec: { serviceAccountName: 'cart', containers: [{ name: 'app', image: 'registry.example/cart:1' }] },
    },
  },
};
const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1', labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' } },
  status: { allocatable: { cpu: '8', memory: '32Gi', pods: '58' }, conditions: [{ type: 'Ready', status: 'True' }] },
};
const snapshot = snapshotFromObjects(
  shopParts({ objects: [...shopParts().objects.filter((object) => (object as { kind: string }).kind !== 'Node'), node, cart] }),
);

describe('a whole twin, through the gateways of the product', () => {
  let twin: Twin | undefined;
  const open = async () => {
    const clock = createVirtualClock(START);
    const started = await startTwin({ snapshot, clock });
    twin = started;
    const target = { clusterName: started.clusterName, region: started.region, assumeRoleArn: null };
    const credentials = () => Promise.resolve(started.credentials);
    const aws = createAwsGateways({ target, endpoint: started.awsEndpoint, credentials, retryDelays: 'none', onRequest: () => undefined });
    const cluster = await aws.eks.describeCluster();
    const kubernetes = (clusterName = started.clusterName) =>
      createKubernetesGateway({
        cluster,
        clusterName,
        region: REGION,
        credentials,
        clock,
        retryDelays: 'none',
        onRequest: () => undefined,
      });
    return { twin: started, clock, aws, kubernetes };
  };
  const association = { namespace: 'shop', serviceAccount: 'cart', roleArn: roleArn('cart'), clientRequestToken: 'one', tags: {} };
  const BOTH = trust(irsaStatement('shop', 'cart'), podIdentityStatement('shop', 'cart'));
  const restart = (at: string | null) => ({
    type: 'strategic' as const,
    body: { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': at } } } } },
  });
  const identities = (started: Twin) =>
    started.kubernetes
      .objects('Pod')
      .filter((pod) => pod.metadata.labels?.app === 'cart')
      .map((pod) => started.identities.callerIdentity(pod, 'app').via);
  afterEach(async () => {
    await twin?.close();
    twin = undefined;
  });

  it('lists its cluster, and gives out its tags', async () => {
    const { twin: started, aws } = await open();
    expect(await aws.eks.listClusters()).toEqual([started.clusterName]);
    expect((await aws.eks.describeCluster()).tags).toEqual({});
  });

  it('lets a signed token in, and none for another cluster', async () => {
    const { kubernetes } = await open();
    expect((await kubernetes().list(RESOURCES.serviceAccounts, { namespace: 'shop' })).map((one) => one.metadata.name)).toContain('cart');
    await expect(kubernetes('elsewhere').list(RESOURCES.serviceAccounts)).rejects.toMatchObject({ name: 'KubernetesUnauthorized' });
  });

  it('moves pods to Pod Identity step by step and back, with every promise kept', async () => {
    const { twin: started, clock, aws, kubernetes } = await open();
    const cluster = kubernetes();
    expect(identities(started)).toEqual(['web-identity', 'web-identity']);
    await aws.eks.createAddon({
      addonName: 'eks-pod-identity-agent',
      addonVersion: 'v1.3.4-eksbuild.1',
      clientRequestToken: 'agent',
      tags: {},
    });
    await clock.advance(60_000);
    expect(await aws.eks.describeAddon('eks-pod-identity-agent')).toMatchObject({ status: 'ACTIVE' });
    expect(started.identities.agent.agentOn('node-1')).toBeDefined();

    const before = (await aws.iam.getRole('cart'))?.trustPolicy ?? '';
    await expect(aws.eks.createAssociation(association)).rejects.toMatchObject({ name: 'RoleNotReady' });
    await aws.iam.updateAssumeRolePolicy('cart', BOTH);
    await clock.advance(10_000);
    const made = await aws.eks.createAssociation(association);
    await clock.advance(20_000);
    await cluster.patch(RESOURCES.deployments, 'shop', 'cart', restart('2026-03-02T09:02:00Z'));
    await clock.advance(120_000);
    expect(identities(started)).toEqual(['pod-identity', 'pod-identity']);
    expect(started.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });

    await aws.eks.deleteAssociation(made.associationId);
    await clock.advance(20_000);
    await cluster.patch(RESOURCES.deployments, 'shop', 'cart', restart(null));
    await clock.advance(120_000);
    expect(identities(started)).toEqual(['web-identity', 'web-identity']);
    await aws.iam.updateAssumeRolePolicy('cart', before);
    await aws.eks.deleteAddon('eks-pod-identity-agent');
    await clock.advance(120_000);
    expect(started.promises()).toEqual({ credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 });
    expect(started.watch.compareWithBaseline()).toEqual([]);
  });

  it('catches the restart that comes before the agent: the new pods have nothing', async () => {
    const { twin: started, clock, aws, kubernetes } = await open();
    await aws.iam.updateAssumeRolePolicy('cart', BOTH);
    await clock.advance(10_000);
    await aws.eks.createAssociation(association);
    await clock.advance(20_000);
    await kubernetes().patch(RESOURCES.deployments, 'shop', 'cart', restart('2026-03-02T09:02:00Z'));
    await clock.advance(60_000);
    expect(started.promises().credentialGapSeconds).toBeGreaterThan(0);
    expect(started.watch.gaps[0]?.reason).toContain('no ready Pod Identity agent');
  });

  it('catches the trust policy that is taken back too early', async () => {
    const { twin: started, clock, aws } = await open();
    await aws.iam.updateAssumeRolePolicy('cart', trust(podIdentityStatement('shop', 'cart')));
    await clock.advance(18_000);
    // Two pods, ten seconds each after IAM had spread it.
    expect(started.promises().credentialGapSeconds).toBe(20);
  });

  it('shows in CloudTrail who used which way', async () => {
    const { twin: started, clock, aws } = await open();
    await clock.advance(3_600_000);
    const events = await aws.cloudTrail.lookupEvents({
      attribute: 'ResourceName',
      value: roleArn('cart'),
      startTime: START - 3_600_000,
      endTime: clock.now(),
    });
    expect(new Set(events.map((event) => event.eventName))).toEqual(new Set(['AssumeRoleWithWebIdentity']));
    expect(started.promises().foreignWrites).toBe(0);
  });
});
