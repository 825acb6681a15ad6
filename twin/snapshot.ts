import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import { type PolicyDescription, readAccount, type SnapshotRole } from './snapshot-account.ts';
import { parseKubernetes, qualifiedKind, type SourcedObject } from './snapshot-files.ts';
import { type File, type Files, readFolder, unreadable } from './snapshot-folder.ts';
import { captureGaps, commandOf, kindsGap, type SnapshotGap, unknownKinds } from './snapshot-gaps.ts';
import {
  type AccessEntryDescription,
  type AddonConfiguration,
  type AddonDescription,
  type AddonVersions,
  type AssociationDescription,
  type CaptureRecord,
  type ClusterDescription,
  type FargateProfileDescription,
  type NodegroupDescription,
  readAccessEntry,
  readAccountSummary,
  readAddon,
  readAddonConfiguration,
  readAddonVersions,
  readAssociation,
  readCapture,
  readCluster,
  readFargateProfile,
  readNodegroup,
  readProviders,
  readTrailEvents,
  type TrailEventDescription,
} from './snapshot-schemas.ts';

export type { PolicyDescription, SnapshotRole } from './snapshot-account.ts';
export type { SnapshotGap } from './snapshot-gaps.ts';
export type {
  AccessEntryDescription,
  AddonConfiguration,
  AddonDescription,
  AddonVersions,
  AssociationDescription,
  ClusterDescription,
  FargateProfileDescription,
  NodegroupDescription,
  TrailEventDescription,
} from './snapshot-schemas.ts';

/** One cluster and its account, as standard tools saw them. It is frozen: many twins share one. */
export interface Snapshot {
  /** Where it came from, for messages: a folder, or `memory`. */
  readonly source: string;
  readonly accountId: string;
  readonly region: string;
  readonly partition: string;
  readonly cluster: ClusterDescription;
  readonly addons: readonly AddonDescription[];
  readonly addonConfigurations: readonly AddonConfiguration[];
  /** Empty where nothing is known of what EKS offers for the cluster's Kubernetes version. */
  readonly addonVersions: readonly AddonVersions[];
  readonly associations: readonly AssociationDescription[];
  readonly fargateProfiles: readonly FargateProfileDescription[];
  readonly nodegroups: readonly NodegroupDescription[];
  readonly accessEntries: readonly AccessEntryDescription[];
  readonly roles: readonly SnapshotRole[];
  readonly policies: readonly PolicyDescription[];
  /** Users and groups of the account as they stand. */
  readonly users: readonly Readonly<Record<string, unknown>>[];
  readonly groups: readonly Readonly<Record<string, unknown>>[];
  /** ARNs. A snapshot without the list has the cluster's own issuer registered. */
  readonly openIdConnectProviders: readonly string[];
  /** The account's figures by name; empty where they were not asked for. */
  readonly accountSummary: Readonly<Record<string, number>>;
  readonly trailEvents: readonly TrailEventDescription[];
  readonly objects: readonly KubernetesObject[];
  /** Kinds that the cluster has, where `capture.json` names them. */
  readonly kinds: CaptureRecord['kinds'];
  /** Files and folders of AWS's answers that `capture.json` names as denied to whoever took it. */
  readonly denied: readonly string[];
  /** Custom kinds, as `KIND.GROUP`, of which it does not tell whether there are objects. */
  readonly unknownKinds: readonly string[];
  /** When it was taken, RFC 3339, where `capture.json` says so. */
  readonly takenAt: string | undefined;
  /** What it cannot tell. */
  readonly gaps: readonly SnapshotGap[];
}

/** What {@link snapshotFromObjects} is made of: the same documents as the files, decoded, with or without their outer key. */
export interface SnapshotParts {
  readonly source?: string;
  readonly cluster: unknown;
  /** The answer of get-account-authorization-details. */
  readonly account: unknown;
  readonly objects: readonly unknown[];
  readonly addons?: readonly unknown[];
  readonly addonConfigurations?: readonly unknown[];
  readonly addonVersions?: unknown;
  readonly associations?: readonly unknown[];
  readonly fargateProfiles?: readonly unknown[];
  readonly nodegroups?: readonly unknown[];
  readonly accessEntries?: readonly unknown[];
  readonly openIdConnectProviders?: unknown;
  readonly accountSummary?: unknown;
  readonly trail?: unknown;
  readonly capture?: unknown;
}

/**
 * Reads a snapshot folder (docs/snapshots.md: how to take one). `eks/cluster.json`, `iam/account-authorization-details.json` and one
 * file under `kubernetes/` are required. Throws `SnapshotUnreadable`, naming the file, the field or line, and what was expected.
 */
export async function loadSnapshot(folder: string): Promise<Snapshot> {
  return build(await readFolder(folder));
}

/** A snapshot of documents in memory, checked as files are. Throws `SnapshotUnreadable`. */
export function snapshotFromObjects(parts: SnapshotParts): Snapshot {
  const list = (name: string, values: readonly unknown[] = []) => values.map((value, index) => ({ name: `${name}[${index}]`, value }));
  const maybe = (name: string, value: unknown): File | undefined => (value === undefined ? undefined : { name, value });
  const addonVersions = maybe('addonVersions', parts.addonVersions);
  const trail = maybe('trail', parts.trail);
  return build({
    source: parts.source ?? 'memory',
    cluster: { name: 'cluster', value: parts.cluster },
    account: [{ name: 'account', value: parts.account }],
    addons: list('addons', parts.addons),
    addonConfigurations: list('addonConfigurations', parts.addonConfigurations),
    addonVersions: addonVersions === undefined ? undefined : [addonVersions],
    associations: list('associations', parts.associations),
    fargateProfiles: list('fargateProfiles', parts.fargateProfiles),
    nodegroups: list('nodegroups', parts.nodegroups),
    accessEntries: list('accessEntries', parts.accessEntries),
    providers: maybe('openIdConnectProviders', parts.openIdConnectProviders),
    accountSummary: maybe('accountSummary', parts.accountSummary),
    trail: trail === undefined ? undefined : [trail],
    capture: maybe('capture', parts.capture),
    kubernetes: parseKubernetes(parts.objects, 'objects'),
    kubernetesNames: [],
    gaps: [],
  });
}

function build(files: Files): Snapshot {
  const cluster = readCluster(files.cluster.value, files.cluster.name);
  const [, partition = 'aws', , region = '', accountId = ''] = cluster.arn.split(':');
  const accountFile = files.account[0]?.name ?? '';
  const account = readAccount(values(files.account), accountFile);
  const foreign = account.roles.find((role) => role.Arn.split(':')[4] !== accountId);
  if (foreign !== undefined) {
    throw unreadable(accountFile, `role ${foreign.Arn} is not of account ${accountId}, which ${files.cluster.name} is of`);
  }
  const own = <T extends { clusterName?: string | undefined }>(file: File, read: (value: unknown, name: string) => T) => {
    const value = read(file.value, file.name);
    const { clusterName = cluster.name } = value;
    if (clusterName !== cluster.name) throw unreadable(file.name, `clusterName is ${clusterName}, expected ${cluster.name}`);
    return { ...value, clusterName };
  };
  const association = (file: File): AssociationDescription => {
    const found = own(file, readAssociation);
    const arn = `arn:${partition}:eks:${region}:${accountId}:podidentityassociation/${cluster.name}/${found.associationId}`;
    return { ...found, associationArn: found.associationArn ?? arn };
  };
  const issuer = cluster.identity?.oidc?.issuer;
  const ownProvider = issuer ? [`arn:${partition}:iam::${accountId}:oidc-provider/${issuer.replace(/^https:\/\//, '')}`] : [];
  const objects = distinctObjects(files.kubernetes.objects);
  if (objects.length === 0) throw unreadable('kubernetes/', 'there is no object in it; "kubectl get … -A -o yaml" makes one');
  const capture = files.capture === undefined ? undefined : readCapture(files.capture.value, files.capture.name);
  const offered = files.addonVersions === undefined ? [] : readAddonVersions(values(files.addonVersions), 'eks/addon-versions.json');
  const versions = versionsOf(offered);
  const forCluster = cluster.version === '' || versions.size === 0 || versions.has(cluster.version);
  const held = new Set([...objects.map(qualifiedKind), ...files.kubernetes.lists.map(({ kind }) => kind)]);
  const seen = { held, files: files.kubernetesNames, capture };
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  const unknown = unknownKinds(definitions, seen);
  const kinds = kindsGap(seen, unknown);
  // A folder that a capture read is empty where it is not there.
  const recorded = new Set((capture?.files ?? []).map(({ file }) => file));
  return deepFreeze({
    source: files.source,
    accountId,
    region,
    partition,
    cluster,
    addons: files.addons.map((file) => own(file, readAddon)),
    addonConfigurations: files.addonConfigurations.map((file) => readAddonConfiguration(file.value, file.name)),
    addonVersions: forCluster ? offered : [],
    associations: files.associations.map(association),
    fargateProfiles: files.fargateProfiles.map((file) => own(file, readFargateProfile)),
    nodegroups: files.nodegroups.map((file) => own(file, readNodegroup)),
    accessEntries: files.accessEntries.map((file) => own(file, readAccessEntry)),
    ...account,
    openIdConnectProviders: files.providers === undefined ? ownProvider : readProviders(files.providers.value, files.providers.name),
    accountSummary: files.accountSummary === undefined ? {} : readAccountSummary(files.accountSummary.value, files.accountSummary.name),
    trailEvents: files.trail === undefined ? [] : readTrailEvents(values(files.trail), 'cloudtrail/events.json'),
    objects,
    kinds: (capture?.kinds ?? []).filter(({ outcome }) => outcome !== 'absent'),
    denied: (capture?.files ?? []).flatMap(({ file, outcome }) => (outcome === 'denied' ? [file] : [])),
    unknownKinds: unknown.map(({ name }) => name),
    takenAt: capture?.takenAt,
    gaps: [
      ...files.gaps.filter(({ kind, what }) => kind !== 'missing' || !recorded.has(what)),
      ...(forCluster ? [] : [otherVersion(versions, cluster.version)]),
      ...captureGaps(capture),
      ...(kinds === undefined ? [] : [kinds]),
    ],
  });
}

function values(files: readonly File[]): unknown[] {
  return files.map(({ value }) => value);
}

/** The versions of Kubernetes that a list of add-ons speaks of. */
function versionsOf(offered: readonly AddonVersions[]): Set<string> {
  const compatibilities = offered.flatMap(({ addonVersions }) => addonVersions.flatMap((one) => one.compatibilities));
  return new Set(compatibilities.map(({ clusterVersion }) => clusterVersion).filter((version) => version !== ''));
}

/** A list of what EKS offers for other versions of Kubernetes says nothing of this cluster. */
function otherVersion(found: ReadonlySet<string>, version: string): SnapshotGap {
  const what = 'eks/addon-versions.json';
  const why = `it is of Kubernetes ${[...found].sort().join(', ')}, and the cluster of ${version}`;
  return { kind: 'file', what, why, command: commandOf(what).replace('VERSION', version) };
}

/**
 * The same object twice with the same content is one (overlapping kubectl commands give that), and of two states of one object the
 * later one counts; two that differ otherwise are refused, for nobody can say which is true. Fields that a server changes by itself
 * do not count.
 */
function distinctObjects(sourced: readonly SourcedObject[]): KubernetesObject[] {
  const seen = new Map<string, SourcedObject>();
  for (const entry of sourced) {
    const { kind, metadata } = entry.object;
    const key = `${qualifiedKind(entry.object)}/${metadata.namespace ?? ''}/${metadata.name}`;
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, entry);
    else if (contentOf(earlier.object) !== contentOf(entry.object)) {
      const later = laterOf(earlier, entry);
      if (later === undefined) {
        const name = `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
        throw unreadable(entry.where, `${name} is also in ${earlier.where}, with other content; expected each object once`);
      }
      seen.set(key, later);
    }
  }
  return [...seen.values()].map((entry) => entry.object);
}

/** The later state of one object, by its resource version; undefined where that does not tell. */
function laterOf(one: SourcedObject, other: SourcedObject): SourcedObject | undefined {
  const [left, right] = [one.object.metadata, other.object.metadata];
  const [before, after] = [Number(left.resourceVersion), Number(right.resourceVersion)];
  if (left.uid === undefined || left.uid !== right.uid || Number.isNaN(before) || Number.isNaN(after) || before === after) return undefined;
  return before > after ? one : other;
}

function contentOf(object: KubernetesObject): string {
  const { managedFields: _fields, resourceVersion: _version, ...metadata } = object.metadata;
  const { status: _status, ...rest } = object;
  return JSON.stringify({ ...rest, metadata });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
