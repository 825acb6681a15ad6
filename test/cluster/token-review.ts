import { createHash } from 'node:crypto';

/** Who a bearer token stands for. */
export interface ClusterUser {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Bearer tokens and whom they stand for, as EKS' authenticator answers the API server's TokenReviews. */
export interface TokenBook {
  /** Answers a TokenReview of authentication.k8s.io/v1. */
  review(request: unknown): Promise<unknown>;
  /** From now on this very token is this user's. */
  allow(token: string, user: ClusterUser): void;
  /** From now on nobody's. */
  forget(token: string): void;
}

/**
 * A book that knows the tokens that were allowed and those that `identify` knows; all others are refused. Tokens are
 * kept as hashes: nothing of a token can reach a log.
 */
export function createTokenBook(identify: (token: string) => ClusterUser | undefined): TokenBook {
  const known = new Map<string, ClusterUser>();
  return {
    allow: (token, user) => known.set(digest(token), user),
    forget: (token) => known.delete(digest(token)),
    review: async (request) => {
      const token = (request as { spec?: { token?: string } }).spec?.token ?? '';
      const user = known.get(digest(token)) ?? identify(token);
      const status =
        user === undefined ? { authenticated: false } : { authenticated: true, user: { username: user.name, groups: user.groups } };
      return { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status };
    },
  };
}

/** An EKS token (`k8s-aws-v1.` and a presigned URL, base64url without padding) is user podshift of group podshift; no other token is anyone's. */
export function identifyEksToken(token: string): ClusterUser | undefined {
  return /^k8s-aws-v1\.[A-Za-z0-9_-]+$/.test(token) ? { name: 'podshift', groups: ['podshift'] } : undefined;
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
