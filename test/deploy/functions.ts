import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Invoke, type Lambda, startLambda } from '../engines/lambda.ts';
import type { Packaged } from '../support/package-service.ts';

/** What moto's Lambda has of a function or of one of its versions (Lambda API reference: FunctionConfiguration). */
interface Configuration {
  readonly FunctionName: string;
  /** `$LATEST` or a number. */
  readonly Version: string;
  readonly CodeSha256: string;
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
}

/** One invocation of a deployed function. */
export interface Invoked {
  readonly name: string;
  readonly version: string;
  /** The run in its event; undefined where it names none. */
  readonly runId: string | undefined;
}

/** Runs deployed functions: the archives that were uploaded, each with the environment that its deployed configuration says. */
export interface Functions {
  /** By ARN or name, with a version or without. */
  readonly invoke: Invoke;
  /** Tells what was packaged, so that its archives can be run. */
  add(packaged: Packaged): Promise<void>;
  /** All invocations so far, in their order. */
  readonly invoked: readonly Invoked[];
  /** Environment that comes ahead of everything deployed: where AWS is. */
  setPlace(environment: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

/** The functions of an account whose Lambda answers at `ask`, by path. */
export function createFunctions(ask: (path: string) => Promise<unknown>): Functions {
  const archives = new Map<string, Packaged>();
  const processes = new Map<string, Lambda>();
  const invoked: Invoked[] = [];
  let place: Readonly<Record<string, string>> = {};
  const end = async (): Promise<void> => {
    const open = [...processes.values()];
    processes.clear();
    await Promise.all(open.map((process) => process.close()));
  };
  return {
    invoked,
    invoke: async (asked, event) => {
      const { FunctionName, Version, CodeSha256, Environment } = await configurationOf(ask, asked);
      const packaged = archives.get(CodeSha256);
      if (packaged === undefined) throw new Error(`nothing that was packaged is the code of ${FunctionName}:${Version}`);
      const environment = { ...Environment?.Variables, ...place };
      const key = JSON.stringify([packaged.folder, environment]);
      const process = processes.get(key) ?? startLambda(packaged, environment);
      processes.set(key, process);
      const { runId } = JSON.parse(event) as { runId?: string };
      invoked.push({ name: FunctionName, version: Version, runId });
      return process.invoke(FunctionName, event);
    },
    add: async (packaged) => {
      for (const { package: own } of Object.values(packaged.state.service.functions)) {
        if (own?.artifact === undefined) continue;
        const archive = await readFile(join(packaged.folder, basename(own.artifact)));
        const hash = createHash('sha256').update(archive).digest('base64');
        if (!archives.has(hash)) archives.set(hash, packaged);
      }
    },
    setPlace: async (environment) => {
      place = environment;
      await end();
    },
    close: end,
  };
}

/** `arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION`, where the version, or all but the name, can be absent. */
async function configurationOf(ask: (path: string) => Promise<unknown>, asked: string): Promise<Configuration> {
  const [name = '', version] = asked.startsWith('arn:') ? asked.split(':').slice(6) : asked.split(':');
  const qualifier = version === undefined ? '' : `?Qualifier=${version}`;
  return (await ask(`/2015-03-31/functions/${name}/configuration${qualifier}`)) as Configuration;
}
