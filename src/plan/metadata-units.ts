import { type Finding, finding } from '../model/findings.ts';
import type { OwnerFact, ServiceAccountFacts, WorkloadFacts } from '../model/inventory.ts';
import type { MetadataFacts, MetadataInventory, ServiceAccountShape } from '../model/metadata.ts';
import type { TemplatePlan, WorkloadPlan } from '../model/plan.ts';
import { accountSubject, idOf, type MetadataDraft, note, type UnitDraft, type World, workloadSubject } from './draft.ts';
import { goRegexp } from './go-regexp.ts';
import { groupWorkloads, type RoleGroup } from './metadata-groups.ts';
import { KIAM, stringArray } from './metadata-roles.ts';
import type { MetadataSystem } from './metadata-system.ts';
import { nameOfOwner, sourceOf } from './owner-check.ts';

/** Tools that put a template back as they know it; a split would not last. */
const RECONCILING = new Set<OwnerFact['kind']>(['argo-cd', 'flux', 'operator']);

/** Units of one service account whose pods get their roles from kube2iam or kiam, and what is to be told besides. */
export function draftMetadata(
  facts: ServiceAccountFacts,
  systems: readonly MetadataSystem[],
  world: World,
  taken: Set<string>,
): { readonly units: UnitDraft[]; readonly findings: readonly Finding[] } {
  // It is here for the workloads of it that ask.
  const { groups, others } = groupWorkloads(facts, world.workloadsOf.get(idOf(facts)) as readonly WorkloadFacts[], systems, world, taken);
  return { units: groups.map((group) => draftGroup(facts, group, world)), findings: others };
}

function draftGroup(old: ServiceAccountFacts, group: RoleGroup, world: World): UnitDraft {
  const facts: ServiceAccountFacts = group.split
    ? { namespace: old.namespace, name: group.serviceAccount, uid: '', resourceVersion: '', annotations: {}, owners: [], addon: null }
    : old;
  const unit: UnitDraft = {
    id: idOf(facts),
    mechanism: group.system.mechanism,
    metadata: undefined,
    facts,
    roleArn: group.roleArn,
    workloads: group.workloads,
    association: group.split ? undefined : world.associationOf.get(idOf(old)),
    findings: [...group.findings],
    role: undefined,
    sessionTagsOff: false,
    settled: false,
    plans: [],
    removeAnnotations: [],
  };
  unit.metadata = {
    callers: group.system.callers,
    splitFrom: group.split ? old.name : null,
    shape: group.split ? withOrigin(old) : null,
    bindings: group.split ? bindingsOf(old, world) : [],
    templates: [],
  };
  if (!group.roleArn.startsWith('arn:') && group.system.resolver.settings.base.kind === 'none')
    note(
      unit,
      'PS707',
      workloadSubject(group.workloads[0] as WorkloadFacts),
      `${group.roleArn} is no ARN, and ${group.system.resolver.subject} has no base ARN`,
    );
  if (group.split) noteSplit(unit, unit.metadata, old, world);
  return unit;
}

/** Marks the copy with what it was made of, so that everybody can see it. */
function withOrigin(old: ServiceAccountFacts): ServiceAccountShape {
  const shape = old.shape ?? { labels: {}, annotations: {}, imagePullSecrets: [], secrets: [], automountServiceAccountToken: null };
  return { ...shape, annotations: { ...shape.annotations, 'podshift/split-from': old.name } };
}

function bindingsOf(old: ServiceAccountFacts, world: World) {
  return (world.inventory.metadata as MetadataInventory).bindings
    .filter((binding) => binding.serviceAccounts.includes(idOf(old)))
    .map(({ kind, namespace, name }) => ({ kind, namespace, name }));
}

function noteSplit(unit: UnitDraft, { bindings }: MetadataDraft, old: ServiceAccountFacts, world: World): void {
  const subject = accountSubject(unit);
  note(
    unit,
    'PS713',
    subject,
    `${unit.id} is split from ${idOf(old)}: ${unit.workloads.map(workloadSubject).join(', ')} get it, and it joins ${bindings.length === 0 ? 'no binding' : bindings.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`,
  );
  const association = world.associationOf.get(idOf(old));
  if (association !== undefined)
    note(unit, 'PS722', subject, `${unit.id} would be split from ${idOf(old)}, which has association ${association.associationId}`);
  for (const policy of (world.inventory.metadata as MetadataInventory).identityPolicies)
    if (policy.serviceAccount === idOf(old))
      note(unit, 'PS714', subject, `${policy.subject} names ${idOf(old)}, and does not know ${unit.id}`);
}

/** What happens to each template, once it is known how the workloads restart; adds what stands in the way of a split. */
export function planTemplates(unit: UnitDraft, metadata: MetadataDraft, world: World): void {
  // Each workload has its plan, in the same order.
  const templates = unit.workloads.map((workload, index) =>
    planTemplate(unit, workload, (unit.plans[index] as WorkloadPlan).restart, world),
  );
  unit.metadata = { ...metadata, templates: templates.filter((template) => template !== undefined) };
}

function planTemplate(unit: UnitDraft, workload: WorkloadFacts, restart: string, world: World): TemplatePlan | undefined {
  const split = unit.metadata?.splitFrom !== null;
  const changeable = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'].includes(workload.kind) && restart !== 'evict';
  if (split) checkSplit(unit, workload, changeable);
  const annotations = removable(unit, workload, changeable, world);
  if (!split && Object.keys(annotations).length === 0) return undefined;
  return {
    kind: workload.kind,
    name: workload.name,
    annotations,
    before: (workload.metadata as MetadataFacts).fields,
    serviceAccount: split ? unit.facts.name : null,
  };
}

function checkSplit(unit: UnitDraft, workload: WorkloadFacts, changeable: boolean): void {
  const subject = workloadSubject(workload);
  const owner = workload.owners.find(({ kind }) => RECONCILING.has(kind));
  if (!changeable) note(unit, 'PS716', subject, `podshift does not change the pod template of ${subject}`);
  if (owner !== undefined)
    note(
      unit,
      'PS715',
      subject,
      `${nameOfOwner(owner)} owns ${subject}, which needs the service account ${unit.facts.name}`,
      `Change it at the source, ${sourceOf(owner)}: add the service account ${unit.facts.name} with the bindings of ${unit.metadata?.splitFrom}, and set serviceAccountName: ${unit.facts.name} in the pod template. Then plan again.`,
    );
}

/** The daemon's annotations of a template, where they go after proof. */
function removable(unit: UnitDraft, workload: WorkloadFacts, changeable: boolean, world: World): Readonly<Record<string, string>> {
  const present = (workload.metadata as MetadataFacts).template ?? {};
  const keys = Object.keys(present).join(' and ');
  const subject = workloadSubject(workload);
  const [owner] = workload.owners;
  if (keys === '') return {};
  if (world.options.keepAnnotations) {
    note(unit, 'PS502', subject, `the annotations of ${subject} stay, as the options say`);
    return {};
  }
  if (owner !== undefined || !changeable) {
    const why = owner === undefined ? `podshift does not change its template` : `${nameOfOwner(owner)} owns it`;
    const where = owner === undefined ? '' : ` at its source: ${sourceOf(owner)}`;
    note(
      unit,
      'PS720',
      subject,
      `the annotation of ${subject} stays: ${why}`,
      `After the migration, remove ${keys} from the pod template of ${subject}${where}.`,
    );
    return {};
  }
  if (!world.options.foldAnnotationRemoval)
    note(unit, 'PS721', subject, `${subject} loses ${keys} after proof, which restarts it once more`);
  return present;
}

/** Annotations of namespaces that a daemon cannot read. */
export function namespaceFindings(systems: readonly MetadataSystem[], world: World): Finding[] {
  const spaces = world.inventory.metadata?.namespaces ?? [];
  return systems.flatMap(({ resolver: { settings } }) =>
    spaces.flatMap(({ name, annotations }) => {
      const key = settings.part === 'kube2iam' ? settings.namespaceKey : KIAM.permitted;
      const text = annotations[key] ?? '';
      if (text === '') return [];
      const problem = settings.part === 'kube2iam' ? arrayProblem(text, settings) : patternProblem(text);
      return problem === '' ? [] : [finding('PS706', `Namespace/${name}`, `the annotation ${key} of namespace ${name}: ${problem}`)];
    }),
  );
}

function arrayProblem(text: string, settings: { readonly namespaceRestrictions: boolean; readonly restrictionFormat: string }): string {
  if (!settings.namespaceRestrictions) return '';
  const value = stringArray(text);
  if (value === undefined) return 'it is no JSON array of strings';
  if (settings.restrictionFormat.toLowerCase() !== 'regexp') return '';
  return value.map(patternProblem).find((problem) => problem !== '') ?? '';
}

function patternProblem(text: string): string {
  const compiled = goRegexp(text);
  return compiled.kind === 'pattern' ? '' : `${JSON.stringify(text)}: ${compiled.reason}`;
}

/** How a role of another account is reached: the plan that podshift does not carry out. */
export function targetRolePlan(
  roleArn: string,
  namespace: string,
  serviceAccount: string,
  cluster: { readonly name: string; readonly accountId: string; readonly partition: string },
): string {
  const source = `arn:${cluster.partition}:iam::${cluster.accountId}:role/${roleArn.split('/').at(-1)}-source`;
  return [
    `Create the role ${source} in the cluster's account, which trusts pods.eks.amazonaws.com for sts:AssumeRole and sts:TagSession, and allow it both actions on ${roleArn}`,
    `let ${roleArn} trust ${source} for both actions`,
    `then run: aws eks create-pod-identity-association --cluster-name ${cluster.name} --namespace ${namespace} --service-account ${serviceAccount} --role-arn ${source} --target-role-arn ${roleArn}`,
  ].join('; ');
}
