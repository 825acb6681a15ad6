import type { KubernetesObject } from '../kubernetes/gateway.ts';
import type { IndirectUserFact, LegacyFact } from '../model/inventory.ts';
import { daemonContainer } from './metadata/daemons.ts';
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

/** What kube2iam or kiam do with this workload or bare pod, to be listed. An empty annotation asks for nothing. */
export function legacyFacts(object: KubernetesObject, roleKeys: ReadonlySet<string>): LegacyFact[] {
  const subject = `${object.kind}/${object.metadata.namespace}/${object.metadata.name}`;
  const annotations = templateOf(object)?.metadata?.annotations;
  const role = [...roleKeys, 'iam.amazonaws.com/role'].map((key) => annotations?.[key]).find((value) => value);
  const daemon = daemonContainer(object)?.mechanism;
  return [
    ...(role ? [{ subject, kind: 'annotation' as const, name: role }] : []),
    ...(daemon === undefined ? [] : [{ subject, kind: 'daemon' as const, name: daemon }]),
  ];
}
