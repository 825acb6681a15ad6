import { generateKeyPairSync } from 'node:crypto';
import { generate } from 'selfsigned';

const DAY = 24 * 60 * 60 * 1000;

/** A key and its certificate, both PEM. */
export interface Pair {
  readonly key: string;
  readonly certificate: string;
}

/** The cluster's own authority: it signs the servers' certificates and the users'. */
export interface Authority {
  readonly certificate: string;
  /** For a server on loopback. */
  server(name: string): Promise<Pair>;
  /** For a user: Kubernetes reads the name from CN and the groups from O. */
  user(name: string, groups: readonly string[]): Promise<Pair>;
}

const SETTINGS = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

/** A new authority. Its certificates are good from yesterday (clocks differ) for a year. */
export async function createAuthority(): Promise<Authority> {
  const own = await generate([{ name: 'commonName', value: 'podshift test cluster' }], {
    ...SETTINGS,
    ...validity(),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { key: own.private, cert: own.cert };
  return {
    certificate: own.cert,
    server: async (name) => {
      const made = await generate([{ name: 'commonName', value: name }], {
        ...SETTINGS,
        ...validity(),
        ca,
        extensions: [
          { name: 'basicConstraints', cA: false },
          { name: 'keyUsage', digitalSignature: true, critical: true },
          { name: 'extKeyUsage', serverAuth: true },
          {
            name: 'subjectAltName',
            altNames: [
              { type: 2, value: 'localhost' },
              { type: 2, value: 'kubernetes.default.svc' },
              { type: 7, ip: '127.0.0.1' },
            ],
          },
        ],
      });
      return { key: made.private, certificate: made.cert };
    },
    user: async (name, groups) => {
      const subject = [...groups.map((group) => ({ name: 'organizationName', value: group })), { name: 'commonName', value: name }];
      const made = await generate(subject, {
        ...SETTINGS,
        ...validity(),
        ca,
        extensions: [
          { name: 'basicConstraints', cA: false },
          { name: 'keyUsage', digitalSignature: true, critical: true },
          { name: 'extKeyUsage', clientAuth: true },
        ],
      });
      return { key: made.private, certificate: made.cert };
    },
  };
}

/** The pair that service account tokens are signed and checked with: RSA, as EKS' are (RS256). */
export function serviceAccountKeys(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

function validity(): { notBeforeDate: Date; notAfterDate: Date } {
  // Real time: TLS compares it with the machine's clock.
  return { notBeforeDate: new Date(Date.now() - DAY), notAfterDate: new Date(Date.now() + 365 * DAY) };
}
