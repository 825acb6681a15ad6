/** A way that the webhook gives credentials by, and where its token is as EKS runs it (amazon-eks-pod-identity-webhook, pkg/handler). */
export interface TokenPlace {
  readonly way: 'new' | 'old';
  readonly volume: string;
  readonly mountPath: string;
  /** The file's name in the volume. */
  readonly path: string;
}

/** Pod Identity's and IRSA's. */
export const TOKEN_PLACES: readonly TokenPlace[] = [
  {
    way: 'new',
    volume: 'eks-pod-identity-token',
    mountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
    path: 'eks-pod-identity-token',
  },
  { way: 'old', volume: 'aws-iam-token', mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount', path: 'token' },
];

/** The audience of Pod Identity's tokens; IRSA's may be any, as an annotation says. */
export const POD_IDENTITY_AUDIENCE = 'pods.eks.amazonaws.com';

/** A mount of a container, and a volume of its pod, as far as a token's file depends on them. */
export interface Mount {
  readonly name: string;
  readonly mountPath?: string;
  readonly subPath?: string;
  readonly subPathExpr?: string;
}

export interface Volume {
  readonly name: string;
  readonly projected?: {
    readonly sources?: readonly { readonly serviceAccountToken?: { readonly audience?: string; readonly path?: string } }[];
  };
}

/** A path without a drive, backslashes and what ends it: on Windows the variable has them and the mount has not. */
export function plainPath(path: string): string {
  return path.replace(/^C:/, '').replaceAll('\\', '/').replace(/\/+$/, '');
}

/**
 * Whether a container finds a token in a file: the mount that is nearest to the file is of a projected volume which has a token
 * there, of the one audience for Pod Identity, and of any for IRSA. Two mounts at one place are not told apart.
 */
export function isServed(file: string, way: TokenPlace['way'], mounts: readonly Mount[], volumes: readonly Volume[]): boolean {
  const wanted = plainPath(file);
  const over = mounts
    .map((mount) => ({ mount, at: plainPath(mount.mountPath ?? '') }))
    .filter(({ at }) => wanted === at || wanted.startsWith(`${at}/`))
    .sort((a, b) => b.at.length - a.at.length);
  const [nearest, next] = over;
  if (nearest === undefined || next?.at === nearest.at) return false;
  const { name, subPath = '', subPathExpr = '' } = nearest.mount;
  if (subPathExpr !== '') return false;
  const within = [subPath, wanted.slice(nearest.at.length + 1)].filter((part) => part !== '').join('/');
  const sources = volumes.find((volume) => volume.name === name)?.projected?.sources ?? [];
  return sources.some(
    ({ serviceAccountToken: token }) =>
      token?.path === within && (way === 'old' ? token.audience !== POD_IDENTITY_AUDIENCE : token.audience === POD_IDENTITY_AUDIENCE),
  );
}
