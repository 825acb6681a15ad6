import { endedProblem, type Part, startPart, waitUntilReady } from './part.ts';
import type { CommandLine } from './parts.ts';
import type { Environment } from './run.ts';
import type { ClusterState } from './state.ts';

/** The servers of one cluster: they live and end together. */
export interface ServerGroup {
  /** Starts a server and waits until `ready` says so, for `within` milliseconds. */
  start(line: CommandLine, ready?: () => Promise<boolean>, within?: number): Promise<void>;
  /** Takes in a server of this process. */
  addServer(server: { close(): Promise<void> }): void;
  parts(): readonly { readonly name: string; readonly pid: number }[];
  /** Resolves once all have ended: with the problem where one ended by itself, else with undefined. */
  readonly stopped: Promise<Error | undefined>;
  /** Ends all, those that depend on others first, and gives the folder back. */
  stop(): Promise<void>;
}

/** An empty group. An abort of the signal stops it. */
export function createServerGroup(settings: {
  readonly logs: string;
  readonly environment: Environment;
  readonly signal: AbortSignal | undefined;
  readonly record: (parts: ClusterState['parts']) => Promise<void>;
  readonly release: () => Promise<void>;
}): ServerGroup {
  const { logs, environment, signal } = settings;
  const parts: Part[] = [];
  const servers: { close(): Promise<void> }[] = [];
  const { promise: stopped, resolve: settle } = Promise.withResolvers<Error | undefined>();
  let stopping: Promise<void> | undefined;

  const stop = (problem?: Error): Promise<void> => {
    stopping ??= endAll().then(() => settle(problem));
    return stopping;
  };
  const endAll = async (): Promise<void> => {
    signal?.removeEventListener('abort', onAbort);
    const [clients, stores] = [parts.filter(({ name }) => !STORES.includes(name)), parts.filter(({ name }) => STORES.includes(name))];
    await Promise.all(clients.map((part) => part.stop()));
    // The API server before etcd: without it, it would wait for answers.
    for (const part of stores.reverse()) {
      await part.stop();
    }
    await Promise.all(servers.map((server) => server.close()));
    await settings.release();
  };
  const onAbort = (): void => {
    stop();
  };
  signal?.addEventListener('abort', onAbort, { once: true });

  return {
    stopped,
    stop: () => stop(),
    addServer: (server) => servers.push(server),
    parts: () => parts.map(({ name, mark }) => ({ name, pid: mark.pid })),
    start: async (line, ready, within = 0) => {
      signal?.throwIfAborted();
      const part = await startPart({ ...line, environment: { ...environment, ...line.environment, HOME: logs }, logs });
      const others = [...parts];
      parts.push(part);
      part.ended.then(() => {
        if (stopping === undefined) {
          stop(endedProblem(part));
        }
      });
      await settings.record(parts.map(({ name, mark }) => ({ name, ...mark })));
      if (ready !== undefined) {
        await waitUntilReady(part, ready, { within, signal, others });
      }
    },
  };
}

/** What the others write to; in the order of their start. */
const STORES = ['etcd', 'kube-apiserver'];
