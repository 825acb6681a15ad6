import { readdirSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Rehearsal, rehearse } from '../../../engine/rehearsal.ts';
import { type Snapshot, snapshotFromObjects } from '../../../twin/snapshot.ts';
import { captureTwin } from '../../support/captured.ts';
import { fullestParts } from '../../support/fullest-snapshot.ts';
import { namesOfWorld } from '../../support/world-names.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const EXAMPLES = readdirSync('examples');

async function planned(snapshot: string | Snapshot): Promise<Rehearsal> {
  const rehearsal = await rehearse({ snapshot, startAt: START, mode: 'plan' });
  onTestFinished(rehearsal.close);
  return rehearsal;
}

/** What a plan decides, whatever its subjects are called; which units of a wave come first is by their names. */
function shape({ report: { units, findings, run } }: Rehearsal) {
  const sorted = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
  const sizes = Map.groupBy(units, ({ wave }) => wave);
  return {
    status: run.status,
    units: sorted(
      units.map(({ mechanism, status, workloads, findings: codes }) => [
        mechanism,
        status,
        workloads.map(({ kind }) => kind).sort(),
        codes,
      ]),
    ),
    waves: sorted([...sizes].map(([wave, { length }]) => [wave, length])),
    findings: sorted(findings.map(({ code, severity, subject }) => [code, severity, subject.split('/')[0]])),
  };
}

/** Whether a name stands somewhere, a short one as a word of its own: `press` is a part of `matchExpressions`. */
function stands(name: string, text: string): boolean {
  if (name.length > 8) return text.includes(name);
  return new RegExp(`(?<![A-Za-z0-9])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![A-Za-z0-9])`).test(text);
}

const WORLDS: readonly (readonly [string, string | (() => Snapshot)])[] = [
  ...EXAMPLES.map((example) => [`examples/${example}`, `examples/${example}`] as const),
  ['a snapshot with every optional member', () => snapshotFromObjects(fullestParts())],
];

describe.each(WORLDS)('a capture with hashed names of the cluster of %s', (_name, world) => {
  it('gives the decisions of the cluster itself, and none of its names', async () => {
    const live = await planned(typeof world === 'string' ? world : world());
    const [plain, hashed] = [await captureTwin(live), await captureTwin(live, 'hashed')];
    for (const { remove } of [plain, hashed]) onTestFinished(remove);

    const again = await planned(hashed.folder);
    expect(shape(again)).toEqual(shape(live));
    expect(shape(again).units.length).toBeGreaterThan(0);

    const names = namesOfWorld(await plain.files());
    expect(names.length).toBeGreaterThan(50);
    const written = [...(await hashed.files())];
    const all = written.map(([path, text]) => `${path}\n${text}`).join('\n');
    expect(names.filter((name) => stands(name, all))).toEqual([]);
  });
});
