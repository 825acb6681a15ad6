import { type OpenRuns, type Watching, watchRuns } from '../../src/service/watch-runs.ts';

let made: Promise<Watching> | undefined;

/** Called every five minutes. */
export const handler = Object.assign(
  async (): Promise<OpenRuns> => {
    made ??= import('../runtime/watch.ts').then((module) => module.createWatching(process.env));
    return watchRuns(await made);
  },
  { withRuntime: (watching: Watching) => () => watchRuns(watching) },
);
