import { CreateAddonCommand, EKSClient } from '@aws-sdk/client-eks';
import { afterEach, describe, expect, it } from 'vitest';
import { createLocalRuntime } from '../../engine/local-runtime.ts';
import { openMemoryJournal } from '../../engine/memory-journal.ts';
import { rehearse } from '../../engine/rehearsal.ts';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { createAddonRoles } from '../../src/migration/addon/create-addon-role.ts';
import { addonPermissions, chooseVersion } from '../../src/plan/addon-permissions.ts';
import { createVirtualClock } from '../../twin/clock.ts';
import { loadSnapshot } from '../../twin/snapshot.ts';
import { startTwin, type Twin } from '../../twin/twin.ts';
import { CNI_VERSION, type World, walkThrough } from '../support/walk-through.ts';
import { checkPromises, settingsOf } from './scenario.ts';

const AGENT = 'eks-pod-identity-agent';
const CNI = 'vpc-cni';
const clusterName = 'shop';

let world: World | undefined;
afterEach(() => world?.remove());

/** The names that credentials have in the pods of aws-node, one list for each pod. */
function credentialsOf(twin: Pick<Twin, 'kubernetes'>): string[][] {
  const pods = twin.kubernetes.objects('Pod').filter((pod) => pod.metadata.namespace === 'kube-system' && isCni(pod));
  return pods.map((pod) =>
    (pod.spec.containers[0].env ?? [])
      .map(({ name }: { name: string }) => name)
      .filter((name: string) => /^AWS_(CONTAINER_|ROLE_ARN|WEB_IDENTITY)/.test(name))
      .sort(),
  );
}

function isCni(pod: KubernetesObject): boolean {
  return pod.spec.serviceAccountName === 'aws-node';
}

describe('vpc-cni v1.19.0-eksbuild.1 on Kubernetes 1.30', () => {
  it('gets the role that it needs at its creation', async () => {
    world = await walkThrough('self-managed');
    const clock = createVirtualClock(Date.UTC(2026, 0, 5));
    const twin = await startTwin({ snapshot: await loadSnapshot(world.folder), clock });
    const { journal } = openMemoryJournal({ clock });
    const settings = { endpoint: twin.awsEndpoint, region: twin.region, credentials: twin.credentials };
    const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const runtime = createLocalRuntime({ ...settings, clock: clock.engine, journal, retryDelays: 'none', logger });
    const { eks, iam } = runtime.aws({ clusterName, region: twin.region, assumeRoleArn: null });
    const client = new EKSClient({ ...settings, maxAttempts: 1 });
    try {
      const cluster = await eks.describeCluster();
      const version = chooseVersion(CNI, await eks.addonVersions(CNI, cluster.version), undefined, cluster.version);
      expect(version).toMatchObject({ version: CNI_VERSION, requiresIamPermissions: true });
      const configuration = await eks.describeAddonConfiguration(CNI, version.version);
      const facts = { arn: cluster.arn, accountId: '444455556666' };
      const permissions = addonPermissions(facts, CNI, version, configuration, 'kube-system');
      expect(permissions.roles).toMatchObject([
        { serviceAccount: 'aws-node', managedPolicies: ['arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy'] },
      ]);
      const [roleArn] = await createAddonRoles(iam, permissions);

      await client.send(new CreateAddonCommand({ clusterName, addonName: AGENT }));
      await clock.advance(120_000);
      expect(credentialsOf(twin).flat()).toEqual([]);
      const refusal = (request: object) =>
        client.send(new CreateAddonCommand({ clusterName, addonName: CNI, ...request })).catch((error: Error) => error.name);
      expect(await refusal({ addonName: 'aws-ebs-csi-driver' })).toBe('InvalidParameterException');
      expect(await refusal({ addonVersion: 'v9.9.9-eksbuild.1' })).toBe('InvalidParameterException');
      expect(await refusal({ podIdentityAssociations: [{ serviceAccount: 'other', roleArn }] })).toBe('InvalidParameterException');
      expect(await refusal({ addonName: 'coredns' })).toBe('ResourceInUseException');
      expect(await eks.describeAddon(CNI)).toBeUndefined();
      const podIdentityAssociations = [{ serviceAccount: 'aws-node', roleArn }];
      const create = new CreateAddonCommand({ clusterName, addonName: CNI, podIdentityAssociations, resolveConflicts: 'PRESERVE' });
      expect((await client.send(create)).addon?.status).toBe('CREATING');
      await clock.advance(600_000);

      expect(await eks.describeAddon(CNI)).toMatchObject({ status: 'ACTIVE', addonVersion: CNI_VERSION });
      const associations = await eks.listAssociations();
      expect(associations).toMatchObject([
        { namespace: 'kube-system', serviceAccount: 'aws-node', ownerArn: expect.stringContaining(CNI) },
      ]);
      const pods = credentialsOf(twin);
      expect(pods.length).toBeGreaterThan(0);
      for (const names of pods) expect(names).toEqual(['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_FULL_URI']);
    } finally {
      client.destroy();
      await twin.close();
    }
  });

  it('gets it later by UpdateAddon, where a migration takes the annotation’s place', async () => {
    world = await walkThrough('irsa');
    const rehearsal = await rehearse({ ...(await settingsOf('examples/shop')), snapshot: await loadSnapshot(world.folder) });
    try {
      const unit = rehearsal.report.units.find(({ serviceAccount }) => serviceAccount === 'aws-node');
      expect(unit).toMatchObject({ status: 'migrated', mechanism: 'addon' });
      const pods = credentialsOf(rehearsal.twin);
      expect(pods.length).toBeGreaterThan(0);
      for (const names of pods) expect(names).toEqual(['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_FULL_URI']);
      expect(rehearsal.twin.addons.get(CNI)).toMatchObject({ status: 'ACTIVE', addonVersion: CNI_VERSION });
      expect(rehearsal.twin.addons.get(CNI).serviceAccountRoleArn).toBeUndefined();
      const updates = rehearsal.twin.requests.filter(({ operation }) => operation === 'UpdateAddon').map(({ object }) => object);
      expect(updates.at(-1)).toBe(CNI);
      await checkPromises(rehearsal);
    } finally {
      await rehearsal.close();
    }
  });
});
