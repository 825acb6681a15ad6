import { openMemoryJournal } from '../../engine/local-journal.ts';
import type { Addon, Association, AwsGateways, CloudTrailEvent, Cluster, RoleWithTags } from '../../src/aws/gateways.ts';
import type { KubernetesGateway, KubernetesObject, Resource } from '../../src/kubernetes/gateway.ts';
import type { ClusterRuntime, ServiceRuntime } from '../../src/migration/runtime.ts';
import { type ErrorName, PodshiftError } from '../../src/model/errors.ts';
import { migrationOptions } from '../../src/model/options.ts';
import type { Plan } from '../../src/model/plan.ts';
import { noCalls } from '../../src/model/run.ts';
import { type FakeExecutions, fakeExecutions } from './fake-executions.ts';
import { addon, CLUSTER_ARN, NEW_WAY, OLD_WAY, RUN, START, TARGET } from './migration-fixtures.ts';

export * from './migration-fixtures.ts';

/** A cluster and an account in memory, with knobs, and the record of every write. */
export interface FakeAccount {
  cluster: Cluster;
  roles: Map<string, RoleWithTags>;
  associations: Association[];
  addons: Map<string, Addon>;
  events: CloudTrailEvent[];
  objects: Map<string, KubernetesObject>;
  /** What admission puts into a new pod. */
  injects: 'new' | 'old' | 'nothing';
  /** What is thrown at an operation, once for each entry. */
  failures: Partial<Record<string, ErrorName[]>>;
  /** What the eviction API answers. */
  budget: 'evicted' | 'blocked';
  /** Called ahead of each write. */
  onWrite: (operation: string) => void;
  writes: string[];
}

export interface FakeMigration extends AsyncDisposable {
  readonly runtime: ClusterRuntime & ServiceRuntime;
  readonly account: FakeAccount;
  readonly executions: FakeExecutions;
  readonly logs: string[];
  /** Moves the clock. */
  pass(seconds: number): void;
  now(): number;
  put(object: KubernetesObject): void;
  object(kind: string, name: string, namespace?: string): KubernetesObject | undefined;
}

const keyOf = (kind: string, namespace: string | undefined, name: string): string => `${kind}/${namespace ?? ''}/${name}`;

/** A runtime over the fake account and a real journal in memory. */
export async function fakeMigration(): Promise<FakeMigration> {
  let now = START;
  const clock = { now: () => now };
  const local = openMemoryJournal({ clock });
  let version = 1;
  const account: FakeAccount = {
    cluster: {
      name: 'shop',
      arn: CLUSTER_ARN,
      version: '1.31',
      platformVersion: 'eks.1',
      status: 'ACTIVE',
      endpoint: 'https://127.0.0.1',
      certificateAuthority: '',
      oidcIssuer: 'https://oidc.eks.eu-west-1.amazonaws.com/id/ABC',
      authenticationMode: 'API',
      ipFamily: 'ipv4',
      endpointPublicAccess: true,
      autoMode: false,
      outpost: false,
      hybridNodes: false,
      tags: {},
    },
    roles: new Map(),
    associations: [],
    addons: new Map(),
    events: [],
    objects: new Map(),
    injects: 'new',
    failures: {},
    budget: 'evicted',
    onWrite: () => undefined,
    writes: [],
  };
  const fail = (operation: string): void => {
    const name = account.failures[operation]?.shift();
    if (name !== undefined) throw new PodshiftError(name, `${operation} failed with ${name}`);
  };
  const write = (operation: string, object: string): void => {
    account.onWrite(operation);
    fail(operation);
    account.writes.push(`${operation} ${object}`);
  };
  const clone = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

  const aws: AwsGateways = {
    eks: {
      listClusters: async () => [account.cluster.name],
      describeCluster: async () => account.cluster,
      listAssociations: async (filter) =>
        account.associations.filter(
          (one) =>
            filter?.serviceAccount === undefined || (one.namespace === filter.namespace && one.serviceAccount === filter.serviceAccount),
        ),
      describeAssociation: async (id) => account.associations.find((one) => one.associationId === id),
      createAssociation: async ({ namespace, serviceAccount, roleArn, tags }) => {
        fail('createAssociation');
        if (account.associations.some((one) => one.namespace === namespace && one.serviceAccount === serviceAccount)) {
          throw new PodshiftError('AlreadyExists', 'association exists');
        }
        write('create association', `${namespace}/${serviceAccount}`);
        const id = `a-${account.associations.length + 1}`;
        const made: Association = {
          associationId: id,
          associationArn: `arn:aws:eks:eu-west-1:111122223333:podidentityassociation/shop/${id}`,
          namespace,
          serviceAccount,
          roleArn,
          ownerArn: undefined,
          targetRoleArn: undefined,
          disableSessionTags: false,
          tags,
          createdAt: new Date(now).toISOString(),
        };
        account.associations.push(made);
        fail('createAssociation reply');
        return made;
      },
      deleteAssociation: async (id) => {
        write('delete association', id);
        account.associations = account.associations.filter((one) => one.associationId !== id);
      },
      listAddons: async () => [...account.addons.keys()],
      describeAddon: async (name) => account.addons.get(name),
      defaultAddonVersion: async () => 'v1.3.4-eksbuild.1',
      addonVersions: async () => [],
      describeAddonConfiguration: async () => undefined,
      updateAddon: async () => {
        throw new PodshiftError('InvalidRequest', 'no add-on of this account is updated');
      },
      describeUpdate: async () => undefined,
      createAddon: async ({ addonName, addonVersion, tags, configurationValues }) => {
        fail('createAddon');
        if (account.addons.has(addonName)) throw new PodshiftError('AlreadyExists', 'add-on exists');
        write('create add-on', addonName);
        account.addons.set(addonName, addon(addonName, { addonVersion, status: 'CREATING', tags, configurationValues }));
      },
      deleteAddon: async (name) => {
        write('delete add-on', name);
        const found = account.addons.get(name);
        if (found !== undefined) account.addons.set(name, { ...found, status: 'DELETING' });
      },
      listFargateProfiles: async () => [],
      listAccessEntries: async () => [],
      listNodegroups: async () => [],
    },
    iam: {
      listRoles: async () => [...account.roles.values()],
      listRolesWithTags: async () => [...account.roles.values()],
      getRole: async (name) => {
        fail('getRole');
        return account.roles.get(name);
      },
      updateAssumeRolePolicy: async (name, document) => {
        write('update trust', name);
        const role = account.roles.get(name);
        if (role === undefined) throw new PodshiftError('NotFound', 'no such role');
        if (account.failures['iam lags']?.shift() === undefined) account.roles.set(name, { ...role, trustPolicy: document });
        fail('updateAssumeRolePolicy reply');
      },
      createRole: async () => '',
      attachRolePolicy: async () => undefined,
      listOpenIdConnectProviders: async () => [],
    },
    sts: { getCallerIdentity: async () => ({ accountId: '111122223333', arn: 'arn:aws:iam::111122223333:user/me' }) },
    cloudTrail: {
      lookupEvents: async () => {
        fail('lookupEvents');
        return account.events;
      },
    },
  };

  const admit = (pod: KubernetesObject): KubernetesObject => {
    const added = account.injects === 'new' ? NEW_WAY : account.injects === 'old' ? OLD_WAY : [];
    const containers = (pod.spec.containers as { env?: unknown[] }[]).map((one) => ({ ...one, env: [...(one.env ?? []), ...added] }));
    return { ...pod, spec: { ...pod.spec, containers } };
  };
  const put = (object: KubernetesObject): void => {
    const { namespace, name } = object.metadata;
    const metadata = {
      uid: `uid-${name}`,
      creationTimestamp: new Date(Math.floor(now / 1000) * 1000).toISOString().replace('.000Z', 'Z'),
      ...object.metadata,
      resourceVersion: String(version++),
    };
    account.objects.set(keyOf(object.kind, namespace, name), clone({ ...object, metadata }));
  };
  const find = (resource: Resource, namespace: string | undefined, name: string) =>
    account.objects.get(keyOf(resource.kind, namespace, name));
  const kubernetes: KubernetesGateway = {
    list: async (resource, options) =>
      [...account.objects.values()]
        .filter((one) => one.kind === resource.kind && (options?.namespace === undefined || one.metadata.namespace === options.namespace))
        .map(clone),
    get: async (resource, namespace, name) => {
      fail(`get ${resource.plural}`);
      return clone(find(resource, namespace, name));
    },
    patch: async (resource, namespace, name, { body }) => {
      write(`patch ${resource.plural}`, `${namespace}/${name}`);
      const found = find(resource, namespace, name);
      if (found === undefined) throw new PodshiftError('NotFound', 'gone');
      const { resourceVersion, uid } = (body as { metadata?: { resourceVersion?: string; uid?: string } }).metadata ?? {};
      if (
        (resourceVersion ?? found.metadata.resourceVersion) !== found.metadata.resourceVersion ||
        (uid ?? found.metadata.uid) !== found.metadata.uid
      ) {
        throw new PodshiftError('Conflict', 'the object changed');
      }
      const merged = merge(found, body) as KubernetesObject;
      put({ ...merged, metadata: { ...merged.metadata, generation: (found.metadata.generation ?? 1) + 1 } });
      fail(`patch ${resource.plural} reply`);
      return clone(find(resource, namespace, name) as KubernetesObject);
    },
    create: async (resource, namespace, object, options) => {
      const pod = object as KubernetesObject;
      if (options?.dryRun === true) {
        fail('dry run');
        return admit(clone(pod));
      }
      fail(`create ${resource.plural}`);
      if (find(resource, namespace, pod.metadata.name) !== undefined) throw new PodshiftError('AlreadyExists', 'exists');
      write(`create ${resource.plural}`, `${namespace}/${pod.metadata.name}`);
      put(admit(clone(pod)));
      fail(`create ${resource.plural} reply`);
      return clone(find(resource, namespace, pod.metadata.name) as KubernetesObject);
    },
    delete: async (resource, namespace, name) => {
      write(`delete ${resource.plural}`, `${namespace}/${name}`);
      account.objects.delete(keyOf(resource.kind, namespace, name));
    },
    evict: async (namespace, name) => {
      write('evict', `${namespace}/${name}`);
      if (account.budget === 'blocked') return 'blocked';
      account.objects.delete(keyOf('Pod', namespace, name));
      return 'evicted';
    },
  };
  let ids = 0;
  const logs: string[] = [];
  const log = (message: string, fields?: Record<string, unknown>): void => {
    logs.push(`${message} ${JSON.stringify(fields ?? {})}`);
  };
  const executions = fakeExecutions();
  const runtime: ClusterRuntime & ServiceRuntime = {
    clock,
    ids: { next: () => `id-${ids++}` },
    journal: local.journal,
    logger: { info: log, warn: log, error: log },
    aws: () => aws,
    kubernetes: async () => {
      fail('connect');
      return kubernetes;
    },
    executions: async () => executions,
    takeCalls: noCalls,
  };
  return {
    runtime,
    account,
    executions,
    logs,
    pass: (seconds) => {
      now += seconds * 1000;
    },
    now: () => now,
    put,
    object: (kind, name, namespace = 'shop') => account.objects.get(keyOf(kind, namespace, name)),
    [Symbol.asyncDispose]: () => local.close(),
  };
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null ? { ...(target as Record<string, unknown>) } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete base[key];
    else base[key] = merge(base[key], value);
  }
  return base;
}

/** Puts a run with this plan into the journal, as OpenRun and MakePlan leave it, and its objects into the cluster. */
export async function beginRun(migration: FakeMigration, plan: Plan, options: Record<string, unknown> = {}): Promise<void> {
  const { journal } = migration.runtime;
  const parsed = migrationOptions.parse({ injectionChecks: 2, ...options });
  await journal.createRun({ runId: RUN, target: TARGET, options: parsed, startedAt: new Date(START).toISOString() });
  await journal.acquireLock(CLUSTER_ARN, RUN, 900);
  await journal.updateRun(RUN, { clusterArn: CLUSTER_ARN, status: 'running', digest: plan.digest });
  await journal.putDocument(RUN, 'plan', plan);
  await journal.putRoles(
    plan.roles.map(({ roleArn, trustBefore }) => ({ runId: RUN, roleArn, trustBefore, trustAfter: trustBefore, blocked: '' })),
  );
  await journal.putUnits(
    plan.units.map((unit) => ({
      runId: RUN,
      unitId: unit.id,
      plan: unit,
      status: 'running' as const,
      reason: '',
      stepStartedAt: {},
      facts: {},
    })),
  );
  for (const role of plan.roles) {
    migration.account.roles.set(role.roleName, {
      roleName: role.roleName,
      arn: role.roleArn,
      path: '/',
      trustPolicy: role.trustBefore,
      tags: {},
    });
  }
}
