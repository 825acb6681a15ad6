import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageService } from '../test/support/package-service.ts';

/** One packaged function: what Lambda unzips for it, and how long its module takes to import. */
export interface FunctionMeasure {
  readonly key: string;
  readonly bytes: number;
  /** Median of several cold processes. */
  readonly milliseconds: number;
}

const PROCESSES = 5;

/** Packages the service, and measures every function of it. */
export async function measureFunctions(): Promise<FunctionMeasure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'podshift-bench-'));
  try {
    const { state, code } = await packageService(folder);
    const measures: FunctionMeasure[] = [];
    for (const [key, { handler }] of Object.entries(state.service.functions)) {
      const file = join(code(key), handler.replace(/\.\w+$/, '.mjs'));
      measures.push({ key, bytes: (await stat(file)).size, milliseconds: importTime(file) });
    }
    return measures;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function importTime(file: string): number {
  const script = `const from = performance.now(); await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(performance.now() - from);`;
  const times = Array.from({ length: PROCESSES }, () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })),
  );
  return times.sort((a, b) => a - b)[Math.floor(PROCESSES / 2)] ?? Number.NaN;
}
