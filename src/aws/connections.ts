import { setTimeout as delay } from 'node:timers/promises';
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import type { KubernetesGateway } from '../kubernetes/gateway.ts';
import { createKubernetesGateway } from '../kubernetes/kubernetes-gateway.ts';
import type { Runtime } from '../migration/runtime.ts';
import type { Clock } from '../model/clock.ts';
import { type CallCounts, type ClusterTarget, noCalls } from '../model/run.ts';
import { createAwsGateways } from './aws-gateways.ts';
import type { AwsSettings } from './clients.ts';
import { keptCredentials, targetCredentials } from './credentials.ts';
import type { AwsGateways } from './gateways.ts';
import { createPacer, pacingKey } from './pacing.ts';

/** What all connections of a process share. */
export interface ConnectionSettings {
  readonly clock: Clock;
  /** One endpoint for every AWS service, such as the twin's; AWS's own where it is absent. */
  readonly endpoint?: string;
  /** The SDK's default chain where absent. */
  readonly credentials?: AwsCredentialIdentity | AwsCredentialIdentityProvider;
  readonly retryDelays: 'standard' | 'none';
}

/** The part of a {@link Runtime} that reaches the world: one set of clients for each target, every request counted. */
export function createConnections(settings: ConnectionSettings): Pick<Runtime, 'aws' | 'kubernetes' | 'takeCalls'> {
  let calls = noCalls();
  const count = (service: keyof CallCounts) => {
    calls[service] += 1;
  };
  // A rehearsal's time is virtual: its requests are paced by nothing.
  const pacer = settings.retryDelays === 'none' ? undefined : createPacer(settings.clock, (milliseconds) => delay(milliseconds));
  const paced = pacer === undefined ? {} : { pacer };
  const sessions = new Map<string, AwsCredentialIdentityProvider>();
  const gateways = new Map<string, AwsGateways>();
  const clusters = new Map<string, Promise<KubernetesGateway>>();

  const awsSettings = (target: ClusterTarget): AwsSettings => ({
    target,
    retryDelays: settings.retryDelays,
    onRequest: count,
    ...paced,
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
  });
  /** One session of a role serves all clusters that are reached by it. */
  const credentialsOf = (target: ClusterTarget): AwsCredentialIdentityProvider => {
    const key = JSON.stringify([target.region, target.assumeRoleArn, target.externalId]);
    const session = sessions.get(key) ?? keptCredentials(targetCredentials(awsSettings(target)), settings.clock);
    sessions.set(key, session);
    return session;
  };
  const aws = (target: ClusterTarget): AwsGateways => {
    const key = targetKey(target);
    const existing = gateways.get(key);
    if (existing !== undefined) {
      return existing;
    }
    const made = createAwsGateways(awsSettings(target), credentialsOf(target));
    gateways.set(key, made);
    return made;
  };
  const connect = async (target: ClusterTarget): Promise<KubernetesGateway> =>
    createKubernetesGateway({
      cluster: await aws(target).eks.describeCluster(),
      clusterName: target.clusterName,
      region: target.region,
      credentials: credentialsOf(target),
      clock: settings.clock,
      retryDelays: settings.retryDelays,
      onRequest: () => count('kubernetes'),
      ...paced,
      pacingKey: pacingKey('kubernetes', target),
    });

  return {
    aws,
    kubernetes: (target) => {
      const key = targetKey(target);
      const existing = clusters.get(key);
      if (existing !== undefined) {
        return existing;
      }
      const connecting = connect(target);
      clusters.set(key, connecting);
      // A failure is not kept: the next step tries again.
      connecting.catch(() => clusters.delete(key));
      return connecting;
    },
    takeCalls: () => {
      const taken = calls;
      calls = noCalls();
      return taken;
    },
  };
}

function targetKey(target: ClusterTarget): string {
  return JSON.stringify([target.clusterName, target.region, target.assumeRoleArn, target.externalId]);
}
