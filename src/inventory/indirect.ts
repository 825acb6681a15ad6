import type { KubernetesObject } from '../kubernetes/gateway.ts';
import type { IndirectUserFact, LegacyFact } from '../model/inventory.ts';
import { templateOf } from './workloads.ts';

/**
 * The service accounts whose tokens External Secrets exchanges itself (`spec.provider.aws.auth.jwt.serviceAccountRef`).
 * A ClusterSecretStore without a namespace is used from many: `*` stands for them.
 */
export function secretStoreUsers(stores: readonly KubernetesObject[]): IndirectUserFact[] {
  return stores.flatMap((store) => {
    const reference = store.spec?.provider?.aws?.auth?.jwt?.serviceAccountRef;
    if (reference === undefined) return [];
    const { namespace, name } = store.metadata;
    return [
      {
        subject: namespace === undefined ? `${store.kind}/${name}` : `${store.kind}/${namespace}/${name}`,
        namespace: namespace ?? reference.namespace ?? '*',
        serviceAccount: reference.name,
      },
    ];
  });
}

/** `NAMESPACE/NAME` of each SecretProviderClass of the AWS provider that takes the pod's role by IRSA. */
export function irsaProviderClasses(classes: readonly KubernetesObject[]): Set<string> {
  const byIrsa = classes.filter(
    (object) => object.spec?.provider === 'aws' && String(object.spec?.parameters?.usePodIdentity ?? 'false') !== 'true',
  );
  return new Set(byIrsa.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
}

/** The daemon that a DaemonSet or Deployment runs, by the names of its images; undefined for any other. */
function daemonOf(object: KubernetesObject): string | undefined {
  const images: string[] = (templateOf(object)?.spec?.containers ?? []).map((container: { image?: string }) => container.image ?? '');
  const names = images.map((image) => image.split('/').at(-1)?.split(/[:@]/)[0]);
  return ['kube2iam', 'kiam'].find((daemon) => names.includes(daemon));
}

/** What kube2iam or kiam do with this workload or bare pod, to be listed and left alone. An empty annotation asks for nothing. */
export function legacyFacts(object: KubernetesObject): LegacyFact[] {
  const subject = `${object.kind}/${object.metadata.namespace}/${object.metadata.name}`;
  const role = templateOf(object)?.metadata?.annotations?.['iam.amazonaws.com/role'];
  const daemon = object.kind === 'DaemonSet' || object.kind === 'Deployment' ? daemonOf(object) : undefined;
  return [
    ...(role ? [{ subject, kind: 'annotation' as const, name: role }] : []),
    ...(daemon === undefined ? [] : [{ subject, kind: 'daemon' as const, name: daemon }]),
  ];
}
