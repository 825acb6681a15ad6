import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { awsError } from '../aws/errors.ts';
import { NodeSha256 } from '../aws/sha256.ts';
import type { Clock } from '../model/clock.ts';

/** What a bearer token says: who asks (the credentials), for which cluster, and when. */
export interface TokenSettings {
  readonly clusterName: string;
  readonly region: string;
  readonly credentials: AwsCredentialIdentityProvider;
  readonly clock: Clock;
}

/** A source of bearer tokens; `forget` makes the next one new. */
export interface TokenSource {
  token(): Promise<string>;
  forget(): void;
}

/** The authenticator accepts a token for 15 minutes from its date; every client renews it a minute ahead (aws-iam-authenticator, pkg/token). */
const LIFETIME = 14 * 60_000;

/** A token is renewed this long before its credentials expire: the API server asks STS with them when it sees the token. */
const CREDENTIAL_MARGIN = 60_000;

/**
 * EKS bearer tokens: a presigned STS GetCallerIdentity with the cluster's name as a signed header, base64url without padding
 * (aws-iam-authenticator, pkg/token). One is kept until it must be renewed. Throws `CredentialsMissing`.
 */
export function createTokenSource(settings: TokenSettings): TokenSource {
  const { clock } = settings;
  let current: { readonly token: Promise<string>; validUntil: number } | undefined;
  return {
    token: () => {
      if (current === undefined || clock.now() >= current.validUntil) {
        const signedAt = clock.now();
        const signing = sign(settings, signedAt);
        const entry = { token: signing.then((signed) => signed.token), validUntil: signedAt + LIFETIME };
        current = entry;
        entry.token.then(
          async () => {
            entry.validUntil = Math.min(entry.validUntil, (await signing).expiration - CREDENTIAL_MARGIN);
          },
          () => {
            // The caller sees the failure; the next call tries again.
            current = current === entry ? undefined : current;
          },
        );
      }
      return current.token;
    },
    forget: () => {
      current = undefined;
    },
  };
}

async function sign(settings: TokenSettings, now: number): Promise<{ token: string; expiration: number }> {
  const { clusterName, region } = settings;
  try {
    const credentials = await settings.credentials();
    const hostname = stsHost(region);
    const signer = new SignatureV4({ service: 'sts', region, credentials, sha256: NodeSha256 });
    const signed = await signer.presign(
      {
        method: 'GET',
        protocol: 'https:',
        hostname,
        path: '/',
        query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
        headers: { host: hostname, 'x-k8s-aws-id': clusterName },
      },
      // The header must stay a header: hoisted into the query, the authenticator refuses it.
      { expiresIn: 60, signingDate: new Date(now), unhoistableHeaders: new Set(['x-k8s-aws-id']) },
    );
    const query = new URLSearchParams(Object.entries(signed.query ?? {}).map(([key, value]): [string, string] => [key, String(value)]));
    const url = `https://${hostname}/?${query}`;
    return {
      token: `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`,
      expiration: credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY,
    };
  } catch (error) {
    throw awsError(error, { service: 'sts', operation: 'GetCallerIdentity' });
  }
}

/** The regional STS host, which the authenticator demands (AWS General Reference, "STS endpoints"). */
function stsHost(region: string): string {
  return `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}
