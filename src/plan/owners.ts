import type { OwnerFact } from '../model/inventory.ts';
import type { ChartFact, OwnerKind } from '../model/owner.ts';
import { consumersOf, needsAnnotation } from './consumers.ts';
import type { UnitFacts } from './unit-facts.ts';

const NAMES: Readonly<Record<OwnerKind, string>> = {
  'argo-cd': 'Argo CD application',
  flux: 'Flux object',
  helm: 'Helm release',
  cloudformation: 'CloudFormation stack',
  eksctl: 'eksctl cluster',
  terraform: 'Terraform',
  pulumi: 'Pulumi',
  kapp: 'kapp',
  kluctl: 'Kluctl',
  'config-sync': 'Config Sync',
  crossplane: 'Crossplane composite',
  fleet: 'Rancher Fleet',
  spinnaker: 'Spinnaker application',
  operator: 'operator',
};

/** Owners that roll out workloads from a source and put back what differs from it. */
const GITOPS = new Set<OwnerKind>(['argo-cd', 'flux', 'config-sync', 'fleet']);

/** The GitOps tool among an object's owners. */
export function gitopsOwner(owners: readonly OwnerFact[]): OwnerFact | undefined {
  return owners.find(({ kind }) => GITOPS.has(kind));
}

/** The owner that puts an object back as it knows it, so that no change lasts: a GitOps tool, Crossplane or an operator. */
export function reconcilingOwner(owners: readonly OwnerFact[]): OwnerFact | undefined {
  return owners.find(({ kind }) => GITOPS.has(kind) || kind === 'crossplane' || kind === 'operator');
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
    case 'config-sync':
      return 'the Git repository that it is synchronised from';
    case 'helm':
      return `the values of ${owner.name === '' ? 'its release' : `the release ${owner.name}`}`;
    case 'cloudformation':
      return 'the template of its stack';
    case 'eksctl':
      return 'iam.serviceAccounts of the eksctl configuration file';
    case 'terraform':
      return 'its Terraform configuration';
    case 'pulumi':
      return 'its Pulumi program';
    case 'kapp':
      return 'the configuration that kapp deploys';
    case 'kluctl':
      return 'its Kluctl deployment project';
    case 'crossplane':
      return 'its Composition, or the Object that makes it';
    case 'fleet':
      return 'the Git repository of its Fleet bundle';
    case 'spinnaker':
      return 'the manifest in its Spinnaker pipeline';
    case 'operator':
      return `the settings of ${owner.name}`;
  }
}

/** Tools that render a Helm chart, so that the change is one of its values. */
const RENDERS_CHARTS = new Set<OwnerKind>(['argo-cd', 'flux', 'helm', 'terraform', 'pulumi', 'config-sync', 'fleet', 'kluctl']);

/** Where the annotations of a service account are set at its owner's: with the name of the chart's value, where it is known. */
export function annotationSourceOf(owner: OwnerFact, chart: ChartFact | undefined): string {
  const source = sourceOf(owner);
  if (!RENDERS_CHARTS.has(owner.kind)) return source;
  if (chart?.value != null) return `${source}, ${chart.value} of the chart ${chart.name}`;
  if (chart !== undefined) return `${source}, a value of the chart ${chart.name} (often serviceAccount.annotations)`;
  return owner.kind === 'helm' ? `${source} (often serviceAccount.annotations)` : source;
}

/** Annotations that only IRSA reads; the webhook's others (token expiry, regional endpoints) matter to Pod Identity too. */
export const OF_IRSA_ALONE = ['role-arn', 'audience'];

/** Whether an annotation's key is one that only IRSA reads, whatever the webhook's prefix is. Pure. */
export function isOfIrsaAlone(key: string): boolean {
  return OF_IRSA_ALONE.includes(key.slice(key.lastIndexOf('/') + 1));
}

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
