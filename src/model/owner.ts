/** The tools that keep objects as their source has them. */
export const OWNER_KINDS = [
  'argo-cd',
  'flux',
  'helm',
  'cloudformation',
  'eksctl',
  'terraform',
  'pulumi',
  'kapp',
  'kluctl',
  'config-sync',
  'crossplane',
  'fleet',
  'spinnaker',
  'operator',
] as const;

/** A tool that keeps objects as its source has them. */
export type OwnerKind = (typeof OWNER_KINDS)[number];

/** What owns an object beyond the cluster, so that a change made here is put back or is drift there. */
export interface OwnerFact {
  readonly kind: OwnerKind;
  /** The application, release, stack or operator, as its mark names it; empty where the mark names none. */
  readonly name: string;
}

/** The Helm chart that an object was made of, by its label. */
export interface ChartFact {
  readonly name: string;
  /** The value that holds the service account's annotations; null for a chart that podshift does not know. */
  readonly value: string | null;
}
