import { z } from 'zod';
import { unitNotes } from '../../journal/unit-notes.ts';

/** The most units that one child execution takes through the steps together. */
export const BATCH_UNITS = 50;
/** The most roles whose trust policies one child execution writes. */
export const BATCH_ROLES = 25;
/** The most bytes of ids that one step of a run hands out: well below the 256 KiB of a state's data. */
export const MOST_ID_BYTES = 100_000;

const milliseconds = z.number().min(0);
const tries = {
  /** Not before then, in milliseconds since the epoch; absent where it may be at once. */
  at: milliseconds.optional(),
  /** When it was looked at last; absent of one that waits for its turn. */
  from: milliseconds.optional(),
  /** Tries so far of this stage that ended because their turn had not come. */
  queued: z.int().min(0).optional(),
  /** Those that ended because a service or an API server was away. */
  failed: z.int().min(0).optional(),
};

const unitItem = z.strictObject({
  unitId: z.string().min(1),
  /** The stage is done with it; `at` is then when the next one may begin. */
  ready: z.literal(true).optional(),
  /** It is not looked at before then, in milliseconds since the epoch, however its batch is called: others have their turn. */
  turn: milliseconds.optional(),
  /** What the journal does not have of it yet; a child execution that ends early has it looked for anew. */
  notes: unitNotes.optional(),
  ...tries,
});

/** What a child execution knows of its units: ids and counts. What became of each of them is in the journal. */
export const unitBatch = z.strictObject({
  /** `addon`: the units that one update of an add-on moves; `split`: one that a service account is made for. */
  kind: z.enum(['plain', 'split', 'addon']),
  /** The stage that was called last: where a wait, or a rollback of some of the units, returns to. `undo` where no unit goes forward any more. */
  stage: z.string().min(1),
  /** How often a stage, or the rollback, has looked at the batch. */
  looks: z.int().min(0),
  /** The units that go forward. */
  units: z.array(unitItem).max(BATCH_UNITS),
  /** The units that roll back. */
  undoing: z.array(z.strictObject({ unitId: z.string().min(1), ...tries })).max(BATCH_UNITS),
  /** Units that are called one at a time, since a call that had one of them among others did not end. */
  alone: z.array(z.string()).max(2 * BATCH_UNITS),
  /** When a stage that answered last is to be called again, in milliseconds since the epoch; absent ahead of the first. */
  due: milliseconds.optional(),
  /** `undo`: some roll back, and have to be looked at first; `over`: no unit of it is left. */
  status: z.enum(['ready', 'waiting', 'undo', 'over']),
  /** Until the next look; of a batch that is ready, until the next stage may begin. */
  waitSeconds: z.int().min(0),
});

/** See {@link unitBatch}. */
export type UnitBatch = z.output<typeof unitBatch>;
/** One unit of a batch. */
export type UnitItem = z.output<typeof unitItem>;

/** The same of roles. */
export const roleBatch = z.strictObject({
  pending: z.array(z.strictObject({ roleArn: z.string().min(1), ...tries })).max(BATCH_ROLES),
  /** How often a step has looked at the batch. */
  looks: z.int().min(0),
  /** They are called one at a time, since a call of several did not end. */
  alone: z.boolean(),
  /** Whether IAM may not have spread a write of it yet. */
  wrote: z.boolean(),
  /** Whether one of the roles could not be written, which the journal knows. */
  blocked: z.boolean(),
  status: z.enum(['ready', 'waiting']),
  waitSeconds: z.int().min(0),
});

/** See {@link roleBatch}. */
export type RoleBatch = z.output<typeof roleBatch>;

/** A batch of which nothing was done yet. */
export function newBatch(unitIds: readonly string[], kind: UnitBatch['kind'] = 'plain'): UnitBatch {
  const units = unitIds.map((unitId) => ({ unitId }));
  return { kind, stage: 'open', looks: 0, units, undoing: [], alone: [], status: 'waiting', waitSeconds: 0 };
}

/** A batch of units that are all to roll back. */
export function newUndo(unitIds: readonly string[]): UnitBatch {
  return { ...newBatch([]), stage: 'undo', undoing: unitIds.map((unitId) => ({ unitId })) };
}

/** Batches of these roles, in their order. */
export function roleBatches(roleArns: readonly string[]): RoleBatch[] {
  return chunks(roleArns, BATCH_ROLES).map((some) => ({
    pending: some.map((roleArn) => ({ roleArn })),
    looks: 0,
    alone: false,
    wrote: false,
    blocked: false,
    status: 'waiting',
    waitSeconds: 0,
  }));
}

/** What a batch is cut of. */
export interface Cuttable {
  readonly unitId: string;
  readonly roleArn: string;
  /** The add-on whose update moves it, if any. */
  readonly addon: string | undefined;
  /** A service account is made for it. */
  readonly splits: boolean;
}

/**
 * Batches of at most {@link BATCH_UNITS} units in the order of their ids; `by-role`: in that of their roles, so that those of a role are
 * together. The units of an add-on are one, as one update moves them, and
 * a split is one by itself. Where the names are so long that a state could not hold them, those of the rest are left for the next call.
 */
export function cutBatches(units: readonly Cuttable[], order: 'by-id' | 'by-role' = 'by-id'): UnitBatch[] {
  const placeOf = ({ unitId, roleArn }: Cuttable): string => (order === 'by-id' ? unitId : `${roleArn} ${unitId}`);
  const sorted = fitting(
    [...units].sort((a, b) => Number(placeOf(a) > placeOf(b)) - Number(placeOf(a) < placeOf(b))),
    // Those that are confirmed are in the order of their roles, which are not handed out and take no room in the state.
    order === 'by-id',
  );
  const plain = sorted.filter(({ addon, splits }) => addon === undefined && !splits).map(({ unitId }) => unitId);
  const addons = Map.groupBy(
    sorted.filter(({ addon }) => addon !== undefined),
    ({ addon }) => addon,
  );
  return [
    ...chunks(plain, BATCH_UNITS).map((ids) => newBatch(ids)),
    ...sorted.filter(({ addon, splits }) => addon === undefined && splits).map(({ unitId }) => newBatch([unitId], 'split')),
    ...[...addons.values()].flatMap((members) =>
      chunks(
        members.map(({ unitId }) => unitId),
        BATCH_UNITS,
      ).map((ids) => newBatch(ids, 'addon')),
    ),
  ];
}

/** The first ones whose ids, and those of their roles where those are handed out too, fit into what a state holds; at least one. */
function fitting(units: readonly Cuttable[], withRoles: boolean): readonly Cuttable[] {
  let left = MOST_ID_BYTES;
  return units.filter(({ unitId, roleArn }, index) => {
    left -= Buffer.byteLength(unitId) + (withRoles ? Buffer.byteLength(roleArn) : 0);
    return index === 0 || left >= 0;
  });
}

/** The list in parts of at most so many. */
export function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));
}
