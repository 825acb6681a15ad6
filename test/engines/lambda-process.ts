import { pathToFileURL } from 'node:url';

/**
 * Lambda's runtime, for packaged functions: a process of its own, whose environment is the functions', that imports the
 * bundles and calls their handlers. It is asked and answers over the channel that `child_process.fork` opens.
 */

/** Asks for one invocation. */
export interface Asked {
  readonly id: number;
  /** The bundle's file, and the export that is the handler. */
  readonly file: string;
  readonly handler: string;
  /** The event as JSON text. */
  readonly event: string;
}

/** Tells how far the functions' clock is ahead of the machine's from now on. */
export interface Moved {
  readonly aheadMilliseconds: number;
}

/** How it ended: the payload as JSON text, of the handler's answer or of its error (Lambda: "Function errors"). */
export interface Answered {
  readonly id: number;
  readonly payload: string;
  readonly failed: boolean;
}

type Handler = (event: unknown, context: object) => Promise<unknown>;

async function answer({ id, file, handler, event }: Asked): Promise<Answered> {
  try {
    const module = (await import(pathToFileURL(file).href)) as Record<string, Handler>;
    const called = module[handler];
    if (called === undefined) throw new TypeError(`${file} exports no ${handler}`);
    const output = await called(JSON.parse(event), { awsRequestId: `request-${id}`, functionName: file });
    return { id, payload: JSON.stringify(output ?? null), failed: false };
  } catch (error) {
    const thrown = error instanceof Error ? error : new Error(String(error));
    const payload = { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') };
    return { id, payload: JSON.stringify(payload), failed: true };
  }
}

const machine = Date.now;
let ahead = 0;
Date.now = () => machine() + ahead;

process.on('message', (asked: Asked | Moved) => {
  if ('aheadMilliseconds' in asked) {
    ahead = asked.aheadMilliseconds;
    return;
  }
  void answer(asked).then((answered) => process.send?.(answered));
});
