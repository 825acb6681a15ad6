import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import type { WorkloadFacts } from '../../model/inventory.ts';
import type { AssumeGrantFact, DaemonFacts, DaemonIdentity } from '../../model/metadata.ts';
import type { Account } from '../account.ts';
import { assumeStatements } from '../policies.ts';

/** What was read of the cluster ahead of the daemons' part. */
export interface MetadataWorld {
  /** `NAMESPACE/NAME` of the service accounts that are in the inventory. */
  readonly kept: ReadonlySet<string>;
  readonly serviceAccounts: readonly KubernetesObject[];
  /** Every workload of the cluster. */
  readonly workloads: readonly WorkloadFacts[];
  /** Whether a service account has a role of its own, ahead of instance metadata. */
  readonly hasRole: (id: string) => boolean;
  /** ARNs of the roles that the cluster's nodes run as. */
  readonly nodeRoles: readonly string[];
  /** As whom each daemon calls STS, by `Kind/namespace/name`. */
  readonly identities: ReadonlyMap<string, DaemonIdentity>;
}

/**
 * Workloads that kube2iam gives its default role, be it one of its own or the nodes': they do not ask, run beside no other
 * credentials, and are not on the host network, where kube2iam does not answer. Empty where there is no default role.
 */
export function defaultRoleUsers(daemons: readonly DaemonFacts[], { workloads, hasRole }: MetadataWorld): string[] {
  const keys = daemons.flatMap(({ settings }) =>
    settings.part === 'kube2iam' && (settings.defaultRole !== '' || settings.discoverDefaultRole) ? [settings.roleKey] : [],
  );
  const [key] = keys;
  if (key === undefined) return [];
  const users = workloads.filter(({ namespace, serviceAccount, idle, metadata, kind, name }) => {
    const sets = [metadata?.template ?? {}, ...(metadata?.live ?? [])];
    const isDaemon = daemons.some((daemon) => daemon.subject === `${kind}/${namespace}/${name}`);
    return (
      idle !== 'finished' &&
      metadata?.hostNetwork === false &&
      !isDaemon &&
      sets.some((annotations) => annotations[key] === undefined) &&
      !hasRole(`${namespace}/${serviceAccount}`)
    );
  });
  return [...new Set(users.map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}`))].sort();
}

/** What lets the nodes' roles, a daemon's own, and the role of kiam's server, take other roles; nothing where the account does not tell. */
export function assumeGrants(daemons: readonly DaemonFacts[], nodeRoles: readonly string[], account: Account): AssumeGrantFact[] {
  const servers = daemons.flatMap(({ settings }) => (settings.part === 'kiam-server' ? [settings.assumeRoleArn.split('/').at(-1)] : []));
  const own = daemons.flatMap(({ identity }) => (identity?.kind === 'role' ? [identity.roleArn] : []));
  return account.roles
    .filter(({ arn, roleName }) => nodeRoles.includes(arn) || own.includes(arn) || servers.includes(roleName))
    .flatMap((role) => ('policies' in role ? assumeStatements(role.policies ?? []) : []).map((fact) => ({ roleArn: role.arn, ...fact })))
    .sort((a, b) => (`${a.roleArn} ${a.policy} ${a.sid}` < `${b.roleArn} ${b.policy} ${b.sid}` ? -1 : 1));
}
