import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { must } from './api.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { pod } from './objects.ts';

/** A webhook in a few lines that takes the flags of the real one: it labels each pod with what its associations file holds. */
const WEBHOOK = `
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
writeFileSync(dirname(process.argv[1]) + '/webhook.args', JSON.stringify(process.argv.slice(2)));
const { values } = parseArgs({ strict: false });
createServer({ key: readFileSync(values['tls-key']), cert: readFileSync(values['tls-cert']) }, (request, response) => {
  let text = '';
  request.on('data', (chunk) => { text += chunk; }).on('end', () => {
    const review = JSON.parse(text);
    const { identities } = JSON.parse(readFileSync(values['watch-container-credentials-config'], 'utf8'));
    const patch = [{ op: 'add', path: '/metadata/labels', value: { identities: String(identities.length), path: request.url.slice(1).split('?')[0] } }];
    const answer = { uid: review.request.uid, allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
    response.end(JSON.stringify({ apiVersion: review.apiVersion, kind: 'AdmissionReview', response: answer }));
  });
}).listen(Number(values.port), '127.0.0.1');
`;

/** An agent in a few lines: it answers with its command line and its region. */
const AGENT = `
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
const { values, positionals } = parseArgs({ strict: false, allowPositionals: true });
const answer = { command: positionals, ...values, region: process.env.AWS_REGION };
createServer((request, response) => response.end(JSON.stringify(answer))).listen(Number(values.port), values['bind-hosts']);
`;

let folder: string;
let cluster: Cluster;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podshift-test-'));
  const environment = {
    ...process.env,
    PODSHIFT_POD_IDENTITY_WEBHOOK: await program('webhook.mjs', WEBHOOK),
    PODSHIFT_POD_IDENTITY_AGENT: await program('agent.mjs', AGENT),
  };
  cluster = await startCluster({ webhook: 'real', environment, region: 'eu-west-1', clusterName: 'shop' });
});

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true });
});

test('a webhook program of your own runs with the flags of the real one, and the API server calls it', async () => {
  expect(cluster.webhook).toBe('real');
  await cluster.setAssociations([{ namespace: 'default', serviceAccount: 'default' }]);
  const created = must(await cluster.api('POST', '/api/v1/namespaces/default/pods?dryRun=All', { body: pod('probe', 'default') }), 'pod');
  expect(created.metadata.labels).toEqual({ identities: '1', path: 'mutate' });
  const args: string[] = JSON.parse(await readFile(join(folder, 'webhook.args'), 'utf8'));
  expect(args.map((argument) => argument.split('=')[0])).toEqual([
    '--in-cluster',
    '--kubeconfig',
    '--port',
    '--metrics-port',
    '--tls-cert',
    '--tls-key',
    '--watch-container-credentials-config',
    '--aws-default-region',
    '--sts-regional-endpoint',
    '-v',
  ]);
  expect(args).toEqual(
    expect.arrayContaining([
      '--in-cluster=false',
      '--aws-default-region=eu-west-1',
      `--watch-container-credentials-config=${cluster.associationsPath}`,
    ]),
  );
});

test('a pod that is labelled to be skipped does not reach it', async () => {
  const body = {
    ...pod('skipped', 'default'),
    metadata: { name: 'skipped', labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'yes' } },
  };
  const created = must(await cluster.api('POST', '/api/v1/namespaces/default/pods?dryRun=All', { body }), 'pod');
  expect(created.metadata.labels).toEqual({ 'eks.amazonaws.com/skip-pod-identity-webhook': 'yes' });
});

test('an agent program of your own runs on loopback with the flags of the real one', async () => {
  const address = await cluster.startAgent('http://127.0.0.1:1');
  expect(await (await fetch(address)).json()).toMatchObject({
    command: ['server'],
    'cluster-name': 'shop',
    endpoint: 'http://127.0.0.1:1',
    'bind-hosts': '127.0.0.1',
    'metrics-address': '127.0.0.1',
    region: 'eu-west-1',
  });
  expect(cluster.parts().map(({ name }) => name)).toContain('pod-identity-agent');
});

test('without a real webhook, one that is asked for is a problem with its remedy', async () => {
  const environment = { ...process.env, PODSHIFT_POD_IDENTITY_WEBHOOK: join(folder, 'missing') };
  await expect(startCluster({ webhook: 'real', environment })).rejects.toThrow(
    /^PODSHIFT_POD_IDENTITY_WEBHOOK names .*missing, which is no program\nremedy: /,
  );
});

async function program(name: string, source: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!${process.execPath}\n${source}`);
  await chmod(path, 0o755);
  return path;
}
