import { z } from 'zod';
import { runReport } from './report.ts';
import { runState } from './run-state.ts';

const units = z.strictObject({ pending: z.int(), migrated: z.int(), held: z.int(), rolledBack: z.int(), needsOperator: z.int() });

const clusterSchema = z.strictObject({
  /** ARN. */
  cluster: z.string(),
  status: z.enum(['pending', 'planning', 'planned', 'running', 'migrated', 'held', 'rolled-back', 'needs-operator']),
  reason: z.string(),
  /** From 0 (canary); null where it has none. Of a plan: the one that it would have. */
  wave: z.int().min(0).nullable(),
  /** How its service accounts stand; null where it could not be planned. */
  units: units.nullable(),
  /** Ids of the runs that planned and changed it; null where there was none. */
  planRun: z.string().nullable(),
  run: z.string().nullable(),
  /** How it stands in words; absent where nobody asked for it. */
  state: runState.optional(),
});

/** What `podshift fleet` prints with `-o json`. */
export const fleetReport = z.strictObject({
  apiVersion: z.literal('podshift/v1'),
  kind: z.literal('FleetReport'),
  fleet: z.strictObject({
    id: z.string(),
    mode: z.enum(['plan', 'run']),
    status: z.enum(['running', 'planned', 'migrated', 'held', 'rolled-back', 'needs-operator']),
    reason: z.string(),
    digest: z.string(),
    /** ARN of the canary; empty where none was chosen. */
    canary: z.string(),
    startedAt: z.string(),
    endedAt: z.string().nullable(),
    /** How it stands in words; absent where nobody asked for it. */
    state: runState.optional(),
  }),
  /** In the order of their waves. */
  clusters: z.array(clusterSchema),
  /** Accounts and regions where nothing could be read. */
  refused: z.array(z.strictObject({ account: z.string(), region: z.string(), reason: z.string() })),
  /** Of all clusters together; null but for a rehearsal. */
  promises: runReport.shape.promises,
});

export type FleetReport = z.output<typeof fleetReport>;

/** What the command line prints of many fleets. */
export const fleetList = z.strictObject({
  apiVersion: z.literal('podshift/v1'),
  kind: z.literal('FleetList'),
  fleets: z.array(fleetReport.shape.fleet),
});

export type FleetList = z.output<typeof fleetList>;
