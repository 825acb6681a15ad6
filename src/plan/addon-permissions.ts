import type { AddonConfiguration, AddonVersion } from '../aws/gateways.ts';
import { PodshiftError } from '../model/errors.ts';
import { admitServiceAccounts, parseTrustPolicy } from '../trust/index.ts';
import { compareText } from './waves.ts';

/** What one service account of an add-on needs of IAM. */
export interface AddonRoleNeed {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleName: string;
  readonly managedPolicies: readonly string[];
  /** The whole trust policy, as JSON text. */
  readonly trustPolicy: string;
}

/** What `podshift addon permissions` prints with `-o json`. */
export interface AddonPermissions {
  readonly apiVersion: 'podshift/v1';
  readonly kind: 'AddonPermissions';
  readonly cluster: string;
  readonly addonName: string;
  readonly addonVersion: string;
  readonly isDefaultVersion: boolean;
  readonly requiresIamPermissions: boolean;
  /** Empty where this version does not support Pod Identity. */
  readonly roles: readonly AddonRoleNeed[];
}

/** Names that the EKS console suggests for an add-on's role (EKS User Guide, "Assign an IAM role to an add-on"). */
const ROLE_NAMES: Readonly<Record<string, string>> = {
  'vpc-cni': 'AmazonEKSPodIdentityAmazonVPCCNIRole',
  'aws-ebs-csi-driver': 'AmazonEKSPodIdentityAmazonEBSCSIDriverRole',
  'aws-efs-csi-driver': 'AmazonEKSPodIdentityAmazonEFSCSIDriverRole',
  'aws-mountpoint-s3-csi-driver': 'AmazonEKSPodIdentityAmazonS3CSIDriverRole',
  'amazon-cloudwatch-observability': 'AmazonEKSPodIdentityAmazonCloudWatchObservabilityRole',
};

/**
 * The version that is asked about: the named one, or the default. Throws `UsageError` for an add-on or a version that EKS
 * does not have for this Kubernetes version.
 */
export function chooseVersion(
  addonName: string,
  versions: readonly AddonVersion[],
  wanted: string | undefined,
  kubernetesVersion: string,
): AddonVersion {
  const [first] = versions;
  if (first === undefined) throw new PodshiftError('UsageError', `EKS has no add-on ${addonName} for Kubernetes ${kubernetesVersion}`);
  if (wanted === undefined) return versions.find((version) => version.isDefault) ?? first;
  const found = versions.find(({ version }) => version === wanted);
  if (found !== undefined) return found;
  const some = versions.slice(0, 5).map(({ version }) => version);
  throw new PodshiftError(
    'UsageError',
    `EKS has no version ${wanted} of the add-on ${addonName} for Kubernetes ${kubernetesVersion}; it has ${some.join(', ')}`,
  );
}

/** What a version of an add-on needs: one role for each of its service accounts, scoped to it. Pure. */
export function addonPermissions(
  cluster: { readonly arn: string; readonly accountId: string },
  addonName: string,
  version: AddonVersion,
  configuration: AddonConfiguration | undefined,
  namespace: string,
): AddonPermissions {
  const needs = [...(configuration?.podIdentity ?? [])].sort((a, b) => compareText(a.serviceAccount, b.serviceAccount));
  return {
    apiVersion: 'podshift/v1',
    kind: 'AddonPermissions',
    cluster: cluster.arn,
    addonName,
    addonVersion: version.version,
    isDefaultVersion: version.isDefault,
    requiresIamPermissions: version.requiresIamPermissions,
    roles: needs.map(({ serviceAccount, recommendedManagedPolicies }) => ({
      namespace,
      serviceAccount,
      roleName: roleName(addonName, needs.length > 1 ? serviceAccount : ''),
      managedPolicies: recommendedManagedPolicies,
      trustPolicy: trustPolicyFor(cluster, { namespace, name: serviceAccount }),
    })),
  };
}

/** At most 64 characters, as IAM takes them; several service accounts of one add-on are told apart by their names. */
function roleName(addonName: string, serviceAccount: string): string {
  const pascal = (text: string) => text.replace(/(^|[^a-zA-Z0-9]+)([a-zA-Z0-9])/g, (_, __, letter: string) => letter.toUpperCase());
  const base = ROLE_NAMES[addonName] ?? `AmazonEKSPodIdentity${pascal(addonName)}Role`;
  return (serviceAccount === '' ? base : base.replace(/Role$/, `-${serviceAccount}`)).slice(0, 64);
}

/** A trust policy with podshift's own statement for one service account and no other, as JSON. */
export function trustPolicyFor(
  cluster: { readonly arn: string; readonly accountId: string },
  serviceAccount: { namespace: string; name: string },
): string {
  const empty = parseTrustPolicy('{"Version":"2012-10-17","Statement":[]}');
  const grant = {
    clusterArn: cluster.arn,
    accountId: cluster.accountId,
    serviceAccounts: [serviceAccount],
    scope: 'service-account',
  } as const;
  /* v8 ignore start -- a document of no statement always parses and always takes one */
  const result = empty.ok ? admitServiceAccounts(empty.policy, grant) : undefined;
  if (result?.kind !== 'changed') throw new PodshiftError('InternalError', 'an empty trust policy takes no statement');
  /* v8 ignore stop */
  return result.text;
}
