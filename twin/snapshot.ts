import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import { PodshiftError } from '../src/model/errors.ts';
import { parseJson, parseKubernetes, type SourcedObject } from './snapshot-files.ts';
import {
  type AccessEntryDescription,
  type AddonConfiguration,
  type AddonDescription,
  type AddonVersions,
  type AssociationDescription,
  type ClusterDescription,
  type FargateProfileDescription,
  type NodegroupDescription,
  type PolicyDescription,
  readAccessEntry,
  readAccount,
  readAddon,
  readAddonConfiguration,
  readAddonVersions,
  readAssociation,
  readCluster,
  readFargateProfile,
  readNodegroup,
  readPolicies,
  readProviders,
  type SnapshotRole,
} from './snapshot-schemas.ts';

export type {
  AccessEntryDescription,
  AddonConfiguration,
  AddonDescription,
  AddonVersions,
  AssociationDescription,
  ClusterDescription,
  FargateProfileDescription,
  NodegroupDescription,
  PolicyDescription,
  SnapshotRole,
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
  readonly addonVersions: readonly AddonVersions[];
  readonly associations: readonly AssociationDescription[];
  readonly fargateProfiles: readonly FargateProfileDescription[];
  readonly nodegroups: readonly NodegroupDescription[];
  readonly accessEntries: readonly AccessEntryDescription[];
  readonly roles: readonly SnapshotRole[];
  readonly policies: readonly PolicyDescription[];
  /** ARNs. A snapshot without the list has the cluster's own issuer registered. */
  readonly openIdConnectProviders: readonly string[];
  readonly objects: readonly KubernetesObject[];
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
}

interface File {
  readonly name: string;
  readonly value: unknown;
}

interface Files {
  readonly source: string;
  readonly cluster: File;
  readonly account: File;
  readonly addons: readonly File[];
  readonly addonConfigurations: readonly File[];
  readonly addonVersions: File | undefined;
  readonly associations: readonly File[];
  readonly fargateProfiles: readonly File[];
  readonly nodegroups: readonly File[];
  readonly accessEntries: readonly File[];
  readonly providers: File | undefined;
  readonly objects: readonly SourcedObject[];
}

/**
 * Reads a snapshot folder (README: how to take one). `eks/cluster.json`, `iam/account-authorization-details.json` and one
 * file under `kubernetes/` are required. Throws `SnapshotUnreadable`, naming the file, the field or line, and what was expected.
 */
export async function loadSnapshot(folder: string): Promise<Snapshot> {
  const folderStat = await stat(folder).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(folder, cause.code === 'ENOENT' ? 'there is no such folder' : `the folder cannot be read (${cause.code})`, cause);
  });
  if (!folderStat.isDirectory()) throw unreadable(folder, 'expected a folder, found a file');
  const one = async (name: string): Promise<File | undefined> => {
    const text = await readText(join(folder, name), name);
    return text === undefined ? undefined : { name, value: parseJson(text, name) };
  };
  const required = async (name: string, command: string): Promise<File> => {
    const file = await one(name);
    if (file === undefined) throw unreadable(name, `the file is missing in ${folder}; "${command}" makes it`);
    return file;
  };
  const all = async (under: string): Promise<File[]> => {
    const names = (await listFiles(join(folder, under))).filter((name) => name.endsWith('.json'));
    const files = await Promise.all(names.map((name) => one(`${under}/${name}`)));
    return files.filter((file) => file !== undefined);
  };
  const [cluster, account, addonVersions, providers, objects] = await Promise.all([
    required('eks/cluster.json', 'aws eks describe-cluster --name NAME'),
    required('iam/account-authorization-details.json', 'aws iam get-account-authorization-details'),
    one('eks/addon-versions.json'),
    one('iam/open-id-connect-providers.json'),
    readKubernetesFolder(folder),
  ]);
  const [addons, addonConfigurations, associations, fargateProfiles, nodegroups, accessEntries] = await Promise.all([
    all('eks/addons'),
    all('eks/addon-configurations'),
    all('eks/pod-identity-associations'),
    all('eks/fargate-profiles'),
    all('eks/nodegroups'),
    all('eks/access-entries'),
  ]);
  const listed = { addons, addonConfigurations, associations, fargateProfiles, nodegroups, accessEntries };
  return build({ source: folder, cluster, account, addonVersions, providers, objects, ...listed });
}

/** A snapshot of documents in memory, checked as files are. Throws `SnapshotUnreadable`. */
export function snapshotFromObjects(parts: SnapshotParts): Snapshot {
  const file = (name: string) => (value: unknown, index: number) => ({ name: `${name}[${index}]`, value });
  return build({
    source: parts.source ?? 'memory',
    cluster: { name: 'cluster', value: parts.cluster },
    account: { name: 'account', value: parts.account },
    addons: (parts.addons ?? []).map(file('addons')),
    addonConfigurations: (parts.addonConfigurations ?? []).map(file('addonConfigurations')),
    addonVersions: parts.addonVersions === undefined ? undefined : { name: 'addonVersions', value: parts.addonVersions },
    associations: (parts.associations ?? []).map(file('associations')),
    fargateProfiles: (parts.fargateProfiles ?? []).map(file('fargateProfiles')),
    nodegroups: (parts.nodegroups ?? []).map(file('nodegroups')),
    accessEntries: (parts.accessEntries ?? []).map(file('accessEntries')),
    providers:
      parts.openIdConnectProviders === undefined ? undefined : { name: 'openIdConnectProviders', value: parts.openIdConnectProviders },
    objects: parseKubernetes(parts.objects, 'objects'),
  });
}

function build(files: Files): Snapshot {
  const cluster = readCluster(files.cluster.value, files.cluster.name);
  const [, partition = 'aws', , region = '', accountId = ''] = cluster.arn.split(':');
  const roles = readAccount(files.account.value, files.account.name);
  const foreign = roles.find((role) => role.Arn.split(':')[4] !== accountId);
  if (foreign !== undefined) {
    throw unreadable(files.account.name, `role ${foreign.Arn} is not of account ${accountId}, which ${files.cluster.name} is of`);
  }
  const ownCluster = <T extends { clusterName: string }>(file: File, value: T): T => {
    if (value.clusterName !== cluster.name) throw unreadable(file.name, `clusterName is ${value.clusterName}, expected ${cluster.name}`);
    return value;
  };
  const issuer = cluster.identity?.oidc?.issuer;
  const ownProvider = issuer === undefined ? [] : [`arn:${partition}:iam::${accountId}:oidc-provider/${issuer.replace(/^https:\/\//, '')}`];
  const objects = distinctObjects(files.objects);
  if (objects.length === 0) throw unreadable('kubernetes/', 'there is no object in it; "kubectl get … -A -o yaml" makes one');
  return deepFreeze({
    source: files.source,
    accountId,
    region,
    partition,
    cluster,
    addons: files.addons.map((file) => ownCluster(file, readAddon(file.value, file.name))),
    addonConfigurations: files.addonConfigurations.map((file) => readAddonConfiguration(file.value, file.name)),
    addonVersions: files.addonVersions === undefined ? [] : readAddonVersions(files.addonVersions.value, files.addonVersions.name),
    associations: files.associations.map((file) => ownCluster(file, readAssociation(file.value, file.name))),
    fargateProfiles: files.fargateProfiles.map((file) => ownCluster(file, readFargateProfile(file.value, file.name))),
    nodegroups: files.nodegroups.map((file) => ownCluster(file, readNodegroup(file.value, file.name))),
    accessEntries: files.accessEntries.map((file) => ownCluster(file, readAccessEntry(file.value, file.name))),
    roles,
    policies: readPolicies(files.account.value, files.account.name),
    openIdConnectProviders: files.providers === undefined ? ownProvider : readProviders(files.providers.value, files.providers.name),
    objects,
  });
}

async function readKubernetesFolder(folder: string): Promise<SourcedObject[]> {
  const names = (await listFiles(join(folder, 'kubernetes'))).filter((name) => /\.(ya?ml|json)$/.test(name));
  if (names.length === 0) {
    throw unreadable(
      'kubernetes/',
      `there is no .yaml or .json file in it; "kubectl get … -A -o yaml > ${join(folder, 'kubernetes/all.yaml')}" makes one`,
    );
  }
  const perFile = await Promise.all(
    names.map(async (base) => {
      const name = `kubernetes/${base}`;
      const text = await readText(join(folder, name), name);
      return text === undefined ? [] : parseKubernetes(text, name);
    }),
  );
  return perFile.flat();
}

/**
 * The same object twice with the same content is one (overlapping kubectl commands give that); two that differ are refused,
 * for nobody can say which is true. Fields that a server changes by itself do not count.
 */
function distinctObjects(sourced: readonly SourcedObject[]): KubernetesObject[] {
  const seen = new Map<string, SourcedObject>();
  for (const entry of sourced) {
    const { apiVersion, kind, metadata } = entry.object;
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    const key = `${group}/${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, entry);
    else if (contentOf(earlier.object) !== contentOf(entry.object)) {
      const name = `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
      throw unreadable(entry.where, `${name} is also in ${earlier.where}, with other content; expected each object once`);
    }
  }
  return [...seen.values()].map((entry) => entry.object);
}

function contentOf(object: KubernetesObject): string {
  const { managedFields: _fields, resourceVersion: _version, ...metadata } = object.metadata;
  const { status: _status, ...rest } = object;
  return JSON.stringify({ ...rest, metadata });
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(folder, `the folder cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
}

async function readText(path: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(name, `the file cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
}

function unreadable(file: string, problem: string, cause?: unknown): PodshiftError {
  return new PodshiftError('SnapshotUnreadable', `${file}: ${problem}`, { cause, details: { file } });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
