import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { ApiServerSettings } from './api-server.ts';
import type { Kind } from './kinds.ts';
import { timestamp } from './objects.ts';
import { tokenRequestOfProtobuf } from './protobuf.ts';
import { parseJson } from './request-info.ts';
import { badRequest, invalid, notFound } from './status.ts';

/** What a TokenRequest asks for. */
interface TokenSpec {
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: { readonly kind?: string; readonly apiVersion?: string; readonly name?: string; readonly uid?: string };
}

const DEFAULT_SECONDS = 3600;
const SHORTEST = 600;
/** EKS's API server gives no token for longer. */
const LONGEST = 86_400;
const LONGEST_ASKED = 2 ** 32;

/**
 * The answer to a TokenRequest (k8s.io/kubernetes pkg/registry/core/serviceaccount/storage/token.go): a token of the service account,
 * which the twin's STS takes. Its signature is not one. Throws 400, 404 and 422.
 */
export function issueToken(
  { kinds, store, clock, issuer }: Pick<ApiServerSettings, 'kinds' | 'store' | 'clock' | 'issuer'>,
  account: KubernetesObject,
  body: string,
  dryRun: boolean,
): unknown {
  const request = body === '' ? {} : (parseJson(body) ?? tokenRequestOfProtobuf(body));
  if (request === undefined) throw badRequest('the token request cannot be read');
  const spec = ((request as { spec?: TokenSpec }).spec ?? {}) as TokenSpec;
  const seconds = spec.expirationSeconds ?? DEFAULT_SECONDS;
  const kind = kinds.byKind('', 'ServiceAccount') as Kind;
  const { name, namespace = '' } = account.metadata;
  const refused = (why: string) =>
    invalid(
      { ...kind, kind: 'TokenRequest', group: 'authentication.k8s.io' },
      '',
      'spec.expirationSeconds',
      `Invalid value: ${seconds}: ${why}`,
    );
  if (seconds < SHORTEST) throw refused('may not specify a duration less than 10 minutes');
  if (seconds > LONGEST_ASKED) throw refused('may not specify a duration larger than 2^32 seconds');
  const bound = boundTo({ kinds, store }, spec, namespace);
  const audiences = spec.audiences === undefined || spec.audiences.length === 0 ? [issuer] : spec.audiences;
  const now = clock.now();
  const life = Math.min(seconds, LONGEST);
  const claims = {
    aud: audiences,
    exp: Math.floor(now / 1000) + life,
    iat: Math.floor(now / 1000),
    iss: issuer,
    'kubernetes.io': {
      namespace,
      serviceaccount: { name, uid: account.metadata.uid },
      ...(bound === undefined ? {} : { [bound.kind.toLowerCase()]: { name: bound.metadata.name, uid: bound.metadata.uid } }),
    },
    nbf: Math.floor(now / 1000),
    sub: `system:serviceaccount:${namespace}:${name}`,
  };
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const unsigned = `${part({ alg: 'RS256', kid: 'twin' })}.${part(claims)}`;
  const signature = createHash('sha256').update(unsigned).digest('base64url');
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: timestamp(now) },
    spec: { audiences, expirationSeconds: life, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token: dryRun ? '' : `${unsigned}.${signature}`, expirationTimestamp: timestamp(now + life * 1000) },
  };
}

/** The object that the token ends with; undefined where it ends with the service account alone. */
function boundTo(
  { kinds, store }: Pick<ApiServerSettings, 'kinds' | 'store'>,
  { boundObjectRef: reference }: TokenSpec,
  namespace: string,
): KubernetesObject | undefined {
  if (reference?.kind === undefined) return undefined;
  const { kind: name, uid } = reference;
  const kind = ['Pod', 'Secret', 'Node'].includes(name) ? kinds.byKind('', name) : undefined;
  if (kind === undefined)
    throw badRequest(`cannot bind token for serviceaccount to object of type ${reference.apiVersion ?? ''}, Kind=${name}`);
  const found = store.get(kind, kind.namespaced ? namespace : undefined, reference.name ?? '');
  if (found === undefined) throw notFound(kind, reference.name ?? '');
  if (uid !== undefined && uid !== '' && uid !== found.metadata.uid)
    throw badRequest(
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  return found;
}
