import { relative, resolve } from 'node:path';
import { build } from 'esbuild';

/** A call of a gateway, of the journal or of the cluster, as this project writes them: `eks.describeAddon(`. */
const CALL =
  /\b(eks|iam|sts|cloudTrail|journal|kubernetes|executions|bus|pages)\d*(?:\(\)\))?\.([a-zA-Z]+)\((?:RESOURCES\d*\.([a-zA-Z0-9]+))?/g;

/** Nothing is written there. */
const OUT = 'reachable';

/**
 * The gateway calls that the code of each module can reach, by the module's path: `eks.describeAddon`, `journal.getRun`,
 * `kubernetes.patch serviceAccounts`. It is the code that is packaged: what no path leads to, the bundler leaves out.
 */
export async function reachableCalls(modules: readonly string[]): Promise<Map<string, Set<string>>> {
  const { outputFiles } = await build({
    entryPoints: [...modules],
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    outbase: '.',
    outdir: OUT,
    write: false,
    logLevel: 'error',
  });
  return new Map(outputFiles.map(({ path, text }) => [relative(resolve(OUT), path).replace(/\.js$/, '.ts'), callsIn(text)]));
}

function callsIn(text: string): Set<string> {
  return new Set([...text.matchAll(CALL)].map(([, gateway, method, resource]) => callName(`${gateway}.${method}`, resource)));
}

/** The name of a call, with the resource of a Kubernetes call. */
export function callName(call: string, resource: string | undefined): string {
  return resource === undefined ? call : `${call} ${resource}`;
}
