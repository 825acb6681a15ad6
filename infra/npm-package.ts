import { globSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { commitOfCheckout } from '../cli/version.ts';
import { BUILT, ROOT } from '../engine/root.ts';
import { type Lock, type LockEntry, servicePackage } from './service-package.ts';

// Builds what the npm package has in place of the sources: `npm pack` runs it ("prepack"). package.json names the rest of the
// package's files, which are those of the checkout; docs/decisions/0034-the-npm-package.md says why.

await rm(BUILT, { recursive: true, force: true });
await mkdir(BUILT, { recursive: true });
await Promise.all([buildCode(), writeModels(), writeCommit(), writeServicePackage()]);

/** Each program and each handler that is found by its name is a file of its own; what they share lies beside them. */
async function buildCode(): Promise<void> {
  const handlers = globSync('functions/*/*.ts', { cwd: ROOT, exclude: ['functions/{middleware,runtime}/**'] });
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['cli/main.ts', 'cli/twin-token.ts', ...handlers],
    outbase: ROOT,
    outdir: BUILT,
    // Beside the folders of the entries: engine/root.ts takes its own place for one level below the package.
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    mainFields: ['module', 'main'],
    minify: true,
    // Errors are known by the names of their classes.
    keepNames: true,
    legalComments: 'linked',
    // Has a native module, and comes with the package as it is.
    external: ['classic-level'],
    banner: {
      js: "import { createRequire as podshiftCreateRequire } from 'node:module'; const require = podshiftCreateRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

/** The Kubernetes client's declarations, of which the twin serves the API's schemas. */
async function writeModels(): Promise<void> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@kubernetes/client-node')), 'gen', 'models');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.d.ts'));
  const models = await Promise.all(files.map(async (name) => [basename(name, '.d.ts'), await readFile(join(folder, name), 'utf8')]));
  await writeFile(join(BUILT, 'kubernetes-models.json'), JSON.stringify(Object.fromEntries(models)));
}

async function writeCommit(): Promise<void> {
  await writeFile(join(BUILT, 'commit'), `${await commitOfCheckout()}\n`);
}

/** What the service alone needs, for the folder that `podshift service` writes. */
async function writeServicePackage(): Promise<void> {
  const read = (name: string): Promise<string> => readFile(join(ROOT, name), 'utf8');
  const files = globSync(['functions/**/*.ts', 'src/**/*.ts', 'infra/*.cjs', 'serverless.yml'], { cwd: ROOT });
  const [manifest, lock] = await Promise.all(['package.json', 'package-lock.json'].map(async (name) => JSON.parse(await read(name))));
  const made = servicePackage(manifest as LockEntry, lock as Lock, await Promise.all(files.map(read)));
  const folder = join(BUILT, 'service');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(made.manifest, null, 2)}\n`);
  // npm packs no file of this name at the top of a package; here it does.
  await writeFile(join(folder, 'package-lock.json'), `${JSON.stringify(made.lock, null, 2)}\n`);
}
