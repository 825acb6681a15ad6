import type { KubernetesObject } from '../kubernetes/gateway.ts';
import type { LegacyFact } from '../model/inventory.ts';
import { daemonContainer } from './metadata/daemons.ts';
import { templateOf } from './workloads.ts';

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
