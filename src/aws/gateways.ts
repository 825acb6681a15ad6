/**
 * The gateways to AWS: what the product needs of each service, in the product's words. Every list follows all pages.
 * They throw `PodshiftError`s by name: `Throttled`, `ServiceUnavailable` (5xx, resets and time-outs, after the SDK's own
 * retries), `AccessDenied`, `CredentialsMissing`, `InvalidRequest`, `LimitExceeded`, `AlreadyExists`, `NotFound`.
 */
export interface EksGateway {
  /** Names of all clusters of the account and region, whichever cluster the gateway is for. */
  listClusters(): Promise<string[]>;
  /** Throws `ClusterNotFound`. */
  describeCluster(): Promise<Cluster>;
  listAssociations(filter?: { namespace?: string; serviceAccount?: string }): Promise<AssociationSummary[]>;
  /** Undefined where it does not exist. */
  describeAssociation(associationId: string): Promise<Association | undefined>;
  /** Throws `AlreadyExists`, and `RoleNotReady` while EKS refuses the role's trust policy or does not see the role. */
  createAssociation(request: {
    namespace: string;
    serviceAccount: string;
    roleArn: string;
    clientRequestToken: string;
    tags: Record<string, string>;
  }): Promise<Association>;
  /** Deleting what is gone is no error. */
  deleteAssociation(associationId: string): Promise<void>;
  listAddons(): Promise<string[]>;
  /** Undefined where it is not installed. */
  describeAddon(addonName: string): Promise<Addon | undefined>;
  /** The default version of an add-on for a Kubernetes version; undefined where EKS offers none. */
  defaultAddonVersion(addonName: string, kubernetesVersion: string): Promise<string | undefined>;
  /** The versions of an add-on that run on a Kubernetes version, as EKS lists them (newest first); empty where EKS knows no such add-on. */
  addonVersions(addonName: string, kubernetesVersion: string): Promise<AddonVersion[]>;
  /** What a version of an add-on needs of IAM; undefined where EKS knows no such version. */
  describeAddonConfiguration(addonName: string, addonVersion: string): Promise<AddonConfiguration | undefined>;
  createAddon(request: {
    addonName: string;
    addonVersion: string;
    clientRequestToken: string;
    tags: Record<string, string>;
    configurationValues?: string;
  }): Promise<void>;
  /**
   * Starts an update with `resolveConflicts: PRESERVE`; what is left out stays as it is, but `podIdentityAssociations` is the
   * whole list. Throws `AlreadyExists` while another update runs, and `RoleNotReady` as {@link createAssociation} does.
   */
  updateAddon(request: {
    addonName: string;
    addonVersion: string;
    configurationValues?: string;
    serviceAccountRoleArn?: string;
    podIdentityAssociations: readonly AddonAssociation[];
    clientRequestToken: string;
  }): Promise<AddonUpdate>;
  /** Undefined where there is no such update of this add-on. */
  describeUpdate(addonName: string, updateId: string): Promise<AddonUpdate | undefined>;
  /** Deleting what is gone is no error. */
  deleteAddon(addonName: string): Promise<void>;
  listFargateProfiles(): Promise<FargateProfile[]>;
  /** ARNs of the principals with an access entry. Throws `InvalidRequest` where the cluster takes principals from the aws-auth ConfigMap alone. */
  listAccessEntries(): Promise<string[]>;
  listNodegroups(): Promise<Nodegroup[]>;
}

/** `describe-cluster`, as far as podshift uses it (domain.md §1.7). */
export interface Cluster {
  readonly name: string;
  readonly arn: string;
  /** Kubernetes version, such as `1.30`. */
  readonly version: string;
  readonly platformVersion: string;
  readonly status: string;
  readonly endpoint: string;
  /** PEM, one or more certificates; empty where EKS gives none. */
  readonly certificateAuthority: string;
  /** With `https://`; undefined where the cluster has none. */
  readonly oidcIssuer: string | undefined;
  readonly authenticationMode: string | undefined;
  readonly ipFamily: string | undefined;
  readonly endpointPublicAccess: boolean;
  readonly autoMode: boolean;
  readonly outpost: boolean;
  /** Whether EKS Connector shows it in EKS, which does not run it. */
  readonly registered?: boolean;
  readonly hybridNodes: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** What ListPodIdentityAssociations tells of an association. */
export interface AssociationSummary {
  readonly associationId: string;
  readonly associationArn: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Set where an add-on owns it. */
  readonly ownerArn: string | undefined;
}

/** What DescribePodIdentityAssociation tells of it. */
export interface Association extends AssociationSummary {
  readonly roleArn: string;
  readonly targetRoleArn: string | undefined;
  readonly disableSessionTags: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** What DescribeAddon tells of an add-on. */
export interface Addon {
  readonly addonName: string;
  readonly addonVersion: string;
  readonly status: string;
  readonly serviceAccountRoleArn: string | undefined;
  readonly configurationValues: string | undefined;
  /** Where it is installed; undefined where EKS does not say. */
  readonly namespace: string | undefined;
  /** ARNs of the associations it owns. */
  readonly podIdentityAssociations: readonly string[];
  readonly healthIssues: readonly { readonly code: string; readonly message: string }[];
  readonly tags: Readonly<Record<string, string>>;
}

/** A role for one of an add-on's service accounts; the namespace is the add-on's own. */
export interface AddonAssociation {
  readonly serviceAccount: string;
  readonly roleArn: string;
}

/** One version of an add-on, of DescribeAddonVersions. */
export interface AddonVersion {
  readonly version: string;
  /** Whether EKS installs it where none is named. */
  readonly isDefault: boolean;
  readonly requiresIamPermissions: boolean;
  /** Where EKS installs it; undefined where EKS does not say. */
  readonly defaultNamespace: string | undefined;
}

/** What DescribeAddonConfiguration tells of a version. */
export interface AddonConfiguration {
  /** Its service accounts that can take a role by Pod Identity; empty where this version cannot. */
  readonly podIdentity: readonly { readonly serviceAccount: string; readonly recommendedManagedPolicies: readonly string[] }[];
  /** The JSON Schema of its configuration values, as text; undefined where EKS gives none. */
  readonly schema?: string | undefined;
}

/** An update of an add-on. */
export interface AddonUpdate {
  readonly updateId: string;
  /** `InProgress`, `Successful`, `Failed` or `Cancelled`. */
  readonly status: string;
  readonly errors: readonly { readonly code: string; readonly message: string }[];
}

/** What DescribeFargateProfile tells of a profile. */
export interface FargateProfile {
  readonly name: string;
  /** Such as `ACTIVE`; absent where EKS does not say. */
  readonly status?: string;
  readonly selectors: readonly { readonly namespace: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** A managed node group. */
export interface Nodegroup {
  readonly name: string;
  readonly nodeRoleArn: string;
}

/** IAM, as far as podshift asks it. Every method can throw `Throttled`, `ServiceUnavailable` and `AccessDenied`. */
export interface IamGateway {
  /** Every role of the account with its trust policy; IAM leaves the tags out of this list (IAM API Reference, "ListRoles"). */
  listRoles(): Promise<Role[]>;
  /** The same with tags and permission policies, in as few pages: `GetAccountAuthorizationDetails`, which not everyone may call (`AccessDenied`). */
  listRolesWithTags(): Promise<RoleWithTags[]>;
  /** Undefined where it does not exist. */
  getRole(roleName: string): Promise<RoleWithTags | undefined>;
  /** Replaces the whole document. */
  updateAssumeRolePolicy(roleName: string, document: string): Promise<void>;
  listOpenIdConnectProviders(): Promise<string[]>;
  /** How many characters a trust policy of the account may have, white space not counted; undefined where IAM does not say. */
  trustPolicyQuota(): Promise<number | undefined>;
  /** Answers its ARN. Throws `AlreadyExists`. */
  createRole(roleName: string, trustPolicy: string, tags: Readonly<Record<string, string>>): Promise<string>;
  /** Attaching what is attached is no error. */
  attachRolePolicy(roleName: string, policyArn: string): Promise<void>;
}

/** What ListRoles tells of a role; its trust policy decoded. */
export interface Role {
  readonly roleName: string;
  readonly arn: string;
  readonly path: string;
  /** The trust policy as stored, URL-decoded. */
  readonly trustPolicy: string;
}

/** What GetRole and GetAccountAuthorizationDetails tell besides. */
export interface RoleWithTags extends Role {
  readonly tags: Readonly<Record<string, string>>;
  /** Its permission policies; of the bulk read alone. */
  readonly policies?: readonly RolePolicy[];
  /** What its permissions are limited to; absent where it has no boundary, and of the bulk read alone. */
  readonly boundary?: RolePolicy;
  /** Names of the instance profiles that it is in; of the bulk read alone. */
  readonly instanceProfiles?: readonly string[];
}

/** A permission policy of a role. */
export interface RolePolicy {
  /** Of an attached policy; empty for an inline one. */
  readonly arn: string;
  /** URL-decoded; empty for one of AWS's own, whose document the bulk read leaves out. */
  readonly document: string;
}

/** STS, as far as podshift asks it. */
export interface StsGateway {
  getCallerIdentity(): Promise<{ accountId: string; arn: string }>;
}

/** CloudTrail, as far as podshift asks it. It can throw `Throttled`, `ServiceUnavailable` and `AccessDenied`. */
export interface CloudTrailGateway {
  /**
   * Management events of one resource or name, newest first, all pages up to `limit` (default 200).
   * `startTime` and `endTime` are milliseconds since the epoch.
   */
  lookupEvents(query: {
    attribute: 'ResourceName' | 'EventName';
    value: string;
    startTime: number;
    endTime: number;
    limit?: number;
    /** Asked after each page that others follow; where it says so they are left out. */
    isEnough?: () => boolean;
    /** `global`: events of IAM, which CloudTrail keeps in one region of the partition; those of the cluster's region where absent. */
    scope?: 'global';
  }): Promise<CloudTrailEvent[]>;
}

/** One event of LookupEvents. */
export interface CloudTrailEvent {
  readonly eventId: string;
  readonly eventName: string;
  /** Milliseconds since the epoch. */
  readonly eventTime: number;
  /** The event itself, parsed; no secrets (CloudTrail hides them). */
  readonly event: Readonly<Record<string, unknown>>;
}

/** All gateways to one account and region, over one cluster. */
export interface AwsGateways {
  readonly eks: EksGateway;
  readonly iam: IamGateway;
  readonly sts: StsGateway;
  readonly cloudTrail: CloudTrailGateway;
}
