import { endsOf, headOf } from '../audit/chain.ts';
import type { AuditLink, AuditRecord } from '../model/audit/record.ts';

/** What the record of a run says in a few lines, name and text: who, with what, how much, and the hashes. Pure. */
export function auditRows(links: readonly AuditLink[]): [name: string, text: string][] {
  const records = links.map(({ record }) => record);
  const of = <Kind extends AuditRecord['kind']>(kind: Kind) =>
    records.filter((record): record is Extract<AuditRecord, { kind: Kind }> => record.kind === kind);
  const [run] = of('run');
  const approval = of('approval').at(-1);
  const end = of('end').at(-1);
  const { run: id, last } = headOf(links);
  return [
    ['run', id],
    ['cluster', run?.cluster || (run?.target.clusterName ?? '')],
    ['asked for by', run?.requester?.by ?? 'not recorded'],
    ['approved by', approval?.answer?.by ?? (run?.terms?.approval === 'required' ? 'nobody' : 'no approval was asked for')],
    ['podshift', run?.podshift ?? 'not recorded'],
    ['plan', of('plan').at(-1)?.digest ?? 'none'],
    ['writes', `${of('write').length}, undone ${of('undo').length}`],
    ['evidence', String(of('evidence').length)],
    ['rollbacks', String(of('rollback').length)],
    ['ended', end === undefined ? 'not yet' : `${end.at} ${end.status}`],
    ...endsOf(links).map((seal, index): [string, string] => [index === 0 ? 'hash at the end' : 'hash at the next end', seal.hash]),
    ['last hash', last],
  ];
}
