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
  /** Those that its configuration values name, `NAMESPACE/NAME`: with or without a need of a role. */
  readonly named: readonly string[];
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
        const named = accountsIn(addon.configurationValues);
        const hasRole = addon.serviceAccountRoleArn !== undefined || named.length > 0 || /role-?arn/i.test(addon.configurationValues ?? '');
        const mayHaveRole = name !== AGENT && (hasRole || known.length > 0 || ownedBy(name));
        const configuration = mayHaveRole ? await aws.eks.describeAddonConfiguration(name, addon.addonVersion) : undefined;
        const podIdentity = (configuration?.podIdentity ?? []).map((one) => one.serviceAccount);
        const own = podIdentity.map((serviceAccount) => `${namespace}/${serviceAccount}`);
        const serviceAccounts = [...new Set([...own, ...known])];
        return { addon, namespace, podIdentity, serviceAccounts, named: named.map((name) => `${namespace}/${name}`) };
      }),
    ),
  );
  return installed.filter((addon) => addon !== undefined);
}

/** The name of the add-on that owns an association; undefined for one that stands free. ARN: `…:addon/CLUSTER/NAME/UUID`. */
export function owningAddon(ownerArn: string | null | undefined): string | undefined {
  return ownerArn?.split(':addon/')[1]?.split('/')[1];
}

/**
 * The facts of the add-ons but for the agent's. `accountsOf` gives the service accounts of one that are units: where its version does not
 * know one of them, a newer version is looked for.
 */
export async function addonFacts(
  aws: AwsGateways,
  installed: readonly InstalledAddon[],
  associations: readonly AssociationFacts[],
  kubernetesVersion: string,
  accountsOf: (addonName: string) => readonly string[],
): Promise<AddonFacts[]> {
  const facts: AddonFacts[] = [];
  for (const { addon, namespace, podIdentity } of installed) {
    if (addon.addonName === AGENT) continue;
    const lacking = accountsOf(addon.addonName).filter((name) => !podIdentity.includes(name));
    const upgrade = lacking.length === 0 ? undefined : await upgradeOf(aws, addon, kubernetesVersion, lacking);
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
      upgradeTo: upgrade?.version ?? null,
      ...(upgrade === undefined ? {} : { upgradePodIdentity: upgrade.podIdentity }),
    });
  }
  return facts;
}

/** What configuration values are known by: they may hold secrets, so they are never kept. */
export function configurationHash(values: string | undefined): string | null {
  return values === undefined || values === '' ? null : createHash('sha256').update(values).digest('hex');
}

/** The service accounts that configuration values name: `serviceAccount.name` at any depth, as charts have it. */
export function accountsIn(values: string | undefined): string[] {
  const names = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'serviceAccount' && typeof inner?.name === 'string' && inner.name !== '') names.add(inner.name);
      walk(inner);
    }
  };
  walk(configurationOf(values ?? ''));
  return [...names];
}

/** Whether text is JSON of an object, or YAML of one in block style: what opens with a brace is meant as JSON. */
export function isConfiguration(text: string): boolean {
  return configurationOf(text) !== undefined;
}

function configurationOf(text: string): object | undefined {
  try {
    const value: unknown = /^\s*[[{"]/.test(text) ? JSON.parse(text) : parseYaml(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof YAMLError) return undefined;
    throw error;
  }
}

/**
 * The newer version with Pod Identity for most of these service accounts: of several such EKS's default one, else the newest. Undefined
 * where none of them has it for any.
 */
async function upgradeOf(
  aws: AwsGateways,
  addon: Addon,
  kubernetesVersion: string,
  lacking: readonly string[],
): Promise<{ readonly version: string; readonly podIdentity: readonly string[] } | undefined> {
  const versions = await aws.eks.addonVersions(addon.addonName, kubernetesVersion);
  const newer = versions.filter(({ version }) => compareVersions(version, addon.addonVersion) > 0);
  const ordered = [...newer].sort(
    (a: AddonVersion, b: AddonVersion) => Number(b.isDefault) - Number(a.isDefault) || compareVersions(b.version, a.version),
  );
  let best: { version: string; podIdentity: readonly string[] } | undefined;
  for (const { version } of ordered.slice(0, MOST_VERSIONS)) {
    const configuration = await aws.eks.describeAddonConfiguration(addon.addonName, version);
    const all = (configuration?.podIdentity ?? []).map(({ serviceAccount }) => serviceAccount);
    const podIdentity = lacking.filter((name) => all.includes(name)).sort();
    if (podIdentity.length > (best?.podIdentity.length ?? 0)) best = { version, podIdentity };
    if (podIdentity.length === lacking.length) break;
  }
  return best;
}
