import { createHash } from 'node:crypto';
import type { AuditFile, AuditLink, AuditRecord, AuditSeal } from '../model/audit/record.ts';
import { canonicalJson } from '../plan/digest.ts';

/** The name of these rules (docs/audit.md). */
const ALGORITHM: AuditFile['algorithm'] = 'podshift-audit-1';

/** What the first record has for the hash before it. */
export const BEGINNING = '0'.repeat(64);

/** The hash of a record in its place: SHA-256 over the canonical JSON (RFC 8785) of its index, the hash before it, and itself. */
export function hashOf({ index, previous, record }: Omit<AuditLink, 'hash'>): string {
  return createHash('sha256').update(canonicalJson({ index, previous, record })).digest('hex');
}

/** The chain with more records at its end. Records that JSON does not carry whole (half a surrogate pair) are made so that it does. */
export function extend(links: readonly AuditLink[], records: readonly AuditRecord[]): AuditLink[] {
  const chain = [...links];
  for (const given of records) {
    const place = { index: chain.length, previous: chain.at(-1)?.hash ?? BEGINNING, record: wellFormed(given) as AuditRecord };
    chain.push({ hash: hashOf(place), ...place });
  }
  return chain;
}

/** The same without what UTF-8 cannot write, and without what JSON leaves out. */
export function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key.toWellFormed(), wellFormed(item)]));
}

/** All of a file but the records themselves: it follows from them. */
export function headOf(links: readonly AuditLink[]): Omit<AuditFile, 'links'> {
  const run = links.find(({ record }) => record?.kind === 'run')?.record;
  return {
    apiVersion: 'podshift/v1',
    kind: 'Audit',
    run: run?.kind === 'run' ? run.id : '',
    algorithm: ALGORITHM,
    records: links.length,
    ends: endsOf(links),
    last: links.at(-1)?.hash ?? BEGINNING,
  };
}

/** The chain as it stood at each end of its run. */
export function endsOf(links: readonly AuditLink[]): AuditSeal[] {
  return links.flatMap(({ index, hash, record }) => (record?.kind === 'end' ? [{ records: index + 1, hash }] : []));
}

/** A record's line: what its hash is over, and the hash. */
function lineOf({ hash, index, previous, record }: AuditLink): string {
  return canonicalJson({ hash, index, previous, record });
}

/** The one text of a chain: the head on the first line, then a line for each record in canonical JSON. A file is this, byte for byte. */
export function renderAudit(links: readonly AuditLink[]): string {
  const head = JSON.stringify(headOf(links)).slice(0, -1);
  return `${head},"links":[\n${links.map(lineOf).join(',\n')}\n]}\n`;
}
