import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../engine/root.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import { nearest } from '../../src/model/text/nearest.ts';
import { toYaml } from '../../src/report/render.ts';
import type { RunCommand } from '../context.ts';
import { errorsOf, findingsOf, PAGES } from '../explain/pages.ts';
import { renderCodes, renderExplanations } from '../explain/render.ts';
import { formatOf } from '../formats.ts';
import type { Explanation } from '../outputs/explanations.ts';

/** `podshift explain [CODE...]`: what the pages say of findings and errors; without a code all of them, a line each. */
export const explain: RunCommand = async ({ terminal }, invocation) => {
  const all = await readPages();
  const asked = invocation.arguments.map((code) => explanationOf(code, all));
  const codes = asked.length === 0 ? all : [...new Set(asked)];
  const format = formatOf(invocation);
  const answer = { apiVersion: 'podshift/v1', kind: 'Explanations', codes };
  if (format === 'json') await terminal.data(`${JSON.stringify(answer, null, 2)}\n`);
  else if (format === 'yaml') await terminal.data(toYaml(answer));
  else await terminal.data(asked.length === 0 ? renderCodes(codes, terminal.screen) : renderExplanations(codes, terminal.screen));
  return 'done';
};

async function readPages(): Promise<Explanation[]> {
  const [findings, errors] = await Promise.all([PAGES.findings, PAGES.errors].map((page) => readFile(join(ROOT, page), 'utf8')));
  return [...findingsOf(findings ?? ''), ...errorsOf(errors ?? '')];
}

/** The explanation of a code, or of an error by its name, whatever the case. Throws `UsageError` that names the nearest one. */
export function explanationOf(asked: string, all: readonly Explanation[]): Explanation {
  const word = asked.toLowerCase();
  const found = all.find((one) => one.code.toLowerCase() === word || (one.kind === 'error' && one.name.toLowerCase() === word));
  if (found !== undefined) return found;
  const names = all.flatMap((one) => [one.code, ...(one.kind === 'error' ? [one.name] : [])]);
  const meant = nearestNumber(word, all) ?? nearest(asked, names);
  throw new PodshiftError('UsageError', `there is no code "${asked}"${meant === undefined ? '' : `; did you mean ${meant}?`}`, {
    remedy: 'Run "podshift explain" for a list of all codes.',
  });
}

/** Of a code that podshift does not have: the one of its letters whose number is next. */
function nearestNumber(word: string, all: readonly Explanation[]): string | undefined {
  const [, letters, digits] = /^(p[es])-?(\d{3})$/.exec(word) ?? [];
  if (letters === undefined) return undefined;
  const distance = ({ code }: Explanation): number => Math.abs(Number(code.slice(2)) - Number(digits));
  const same = all.filter(({ code }) => code.toLowerCase().startsWith(letters));
  return same.toSorted((a, b) => distance(a) - distance(b))[0]?.code;
}
