import type { OwnerFact } from '../model/inventory.ts';
import { consumersOf, needsAnnotation } from './consumers.ts';
import type { UnitFacts } from './unit-facts.ts';

const NAMES: Readonly<Record<OwnerFact['kind'], string>> = {
  'argo-cd': 'Argo CD application',
  flux: 'Flux object',
  helm: 'Helm release',
  cloudformation: 'CloudFormation stack',
  eksctl: 'eksctl cluster',
  terraform: 'Terraform',
  operator: 'operator',
};

/** Owners that roll out workloads from a source and put back what differs from it. */
const GITOPS = new Set<OwnerFact['kind']>(['argo-cd', 'flux']);

/** The GitOps tool among an object's owners. */
export function gitopsOwner(owners: readonly OwnerFact[]): OwnerFact | undefined {
  return owners.find(({ kind }) => GITOPS.has(kind));
}

/** The owner that puts an object back as it knows it, so that no change lasts: a GitOps tool or an operator. */
export function reconcilingOwner(owners: readonly OwnerFact[]): OwnerFact | undefined {
  return owners.find(({ kind }) => GITOPS.has(kind) || kind === 'operator');
}

/** An owner as reports call it. */
export function nameOfOwner(owner: OwnerFact): string {
  return owner.name === '' ? NAMES[owner.kind] : `${NAMES[owner.kind]} ${owner.name}`;
}

/** Where a change has to be made so that the owner keeps it. */
export function sourceOf(owner: OwnerFact): string {
  switch (owner.kind) {
    case 'argo-cd':
    case 'flux':
      return 'the Git repository that it is synchronised from';
    case 'helm':
      return `the values of ${owner.name === '' ? 'its release' : `the release ${owner.name}`} (often serviceAccount.annotations)`;
    case 'cloudformation':
      return 'the template of its stack';
    case 'eksctl':
      return 'iam.serviceAccounts of the eksctl configuration file';
    case 'terraform':
      return 'its Terraform configuration';
    case 'operator':
      return `the settings of ${owner.name}`;
  }
}

/** Annotations that only IRSA reads; the webhook's others (token expiry, regional endpoints) matter to Pod Identity too. */
const OF_IRSA_ALONE = ['role-arn', 'audience'];

/** The annotations of a service account that only IRSA reads, by their keys. */
export function irsaAnnotations({ facts, world: { inventory } }: UnitFacts): string[] {
  return OF_IRSA_ALONE.map((name) => `${inventory.annotationPrefix}/${name}`).filter((key) => facts.annotations[key] !== undefined);
}

/**
 * Why a service account's annotations stay after proof: its owner would put them back, a controller would delete the association
 * with them, a consumer needs them, or the options say so. Null where they go.
 */
export function reasonToKeep(unit: UnitFacts): 'owner' | 'controller' | 'consumer' | 'options' | null {
  const {
    facts,
    world: { inventory, options },
  } = unit;
  if (facts.owners.length > 0) return 'owner';
  if ((inventory.platform?.annotationControllers ?? []).length > 0) return 'controller';
  if (consumersOf(unit).some(needsAnnotation)) return 'consumer';
  return options.keepAnnotations ? 'options' : null;
}

/** The annotation keys that go after proof: those of IRSA alone; an add-on's are EKS's, and a daemon's are in the pod template. */
export function removedAnnotations(unit: UnitFacts): readonly string[] {
  const isByIrsa = unit.addon === undefined && unit.metadata === undefined;
  return isByIrsa && reasonToKeep(unit) === null ? irsaAnnotations(unit) : [];
}
