import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { parse as parseYaml, YAMLError } from 'yaml';
import type { Addon, AddonVersion, AwsGateways } from '../aws/gateways.ts';
import { AGENT } from '../model/agent.ts';
import type { AddonFacts, AssociationFacts } from '../model/inventory.ts';
import { compareVersions } from '../model/versions.ts';

/** Where EKS installs add-ons that have no namespace of their own. */
const DEFAULT_NAMESPACE = 'kube-system';

/** Requests under way at a time. */
const CONCURRENCY = 4;

/** At most so many newer versions are asked whether they support Pod Identity. */
const MOST_VERSIONS = 8;

/**
 * Service accounts of the add-ons that take a role (EKS User Guide, "Available Amazon EKS add-ons"), as `NAMESPACE/NAME`:
 * for versions that do not name them themselves, as they do not support Pod Identity.
 */
export const ADDON_SERVICE_ACCOUNTS: Readonly<Record<string, readonly string[]>> = {
  'vpc-cni': ['kube-system/aws-node'],
  'aws-ebs-csi-driver': ['kube-system/ebs-csi-controller-sa'],
  'aws-efs-csi-driver': ['kube-system/efs-csi-controller-sa', 'kube-system/efs-csi-node-sa'],
  'aws-fsx-csi-driver': ['kube-system/fsx-csi-controller-sa', 'kube-system/fsx-csi-node-sa'],
  'aws-mountpoint-s3-csi-driver': ['kube-system/s3-csi-driver-sa'],
  'amazon-cloudwatch-observability': ['amazon-cloudwatch/cloudwatch-agent'],
  'external-dns': ['external-dns/external-dns'],
  'aws-network-flow-monitoring-agent': ['amazon-network-flow-monitor/aws-network-flow-monitor-agent-service-account'],
};

/** An add-on with what its version needs of IAM. */
export interface InstalledAddon {
  readonly addon: Addon;
  readonly namespace: string;
  /** Its service accounts that can take a role by Pod Identity in this version. */
  readonly podIdentity: readonly string[];
  /** All of its service accounts that are known, `NAMESPACE/NAME`. */
  readonly serviceAccounts: readonly string[];
}

/** The installed add-ons; what a version needs is asked only where something of it has a role. */
export async function readAddons(aws: AwsGateways, ownedBy: (addonName: string) => boolean): Promise<InstalledAddon[]> {
  const limit = pLimit(CONCURRENCY);
  const names = await aws.eks.listAddons();
  const installed = await Promise.all(
    names.map((name) =>
      limit(async (): Promise<InstalledAddon | undefined> => {
        const addon = await aws.eks.describeAddon(name);
        if (addon === undefined) return undefined;
        const known = ADDON_SERVICE_ACCOUNTS[name] ?? [];
        const namespace = addon.namespace ?? known[0]?.split('/')[0] ?? DEFAULT_NAMESPACE;
        const mayHaveRole = name !== AGENT && (addon.serviceAccountRoleArn !== undefined || known.length > 0 || ownedBy(name));
        const configuration = mayHaveRole ? await aws.eks.describeAddonConfiguration(name, addon.addonVersion) : undefined;
        const podIdentity = (configuration?.podIdentity ?? []).map((one) => one.serviceAccount);
        const own = podIdentity.map((serviceAccount) => `${namespace}/${serviceAccount}`);
        return { addon, namespace, podIdentity, serviceAccounts: [...new Set([...own, ...known])] };
      }),
    ),
  );
  return installed.filter((addon) => addon !== undefined);
}

/** The name of the add-on that owns an association; undefined for one that stands free. ARN: `…:addon/CLUSTER/NAME/UUID`. */
export function owningAddon(ownerArn: string | null | undefined): string | undefined {
  return ownerArn?.split(':addon/')[1]?.split('/')[1];
}

/** The facts of the add-ons but for the agent's. `inUse` tells whether a unit depends on one: only then a newer version is looked for. */
export async function addonFacts(
  aws: AwsGateways,
  installed: readonly InstalledAddon[],
  associations: readonly AssociationFacts[],
  kubernetesVersion: string,
  inUse: (addonName: string) => boolean,
): Promise<AddonFacts[]> {
  const facts: AddonFacts[] = [];
  for (const { addon, namespace, podIdentity } of installed) {
    if (addon.addonName === AGENT) continue;
    const lacks = inUse(addon.addonName) && podIdentity.length === 0;
    const values = addon.configurationValues ?? '';
    facts.push({
      name: addon.addonName,
      version: addon.addonVersion,
      status: addon.status,
      serviceAccountRoleArn: addon.serviceAccountRoleArn ?? null,
      namespace,
      issues: addon.healthIssues.map((issue) => issue.code).sort(),
      configurationHash: configurationHash(addon.configurationValues),
      configurationReadable: values === '' || isConfiguration(values),
      podIdentity: [...podIdentity].sort(),
      associations: associations
        .filter((association) => owningAddon(association.ownerArn) === addon.addonName)
        .map(({ serviceAccount, roleArn }) => ({ serviceAccount, roleArn }))
        .sort((a, b) => Number(a.serviceAccount > b.serviceAccount) - Number(a.serviceAccount < b.serviceAccount)),
      upgradeTo: lacks ? await upgradeOf(aws, addon, kubernetesVersion) : null,
    });
  }
  return facts;
}

/** What configuration values are known by: they may hold secrets, so they are never kept. */
export function configurationHash(values: string | undefined): string | null {
  return values === undefined || values === '' ? null : createHash('sha256').update(values).digest('hex');
}

/** Whether text is JSON of an object, or YAML of one in block style: what opens with a brace is meant as JSON. */
export function isConfiguration(text: string): boolean {
  try {
    const value: unknown = /^\s*[[{"]/.test(text) ? JSON.parse(text) : parseYaml(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof YAMLError) return false;
    throw error;
  }
}

/** The first newer version with Pod Identity: EKS's default one if it has it, else the newest that has. */
async function upgradeOf(aws: AwsGateways, addon: Addon, kubernetesVersion: string): Promise<string | null> {
  const versions = await aws.eks.addonVersions(addon.addonName, kubernetesVersion);
  const newer = versions.filter(({ version }) => compareVersions(version, addon.addonVersion) > 0);
  const ordered = [...newer].sort(
    (a: AddonVersion, b: AddonVersion) => Number(b.isDefault) - Number(a.isDefault) || compareVersions(b.version, a.version),
  );
  for (const { version } of ordered.slice(0, MOST_VERSIONS)) {
    const configuration = await aws.eks.describeAddonConfiguration(addon.addonName, version);
    if ((configuration?.podIdentity ?? []).length > 0) return version;
  }
  return null;
}
