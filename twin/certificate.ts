import { generate } from 'selfsigned';

/** A key and its certificate, both PEM. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

let cached: Promise<Certificate> | undefined;

/**
 * The certificate of the twin's HTTPS servers: for 127.0.0.1 and localhost, signed by itself and so its own authority.
 * It is made once a process: hundreds of twins share it.
 */
export function twinCertificate(): Promise<Certificate> {
  cached ??= makeCertificate();
  return cached;
}

async function makeCertificate(): Promise<Certificate> {
  const day = 24 * 60 * 60 * 1000;
  // Real time, whatever the twin's clock says: TLS clients check it against theirs.
  const made = await generate([{ name: 'commonName', value: 'podshift twin' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - day),
    notAfterDate: new Date(Date.now() + 3650 * day),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { key: made.private, certificate: made.cert };
}
