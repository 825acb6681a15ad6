import { setTimeout as delay } from 'node:timers/promises';
import type { RunState } from '../../src/model/run-state.ts';
import { sentenceOf, shortTime } from '../../src/report/state/run-state.ts';
import type { CommandContext } from '../context.ts';
import type { Exit } from '../exit-codes.ts';
import { createDrawing } from './drawing.ts';

/** What one look of `status --watch` found. */
export interface StatusSight {
  /** Each run that it shows, and the same as one object for programs. */
  readonly standings: readonly { readonly id: string; readonly cluster: string; readonly state: RunState; readonly json: unknown }[];
  /** The same as it is printed without `--watch`. */
  readonly text: string;
  /** Whether nothing of it will change any more. */
  readonly over: boolean;
}

/**
 * Looks again and again, until nothing changes any more: on a terminal in place, else with a line for each change of a run (an object of
 * JSON for programs). Throws the reason of an interrupt, and what `look` throws.
 */
export async function watchStatus(
  { terminal, interrupts }: Pick<CommandContext, 'terminal' | 'interrupts'>,
  settings: { readonly look: () => Promise<StatusSight>; readonly interval: number; readonly json: boolean; readonly now: () => number },
): Promise<Exit> {
  const { look, interval, json, now } = settings;
  const rows = json ? undefined : terminal.rows;
  const draw = rows === undefined ? undefined : createDrawing(terminal, rows);
  const told = new Map<string, string>();
  for (;;) {
    const { standings, text, over } = await look();
    if (draw !== undefined) await draw(text);
    else
      for (const { id, cluster, state, json: object } of standings) {
        if (told.get(id) === state.text) continue;
        told.set(id, state.text);
        const time = shortTime(new Date(now()).toISOString());
        await terminal.data(json ? `${JSON.stringify(object)}\n` : `${time}  ${id}  ${cluster}  ${sentenceOf(state)}\n`);
      }
    if (over) return 'done';
    await delay(interval, undefined, { signal: interrupts.signal }).catch(() => interrupts.signal.throwIfAborted());
  }
}
