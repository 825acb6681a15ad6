#!/usr/bin/env node
// Starts podshift on a Node that can run it: this one, else the one that was installed with it. In a checkout that is
// cli/main.ts; in the npm package what was built of it, as Node runs no TypeScript below node_modules. Plain JavaScript for
// any Node from 18 up; nothing here may need a newer one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const checkout = existsSync(join(here, 'main.ts'));
const program = checkout ? join(here, 'main.ts') : join(here, '..', 'dist', 'cli', 'main.js');
const { node: version, sqlite = '0' } = process.versions;

const ownNode = suits() ? undefined : findOwnNode();
if (ownNode !== undefined) {
  startOn(ownNode);
} else if (suits() || runsWithoutJournal()) {
  leaveOutWarnings();
  // Kept from here on, Node need not load its compiler of TypeScript; the package has none, and does so itself.
  if (checkout) (await import('./compiled-code.js')).keepCompiledCode();
  await import(pathToFileURL(program).href);
} else {
  const [what, remedy] = checkout
    ? ['podshift runs on its own Node 24', 'Run "npm ci" in the podshift folder.']
    : ['podshift needs Node 22.19 or later, or its own', 'Install podshift again without --omit=optional, or use Node 24.15 or later.'];
  process.stderr.write(`error: ${what}, which is not installed here (this is Node ${version})\n${remedy}\n`);
  process.exit(1);
}

/**
 * Whether this Node runs all of podshift. The journal needs SQLite 3.51.3: the one before could damage a database that two
 * processes write to (sqlite.org, "WAL-reset bug"). From Node 24.15 and 25.9 on there is that, and TypeScript without a
 * warning on stderr; the package runs on older ones that have that SQLite.
 */
function suits() {
  if (!checkout) return atLeast(version, 22, 19) && atLeast(sqlite, 3, 51, 3);
  return process.features.typescript && (atLeast(version, 25) ? atLeast(version, 25, 9) : atLeast(version, 24, 15));
}

/** Whether this Node runs what needs no journal on this machine: the journal itself refuses to work with an older SQLite. */
function runsWithoutJournal() {
  return !checkout && atLeast(version, 22, 19);
}

function atLeast(text, ...wanted) {
  const parts = text.split('.').map(Number);
  const index = wanted.findIndex((number, place) => (parts[place] ?? 0) !== number);
  return index === -1 || (parts[index] ?? 0) > wanted[index];
}

/** Node 22 says that node:sqlite is an experiment: what podshift uses of it is the same there. */
function leaveOutWarnings() {
  const emit = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    if (!/^SQLite is an experimental feature/.test(warning)) emit.call(process, warning, ...rest);
  };
}

/** The Node of the optional dependency for this machine; undefined where npm did not install it. */
function findOwnNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const { resolve } = createRequire(import.meta.url);
  for (const name of [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`]) {
    try {
      const folder = dirname(resolve(`${name}/package.json`));
      return [join(folder, 'bin', 'node.exe'), join(folder, 'bin', 'node')].find((file) => existsSync(file));
    } catch {
      // not this one
    }
  }
  return undefined;
}

function startOn(node) {
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const forward = (signal) => child.kill(signal);
  // Ctrl-C reaches the child by the terminal too: it takes signals that come close together for one
  for (const signal of signals) process.on(signal, forward);
  child.on('error', (error) => {
    const remedy = checkout ? 'Run "npm ci" in the podshift folder.' : 'Install podshift again, or use Node 24.15 or later.';
    process.stderr.write(`error: could not start ${node}: ${error.message}\n${remedy}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeListener(name, forward);
    if (signal === null) process.exit(code ?? 1);
    // die of the same signal, so that a shell sees what happened
    else process.kill(process.pid, signal);
  });
}
