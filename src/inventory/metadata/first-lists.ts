import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { type ConfigMapData, configMapsOf } from './daemon-arguments.ts';
import { daemonContainer, readDaemon } from './daemons.ts';

/** kiam's own pod annotations besides its role (uswitch/kiam, pkg/k8s/annotations.go). */
const KIAM_KEYS = ['iam.amazonaws.com/role', 'iam.amazonaws.com/session-name', 'iam.amazonaws.com/external-id'];

/** The lists that are read ahead of all others, because the daemons among them say what to look for in the rest. */
export interface FirstLists {
  readonly daemonSets: readonly KubernetesObject[];
  readonly deployments: readonly KubernetesObject[];
  /** Those that are kube2iam or kiam. */
  readonly daemons: readonly KubernetesObject[];
  /** Data of the ConfigMaps that their arguments need, by `NAMESPACE`. */
  readonly configMaps: ReadonlyMap<string, ConfigMapData>;
  /** Pod annotations that a daemon reads; empty where there is none. */
  readonly podKeys: ReadonlySet<string>;
  /** Those among them that name a role. */
  readonly roleKeys: ReadonlySet<string>;
}

/** DaemonSets and Deployments, and the daemons among them. */
export async function readFirstLists(kubernetes: KubernetesGateway): Promise<FirstLists> {
  const typed = (objects: KubernetesObject[], kind: string): KubernetesObject[] =>
    objects.map((object) =>
      object.kind === undefined || object.apiVersion === undefined ? { ...object, apiVersion: 'apps/v1', kind } : object,
    );
  const [sets, deployed] = await Promise.all([kubernetes.list(RESOURCES.daemonSets), kubernetes.list(RESOURCES.deployments)]);
  const daemonSets = typed(sets, 'DaemonSet');
  const deployments = typed(deployed, 'Deployment');
  const daemons = [...daemonSets, ...deployments].filter((object) => daemonContainer(object) !== undefined);
  const configMaps = new Map<string, Map<string, Readonly<Record<string, string>>>>();
  for (const daemon of daemons) {
    const { namespace = '' } = daemon.metadata;
    const known = configMaps.get(namespace) ?? new Map<string, Readonly<Record<string, string>>>();
    configMaps.set(namespace, known);
    for (const name of configMapsOf(daemonContainer(daemon)?.container)) {
      const object = await kubernetes.get(RESOURCES.configMaps, namespace, name);
      if (object !== undefined) known.set(name, object.data ?? {});
    }
  }
  const settings = daemons.map((daemon) => readDaemon(daemon, configMaps.get(daemon.metadata.namespace ?? '') as ConfigMapData)?.settings);
  const kube2iam = settings.filter((one) => one?.part === 'kube2iam');
  const kiam = settings.some((one) => one?.part === 'kiam-agent' || one?.part === 'kiam-server');
  const roleKeys = new Set([...kube2iam.map((one) => one.roleKey), ...(kiam ? KIAM_KEYS.slice(0, 1) : [])]);
  const podKeys = new Set([...roleKeys, ...kube2iam.map((one) => one.externalIdKey), ...(kiam ? KIAM_KEYS : [])]);
  return { daemonSets, deployments, daemons, configMaps, podKeys, roleKeys };
}
