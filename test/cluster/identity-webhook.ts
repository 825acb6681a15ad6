import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { injectIdentity } from '../../twin/kubernetes/identity-webhook.ts';
import { eksFlags } from '../../twin/kubernetes/webhook/flags.ts';
import type { Api } from './api.ts';

/** A service account that has an association, as the webhook's file names it (pkg/containercredentials/types.go). */
export interface Identity {
  readonly namespace: string;
  readonly serviceAccount: string;
}

const associationsSchema = z.object({ identities: z.array(z.object({ namespace: z.string(), serviceAccount: z.string() })) });

/** Writes the file that the webhook watches: whole at each moment, since it is renamed into place. */
export async function writeAssociations(path: string, identities: readonly Identity[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, JSON.stringify({ identities }));
  await rename(`${path}.new`, path);
}

/** The configuration that EKS gives its clusters, but for the port and the CA bundle. */
export function webhookConfiguration(port: number, certificateAuthority: string): unknown {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'pod-identity-webhook' },
    webhooks: [
      {
        name: 'iam-for-pods.amazonaws.com',
        admissionReviewVersions: ['v1beta1'],
        clientConfig: { url: `https://127.0.0.1:${port}/mutate`, caBundle: Buffer.from(certificateAuthority).toString('base64') },
        failurePolicy: 'Ignore',
        matchPolicy: 'Equivalent',
        objectSelector: { matchExpressions: [{ key: 'eks.amazonaws.com/skip-pod-identity-webhook', operator: 'DoesNotExist' }] },
        reinvocationPolicy: 'IfNeeded',
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: '*' }],
        sideEffects: 'None',
        timeoutSeconds: 10,
      },
    ],
  };
}

interface AdmissionReview {
  readonly apiVersion: string;
  readonly request: { readonly uid: string; readonly namespace: string; readonly object: KubernetesObject };
}

/**
 * Answers the API server's AdmissionReviews by the twin's rules: for machines whose module proxy does not have the real
 * webhook. Service accounts are read from the API server, associations from the webhook's file, at each call.
 */
export function createTwinWebhook(settings: {
  readonly api: Api;
  readonly associations: string;
  readonly region: string | undefined;
}): (review: unknown) => Promise<unknown> {
  return async (document) => {
    const { apiVersion, request } = document as AdmissionReview;
    const pod = request.object;
    const name = pod.spec.serviceAccountName;
    const found = await settings.api('GET', `/api/v1/namespaces/${request.namespace}/serviceaccounts/${name}`);
    const { identities } = associationsSchema.parse(JSON.parse(await readFile(settings.associations, 'utf8')));
    const mutated = injectIdentity(
      pod,
      {
        flags: eksFlags({ region: settings.region }),
        serviceAccount: found.status === 200 ? found.body : undefined,
        associated: identities.some((identity) => identity.namespace === request.namespace && identity.serviceAccount === name),
      },
      Math.random(),
    );
    const patch = [
      ...(mutated.spec === pod.spec ? [] : [{ op: 'replace', path: '/spec', value: mutated.spec }]),
      ...(mutated.metadata === pod.metadata ? [] : [{ op: 'add', path: '/metadata/labels', value: mutated.metadata.labels }]),
    ];
    const patched = patch.length === 0 ? {} : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
    return { apiVersion, kind: 'AdmissionReview', response: { uid: request.uid, allowed: true, ...patched } };
  };
}
