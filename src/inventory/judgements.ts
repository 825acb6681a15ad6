import type { KubernetesObject } from '../kubernetes/gateway.ts';
import { injectionOf } from '../verification/injection.ts';
import { agentSet } from './agent.ts';
import { consumersIn, webIdentityOf } from './consumers/find.ts';
import { kedaFacts } from './consumers/keda.ts';
import { namedAccounts, webIdentityIn } from './consumers/names.ts';
import { trustWritersIn } from './consumers/trust-writers.ts';
import { meshMode } from './mesh/istio.ts';
import { sidecarsOf } from './mesh/sidecars.ts';
import { configMapsOf } from './metadata/daemon-arguments.ts';
import { daemonContainer, readDaemon } from './metadata/daemons.ts';
import { cutsOffByPodGroups, exceptsAgent, proxiedContainers } from './network.ts';
import { AWS_AUTH } from './node-roles.ts';
import { findOverrides, injectedRole } from './overrides.ts';
import { commandNamesWebIdentity, fileNamesWebIdentity, namesWebIdentity } from './web-identity.ts';
import { templateOf } from './workloads.ts';

/**
 * What the inventory makes of values that can be secrets: variables, arguments, ConfigMaps, fields of custom resources. Whoever
 * replaces such values asks here whether an inventory would tell the difference. The answers are plain JSON.
 */

/** Something that the inventory asks of a text. */
export type Judge = (text: string) => unknown;

const FAMILIES = ['ipv4', 'ipv6'] as const;

const exceptions: readonly Judge[] = FAMILIES.map((family) => (text: string) => exceptsAgent(text, family));

/** What is asked of a variable's value, whatever its name. */
export const VARIABLE_JUDGES: readonly Judge[] = [namesWebIdentity, ...exceptions];

/** What is asked of a word of a command line. */
export const WORD_JUDGES: readonly Judge[] = [commandNamesWebIdentity];

/** What is asked of a text in a custom resource, wherever it stands. */
export const CUSTOM_JUDGES: readonly Judge[] = [(text) => webIdentityIn({ text }) !== undefined, (text) => namedAccounts({ text })];

/** What is asked of a value of a ConfigMap: it may be a variable, or a file, of a workload. */
export function configMapJudges({ metadata: { name } }: KubernetesObject, key: string): readonly Judge[] {
  const mesh: Judge[] = key === 'mesh' && /^istio(-|$)/.test(name) ? [meshMode] : [];
  return [...VARIABLE_JUDGES, (text) => fileNamesWebIdentity(key, text), ...mesh];
}

/** Whether a value of a ConfigMap is read as a whole: who may join the cluster. */
export function isReadWhole({ metadata: { namespace, name } }: KubernetesObject, key: string): boolean {
  return namespace === AWS_AUTH.namespace && name === AWS_AUTH.name && key === AWS_AUTH.key;
}

/** What is read of the variables and arguments of a workload's or pod's containers; null where it has none. */
export function podJudgement(object: KubernetesObject, prefix: string): unknown {
  const template = templateOf(object);
  const spec = template?.spec;
  if (template === undefined || spec === undefined) return null;
  const { labels = {}, annotations = {} } = template.metadata ?? {};
  const pod: KubernetesObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: object.metadata.name, labels, annotations }, spec };
  // Whatever holds the template, and the pods of it: they are judged alike, so that they stay alike.
  const set: KubernetesObject = { ...object, apiVersion: 'apps/v1', kind: 'DaemonSet', spec: { template } };
  const shape = { spec, labels, annotations, namespaceLabels: {} };
  const daemon = readDaemon(set, new Map());
  return [
    [true, false].map((live) => findOverrides(spec, annotations, { prefix, live }).overrides),
    injectedRole(spec),
    injectionOf(pod, prefix),
    FAMILIES.map((family) => [
      sidecarsOf(shape, family, 'pod'),
      sidecarsOf(shape, family, 'template'),
      proxiedContainers(spec, family, () => undefined),
    ]),
    cutsOffByPodGroups(set),
    agentSet(set).listens,
    daemon === undefined ? null : [daemon.settings, daemon.unread],
  ];
}

/** What the inventory reads of a custom resource. */
export function customJudgement(object: KubernetesObject): unknown {
  const { spec, status } = object;
  const nodes = object.kind === 'EC2NodeClass' ? [spec?.role, spec?.instanceProfile, status?.instanceProfile] : [];
  return [consumersIn(object), trustWritersIn(object), webIdentityOf(object), kedaFacts(object), nodes];
}

/** What these daemons make of a ConfigMap that their variables come from; null where they use none of it. */
export function daemonJudgement(daemons: readonly KubernetesObject[], configMap: KubernetesObject): unknown {
  const { namespace, name } = configMap.metadata;
  const users = daemons.filter(
    (daemon) => daemon.metadata.namespace === namespace && configMapsOf(daemonContainer(daemon)?.container ?? {}).includes(name),
  );
  if (users.length === 0) return null;
  return users.map((daemon) => {
    const facts = readDaemon(daemon, new Map([[name, configMap.data ?? {}]]));
    return [facts?.settings, facts?.unread];
  });
}
