import { duration } from '../../model/text/duration.ts';
import { GATED_WAVES } from '../../plan/duration.ts';
import { type AnyReport, isProposed, type ReportUnit, retirementTitle, unitName } from '../summary.ts';
import { count } from '../text.ts';
import type { PageFacts } from './facts.ts';
import { html, type Markup } from './html.ts';
import { rollbackSpan, type Span, type WaveSpan, waveSpans } from './spans.ts';
import { STATUS_ORDER, statusWord, timeOfDay, waveTitle } from './words.ts';

/** How the waves of a plan follow one another. */
function soakText(options: PageFacts['options'], waves: number): string {
  if ((options?.soakSeconds ?? 0) === 0) return 'Nothing soaks.';
  const soak = duration((options?.soakSeconds ?? 0) * 1000);
  if (options?.sequentialWaves === true || waves <= GATED_WAVES + 1) return `Each wave soaks for ${soak} before the next one begins.`;
  return `Each wave soaks for ${soak}: the first ${GATED_WAVES} before the next one begins, later ones while others begin.`;
}

/** The waves: what ran when and what soaked, or in which order they would run; null where there are none. */
export function timelineSection(report: AnyReport, facts: PageFacts): Markup | null {
  const waves = waveSpans(report, facts);
  const blocked = report.units.filter(({ status, wave }) => status === 'held' && wave === null);
  if (waves.length === 0 && report.retirement === undefined) return null;
  const isPlan = isProposed(report);
  const whole = wholeOf(report, waves);
  const back = rollbackSpan(report, facts);
  const before = waves.find(({ span }) => span !== null)?.span ?? null;
  return html`<section id="timeline" aria-labelledby="timeline-title"><h2 id="timeline-title">${isPlan ? 'The waves' : 'Timeline'}</h2>${
    isPlan
      ? html`<p class="lead">In this order. ${soakText(facts.options, waves.length)}`
      : html`<p class="lead legend">${legend()} Times are in UTC${whole === null ? '' : `, from ${timeOfDay(rfc3339(whole.from))} to ${timeOfDay(rfc3339(whole.to))}`}.`
  }<ol class="timeline">${
    isPlan || whole === null || before === null
      ? null
      : row('planned', agentText(facts), { from: whole.from, to: before.from, soak: null }, whole, 'plan')
  }${waves.map(({ wave, units, span }) => row(waveTitle(wave), isPlan ? plannedText(units) : tallyText(report, units), span, whole, 'ran'))}${
    back === null ? null : row('rollback', `of ${count(undone(report), 'service account')}`, back, whole, 'back')
  }${report.retirement === undefined ? null : row(report.retirement.daemon, retirementTitle(report.retirement.status), null, whole, 'ran')}${
    blocked.length === 0
      ? null
      : row('blocked', html`${count(blocked.length, 'service account')}, not changed: ${names(blocked)}`, null, whole, 'blocked')
  }</ol></section>`;
}

function legend(): Markup {
  return html`<span class="key work">changes and checks</span> <span class="key soak">soak</span> <span class="key back">rollback</span>`;
}

function row(title: string, text: Markup | string, span: Span | null, whole: Span | null, kind: string): Markup {
  return html`<li class="${kind}"><span class="title">${title}</span><span class="text"><span>${text}</span>${span === null ? null : html` <span class="time">${spanText(span)}</span>`}</span>${
    span === null || whole === null ? null : bar(span, whole, kind)
  }`;
}

/** Drawn from numbers alone; the text beside it says the same. */
function bar(span: Span, whole: Span, kind: string): Markup {
  const scale = (at: number): number => Math.round(((at - whole.from) / Math.max(1, whole.to - whole.from)) * 1000);
  const rect = (name: string, from: number, to: number): Markup =>
    html`<rect class="${name}" x="${scale(from)}" y="0" width="${Math.max(2, scale(to) - scale(from))}" height="10"/>`;
  const { from, to, soak } = span;
  return html`<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">${
    soak === null
      ? rect(kind, from, to)
      : [rect(kind, from, soak.from), rect('soak', soak.from, soak.to), soak.to < to ? rect(kind, soak.to, to) : null]
  }</svg>`;
}

function spanText({ from, to, soak }: Span): string {
  const soaked = soak === null ? '' : `, ${duration(soak.to - soak.from)} of it soaking`;
  return `${timeOfDay(rfc3339(from))} to ${timeOfDay(rfc3339(to))} (${duration(to - from)}${soaked})`;
}

/** From the start of the run to its end, or to the last that is known. */
function wholeOf({ run }: AnyReport, waves: readonly WaveSpan[]): Span | null {
  const from = Date.parse(run.startedAt);
  const ends = waves.flatMap(({ span }) => (span === null ? [] : [span.to]));
  const to = run.endedAt === null ? Math.max(from, ...ends) : Date.parse(run.endedAt);
  return Number.isNaN(from) || Number.isNaN(to) ? null : { from, to: Math.max(to, ...ends), soak: null };
}

function agentText({ writes }: PageFacts): string {
  const agent = writes.some(({ kind, unitId }) => kind === 'addon' && unitId === null);
  return agent ? 'read, planned, Pod Identity agent installed' : 'read and planned';
}

function plannedText(units: readonly ReportUnit[]): string {
  return `${count(units.length, 'service account')}: ${names(units)}`;
}

function tallyText(report: AnyReport, units: readonly ReportUnit[]): string {
  return STATUS_ORDER.flatMap((status) => {
    const number = units.filter((unit) => unit.status === status).length;
    return number === 0 ? [] : [`${number} ${statusWord(report, status)}`];
  }).join(', ');
}

function names(units: readonly ReportUnit[]): string {
  const more = units.length - NAMED;
  const named = units.slice(0, more > 1 ? NAMED : units.length).map(unitName);
  return `${named.join(', ')}${more > 1 ? ` and ${more} more` : ''}`;
}

/** Service accounts of a row that are named. */
const NAMED = 4;

function undone(report: AnyReport): number {
  return report.units.filter(({ status, wave }) => wave !== null && (status === 'rolled-back' || status === 'rolling-back')).length;
}

function rfc3339(at: number): string {
  return new Date(at).toISOString();
}
