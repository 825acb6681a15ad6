import { endsOf, headOf } from '../../audit/chain.ts';
import type { AuditLink, AuditRecord } from '../../model/audit/record.ts';
import { auditRows } from '../audit-rows.ts';
import { count } from '../text.ts';
import { documentOf } from './document.ts';
import { html, type Markup } from './html.ts';
import { clock } from './words.ts';

/** The record of a run as one HTML page: who, what, when, and every record with its hash. The same links give the same text. Pure. */
export function renderAuditPage(links: readonly AuditLink[], version?: string): string {
  const { run } = headOf(links);
  return documentOf({
    title: `record of run ${run}`,
    version,
    sections: [
      ['Summary', 'summary', summary(links, run)],
      ['Hashes', 'hashes', hashes(links)],
      ['Records', 'records', records(links)],
    ],
  });
}

function summary(links: readonly AuditLink[], run: string): Markup {
  return html`<section id="summary" aria-labelledby="summary-title"><p class="kind">Record of a run</p><h1 id="summary-title">${run}</h1><dl class="pairs">${auditRows(
    links,
  ).map(([name, value]) => html`<dt>${name}<dd>${value}`)}</dl></section>`;
}

function hashes(links: readonly AuditLink[]): Markup {
  const { last, records: number } = headOf(links);
  const seals = [
    ...endsOf(links).map((seal) => ({ at: 'an end of the run', ...seal })),
    { at: 'the last record', records: number, hash: last },
  ];
  return html`<section id="hashes" aria-labelledby="hashes-title"><h2 id="hashes-title">Hashes</h2><p class="lead">This page is for reading. What proves itself is the file that <code>podshift audit ${headOf(links).run} -o json</code> writes; <code>podshift audit --verify FILE</code> compares it with these.</p><div class="scroll" tabindex="0" role="group" aria-label="hashes"><table><caption class="hidden">Hashes of the chain</caption><thead><tr><th>Up to<th>Records<th>SHA-256</thead><tbody>${seals.map(
    ({ at, records: up, hash }) => html`<tr><th scope="row">${at}<td>${up}<td><code>${hash}</code>`,
  )}</tbody></table></div></section>`;
}

function records(links: readonly AuditLink[]): Markup {
  return html`<section id="records" aria-labelledby="records-title"><h2 id="records-title">Records</h2>
<form class="filter" role="search" aria-label="records" data-filter="record" hidden><label class="search"><span>Search</span><input type="search" name="text" placeholder="object, kind, principal, request id" autocomplete="off" spellcheck="false"></label><button type="button" data-expand>Expand all</button><output aria-live="polite">${count(links.length, 'record')}</output></form>
<ul class="list" role="list" data-list>${links.map(entry)}</ul><p class="nothing" hidden>No record fits. Change the search.</section>`;
}

function entry({ index, hash, record }: AuditLink): Markup {
  const { kind: _, ...fields } = record;
  return html`<li><details id="record-${index}"><summary><span class="title">${index} ${record.kind} <b class="name">${subjectOf(record)}</b></span><span class="aside">${timeOf(
    record,
  )}</span></summary><div class="body"><pre>${JSON.stringify(fields, null, 2)}</pre><p>SHA-256 <code>${hash}</code></div></details>`;
}

/** What a record is about, in a few words. */
function subjectOf(record: AuditRecord): string {
  switch (record.kind) {
    case 'run':
      return record.cluster || record.target.clusterName;
    case 'gap':
      return `${count(record.records, 'record')} that the journal does not have any more`;
    case 'plan':
      return record.digest;
    case 'approval':
      return record.status;
    case 'write':
    case 'undo':
      return record.object;
    case 'evidence':
      return `${record.unit}: ${record.evidence}, ${record.passed ? 'passed' : 'not passed'}`;
    case 'role':
      return record.roleArn;
    case 'unit':
      return `${record.unit}: ${record.status}`;
    case 'rollback':
      return record.reason;
    case 'end':
      return record.status;
  }
}

/** When it was, as far as the record has one time. */
function timeOf(record: AuditRecord): string {
  const at = 'at' in record ? record.at : 'startedAt' in record ? record.startedAt : null;
  return at === null ? '' : `${clock(at)} UTC`;
}
