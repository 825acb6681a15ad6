import type { UnitStep } from '../../model/run.ts';
import type { PlannedChange } from '../../plan/changes.ts';
import { subjectsOf } from '../report.ts';
import { type AnyReport, isProposed, type ReportFinding, type ReportUnit, roleTitle, unitName } from '../summary.ts';
import { count } from '../text.ts';
import { changeList, fate, type Progress } from './changes.ts';
import { evidenceTable } from './evidence.ts';
import type { PageFacts, PageWrite, UnitTimes, WritesByObject } from './facts.ts';
import { findingAnchor } from './findings.ts';
import { html, type Markup } from './html.ts';
import { roleAnchor } from './trust.ts';
import { STATUS_ORDER, statusLabel, statusWord, timeOfDay } from './words.ts';

/** What a unit's entry is made from besides the report: looked up once for all of them. */
interface Lookups {
  readonly report: AnyReport;
  readonly changes: ReadonlyMap<string | null, readonly PlannedChange[]>;
  readonly ownWrites: ReadonlyMap<string | null, readonly PageWrite[]>;
  readonly writes: WritesByObject;
  readonly times: ReadonlyMap<string, UnitTimes>;
  readonly findings: ReadonlyMap<string, readonly ReportFinding[]>;
  /** Places of roles in the report. */
  readonly roles: ReadonlyMap<string, number>;
}

/** Every unit with its state, evidence and changes; with a filter where scripts run. */
export function unitSection(report: AnyReport, facts: PageFacts, writes: WritesByObject): Markup | null {
  if (report.units.length === 0) return null;
  const lookups: Lookups = {
    report,
    writes,
    changes: Map.groupBy(facts.changes, ({ unit }) => unit),
    ownWrites: Map.groupBy(facts.writes, ({ unitId }) => unitId),
    times: facts.times,
    findings: Map.groupBy(report.findings, ({ subject }) => subject),
    roles: new Map(report.roles.map(({ roleArn }, index) => [roleArn, index])),
  };
  return html`<section id="units" aria-labelledby="units-title"><h2 id="units-title">Service accounts</h2>
${filterForm(report)}
<ul class="list units" role="list" data-list>${inOrder(report).map((unit) => unitEntry(unit, lookups))}</ul><p class="nothing" hidden>No service account fits. Change the search or the state.</section>`;
}

/** Those that need somebody first, then by wave; the report has them by name. */
function inOrder(report: AnyReport): { readonly unit: ReportUnit; readonly index: number }[] {
  const rank = ({ status }: ReportUnit): number => STATUS_ORDER.indexOf(status);
  return report.units
    .map((unit, index) => ({ unit, index }))
    .sort((a, b) => rank(a.unit) - rank(b.unit) || (a.unit.wave ?? -1) - (b.unit.wave ?? -1));
}

/** Hidden until the script shows it: without scripts it would do nothing. */
function filterForm(report: AnyReport): Markup {
  const states = STATUS_ORDER.map((status) => ({ status, number: report.units.filter((unit) => unit.status === status).length }));
  const all = count(report.units.length, 'service account');
  return html`<form class="filter" role="search" aria-label="service accounts" data-filter="service account" hidden><label class="search"><span>Search</span><input type="search" name="text" placeholder="name, role, workload, finding" autocomplete="off" spellcheck="false"></label><fieldset><legend>State</legend>${chip('', 'all', report.units.length, true)}${states
    .filter(({ number }) => number > 0)
    .map(({ status, number }) =>
      chip(status, statusWord(report, status), number, false),
    )}</fieldset><button type="button" data-expand>Expand all</button><output aria-live="polite">${all}</output></form>`;
}

function chip(value: string, text: string, number: number, isChosen: boolean): Markup {
  return html`<label class="chip"><input type="radio" name="state" value="${value}"${isChosen ? html` checked` : null}><span>${text} <b>${number}</b></span></label>`;
}

function unitEntry({ unit, index }: { readonly unit: ReportUnit; readonly index: number }, lookups: Lookups): Markup {
  const { report } = lookups;
  const name = unitName(unit);
  return html`<li data-state="${unit.status}"><details id="unit-${index}"><summary><b>${name}</b><i>${unit.mechanism}</i><span>${roleTitle(unit.roleArn, report.run.cluster)}</span><i>${
    unit.wave === null ? null : `wave ${unit.wave + 1}`
  }</i>${statusLabel(report, unit.status)}</summary><div>${unitBody(unit, name, lookups)}</div></details>`;
}

function unitBody(unit: ReportUnit, name: string, lookups: Lookups): Markup {
  const { report, writes } = lookups;
  const own = lookups.changes.get(name) ?? unit.changes ?? [];
  const role = lookups.roles.get(unit.roleArn);
  const title = roleTitle(unit.roleArn, report.run.cluster);
  const found = findingsOfUnit(unit, lookups);
  const isTold = unit.reason === '' || found.some(({ message }) => message === unit.reason);
  const evidence = 'evidence' in unit ? unit.evidence : [];
  return html`${isTold ? null : html`<p class="reason">${unit.reason}`}${findingList(found)}<dl class="pairs"><dt>Role<dd>${
    role === undefined ? unit.roleArn : html`<a href="#${roleAnchor(role)}">${title}</a>`
  }<dt>Workloads<dd>${unit.workloads.map(({ kind, name: workload }) => `${kind}/${workload}`).join(', ') || 'none'}${
    unit.splitFrom === undefined ? null : html`<dt>Split from<dd>${unit.splitFrom}`
  }${
    unit.mechanism === 'addon' && sharesAddon(lookups) ? html`<dt>Add-on<dd><a href="#shared">updated as a whole</a>` : null
  }${steps(lookups.times.get(name))}</dl>${
    own.length === 0 ? null : html`<h3>${changesTitle(report, unit)}</h3>${changeList(own, writes, progressOf(report, unit))}`
  }${otherWrites(lookups.ownWrites.get(name) ?? [], evidence)}${evidenceTable(evidence, report.run.startedAt.slice(0, 10))}`;
}

/** Whether the page has a section of add-ons: one update moves all service accounts of one. */
function sharesAddon({ changes }: Lookups): boolean {
  return (changes.get(null) ?? []).some(({ object }) => object.startsWith('Addon/'));
}

function progressOf(report: AnyReport, { status }: ReportUnit): Progress {
  if (isProposed(report)) return 'proposed';
  return status === 'migrated' ? 'done' : 'open';
}

function changesTitle(report: AnyReport, { status }: ReportUnit): string {
  if (isProposed(report)) return 'What would change';
  return status === 'migrated' ? 'What changed' : 'What was to change';
}

/** Steps in the order of the work, with when each was first tried. */
const STEPS: Readonly<Partial<Record<UnitStep, string>>> = {
  split: 'service account made',
  associate: 'associated',
  addon: 'add-on updated',
  proof: 'probe',
  restart: 'restart',
  verify: 'pods checked',
  annotations: 'annotations removed',
  undo: 'rolled back',
};

function steps(times: UnitTimes | undefined): Markup | null {
  const begun = Object.entries(STEPS).flatMap(([step, title]) => {
    const at = times?.steps[step as UnitStep];
    return at === undefined ? [] : [{ title, at }];
  });
  const soak = times?.soakUntil === undefined ? [] : [{ title: 'soak until', at: times.soakUntil }];
  // Steps that end with the soak begin with its end.
  const all = [...soak, ...begun].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return all.length === 0 ? null : html`<dt>Steps (UTC)<dd>${all.map(({ title, at }) => `${title} ${timeOfDay(at)}`).join(' → ')}`;
}

function findingsOfUnit(unit: ReportUnit, { findings }: Lookups): ReportFinding[] {
  return [...subjectsOf(unit)].flatMap((subject) => findings.get(subject) ?? []).filter(({ code }) => unit.findings.includes(code));
}

function findingList(found: readonly ReportFinding[]): Markup | null {
  if (found.length === 0) return null;
  return html`<ul class="found">${found.map(
    (one) => html`<li><a href="#${findingAnchor(one)}">${one.code}</a> ${one.severity}: ${one.message}`,
  )}</ul>`;
}

/** Kinds of writes that no change of the plan names: what is made for a proof and taken away again, and evictions. */
const BESIDE: Readonly<Record<string, string>> = { 'probe-pod': 'probe pod', eviction: 'eviction of a pod' };

/** Writes that neither a change of the plan nor the evidence tells of. */
function otherWrites(own: readonly PageWrite[], evidence: readonly { readonly facts: Readonly<Record<string, unknown>> }[]): Markup | null {
  const told = new Set(evidence.map(({ facts }) => `Pod/${String(facts.pod)}`));
  const beside = own.filter(({ kind, object, state }) => kind in BESIDE && !(state === 'undone' && told.has(object)));
  if (beside.length === 0) return null;
  return html`<p>Besides: ${beside.map((write) => `${BESIDE[write.kind]} ${write.object} (${besideFate(write)})`).join(', ')}.`;
}

function besideFate(write: PageWrite): string {
  return write.kind === 'probe-pod' && write.state === 'undone' ? `made at ${timeOfDay(write.at)}, deleted since` : fate(write);
}
