import type { Finding, FindingCode } from '../model/findings.ts';
import type { ServiceAccountFacts } from '../model/inventory.ts';
import type { Decision, UnitPlan, WorkloadPlan } from '../model/plan.ts';
import { isSelected } from '../model/selection.ts';
import { addonOf, addonPlan, checkAddon } from './addon-check.ts';
import type { Platform } from './agent.ts';
import { accountSubject, blockers, idOf, note, type UnitDraft, type World, workloadSubject } from './draft.ts';
import { isByMetadata } from './metadata-groups.ts';
import { draftMetadata, namespaceFindings, planTemplates } from './metadata-units.ts';
import { checkOwners } from './owner-check.ts';
import { checkPlatform } from './platform-check.ts';
import { checkRole } from './role-check.ts';
import { compareText } from './waves.ts';
import { checkUse, leave, planRestarts } from './workload-check.ts';

/** Every chosen service account with all that is known against it; in order of their ids. */
export function draftUnits(world: World, platform: Platform): { readonly units: UnitDraft[]; readonly findings: readonly Finding[] } {
  const selected = world.inventory.serviceAccounts.filter(({ namespace, name }) => isSelected(world.options, namespace, name));
  // One update moves all service accounts of an add-on: one of them chosen chooses the others.
  const addons = new Set(selected.flatMap(({ addon }) => (addon === null ? [] : [addon])));
  const chosen = world.inventory.serviceAccounts
    .filter((facts) => selected.includes(facts) || (facts.addon !== null && addons.has(facts.addon)))
    .sort((a, b) => compareText(idOf(a), idOf(b)));
  const taken = new Set(world.inventory.metadata?.takenNames ?? []);
  const findings: Finding[] = [...namespaceFindings(world.systems, world)];
  const units = chosen.flatMap((facts) => {
    if (isUnasked(facts, world)) return [];
    if (!isByMetadata(facts, world)) return [draftUnit(facts, world, platform)];
    const drafted = draftMetadata(facts, world.systems, world, taken);
    findings.push(...drafted.findings);
    return drafted.units.map((unit) => check(unit, world, platform));
  });
  return { units: units.sort((a, b) => compareText(a.id, b.id)), findings };
}

/** Known for its pods' annotation alone, which nobody reads: kiam's agent without its server. */
function isUnasked(facts: ServiceAccountFacts, world: World): boolean {
  const hasRole = facts.annotations[`${world.inventory.annotationPrefix}/role-arn`] !== undefined || facts.addon !== null;
  return world.inventory.metadata !== undefined && !hasRole && !world.associationOf.has(idOf(facts)) && !isByMetadata(facts, world);
}

function draftUnit(facts: ServiceAccountFacts, world: World, platform: Platform): UnitDraft {
  const id = idOf(facts);
  const association = world.associationOf.get(id);
  const installed = world.inventory.addons.find(({ name }) => name === facts.addon);
  const annotated = facts.annotations[`${world.inventory.annotationPrefix}/role-arn`];
  // An association that the add-on owns outranks its role by IRSA (EKS User Guide, "IAM roles for Amazon EKS add-ons").
  const owned = association !== undefined && association.ownerArn !== null ? association.roleArn : undefined;
  const roleArn = annotated ?? owned ?? installed?.serviceAccountRoleArn ?? association?.roleArn ?? '';
  const unit: UnitDraft = {
    id,
    mechanism: facts.addon === null ? (association?.mechanism ?? 'irsa') : 'addon',
    metadata: undefined,
    facts,
    roleArn,
    workloads: world.workloadsOf.get(id) ?? [],
    association,
    findings: [],
    role: undefined,
    sessionTagsOff: false,
    settled: false,
    plans: [],
    removeAnnotations: [],
  };
  for (const workload of unit.workloads)
    if (facts.addon === null && world.asksDaemon(workload))
      note(unit, 'PS719', workloadSubject(workload), `${workloadSubject(workload)} asks a daemon for a role, and ${id} has one by IRSA`);
  return check(unit, world, platform);
}

/** All that is said about a unit, whichever mechanism its role comes by. */
function check(unit: UnitDraft, world: World, platform: Platform): UnitDraft {
  checkRole(unit, world);
  checkUse(unit, world);
  if (!unit.settled) checkPlatform(unit, world);
  if (platform.blocker !== null) note(unit, platform.blocker.code, accountSubject(unit), platform.blocker.message);
  const addon = addonOf(unit, world);
  if (unit.settled) settle(unit);
  else if (addon !== undefined) checkAddon(unit, addon, world);
  else {
    planRestarts(unit, world);
    if (unit.metadata === undefined) checkOwners(unit, world);
    else planTemplates(unit, unit.metadata, world);
  }
  return unit;
}

/** A unit that is right as it is: its workloads are listed, and nothing is done to them. */
function settle(unit: UnitDraft): void {
  note(unit, 'PS112', accountSubject(unit), `${unit.id} is associated with ${unit.roleArn} already, and the trust policy admits it`);
  leaveAlone(unit, 'already associated');
}

function leaveAlone(unit: UnitDraft, text: string): void {
  unit.plans = unit.workloads.map((workload) => leave(workload, text));
}

/** What was decided about a unit, by its blockers. */
export function decisionOf(unit: UnitDraft): Decision {
  if (blockers(unit).length > 0) return 'hold';
  return unit.settled ? 'already-associated' : 'migrate';
}

/** Findings that only tell what a migration would mean for a unit. */
const ONLY_WHEN_MIGRATED = new Set<FindingCode>([
  'PS318',
  'PS319',
  'PS320',
  'PS321',
  'PS323',
  'PS324',
  'PS501',
  'PS502',
  'PS503',
  'PS504',
  'PS507',
  'PS613',
  'PS614',
  'PS713',
  'PS714',
  'PS720',
  'PS721',
]);

/** The findings that matter for what was decided: a held unit is not restarted, so nothing is said about its restart. */
export function findingsOf(unit: UnitDraft): Finding[] {
  const held = decisionOf(unit) === 'hold';
  return unit.findings.filter(({ code }) => !held || !ONLY_WHEN_MIGRATED.has(code));
}

/** The workloads as the plan treats them: those of a held unit are left alone. */
function workloadPlans(unit: UnitDraft): WorkloadPlan[] {
  const held = decisionOf(unit) === 'hold';
  const plans = unit.plans.map((plan): WorkloadPlan => (held ? { ...plan, restart: 'none', note: 'held' } : plan));
  return plans.sort((a, b) => compareText(`${a.kind}/${a.name}`, `${b.kind}/${b.name}`));
}

/** The unit as the plan shows it. */
export function unitPlan(unit: UnitDraft, wave: number | null, world: World, units: readonly UnitDraft[]): UnitPlan {
  const decision = decisionOf(unit);
  const [first, ...more] = blockers(unit);
  const addon = decision === 'migrate' ? addonOf(unit, world) : undefined;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return {
    id: unit.id,
    namespace: unit.facts.namespace,
    serviceAccount: unit.facts.name,
    mechanism: unit.mechanism,
    roleArn: unit.roleArn,
    decision,
    reason: first === undefined ? (decision === 'migrate' ? '' : 'already associated') : `${first.message}${others}`,
    wave,
    findings: [...new Set(findingsOf(unit).map(({ code }) => code))].sort(),
    workloads: workloadPlans(unit),
    ...(addon === undefined
      ? {}
      : {
          addon: addonPlan(
            addon,
            units.filter((one) => decisionOf(one) === 'migrate'),
          ),
        }),
    removeAnnotations: decision === 'migrate' ? unit.removeAnnotations : [],
    before: {
      uid: unit.facts.uid,
      resourceVersion: unit.facts.resourceVersion,
      annotations: unit.facts.annotations,
      associationId: unit.association?.associationId ?? null,
    },
    probe: probeOf(unit, world),
    ...metadataPlan(unit, decision),
  };
}

/** The templates of a unit that is left alone are left alone too; that it would be split is told all the same. */
function metadataPlan({ metadata }: UnitDraft, decision: Decision): Pick<UnitPlan, 'metadata'> {
  if (metadata === undefined) return {};
  const { splitFrom, shape, bindings, templates } = metadata;
  return { metadata: { splitFrom, shape, bindings, templates: decision === 'migrate' ? templates : [] } };
}

/** At most so many nodes are tried for the probe pod. */
const PROBE_NODES = 5;

function probeOf(unit: UnitDraft, world: World): UnitPlan['probe'] {
  const running = unit.workloads.flatMap((workload) => workload.nodeNames).filter((name) => world.usableNodes.has(name));
  const possible = unit.workloads.flatMap((workload) => workload.candidateNodeNames);
  const [names] = [running, possible, world.anyNodes].filter((list) => list.length > 0);
  const tolerations = new Map(
    unit.workloads.flatMap((workload) => workload.tolerations).map((toleration) => [JSON.stringify(toleration), toleration]),
  );
  return {
    nodeNames: [...new Set(names)].sort(compareText).slice(0, PROBE_NODES),
    tolerations: [...tolerations].sort(([a], [b]) => compareText(a, b)).map(([, toleration]) => toleration),
  };
}
