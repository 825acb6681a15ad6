import type { AgentPods, AgentSetting } from './agent.ts';
import type { OldSdkFact, RoleFacts, TokenUseFact, TrustingRole } from './facts/account.ts';
import type { CustomResourceFacts, IndirectUserFact } from './facts/consumer.ts';
import type { WorkloadFacts } from './facts/workload.ts';
import type { MetadataInventory, ServiceAccountShape } from './metadata.ts';
import type { ChartFact, OwnerFact } from './owner.ts';
import type { UnmatchedSelector } from './selection.ts';

export type { OldSdkFact, PolicyFacts, RoleFacts, TokenUseFact, TrustingRole } from './facts/account.ts';
export type { ConsumerNeed, CustomResourceFacts, IndirectUserFact, TrustWriterFact } from './facts/consumer.ts';
export type { ImageFact, MeshFact, MeshName, OverrideFact, WorkloadFacts } from './facts/workload.ts';
export type { OwnerFact } from './owner.ts';

/** The cluster, as far as decisions need it. */
export interface ClusterFacts {
  readonly arn: string;
  readonly name: string;
  readonly region: string;
  readonly accountId: string;
  /** Such as `aws` or `aws-cn`. */
  readonly partition: string;
  /** Kubernetes version, such as `1.30`. */
  readonly version: string;
  /** Such as `eks.18`. */
  readonly platformVersion: string;
  /** With `https://`; null where the cluster has none. */
  readonly oidcIssuer: string | null;
  readonly autoMode: boolean;
  readonly outpost: boolean;
  /** It is another Kubernetes that EKS Connector shows in EKS; absent where EKS runs it. */
  readonly registered?: true;
  /** Such as `UPDATING`; absent where it is `ACTIVE`. */
  readonly status?: string;
  /** `ipv4` or `ipv6`; absent where EKS does not say. */
  readonly ipFamily?: string;
}

/** One node. `class` says which agent serves it: none can on Windows and Fargate, Auto Mode has its own. */
export interface NodeFacts {
  readonly name: string;
  readonly class: 'linux' | 'windows' | 'fargate' | 'auto' | 'hybrid' | 'virtual';
  readonly ready: boolean;
  /** Whether a pod of the agent's DaemonSet is ready there. */
  readonly agentReady: boolean;
  /** Only of a node that runs Bottlerocket. */
  readonly bottlerocket?: true;
}

/** The Pod Identity agent as found. */
export interface AgentFacts {
  readonly addon: { readonly version: string; readonly status: string } | null;
  /** Its DaemonSet, whoever installed it; null where there is none. */
  readonly daemonSet: { readonly namespace: string; readonly name: string; readonly desired: number; readonly ready: number } | null;
  /** The add-on version that EKS would install; null where it was not asked (the agent is there) or EKS offers none. */
  readonly defaultVersion: string | null;
  /** What the configuration of that version can set; empty where it was not asked. */
  readonly settings?: readonly AgentSetting[];
  /** The addresses that its DaemonSet is told to listen on; null where there is none. */
  readonly listens?: 'ipv4' | 'ipv6' | 'both' | null;
  /** Its pods; those of the add-on where there is none yet. */
  readonly pods?: readonly AgentPods[];
  /** Nodes on which its pod has ended again and again, sorted. */
  readonly restarting?: readonly string[];
}

/** A service account that has, or had, a role: annotated, an add-on's, or associated. */
export interface ServiceAccountFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The webhook's annotations alone (`PREFIX/…`), key to value. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Who owns its role annotation; the first one is named. */
  readonly owners: readonly OwnerFact[];
  /** Absent where no label names a chart. */
  readonly chart?: ChartFact;
  /** The EKS add-on whose service account it is; null for any other. */
  readonly addon: string | null;
  /** What a split takes over; absent where no daemon serves its pods. */
  readonly shape?: ServiceAccountShape;
}

/** A role that nodes of the cluster run as. */
export interface NodeRoleFact {
  readonly arn: string;
  /** Whether it lets the agent ask EKS Auth. */
  readonly agent: 'yes' | 'no' | 'unknown';
  /** ARN of its permissions boundary, where that is what refuses. */
  readonly boundary?: string;
  /** The nodes that run as it; null where nobody asked, as all roles answer alike. */
  readonly nodeNames: readonly string[] | null;
}

/** Pods that hold ports of their nodes which the agent's pods need. */
export interface AgentPortFact {
  /** `Kind/namespace/name`. */
  readonly subject: string;
  readonly ports: readonly number[];
  /** Whether they are as critical as the agent, which then cannot evict them. */
  readonly critical: boolean;
}

/** What the cluster as a whole says about Pod Identity. */
export interface PlatformFacts {
  /** Its API server has no public endpoint. */
  readonly privateEndpoint: boolean;
  /** Pods with security groups of their own cannot reach addresses of their node. */
  readonly podGroupsCutOff: boolean;
  /** Workloads that take port 80 of their nodes. */
  readonly port80: readonly string[];
  /** Who holds the ports that the agent's pods need, whether it is installed or not; absent in an inventory of an earlier version. */
  readonly agentPorts?: readonly AgentPortFact[];
  readonly nodeRoles: readonly NodeRoleFact[];
  /** Associations of the cluster. */
  readonly associations: number;
  /** Workloads of controllers that manage associations or annotations themselves. */
  readonly controllers: readonly string[];
  /** Those among them that delete an association when its annotation goes. */
  readonly annotationControllers?: readonly string[];
  readonly oldSdks: readonly OldSdkFact[];
  /** Absent in an inventory of an earlier version. */
  readonly tokenUses?: readonly TokenUseFact[];
}

/** An association that exists. */
export interface AssociationFacts {
  readonly associationId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Set where an add-on owns it. */
  readonly ownerArn: string | null;
  readonly roleArn: string;
  readonly targetRoleArn: string | null;
  readonly disableSessionTags: boolean;
  /** The run that made it, by its tag; null for one that podshift did not make. */
  readonly podshiftRun: string | null;
  /** The mechanism that podshift made it for, by its tag; absent for IRSA and for what podshift did not make. */
  readonly mechanism?: 'kube2iam' | 'kiam';
}

/** Live pods of one owner with a role by IRSA that their service account's annotation does not name now. */
export interface StaleRoleFact {
  /** `Kind/namespace/name` of the topmost owner. */
  readonly subject: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The role that the webhook gave the pods when they were created. */
  readonly roleArn: string;
  /** The role that the annotation names now; null where there is none. */
  readonly named: string | null;
  readonly pods: number;
}

/** That a service account has an association. */
export interface AssociatedFact {
  readonly associationId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** An EKS add-on, the agent's own excepted. */
export interface AddonFacts {
  readonly name: string;
  readonly version: string;
  readonly status: string;
  readonly serviceAccountRoleArn: string | null;
  /** The namespace of its service accounts. */
  readonly namespace: string;
  /** Codes of what EKS says is wrong with it. */
  readonly issues: readonly string[];
  /** SHA-256 in hex of its configuration values, which may hold secrets; null where it has none. */
  readonly configurationHash: string | null;
  /** Whether its configuration values are JSON or YAML of an object, so that they can be handed back. */
  readonly configurationReadable: boolean;
  /** Service accounts that can take a role by Pod Identity in this version; not asked for an add-on without any role. */
  readonly podIdentity: readonly string[];
  /** Roles of the associations that it owns. */
  readonly associations: readonly { readonly serviceAccount: string; readonly roleArn: string }[];
  /** Where this version lacks Pod Identity: the version that has it, and runs on this cluster; null where there is none. */
  readonly upgradeTo: string | null;
  /** The service accounts that this version lacks and that one has; absent in an inventory of an earlier version. */
  readonly upgradePodIdentity?: readonly string[];
}

/** What kube2iam and kiam do here, as it was seen. */
export interface LegacyFact {
  /** `Kind/namespace/name`. */
  readonly subject: string;
  /** `annotation`: a pod or template with `iam.amazonaws.com/role`; `daemon`: a DaemonSet that serves them. */
  readonly kind: 'annotation' | 'daemon';
  /** The role as annotated, or the daemon (`kube2iam`, `kiam`). */
  readonly name: string;
}

/**
 * What one cluster and its account look like, reduced to what decisions need. Plain JSON, sorted, without secrets: of
 * environments and ConfigMaps only names are kept.
 */
export interface Inventory {
  readonly version: 1;
  /** RFC 3339. */
  readonly takenAt: string;
  readonly cluster: ClusterFacts;
  /** Values of the options that choose nothing; absent where each chooses something. */
  readonly unmatched?: readonly UnmatchedSelector[];
  /** The webhook's annotation prefix that was looked for. */
  readonly annotationPrefix: string;
  readonly agent: AgentFacts;
  readonly nodes: readonly NodeFacts[];
  readonly serviceAccounts: readonly ServiceAccountFacts[];
  readonly workloads: readonly WorkloadFacts[];
  readonly indirectUsers: readonly IndirectUserFact[];
  /** Absent in an inventory of an earlier version. */
  readonly customResources?: CustomResourceFacts;
  readonly roles: readonly RoleFacts[];
  /** Roles whose trust policies name the cluster's OIDC provider, beside {@link roles}. */
  readonly trusting?: readonly TrustingRole[];
  /** Characters that a trust policy of the account may have, white space not counted; absent where it may not be read. */
  readonly trustPolicyQuota?: number;
  /** ARNs of the account's OIDC providers; null where the list may not be read. */
  readonly oidcProviders: readonly string[] | null;
  readonly associations: readonly AssociationFacts[];
  /** Every association in the options' scope, also those of service accounts that are not listed; absent in an inventory of an earlier version. */
  readonly associated?: readonly AssociatedFact[];
  /** Associations in the options' scope of service accounts that are not listed; absent in an inventory of an earlier version. */
  readonly otherAssociations?: readonly AssociationFacts[];
  /** Roles of {@link otherAssociations}, and those whose trust policies name Pod Identity and this cluster, beside {@link roles}. */
  readonly trustingPods?: readonly TrustingRole[];
  /** Absent in an inventory of an earlier version. */
  readonly staleRoles?: readonly StaleRoleFact[];
  readonly addons: readonly AddonFacts[];
  readonly legacy: readonly LegacyFact[];
  /** kube2iam and kiam with all that they decide by; absent where no daemon was found. */
  readonly metadata?: MetadataInventory;
  /** Absent in an inventory of an earlier version. */
  readonly platform?: PlatformFacts;
}
