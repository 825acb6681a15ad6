/** What asks a command to stop. */
export interface Interrupts {
  /** Aborted at the first request to stop. */
  readonly signal: AbortSignal;
}

/** The process, as far as signals go. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** Signals of one key press come twice or more: by the terminal, by npm and by the launcher. */
const SAME_PRESS_MILLISECONDS = 500;

/**
 * Turns SIGINT, SIGTERM and SIGHUP into an abort; a second request, later than the same key press, calls `giveUp`, which
 * ends the process at once.
 */
export function watchInterrupts(source: SignalSource, now: () => number, giveUp: () => void): Interrupts {
  const controller = new AbortController();
  let first: number | undefined;
  const stop = (): void => {
    if (first === undefined) {
      first = now();
      controller.abort();
    } else if (now() - first >= SAME_PRESS_MILLISECONDS) {
      giveUp();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) source.on(signal, stop);
  return { signal: controller.signal };
}
