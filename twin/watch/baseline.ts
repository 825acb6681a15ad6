import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { AwsState } from '../aws/state.ts';
import { isAllowed } from '../aws/trust-evaluation.ts';
import { serviceAccountOf } from '../container-environment.ts';
import type { KubernetesSide } from '../contracts.ts';
import type { MetadataPath } from '../metadata/metadata-path.ts';
import { type DaemonRoles, daemonWorkloads, takeDaemonRoles } from './daemon-roles.ts';

/** A service account that had a role by annotation when the twin started. */
export interface BoundServiceAccount {
  /** `NAMESPACE/NAME`. */
  readonly key: string;
  readonly roleArn: string;
  /** The annotation's prefix, such as `eks.amazonaws.com`. */
  readonly prefix: string;
  /** Whether the role's trust admitted it: what gives nothing today must give nothing tomorrow. */
  readonly admitted: boolean;
}

/** Kinds whose pod templates make pods. */
export const WORKLOAD_KINDS = [
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
  'Rollout',
] as const;

const ROLE_ANNOTATION = /^(.+)\/role-arn$/;

/** What was so when the twin started, as far as the watch goes by it; the maps that can change are what others made of it since. */
export interface Baseline {
  /** By `NAMESPACE/NAME`. */
  readonly bound: ReadonlyMap<string, BoundServiceAccount>;
  /** By role ARN. */
  readonly boundByRole: ReadonlyMap<string, ReadonlySet<string>>;
  /** All service accounts, `NAMESPACE/NAME`. */
  readonly serviceAccounts: readonly string[];
  /** Whether a service account was there. */
  knows(key: string): boolean;
  /** What kube2iam or kiam gave to workloads. */
  readonly daemonRoles: DaemonRoles;
  /** kube2iam and kiam themselves, by {@link objectKey}, with their service accounts (`NAMESPACE/NAME`). */
  readonly daemons: ReadonlyMap<string, string>;
  /** The nodes' rules for calls to instance metadata. */
  readonly rules: readonly string[];
  /** Service accounts and workloads as they were, by {@link objectKey}. */
  readonly objects: Map<string, KubernetesObject>;
  /** Trust documents by role name. */
  readonly trust: Map<string, string>;
  /** What each living association said, by id. */
  readonly associations: Map<string, string>;
  /** What each add-on said, by name. */
  readonly addons: Map<string, string>;
  /** The service account role of each add-on that had one, by the add-on's name. */
  readonly addonRoles: ReadonlyMap<string, string>;
}

/** `Kind/namespace/name`. */
export function objectKey(object: KubernetesObject): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? `${object.kind}/${name}` : `${object.kind}/${namespace}/${name}`;
}

/** What an association or an add-on says apart from its times and ids. */
export function comparable(value: object): string {
  const dropped = new Set(['createdAt', 'modifiedAt', 'associationId', 'associationArn', 'clientRequestToken', 'deletedAt', 'addonArn']);
  return JSON.stringify(
    Object.entries(value)
      .filter(([key, member]) => !dropped.has(key) && member !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}

/** Takes the baseline. */
export function takeBaseline(
  state: AwsState,
  kubernetes: KubernetesSide,
  addons: { names(): string[]; find(name: string): { readonly serviceAccountRoleArn?: string | undefined } | undefined },
  path: MetadataPath,
): Baseline {
  const bound = new Map<string, BoundServiceAccount>();
  const boundByRole = new Map<string, Set<string>>();
  const objects = new Map<string, KubernetesObject>();
  const serviceAccounts: string[] = [];
  for (const serviceAccount of kubernetes.objects('ServiceAccount')) {
    const key = `${serviceAccount.metadata.namespace}/${serviceAccount.metadata.name}`;
    serviceAccounts.push(key);
    objects.set(objectKey(serviceAccount), serviceAccount);
    for (const [annotation, roleArn] of Object.entries(serviceAccount.metadata.annotations ?? {})) {
      const prefix = ROLE_ANNOTATION.exec(annotation)?.[1];
      if (prefix === undefined || !roleArn.startsWith('arn:')) continue;
      const audience = serviceAccount.metadata.annotations?.[`${prefix}/audience`] ?? 'sts.amazonaws.com';
      bound.set(key, { key, roleArn, prefix, admitted: admits(state, roleArn, key, audience) });
      boundByRole.set(roleArn, (boundByRole.get(roleArn) ?? new Set()).add(key));
    }
  }
  const daemonRoles = takeDaemonRoles(path, kubernetes, WORKLOAD_KINDS);
  for (const [key, roleArn] of daemonRoles.byServiceAccount) {
    if (bound.has(key)) continue;
    bound.set(key, { key, roleArn, prefix: 'eks.amazonaws.com', admitted: true });
    boundByRole.set(roleArn, (boundByRole.get(roleArn) ?? new Set()).add(key));
  }
  for (const roleArn of daemonRoles.splits.keys()) boundByRole.set(roleArn, boundByRole.get(roleArn) ?? new Set());
  for (const kind of ['RoleBinding', 'ClusterRoleBinding'])
    for (const binding of kubernetes.objects(kind)) objects.set(objectKey(binding), binding);
  const known = new Set(serviceAccounts);
  for (const kind of WORKLOAD_KINDS) for (const workload of kubernetes.objects(kind)) objects.set(objectKey(workload), workload);
  return {
    bound,
    boundByRole,
    serviceAccounts,
    knows: (key) => known.has(key),
    daemonRoles,
    daemons: daemonWorkloads(kubernetes),
    rules: path.allRules(),
    objects,
    trust: new Map([...state.roles.values()].map((role) => [role.name, state.storedTrust(role).text])),
    associations: new Map([...state.associations.values()].map((one) => [one.associationId, comparable(one)])),
    addonRoles: new Map(
      addons.names().flatMap((name) => {
        const role = addons.find(name)?.serviceAccountRoleArn;
        return role === undefined ? [] : [[name, role] as const];
      }),
    ),
    addons: new Map(addons.names().map((name) => [name, comparable(addons.find(name) ?? {})])),
  };
}

/** The service accounts that a workload's pods run as, by its template. */
export function templateServiceAccount(object: KubernetesObject): string | undefined {
  if (object.kind === 'Pod') return `${object.metadata.namespace}/${serviceAccountOf(object)}`;
  const template = object.kind === 'CronJob' ? object.spec?.jobTemplate?.spec?.template : object.spec?.template;
  return template?.spec === undefined ? undefined : `${object.metadata.namespace}/${serviceAccountOf(template)}`;
}

function admits(state: AwsState, roleArn: string, key: string, audience: string): boolean {
  const role = state.roleByArn(roleArn);
  const { issuer, providerArn } = state;
  if (role === undefined || issuer === undefined || providerArn === undefined || !state.openIdConnectProviders.has(providerArn))
    return false;
  const host = issuer.toLowerCase();
  const context = {
    [`${host}:sub`]: `system:serviceaccount:${key.replace('/', ':')}`,
    [`${host}:aud`]: audience,
    'aws:federatedprovider': providerArn,
  };
  return isAllowed(state.visibleTrust(role), {
    action: 'sts:AssumeRoleWithWebIdentity',
    caller: { type: 'Federated', name: providerArn },
    context,
  });
}
