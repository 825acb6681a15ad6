import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from './api.ts';
import { createClientWrites } from './client-writes.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { playKubelet } from './kubelet.ts';
import { environment, pod, variables, workload } from './objects.ts';
import { reflect } from './reflector.ts';
import { watchableResources } from './served.ts';
import { WatchRefused } from './watch.ts';

const ROLE = 'arn:aws:iam::111122223333:role/web';
const IRSA = ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'];
const POD_IDENTITY = ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];

let cluster: Cluster;
const heard: string[] = [];
const writes = createClientWrites('audited', ({ operation, object, write }) =>
  heard.push(`${operation} ${object}${write ? '' : ' (no write)'}`),
);

beforeAll(async () => {
  cluster = await startCluster({ audit: writes, say: (line) => process.stderr.write(`${line}\n`) });
  process.stderr.write(`pods are injected by: ${cluster.webhook === 'real' ? 'the real pod identity webhook' : "the twin's rules"}\n`);
});

afterAll(() => cluster?.stop());

describe('a real control plane', () => {
  test('kubectl get pods -A answers', async () => {
    const { code, stderr } = await cluster.kubectl(['get', 'pods', '-A']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'No resources found\n' });
  });

  test('the API server reports the pinned version', async () => {
    const manifest = await readFile(new URL('./go/control-plane/go.mod', import.meta.url), 'utf8');
    const { gitVersion } = must(await cluster.api('GET', '/version'), 'version');
    expect(manifest).toContain(`k8s.io/kubernetes ${gitVersion}\n`);
  });

  test.each([
    ['Deployment', 'deployments', { replicas: 3 }, { readyReplicas: 3, updatedReplicas: 3 }],
    ['StatefulSet', 'statefulsets', { replicas: 2, serviceName: 'none' }, { readyReplicas: 2, updatedReplicas: 2 }],
    ['DaemonSet', 'daemonsets', {}, { numberReady: 2, desiredNumberScheduled: 2 }],
  ])('a %s rolls out on the nodes, and again after a restart', async (kind, plural, spec, status) => {
    const namespace = await makeNamespace();
    const path = `/apis/apps/v1/namespaces/${namespace}/${plural}`;
    must(await cluster.api('POST', path, { body: workload(kind, spec) }), kind);
    expect(await cluster.settle()).toEqual([]);
    const before = await podUids(namespace);
    const restarted = await cluster.kubectl(['-n', namespace, 'rollout', 'restart', `${kind.toLowerCase()}/web`]);
    expect(restarted).toMatchObject({ code: 0 });
    const waited = await cluster.kubectl(['-n', namespace, 'rollout', 'status', `${kind.toLowerCase()}/web`, '--timeout=120s']);
    expect(waited).toMatchObject({ code: 0 });
    expect(must(await cluster.api('GET', `${path}/web`), kind).status).toMatchObject(status);
    await expect
      .poll(() => podUids(namespace), { timeout: 30_000 })
      .toSatisfy((after: string[]) => after.every((uid) => !before.includes(uid)));
  });

  test('a Job completes', async () => {
    const namespace = await makeNamespace();
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'example' }] } };
    const body = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec: { template } };
    must(await cluster.api('POST', `/apis/batch/v1/namespaces/${namespace}/jobs`, { body }), 'job');
    const waited = await cluster.kubectl(['-n', namespace, 'wait', '--for=condition=complete', 'job/once', '--timeout=60s']);
    expect(waited).toMatchObject({ code: 0 });
  });

  test('a PodDisruptionBudget blocks an eviction with 429', async () => {
    const namespace = await makeNamespace();
    must(
      await cluster.api('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, { body: workload('Deployment', { replicas: 1 }) }),
      'deployment',
    );
    const selector = { matchLabels: { app: 'web' } };
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web' }, spec: { minAvailable: 1, selector } };
    must(await cluster.api('POST', `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`, { body: budget }), 'budget');
    expect(await cluster.settle()).toEqual([]);
    await expect
      .poll(
        async () =>
          (await cluster.api('GET', `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/web`)).body.status?.currentHealthy,
        { timeout: 30_000 },
      )
      .toBe(1);
    const [name = ''] = await podNames(namespace);
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
    const answer = await cluster.api('POST', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, { body: eviction });
    expect(answer).toMatchObject({ status: 429, body: { reason: 'TooManyRequests' } });
  });

  test('a pod that is annotated so never becomes ready', async () => {
    const namespace = await makeNamespace();
    const body = { ...pod('slow', 'default'), metadata: { name: 'slow', annotations: { 'podshift.test/readiness': 'never' } } };
    must(await cluster.api('POST', `/api/v1/namespaces/${namespace}/pods`, { body }), 'pod');
    await expect.poll(async () => (await getPod(namespace, 'slow')).status.phase, { timeout: 30_000 }).toBe('Running');
    expect((await getPod(namespace, 'slow')).status.containerStatuses[0].ready).toBe(false);
  });

  test('a pod that podshift makes waits for a test that plays the kubelet', async () => {
    const namespace = await makeNamespace();
    const body = {
      ...pod('podshift-probe', 'default'),
      metadata: { name: 'podshift-probe', labels: { 'app.kubernetes.io/managed-by': 'podshift' } },
    };
    must(await cluster.api('POST', `/api/v1/namespaces/${namespace}/pods`, { body }), 'pod');
    await expect.poll(async () => (await getPod(namespace, 'podshift-probe')).spec.nodeName, { timeout: 30_000 }).toBeDefined();
    expect((await getPod(namespace, 'podshift-probe')).status.phase).toBe('Pending');
    const kubelet = playKubelet(cluster.api, ({ metadata }) => new Map([['app', { exitCode: 0, message: `I am ${metadata.name}` }]]));
    await expect.poll(async () => (await getPod(namespace, 'podshift-probe')).status.phase, { timeout: 30_000 }).toBe('Succeeded');
    await kubelet.stop();
    const [{ state }] = (await getPod(namespace, 'podshift-probe')).status.containerStatuses;
    expect(state.terminated).toMatchObject({ exitCode: 0, message: 'I am podshift-probe' });
  });

  test('service account tokens are of the issuer', async () => {
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['pods.eks.amazonaws.com'], expirationSeconds: 3600 },
    };
    const answer = must(await cluster.api('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', { body }), 'token');
    const claims = JSON.parse(Buffer.from(answer.status.token.split('.')[1], 'base64url').toString('utf8'));
    expect(claims).toMatchObject({ iss: cluster.issuer, aud: ['pods.eks.amazonaws.com'], sub: 'system:serviceaccount:default:default' });
  });
});

describe('the pod identity webhook behind it', () => {
  test('is configured as EKS configures it', async () => {
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/pod-identity-webhook';
    const [webhook] = must(await cluster.api('GET', path), 'configuration').webhooks;
    expect(webhook).toMatchObject({
      name: 'iam-for-pods.amazonaws.com',
      failurePolicy: 'Ignore',
      sideEffects: 'None',
      reinvocationPolicy: 'IfNeeded',
    });
    expect(webhook.clientConfig.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/mutate$/);
  });

  test('a pod of a plain service account is left alone', async () => {
    const namespace = await makeNamespace();
    expect(variables(await dryRun(namespace, 'default'))).toEqual([]);
  });

  test('a pod of an annotated service account is given IRSA, stored or as a dry run', async () => {
    const namespace = await makeNamespace();
    await makeServiceAccount(namespace);
    // The real webhook learns of service accounts by a watch.
    await expect.poll(async () => variables(await dryRun(namespace, 'web')), { timeout: 30_000 }).toEqual(expect.arrayContaining(IRSA));
    const stored = must(await cluster.api('POST', `/api/v1/namespaces/${namespace}/pods`, { body: pod('kept', 'web') }), 'pod');
    expect(environment(stored)).toMatchObject({
      AWS_ROLE_ARN: ROLE,
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
      // EKS runs it with regional endpoints on: no annotation asks for them.
      AWS_STS_REGIONAL_ENDPOINTS: 'regional',
    });
    expect(variables(stored)).not.toEqual(expect.arrayContaining(POD_IDENTITY.slice(0, 1)));
  });

  test('once its file names the service account, container credentials take the place of IRSA, also as a dry run, and go again with it', async () => {
    const namespace = await makeNamespace();
    await makeServiceAccount(namespace);
    await cluster.setAssociations([{ namespace, serviceAccount: 'web' }]);
    await expect
      .poll(async () => variables(await dryRun(namespace, 'web')), { timeout: 30_000 })
      .toEqual(expect.arrayContaining(POD_IDENTITY));
    const dry = await dryRun(namespace, 'web');
    expect(variables(dry)).not.toContain('AWS_ROLE_ARN');
    expect(environment(dry)).toMatchObject({ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' });
    const sources = dry.spec.volumes.find((volume: { name: string }) => volume.name === 'eks-pod-identity-token').projected.sources;
    expect(sources[0].serviceAccountToken).toMatchObject({ audience: 'pods.eks.amazonaws.com', path: 'eks-pod-identity-token' });
    expect(await podNames(namespace)).toEqual([]);
    const stored = must(await cluster.api('POST', `/api/v1/namespaces/${namespace}/pods`, { body: pod('kept', 'web') }), 'pod');
    expect(variables(stored)).toEqual(expect.arrayContaining(POD_IDENTITY));
    await cluster.setAssociations([]);
    await expect.poll(async () => variables(await dryRun(namespace, 'web')), { timeout: 30_000 }).toEqual(expect.arrayContaining(IRSA));
  });

  test('a Deployment can be stalled by Pod Identity alone', async () => {
    const namespace = await makeNamespace();
    await makeServiceAccount(namespace);
    await cluster.setAssociations([{ namespace, serviceAccount: 'web' }]);
    await expect
      .poll(async () => variables(await dryRun(namespace, 'web')), { timeout: 30_000 })
      .toEqual(expect.arrayContaining(POD_IDENTITY));
    const make = async (name: string, serviceAccount: string): Promise<void> => {
      const body = { ...pod(name, serviceAccount), metadata: { name, annotations: { 'podshift.test/readiness': 'not-on-pod-identity' } } };
      must(await cluster.api('POST', `/api/v1/namespaces/${namespace}/pods`, { body }), 'pod');
      await expect.poll(async () => (await getPod(namespace, name)).status.phase, { timeout: 30_000 }).toBe('Running');
    };
    await make('new-way', 'web');
    await make('plain', 'default');
    expect((await getPod(namespace, 'new-way')).status.containerStatuses[0].ready).toBe(false);
    expect((await getPod(namespace, 'plain')).status.containerStatuses[0].ready).toBe(true);
    await cluster.setAssociations([]);
  });
});

describe('who may do what', () => {
  test('an EKS token is user podshift, whom RBAC denies until a role is bound', async () => {
    const api = cluster.apiWithToken(
      `k8s-aws-v1.${Buffer.from('https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity').toString('base64url')}`,
    );
    const denied = await api('GET', '/api/v1/nodes');
    expect(denied).toMatchObject({
      status: 403,
      body: { reason: 'Forbidden', message: expect.stringContaining('User "podshift" cannot list resource "nodes"') },
    });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view-nodes' };
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'view-nodes' },
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }],
    };
    const subjects = [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'podshift' }];
    must(await cluster.api('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', { body: role }), 'role');
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'view-nodes' },
      roleRef,
      subjects,
    };
    must(await cluster.api('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { body: binding }), 'binding');
    await expect.poll(async () => (await api('GET', '/api/v1/nodes')).status, { timeout: 30_000 }).toBe(200);
  });

  test('any other bearer token is refused with 401 unless it is allowed, and again when it is forgotten', async () => {
    const stranger = cluster.apiWithToken('a-token-that-nobody-allowed');
    expect(await stranger('GET', '/api/v1/namespaces')).toMatchObject({ status: 401, body: { reason: 'Unauthorized' } });
    const api = cluster.apiWithToken('a-token-of-a-test');
    cluster.allowToken('a-token-of-a-test', { name: 'tester', groups: ['system:masters'] });
    expect((await api('GET', '/api/v1/namespaces')).status).toBe(200);
    cluster.forgetToken('a-token-of-a-test');
    await expect.poll(async () => (await api('GET', '/api/v1/namespaces')).status, { timeout: 30_000 }).toBe(401);
  });

  test('credentials of any user and groups can be made', async () => {
    const viewer = await cluster.asUser('ann', ['people', 'system:masters']);
    const { stdout } = await cluster.kubectl(['auth', 'whoami', '-o', 'json'], { kubeconfig: viewer.kubeconfig });
    expect(JSON.parse(stdout).status.userInfo).toMatchObject({
      username: 'ann',
      groups: expect.arrayContaining(['people', 'system:masters']),
    });
    const nobody = await cluster.asUser('bob');
    expect(await nobody.api('GET', '/api/v1/namespaces')).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining('User "bob"') },
    });
  });
});

describe('whose a write is', () => {
  test('the API server tells of each write of an audited group, and so whose each change is', async () => {
    const namespace = await makeNamespace();
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const { api } = await cluster.asUser('ann', ['audited', 'system:masters']);
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' } };
    const patch = { body: { data: { key: 'value' } }, contentType: 'application/merge-patch+json' };
    must(await api('POST', `${path}?dryRun=All`, { body }), 'dry run');
    const made = must(await api('POST', path, { body }), 'config map');
    const changed = must(await cluster.api('PATCH', `${path}/one`, patch), 'config map');
    expect(await api('POST', path, { body })).toMatchObject({ status: 409 });
    must(await api('DELETE', `${path}/one`), 'config map');
    must(await api('POST', `/api/v1/namespaces/${namespace}/pods`, { body: pod('web', 'default') }), 'pod');
    await expect.poll(async () => (await getPod(namespace, 'web')).status.phase, { timeout: 30_000 }).toBe('Running');
    const running = await getPod(namespace, 'web');
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web', namespace } };
    must(await api('POST', `/api/v1/namespaces/${namespace}/pods/web/eviction`, { body: eviction }), 'eviction');
    // A report of the end may be later than the answer.
    await writes.underWay('configmaps');
    await writes.underWay('pods');
    expect(writes.behind('configmaps', undefined, made)).toMatchObject({
      operation: 'create configmaps',
      object: `${namespace}/one`,
      principal: 'ann',
    });
    expect(writes.behind('configmaps', made, changed)).toBeUndefined();
    expect(writes.behind('configmaps', changed, undefined)).toMatchObject({ operation: 'delete configmaps' });
    expect(writes.behind('pods', running, undefined)).toMatchObject({ operation: 'create pods/eviction', object: `${namespace}/web` });
    // A create has its name in its body, which is reported with the end.
    expect(heard).toEqual([
      `create configmaps?dryRun ${namespace} (no write)`,
      `create configmaps ${namespace}`,
      `create configmaps ${namespace}`,
      `delete configmaps ${namespace}/one`,
      `create pods ${namespace}`,
      `create pods/eviction ${namespace}/web`,
    ]);
  });
});

describe('following it', () => {
  test('discovery names every resource that can be watched, once', async () => {
    const resources = await watchableResources(cluster.api);
    const names = resources.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['pods', 'namespaces', 'deployments.apps', 'rolebindings.rbac.authorization.k8s.io']));
    for (const { path } of resources) expect(await cluster.api('GET', `${path}?limit=1`)).toMatchObject({ status: 200 });
  });

  test('where the API server has forgotten the version that a watch starts from, the resource is listed again', async () => {
    const namespace = await makeNamespace();
    // Events are the resource that the API server keeps no watch cache of: etcd itself answers.
    const resource = { kind: 'Event', apiVersion: 'v1', name: 'events', namespaced: true, path: '/api/v1/events' };
    const refusals: unknown[] = [];
    const told: string[] = [];
    const watch: Cluster['watch'] = async (path, signal, onEvent) => {
      try {
        await cluster.watch(refusals.length === 0 ? path.replace(/resourceVersion=\d+/, 'resourceVersion=1') : path, signal, onEvent);
      } catch (error) {
        refusals.push(error instanceof WatchRefused ? error.code : error);
        throw error;
      }
    };
    await cluster.compact();
    const reflector = await reflect({ api: cluster.api, watch }, resource, {
      seen: (_, after) => void told.push(`${after?.metadata.namespace}/${after?.metadata.name}`),
      hold: () => Promise.resolve(),
    });
    const involvedObject = { apiVersion: 'v1', kind: 'Namespace', name: namespace, namespace };
    const body = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'news' }, involvedObject };
    must(await cluster.api('POST', `/api/v1/namespaces/${namespace}/events`, { body }), 'event');
    await expect.poll(() => told, { timeout: 30_000 }).toContain(`${namespace}/news`);
    expect(refusals).toEqual([410]);
    await reflector.stop();
  });
});

let namespaces = 0;

async function makeNamespace(): Promise<string> {
  namespaces += 1;
  const name = `test-${namespaces}`;
  must(await cluster.api('POST', '/api/v1/namespaces', { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } }), 'namespace');
  await expect
    .poll(async () => (await cluster.api('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`)).status, { timeout: 30_000 })
    .toBe(200);
  return name;
}

async function makeServiceAccount(namespace: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'web', annotations: { 'eks.amazonaws.com/role-arn': ROLE } } };
  must(await cluster.api('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { body }), 'service account');
}

async function dryRun(namespace: string, serviceAccount: string) {
  return must(
    await cluster.api('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, { body: pod('probe', serviceAccount) }),
    'dry run',
  );
}

async function getPod(namespace: string, name: string) {
  return must(await cluster.api('GET', `/api/v1/namespaces/${namespace}/pods/${name}`), name);
}

async function podNames(namespace: string): Promise<string[]> {
  const { items } = must(await cluster.api('GET', `/api/v1/namespaces/${namespace}/pods`), 'pods');
  return items.map((item: { metadata: { name: string } }) => item.metadata.name);
}

async function podUids(namespace: string): Promise<string[]> {
  const { items } = must(await cluster.api('GET', `/api/v1/namespaces/${namespace}/pods`), 'pods');
  return items.map((item: { metadata: { uid: string } }) => item.metadata.uid);
}
