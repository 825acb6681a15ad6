import type { KubernetesObject } from '../kubernetes/gateway.ts';
import { skippedContainers } from '../model/webhook/skip-containers.ts';
import { isServed, type Mount, type Volume } from '../model/webhook/token-file.ts';

/** The pair that the webhook injects for Pod Identity (amazon-eks-pod-identity-webhook, pkg/handler/handler.go). */
const CONTAINER_VARIABLES = ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] as const;
/** The pair that it injects for IRSA. */
const WEB_IDENTITY_VARIABLES = ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'] as const;
/**
 * What the SDKs read ahead of the container credentials, or what points them elsewhere
 * (AWS SDKs and Tools Reference Guide, "Standardized credential providers").
 */
const OUTRANKING_VARIABLES: ReadonlySet<string> = new Set([
  ...WEB_IDENTITY_VARIABLES,
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
]);
/** Where the agent listens (eks-pod-identity-agent, configuration/config.go). */
const AGENT_HOSTS: ReadonlySet<string> = new Set(['169.254.170.23', '[fd00:ec2::23]']);

interface Container {
  readonly name: string;
  readonly volumeMounts?: readonly Mount[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: { readonly optional?: boolean } };
  }[];
}

/** What one container of a pod carries. */
export interface ContainerInjection {
  readonly container: string;
  /**
   * `new`: both Pod Identity variables, aimed at the agent, and a token in the file that they name; `old`: both IRSA variables with
   * their token, and not the new ones; `unserved`: the variables of either and no token; `none`: neither.
   */
  readonly way: 'new' | 'old' | 'unserved' | 'none';
  /** Names of variables that outrank the new way; a container on the new way must have none. */
  readonly outranking: readonly string[];
}

/** Init containers and containers of a pod, without those that its skip-containers annotation names. */
export function injectionOf(pod: KubernetesObject, annotationPrefix: string): ContainerInjection[] {
  const skipped = skippedContainers(pod.metadata.annotations, annotationPrefix);
  const containers: readonly Container[] = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const volumes: readonly Volume[] = pod.spec?.volumes ?? [];
  return containers.filter((container) => !skipped.has(container.name)).map((container) => injectionOfContainer(container, volumes));
}

function injectionOfContainer(container: Container, volumes: readonly Volume[]): ContainerInjection {
  // A key of an optional Secret may be absent, and is named in the plan (PS307); set, it outranked the old way just as well.
  const certain = (container.env ?? []).filter((variable) => variable.valueFrom?.secretKeyRef?.optional !== true);
  const names = new Set(certain.map((variable) => variable.name));
  return {
    container: container.name,
    way: wayOf(container, names, volumes),
    outranking: [...names].filter((name) => OUTRANKING_VARIABLES.has(name)).sort(),
  };
}

function wayOf(container: Container, names: ReadonlySet<string>, volumes: readonly Volume[]): ContainerInjection['way'] {
  const way =
    hasAgentUri(container) && names.has(CONTAINER_VARIABLES[1])
      ? 'new'
      : WEB_IDENTITY_VARIABLES.every((name) => names.has(name))
        ? 'old'
        : 'none';
  if (way === 'none') return way;
  const variable = way === 'new' ? CONTAINER_VARIABLES[1] : WEB_IDENTITY_VARIABLES[1];
  // The last of two variables of one name is the one that the process gets.
  const file = container.env?.findLast(({ name }) => name === variable)?.value ?? '';
  return isServed(file, way, container.volumeMounts ?? [], volumes) ? way : 'unserved';
}

function hasAgentUri(container: Container): boolean {
  const uri = (container.env ?? []).find((variable) => variable.name === CONTAINER_VARIABLES[0])?.value;
  return uri !== undefined && URL.canParse(uri) && AGENT_HOSTS.has(new URL(uri).hostname);
}

/** Whether each container that counts is on the new way with nothing that outranks it. A pod whose containers all are skipped is not. */
export function isOnNewWay(pod: KubernetesObject, annotationPrefix: string): boolean {
  const containers = injectionOf(pod, annotationPrefix);
  return containers.length > 0 && containers.every((container) => container.way === 'new' && container.outranking.length === 0);
}

/** The audience of the tokens that the agent takes. */
const AUDIENCE = 'pods.eks.amazonaws.com';

/** Seconds that the shortest-lived token of a pod for the agent lives; infinite where it has none. */
export function agentTokenSeconds(pod: KubernetesObject): number {
  const volumes: readonly { readonly projected?: { readonly sources?: readonly TokenSource[] } }[] = pod.spec?.volumes ?? [];
  const tokens = volumes.flatMap(({ projected }) => projected?.sources ?? []).flatMap((source) => source.serviceAccountToken ?? []);
  // An hour where the pod does not say (Kubernetes, "Projected Volumes", serviceAccountToken).
  return Math.min(...tokens.filter(({ audience }) => audience === AUDIENCE).map(({ expirationSeconds = 3600 }) => expirationSeconds));
}

interface TokenSource {
  readonly serviceAccountToken?: { readonly audience?: string; readonly expirationSeconds?: number };
}

/** Whether any container has the agent's address: such a pod would lose its role when the association goes. */
export function usesAgent(pod: KubernetesObject): boolean {
  const containers: readonly Container[] = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return containers.some(hasAgentUri);
}

/** Whether each container that counts is on the IRSA way. */
export function isOnOldWay(pod: KubernetesObject, annotationPrefix: string): boolean {
  const containers = injectionOf(pod, annotationPrefix);
  return containers.length > 0 && containers.every((container) => container.way === 'old');
}
