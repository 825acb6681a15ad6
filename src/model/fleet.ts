import { createHash } from 'node:crypto';
import { z } from 'zod';
import { migrationOptions } from './options.ts';
import type { ClusterTarget, RunStatus } from './run.ts';

/** The account that podshift itself runs in: reached without a role. */
export const OWN_ACCOUNT = 'self';

const glob = z.string().min(1).max(200);

/**
 * Which clusters a fleet takes in, and how it goes about them. Only `regions` has no default. Unknown keys are refused.
 * Times are whole seconds. A glob has `*` for any run of characters and `?` for one.
 */
export const fleetSpec = z.strictObject({
  /** Account ids, or `self` for the account that podshift runs in. */
  accounts: z
    .array(z.union([z.literal(OWN_ACCOUNT), z.string().regex(/^\d{12}$/, 'expected an account id of 12 digits, or "self"')]))
    .min(1)
    .max(2000)
    .default([OWN_ACCOUNT]),
  regions: z
    .array(z.string().regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, 'expected a region such as eu-central-1'))
    .min(1)
    .max(50),
  /** Path and name of the role that is assumed in each account but `self`. */
  memberRole: z
    .string()
    .regex(/^(?!\/)[\w+=,.@/-]+$/, 'expected a role name, with its path ahead')
    .default('podshift-member'),
  /** The external id that the members' roles ask for; null where they ask for none. */
  externalId: z
    .string()
    .regex(/^[\w+=,.@:/-]{2,1224}$/)
    .nullable()
    .default(null),
  /** Which of the clusters found there. All by default. */
  clusters: z
    .strictObject({
      /** Globs of names, one of which must match. */
      names: z.array(glob).min(1).default(['*']),
      /** Globs of names that stay out. */
      exclude: z.array(glob).default([]),
      /** Tags that a cluster must have, each with a glob for its value. */
      tags: z.record(z.string().min(1), glob).default({}),
    })
    .prefault({}),
  /** Name or ARN of the cluster that goes first. Null: one with the tag `podshift:canary`, else the one with the least to migrate. */
  canary: z.string().min(1).nullable().default(null),
  /** Clusters in one wave after the canary; they run side by side. */
  waveSize: z.int().min(1).max(400).default(10),
  /** Of these, at most so many of one account and region: they share its API rates. */
  clustersPerPlace: z.int().min(1).max(400).default(3),
  /** Share of the clusters, in percent, that may fail before the fleet halts. The canary may not. */
  failureThresholdPercent: z.int().min(0).max(100).default(10),
  /** Number of clusters that may fail before it halts; null for the share alone. */
  failureThresholdCount: z.int().min(0).nullable().default(null),
  /** How long one cluster may take, from its start to its end: at most 20 days. */
  clusterTimeoutSeconds: z.int().min(60).max(1_728_000).default(1_209_600),
  /** The options of every cluster's run. */
  migration: migrationOptions.prefault({}),
});

/** A fleet's settings with every default filled in. */
export type FleetSpec = z.output<typeof fleetSpec>;

/** How a fleet stands; all but the first are ends (as those of a run). */
export type FleetStatus = Exclude<RunStatus, 'pending' | 'rolling-back'>;

/** One fleet. */
export interface FleetRecord {
  readonly fleetId: string;
  /** `plan`: every cluster is planned, and that is all. */
  readonly mode: 'plan' | 'run';
  /** Handed on to each cluster's run: `required` lets each wait for somebody's word. */
  readonly approval: 'none' | 'required';
  /** The digest that the fleet's plan must have; null for any. With one, each cluster's run must have the plan that is in it. */
  readonly expectedDigest: string | null;
  readonly spec: FleetSpec;
  readonly status: FleetStatus;
  /** Why it ended so, or what an operator must do; empty while all is well. */
  readonly reason: string;
  /** Why no further cluster starts; empty while they may. */
  readonly halted: string;
  /** SHA-256 in hex over the digests of all its clusters' plans; empty until all are planned. */
  readonly digest: string;
  /** ARN of the cluster that goes first; empty until it is chosen. */
  readonly canary: string;
  /** RFC 3339; `endedAt` is null while under way. */
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** One account and region of a fleet. */
export interface PlaceRecord {
  readonly fleetId: string;
  /** `ACCOUNT/REGION`. */
  readonly placeId: string;
  /** An account id, or `self`. */
  readonly account: string;
  readonly region: string;
  readonly status: 'pending' | 'discovered' | 'refused';
  /** Why nothing could be read there; empty otherwise. */
  readonly reason: string;
  /** Clusters that the fleet takes in there. */
  readonly clusters: number;
}

/** What a fleet does with a cluster: plan it, then run it. */
export type FleetPhase = 'plan' | 'run';

/** How a cluster of a fleet stands. */
export type MemberStatus = 'pending' | 'planning' | 'planned' | 'running' | 'migrated' | 'held' | 'rolled-back' | 'needs-operator';

/** How many units of a cluster stand how; `pending` ones are to be migrated. */
export interface UnitCounts {
  readonly pending: number;
  readonly migrated: number;
  readonly held: number;
  readonly rolledBack: number;
  readonly needsOperator: number;
}

/** One cluster of a fleet. */
export interface MemberRecord {
  readonly fleetId: string;
  readonly clusterArn: string;
  readonly target: ClusterTarget;
  /** Whether the tag `podshift:canary` asks for it to go first. */
  readonly tagged: boolean;
  readonly status: MemberStatus;
  readonly reason: string;
  /** The plan's digest; empty until it is planned. */
  readonly digest: string;
  /** Of its plan, then of its run; null until it is planned, and where it could not be. */
  readonly units: UnitCounts | null;
  /** From 0 (canary); null until its turn. */
  readonly wave: number | null;
  /** RFC 3339 of each phase's first try, and of the first sight of a failed run's way back, so that deadlines survive a crash. */
  readonly startedAt: Readonly<Partial<Record<FleetPhase | 'rollback', string>>>;
}

/** The tag that makes a cluster the fleet's canary; its value is `true`. */
export const CANARY_TAG = 'podshift:canary';

/** The id of a cluster's run: 26 characters, always the same for the same fleet, cluster and phase. */
export function clusterRunId(fleetId: string, clusterArn: string, phase: FleetPhase): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([fleetId, clusterArn, phase]))
    .digest('hex');
  return BigInt(`0x${hash.slice(0, 32)}`)
    .toString(36)
    .padStart(26, '0');
}
