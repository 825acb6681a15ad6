import { join } from 'node:path';
import { Command } from 'commander';
import { loadSnapshot, type Snapshot } from '../../twin/snapshot.ts';
import { cacheFolder } from './build.ts';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
import { ClusterProblem } from './problem.ts';

interface Arguments {
  readonly with?: string;
  readonly directory: string;
  readonly webhook: NonNullable<ClusterOptions['webhook']>;
  readonly port?: string;
  readonly clean?: true;
}

const command = new Command('cluster')
  .description(
    'start a real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok and the pod identity webhook',
  )
  .option('--with <snapshot-folder>', 'load the Kubernetes objects of a snapshot')
  .option('--directory <folder>', 'where its files go', join(cacheFolder(process.env), 'run'))
  .option('--webhook <which>', 'real, twin, best (the real one where this machine has it) or none', 'best')
  .option('--port <number>', 'the port of the API server (default: any free one)')
  .option('--clean', 'end what an earlier start left running in the folder')
  .parse();

/** Runs the cluster until a signal or the end of one of its parts. Answers the exit code. */
async function main(args: Arguments): Promise<number> {
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.abort());
  }
  let cluster: Cluster | undefined;
  try {
    const snapshot = args.with === undefined ? undefined : await loadSnapshot(args.with);
    cluster = await startCluster({
      folder: args.directory,
      webhook: args.webhook,
      ...(args.port === undefined ? {} : { ports: { apiServer: Number(args.port) } }),
      ...(args.clean === undefined ? {} : { clean: args.clean }),
      ...(snapshot === undefined ? {} : likeSnapshot(snapshot)),
      signal: interrupted.signal,
      say,
    });
    if (snapshot !== undefined) {
      await fill(cluster, snapshot, say);
    }
    interrupted.signal.throwIfAborted();
    const { kubeconfig, kubectlPath, endpoint, webhook, associationsPath, logs } = cluster;
    process.stdout.write(
      `${JSON.stringify({ kubeconfig, kubectl: kubectlPath, endpoint, webhook, associations: associationsPath, logs })}\n`,
    );
    say('the cluster is ready; Ctrl-C stops it');
    const problem = await cluster.stopped;
    if (problem !== undefined) {
      throw problem;
    }
    say('stopped');
    return 0;
  } catch (error) {
    await cluster?.stop();
    const cause = (await cluster?.stopped) ?? error;
    if (interrupted.signal.aborted) {
      say('stopped');
      return 0;
    }
    // A problem is told in its own words; a fault of ours keeps its stack.
    say(cause instanceof ClusterProblem || !(cause instanceof Error) ? String(cause) : (cause.stack ?? cause.message));
    return 1;
  }
}

function likeSnapshot({ cluster, region }: Snapshot): Pick<ClusterOptions, 'clusterName' | 'region' | 'issuer' | 'nodes'> {
  const issuer = cluster.identity?.oidc?.issuer;
  return { clusterName: cluster.name, region, nodes: 0, ...(issuer === undefined ? {} : { issuer }) };
}

async function fill(cluster: Cluster, snapshot: Snapshot, say: (line: string) => void): Promise<void> {
  await cluster.setAssociations(snapshot.associations.map(({ namespace, serviceAccount }) => ({ namespace, serviceAccount })));
  const { loaded, skipped } = await cluster.load(snapshot.objects);
  say(`loaded ${loaded} objects of ${snapshot.source}`);
  for (const line of skipped) {
    say(`left out ${line}`);
  }
  for (const line of await cluster.settle()) {
    say(`not ready: ${line}`);
  }
}

process.exitCode = await main(command.opts<Arguments>());
