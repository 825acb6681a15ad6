import { type ConnectionSettings, openConnections, targetKey } from '../aws/connections.ts';
import type { Cluster } from '../aws/gateways.ts';
import { pacingKey } from '../aws/pacing.ts';
import type { ClusterRuntime } from '../migration/runtime.ts';
import type { ClusterTarget } from '../model/run.ts';
import type { KubernetesGateway } from './gateway.ts';
import { createKubernetesGateway, type KubernetesSettings } from './kubernetes-gateway.ts';

/** Besides, for clusters. */
export interface ClusterConnectionSettings extends ConnectionSettings {
  /**
   * The role that signs the bearer tokens where a target names none: the one that the clusters of podshift's own account know.
   * The credentials themselves where absent.
   */
  readonly clusterAccessRoleArn?: string | undefined;
  /** See `TransportSettings`. */
  readonly exchange?: KubernetesSettings['exchange'];
}

/** The part of a {@link ClusterRuntime} that reaches the world: AWS as `createConnections` does, and one connection to each cluster. */
export function createClusterConnections(settings: ClusterConnectionSettings): Pick<ClusterRuntime, 'aws' | 'kubernetes' | 'takeCalls'> {
  const { aws, takeCalls, count, pacer, credentialsOf, reachedBy, principalOf } = openConnections(settings);
  const clusters = new Map<string, Promise<KubernetesGateway>>();
  const identity = (target: ClusterTarget): ClusterTarget => ({
    ...target,
    assumeRoleArn: reachedBy(target).assumeRoleArn ?? settings.clusterAccessRoleArn ?? null,
  });
  const connect = async (target: ClusterTarget, described: Cluster | undefined): Promise<KubernetesGateway> =>
    createKubernetesGateway({
      cluster: described ?? (await aws(target).eks.describeCluster()),
      clusterName: target.clusterName,
      region: target.region,
      credentials: credentialsOf(identity(target)),
      principal: principalOf(identity(target)),
      clock: settings.clock,
      retryDelays: settings.retryDelays,
      onRequest: () => count('kubernetes'),
      pacer,
      pacingKey: pacingKey('kubernetes', target),
      exchange: settings.exchange,
      serverTime: settings.serverTime,
      contacts: settings.contacts,
    });
  return {
    aws,
    takeCalls,
    kubernetes: (target, described) => {
      const key = targetKey(identity(target));
      const existing = clusters.get(key);
      if (existing !== undefined) {
        return existing;
      }
      const connecting = connect(target, described);
      clusters.set(key, connecting);
      // A failure is not kept: the next step tries again.
      connecting.catch(() => clusters.delete(key));
      return connecting;
    },
  };
}
