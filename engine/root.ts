import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of this podshift, with serverless.yml, the state machines and the examples: that of a checkout, or of the
 * installed package. The package's code lies in its `dist` folder as this file lies in `engine`.
 */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Whether this is the installed package: TypeScript is not run below `node_modules`, so its code was built. */
export const PACKAGED = import.meta.url.endsWith('.js');

/** The folder of the package's code, below {@link ROOT}. */
export const BUILT = join(ROOT, 'dist');

/** The file that has the code of a source file of podshift, named without its ending and from the folder `root`: `cli/main`. */
export function codeOf(source: string, root: string = ROOT): string {
  return PACKAGED && root === ROOT ? join(BUILT, `${source}.js`) : join(root, `${source}.ts`);
}
