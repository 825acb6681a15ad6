import { rehearse } from '../engine/rehearsal.ts';
import { type Snapshot, snapshotFromObjects } from '../twin/snapshot.ts';
import { generateCluster } from './inventory.bench.ts';

/** What a rehearsal of a generated cluster took. */
export interface RehearsalMeasure {
  readonly units: number;
  readonly workloads: number;
  /** User and system time of all of it, the twin's work included. */
  readonly cpuSeconds: number;
  /** Units migrated in a second of that. */
  readonly unitsPerSecond: number;
  /** The run's writes by kind, without the probe pods and the agent. */
  readonly writes: { readonly associations: number; readonly restarts: number; readonly annotations: number; readonly trust: number };
  /** Pairs of a role and a wave that has units of it. */
  readonly roleWaves: number;
  readonly status: string;
}

/** What a generated cluster is like. */
export interface SnapshotShape {
  /** Pods of each service account; two where absent. */
  readonly podsEach?: number;
  /** All in one namespace; in a hundred where absent. */
  readonly oneNamespace?: true;
}

/** The snapshot of a cluster of so many service accounts, two of them a role. */
export function generateSnapshot(units: number, { podsEach = 2, oneNamespace }: SnapshotShape = {}): Snapshot {
  const generated = generateCluster({ serviceAccounts: units, pods: units * podsEach, roles: Math.ceil(units / 2) });
  const world = oneNamespace === true ? inOneNamespace(generated) : generated;
  const namespaces = new Set(world.objects.flatMap(({ metadata }) => (metadata.namespace === undefined ? [] : [metadata.namespace])));
  return snapshotFromObjects({
    cluster: {
      name: world.cluster.name,
      arn: world.cluster.arn,
      version: world.cluster.version,
      platformVersion: world.cluster.platformVersion,
      status: 'ACTIVE',
      identity: { oidc: { issuer: world.cluster.oidcIssuer } },
      accessConfig: { authenticationMode: 'API' },
    },
    account: {
      RoleDetailList: world.roles.map((role) => ({
        Path: role.path,
        RoleName: role.roleName,
        RoleId: `AROA${role.roleName.toUpperCase().replaceAll('-', '')}`,
        Arn: role.arn,
        AssumeRolePolicyDocument: JSON.parse(role.trustPolicy),
      })),
    },
    objects: [
      ...['kube-system', ...namespaces].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
      ...world.objects.filter(({ kind }) => kind !== 'Pod' && kind !== 'ReplicaSet').map(withSelector),
    ],
    openIdConnectProviders: { OpenIDConnectProviderList: (world.oidcProviders as readonly string[]).map((Arn) => ({ Arn })) },
    addonVersions: {
      addons: [
        {
          addonName: 'eks-pod-identity-agent',
          type: 'security',
          addonVersions: [
            {
              addonVersion: world.defaultAddonVersion,
              compatibilities: [{ clusterVersion: world.cluster.version, platformVersions: ['*'], defaultVersion: true }],
            },
          ],
        },
      ],
    },
  });
}

/** The names of the namespaces are in the objects and in the trust policies. */
function inOneNamespace(world: ReturnType<typeof generateCluster>): ReturnType<typeof generateCluster> {
  return JSON.parse(JSON.stringify(world).replaceAll(/team-\d+/g, 'team-0'));
}

/** Rehearses a cluster of so many service accounts, two pods each, two service accounts a role, and counts what was written. */
export async function measureRehearsal(units: number): Promise<RehearsalMeasure> {
  const snapshot = generateSnapshot(units);
  const from = process.cpuUsage();
  const rehearsal = await rehearse({ snapshot, startAt: Date.UTC(2026, 0, 5) });
  const { user, system } = process.cpuUsage(from);
  const cpuSeconds = (user + system) / 1e6;
  try {
    const count = (operation: RegExp): number =>
      rehearsal.twin.requests.filter((request) => request.write && operation.test(request.operation)).length;
    const migrated = rehearsal.report.units.filter((unit) => unit.status === 'migrated');
    return {
      units: migrated.length,
      workloads: migrated.reduce((sum, unit) => sum + unit.workloads.length, 0),
      cpuSeconds,
      unitsPerSecond: migrated.length / cpuSeconds,
      writes: {
        associations: count(/^CreatePodIdentityAssociation$/),
        restarts: count(/^patch deployments$/),
        annotations: count(/^patch serviceaccounts$/),
        trust: count(/^UpdateAssumeRolePolicy$/),
      },
      roleWaves: new Set(migrated.map((unit) => `${unit.roleArn} ${unit.wave}`)).size,
      status: rehearsal.report.run.status,
    };
  } finally {
    await rehearsal.close();
  }
}

/** The generated Deployments say nothing of their selector: reading does not need it, rolling out does. */
function withSelector(object: ReturnType<typeof generateCluster>['objects'][number]): unknown {
  if (object.kind !== 'Deployment') return object;
  const spec = object.spec as { template: { metadata: { labels: Record<string, string> } } };
  const { 'pod-template-hash': _hash, ...labels } = spec.template.metadata.labels;
  const template = { ...spec.template, metadata: { labels } };
  return { ...object, spec: { ...spec, template, selector: { matchLabels: { app: labels.app } } } };
}
