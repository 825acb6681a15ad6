import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWholeFolder, type WholeFolder } from '../../cli/whole-folder.ts';
import type { Rehearsal } from '../../engine/rehearsal.ts';
import type { AwsAnswer } from '../../src/aws/clients.ts';
import { type Captured, type CapturedNames, capture } from '../../src/capture/capture.ts';
import { createClusterConnections } from '../../src/kubernetes/connections.ts';
import { migrationOptions } from '../../src/model/options.ts';

/** A captured snapshot. */
export interface CapturedFolder {
  readonly folder: string;
  readonly captured: Captured;
  /** All files, by their paths, as text. */
  files(): Promise<Map<string, string>>;
  remove(): Promise<void>;
}

/** Captures the cluster of a rehearsal's twin, over its endpoints, into a folder of its own. */
export async function captureTwin(
  { twin, clock, target }: Pick<Rehearsal, 'twin' | 'clock' | 'target'>,
  names: CapturedNames = 'plain',
): Promise<CapturedFolder> {
  const parent = await mkdtemp(join(tmpdir(), 'podshift-test-'));
  const folder = join(parent, 'snapshot');
  let onAnswer: (answer: AwsAnswer) => void = () => undefined;
  const connections = createClusterConnections({
    clock: clock.engine,
    retryDelays: 'none',
    endpoint: twin.awsEndpoint,
    credentials: twin.credentials,
    onAnswer: (answer) => onAnswer(answer),
  });
  const opened: WholeFolder = await openWholeFolder(folder);
  const captured = await capture({
    aws: connections.aws(target),
    kubernetes: () => connections.kubernetes(target),
    listen: (listener) => {
      onAnswer = listener;
    },
    options: migrationOptions.parse({}),
    clock: clock.engine,
    version: '0.0.0',
    key: new Uint8Array(32).fill(7),
    names,
    write: opened.write,
  });
  await opened.finish();
  return {
    folder,
    captured,
    files: async () => {
      const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
      const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
      return new Map(await Promise.all(paths.map(async (path) => [path.slice(folder.length + 1), await readFile(path, 'utf8')] as const)));
    },
    remove: () => rm(parent, { recursive: true, force: true }),
  };
}
