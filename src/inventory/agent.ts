import { z } from 'zod';
import type { AwsGateways } from '../aws/gateways.ts';
import type { KubernetesObject } from '../kubernetes/gateway.ts';
import { ADDON_PODS, AGENT, AGENT_ADDRESSES, AGENT_VALUES, type AgentSetting } from '../model/agent.ts';
import type { AgentFacts, NodeFacts } from '../model/inventory.ts';
import { compareVersions } from '../model/versions.ts';
import type { Account } from './account.ts';
import { isReady } from './pods.ts';
import { controllerOf } from './workloads.ts';

/** A DaemonSet that is the agent, whoever installed it. */
export interface AgentSet {
  readonly namespace: string;
  readonly name: string;
  readonly desired: number;
  readonly ready: number;
  /** The labels of its pods, as its own selector has them. */
  readonly labelSelector: string;
  readonly listens: 'ipv4' | 'ipv6' | 'both';
}

/** A pod of a DaemonSet that is the agent. */
export interface AgentPod {
  /** `NAMESPACE/NAME` of the DaemonSet. */
  readonly daemonSet: string;
  readonly nodeName: string;
  readonly ready: boolean;
  /** It has ended again and again since it was started. */
  readonly restarting: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a pod spec as the API gives it
type PodSpec = any;

/** Whether a pod spec runs the agent: its image's last part is the agent's, whatever registry it comes from. */
function runsAgent(spec: PodSpec): boolean {
  const images: string[] = (spec?.containers ?? []).map((container: { image?: string }) => container.image ?? '');
  return images.some((image) => image.split('/').at(-1)?.split(/[:@]/)[0] === AGENT);
}

/** Whether a DaemonSet is the agent: by its name, by its chart's label, or by its image. */
export function isAgent(object: KubernetesObject): boolean {
  if (object.kind !== 'DaemonSet') return false;
  const { name, labels } = object.metadata;
  return name === AGENT || labels?.['app.kubernetes.io/name'] === AGENT || runsAgent(object.spec?.template?.spec);
}

/** The facts of a DaemonSet that is the agent. */
export function agentSet({ metadata, spec, status }: KubernetesObject): AgentSet {
  const labels = Object.entries<string>(spec?.selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    desired: status?.desiredNumberScheduled ?? 0,
    ready: status?.numberReady ?? 0,
    labelSelector: labels.length === 0 ? ADDON_PODS.labelSelector : labels.sort().join(','),
    listens: listensOn((spec?.template?.spec?.containers ?? []).flatMap((container: { args?: unknown[] }) => container.args ?? [])),
  };
}

/** The addresses by the flag `-b`, `--bind-hosts`, which replaces the default of both (eks-pod-identity-agent, cmd/server.go). */
function listensOn(given: readonly unknown[]): AgentSet['listens'] {
  const words = given.flatMap((word) => String(word).split('='));
  const hosts = words.filter((_, index) => ['-b', '--bind-hosts'].includes(words[index - 1] ?? ''));
  const has = (address: string) => hosts.some((host) => host.replace(/[[\]]/g, '') === address);
  if (hosts.length === 0 || has(AGENT_ADDRESSES.ipv4) === has(AGENT_ADDRESSES.ipv6)) return 'both';
  return has(AGENT_ADDRESSES.ipv4) ? 'ipv4' : 'ipv6';
}

/** Ends of a container after which it is said to end again and again. */
const RESTARTS = 3;

/** A pod's facts where a DaemonSet stands above it; whether that is the agent is known once all DaemonSets were seen. */
export function agentPod(pod: KubernetesObject): AgentPod | undefined {
  const controller = controllerOf(pod);
  if (controller?.kind !== 'DaemonSet' || pod.spec?.nodeName === undefined || !(controller.name.startsWith(AGENT) || runsAgent(pod.spec)))
    return undefined;
  const ready = isReady(pod) && pod.metadata.deletionTimestamp === undefined;
  const statuses: { restartCount?: number }[] = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return {
    daemonSet: `${pod.metadata.namespace}/${controller.name}`,
    nodeName: pod.spec.nodeName,
    ready,
    restarting: !ready && statuses.some(({ restartCount = 0 }) => restartCount >= RESTARTS),
  };
}

/** The agent as found. The version to install, and what its configuration can set, are asked for only where it is not there. */
export async function readAgent(
  aws: AwsGateways,
  account: Account,
  sets: readonly AgentSet[],
  pods: readonly AgentPod[],
  nodes: readonly NodeFacts[],
): Promise<AgentFacts> {
  const addon = account.addons.find(({ addon: { addonName } }) => addonName === AGENT)?.addon;
  const [first] = sets;
  const sum = (count: (set: AgentSet) => number) => sets.reduce((total, set) => total + count(set), 0);
  const builtIn = account.cluster.autoMode && !nodes.some((node) => node.class === 'linux');
  const there = addon !== undefined || first !== undefined || builtIn;
  const version = there ? undefined : await aws.eks.defaultAddonVersion(AGENT, account.cluster.version);
  const names = new Set(sets.map((set) => `${set.namespace}/${set.name}`));
  return {
    addon: addon === undefined ? null : { version: addon.addonVersion, status: addon.status },
    daemonSet:
      first === undefined
        ? null
        : { namespace: first.namespace, name: first.name, desired: sum((set) => set.desired), ready: sum((set) => set.ready) },
    defaultVersion: version ?? null,
    settings: version === undefined ? [] : await settingsOf(aws, version),
    listens: first?.listens ?? null,
    pods: sets.length === 0 ? [ADDON_PODS] : sets.map(({ namespace, labelSelector }) => ({ namespace, labelSelector })),
    restarting: pods
      .filter((pod) => pod.restarting && names.has(pod.daemonSet))
      .map((pod) => pod.nodeName)
      .sort(),
  };
}

/** The first versions of the add-on with a DaemonSet for hybrid nodes (EKS User Guide, "Configure add-ons for hybrid nodes"). */
const SINCE: Readonly<Partial<Record<AgentSetting, string>>> = {
  hybrid: 'v1.3.3-eksbuild.1',
  'hybrid-bottlerocket': 'v1.3.7-eksbuild.2',
};

/** The settings that the configuration schema of a version of the add-on takes; none where the schema cannot be read. */
async function settingsOf(aws: AwsGateways, version: string): Promise<AgentSetting[]> {
  const configuration = await aws.eks.describeAddonConfiguration(AGENT, version);
  const takes = schemaOf(configuration?.schema ?? '');
  return (Object.keys(AGENT_VALUES) as AgentSetting[]).filter(
    (setting) => compareVersions(version, SINCE[setting] ?? version) >= 0 && takes(AGENT_VALUES[setting]),
  );
}

/** Whether values are valid by a JSON Schema. EKS's are of draft 6, which draft 7 reads as they are. */
function schemaOf(text: string): (values: object) => boolean {
  try {
    const schema = z.fromJSONSchema({ ...JSON.parse(text), $schema: 'http://json-schema.org/draft-07/schema#' });
    return (values) => schema.safeParse(values).success;
  } catch {
    // No schema, no JSON, or a keyword that nobody here knows: then nothing is set, and EKS's defaults hold.
    return () => false;
  }
}
