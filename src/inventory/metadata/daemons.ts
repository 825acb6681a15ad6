import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import type { DaemonFacts, Interception, Kube2iamSettings, RoleBase } from '../../model/metadata.ts';
import type { Node } from '../nodes.ts';
import { objectOwners } from '../owners/owners.ts';
import { templateOf } from '../workloads.ts';
import { type ConfigMapData, FlagReader, readArguments, type Switches } from './daemon-arguments.ts';
import { isStopped, reaches, stopMark } from './daemon-reach.ts';

const KUBE2IAM_SWITCHES: Switches = new Set([
  'auto-discover-base-arn',
  'auto-discover-default-role',
  'iptables',
  'insecure',
  'debug',
  'namespace-restrictions',
  'resolve-duplicate-cache-ips',
  'use-regional-sts-endpoint',
  'verbose',
  'version',
]);

/** What kube2iam takes for a base (iam/arn.go). */
const BASE_ARN = /^arn:[\w-]*:iam::\d+:role\/?[\w\-/.]*$/;

const KIAM_SWITCHES: Switches = new Set([
  'json-log',
  'iptables',
  'iptables-remove',
  'no-iptables-remove',
  'role-base-arn-autodetect',
  'disable-strict-namespace-regexp',
  'prometheus-sync-required',
]);

// biome-ignore lint/suspicious/noExplicitAny: a container as the API gives it
type Container = any;

/** The name of a container's image, without registry, tag and digest. */
function imageName(container: Container): string {
  return (container.image ?? '').split('/').at(-1).split(/[:@]/)[0];
}

/** Made once: every container of a cluster is asked. */
const DAEMON_NAMES = [
  ['kube2iam', /^kube2iam(-(amd64|arm64|agent|server))?$/],
  ['kiam', /^kiam(-(amd64|arm64|agent|server))?$/],
] as const;

/**
 * The container of a DaemonSet or Deployment that is kube2iam or kiam, by its image, by the program that it starts, or, for
 * images of one's own, by its name.
 */
export function daemonContainer(object: KubernetesObject): { container: Container; mechanism: 'kube2iam' | 'kiam' } | undefined {
  if (object.kind !== 'DaemonSet' && object.kind !== 'Deployment') return undefined;
  for (const container of templateOf(object)?.spec?.containers ?? []) {
    const program = [...(container.command ?? [])].map((word: unknown) => String(word).split('/').at(-1));
    const names = [imageName(container), ...program, container.name];
    for (const [mechanism, known] of DAEMON_NAMES) {
      if (names.some((name) => known.test(name))) return { container, mechanism };
    }
  }
  return undefined;
}

/** What a daemon's facts need besides its object. */
export interface DaemonSurroundings {
  /** Nodes with a ready pod of it. */
  readonly nodeNames: readonly string[];
  readonly nodes: readonly Node[];
  /** Labels of its namespace. */
  readonly labels: Readonly<Record<string, string>>;
}

const NOWHERE: DaemonSurroundings = { nodeNames: [], nodes: [], labels: {} };

/** A daemon's facts; undefined for any other object. */
export function readDaemon(
  object: KubernetesObject,
  configMaps: ConfigMapData,
  { nodeNames, nodes, labels }: DaemonSurroundings = NOWHERE,
): DaemonFacts | undefined {
  const found = daemonContainer(object);
  if (found === undefined) return undefined;
  const { namespace = '', name } = object.metadata;
  const { settings, unread } =
    found.mechanism === 'kube2iam' ? readKube2iam(found.container, configMaps) : readKiam(found.container, object, configMaps);
  return {
    subject: `${object.kind}/${namespace}/${name}`,
    apiVersion: object.apiVersion,
    kind: object.kind as DaemonFacts['kind'],
    namespace,
    name,
    mechanism: found.mechanism,
    settings,
    unread: [...new Set(unread)].sort(),
    nodeNames: [...new Set(nodeNames)].sort(),
    owners: objectOwners({ ...object.metadata, ownerReferences: [] }),
    image: found.container.image ?? '',
    reach: nodes.filter((node) => reaches(object, node)).map((node) => node.name),
    stopped: isStopped(object),
    stoppedBy: stopMark(object),
    podSecurity: labels['pod-security.kubernetes.io/enforce'] ?? '',
  };
}

type Read = Pick<DaemonFacts, 'settings' | 'unread'>;

function readKube2iam(container: Container, configMaps: ConfigMapData): Read {
  const reader = new FlagReader(readArguments(container, KUBE2IAM_SWITCHES, configMaps).flags);
  const prefix = reader.text('base-role-arn', '');
  const discover = reader.flag('auto-discover-base-arn', false);
  // kube2iam ends at once with a base that is no ARN of roles, and with both (cmd/main.go).
  if (prefix !== '' && !BASE_ARN.test(prefix)) reader.unread.push('--base-role-arn, which is no ARN of roles');
  if (prefix !== '' && discover) reader.unread.push('--base-role-arn with --auto-discover-base-arn');
  const base: RoleBase = discover
    ? { kind: 'discovered' }
    : prefix === ''
      ? { kind: 'none' }
      : { kind: 'prefix', prefix: prefix.endsWith('/') ? prefix : `${prefix}/` };
  const settings: Kube2iamSettings = {
    part: 'kube2iam',
    roleKey: reader.text('iam-role-key', 'iam.amazonaws.com/role'),
    externalIdKey: reader.text('iam-external-id', 'iam.amazonaws.com/external-id'),
    namespaceKey: reader.text('namespace-key', 'iam.amazonaws.com/allowed-roles'),
    namespaceRestrictions: reader.flag('namespace-restrictions', false),
    restrictionFormat: reader.text('namespace-restriction-format', 'glob'),
    base,
    defaultRole: reader.text('default-role', ''),
    discoverDefaultRole: reader.flag('auto-discover-default-role', false),
    interception: readInterception(reader, {
      hostInterface: 'docker0',
      portFlag: 'app-port',
      port: 8181,
      hostAddress: reader.address('host-ip'),
      removesRule: false,
    }),
  };
  return { settings, unread: reader.unread };
}

function readInterception(
  reader: FlagReader,
  defaults: { readonly hostInterface: string; readonly portFlag: string; readonly port: number } & Pick<
    Interception,
    'hostAddress' | 'removesRule'
  >,
): Interception {
  return {
    iptables: reader.flag('iptables', false),
    hostInterface: reader.text('host-interface', defaults.hostInterface),
    port: reader.port(defaults.portFlag, defaults.port),
    metadataAddress: reader.text('metadata-addr', '169.254.169.254').replace(/:\d+$/, ''),
    hostAddress: defaults.hostAddress,
    removesRule: defaults.removesRule,
  };
}

/** kiam is one program with two parts; which one it is its first word tells, and else the object's name. */
function readKiam(container: Container, object: KubernetesObject, configMaps: ConfigMapData): Read {
  const { words, flags, variables } = readArguments(container, KIAM_SWITCHES, configMaps);
  const reader = new FlagReader(flags);
  const part = [...words, container.name, ...object.metadata.name.split('-')].find((word) => word === 'agent' || word === 'server');
  if (part === 'agent') {
    // The agent takes HOST_IP of its environment where --host is not given (cmd/kiam/agent.go).
    const host = flags.get('host') ?? variables.get('HOST_IP') ?? '';
    const interception = readInterception(reader, {
      hostInterface: 'docker0',
      portFlag: 'port',
      port: 3100,
      hostAddress: new FlagReader(new Map([['host', host]])).address('host'),
      removesRule: reader.flag('iptables-remove', true),
    });
    const allowRoute = reader.text('allow-route-regexp', reader.text('whitelist-route-regexp', '^$'));
    return { settings: { part: 'kiam-agent', allowRoute, interception }, unread: reader.unread };
  }
  if (part === undefined) reader.unread.push('whether it is agent or server');
  const prefix = reader.text('role-base-arn', '');
  const base: RoleBase = prefix !== '' ? { kind: 'prefix', prefix } : baseWithout(reader);
  return {
    settings: {
      part: 'kiam-server',
      version: kiamVersion(container.image ?? ''),
      strictRegexp: !reader.flag('disable-strict-namespace-regexp', false),
      base,
      assumeRoleArn: reader.text('assume-role-arn', ''),
      session: reader.text('session', 'kiam'),
    },
    unread: reader.unread,
  };
}

function baseWithout(reader: FlagReader): RoleBase {
  return reader.flag('role-base-arn-autodetect', false) ? { kind: 'discovered' } : { kind: 'none' };
}

/** The major version that an image's tag names; earlier ones than 3 match as 3 does. */
function kiamVersion(image: string): 3 | 4 | null {
  // Neither the port of a registry nor a digest is a tag.
  const name = (image.split('@')[0] as string).split('/').at(-1) as string;
  const major = /:v?(\d+)(\.|$)/.exec(name)?.[1];
  if (major === undefined) return null;
  return Number(major) >= 4 ? 4 : 3;
}
