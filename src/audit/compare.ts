import type { AuditLink, AuditVerdict } from '../model/audit/record.ts';
import { canonicalJson } from '../plan/digest.ts';
import { endsOf } from './chain.ts';

type Problem = AuditVerdict['problems'][number];

/** The most problems that one comparison tells. */
const MOST = 20;

/**
 * Holds the records of a file against the audit of the run that it is said to be of, and adds what differs to `problems`. A file that ends
 * where the run had ended is whole, whatever came later: a rollback goes on behind that. Pure.
 */
export function compareWithRun(links: readonly AuditLink[], run: readonly AuditLink[], problems: Problem[], notes: string[]): void {
  if (run.some(({ record }) => record.kind === 'gap'))
    notes.push('the journal has lost what it kept at an earlier end of the run: it, and not the file, may be what was altered');
  const [ours, theirs] = [links.map(textOf), run.map(textOf)];
  const begin = firstDifference(ours, theirs);
  if (begin === links.length) {
    if (links.length === run.length) notes.push('the file is the audit of the run, as it is now');
    else if (endsOf(run).some(({ records }) => records === links.length))
      notes.push(`the file is the audit of the run as it ended then; ${run.length - links.length} records came later`);
    else
      problems.push({
        what: 'cut off',
        record: links.length,
        field: null,
        message: `records ${links.length} to ${run.length - 1} of the run are not in the file`,
      });
    return;
  }
  const atEnd = firstDifference(ours.slice(begin).reverse(), theirs.slice(begin).reverse());
  const mine = links.slice(begin, links.length - atEnd);
  const right = run.slice(begin, run.length - atEnd);
  problems.push(...differences(mine, right).slice(0, MOST));
}

/** What differs between the middles of two chains whose beginnings and ends are alike. */
function differences(mine: readonly AuditLink[], right: readonly AuditLink[]): Problem[] {
  const [own, known] = [new Set(mine.map(textOf)), new Set(right.map(textOf))];
  const added = mine.filter((link) => !known.has(textOf(link)));
  const missing = right.filter((link) => !own.has(textOf(link)));
  if (added.length === 0 && missing.length === 0) {
    const [first] = mine;
    return [
      {
        what: 'moved',
        record: first?.index ?? null,
        field: null,
        message: `record ${first?.index} and those after it are in another order than those of the run`,
      },
    ];
  }
  const pairs = Math.min(added.length, missing.length);
  return [
    ...added.slice(0, pairs).map((link, index): Problem => {
      const field = fieldThatDiffers(link.record, missing[index]?.record, 'record');
      return { what: 'altered', record: link.index, field, message: `record ${link.index} is not that of the run: ${field} differs` };
    }),
    ...added
      .slice(pairs)
      .map(
        ({ index }): Problem => ({ what: 'put in', record: index, field: null, message: `the run has no such record as record ${index}` }),
      ),
    ...missing
      .slice(pairs)
      .map(
        ({ index }): Problem => ({ what: 'cut off', record: index, field: null, message: `record ${index} of the run is not in the file` }),
      ),
  ];
}

/** The path of the first field that differs. */
function fieldThatDiffers(left: unknown, right: unknown, path: string): string {
  if (!isTree(left) || !isTree(right)) return path;
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  const key = keys.find((name) => canonicalJson(left[name] ?? null) !== canonicalJson(right[name] ?? null));
  return key === undefined ? path : fieldThatDiffers(left[key], right[key], `${path}.${key}`);
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function textOf({ record }: AuditLink): string {
  return canonicalJson(record);
}

/** How many are alike from the beginning on. */
function firstDifference(left: readonly string[], right: readonly string[]): number {
  const length = Math.min(left.length, right.length);
  const found = left.slice(0, length).findIndex((text, index) => text !== right[index]);
  return found === -1 ? length : found;
}
