import { z } from 'zod';
import { type AuditLink, type AuditVerdict, auditRecord } from '../model/audit/record.ts';
import { jsonProblem } from '../model/text/json-problem.ts';
import { schemaProblems } from '../model/text/schema-problems.ts';
import { BEGINNING, endsOf, hashOf, headOf, renderAudit } from './chain.ts';
import { compareWithRun } from './compare.ts';
import { identityOf } from './records.ts';

/** What a file is held against beside itself: whoever could write the file could make it agree with itself. */
export interface Anchors {
  /** A hash that an event, a log or somebody noted. */
  readonly hash?: string | undefined;
  /** The audit of the run as its journal or its service tells it now. */
  readonly run?: readonly AuditLink[] | undefined;
}

type Problem = AuditVerdict['problems'][number];

/** A file as far as its records can be looked at one by one. */
const loose = z.looseObject({
  links: z.array(z.looseObject({ hash: z.string(), index: z.number(), previous: z.string(), record: z.unknown() })),
});

/**
 * Whether a file is what `audit RUN -o json` wrote, to the byte: each record and the chain of their hashes, the head, and the form of the
 * text; and whether it is the run's. Pure.
 */
export function verifyAudit(file: Uint8Array, anchors: Anchors): AuditVerdict {
  const read = readFile(file);
  if (typeof read === 'string') return verdict([], [problem('unreadable', null, null, read)], []);
  const { text, head, links } = read;
  const problems = chainProblems(links, head.records);
  if (problems.length === 0) problems.push(...formProblems(text, head, links));
  const notes: string[] = [];
  if (anchors.hash !== undefined) checkHash(links, anchors.hash, problems, notes);
  if (anchors.run !== undefined) compareWithRun(links, anchors.run, problems, notes);
  if (anchors.hash === undefined && anchors.run === undefined)
    notes.push(
      'nothing beside the file was looked at: whoever wrote it could have made it anew; --against and --hash compare it with what others keep',
    );
  return verdict(links, problems, notes);
}

function readFile(file: Uint8Array): string | { text: string; head: Readonly<Record<string, unknown>>; links: AuditLink[] } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file);
  } catch {
    return 'it is not UTF-8';
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return jsonProblem(text);
  }
  const parsed = loose.safeParse(content);
  if (!parsed.success) return `it is no audit of podshift: ${schemaProblems(parsed.error)}`;
  const { links, ...head } = parsed.data;
  return { text, head, links: links as unknown as AuditLink[] };
}

/** What is wrong with the records and their hashes, in the order of the file. */
function chainProblems(links: readonly AuditLink[], count: unknown): Problem[] {
  const hashes = links.map(hashOf);
  const problems: Problem[] = [];
  let expected = 0;
  let previous = BEGINNING;
  const seen = new Set<number>();
  for (const [at, link] of links.entries()) {
    const own = hashes[at] ?? '';
    if (own !== link.hash) problems.push(alteredProblem(at, link, own, links[at + 1]));
    else if (seen.has(link.index) || link.index < expected) {
      const earlier = links.slice(0, at).some(({ hash }) => hash === link.hash);
      problems.push(
        problem(
          earlier ? 'put in' : 'moved',
          at,
          null,
          `record ${link.index} stands at place ${at}${earlier ? ' once more' : ', behind a later one'}`,
        ),
      );
      continue;
    } else if (link.index > expected) {
      const missing = expected === link.index - 1 ? `record ${expected} is` : `records ${expected} to ${link.index - 1} are`;
      problems.push(problem('cut off', expected, null, `${missing} not there`));
    } else if (link.previous !== previous) {
      problems.push(problem('put in', at, null, `record ${at}, or one before it, was put in: it does not follow on the record before it`));
    }
    seen.add(link.index);
    expected = own === link.hash ? link.index + 1 : expected + 1;
    // Where the hash alone was altered, the next record has the right one.
    previous = links[at + 1]?.previous === own ? own : link.hash;
  }
  if (links.length === 0) problems.push(problem('cut off', null, null, 'it has no records'));
  else if (typeof count === 'number' && count > expected)
    problems.push(problem('cut off', expected, null, `its end is not there: it had ${count} records, and goes to record ${expected - 1}`));
  return problems;
}

/** A record that does not have its hash: which of the two was altered, and where. */
function alteredProblem(at: number, link: AuditLink, own: string, next: AuditLink | undefined): Problem {
  if (next?.previous === own) return problem('altered', at, 'hash', `the hash of record ${at} was altered`);
  const parsed = auditRecord.safeParse(link.record);
  const field = parsed.success ? null : ['record', ...(parsed.error.issues[0]?.path ?? [])].join('.');
  const kind = parsed.success ? ` (${nameOf(parsed.data)})` : '';
  return problem(
    'altered',
    at,
    field,
    `record ${at}${kind} was altered: its hash is another one${field === null ? '' : `, and ${field} is wrong`}`,
  );
}

/** What is wrong with the text around records that are as they were. */
function formProblems(text: string, head: Readonly<Record<string, unknown>>, links: readonly AuditLink[]): Problem[] {
  const right = renderAudit(links);
  if (text === right) return [];
  const should: Readonly<Record<string, unknown>> = headOf(links);
  const names = [...new Set([...Object.keys(should), ...Object.keys(head)])];
  const field = names.find((name) => JSON.stringify(head[name]) !== JSON.stringify(should[name]));
  if (field !== undefined) return [problem('altered', null, field, `"${field}" at the beginning of the file was altered`)];
  let offset = 0;
  while (text[offset] === right[offset]) offset += 1;
  const line = text.slice(0, offset).split('\n').length;
  return [
    problem(
      'altered',
      null,
      null,
      `the records are as they were, but the text is not as podshift writes it, from line ${line} on: spaces, order or escapes`,
    ),
  ];
}

function checkHash(links: readonly AuditLink[], hash: string, problems: Problem[], notes: string[]): void {
  const found = links.find((link) => link.hash === hash);
  if (found === undefined) {
    problems.push(
      problem('altered', null, null, `no record has the hash ${hash}: the file was altered, or it is older, or of another run`),
    );
    return;
  }
  const later = links.length - found.index - 1;
  const more = later === 0 ? 'it is the whole file' : `${later} later ones were not covered by it`;
  notes.push(`the hash ${hash} is that of record ${found.index}: the records up to it are as they were then; ${more}`);
}

function verdict(links: readonly AuditLink[], problems: readonly Problem[], notes: readonly string[]): AuditVerdict {
  const isRead = links.length > 0;
  const run = isRead ? headOf(links).run : '';
  if (isRead && endsOf(links).length === 0) notes = [...notes, 'the run had not ended when the file was made'];
  return {
    apiVersion: 'podshift/v1',
    kind: 'AuditVerdict',
    run: run === '' ? null : run,
    honest: problems.length === 0,
    records: isRead ? links.length : null,
    last: links.at(-1)?.hash ?? null,
    problems: [...problems],
    notes: [...notes],
  };
}

/** A problem of a verdict. */
export function problem(what: Problem['what'], record: number | null, field: string | null, message: string): Problem {
  return { what, record, field, message };
}

/** What a record is about, for people. */
export function nameOf(record: AuditLink['record']): string {
  if (record.kind === 'write' || record.kind === 'undo') return `${record.kind} of ${record.key}`;
  return record.kind === 'evidence' ? `evidence of ${record.unit}` : identityOf(record);
}
