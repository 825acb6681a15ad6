import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';
import { readEksToken } from '../../../twin/aws/eks-token.ts';

const NOW = Date.parse('2026-03-02T09:00:00Z');
const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
const secretOf = (accessKeyId: string): string | undefined =>
  accessKeyId === credentials.accessKeyId ? credentials.secretAccessKey : undefined;

/** SHA-256 as the signer takes it: plain, or keyed where it gets a secret. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined
        ? createHash('sha256')
        : createHmac('sha256', typeof secret === 'string' ? secret : Buffer.from(secret as Uint8Array));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === 'string' ? data : Buffer.from(data as Uint8Array));
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
  reset(): void {
    throw new Error('not used');
  }
}

async function token(
  options: {
    protocol?: string;
    cluster?: string;
    nameless?: boolean;
    hostname?: string;
    query?: Record<string, string>;
    accessKeyId?: string;
  } = {},
): Promise<string> {
  const hostname = options.hostname ?? 'sts.eu-west-1.amazonaws.com';
  const signer = new SignatureV4({
    service: 'sts',
    region: 'eu-west-1',
    credentials: { ...credentials, ...(options.accessKeyId === undefined ? {} : { accessKeyId: options.accessKeyId }) },
    sha256: Sha256,
  });
  const query = { Action: 'GetCallerIdentity', Version: '2011-06-15', ...options.query };
  const headers = { host: hostname, ...(options.nameless === true ? {} : { 'x-k8s-aws-id': options.cluster ?? 'shop' }) };
  const signed = await signer.presign(
    { method: 'GET', protocol: 'https:', hostname, path: '/', query, headers },
    { expiresIn: 60, signingDate: new Date(NOW), unhoistableHeaders: new Set(['x-k8s-aws-id']) },
  );
  const url = new URL(`${options.protocol ?? 'https:'}//${hostname}/`);
  for (const [name, value] of Object.entries(signed.query ?? {})) url.searchParams.set(name, String(value));
  return `k8s-aws-v1.${Buffer.from(url.href).toString('base64url')}`;
}

describe('an EKS bearer token', () => {
  const read = (text: string, now = NOW) => readEksToken(text, 'shop', secretOf, now);

  it('names the access key that signed it', async () => {
    expect(await token().then((text) => read(text))).toBe('AKIAEXAMPLE');
  });

  it('is taken where the AWS CLI presigned it for the twin itself, as AWS_ENDPOINT_URL has it do', async () => {
    expect(read(await token({ protocol: 'http:', hostname: '127.0.0.1' }))).toBe('AKIAEXAMPLE');
    expect(read(await token({ protocol: 'http:', hostname: 'sts.eu-west-1.amazonaws.com' }))).toBeUndefined();
  });

  it('is taken for 15 minutes from its date, whatever its expiry says', async () => {
    const text = await token();
    expect(read(text, NOW + 15 * 60_000)).toBe('AKIAEXAMPLE');
    expect(read(text, NOW + 15 * 60_000 + 1)).toBeUndefined();
    expect(read(text, NOW - 15 * 60_000 - 1)).toBeUndefined();
  });

  it.each<[string, () => Promise<string>]>([
    ['is for another cluster', () => token({ cluster: 'elsewhere' })],
    ['does not sign the cluster name', () => token({ nameless: true })],
    ['is for another host', () => token({ hostname: 'sts.example.com' })],
    ['is for another action', () => token({ query: { Action: 'GetSessionToken' } })],
    ['has a stray parameter', () => token({ query: { Extra: 'x' } })],
    ['is signed by a key that nobody knows', () => token({ accessKeyId: 'AKIASTRANGER' })],
    ['is padded', async () => `${await token()}=`],
    ['has no prefix', async () => (await token()).replace('k8s-aws-v1.', '')],
    ['is too long', async () => `k8s-aws-v1.${'a'.repeat(5000)}`],
    ['is no URL', async () => `k8s-aws-v1.${Buffer.from('nonsense').toString('base64url')}`],
    [
      'was changed after it was signed',
      async () =>
        `k8s-aws-v1.${Buffer.from(
          Buffer.from((await token()).slice(11), 'base64url')
            .toString()
            .replace('X-Amz-Expires=60', 'X-Amz-Expires=61'),
        ).toString('base64url')}`,
    ],
  ])('is refused when it %s', async (_what, make) => {
    expect(read(await make())).toBeUndefined();
  });
});
