import type { KubernetesObject } from '../kubernetes/gateway.ts';
import type { OverrideFact } from '../model/inventory.ts';
import { skippedContainers } from '../model/webhook/skip-containers.ts';
import { tokenProblems } from './token-file.ts';
import { commandNamesWebIdentity, fileNamesWebIdentity, namesWebIdentity } from './web-identity.ts';

/**
 * Variables that every AWS SDK takes ahead of the container provider, and those whose presence makes the webhook leave a
 * container alone (amazon-eks-pod-identity-webhook, pkg/handler/handler.go).
 */
const CREDENTIAL_VARIABLES = new Set([
  'AWS_ROLE_ARN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
]);

const SESSION_NAME = 'AWS_ROLE_SESSION_NAME';

/** Those among them that hold a secret. */
const SECRET_VARIABLES = new Set(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN']);

/** Whether the value of a variable says by which way an SDK comes to credentials, and is none of them itself. */
export function isWayVariable(name: string): boolean {
  return name === SESSION_NAME || (CREDENTIAL_VARIABLES.has(name) && !SECRET_VARIABLES.has(name));
}

/** A pair of variables that the webhook adds with the volume of that name: the second names its token's file. */
interface InjectedPair {
  readonly value: string;
  readonly file: string;
  /** Where the token is as EKS runs the webhook. */
  readonly path: string;
}

/** Volumes that the webhook adds: `aws-iam-token` for IRSA, `eks-pod-identity-token` for Pod Identity. */
const INJECTED: Readonly<Record<string, InjectedPair>> = {
  'aws-iam-token': {
    value: 'AWS_ROLE_ARN',
    file: 'AWS_WEB_IDENTITY_TOKEN_FILE',
    path: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
  },
  'eks-pod-identity-token': {
    value: 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    file: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    path: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token',
  },
};

/** How a container uses a ConfigMap: all of its keys as variables, one key as a variable's value, or as files. */
export interface ConfigMapUse {
  readonly container: string;
  readonly configMap: string;
  /** `environment` with the prefix of `envFrom`; `value` and `files` are only searched for the web-identity provider. */
  readonly as: 'environment' | 'value' | 'files';
  readonly prefix: string;
  /** The one key that is used; null for all. */
  readonly key: string | null;
}

// biome-ignore lint/suspicious/noExplicitAny: a pod spec as the API gives it
type PodSpec = any;

/** A pod spec's containers that the webhook changes: init and ordinary ones, but for those named in `skip-containers`. */
function containers(spec: PodSpec, annotations: Readonly<Record<string, string>>, prefix: string): PodSpec[] {
  const skipped = skippedContainers(annotations, prefix);
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].filter((container) => !skipped.has(container.name));
}

/** Whether a pod spec has containers and `skip-containers` names every one of them. */
export function skipsEveryContainer(spec: PodSpec, annotations: Readonly<Record<string, string>>, prefix: string): boolean {
  return (spec?.containers ?? []).length > 0 && containers(spec, annotations, prefix).length === 0;
}

/**
 * Whether the whole pod carries the label that keeps the webhook away, whatever its value. The label is in the webhook's
 * configuration (amazon-eks-pod-identity-webhook, deploy/mutatingwebhook.yaml), so the annotations' prefix is not its.
 */
export function skipsWebhook(labels: Readonly<Record<string, string>> | undefined): boolean {
  return labels?.['eks.amazonaws.com/skip-pod-identity-webhook'] !== undefined;
}

/**
 * What in a pod spec outranks Pod Identity or depends on the old way, in the containers that the webhook changes. In a
 * live pod (`live`), what the webhook itself put there is not one. Values are looked at and never kept.
 */
export function findOverrides(
  spec: PodSpec,
  annotations: Readonly<Record<string, string>>,
  options: { prefix: string; live: boolean },
): { overrides: OverrideFact[]; configMaps: ConfigMapUse[] } {
  const overrides: OverrideFact[] = [];
  const configMaps: ConfigMapUse[] = [];
  const volumes = new Map<string, PodSpec>((spec?.volumes ?? []).map((volume: PodSpec) => [volume.name, volume]));
  const changed = containers(spec, annotations, options.prefix);
  // A live pod has what the webhook made of it.
  if (!options.live) overrides.push(...tokenProblems(changed, spec?.volumes));
  for (const container of changed) {
    const injected = new Set(options.live ? injectedVariables(container) : []);
    const add = (kind: OverrideFact['kind'], name: string) => overrides.push({ kind, container: container.name, name });

    for (const variable of container.env ?? []) {
      if (injected.has(variable)) continue;
      // Where the Secret is not there, the variable is not either; podshift reads no Secret.
      const optional = variable.valueFrom?.secretKeyRef?.optional === true;
      if (optional && CREDENTIAL_VARIABLES.has(variable.name)) add('secret-env', variable.valueFrom.secretKeyRef.name);
      else if (CREDENTIAL_VARIABLES.has(variable.name)) add('env', variable.name);
      else if (variable.name === SESSION_NAME) add('session-name', variable.name);
      else if (typeof variable.value === 'string' && namesWebIdentity(variable.value)) add('web-identity', `variable ${variable.name}`);
      const reference = variable.valueFrom?.configMapKeyRef;
      if (reference !== undefined)
        configMaps.push({ container: container.name, configMap: reference.name, as: 'value', prefix: '', key: reference.key });
    }
    for (const source of container.envFrom ?? []) {
      if (source.secretRef !== undefined) add('secret-env', source.secretRef.name);
      if (source.configMapRef !== undefined)
        configMaps.push({
          container: container.name,
          configMap: source.configMapRef.name,
          as: 'environment',
          prefix: source.prefix ?? '',
          key: null,
        });
    }
    for (const part of ['command', 'args'] as const) {
      if ((container[part] ?? []).some((word: string) => commandNamesWebIdentity(word))) add('web-identity', part);
    }
    for (const mount of container.volumeMounts ?? []) {
      if (/\/\.aws(\/|$)/.test(mount.mountPath)) add('profile-mount', mount.mountPath);
      if (options.live && mount.name in INJECTED) continue;
      const volume = volumes.get(mount.name);
      if (hasStsToken(volume)) add('token', mount.name);
      for (const name of mountedConfigMaps(volume))
        configMaps.push({ container: container.name, configMap: name, as: 'files', prefix: '', key: null });
    }
  }
  return { overrides, configMaps };
}

/**
 * The variables of a live container that the webhook put there. It appends a pair side by side, the second naming a file of
 * the volume that it mounts; where the owner set one of the pair it adds neither, and mounts the volume all the same.
 */
function injectedVariables(container: PodSpec): PodSpec[] {
  const variables: PodSpec[] = container.env ?? [];
  return (container.volumeMounts ?? []).flatMap((mount: PodSpec) => {
    const pair = INJECTED[mount.name];
    const at = variables.findIndex(({ name }) => name === pair?.value);
    const [value, file] = variables.slice(at, at + 2);
    if (pair === undefined || value?.valueFrom !== undefined || file?.name !== pair.file) return [];
    // On Windows the variable has a drive and backslashes, and the mount has not.
    const path = String(file.value).replace(/^C:/, '').replaceAll('\\', '/');
    return path === pair.path || path.startsWith(`${mount.mountPath}/`) ? [value, file] : [];
  });
}

/** The role that the webhook gave the pod of this spec by IRSA when it was created; undefined where it gave none. */
export function injectedRole(spec: PodSpec): string | undefined {
  const variables = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].flatMap(injectedVariables);
  return variables.find(({ name, value }) => name === 'AWS_ROLE_ARN' && typeof value === 'string')?.value;
}

function hasStsToken(volume: PodSpec): boolean {
  return (volume?.projected?.sources ?? []).some((source: PodSpec) => source.serviceAccountToken?.audience === 'sts.amazonaws.com');
}

function mountedConfigMaps(volume: PodSpec): string[] {
  const projected = (volume?.projected?.sources ?? []).flatMap((source: PodSpec) => (source.configMap ? [source.configMap.name] : []));
  // Every pod mounts the cluster's certificate by this one.
  return [...(volume?.configMap ? [volume.configMap.name] : []), ...projected].filter((name) => name !== 'kube-root-ca.crt');
}

/** The overrides that a ConfigMap brings into a container: credential variables, and values that name the web-identity provider. */
export function configMapOverrides(use: ConfigMapUse, configMap: KubernetesObject): OverrideFact[] {
  const found: OverrideFact[] = [];
  for (const [key, value] of Object.entries<string>(configMap.data ?? {})) {
    if (use.key !== null && use.key !== key) continue;
    const where = `ConfigMap ${use.configMap}, key ${key}`;
    const variable = `${use.prefix}${key}`;
    if (use.as === 'environment' && CREDENTIAL_VARIABLES.has(variable))
      found.push({ kind: 'config-map', container: use.container, name: where });
    else if (use.as === 'environment' && variable === SESSION_NAME)
      found.push({ kind: 'session-name', container: use.container, name: where });
    else if (use.as === 'files' ? fileNamesWebIdentity(key, value) : namesWebIdentity(value))
      found.push({ kind: 'web-identity', container: use.container, name: where });
  }
  return found;
}
