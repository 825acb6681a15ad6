import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withLock } from '../cluster/lock.ts';
import { unzipInto } from './zip.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A resource of a CloudFormation template. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
}

/** What is read of the template that `osls package` writes. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Parameters?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly Outputs: Readonly<Record<string, unknown>>;
}

/** What is read of `serverless-state.json`. */
interface State {
  readonly service: { readonly functions: Readonly<Record<string, PackagedFunction>> };
  readonly package: { readonly artifact?: string };
}

/** A function as the framework resolved it; `name` is its name in Lambda. */
interface PackagedFunction {
  readonly name: string;
  /** `FILE.EXPORT`, as Lambda wants it: the module is `FILE.mjs` in the unpacked archive. */
  readonly handler: string;
  readonly timeout: number;
  readonly memory: number;
  readonly package?: { readonly artifact?: string };
}

/** The packaged service. */
export interface Packaged {
  readonly folder: string;
  readonly template: Template;
  readonly state: State;
  /** The folder with the unpacked archive of a function, by its key in serverless.yml. */
  readonly code: (functionKey: string) => string;
}

/**
 * Packages the service into a folder, as `osls package` does for a deployment, and unpacks the archives beside it. One at a
 * time: the bundler works in a folder of the project. `project` is the folder of the service: this checkout, or one that
 * `podshift service` wrote.
 */
export async function packageService(folder: string, options: readonly string[] = [], project: string = ROOT): Promise<Packaged> {
  // Neither credentials nor a way to them, and a proxy that leads nowhere: packaging needs no network.
  const { PATH, HOME } = process.env;
  const nowhere = 'http://127.0.0.1:9';
  const proxies = { HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere };
  const env = { PATH, HOME, ...proxies, AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: join(folder, 'none') };
  const command = [join(project, 'node_modules/serverless/bin/serverless.js'), 'package', '--package', folder, ...options];
  const lock = join(tmpdir(), `podshift-packaging-${createHash('sha256').update(project).digest('hex').slice(0, 16)}.lock`);
  await withLock(lock, { say: () => undefined }, () => promisify(execFile)(process.execPath, command, { cwd: project, env }));
  const packaged = await readPackaged(folder);
  for (const archive of archives(packaged.state)) {
    await unzipInto(await readFile(join(folder, archive)), codeFolder(folder, archive));
  }
  return packaged;
}

/** Reads what {@link packageService} left in a folder. */
export async function readPackaged(folder: string): Promise<Packaged> {
  const read = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8'));
  const template: Template = await read('cloudformation-template-update-stack.json');
  const state: State = await read('serverless-state.json');
  return {
    folder,
    template,
    state,
    code: (functionKey) => {
      const archive = state.service.functions[functionKey]?.package?.artifact ?? state.package.artifact;
      if (archive === undefined) throw new Error(`there is no archive of ${functionKey} in ${folder}`);
      return codeFolder(folder, archive);
    },
  };
}

function archives(state: State): Set<string> {
  const own = Object.values(state.service.functions).map((packaged) => packaged.package?.artifact);
  const shared = state.package.artifact;
  // The framework writes an empty name where no archive is shared.
  const named = [...own, shared === '' ? undefined : shared].filter((archive) => archive !== undefined);
  return new Set(named.map((archive) => basename(archive)));
}

function codeFolder(folder: string, archive: string): string {
  return join(folder, 'code', basename(archive, '.zip'));
}
