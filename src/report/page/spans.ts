import type { AnyReport, ReportUnit } from '../summary.ts';
import { unitName } from '../summary.ts';
import type { PageFacts } from './facts.ts';

/** A part of a run: milliseconds since the epoch. The soak is null where none was begun. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly soak: { readonly from: number; readonly to: number } | null;
}

/** The units of a wave, and when it ran; the span is null where nothing of it has happened. */
export interface WaveSpan {
  readonly wave: number;
  readonly units: readonly ReportUnit[];
  readonly span: Span | null;
}

/** When each wave ran, as the journal and the evidence say, in order. Pure. */
export function waveSpans(report: AnyReport, facts: PageFacts): WaveSpan[] {
  const inWaves = report.units.filter((unit) => unit.wave !== null);
  const trust = Map.groupBy(
    facts.writes.filter(({ kind, key }) => kind === 'trust' && /#\d+$/.test(key)),
    ({ key }) => Number(/#(\d+)$/.exec(key)?.[1]),
  );
  return [...Map.groupBy(inWaves, ({ wave }) => wave ?? 0)]
    .sort(([a], [b]) => a - b)
    .map(([wave, units]) => ({ wave, units, span: spanOf(units, facts, trust.get(wave)?.map(({ at }) => at) ?? []) }));
}

/** When the rollback of the first unit began; null where none was. */
export function rollbackSpan(report: AnyReport, facts: PageFacts): Span | null {
  const begun = instants([...facts.times.values()].map(({ steps }) => steps.undo));
  if (begun.length === 0) return null;
  const from = Math.min(...begun);
  return { from, to: Math.max(from, ...instants([report.run.endedAt ?? undefined])), soak: null };
}

function spanOf(units: readonly ReportUnit[], facts: PageFacts, written: readonly string[]): Span | null {
  const times = units.map((unit) => facts.times.get(unitName(unit)));
  const evidence = units.flatMap((unit) => ('evidence' in unit ? unit.evidence.map(({ at }) => at) : []));
  const ahead = times.flatMap((one) => Object.entries(one?.steps ?? {}).flatMap(([step, at]) => (step === 'undo' ? [] : [at])));
  const all = instants([...written, ...ahead, ...evidence]);
  if (all.length === 0) return null;
  const soakTo = instants(times.map((one) => one?.soakUntil));
  const checked = instants(times.map((one) => one?.steps.verify));
  const soak = soakTo.length === 0 || checked.length === 0 ? null : { from: Math.max(...checked), to: Math.max(...soakTo) };
  return { from: Math.min(...all), to: Math.max(...all, ...soakTo), soak: soak !== null && soak.from < soak.to ? soak : null };
}

function instants(times: readonly (string | undefined)[]): number[] {
  return times.flatMap((time) => (time === undefined || Number.isNaN(Date.parse(time)) ? [] : [Date.parse(time)]));
}
