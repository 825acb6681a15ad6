/** What owns an object beyond the cluster, so that a change made here is put back or is drift there. */
export interface OwnerFact {
  readonly kind: 'argo-cd' | 'flux' | 'helm' | 'cloudformation' | 'eksctl' | 'terraform' | 'operator';
  /** The application, release, stack or operator, as its mark names it; empty where the mark names none. */
  readonly name: string;
}
