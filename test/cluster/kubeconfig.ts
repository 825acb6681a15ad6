import { stringify } from 'yaml';
import type { Pair } from './certificates.ts';

/** A kubeconfig of one cluster and one user: by client certificate, or by none (webhooks). */
export function kubeconfig(settings: { readonly server: string; readonly certificateAuthority: string; readonly user?: Pair }): string {
  const data = (text: string): string => Buffer.from(text).toString('base64');
  const { server, certificateAuthority, user } = settings;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'podshift', cluster: { server, 'certificate-authority-data': data(certificateAuthority) } }],
    users: [
      {
        name: 'podshift',
        user: user === undefined ? {} : { 'client-certificate-data': data(user.certificate), 'client-key-data': data(user.key) },
      },
    ],
    contexts: [{ name: 'podshift', context: { cluster: 'podshift', user: 'podshift' } }],
    'current-context': 'podshift',
  });
}
