import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const PREFIX = 'k8s-aws-v1.';
/** How long after `X-Amz-Date` EKS takes a token (aws-iam-authenticator, token.go: 15 minutes, whatever X-Amz-Expires says). */
const TOKEN_LIFE = 15 * 60 * 1000;
/** aws-iam-authenticator, token.go: `maxTokenLenBytes`. */
const MAXIMUM_LENGTH = 4096;

const ALLOWED = new Set([
  'action',
  'version',
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
  'x-amz-user-agent',
]);

/**
 * The access key behind an EKS bearer token, or undefined for a token that EKS would refuse: wrong form, another service, out of
 * its time, or a signature that does not cover this cluster's name in the header `x-k8s-aws-id`.
 * `secretOf` gives the secret of an access key, `now` is in milliseconds.
 */
export function readEksToken(
  token: string,
  clusterName: string,
  secretOf: (accessKeyId: string) => string | undefined,
  now: number,
): string | undefined {
  const presigned = presignedOf(token);
  // Clocks differ a little: a token from the near future is taken, as STS does.
  if (presigned === undefined || Math.abs(now - presigned.signedAt) > TOKEN_LIFE) return undefined;
  const secret = secretOf(presigned.accessKeyId);
  return secret !== undefined && presigned.isSignedBy(secret, clusterName) ? presigned.accessKeyId : undefined;
}

/** A token of the right form. */
interface Presigned {
  readonly accessKeyId: string;
  /** Milliseconds since the epoch. */
  readonly signedAt: number;
  isSignedBy(secret: string, clusterName: string): boolean;
}

/** Tokens that were read: a client sends the same one for minutes. The oldest go first. */
const read = new Map<string, Presigned | undefined>();
const READ = 64;

function presignedOf(token: string): Presigned | undefined {
  if (read.has(token)) return read.get(token);
  const presigned = readPresigned(token);
  const [oldest] = read.keys();
  if (read.size >= READ && oldest !== undefined) read.delete(oldest);
  read.set(token, presigned);
  return presigned;
}

function readPresigned(token: string): Presigned | undefined {
  if (!token.startsWith(PREFIX) || token.length > MAXIMUM_LENGTH) return undefined;
  const encoded = token.slice(PREFIX.length);
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return undefined; // padding or base64's own alphabet
  const text = Buffer.from(encoded, 'base64url').toString('utf8');
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.pathname !== '/' || !isSts(url)) return undefined;
  const query = new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value]));
  if ([...query.keys()].some((name) => !ALLOWED.has(name)) || query.get('action') !== 'GetCallerIdentity') return undefined;
  const signedHeaders = (query.get('x-amz-signedheaders') ?? '').split(';');
  if (!signedHeaders.includes('x-k8s-aws-id')) return undefined;
  const signedAt = parseAmzDate(query.get('x-amz-date') ?? '');
  if (signedAt === undefined) return undefined;
  const accessKeyId = (query.get('x-amz-credential') ?? '').split('/')[0] ?? '';
  const signatures = new Map<string, string>();
  return {
    accessKeyId,
    signedAt,
    isSignedBy: (secret, clusterName) => {
      const by = JSON.stringify([secret, clusterName]);
      const signature = signatures.get(by) ?? presignature(url, signedHeaders, { host: url.host, 'x-k8s-aws-id': clusterName }, secret);
      signatures.set(by, signature);
      return signature === query.get('x-amz-signature');
    },
  };
}

/** STS, or the twin's own: the AWS CLI presigns for the endpoint that AWS_ENDPOINT_URL names. The signature counts in either case. */
function isSts({ protocol, hostname }: URL): boolean {
  return protocol === 'https:'
    ? /^sts(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?$/.test(hostname)
    : protocol === 'http:' && hostname === '127.0.0.1';
}

/** The signature of a presigned GET (AWS Signature Version 4, query parameters). */
function presignature(url: URL, signedHeaders: readonly string[], headers: Readonly<Record<string, string>>, secret: string): string {
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const parameters = [...url.searchParams]
    .filter(([name]) => name.toLowerCase() !== 'x-amz-signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const canonicalHeaders = signedHeaders.map((name) => `${name}:${headers[name] ?? ''}\n`).join('');
  const emptyHash = createHash('sha256').update('').digest('hex');
  const canonical = ['GET', url.pathname, parameters.sort().join('&'), canonicalHeaders, signedHeaders.join(';'), emptyHash].join('\n');
  const [, date = '', region = '', service = ''] = (url.searchParams.get('X-Amz-Credential') ?? '').split('/');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', url.searchParams.get('X-Amz-Date'), scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request');
  return hmac(key, toSign).toString('hex');
}

/** Access key, region and service of a SigV4 request, from its Authorization header or its presigned query; undefined where it is not signed. */
export function readSignature(
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
): { readonly accessKeyId: string; readonly region: string; readonly service: string } | undefined {
  const header = /^AWS4-HMAC-SHA256 .*Credential=([^,\s]+)/.exec(headers.authorization ?? '')?.[1];
  const scope = (header ?? query.get('X-Amz-Credential') ?? '').split('/');
  const [accessKeyId = '', , region = '', service = ''] = scope;
  return accessKeyId === '' || scope.length !== 5 ? undefined : { accessKeyId, region, service };
}

function parseAmzDate(text: string): number | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  return parts === null ? undefined : Date.parse(`${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z`);
}
