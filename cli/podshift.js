#!/usr/bin/env node
// Starts cli/main.ts on a Node that runs TypeScript as it is: this one where it can, else the pinned one of the `node`
// package. Plain JavaScript for any Node from 18 up; nothing here may need a newer one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);

// type stripping and node:sqlite are without a warning on stderr, and SQLite is 3.51.3 or later, from 24.15 and 25.9 on: the
// one before could damage a database that two processes write to (sqlite.org, "WAL-reset bug")
const stable = major > 25 || (major === 25 && minor >= 9) || (major === 24 && minor >= 15);
if (stable && process.features.typescript) {
  await import('./main.ts');
} else {
  startPinnedNode();
}

function startPinnedNode() {
  const node = pinnedNode();
  if (node === undefined) {
    process.stderr.write(
      `error: podshift runs on its own Node 24, which is not installed here (this is Node ${process.versions.node})\n` +
        'Run "npm ci" in the podshift folder.\n',
    );
    process.exit(1);
  }
  const child = spawn(node, [join(here, 'main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const forward = (signal) => child.kill(signal);
  // Ctrl-C reaches the child by the terminal too: it takes signals that come close together for one
  for (const signal of signals) process.on(signal, forward);
  child.on('error', (error) => {
    process.stderr.write(`error: could not start ${node}: ${error.message}\nRun "npm ci" in the podshift folder.\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeListener(name, forward);
    if (signal === null) process.exit(code ?? 1);
    // die of the same signal, so that a shell sees what happened
    else process.kill(process.pid, signal);
  });
}

function pinnedNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    return [join(folder, 'bin', 'node.exe'), join(folder, 'bin', 'node')].find((file) => existsSync(file));
  } catch {
    return undefined;
  }
}
