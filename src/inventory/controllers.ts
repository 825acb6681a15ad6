/**
 * Images of controllers that make associations, annotations or trust policies themselves: ACK's EKS controller, Crossplane's EKS
 * providers, and operators of IRSA and Pod Identity.
 */
const CONTROLLERS =
  /(aws-controllers-k8s\/eks-controller|provider-aws-eks|provider-upjet-aws|pod-identity-(operator|reloader)|irsa-(manager|operator|controller))/;

/** It makes an association of each annotation, and deletes it with the annotation (udhos/eks-auto-pod-id-assoc, README). */
const BY_ANNOTATION = /eks-auto-pod-id-assoc/;

// biome-ignore lint/suspicious/noExplicitAny: a pod spec as the API gives it
type PodSpec = any;

/** Whether pods of this spec manage what podshift changes, and in which way. */
export function identityController(spec: PodSpec): 'manages' | 'by-annotation' | undefined {
  const images: string[] = (spec?.containers ?? []).map((container: { image?: string }) => container.image ?? '');
  if (images.some((image) => BY_ANNOTATION.test(image))) return 'by-annotation';
  return images.some((image) => CONTROLLERS.test(image)) ? 'manages' : undefined;
}
