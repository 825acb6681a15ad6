import { newBatch, newUndo, type UnitBatch } from '../../src/migration/batch/batch.ts';
import { type Act, type Acts, type Call, fails, failsOnce } from './acts.ts';

export const READY = { status: 'ready', waitSeconds: 0 };
export const WAITING = { status: 'waiting', waitSeconds: 1, tries: 1 };

/** The functions that take a batch through its stages, with the stage's name where a batch returns to it. */
const STAGES: Readonly<Record<string, string>> = {
  OpenUnits: 'open',
  SplitServiceAccount: 'split',
  Associate: 'associate',
  UpdateAddon: 'addon-update',
  CheckAddon: 'addon',
  CheckInjection: 'injection',
  ProveCredentials: 'proof',
  RestartWorkloads: 'restart',
  CheckRollout: 'rollout',
  VerifyPods: 'verify',
  ConfirmUse: 'use',
  CheckTogether: 'together',
  RemoveAnnotations: 'annotations',
  CheckRenewal: 'renewal',
  FinishUnits: 'finish',
};
const ADDON = ['UpdateAddon', 'CheckAddon', 'CheckTogether'];

/** What can happen to a batch at a stage, besides that it goes on. */
const TROUBLES = ['fail', 'half', 'over', 'throttle', 'wait', 'kill'];

/**
 * Batches of one unit, and what is in store for it is in its id: `TROUBLE FUNCTION`, or `KIND` alone. At that function `fail`: it turns
 * back; `half`: another one does, and it goes on; `over`: nothing of it is left; `kill`: the call does not end.
 */
export function batchesOf(functions: readonly string[]): UnitBatch[] {
  const stages = functions.filter((name) => name in STAGES);
  const ids = [
    ...['plain', 'split', 'addon', 'undo', 'slow undo', 'killed undo', 'lost', 'lost undo'],
    ...TROUBLES.flatMap((trouble) => stages.map((name) => `${trouble} ${name}`)),
  ];
  return ids.map(batchNamed);
}

/** One of them. */
export function batchNamed(unitId: string): UnitBatch {
  const [kind, name = ''] = unitId.split(' ');
  const of = kind === 'split' || name === 'SplitServiceAccount' ? 'split' : kind === 'addon' || ADDON.includes(name) ? 'addon' : 'plain';
  return newBatch([unitId], of);
}

/** Batches of a rollback. */
export function undoBatches(): UnitBatch[] {
  return ['plain', 'slow undo', 'killed undo', 'lost undo'].map((unitId) => newUndo([unitId]));
}

function unitOf({ batch: { units = [], undoing = [] } }: Call): string {
  return (units[0] ?? undoing[0])?.unitId ?? '';
}

/** The acts of every function of a batch, by what the id of its unit has in store. */
export function unitActs(): Acts {
  const stage = (name: string, own: string): Act => {
    return (event, nth) => {
      const unitId = unitOf(event);
      const batch = { ...event.batch, stage: own };
      const back = { ...batch, stage: 'undo', units: [], undoing: [{ unitId }], status: 'undo' };
      const isHere = (trouble: string): boolean => unitId === `${trouble} ${name}`;
      if (isHere('throttle')) return failsOnce('Throttled', { ...batch, status: 'ready' })(event, nth);
      if (isHere('kill') || (unitId === 'lost' && name === 'OpenUnits')) {
        return nth === 1 ? fails('InternalError')() : { ...batch, status: 'ready' };
      }
      if (isHere('fail') || (name === 'OpenUnits' && ['undo', 'slow undo', 'killed undo', 'lost undo'].includes(unitId))) return back;
      if (isHere('over')) return { ...batch, units: [], status: 'over' };
      if (isHere('wait') && nth === 1) return { ...batch, status: 'waiting', waitSeconds: 1 };
      if (isHere('half') && nth === 1) return { ...batch, undoing: [{ unitId: 'other' }], status: 'undo' };
      return { ...batch, status: 'ready' };
    };
  };
  return {
    ...Object.fromEntries(Object.entries(STAGES).map(([name, own]) => [name, stage(name, own)])),
    UndoUnits: (event, nth) => {
      const unitId = unitOf(event);
      const { batch } = event;
      if (['killed undo', 'lost undo'].includes(unitId) && nth === 1) return fails('InternalError')();
      const isSlow = unitId === 'slow undo' && nth === 1;
      const isLast = (batch.units ?? []).length === 0;
      return { ...batch, undoing: isSlow ? batch.undoing : [], status: isLast && !isSlow ? 'over' : 'waiting', waitSeconds: 0 };
    },
    IsolateUnits: (event, nth) => {
      if (['lost', 'lost undo'].includes(unitOf(event))) return fails('JournalTooNew')();
      return failsOnce('ServiceUnavailable', { ...event.batch, alone: [unitOf(event)], status: 'waiting', waitSeconds: 0 })(event, nth);
    },
  };
}
