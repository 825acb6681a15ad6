import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { takeInventory } from '../src/inventory/inventory.ts';
import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import { createKubernetesGateway } from '../src/kubernetes/kubernetes-gateway.ts';
import { migrationOptions } from '../src/model/options.ts';
import { fakeGateways } from '../test/unit/fixtures/fake-gateways.ts';
import { twinCertificate } from '../twin/certificate.ts';
import { type ClusterSize, generateCluster } from './inventory.bench.ts';
import { atRealSize, POD_BYTES } from './real-size.ts';

/** What reading a cluster's objects over HTTPS took the process that reads. */
export interface ReadingMeasure extends ClusterSize {
  /** Of user and system time. */
  readonly cpuSeconds: number;
  /** The process's resident memory at its highest. */
  readonly megabytes: number;
  readonly podBytes: number;
  /** Live pods that the inventory has counted by their workloads. */
  readonly units: number;
}

interface Serving {
  readonly url: string;
  readonly certificate: string;
}

/** Takes the inventory over HTTPS of a cluster that another process serves; AWS is in memory. */
export async function measureReading(size: ClusterSize): Promise<ReadingMeasure> {
  const child = fork(import.meta.filename, [JSON.stringify(size)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  try {
    const [{ url, certificate }] = (await once(child, 'message')) as [Serving];
    const world = generateCluster({ ...size, pods: 0 });
    const { aws } = fakeGateways({ ...world, objects: [] });
    const kubernetes = createKubernetesGateway({
      cluster: { ...world.cluster, endpoint: url, certificateAuthority: certificate },
      clusterName: world.cluster.name,
      region: 'eu-central-1',
      credentials: () => Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' }),
      clock: { now: () => Date.now() },
      onRequest: () => undefined,
    });
    const from = process.cpuUsage();
    const inventory = await takeInventory(aws, kubernetes, migrationOptions.parse({}), { now: () => 0 });
    const { user, system } = process.cpuUsage(from);
    return {
      ...size,
      cpuSeconds: (user + system) / 1e6,
      megabytes: process.resourceUsage().maxRSS / 1024,
      podBytes: POD_BYTES,
      units: inventory.serviceAccounts.length,
    };
  } finally {
    end(child);
  }
}

function end(child: ChildProcess): void {
  child.kill('SIGKILL');
}

/** Answers lists of the cluster page by page, each pod made as it is asked for: kept ones would be hundreds of megabytes. */
async function serve(size: ClusterSize): Promise<void> {
  const { objects } = generateCluster({ ...size, pods: size.serviceAccounts });
  const byKind = Map.groupBy(objects, ({ kind }) => `${kind.toLowerCase()}s`);
  const pods = (byKind.get('pods') ?? []).map(atRealSize);
  const podAt = (index: number): KubernetesObject => {
    const pod = pods[index % pods.length] as KubernetesObject;
    return { ...pod, metadata: { ...pod.metadata, name: `${pod.metadata.name}-${index}`, uid: `p-${index}` } };
  };
  const { key, certificate } = await twinCertificate();
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://localhost');
    const plural = url.pathname.split('/').at(-1) ?? '';
    if (url.pathname === '/apis') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"kind":"APIGroupList","groups":[]}');
      return;
    }
    const known = byKind.get(plural);
    if (request.method !== 'GET' || known === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"kind":"Status","status":"Failure","code":404}');
      return;
    }
    const limit = Number(url.searchParams.get('limit') ?? 500);
    const at = Number(url.searchParams.get('continue') ?? 0);
    const count = plural === 'pods' ? size.pods : known.length;
    const length = Math.min(limit, count - at);
    const items = Array.from({ length }, (_, index) => (plural === 'pods' ? podAt(at + index) : known[at + index]));
    const next = at + length < count ? { continue: String(at + length) } : {};
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'List', metadata: next, items }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.send?.({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificate } satisfies Serving);
}

if (process.argv[1] === import.meta.filename && process.send !== undefined) await serve(JSON.parse(process.argv[2] ?? 'null'));
