import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { SnapshotParts } from '../../twin/snapshot.ts';

/** A member of what a command of AWS answered, by its path. */
function named(value: unknown, ...path: string[]): string {
  return String(path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], value)).replace(/.*\//, '');
}

/** Writes a snapshot into a folder, each answer to the file that the commands of docs/snapshots.md redirect it to. */
export async function writeSnapshot(folder: string, parts: SnapshotParts): Promise<void> {
  const each = (values: readonly unknown[] | undefined, name: (value: unknown) => string) =>
    (values ?? []).map((value): [string, unknown] => [`${name(value)}.json`, value]);
  const files: [string, unknown][] = [
    ['eks/cluster.json', parts.cluster],
    ['eks/addon-versions.json', parts.addonVersions],
    ...each(parts.addons, (value) => `eks/addons/${named(value, 'addon', 'addonName')}`),
    ...each(parts.addonConfigurations, (value) => `eks/addon-configurations/${named(value, 'addonName')}@${named(value, 'addonVersion')}`),
    ...each(parts.associations, (value) => `eks/pod-identity-associations/${named(value, 'association', 'associationId')}`),
    ...each(parts.fargateProfiles, (value) => `eks/fargate-profiles/${named(value, 'fargateProfile', 'fargateProfileName')}`),
    ...each(parts.nodegroups, (value) => `eks/nodegroups/${named(value, 'nodegroup', 'nodegroupName')}`),
    ...each(parts.accessEntries, (value) => `eks/access-entries/${named(value, 'accessEntry', 'principalArn')}`),
    ['iam/account-authorization-details.json', parts.account],
    ['iam/open-id-connect-providers.json', parts.openIdConnectProviders],
    ['iam/account-summary.json', parts.accountSummary],
    ['cloudtrail/events.json', parts.trail],
  ];
  for (const [name, value] of files.filter(([, content]) => content !== undefined)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), JSON.stringify(value, null, 4));
  }
  const kinds = Map.groupBy(
    parts.objects as { apiVersion: string; kind: string }[],
    ({ apiVersion, kind }) => `${kind}.${apiVersion.replace('/', '.')}`,
  );
  await mkdir(join(folder, 'kubernetes'), { recursive: true });
  for (const [kind, items] of kinds)
    await writeFile(
      join(folder, 'kubernetes', `${kind.toLowerCase()}.yaml`),
      stringify({ apiVersion: 'v1', kind: 'List', items, metadata: { resourceVersion: '' } }),
    );
}
