import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import type { AssociationFacts } from '../../model/inventory.ts';
import type { DaemonIdentity } from '../../model/metadata.ts';
import { skippedContainers } from '../../model/webhook/skip-containers.ts';
import { skipsWebhook } from '../overrides.ts';
import { serviceAccountOf, templateOf } from '../workloads.ts';
import { BY_NODE, type ConfigMapData, readArguments, UNREADABLE } from './daemon-arguments.ts';
import { daemonContainer } from './daemons.ts';

/** Variables that lead an SDK to keys or profiles, whose owner no cluster tells; ahead of every role (AWS SDKs and Tools Reference Guide). */
const KEYS = ['AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE'];

/** What a daemon's identity needs besides its object. */
export interface IdentityWorld {
  readonly serviceAccounts: readonly KubernetesObject[];
  readonly associations: readonly Pick<AssociationFacts, 'namespace' | 'serviceAccount' | 'roleArn' | 'targetRoleArn'>[];
  readonly configMaps: ReadonlyMap<string, ConfigMapData>;
  /** The prefix of the webhook's annotations. */
  readonly prefix: string;
}

/** `NAMESPACE/NAME` of the service account that a daemon runs as. */
export function daemonAccount(daemon: KubernetesObject): string {
  return `${daemon.metadata.namespace ?? ''}/${serviceAccountOf(templateOf(daemon)?.spec)}`;
}

/**
 * As whom a daemon calls STS, in the order in which its SDK looks: keys and profiles that it was given, a role by web identity, by
 * Pod Identity, and, where it has nothing of its own, the instance profile of its node.
 */
export function daemonIdentity(daemon: KubernetesObject, world: IdentityWorld): DaemonIdentity {
  const container = daemonContainer(daemon)?.container;
  const { namespace = '' } = daemon.metadata;
  const { variables } = readArguments(container, new Set(), world.configMaps.get(namespace) ?? new Map());
  const given = KEYS.find((name) => variables.has(name));
  if (given !== undefined) return { kind: 'unknown', by: `${given} of its container ${container.name}` };
  const mount = (container?.volumeMounts ?? []).find(({ mountPath = '' }) => /\/\.aws(\/|$)/.test(mountPath));
  if (mount !== undefined) return { kind: 'unknown', by: `the profile that it mounts at ${mount.mountPath}` };
  const byHand = variables.get('AWS_ROLE_ARN');
  if (byHand !== undefined && variables.has('AWS_WEB_IDENTITY_TOKEN_FILE')) {
    const isRead = !byHand.includes(UNREADABLE) && !byHand.includes(BY_NODE);
    const by = `AWS_ROLE_ARN of its container ${container.name}`;
    return isRead ? { kind: 'role', roleArn: byHand, by, serviceAccount: daemonAccount(daemon) } : { kind: 'unknown', by };
  }
  // What a Secret holds is not read: it may be keys.
  const secret = (container?.envFrom ?? []).find((source: { secretRef?: unknown }) => source.secretRef !== undefined);
  if (secret !== undefined) return { kind: 'unknown', by: `Secret ${secret.secretRef.name}, which podshift does not read` };
  return injectedIdentity(daemon, byHand === undefined && !variables.has('AWS_WEB_IDENTITY_TOKEN_FILE'), world);
}

/** What the webhook gives the daemon's container; the association comes ahead of the annotation. */
function injectedIdentity(daemon: KubernetesObject, hasFreePair: boolean, world: IdentityWorld): DaemonIdentity {
  const template = templateOf(daemon)?.metadata;
  const container = daemonContainer(daemon)?.container;
  if (skipsWebhook(template?.labels) || skippedContainers(template?.annotations, world.prefix).has(container?.name))
    return { kind: 'node' };
  const id = daemonAccount(daemon);
  const association = world.associations.find(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}` === id);
  if (association !== undefined)
    return {
      kind: 'role',
      roleArn: association.targetRoleArn ?? association.roleArn,
      by: `the association of ${id}`,
      serviceAccount: null,
    };
  const object = world.serviceAccounts.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === id);
  const roleArn = object?.metadata.annotations?.[`${world.prefix}/role-arn`] ?? '';
  if (roleArn === '' || !hasFreePair) return { kind: 'node' };
  return { kind: 'role', roleArn, by: `the annotation of its service account ${id}`, serviceAccount: id };
}

/** The identities of all daemons, by `Kind/namespace/name`. */
export function daemonIdentities(daemons: readonly KubernetesObject[], world: IdentityWorld): ReadonlyMap<string, DaemonIdentity> {
  return new Map(
    daemons.map((daemon) => [`${daemon.kind}/${daemon.metadata.namespace ?? ''}/${daemon.metadata.name}`, daemonIdentity(daemon, world)]),
  );
}
