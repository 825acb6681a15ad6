import type { AgentPods, AgentSetting } from './agent.ts';
import type { MetadataFacts, MetadataInventory, ServiceAccountShape } from './metadata.ts';
import type { ChartFact, OwnerFact } from './owner.ts';

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

/** Something in a container that outranks Pod Identity, or depends on the old way. Names only, never values. */
export interface OverrideFact {
  /**
   * - `env`: a variable set by hand; `config-map`: the same by `envFrom` or a file
   * - `profile-mount`: a mount on `~/.aws`; `token`: a hand-made projected token for STS
   * - `web-identity`: arguments, environment or configuration name the web-identity provider
   * - `session-name`: the session name is set
   * - `secret-env`: `envFrom` a Secret, which is not read
   * - `token-volume`, `token-mount`: what keeps the webhook's token of Pod Identity from its file; `irsa-token`: the same of IRSA's
   */
  readonly kind:
    | 'env'
    | 'config-map'
    | 'profile-mount'
    | 'token'
    | 'web-identity'
    | 'session-name'
    | 'secret-env'
    | 'token-volume'
    | 'token-mount'
    | 'irsa-token';
  readonly container: string;
  /** The variable, mount path, volume, or `ConfigMap NAME, key KEY`. */
  readonly name: string;
}

/** Which image a container runs, as its template writes it. */
export interface ImageFact {
  readonly container: string;
  readonly image: string;
}

/** A mesh that puts a proxy into pods. */
export type MeshName = 'Istio' | 'Linkerd' | 'Consul' | 'Kuma' | 'App Mesh';

/** What the proxy of a mesh does with calls to the agent. */
export interface MeshFact {
  readonly mesh: MeshName;
  readonly verdict: 'blocks' | 'unknown';
  /** The object that says so (`Kind/namespace/name`), or why nobody can tell. */
  readonly by: string;
}

/** One owner of pods that use a service account of {@link Inventory.serviceAccounts}. */
export interface WorkloadFacts {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  /** Pods it is meant to run; null where its kind does not say. */
  readonly replicas: number | null;
  /** Pods that exist now and have not finished. */
  readonly livePods: number;
  /** Those among them that Pod Identity gives nothing; absent where there is none, or nothing is to get any. */
  readonly oldPods?: number;
  /** Nodes that run them, sorted. */
  readonly nodeNames: readonly string[];
  /** Up to five Linux nodes that could run them, where none runs now. */
  readonly candidateNodeNames: readonly string[];
  readonly paused: boolean;
  /** CronJob or Job suspended, or a Job that has ended. */
  readonly idle: 'suspended' | 'finished' | null;
  /** Of a Deployment, StatefulSet or DaemonSet; empty for others. */
  readonly strategy: 'RollingUpdate' | 'Recreate' | 'OnDelete' | '';
  /** Of a StatefulSet; 0 elsewhere. */
  readonly partition: number;
  /** Whether a roll-out starts the new pod before it stops the old one. */
  readonly surge: boolean;
  /** Pods that no known controller owns: every one of them ends by itself, by its restart policy. */
  readonly endsByItself?: boolean;
  /** The Argo Rollout (`Rollout/namespace/name`) that takes this workload's template for its own pods. */
  readonly templateOf?: string;
  /** A controller above it of a kind that podshift does not know. */
  readonly controlledBy: { readonly apiVersion: string; readonly kind: string; readonly name: string } | null;
  readonly owners: readonly OwnerFact[];
  /** The operator that rolls its pods itself; absent where none is known to. */
  readonly rolledBy?: string;
  /** Its template, or a pod of it, is for Windows. */
  readonly windows: boolean;
  /** The Fargate profile that takes its pods, or the Fargate node that runs one; null where neither. */
  readonly fargate: string | null;
  /** `skip-containers` names every container, init ones too: the webhook changes none. */
  readonly skipsContainers?: boolean;
  /** The whole pod carries the label that keeps the webhook away. */
  readonly skipsWebhook: boolean;
  readonly overrides: readonly OverrideFact[];
  /** Images of its containers, init and side ones too, in the template's order. */
  readonly images?: readonly ImageFact[];
  /** PodDisruptionBudgets that select its pods and allow no eviction now. */
  readonly blockingBudgets: readonly string[];
  /** As Kubernetes writes them. */
  readonly tolerations: readonly Readonly<Record<string, unknown>>[];
  /** Containers whose HTTP proxy would get the agent's requests too. */
  readonly proxied?: readonly string[];
  /** Network policies that cut its pods off from the agent. */
  readonly cutOffBy?: readonly string[];
  /** Proxies around its pods that drop their calls to the agent, or may; absent where there is none. */
  readonly meshes?: readonly MeshFact[];
  /** Egress gateway policies that take its pods' calls to the agent's address; absent where there is none. */
  readonly egressGateways?: readonly string[];
  /** Up to five nodes that run its pods, or could, and whose role does not let the agent in; absent where there is none. */
  readonly unservedNodes?: readonly string[];
  /** SecretProviderClasses of the AWS provider that it mounts without `usePodIdentity`. */
  readonly secretProviderClasses: readonly string[];
  /** What kube2iam or kiam see of its pods; absent where neither runs. */
  readonly metadata?: MetadataFacts;
}

/**
 * What a consumer needs of a service account:
 * - `token`: it exchanges the service account's token itself, by IRSA; `annotation`: it reads the role from the annotation
 * - `pods`: it starts pods as the service account, which get Pod Identity as any other
 * - `nothing`: it only names it; `unknown`: it names it, and podshift does not know the kind
 */
export type ConsumerNeed = 'token' | 'annotation' | 'pods' | 'nothing' | 'unknown';

/** A custom resource that names a service account, without being one of its pods: a consumer. */
export interface IndirectUserFact {
  /** `SecretStore/namespace/name` or `ClusterSecretStore/name`. */
  readonly subject: string;
  /** `*` where it may be of any. */
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Absent in an inventory of an earlier version: a token. */
  readonly needs?: ConsumerNeed;
  /** Absent for a kind that podshift does not know. */
  readonly component?: string;
  /** The field that names it. */
  readonly at?: string;
  /** A field of its text that names the web-identity provider. */
  readonly webIdentity?: string;
}

/** What was seen of custom resources beside the service accounts that they name. */
export interface CustomResourceFacts {
  /** Kinds (`PLURAL.GROUP`) that could not be listed, sorted; `*` stands for all of a group. */
  readonly unread: readonly string[];
  /** Custom resources that name the web-identity provider and no service account. */
  readonly webIdentity: readonly { readonly subject: string; readonly at: string }[];
  /** Those whose controllers write whole trust policies; absent where there is none. */
  readonly trustWriters?: readonly TrustWriterFact[];
}

/** A custom resource by which a controller writes the whole trust policy of a role. */
export interface TrustWriterFact {
  readonly subject: string;
  readonly component: string;
  /** ARN or name. */
  readonly role: string;
  /** The field with the document; null where none takes a statement for Pod Identity. */
  readonly document: string | null;
}

/** A role that a service account names, with its trust policy as IAM stores it, decoded. */
export interface RoleFacts {
  readonly arn: string;
  readonly name: string;
  readonly trustPolicy: string;
  readonly owners: readonly OwnerFact[];
  /** Absent where the permission policies may not be read. */
  readonly policies?: PolicyFacts;
  /** The account's roles that it may assume: those that its permissions name by their whole ARNs, and those whose trust policies name it. */
  readonly chained?: readonly TrustingRole[];
}

/** A role that trusts somebody of this cluster, with its trust policy as IAM stores it, decoded. */
export interface TrustingRole {
  readonly arn: string;
  readonly trustPolicy: string;
}

/** What a role's permission policies say that another way to the role can break. */
export interface PolicyFacts {
  /** The resources that they allow sts:AssumeRole on, by that action's name; sorted. */
  readonly assumes: readonly string[];
  /** They allow actions of MSK's IAM access control, which knows a client by its session. */
  readonly usesKafka: boolean;
  /** Condition keys that hold the session's name. */
  readonly sessionKeys: readonly string[];
}

/** An SDK that exchanged a service account's token by IRSA, and is too old for Pod Identity. */
export interface OldSdkFact {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly sdk: string;
  readonly version: string;
  readonly minimum: string;
}

/** A role that a service account's token was exchanged for, as CloudTrail shows it. */
export interface TokenUseFact {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
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
