/** The CloudWatch namespace of podshift's own metrics. */
export const METRIC_NAMESPACE = 'podshift';

/** One row of the metric table. */
export interface MetricRow {
  /** As CloudWatch names it. */
  readonly unit: 'Count' | 'Seconds';
  /** The dimensions beside `service`, which each metric has. */
  readonly dimensions: readonly string[];
  /** What one data point means. */
  readonly meaning: string;
}

/**
 * The one table of metrics, written as embedded metric format lines to the functions' logs. Each has the dimension
 * `service` (`podshift-STAGE`). `docs/events.md` lists the same rows; a test keeps both in step.
 */
export const METRICS = {
  RunsEnded: { unit: 'Count', dimensions: ['status'], meaning: 'a run has come to this end' },
  RunSeconds: { unit: 'Seconds', dimensions: ['status'], meaning: 'from the start of a run to its end' },
  UnitsEnded: { unit: 'Count', dimensions: ['status'], meaning: 'a unit has come to this end in a run that migrates' },
  UnitsNeedingOperator: { unit: 'Count', dimensions: [], meaning: 'a unit needs an operator' },
  UnitSeconds: { unit: 'Seconds', dimensions: [], meaning: 'from the first step of a unit to its migration' },
  CredentialProofsFailed: { unit: 'Count', dimensions: [], meaning: 'a proof of credentials has failed' },
  DriftFindings: { unit: 'Count', dimensions: [], meaning: 'what a scan found changed' },
  Throttles: { unit: 'Count', dimensions: ['api'], meaning: 'AWS or Kubernetes refused a request as one too many' },
  EventsNotPublished: { unit: 'Count', dimensions: [], meaning: 'a change of the journal that cannot be made an event of' },
  RunningRuns: { unit: 'Count', dimensions: [], meaning: 'runs without an end, every five minutes' },
  OldestRunningRunSeconds: { unit: 'Seconds', dimensions: [], meaning: 'the age of the oldest run without an end; 0 where there is none' },
} as const satisfies Record<string, MetricRow>;

/** The name of a metric. */
export type MetricName = keyof typeof METRICS;

/** One data point. */
export interface DataPoint {
  readonly name: MetricName;
  readonly value: number;
  /** Values of the row's own dimensions. */
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Takes data points. */
export interface Metrics {
  add(point: DataPoint): void;
}
