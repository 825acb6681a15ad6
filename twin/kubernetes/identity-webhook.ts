import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';

/** A mode of the pod identity webhook: what it adds to containers and to the pod. */
interface Mode {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly volumeName: string;
  readonly directory: string;
  readonly tokenPath: string;
  readonly audience: string;
}

/** What the webhook knows beyond the pod. */
export interface WebhookSettings {
  readonly region: string | undefined;
  /** The pod's service account; undefined where the webhook's cache has none. */
  readonly serviceAccount: KubernetesObject | undefined;
  /** Whether the association file names the pod's service account. */
  readonly associated: boolean;
  /** Whether the cluster's addresses are of IPv6: then the pods are sent to the agent's other address. */
  readonly ipv6?: boolean;
}

const PREFIX = 'eks.amazonaws.com';
const DEFAULT_EXPIRATION = 86_400;
const MINIMUM_EXPIRATION = 600;
/** The least that the webhook's jitter makes of the default; only Pod Identity tokens are jittered. */
const JITTERED_EXPIRATION = 79_200;

interface Container {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string }[];
}

/**
 * The pod as amazon-eks-pod-identity-webhook leaves it (pkg/handler/handler.go): container credentials where there is
 * an association, else IRSA where the service account is annotated, else the very same pod. `jitter` in [0, 1) chooses
 * the lifetime of a Pod Identity token where nothing sets it.
 */
export function injectIdentity(pod: KubernetesObject, settings: WebhookSettings, jitter: number): KubernetesObject {
  // The webhook's objectSelector asks whether the label exists, whatever its value.
  if (pod.metadata.labels?.[`${PREFIX}/skip-pod-identity-webhook`] !== undefined) {
    return pod;
  }
  const annotations = settings.serviceAccount?.metadata.annotations ?? {};
  const roleArn = annotations[`${PREFIX}/role-arn`];
  const windows = isWindows(pod);
  if (!settings.associated && (roleArn === undefined || roleArn === '')) {
    return pod;
  }
  const mode = settings.associated
    ? podIdentity(windows, settings.ipv6 === true)
    : webIdentity(windows, roleArn ?? '', annotations[`${PREFIX}/audience`]);
  const skipped = firstRecord(pod.metadata.annotations?.[`${PREFIX}/skip-containers`] ?? '');
  const regional = annotations[`${PREFIX}/sts-regional-endpoints`] === 'true';
  const inject = (container: Container): Container =>
    skipped.has(container.name) ? container : injectContainer(container, mode, regional, settings.region);
  const explicit = expiration(pod, settings.serviceAccount);
  const jittered = Math.floor(JITTERED_EXPIRATION + jitter * (DEFAULT_EXPIRATION - JITTERED_EXPIRATION));
  const seconds = explicit ?? (settings.associated ? jittered : DEFAULT_EXPIRATION);
  const volumes: readonly { name: string }[] = pod.spec.volumes ?? [];
  return {
    ...pod,
    metadata: settings.associated
      ? { ...pod.metadata, labels: { ...pod.metadata.labels, [`${PREFIX}/pod-identity`]: 'enabled' } }
      : pod.metadata,
    spec: {
      ...pod.spec,
      ...(pod.spec.initContainers === undefined ? {} : { initContainers: pod.spec.initContainers.map(inject) }),
      containers: pod.spec.containers.map(inject),
      volumes: volumes.some((volume) => volume.name === mode.volumeName) ? volumes : [tokenVolume(mode, seconds), ...volumes],
    },
  };
}

function injectContainer(container: Container, mode: Mode, regional: boolean, region: string | undefined): Container {
  const env = container.env ?? [];
  const has = (...names: string[]): boolean => env.some((variable) => names.includes(variable.name));
  const added = [
    ...(regional && !has('AWS_STS_REGIONAL_ENDPOINTS') ? [{ name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' }] : []),
    ...(region !== undefined && !has('AWS_REGION', 'AWS_DEFAULT_REGION')
      ? [
          { name: 'AWS_DEFAULT_REGION', value: region },
          { name: 'AWS_REGION', value: region },
        ]
      : []),
    ...(has(...mode.env.map((variable) => variable.name)) ? [] : mode.env),
  ];
  const mounts = container.volumeMounts ?? [];
  return {
    ...container,
    env: [...env, ...added],
    volumeMounts: mounts.some((mount) => mount.name === mode.volumeName)
      ? mounts
      : [...mounts, { name: mode.volumeName, readOnly: true, mountPath: mode.directory } as { name: string }],
  };
}

function podIdentity(windows: boolean, ipv6: boolean): Mode {
  const directory = '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount';
  return {
    env: [
      { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: `http://${ipv6 ? '[fd00:ec2::23]' : '169.254.170.23'}/v1/credentials` },
      { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: tokenFile(windows, directory, 'eks-pod-identity-token') },
    ],
    volumeName: 'eks-pod-identity-token',
    directory,
    tokenPath: 'eks-pod-identity-token',
    audience: 'pods.eks.amazonaws.com',
  };
}

function webIdentity(windows: boolean, roleArn: string, audience: string | undefined): Mode {
  const directory = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
  return {
    env: [
      { name: 'AWS_ROLE_ARN', value: roleArn },
      { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: tokenFile(windows, directory, 'token') },
    ],
    volumeName: 'aws-iam-token',
    directory,
    tokenPath: 'token',
    audience: audience ?? 'sts.amazonaws.com',
  };
}

function tokenFile(windows: boolean, directory: string, name: string): string {
  const path = `${directory}/${name}`;
  return windows ? `C:${path.replaceAll('/', '\\')}` : path;
}

function tokenVolume(mode: Mode, expirationSeconds: number): { name: string } {
  const serviceAccountToken = { audience: mode.audience, expirationSeconds, path: mode.tokenPath };
  return { name: mode.volumeName, projected: { defaultMode: 420, sources: [{ serviceAccountToken }] } } as { name: string };
}

/** The fields of the first record as Go's encoding/csv reads it: as they stand, blanks and all; none where it cannot be read. */
function firstRecord(text: string): ReadonlySet<string> {
  const line = text.split(/\r?\n/).find((one) => one !== '') ?? '';
  const fields = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"(?=,|$)|([^",]*)(?=,|$))/g)];
  const whole = fields.map(([field]) => field).join('') === line;
  return new Set(whole ? fields.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '') : []);
}

/** Pod before service account; what is no number counts as not set, and too little is raised. */
function expiration(pod: KubernetesObject, serviceAccount: KubernetesObject | undefined): number | undefined {
  for (const holder of [pod, serviceAccount]) {
    const text = holder?.metadata.annotations?.[`${PREFIX}/token-expiration`];
    if (text !== undefined && /^\d+$/.test(text)) {
      return Math.max(Number(text), MINIMUM_EXPIRATION);
    }
  }
  return undefined;
}

function isWindows(pod: KubernetesObject): boolean {
  const selector = pod.spec.nodeSelector ?? {};
  return selector['kubernetes.io/os'] === 'windows' || selector['beta.kubernetes.io/os'] === 'windows' || pod.spec.os?.name === 'windows';
}
