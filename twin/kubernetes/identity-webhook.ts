import { posix } from 'node:path';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { withKnownFields } from './webhook/container-fields.ts';
import type { WebhookFlags } from './webhook/flags.ts';
import { firstCsvRecord, parseBool, parseInt64 } from './webhook/go-text.ts';

/** What the webhook knows beyond the pod. */
export interface WebhookSettings {
  readonly flags: WebhookFlags;
  /** The pod's service account; undefined where the webhook's cache has none. */
  readonly serviceAccount: Pick<KubernetesObject, 'metadata'> | undefined;
  /** Whether the association file names the pod's service account. */
  readonly associated: boolean;
}

/** A mode of the webhook: what it adds to containers and to the pod. */
interface Mode {
  /** The two variables, of which a container gets both or neither. */
  readonly pair: readonly { readonly name: string; readonly value: string }[];
  readonly volumeName: string;
  readonly mountPath: string;
  readonly tokenPath: string;
  readonly audience: string;
  readonly expirationSeconds: number;
  readonly regionalSts: boolean;
}

interface Container {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[] | null;
  readonly volumeMounts?: readonly { readonly name: string; readonly readOnly?: boolean; readonly mountPath?: string }[] | null;
}

/** Label of the pods that the webhook is not asked about, whatever its value: EKS names it in the webhook's `objectSelector`. */
export const SKIP_LABEL = 'eks.amazonaws.com/skip-pod-identity-webhook';

/** What the webhook counts as the default lifetime whoever set it, the least lifetime, and the least that its jitter makes of the default (pkg/constants.go). */
const DEFAULT_EXPIRATION = 86_400;
const MINIMUM_EXPIRATION = 600;
const JITTERED_EXPIRATION = 79_200;

/**
 * The pod as amazon-eks-pod-identity-webhook leaves it (pkg/handler/handler.go, pkg/cache/cache.go): container credentials
 * where there is an association, else IRSA where the service account is annotated, else the very same pod. `jitter` in
 * [0, 1) chooses the lifetime of a Pod Identity token where it is the default.
 */
export function injectIdentity(pod: KubernetesObject, settings: WebhookSettings, jitter: number): KubernetesObject {
  const mode = modeOf(pod, settings, jitter);
  if (mode === undefined) return pod;
  const skipped = new Set(firstCsvRecord(pod.metadata.annotations?.[`${settings.flags.annotationPrefix}/skip-containers`] ?? ''));
  const inject = (container: Container): Container =>
    withKnownFields(skipped.has(container.name) ? container : injectContainer(container, mode, settings.flags.awsDefaultRegion));
  const { initContainers, containers, volumes, ...spec } = pod.spec;
  return {
    ...pod,
    metadata: settings.associated
      ? { ...pod.metadata, labels: { ...pod.metadata.labels, 'eks.amazonaws.com/pod-identity': 'enabled' } }
      : pod.metadata,
    spec: {
      ...spec,
      ...((initContainers ?? null) === null ? {} : { initContainers: initContainers.map(inject) }),
      containers: (containers ?? []).map(inject),
      volumes: withVolume(volumes ?? [], mode),
    },
  };
}

function modeOf(pod: KubernetesObject, { flags, serviceAccount, associated }: WebhookSettings, jitter: number): Mode | undefined {
  const annotations = serviceAccount?.metadata.annotations ?? {};
  const of = (key: string): string | undefined => annotations[`${flags.annotationPrefix}/${key}`];
  const roleArn = of('role-arn') ?? '';
  if (!associated && roleArn === '') return undefined;
  // Without the service account in its cache it goes by constants, whatever its flags say.
  const fallback = serviceAccount === undefined ? DEFAULT_EXPIRATION : Math.max(flags.tokenExpiration, MINIMUM_EXPIRATION);
  const regionalSts = serviceAccount !== undefined && (parseBool(of('sts-regional-endpoints') ?? '') ?? flags.stsRegionalEndpoint);
  const ofPod = pod.metadata.annotations?.[`${flags.annotationPrefix}/token-expiration`];
  const expirationSeconds = lifetime(ofPod) ?? lifetime(of('token-expiration')) ?? fallback;
  const file = (mountPath: string, tokenPath: string): string => tokenFile(pod, posix.join(mountPath, tokenPath));
  if (!associated) {
    return {
      pair: [
        { name: 'AWS_ROLE_ARN', value: roleArn },
        { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: file(flags.tokenMountPath, 'token') },
      ],
      volumeName: 'aws-iam-token',
      mountPath: flags.tokenMountPath,
      tokenPath: 'token',
      audience: of('audience') ?? flags.tokenAudience,
      expirationSeconds,
      regionalSts,
    };
  }
  const { containerCredentialsTokenMountPath: mountPath, containerCredentialsTokenPath: tokenPath } = flags;
  return {
    pair: [
      { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: flags.containerCredentialsFullUri },
      { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: file(mountPath, tokenPath) },
    ],
    volumeName: flags.containerCredentialsTokenVolumeName,
    mountPath,
    tokenPath,
    audience: flags.containerCredentialsAudience,
    expirationSeconds: expirationSeconds === DEFAULT_EXPIRATION ? jittered(jitter) : expirationSeconds,
    regionalSts,
  };
}

/** A lifetime that an annotation gives; undefined where it gives none that Go can read. */
function lifetime(text: string | undefined): number | undefined {
  const seconds = text === undefined ? undefined : parseInt64(text);
  return seconds === undefined ? undefined : Math.max(seconds, MINIMUM_EXPIRATION);
}

function jittered(jitter: number): number {
  return JITTERED_EXPIRATION + Math.floor(jitter * (DEFAULT_EXPIRATION - JITTERED_EXPIRATION + 1));
}

function injectContainer(container: Container, mode: Mode, region: string): Container {
  const env = container.env ?? [];
  const has = (...names: string[]): boolean => env.some((variable) => names.includes(variable.name));
  const hasPair = has(...mode.pair.map((variable) => variable.name));
  const hasRegion = has('AWS_REGION', 'AWS_DEFAULT_REGION');
  const hasRegionalSts = has('AWS_STS_REGIONAL_ENDPOINTS');
  // With all three by hand it goes no further, and adds no mount either.
  if (hasPair && hasRegion && hasRegionalSts) return container;
  const added = [
    ...(mode.regionalSts && !hasRegionalSts ? [{ name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' }] : []),
    ...(region !== '' && !hasRegion
      ? [
          { name: 'AWS_DEFAULT_REGION', value: region },
          { name: 'AWS_REGION', value: region },
        ]
      : []),
    ...(hasPair ? [] : mode.pair),
  ];
  const mounts = container.volumeMounts ?? [];
  return {
    ...container,
    env: [...env, ...added],
    volumeMounts: mounts.some((mount) => mount.name === mode.volumeName)
      ? mounts
      : [...mounts, { name: mode.volumeName, readOnly: true, mountPath: mode.mountPath }],
  };
}

/** The token's volume ahead of the others; a volume of that name is taken for it, whatever it is. */
function withVolume(volumes: readonly { readonly name: string }[], mode: Mode): readonly { readonly name: string }[] {
  if (volumes.some((volume) => volume.name === mode.volumeName)) return volumes;
  const { audience, expirationSeconds, tokenPath: path } = mode;
  const serviceAccountToken = { ...(audience === '' ? {} : { audience }), expirationSeconds, path };
  const volume = { name: mode.volumeName, projected: { sources: [{ serviceAccountToken }] } };
  return [volume, ...volumes];
}

/** The token's path as the variable names it: for Windows, which it knows by the node selector alone, with a drive and backslashes. */
function tokenFile(pod: KubernetesObject, path: string): string {
  const selector = pod.spec.nodeSelector ?? {};
  const windows = selector['kubernetes.io/os'] === 'windows' || selector['beta.kubernetes.io/os'] === 'windows';
  return windows ? `C:${path.replaceAll('/', '\\')}` : path;
}
