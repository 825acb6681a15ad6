import { type Cell, renderTable } from '../../src/report/table.ts';
import { createPalette, type Tone } from '../../src/report/text.ts';
import type { DoctorCheck, DoctorReport } from '../outputs/doctor.ts';
import type { Terminal } from '../terminal.ts';

const TONES: Readonly<Record<DoctorCheck['status'], Tone>> = { ok: 'good', missing: 'bad', unknown: 'warn' };

/** Where the checks were made, as a reader knows it. */
const AREAS: Readonly<Record<DoctorCheck['area'], string>> = { machine: 'machine', service: 'service', aws: 'AWS', cluster: 'cluster' };

/** The checks as a table, those first that are missing: with `wide` every check, else those that are ok in one line for each area. */
export function renderDoctor({ checks }: DoctorReport, { columns, color }: Terminal['screen'], wide: boolean): string {
  const order = ['missing', 'unknown', 'ok'];
  const sorted = checks.toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  const rows = [...sorted.filter(({ status }) => wide || status !== 'ok').map(rowOf), ...(wide ? [] : tallies(checks))];
  return `${renderTable(['STATUS!', 'WHERE!', 'CHECK', 'WHAT IT MEANS, WHAT TO DO'], rows, columns, createPalette(color))}\n`;
}

function rowOf({ status, needed, area, check, detail, remedy }: DoctorCheck): Cell[] {
  return [
    {
      text: status === 'missing' && needed === 'sometimes' ? 'missing, optional' : status,
      tone: needed === 'always' ? TONES[status] : 'warn',
    },
    { text: AREAS[area] },
    { text: check, tone: 'strong' },
    { text: remedy === '' ? detail : `${detail.replace(/\.$/, '')}. ${remedy}` },
  ];
}

/** How many are ok, of each area, with those that are no permissions by their names. */
function tallies(checks: readonly DoctorCheck[]): Cell[][] {
  return [...Map.groupBy(checks, ({ area }) => area)].flatMap(([area, all]) => {
    const good = all.filter(({ status }) => status === 'ok');
    if (good.length === 0) return [];
    return [
      [
        { text: 'ok', tone: 'good' },
        { text: AREAS[area] },
        { text: `${good.length} of ${all.length} checks`, tone: 'strong' },
        { text: '-o wide lists them' },
      ],
    ];
  });
}
