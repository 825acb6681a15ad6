import type { AgentPods } from './agent.ts';
import type { Finding, FindingCode } from './findings.ts';
import type { BindingFacts, ServiceAccountShape } from './metadata.ts';
import type { MigrationOptions } from './options.ts';
import type { ChartFact, OwnerFact } from './owner.ts';
import type { RetirementPlan } from './retirement.ts';

/** How a pod gets its role today (design: words). */
export type Mechanism = 'irsa' | 'kube2iam' | 'kiam' | 'addon';

/** A namespace and a service account's name. */
export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * How podshift gets new pods of a workload:
 * - `rollout`: `kubectl.kubernetes.io/restartedAt` in the pod template (Deployment, StatefulSet, DaemonSet)
 * - `argo-rollout`: `spec.restartAt` of an Argo Rollout
 * - `evict`: its pods are evicted one at a time (stand-alone ReplicaSet; OnDelete, partitioned and custom resources' sets, opt-in)
 * - `none`: nothing runs now (CronJob, suspended, scaled to zero, finished Job)
 */
export type RestartMethod = 'rollout' | 'argo-rollout' | 'evict' | 'none';

/** One workload of a unit, as the plan will treat it. */
export interface WorkloadPlan {
  /** Such as `apps/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly restart: RestartMethod;
  /** Pods it is meant to run, as its spec says; null where its kind does not say. */
  readonly replicas: number | null;
  /** Why `restart` is `none` or `evict`; empty for an ordinary restart. */
  readonly note: string;
}

/** What happens to one pod template of a unit of kube2iam or kiam. */
export interface TemplatePlan {
  readonly kind: string;
  readonly name: string;
  /** The daemon's annotations that go after proof, key to value; empty where they stay. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The service account fields as they are; null where the template names none. */
  readonly before: { readonly serviceAccountName: string | null; readonly serviceAccount: string | null };
  /** The service account that its pods get; null where they keep theirs. */
  readonly serviceAccount: string | null;
}

/** What a unit of kube2iam or kiam needs beyond one of IRSA. */
export interface MetadataPlan {
  /** The service account that it is split from, of the same namespace; null where it keeps its own. */
  readonly splitFrom: string | null;
  /** What the new service account is made of; null without a split. */
  readonly shape: ServiceAccountShape | null;
  /** Bindings that get the new service account as a subject. */
  readonly bindings: readonly Omit<BindingFacts, 'serviceAccounts'>[];
  readonly templates: readonly TemplatePlan[];
}

/** What the plan decided about one service account. */
export type Decision = 'migrate' | 'hold' | 'already-associated';

/** What the plan does to the EKS add-on of a unit: one UpdateAddon for all of its service accounts. */
export interface AddonPlan {
  readonly name: string;
  /** The present version, which stays. */
  readonly version: string;
  /** SHA-256 in hex of the configuration values, which stay; null where there are none. */
  readonly configurationHash: string | null;
  readonly before: AddonRoles;
  readonly after: AddonRoles;
}

/** How an add-on gets its roles. */
export interface AddonRoles {
  /** The role that it has by IRSA. */
  readonly serviceAccountRoleArn: string | null;
  /** The whole list, in order of service accounts. */
  readonly associations: readonly { readonly serviceAccount: string; readonly roleArn: string }[];
}

/** One service account of the cluster, its role and its workloads: what migrates or rolls back as one. */
export interface UnitPlan {
  /** `NAMESPACE/SERVICEACCOUNT`; unique in a plan, and an id in journal and state machines. */
  readonly id: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly mechanism: Mechanism;
  /** As the annotation names it, path and all. */
  readonly roleArn: string;
  readonly decision: Decision;
  /** One sentence for a held or already associated unit; empty for one that migrates. */
  readonly reason: string;
  /** From 0 (canary); null for a unit that is not migrated by this plan. */
  readonly wave: number | null;
  readonly findings: readonly FindingCode[];
  /** Those among them that would hold it, and that the user accepted; absent where there is none. */
  readonly accepted?: readonly FindingCode[];
  readonly workloads: readonly WorkloadPlan[];
  /** Of a unit that migrates through its add-on; absent for any other. */
  readonly addon?: AddonPlan;
  /** Annotation keys of the service account that go after proof; empty where they stay. */
  readonly removeAnnotations: readonly string[];
  /** Custom resources that use the service account in the old way, or may: nothing of that is taken away. Absent where there are none. */
  readonly consumers?: readonly string[];
  /** Who keeps the service account's role annotation as its source has it; absent where nobody does, and in plans of earlier versions. */
  readonly owners?: readonly OwnerFact[];
  /** The Helm chart that the service account was made of; absent where no label names one. */
  readonly chart?: ChartFact;
  /** The service account as it was when the plan was made. */
  readonly before: {
    readonly uid: string;
    readonly resourceVersion: string;
    /** The webhook's annotations alone (`PREFIX/…`), key to value. */
    readonly annotations: Readonly<Record<string, string>>;
    /** The association that existed, if any: then nothing is created. */
    readonly associationId: string | null;
  };
  /** Where the probe pod may run. */
  readonly probe: {
    /** Linux nodes that run its pods now, or could; the first is tried first. At most five. */
    readonly nodeNames: readonly string[];
    /** The workloads' tolerations, as Kubernetes writes them. */
    readonly tolerations: readonly Readonly<Record<string, unknown>>[];
  };
  /** Absent for units of IRSA and of add-ons. */
  readonly metadata?: MetadataPlan;
}

/** What the plan does to the trust policy of one role: written once per wave that has units of it. */
export interface RolePlan {
  readonly roleArn: string;
  readonly roleName: string;
  /** The trust policy as IAM stores it, decoded. */
  readonly trustBefore: string;
  /** The trust policy after the last wave; equal to `trustBefore` where nothing is to be written. */
  readonly trustAfter: string;
  /** The service accounts that each wave adds; a wave is listed only if its write changes the document. */
  readonly waves: readonly { readonly wave: number; readonly admit: readonly ServiceAccountName[]; readonly trustAfter: string }[];
  /** Characters that the document may have, white space not counted; absent where only IAM's default is known. */
  readonly sizeLimit?: number;
  /** The infrastructure as code that the role's tags name; absent where they name none, and in plans of earlier versions. */
  readonly owners?: readonly OwnerFact[];
}

/** What the plan does about the Pod Identity agent. */
export interface AgentPlan {
  /** `ready`: built in or running; `install`: the add-on will be created; `missing`: not there and not to be installed. */
  readonly action: 'ready' | 'install' | 'missing';
  /** Version of the add-on to install, such as `v1.3.4-eksbuild.1`; null where nothing is installed. */
  readonly addonVersion: string | null;
  /** JSON of the configuration values that it is installed with; null for EKS's defaults, absent where nothing is installed. */
  readonly configuration?: string | null;
  /** Nodes that must have a ready agent before a unit migrates. */
  readonly nodeNames: readonly string[];
  /** Where its pods are; those of the add-on where absent. */
  readonly pods?: readonly AgentPods[];
}

/** Inventory in, decisions out, nothing written. */
export interface Plan {
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly region: string;
  /** RFC 3339. */
  readonly madeAt: string;
  /** SHA-256 in hex over every decision, every before-image and the options; an approval names it. `madeAt` is not part of it. */
  readonly digest: string;
  /** What it was made with. */
  readonly options: MigrationOptions;
  readonly agent: AgentPlan;
  readonly units: readonly UnitPlan[];
  readonly roles: readonly RolePlan[];
  readonly findings: readonly Finding[];
  /** Number of waves; 0 where nothing migrates. */
  readonly waves: number;
  /** What would come of the retirement that the options ask for, after this plan's migration; absent where they ask for none. */
  readonly retirement?: RetirementPlan;
}
