import { isPodshiftError } from '../model/errors.ts';
import { JOURNAL_VERSION } from '../model/run.ts';
import type { Item } from './table.ts';

/** In which version of the layout a run is written: one that was begun in it stays in it. */
export interface Versions {
  /** The run's own; that of new runs where there is none of this id. Throws `JournalTooNew`. */
  of(runId: string): Promise<number>;
  /** The same where it is known; undefined else. */
  known(runId: string): number | undefined;
  /** What was read of it. */
  know(runId: string, item: Item): void;
}

/** Many more than one process works on. */
const MOST = 1000;

/** The versions of runs, each read once by `read`, which answers the run's item or throws `RunNotFound`. */
export function createVersions(read: (runId: string) => Promise<Item>): Versions {
  const versions = new Map<string, number>();
  const know: Versions['know'] = (runId, item) => {
    if (versions.size >= MOST) versions.clear();
    versions.set(runId, item.schemaVersion as number);
  };
  return {
    know,
    known: (runId) => versions.get(runId),
    of: async (runId) => {
      const version = versions.get(runId);
      if (version !== undefined) return version;
      try {
        const item = await read(runId);
        know(runId, item);
        return item.schemaVersion as number;
      } catch (error) {
        if (isPodshiftError(error, 'RunNotFound')) return JOURNAL_VERSION;
        throw error;
      }
    },
  };
}

/**
 * The attribute by which the filter of the table's stream leaves out what is no news (serverless.yml). Items of version 1 have none:
 * functions of an earlier version still write them, and would leave what it said last.
 */
export function markOf(version: number, isNews: boolean): { readonly news?: 'yes' | 'no' } {
  return version > 1 ? { news: isNews ? 'yes' : 'no' } : {};
}

/** Whether a write of an item can be news: that of an item without a mark can. */
export function canBeNews(item: Item): boolean {
  return item.news !== 'no';
}
