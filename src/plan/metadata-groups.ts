import { createHash } from 'node:crypto';
import { type Finding, type FindingCode, finding } from '../model/findings.ts';
import type { ServiceAccountFacts, WorkloadFacts } from '../model/inventory.ts';
import { idOf, type World, workloadSubject } from './draft.ts';
import type { MetadataAnswer } from './metadata-roles.ts';
import { answerOf, type MetadataSystem, systemOf } from './metadata-system.ts';
import { compareText } from './waves.ts';

/** What one workload asks for, and what comes of it. */
interface Use {
  readonly workload: WorkloadFacts;
  readonly system: MetadataSystem;
  /** Null where it asks for nothing. */
  readonly roleArn: string | null;
  /** About it alone; a blocker among them keeps it from migrating. */
  readonly findings: readonly Finding[];
}

/** Workloads of one service account that would migrate together: one role, and the same reason not to. */
export interface RoleGroup {
  readonly system: MetadataSystem;
  readonly roleArn: string;
  readonly workloads: readonly WorkloadFacts[];
  readonly findings: readonly Finding[];
  /** The name of the service account that its pods will have. */
  readonly serviceAccount: string;
  readonly split: boolean;
}

/** The groups of a service account, and findings about workloads that ask for nothing. */
export interface Grouping {
  readonly groups: readonly RoleGroup[];
  readonly others: readonly Finding[];
}

/**
 * Groups a service account's workloads by role. One role and every pod annotated: it keeps its service account. Several roles, some
 * pods without the annotation, pods that may not get what they ask for, or the namespace's default service account: each
 * group is split off. `taken` are the names in use (`NAMESPACE/NAME`); names that are given out are added.
 */
export function groupWorkloads(
  facts: ServiceAccountFacts,
  workloads: readonly WorkloadFacts[],
  systems: readonly MetadataSystem[],
  world: World,
  taken: Set<string>,
): Grouping {
  const uses = workloads.filter(({ idle }) => idle !== 'finished').map((workload) => useOf(workload, systems, world));
  const asking = uses.filter((use): use is Use & { roleArn: string } => use.roleArn !== null);
  const others = uses.filter(({ roleArn }) => roleArn === null);
  const byKey = Map.groupBy(asking, ({ roleArn, findings }) => `${roleArn} ${blockerCodes(findings)}`);
  const split = byKey.size > 1 || others.length > 0 || facts.name === 'default';
  const groups = [...byKey]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, members]): RoleGroup => {
      const sorted = members.map(({ workload }) => workload).sort((a, b) => compareText(a.name, b.name));
      const [first] = members as [Use & { roleArn: string }];
      const name = split ? freeName(facts.namespace, (sorted[0] as WorkloadFacts).name, first.roleArn, taken) : facts.name;
      return {
        system: first.system,
        roleArn: first.roleArn,
        workloads: sorted,
        findings: members.flatMap(({ findings }) => findings),
        serviceAccount: name,
        split,
      };
    });
  return { groups, others: others.flatMap(({ findings }) => findings) };
}

function blockerCodes(findings: readonly Finding[]): string {
  return [...new Set(findings.filter(({ severity }) => severity === 'blocker').map(({ code }) => code))].sort().join();
}

/** The workload's own name where it is free, else with a mark of the role; the same every time. */
function freeName(namespace: string, workload: string, roleArn: string, taken: Set<string>): string {
  const mark = createHash('sha256').update(`${namespace}/${workload} ${roleArn}`).digest('hex');
  // A service account's name is a DNS subdomain of at most 253 characters, and so is a workload's.
  const candidates = [workload, ...[6, 12, 32].map((length) => `${workload.slice(0, 252 - length)}-${mark.slice(0, length)}`)];
  const free = candidates.find((name) => !taken.has(`${namespace}/${name}`)) as string;
  taken.add(`${namespace}/${free}`);
  return free;
}

function useOf(workload: WorkloadFacts, systems: readonly MetadataSystem[], world: World): Use {
  // Only called where a daemon was found, and then there is a system or a finding about half of one.
  const system = systemOf(systems, workload) as MetadataSystem;
  const metadata = workload.metadata;
  const seen = (annotations: Readonly<Record<string, string>>) => ({
    annotations,
    answer: answerOf(system, world.inventory, workload.namespace, annotations),
  });
  const live = (metadata?.live ?? []).map(seen);
  const all = metadata?.template ? [seen(metadata.template), ...live] : live;
  const asking = all.filter((one): one is Asked => asksFor(one.answer, one.annotations[system.roleKey]));
  const [first] = asking;
  if (first === undefined) return { workload, system, roleArn: null, findings: idleFindings(workload, system, all) };
  const findings: Finding[] = [];
  const note = (code: FindingCode, message: string, remedy?: string) => {
    findings.push(finding(code, workloadSubject(workload), message, remedy));
  };
  const different = all.find(({ answer }) => JSON.stringify(answer) !== JSON.stringify(first.answer));
  if (different !== undefined)
    note(
      'PS712',
      `${workloadSubject(workload)} has pods or a template that ${told(different.answer)}, and others that ${told(first.answer)}`,
    );
  noteAnswer(note, workload, first.answer);
  noteSurroundings(note, workload, system);
  noteSession(note, workload, system, all);
  return { workload, system, roleArn: first.answer.roleArn, findings };
}

interface Asked {
  readonly annotations: Readonly<Record<string, string>>;
  readonly answer: Exclude<MetadataAnswer, { kind: 'none' }>;
}

type Note = (code: FindingCode, message: string, remedy?: string) => void;

/** A template asks for a role by its own annotation; the default role is nobody's own. */
function asksFor(answer: MetadataAnswer, annotation: string | undefined): boolean {
  return (annotation ?? '') !== '' && answer.kind !== 'none';
}

function told(answer: MetadataAnswer): string {
  return answer.kind === 'role' ? `get ${answer.roleArn}` : answer.kind === 'none' ? 'get no role' : `ask for ${answer.roleArn}`;
}

function noteAnswer(note: Note, workload: WorkloadFacts, answer: MetadataAnswer): void {
  const subject = workloadSubject(workload);
  if (answer.kind === 'denied') note('PS701', `${subject} asks for ${answer.roleArn}, and ${answer.why}`);
  if (answer.kind === 'unclear') note('PS705', `whether ${subject} gets ${answer.roleArn} is not known: ${answer.why}`);
}

function noteSurroundings(note: Note, workload: WorkloadFacts, system: MetadataSystem): void {
  const subject = workloadSubject(workload);
  if (workload.metadata?.hostNetwork === true)
    note('PS702', `the pods of ${subject} are on the host network, where ${system.mechanism} does not answer`);
  for (const { code, message } of system.problems) note(code, message);
  const bare = workload.nodeNames.find((name) => !system.nodeNames.has(name));
  if (bare !== undefined && system.problems.length === 0)
    note('PS708', `pods of ${subject} run on node ${bare}, where no pod of ${system.mechanism} is ready`);
}

/** What Pod Identity cannot carry over. kube2iam knows no session names. */
function noteSession(
  note: Note,
  workload: WorkloadFacts,
  system: MetadataSystem,
  all: readonly { readonly annotations: Readonly<Record<string, string>> }[],
): void {
  const subject = workloadSubject(workload);
  const given = (key: string) => all.some(({ annotations }) => (annotations[key] ?? '') !== '');
  if (given(system.externalIdKey)) note('PS710', `${subject} sends an external id by ${system.externalIdKey}`);
  const sessionName = 'iam.amazonaws.com/session-name';
  if (system.mechanism === 'kiam' && given(sessionName)) note('PS711', `${subject} chooses its session name by ${sessionName}`);
}

function idleFindings(
  workload: WorkloadFacts,
  system: MetadataSystem,
  all: readonly { readonly annotations: Readonly<Record<string, string>>; readonly answer: MetadataAnswer }[],
): Finding[] {
  const subject = workloadSubject(workload);
  const found: Finding[] = [];
  if (all.some(({ annotations }) => annotations[system.roleKey] === ''))
    found.push(finding('PS717', subject, `${subject} has an empty annotation ${system.roleKey}`));
  for (const { answer } of all.slice(0, 1))
    if (answer.kind === 'role')
      found.push(finding('PS718', subject, `the pods of ${subject} get ${answer.roleArn}, the default role of ${system.mechanism}`));
  return found;
}

/** Whether kube2iam or kiam decide the role of a service account's pods: some ask for one, and nothing outranks the daemon. */
export function isByMetadata(facts: ServiceAccountFacts, world: World): boolean {
  if (world.inventory.metadata === undefined || facts.addon !== null) return false;
  if (facts.annotations[`${world.inventory.annotationPrefix}/role-arn`] !== undefined) return false;
  return world.workloadsOf.get(idOf(facts))?.some((workload) => world.asksDaemon(workload)) === true;
}
