import { type AnyReport, isProposed, type ReportUnit, STATUS_TONES } from '../summary.ts';
import type { Tone } from '../text.ts';
import { html, type Markup, type Part } from './html.ts';

/** Statuses whose words for people are not those of JSON. */
const TITLES: Readonly<Record<string, string>> = {
  held: 'blocked',
  pending: 'not started',
  running: 'under way',
  'rolled-back': 'rolled back',
  'rolling-back': 'rolling back',
  'needs-operator': 'needs an operator',
};

/** How a status reads on a page; of what is proposed, a pending unit would migrate and a migrated one was associated before. */
export function statusWord(report: AnyReport, status: ReportUnit['status']): string {
  if (isProposed(report) && status === 'pending') return 'would migrate';
  return isProposed(report) && status === 'migrated' ? 'already associated' : plainWord(status);
}

/** A status of a run or a cluster in words. */
export function plainWord(status: string): string {
  return TITLES[status] ?? status;
}

/** The order in which statuses are listed: what needs somebody first. */
export const STATUS_ORDER: readonly ReportUnit['status'][] = [
  'needs-operator',
  'rolled-back',
  'rolling-back',
  'running',
  'held',
  'pending',
  'migrated',
];

/** A status as a coloured label; its text says all that its colour does. */
export function statusLabel(report: AnyReport, status: ReportUnit['status']): Markup {
  const tone = isProposed(report) && status === 'pending' ? 'strong' : STATUS_TONES[status];
  return label(tone, statusWord(report, status));
}

/** A label in the colour of its tone. */
export function label(tone: Tone, text: Part): Markup {
  return html`<span class="pill ${tone}">${text}</span>`;
}

/** `2026-11-28 19:02:48` of an RFC 3339 time, in UTC as the page says; another text as it is. */
export function clock(time: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(time);
  return match === null ? time : `${match[1]} ${match[2]}`;
}

/** The time of a day alone, where the day is said beside it. */
export function timeOfDay(time: string): string {
  return clock(time).replace(/^\d{4}-\d\d-\d\d /, '');
}

/** A time without its day where that is `day`. */
export function clockOn(time: string, day: string): string {
  return time.startsWith(day) ? timeOfDay(time) : clock(time);
}

/** `wave 1 (canary)`: people count waves from 1. */
export function waveTitle(wave: number): string {
  return wave === 0 ? 'wave 1 (canary)' : `wave ${wave + 1}`;
}

/** Lists of more than so many entries are folded up. */
export const MANY = 12;
