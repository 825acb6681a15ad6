import { join } from 'node:path';
import { generateCluster } from '../../bench/inventory.bench.ts';
import type { Association } from '../../src/aws/gateways.ts';
import { takeInventory } from '../../src/inventory/inventory.ts';
import type { KubernetesObject, ObjectMeta } from '../../src/kubernetes/gateway.ts';
import { type MigrationOptions, migrationOptions } from '../../src/model/options.ts';
import { type FakeWorld, fakeGateways } from './fake-gateways.ts';

export const root = join(import.meta.dirname, '..', '..');
export const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) };
export const PREFIX = 'eks.amazonaws.com';

export async function take(world: FakeWorld, options: Partial<MigrationOptions> = {}) {
  const gateways = fakeGateways(world);
  const inventory = await takeInventory(gateways.aws, gateways.kubernetes, { ...migrationOptions.parse({}), ...options }, clock);
  return { inventory, ...gateways };
}

/** One service account with a Deployment of two pods, as the bench generates it. */
export function small(changes?: (world: FakeWorld) => void): FakeWorld {
  const world = generateCluster({ serviceAccounts: 1, pods: 2, roles: 1 });
  const kept = world.objects.filter(({ kind, metadata }) => kind !== 'Node' || /0-[0-3]\./.test(metadata.name));
  world.objects = JSON.parse(JSON.stringify(kept));
  changes?.(world);
  return world;
}

/** The first object of a kind; fails where there is none. */
export const find = (world: FakeWorld, kind: string): KubernetesObject => {
  const found = world.objects.find((object) => object.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
};
// biome-ignore lint/suspicious/noExplicitAny: objects are edited as a user would
export const edit = (object: KubernetesObject) => object as any;

export const association = (id: string, changes: Partial<Association> = {}): Association => ({
  associationId: id,
  associationArn: `arn:aws:eks:eu-central-1:123456789012:podidentityassociation/big/${id}`,
  namespace: 'team-0',
  serviceAccount: 'app-0',
  ownerArn: undefined,
  roleArn: 'arn:aws:iam::123456789012:role/role-0',
  targetRoleArn: undefined,
  disableSessionTags: false,
  tags: {},
  createdAt: '2026-01-01T00:00:00Z',
  ...changes,
});

export const addon = (addonName: string, changes: object = {}) => ({
  addonName,
  addonVersion: 'v1',
  namespace: undefined,
  status: 'ACTIVE',
  serviceAccountRoleArn: undefined,
  configurationValues: undefined,
  podIdentityAssociations: [],
  healthIssues: [],
  tags: {},
  ...changes,
});

export const account = (namespace: string, name: string, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace, uid: `sa-${name}`, resourceVersion: '3', ...metadata },
});

/** An object of `shop`, of which only the kind and the given fields matter. */
export const object = (kind: string, fields: object = {}, metadata: Partial<ObjectMeta> = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'x', namespace: 'shop', ...metadata },
  ...fields,
});
