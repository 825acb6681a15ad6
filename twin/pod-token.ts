import type { KubernetesObject } from '../src/kubernetes/gateway.ts';

/** A service account token that is projected into a pod, as a container finds it. */
export interface ProjectedToken {
  readonly volume: string;
  /** The file's name in the volume. */
  readonly path: string;
  readonly audience: string;
  readonly expirationSeconds: number;
  /** Whether the container has the file as it was at its start: mounts by `subPath` are never written again. */
  readonly fixed: boolean;
}

/** What the kubelet wrote, at an instant. Times are milliseconds since the epoch. */
export interface WrittenToken {
  /** The same as long as the file is. */
  readonly id: string;
  readonly expiresAt: number;
  /** When the kubelet writes the next one; infinite for a file that it never writes again. */
  readonly rotatesAt: number;
}

/** EKS's API server gives no token for longer. */
const LONGEST = 86_400;
/** The kubelet looks at its pods' volumes about once a minute. */
const SYNC = 60;

/**
 * The token in a pod's volume at an instant: the kubelet writes a new one once four fifths of its life are over
 * (k8s.io/kubernetes pkg/kubelet/token), counted from the pod's start.
 */
export function tokenAt(pod: KubernetesObject, token: ProjectedToken, at: number): WrittenToken {
  const started = Date.parse(pod.status?.startTime ?? pod.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z');
  const life = Math.min(token.expirationSeconds, LONGEST);
  const period = Math.ceil((life * 0.8) / SYNC) * SYNC * 1000;
  const generation = token.fixed ? 0 : Math.max(0, Math.floor((at - started) / period));
  const writtenAt = started + generation * period;
  return {
    id: `${pod.metadata.uid ?? ''}/${token.volume}/${token.path}/${generation}`,
    expiresAt: writtenAt + life * 1000,
    rotatesAt: token.fixed ? Number.POSITIVE_INFINITY : writtenAt + period,
  };
}
