import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageService } from '../test/support/package-service.ts';

/** One packaged function: what Lambda unzips for it, and what its first call takes. */
export interface FunctionMeasure {
  readonly key: string;
  readonly bytes: number;
  /** CPU time to import its module and to carry out a first call, up to the end of its runtime's set-up: clients, pacer, logger. Median of several cold processes. */
  readonly milliseconds: number;
}

const PROCESSES = 3;

/** Packages the service, and measures every function of it. */
export async function measureFunctions(): Promise<FunctionMeasure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'podshift-bench-'));
  try {
    const { state, code } = await packageService(folder);
    const measures: FunctionMeasure[] = [];
    for (const [key, { handler }] of Object.entries(state.service.functions)) {
      const file = join(code(key), handler.replace(/\.\w+$/, '.mjs'));
      measures.push({ key, bytes: (await stat(file)).size, milliseconds: firstCall(file) });
    }
    return measures;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the functions read of their environment, as serverless.yml sets it. Nothing is reached: the call ends before it asks for anything. */
const ENVIRONMENT = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
  AWS_LAMBDA_FUNCTION_NAME: 'podshift-bench',
  JOURNAL_TABLE: 'podshift',
  LOG_LEVEL: 'ERROR',
  EVENT_BUS: 'podshift',
};

/**
 * The first call, with an event that no function takes: a function refuses it, and sets its runtime up to say so. What is left out is the
 * work of a step alone.
 */
function firstCall(file: string): number {
  const script = `
    const from = process.cpuUsage();
    const { handler } = await import(${JSON.stringify(pathToFileURL(file).href)});
    await Promise.resolve(handler({}, {})).catch(() => undefined);
    const { user, system } = process.cpuUsage(from);
    process.getBuiltinModule('node:fs').writeSync(3, String((user + system) / 1000));`;
  const times = Array.from({ length: PROCESSES }, () => {
    const { output } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      env: { PATH: process.env.PATH, ...ENVIRONMENT },
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    return Number(output[3]);
  });
  return times.sort((a, b) => a - b)[Math.floor(PROCESSES / 2)] ?? Number.NaN;
}
