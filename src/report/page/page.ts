import type { CommandText } from '../commands.ts';
import { type AnyReport, nextActions, unitName } from '../summary.ts';
import { documentOf } from './document.ts';
import type { PageFacts, WritesByObject } from './facts.ts';
import { findingSection } from './findings.ts';
import type { Markup } from './html.ts';
import { nextSection, type PageAction } from './next.ts';
import { optionSection, retirementPart, sharedSection } from './record.ts';
import { kindOf, nameOf, summarySection } from './summary.ts';
import { timelineSection } from './timeline.ts';
import { trustSection } from './trust.ts';
import { unitSection } from './units.ts';

/** What a page shows besides its report. */
export interface PageSettings {
  /** What plan and journal know; a report alone has no times of steps, and no changes where it is no plan. */
  readonly facts?: PageFacts | undefined;
  /** The version of podshift that made the page. */
  readonly version?: string | undefined;
  /** What leads on, ahead of what the report names. */
  readonly actions?: readonly PageAction[] | undefined;
  readonly command?: CommandText | undefined;
}

/**
 * A report as one HTML file that asks nothing of anybody: readable without scripts, better with them. The same report and facts give the
 * same text. Pure.
 */
export function renderPage(report: AnyReport, { facts = factsOf(report), version, actions = [], command }: PageSettings = {}): string {
  const writes: WritesByObject = Map.groupBy(facts.writes, ({ object }) => object);
  const anchors = new Map(report.units.map((unit, index) => [unitName(unit), `unit-${index}`]));
  const sections: readonly (readonly [title: string, id: string, section: Markup | null])[] = [
    ['Summary', 'summary', summarySection(report)],
    ['Next', 'next', nextSection(actions, nextActions(report, command))],
    ['Timeline', 'timeline', timelineSection(report, facts)],
    ['Service accounts', 'units', unitSection(report, facts, writes)],
    ['Findings', 'findings', findingSection(report, (name) => anchors.get(name))],
    ['Trust policies', 'trust', trustSection(report, writes)],
    ['Add-ons', 'shared', sharedSection(report, facts, writes)],
    ['Retirement', 'retirement', retirementPart(report)],
    ['Options', 'options', optionSection(facts)],
  ];
  return documentOf({ title: `${nameOf(report)}: ${kindOf(report).toLowerCase()}`, sections, version });
}

/** What a report alone says. */
function factsOf(report: AnyReport): PageFacts {
  return { options: report.options, changes: report.changes ?? [], writes: [], times: new Map() };
}
