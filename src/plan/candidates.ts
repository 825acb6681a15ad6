import { acceptanceOf, acceptedBy } from '../model/acceptance.ts';
import type { Finding } from '../model/findings.ts';
import type { ServiceAccountFacts } from '../model/inventory.ts';
import type { Decision, UnitPlan, WorkloadPlan } from '../model/plan.ts';
import { isSelected } from '../model/selection.ts';
import { addonPlan } from './addon.ts';
import { type Found, runChecks } from './checks/check.ts';
import { tableOf } from './checks/mechanisms.ts';
import { CLUSTER_BLOCKERS } from './checks/platform.ts';
import { inHoldOrder } from './checks/reasons.ts';
import { dependants } from './consumers.ts';
import { groupWorkloads, isByMetadata } from './metadata/groups.ts';
import { type TemplateFacts, templatePlan } from './metadata/split.ts';
import { removedAnnotations } from './owners.ts';
import { workloadPlan } from './restarts.ts';
import { isAssociated, type UnitFacts, unitByIrsa, unitByMetadata } from './unit-facts.ts';
import { compareText } from './waves.ts';
import { annotatedRole, idOf, type World } from './world.ts';

/** A unit with all that was found about it; any blocker holds it. */
export interface Candidate {
  readonly unit: UnitFacts;
  /** In the order in which it is told. */
  readonly found: readonly Found[];
}

/** Every chosen service account with all that is found about it, in order of ids; and findings about workloads that are of no unit. */
export function candidatesOf(world: World): { readonly candidates: readonly Candidate[]; readonly findings: readonly Finding[] } {
  const taken = new Set(world.inventory.metadata?.takenNames ?? []);
  const [blocker] = inHoldOrder(runChecks(CLUSTER_BLOCKERS, world));
  const findings: Finding[] = [];
  const candidates = chosen(world).flatMap((facts) => {
    if (isUnasked(facts, world)) return [];
    if (!isByMetadata(facts, world)) return [judge(unitByIrsa(facts, world), [], blocker)];
    const { groups, others } = groupWorkloads(facts, world, taken);
    for (const { split, serviceAccount } of groups) if (split) taken.add(`${facts.namespace}/${serviceAccount}`);
    findings.push(...others.map(({ finding }) => finding));
    return groups.map((group) => judge(unitByMetadata(facts, group, world), group.found, blocker));
  });
  return { candidates: candidates.sort((a, b) => compareText(a.unit.id, b.unit.id)), findings };
}

/** The service accounts that the options select. */
function chosen({ inventory: { serviceAccounts }, options }: World): ServiceAccountFacts[] {
  const selected = new Set(serviceAccounts.filter(({ namespace, name }) => isSelected(options, namespace, name)));
  // One update moves all service accounts of an add-on: one of them chosen chooses the others.
  const addons = new Set([...selected].map(({ addon }) => addon));
  return serviceAccounts
    .filter((facts) => selected.has(facts) || (facts.addon !== null && addons.has(facts.addon)))
    .sort((a, b) => compareText(idOf(a), idOf(b)));
}

/** Known for its pods' annotation alone, which nobody reads: kiam's agent without its server. */
function isUnasked(facts: ServiceAccountFacts, world: World): boolean {
  const hasRole = annotatedRole(facts.annotations, world) !== undefined || facts.addon !== null;
  return world.inventory.metadata !== undefined && !hasRole && !world.associationOf.has(idOf(facts)) && !isByMetadata(facts, world);
}

/** All that is said about a unit: of its workloads before they were grouped, by the checks of its mechanism, and of its cluster. */
function judge(unit: UnitFacts, ofUses: readonly Found[], blocker: Found | undefined): Candidate {
  const table = tableOf(unit).filter(({ when }) => when === 'always' || !isAssociated(unit));
  const ofCluster = blocker === undefined ? [] : [{ ...blocker, finding: { ...blocker.finding, subject: `ServiceAccount/${unit.id}` } }];
  const found = [...ofUses, ...inHoldOrder([...runChecks(table, unit), ...ofCluster])];
  return { unit, found: found.map((one) => accepted(one, unit)) };
}

/** A blocker that the user accepted is a warning, and says so. */
function accepted(found: Found, { id, metadata, world: { options } }: UnitFacts): Found {
  const { finding } = found;
  if (finding.severity !== 'blocker') return found;
  const entry = [id, metadata?.splitFrom ?? id].map((name) => acceptanceOf(finding.code, name, options.accept)).find(Boolean);
  if (entry === undefined) return found;
  const message = `${acceptedBy(entry)}${finding.message}`;
  return { ...found, finding: { ...finding, severity: 'warning', message }, isAccepted: true };
}

/** The blockers among a candidate's findings. */
export function blockersOf({ found }: Candidate): Finding[] {
  return found.map(({ finding }) => finding).filter(({ severity }) => severity === 'blocker');
}

/** The candidate with more findings. */
export function withFindings(candidate: Candidate, more: readonly Finding[]): Candidate {
  const found = more.map((finding): Found => ({ finding, when: 'always', place: [0, 0] }));
  return { ...candidate, found: [...candidate.found, ...found] };
}

/** What was decided about a candidate, by its blockers. */
export function decisionOf(candidate: Candidate): Decision {
  if (blockersOf(candidate).length > 0) return 'hold';
  return isAssociated(candidate.unit) ? 'already-associated' : 'migrate';
}

/** The findings that matter for what was decided: a held unit is not restarted, so nothing is said about its restart. */
export function findingsOf(candidate: Candidate): Finding[] {
  const held = decisionOf(candidate) === 'hold';
  return candidate.found.filter(({ when }) => !held || when !== 'if-migrated').map(({ finding }) => finding);
}

/** How each workload would be restarted by podshift, which restarts nothing of an add-on. */
export function restartsOf({ unit }: Candidate): WorkloadPlan[] {
  return unit.workloads.map(({ workload, restart }) => {
    if (isAssociated(unit)) return workloadPlan(workload, 'none', 'already associated');
    if (unit.addon !== undefined) return workloadPlan(workload, 'none', 'EKS restarts it with its add-on');
    return workloadPlan(workload, restart.method, restart.why);
  });
}

/** The workloads as the plan treats them: those of a held unit stay as they are. */
function workloadPlans(candidate: Candidate): WorkloadPlan[] {
  const held = decisionOf(candidate) === 'hold';
  const plans = restartsOf(candidate).map((plan): WorkloadPlan => (held ? { ...plan, restart: 'none', note: 'held' } : plan));
  return plans.sort((a, b) => compareText(`${a.kind}/${a.name}`, `${b.kind}/${b.name}`));
}

/** The unit as the plan shows it; `migrating` are the service accounts of its add-on that migrate with it. */
export function unitPlan(candidate: Candidate, wave: number | null, migrating: readonly UnitFacts[]): UnitPlan {
  const { unit } = candidate;
  const decision = decisionOf(candidate);
  return {
    id: unit.id,
    namespace: unit.facts.namespace,
    serviceAccount: unit.facts.name,
    mechanism: unit.mechanism,
    roleArn: unit.roleArn,
    decision,
    reason: reasonOf(decision, blockersOf(candidate)),
    wave,
    findings: [...new Set(findingsOf(candidate).map(({ code }) => code))].sort(),
    ...acceptedPlan(candidate),
    workloads: workloadPlans(candidate),
    ...(decision === 'migrate' && unit.addon !== undefined ? { addon: addonPlan(unit.addon, migrating) } : {}),
    removeAnnotations: decision === 'migrate' ? removedAnnotations(unit) : [],
    ...consumersPlan(unit),
    ...ownersPlan(unit),
    before: {
      uid: unit.facts.uid,
      resourceVersion: unit.facts.resourceVersion,
      annotations: unit.facts.annotations,
      associationId: unit.association?.associationId ?? null,
    },
    probe: probeOf(unit),
    ...metadataPlan(unit, decision),
  };
}

function acceptedPlan({ found }: Candidate): Pick<UnitPlan, 'accepted'> {
  const codes = [...new Set(found.filter(({ isAccepted }) => isAccepted === true).map(({ finding }) => finding.code))].sort();
  return codes.length === 0 ? {} : { accepted: codes };
}

function reasonOf(decision: Decision, [first, ...more]: readonly Finding[]): string {
  if (first === undefined) return decision === 'migrate' ? '' : 'already associated';
  return more.length === 0 ? first.message : `${first.message} (and ${more.length} more)`;
}

function consumersPlan(unit: UnitFacts): Pick<UnitPlan, 'consumers'> {
  const consumers = dependants(unit);
  return consumers.length === 0 ? {} : { consumers };
}

/** Whose source the service account's annotations stand in. */
function ownersPlan({ facts: { owners, chart } }: UnitFacts): Pick<UnitPlan, 'owners' | 'chart'> {
  return { ...(owners.length === 0 ? {} : { owners }), ...(chart === undefined ? {} : { chart }) };
}

/** The templates of a unit that does not migrate stay as they are; that it would be split is told all the same. */
function metadataPlan({ metadata, facts, workloads }: UnitFacts, decision: Decision): Pick<UnitPlan, 'metadata'> {
  if (metadata === undefined) return {};
  const { splitFrom, shape, bindings } = metadata;
  const serviceAccount = splitFrom === null ? null : facts.name;
  // Each workload of such a unit has a template's facts.
  const templates = workloads.map(({ workload, template }) => templatePlan(workload, template as TemplateFacts, serviceAccount));
  const changed = decision === 'migrate' ? templates.filter((template) => template !== undefined) : [];
  return { metadata: { splitFrom, shape, bindings, templates: changed } };
}

/** At most so many nodes are tried for the probe pod. */
const PROBE_NODES = 5;

function probeOf({ workloads: all, world }: UnitFacts): UnitPlan['probe'] {
  const workloads = all.map(({ workload }) => workload);
  const running = workloads.flatMap((workload) => workload.nodeNames).filter((name) => world.usableNodes.has(name));
  const possible = workloads.flatMap((workload) => workload.candidateNodeNames);
  const [names] = [running, possible, world.anyNodes].filter((list) => list.length > 0);
  const tolerations = new Map(
    workloads.flatMap((workload) => workload.tolerations).map((toleration) => [JSON.stringify(toleration), toleration]),
  );
  return {
    nodeNames: [...new Set(names)].sort(compareText).slice(0, PROBE_NODES),
    tolerations: [...tolerations].sort(([a], [b]) => compareText(a, b)).map(([, toleration]) => toleration),
  };
}
