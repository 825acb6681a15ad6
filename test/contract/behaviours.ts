import { it, type TestFunction } from 'vitest';

/** Behaviours that a backend is known not to share: the title of each, and why. What is not listed must hold. */
export type Exceptions = Readonly<Record<string, string>>;

/**
 * The `it` of a contract suite over one backend. A declared exception must really differ: where the backend comes to
 * behave as the others do, its test fails until the exception is struck from the list.
 */
export function behavioursWith(exceptions: Exceptions): (title: string, run: TestFunction) => void {
  return (title, run) => {
    const why = exceptions[title];
    if (why === undefined) {
      it(title, run);
    } else {
      it.fails(title, { meta: { exception: why } }, run);
    }
  };
}

declare module 'vitest' {
  interface TaskMeta {
    /** Why a backend does not share this behaviour. */
    exception?: string;
    /** A line that the reporter prints. */
    line?: string;
  }
}

/** Tells that a backend is left out, where there is a reason. */
export function sayMissing(backend: string, why: string | undefined): void {
  if (why !== undefined) {
    process.stderr.write(`left out: ${backend}: ${why}\n`);
  }
}
