import type { OwnerFact, RoleFacts } from '../model/inventory.ts';
import { accountSubject, note, type UnitDraft, type World, workloadSubject } from './draft.ts';

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

/** Annotations that only IRSA reads; the webhook's others (token expiry, regional endpoints) matter to Pod Identity too. */
const OLD_WAY = ['role-arn', 'audience'];

/** An owner as reports call it. */
export function nameOfOwner(owner: OwnerFact): string {
  return owner.name === '' ? NAMES[owner.kind] : `${NAMES[owner.kind]} ${owner.name}`;
}

/** Whose changes ours would fight with; decides which annotations go after proof, and fills in `removeAnnotations`. */
export function checkOwners(unit: UnitDraft, world: World): void {
  const { annotationPrefix } = world.inventory;
  const present = OLD_WAY.map((name) => `${annotationPrefix}/${name}`).filter((key) => unit.facts.annotations[key] !== undefined);
  const [owner] = unit.facts.owners;
  const [controller] = world.inventory.platform?.annotationControllers ?? [];
  if (owner !== undefined)
    note(
      unit,
      'PS501',
      accountSubject(unit),
      `${nameOfOwner(owner)} owns ServiceAccount ${unit.id}, so its annotation stays`,
      `After the migration, remove ${present.join(' and ')} from the service account ${unit.id} at its source: ${sourceOf(owner)}.`,
    );
  else if (controller !== undefined)
    note(unit, 'PS507', accountSubject(unit), `${controller} would delete the association of ${unit.id} with its annotation, so it stays`);
  else if (world.options.keepAnnotations)
    note(unit, 'PS502', accountSubject(unit), `the annotations of ${unit.id} stay, as the options say`);
  else unit.removeAnnotations = present;
  for (const workload of unit.workloads) {
    const tool = workload.owners.find((candidate) => GITOPS.has(candidate.kind));
    if (tool !== undefined) note(unit, 'PS504', workloadSubject(workload), `${nameOfOwner(tool)} owns ${workloadSubject(workload)}`);
  }
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

/** Warns where infrastructure as code would take a new trust statement out again. */
export function checkRoleOwner(unit: UnitDraft, role: RoleFacts): void {
  const [owner] = role.owners;
  if (owner === undefined) return;
  note(
    unit,
    'PS503',
    `Role/${unit.roleArn}`,
    `${nameOfOwner(owner)} owns the role ${unit.roleArn}, and the plan changes its trust policy`,
    `Add the statement that the plan shows to the role's trust policy in ${owner.kind === 'terraform' ? 'its Terraform configuration' : `the template of ${nameOfOwner(owner)}`} before its next update: it would take the statement out again.`,
  );
}
