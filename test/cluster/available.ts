import { pathToFileURL } from 'node:url';
import { builtAlready, cacheFolder } from './build.ts';
import { type Environment, findTool } from './run.ts';

/**
 * Why this machine can have no control plane, or undefined where it can: it needs Go, or what Go built before, and etcd, or
 * the package manager that has it. It builds and downloads nothing.
 */
export async function whyNoCluster(environment: Environment): Promise<string | undefined> {
  const go = await findTool('go', environment, ['/usr/local/go/bin', '/usr/lib/go/bin']);
  if (go === undefined && !(await builtAlready(cacheFolder(environment)))) {
    return 'there is no Go to build the control plane with (https://go.dev/dl)';
  }
  const etcd = (await findTool('etcd', environment)) ?? (await findTool('apt-get', environment));
  return etcd === undefined ? 'there is neither etcd on the PATH nor apt-get to take it from' : undefined;
}

// As a program it prints the reason, or nothing.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write((await whyNoCluster(process.env)) ?? '');
}
