import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import type { KubernetesSide } from './contracts.ts';
import type { ProjectedToken } from './pod-token.ts';

/** The link of an SDK's chain that a container's environment leads to, before anyone is asked. */
export type CredentialSource =
  | { readonly kind: 'static-keys' }
  | {
      readonly kind: 'web-identity';
      readonly roleArn: string /** Undefined where no token is at the named path. */;
      readonly audience: string | undefined;
    }
  | { readonly kind: 'container'; readonly uri: string; readonly token: ProjectedToken | undefined /** Undefined where there is none. */ }
  | { readonly kind: 'instance-metadata' };

interface Container {
  readonly name: string;
  readonly env?: readonly Variable[];
  readonly envFrom?: readonly EnvironmentSource[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly configMapKeyRef?: KeyReference; readonly secretKeyRef?: KeyReference; readonly fieldRef?: unknown };
}

interface KeyReference {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

interface EnvironmentSource {
  readonly prefix?: string;
  readonly configMapRef?: { readonly name: string };
  readonly secretRef?: { readonly name: string };
}

/** The service account of a pod. */
export function serviceAccountOf(pod: KubernetesObject): string {
  return pod.spec?.serviceAccountName ?? pod.spec?.serviceAccount ?? 'default';
}

/** Names of a pod's containers that run: the ordinary ones, and init containers that stay (native sidecars). */
export function containerNames(pod: KubernetesObject): string[] {
  const init = (pod.spec?.initContainers ?? []) as (Container & { restartPolicy?: string })[];
  const sidecars = init.filter((container) => container.restartPolicy === 'Always');
  return [...sidecars, ...((pod.spec?.containers ?? []) as Container[])].map((container) => container.name);
}

/**
 * Which provider of an up-to-date SDK answers first in a container: static keys, then web identity, then container
 * credentials, then instance metadata (AWS SDKs and tools reference guide: standardized credential providers). It goes by
 * the environment the container was started with: `env` over `envFrom`, ConfigMaps and Secrets included.
 */
export function credentialSource(
  pod: KubernetesObject,
  containerName: string,
  cluster: Pick<KubernetesSide, 'object'>,
): CredentialSource | undefined {
  const all = [...((pod.spec?.initContainers ?? []) as Container[]), ...((pod.spec?.containers ?? []) as Container[])];
  const container = all.find((one) => one.name === containerName);
  if (container === undefined) return undefined;
  const environment = environmentOf(pod, container, cluster);
  const value = (name: string) => environment.get(name) ?? '';
  if (value('AWS_ACCESS_KEY_ID') !== '' && value('AWS_SECRET_ACCESS_KEY') !== '') return { kind: 'static-keys' };
  const tokenFile = value('AWS_WEB_IDENTITY_TOKEN_FILE');
  if (value('AWS_ROLE_ARN') !== '' && tokenFile !== '') {
    return { kind: 'web-identity', roleArn: value('AWS_ROLE_ARN'), audience: projectedToken(pod, container, tokenFile)?.audience };
  }
  if (value('AWS_CONTAINER_CREDENTIALS_FULL_URI') !== '') {
    return {
      kind: 'container',
      uri: value('AWS_CONTAINER_CREDENTIALS_FULL_URI'),
      token: projectedToken(pod, container, value('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')),
    };
  }
  return { kind: 'instance-metadata' };
}

/** The variables that a container was started with; none for a container that the pod does not have. */
export function environmentOfContainer(
  pod: KubernetesObject,
  containerName: string,
  cluster: Pick<KubernetesSide, 'object'>,
): ReadonlyMap<string, string> {
  const all = [...((pod.spec?.initContainers ?? []) as Container[]), ...((pod.spec?.containers ?? []) as Container[])];
  const container = all.find((one) => one.name === containerName);
  return container === undefined ? new Map() : environmentOf(pod, container, cluster);
}

function environmentOf(pod: KubernetesObject, container: Container, cluster: Pick<KubernetesSide, 'object'>): Map<string, string> {
  const found = new Map<string, string>();
  const { namespace } = pod.metadata;
  for (const source of container.envFrom ?? []) {
    const configMap = source.configMapRef === undefined ? undefined : cluster.object('ConfigMap', namespace, source.configMapRef.name);
    const secret = source.secretRef === undefined ? undefined : cluster.object('Secret', namespace, source.secretRef.name);
    const entries: [string, unknown][] = [
      ...Object.entries(configMap?.data ?? {}),
      ...Object.entries(secret?.data ?? {}),
      ...Object.entries(secret?.stringData ?? {}),
    ];
    for (const [key, value] of entries) found.set(`${source.prefix ?? ''}${key}`, String(value));
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom === undefined ? (variable.value ?? '') : referenced(variable.valueFrom, namespace, cluster);
    if (value !== undefined) found.set(variable.name, value);
  }
  return found;
}

/** The value behind a reference; undefined where it is optional and not there. A container whose other references miss would not have started. */
function referenced(
  from: NonNullable<Variable['valueFrom']>,
  namespace: string | undefined,
  cluster: Pick<KubernetesSide, 'object'>,
): string | undefined {
  for (const [kind, reference] of [
    ['ConfigMap', from.configMapKeyRef],
    ['Secret', from.secretKeyRef],
  ] as const) {
    if (reference === undefined) continue;
    const value = cluster.object(kind, namespace, reference.name)?.data?.[reference.key];
    // Snapshots seldom hold Secrets: that the variable is set is what counts, not its value.
    return value === undefined ? (reference.optional === true ? undefined : '(set)') : String(value);
  }
  return '(set)';
}

/** The projected service account token that is mounted at `path`; undefined where there is none. */
function projectedToken(pod: KubernetesObject, container: Container, path: string): ProjectedToken | undefined {
  const wanted = unixPath(path);
  for (const mount of container.volumeMounts ?? []) {
    const volume = (pod.spec?.volumes ?? []).find((one: { name: string }) => one.name === mount.name);
    for (const source of volume?.projected?.sources ?? []) {
      const token = source.serviceAccountToken;
      if (token === undefined) continue;
      const fixed = mount.subPath === token.path;
      if (unixPath(fixed ? mount.mountPath : `${mount.mountPath}/${token.path}`) !== wanted) continue;
      // Without an audience or a lifetime the API server takes its own.
      const { audience = 'https://kubernetes.default.svc', expirationSeconds = 3600 } = token;
      return { volume: mount.name, path: token.path, audience, expirationSeconds, fixed };
    }
  }
  return undefined;
}

/** The webhook rewrites paths for Windows in the variable only: `C:\var\…` and `/var/…` are the same file. */
function unixPath(path: string): string {
  return path
    .replace(/^[A-Za-z]:/, '')
    .replaceAll('\\', '/')
    .replace(/\/+/g, '/');
}
