import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import type { IndirectUserFact, WorkloadFacts } from '../../model/inventory.ts';
import { valuesAt } from './fields.ts';
import { subjectOf } from './find.ts';

/** A ScaledObject or ScaledJob that has KEDA read the role annotation of the service account of the pods that it scales. */
export interface AnnotationReader {
  readonly subject: string;
  readonly namespace: string;
  /** Whose pods they are; of a ScaledJob, whose template names the service account, null. */
  readonly target: { readonly kind: string; readonly name: string } | null;
  readonly serviceAccount: string | null;
  /** The TriggerAuthentication that says so. */
  readonly by: string;
}

/** Where a TriggerAuthentication says whose identity counts (kedacore/keda, apis/keda/v1alpha1/triggerauthentication_types.go). */
const IDENTITIES = ['spec.podIdentity', 'spec.awsSecretManager.podIdentity', 'spec.awsParameterStore.podIdentity'];

/** Whether KEDA reads the annotation at each poll: `identityOwner: workload` of the provider `aws`, and `aws-eks` always. */
function readsAnnotation(authentication: KubernetesObject): boolean {
  return IDENTITIES.flatMap((path) => valuesAt(authentication, path)).some(({ value }) => {
    const { provider, identityOwner } = value as { provider?: unknown; identityOwner?: unknown };
    return provider === 'aws-eks' || (provider === 'aws' && identityOwner === 'workload');
  });
}

/** What a scaler says of the workload that it scales, and the TriggerAuthentications that it takes; undefined for any other object. */
function scalerOf(object: KubernetesObject): (Omit<AnnotationReader, 'by'> & { readonly authentications: readonly string[] }) | undefined {
  if (object.kind !== 'ScaledObject' && object.kind !== 'ScaledJob') return undefined;
  const { namespace = '' } = object.metadata;
  const authentications = valuesAt(object, 'spec.triggers[]').flatMap(({ value }) => authenticationOf(value as Trigger, namespace));
  const shared = { subject: subjectOf(object), namespace, authentications };
  if (object.kind === 'ScaledJob') {
    const account = object.spec?.jobTargetRef?.template?.spec?.serviceAccountName ?? 'default';
    return { ...shared, target: null, serviceAccount: account };
  }
  const { kind = 'Deployment', name = '' } = object.spec?.scaleTargetRef ?? {};
  return { ...shared, target: { kind, name }, serviceAccount: null };
}

/** All that is read of one of KEDA's objects. */
export function kedaFacts(object: KubernetesObject): unknown {
  return object.apiVersion.startsWith('keda.sh/') ? [readsAnnotation(object), scalerOf(object)] : null;
}

/** The scalers among a cluster's KEDA objects that need an annotation. */
export function annotationReaders(objects: readonly KubernetesObject[]): AnnotationReader[] {
  const readers = new Set(objects.filter(readsAnnotation).map(subjectOf));
  return objects.flatMap((object): AnnotationReader[] => {
    const { authentications = [], ...scaler } = scalerOf(object) ?? {};
    const by = authentications.find((subject) => readers.has(subject));
    return by === undefined ? [] : [{ ...(scaler as Omit<AnnotationReader, 'by'>), by }];
  });
}

interface Trigger {
  readonly authenticationRef?: { readonly name?: string; readonly kind?: string };
  readonly metadata?: { readonly identityOwner?: string };
}

function authenticationOf({ authenticationRef: reference, metadata }: Trigger, namespace: string): string[] {
  if (reference?.name === undefined || metadata?.identityOwner === 'operator') return [];
  const { kind = 'TriggerAuthentication', name } = reference;
  return [kind === 'ClusterTriggerAuthentication' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`];
}

/** The service accounts whose annotation they read. */
export function annotationUsers(readers: readonly AnnotationReader[], workloads: readonly WorkloadFacts[]): IndirectUserFact[] {
  return readers.flatMap(({ subject, namespace, target, serviceAccount, by }) => {
    const scaled = workloads.filter((one) => one.namespace === namespace && one.kind === target?.kind && one.name === target.name);
    const accounts = new Set(serviceAccount === null ? scaled.map((one) => one.serviceAccount) : [serviceAccount]);
    return [...accounts].map((name) => ({
      subject,
      namespace,
      serviceAccount: name,
      needs: 'annotation' as const,
      component: 'KEDA',
      at: by,
    }));
  });
}
