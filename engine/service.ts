import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import type { ClusterRuntime } from '../src/migration/runtime.ts';
import { PodshiftError } from '../src/model/errors.ts';
import type { Machine } from './asl.ts';
import { codeOf, ROOT } from './root.ts';

/** What is deployed, as far as the engine needs it: read of serverless.yml, or of what the packaging made of it. */
export interface Service {
  /** The handler of a function, by its CloudFormation logical ID. Throws `InternalError` where there is none that `lambdaFunction` made. */
  handler(id: string): Promise<ServiceHandler>;
  /** Throws `InternalError` where no such machine is declared. */
  stateMachine(name: string): Promise<Machine>;
}

/** A function's handler, for a runtime that is handed in. */
export interface ServiceHandler {
  withRuntime(runtime: ClusterRuntime): (event: unknown) => Promise<unknown>;
}

type Tree = Readonly<Record<string, unknown>>;

/** A route of the API, and the function that serves it. */
export interface HttpRoute {
  readonly method: string;
  /** With its parameters in braces: `/runs/{runId}`. */
  readonly path: string;
  readonly handler: ServiceHandler;
}

/** YAML as the packaging reads it: with merge keys, which the definitions use. CloudFormation's tags (!Ref …) are passed over without a warning. */
export function parseYaml(text: string): unknown {
  return parse(text, { merge: true, logLevel: 'error' });
}

/** The routes that serverless.yml of the folder `root` gives to its functions, each with its handler. */
export async function loadHttpRoutes(root: string = ROOT): Promise<readonly HttpRoute[]> {
  const file = join(root, 'serverless.yml');
  const service = tree(parseYaml(await readFile(file, 'utf8')), file);
  const routes = Object.entries(tree(service.functions, 'functions')).flatMap(([name, definition]) => {
    const { handler, events = [] } = definition as { handler?: string; events?: readonly { httpApi?: { method: string; path: string } }[] };
    return events.flatMap(({ httpApi }) => (httpApi === undefined ? [] : [{ ...httpApi, name, handler }]));
  });
  return Promise.all(
    routes.map(async ({ method, path, name, handler }) => ({ method, path, handler: await importHandler(root, handler, name) })),
  );
}

let ofProject: Promise<Service> | undefined;

/** The service of this project's own serverless.yml, read once: the definitions take longer to parse than many an execution. */
export function projectService(): Promise<Service> {
  ofProject ??= loadService();
  return ofProject;
}

/** Reads serverless.yml of the folder `root`, with the variables that the packaging would resolve: `${file(…)}` and `${self:…}`. */
export async function loadService(root: string = ROOT): Promise<Service> {
  const file = join(root, 'serverless.yml');
  const service = tree(parseYaml(await readFile(file, 'utf8')), file);
  const resolve = createResolver(service, root);
  const functions = new Map<string, string>();
  for (const [name, definition] of Object.entries(tree(await shallow(service.functions, resolve), 'functions'))) {
    const path = await resolve(tree(await resolve(definition), `functions.${name}`).handler);
    functions.set(`${logicalName(name)}LambdaFunction`, typeof path === 'string' ? path : '');
  }
  const machines = new Map<string, Promise<Machine>>();
  return {
    handler: (id) => importHandler(root, functions.get(id), id),
    stateMachine: (name) => {
      const machine = machines.get(name) ?? readMachine(name);
      machines.set(name, machine);
      return machine;
    },
  };

  async function readMachine(name: string): Promise<Machine> {
    const declared = tree(
      await shallow(tree(await shallow(service.stepFunctions, resolve), 'stepFunctions').stateMachines, resolve),
      'stateMachines',
    );
    const found = Object.entries(declared).find(([key]) => kebabCase(key) === name);
    if (found === undefined) {
      throw new PodshiftError('InternalError', `${file} declares no state machine ${name}`);
    }
    const definition = await resolve(tree(await shallow(found[1], resolve), name).definition);
    return tree(definition, `the definition of ${name}`) as unknown as Machine;
  }
}

/** The handler that `FILE.EXPORT` names below a folder of sources. Throws `InternalError` for anything else. */
export async function importHandler(root: string, path: string | undefined, id: string): Promise<ServiceHandler> {
  const [, file, name] = /^(.+)\.([^./]+)$/.exec(path ?? '') ?? [];
  if (file === undefined || name === undefined) {
    throw new PodshiftError('InternalError', `a state calls ${id}, which the service does not declare with a handler`);
  }
  const module = (await import(pathToFileURL(codeOf(file, root)).href)) as Record<string, Partial<ServiceHandler> | undefined>;
  const handler = module[name];
  if (handler?.withRuntime === undefined) {
    throw new PodshiftError('InternalError', `${file}.ts exports no handler "${name}" made by lambdaFunction`);
  }
  return handler as ServiceHandler;
}

/** The variables of the value itself, but not of what is in it: other parts of the file can use variables of the deployment. */
async function shallow(value: unknown, resolve: (value: unknown) => Promise<unknown>): Promise<unknown> {
  return typeof value === 'string' ? resolve(value) : value;
}

const FILE = /^\$\{file\(([^)]+)\)(?::([\w.-]+))?\}$/;
const SELF = /^\$\{self:([\w.-]+)\}$/;

/** Resolves values that are one whole variable, at any depth; other variables stay as they are. Each file is read once. */
function createResolver(service: Tree, root: string): (value: unknown) => Promise<unknown> {
  const files = new Map<string, Promise<unknown>>();
  const contentOf = (file: string): Promise<unknown> => {
    const content = files.get(file) ?? readFile(join(root, file), 'utf8').then(file.endsWith('.json') ? JSON.parse : parseYaml);
    files.set(file, content);
    return content;
  };
  const resolve = async (value: unknown): Promise<unknown> => {
    if (typeof value === 'string') {
      const [, file, key] = FILE.exec(value) ?? [];
      if (file !== undefined) {
        const content = await contentOf(file.trim());
        return resolve(key === undefined ? content : lookUp(content, key));
      }
      const own = SELF.exec(value);
      return own?.[1] === undefined ? value : resolve(lookUp(service, own[1]));
    }
    if (Array.isArray(value)) {
      return Promise.all(value.map(resolve));
    }
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).map(async ([key, item]) => [key, await resolve(item)] as const);
      return Object.fromEntries(await Promise.all(entries));
    }
    return value;
  };
  return resolve;
}

function lookUp(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((found, key) => tree(found, path)[key], value);
}

function tree(value: unknown, what: string): Tree {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PodshiftError('InternalError', `${what} is not a mapping`);
  }
  return value as Tree;
}

/** Serverless' logical IDs: the first letter in capitals, and words for what CloudFormation does not allow. */
function logicalName(name: string): string {
  return (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll('-', 'Dash').replaceAll('_', 'Underscore');
}

/** `migrateCluster` and `MigrateCluster` as `migrate-cluster`. */
export function kebabCase(name: string): string {
  return name.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase();
}
