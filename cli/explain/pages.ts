import { ACCEPTABLE } from '../../src/model/acceptance.ts';
import type { Explanation } from '../outputs/explanations.ts';

/** The pages that explain codes, by their paths from the folder of podshift. */
export const PAGES = { findings: 'docs/findings.md', errors: 'docs/errors.md' } as const;

/** A part of a page under a heading of the second order. */
interface Section {
  readonly heading: string;
  /** The cells of its tables, a row each, without the heads. */
  readonly rows: readonly (readonly string[])[];
  /** What stands beside its tables, a paragraph a line. */
  readonly text: string;
}

/** Every finding of the text of docs/findings.md, in its order. Pure. */
export function findingsOf(page: string): Explanation[] {
  const sections = sectionsOf(page);
  const pains = sections.flatMap(({ rows }) => rows.filter(([number = '']) => /^\d+$/.test(number)));
  return sections.flatMap(({ heading, rows, text }) =>
    rows.flatMap(([code = '', severity, meaning = '', remedy = '']): Explanation[] => {
      if (!/^PS\d{3}$/.test(code)) return [];
      const practice = pains.filter(([, , answer = '']) => names(answer, code)).map(([, pain = '', answer = '']) => ({ pain, answer }));
      const common = { code, meaning, remedy, group: heading, about: text, page: PAGES.findings };
      const acceptable = (ACCEPTABLE as readonly string[]).includes(code);
      return [{ ...common, kind: 'finding', severity: severity as 'blocker' | 'warning' | 'info', acceptable, practice }];
    }),
  );
}

/** Every error of the text of docs/errors.md, in its order. Pure. */
export function errorsOf(page: string): Explanation[] {
  const sections = sectionsOf(page);
  const causes = sections.find(({ heading }) => heading === 'By cause')?.rows ?? [];
  return sections.flatMap(({ heading, rows, text }) =>
    rows.flatMap(([code = '', name = '', exit, retried, meaning = '', remedy = '']): Explanation[] => {
      if (!/^PE\d{3}$/.test(code)) return [];
      const own = causes.filter(([, error]) => error === name).map(([cause = '', , how = '']) => ({ cause, remedy: how }));
      const common = { code, meaning, remedy, group: heading, about: text, page: PAGES.errors };
      return [{ ...common, kind: 'error', name, exitCode: Number(exit), retried: retried === 'yes', causes: own }];
    }),
  );
}

/** Whether a text names a code, by itself or in a range of codes ("PS301 to PS304"). */
function names(text: string, code: string): boolean {
  const ranges = [...text.matchAll(/(PS\d{3}) to (PS\d{3})/g)];
  return text.includes(code) || ranges.some(([, first = '', last = '']) => first <= code && code <= last);
}

function sectionsOf(page: string): Section[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [heading = '', ...lines] = part.split('\n');
      const rows = lines.filter((line) => line.startsWith('| ')).map((line) => line.slice(2, -2).split(' | ').map(plain));
      const paragraphs = lines
        .map((line) => (line.startsWith('|') ? '' : line))
        .join('\n')
        .split(/\n{2,}/)
        .map((paragraph) => plain(paragraph.replaceAll('\n', ' ')));
      return { heading: plain(heading), rows, text: paragraphs.filter((one) => one !== '').join('\n') };
    });
}

/** Markdown as a terminal shows it: links as their texts, code and emphasis as they are. */
function plain(markdown: string): string {
  return markdown
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replaceAll(/`([^`]+)`/g, '$1')
    .replaceAll('**', '')
    .trim();
}
