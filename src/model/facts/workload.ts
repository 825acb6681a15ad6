import type { MetadataFacts } from '../metadata.ts';
import type { OwnerFact } from '../owner.ts';

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

/** One owner of pods that use a service account of the inventory. */
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
