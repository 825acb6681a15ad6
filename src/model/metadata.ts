import type { OwnerFact } from './owner.ts';

/** Where a daemon's short role names begin: an ARN prefix, the cluster's own account (it asks the instance profile), or nowhere. */
export type RoleBase = { readonly kind: 'prefix'; readonly prefix: string } | { readonly kind: 'discovered' } | { readonly kind: 'none' };

/** How a daemon gets at the pods' calls to instance metadata: a DNAT rule in `nat PREROUTING` on each node. */
export interface Interception {
  /** Whether the daemon adds the rule itself. */
  readonly iptables: boolean;
  /** As iptables takes it: `eni+`, or `!eth0` for every interface but that one. */
  readonly hostInterface: string;
  /** Where the rule sends the calls to, on the node's own address. */
  readonly port: number;
  /** The address that is intercepted. */
  readonly metadataAddress: string;
  /** Where on the node the rule sends the calls to: the node's own address, or one that is written out; null where podshift cannot read it. */
  readonly hostAddress: { readonly kind: 'node' } | { readonly kind: 'address'; readonly address: string } | null;
  /** Whether it takes its rule away itself when it stops in peace. */
  readonly removesRule: boolean;
}

/** The settings of kube2iam (jtblin/kube2iam, cmd/main.go and server/server.go). */
export interface Kube2iamSettings {
  readonly part: 'kube2iam';
  readonly roleKey: string;
  readonly externalIdKey: string;
  readonly namespaceKey: string;
  readonly namespaceRestrictions: boolean;
  /** As given; only `regexp`, in any case, is no glob. */
  readonly restrictionFormat: string;
  readonly base: RoleBase;
  /** Empty for none. */
  readonly defaultRole: string;
  /** The nodes' own role is the default. */
  readonly discoverDefaultRole: boolean;
  readonly interception: Interception;
}

/** The settings of kiam's agent (uswitch/kiam, cmd/kiam/agent.go). */
export interface KiamAgentSettings {
  readonly part: 'kiam-agent';
  /** Instance metadata paths that pods reach; all others are blocked. */
  readonly allowRoute: string;
  readonly interception: Interception;
}

/** The settings of kiam's server (uswitch/kiam, cmd/kiam/server.go). */
export interface KiamServerSettings {
  readonly part: 'kiam-server';
  /** 3 matches the annotation as it is, 4 the resolved ARN; null where the image does not tell. */
  readonly version: 3 | 4 | null;
  readonly strictRegexp: boolean;
  readonly base: RoleBase;
  /** The role that the server takes first; empty where it is the nodes' own. */
  readonly assumeRoleArn: string;
  readonly session: string;
}

/**
 * As whom a daemon calls STS:
 * - `node`: the role of the node that it runs on
 * - `role`: a role of its own, which `by` gives it; `serviceAccount` (`NAMESPACE/NAME`) is the one whose token it exchanges for that, null
 *   under Pod Identity
 * - `unknown`: by what the cluster does not tell whose it is, such as keys
 */
export type DaemonIdentity =
  | { readonly kind: 'node' }
  | { readonly kind: 'role'; readonly roleArn: string; readonly by: string; readonly serviceAccount: string | null }
  | { readonly kind: 'unknown'; readonly by: string };

/** One DaemonSet or Deployment of kube2iam or kiam. */
export interface DaemonFacts {
  /** `Kind/namespace/name`. */
  readonly subject: string;
  readonly apiVersion: string;
  readonly kind: 'DaemonSet' | 'Deployment';
  readonly namespace: string;
  readonly name: string;
  readonly mechanism: 'kube2iam' | 'kiam';
  readonly settings: Kube2iamSettings | KiamAgentSettings | KiamServerSettings;
  /** What of its arguments could not be read and decides who gets which role; empty where all is plain. */
  readonly unread: readonly string[];
  /** Nodes with a ready pod of it, sorted. */
  readonly nodeNames: readonly string[];
  readonly owners: readonly OwnerFact[];
  /** Of the container that is the daemon. */
  readonly image: string;
  /** As whom it calls STS; absent in an inventory of an earlier version: its node. */
  readonly identity?: DaemonIdentity;
  /** Nodes that its pods may run on, sorted: those that can have its rule. */
  readonly reach: readonly string[];
  /** It is meant to run nowhere: its node selector fits no node, or it has no replicas. */
  readonly stopped: boolean;
  /** The run that stopped it; null where podshift did not. */
  readonly stoppedBy: string | null;
  /** The Pod Security level that its namespace enforces; empty where it names none. */
  readonly podSecurity: string;
}

/** What the daemons see of a workload's pods. */
export interface MetadataFacts {
  readonly hostNetwork: boolean;
  /** The daemons' annotations of its template, key to value; null where no template is known. */
  readonly template: Readonly<Record<string, string>> | null;
  /** The same of its live pods, each set once. */
  readonly live: readonly Readonly<Record<string, string>>[];
  /** Live pods that get no credentials ahead of instance metadata: neither by Pod Identity nor by IRSA. */
  readonly exposed: number;
  /** The service account fields of its template, each as it is there. */
  readonly fields: { readonly serviceAccountName: string | null; readonly serviceAccount: string | null };
}

/** What a new service account takes over from the one that it is split from. */
export interface ServiceAccountShape {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly imagePullSecrets: readonly { readonly name: string }[];
  /** References by name; no Secret is read. */
  readonly secrets: readonly Readonly<Record<string, string>>[];
  readonly automountServiceAccountToken: boolean | null;
}

/** A RoleBinding or ClusterRoleBinding that names service accounts. */
export interface BindingFacts {
  readonly kind: 'RoleBinding' | 'ClusterRoleBinding';
  /** Null for a ClusterRoleBinding. */
  readonly namespace: string | null;
  readonly name: string;
  /** `NAMESPACE/NAME`, sorted. */
  readonly serviceAccounts: readonly string[];
}

/** A policy that knows pods by their service account. */
export interface IdentityPolicyFact {
  /** `Kind/namespace/name`. */
  readonly subject: string;
  /** `NAMESPACE/NAME`. */
  readonly serviceAccount: string;
}

/** All that the inventory knows of a cluster where kube2iam or kiam is found; null in the inventory of any other. */
export interface MetadataInventory {
  readonly daemons: readonly DaemonFacts[];
  /** Namespaces with workloads that a daemon concerns, and those annotations of theirs that a daemon reads. */
  readonly namespaces: readonly { readonly name: string; readonly annotations: Readonly<Record<string, string>> }[];
  /** Roles of instance profiles with a worker node policy; null where the account does not tell. */
  readonly nodeRoleArns: readonly string[] | null;
  readonly bindings: readonly BindingFacts[];
  readonly identityPolicies: readonly IdentityPolicyFact[];
  /** Names in use in these namespaces, `NAMESPACE/NAME`: service accounts, and what bindings and associations name. */
  readonly takenNames: readonly string[];
  /** Workloads that kube2iam gives its default role, `Kind/namespace/name`: they ask for none, and nothing else gives them one. */
  readonly defaultRoleUsers: readonly string[];
  /** What lets the daemons' roles take other roles. */
  readonly assumeGrants: readonly AssumeGrantFact[];
}

/** A statement of a role's permission policies that allows sts:AssumeRole. */
export interface AssumeGrantFact {
  readonly roleArn: string;
  /** ARN of the attached policy; empty for an inline one. */
  readonly policy: string;
  /** Empty where it has none. */
  readonly sid: string;
  readonly resources: readonly string[];
}
