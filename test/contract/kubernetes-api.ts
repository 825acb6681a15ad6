import { beforeAll, describe, expect } from 'vitest';
import type { RunningKubernetes } from './kubernetes-backends.ts';
import type { Answer } from './kubernetes-client.ts';
import type { KubernetesSuite } from './kubernetes-suite.ts';

const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';

/** What the API must do whoever serves it: storage, lists, patches, refusals. */
export function describeApi({ behaviour, running, makeNamespace }: KubernetesSuite): void {
  describe('the API', () => {
    let backend: RunningKubernetes;
    beforeAll(() => {
      backend = running();
    });

    const makeConfigMap = (namespace: string, name: string, more: object = {}): Promise<Answer> =>
      backend.request('POST', `/api/v1/namespaces/${namespace}/configmaps`, { body: { metadata: { name, ...more }, data: { a: '1' } } });
    const pod = (name: string, more: object = {}) => ({
      metadata: { name },
      spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }], ...more },
    });

    behaviour('tells its version and what it serves', async () => {
      expect((await backend.request('GET', '/version')).body).toMatchObject({
        major: expect.any(String),
        minor: expect.any(String),
        gitVersion: expect.stringMatching(/^v1\./),
      });
      expect((await backend.request('GET', '/readyz')).body).toBe('ok');
      expect((await backend.request('GET', '/api')).body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
      const groups = (await backend.request('GET', '/apis')).body.groups.map((group: { name: string }) => group.name);
      expect(groups).toEqual(expect.arrayContaining(['apps', 'batch', 'policy', 'rbac.authorization.k8s.io', 'authorization.k8s.io']));
      expect((await backend.request('GET', '/apis/apps')).body).toMatchObject({
        kind: 'APIGroup',
        name: 'apps',
        preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
      });
      const { resources } = (await backend.request('GET', '/apis/apps/v1')).body;
      expect(resources).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ name: 'deployments', kind: 'Deployment', namespaced: true, shortNames: ['deploy'] }),
        ]),
      );
      const core = (await backend.request('GET', '/api/v1')).body.resources.map((resource: { name: string }) => resource.name);
      expect(core).toEqual(expect.arrayContaining(['pods', 'pods/eviction', 'pods/status', 'serviceaccounts', 'nodes']));
    });

    behaviour('answers 404 as text for a group that it does not serve, and a Status for an object that is not there', async () => {
      const unknown = await backend.request('GET', '/apis/nothing.example.com/v1/things');
      expect([unknown.status, unknown.body]).toEqual([404, '404 page not found\n']);
      const missing = await backend.request('GET', '/apis/apps/v1/namespaces/default/deployments/missing');
      expect(missing.body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'deployments.apps "missing" not found',
        reason: 'NotFound',
        details: { name: 'missing', group: 'apps', kind: 'deployments' },
        code: 404,
      });
    });

    behaviour('refuses a caller whom it does not know', async () => {
      const { status, body } = await backend.request('GET', '/api/v1/pods', { as: 'bad' });
      expect([status, body.reason, body.message]).toEqual([401, 'Unauthorized', 'Unauthorized']);
    });

    behaviour('says what the caller may do, and who it is', async () => {
      const attributes = { verb: 'create', resource: 'pods', namespace: 'default' };
      const access = await backend.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        body: { spec: { resourceAttributes: attributes } },
      });
      expect([access.status, access.body.status.allowed]).toEqual([201, true]);
      const self = await backend.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {} });
      expect([self.status, typeof self.body.status.userInfo.username]).toEqual([201, 'string']);
    });

    behaviour('creates an object once, stamped, and only in a namespace that exists', async () => {
      const namespace = await makeNamespace();
      const created = await makeConfigMap(namespace, 'one');
      expect(created.status).toBe(201);
      expect(created.body).toMatchObject({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'one', namespace, uid: expect.any(String), resourceVersion: expect.stringMatching(/^\d+$/) },
      });
      expect(created.body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(created.body.metadata.managedFields[0]).toMatchObject({ manager: 'contract', operation: 'Update', apiVersion: 'v1' });
      const again = await makeConfigMap(namespace, 'one');
      expect([again.status, again.body.reason, again.body.message]).toEqual([409, 'AlreadyExists', 'configmaps "one" already exists']);
      const nowhere = await makeConfigMap('no-such-namespace', 'one');
      expect([nowhere.status, nowhere.body.reason, nowhere.body.message]).toEqual([
        404,
        'NotFound',
        'namespaces "no-such-namespace" not found',
      ]);
    });

    behaviour('makes names from generateName, and keeps nothing of a dry run', async () => {
      const namespace = await makeNamespace();
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const names = await Promise.all(
        [1, 2].map(
          async () => (await backend.request('POST', path, { body: { metadata: { generateName: 'cfg-' } } })).body.metadata.name as string,
        ),
      );
      expect(names.every((name) => /^cfg-[a-z0-9]{5}$/.test(name))).toBe(true);
      expect(new Set(names).size).toBe(2);
      const dry = await backend.request('POST', `${path}?dryRun=All`, { body: { metadata: { name: 'dry' } } });
      expect([dry.status, dry.body.metadata.name]).toEqual([201, 'dry']);
      expect((await backend.request('GET', `${path}/dry`)).status).toBe(404);
      await makeConfigMap(namespace, 'kept');
      await backend.request('PATCH', `${path}/kept?dryRun=All`, { body: { data: { a: '2' } }, contentType: MERGE });
      await backend.request('DELETE', `${path}/kept?dryRun=All`);
      expect((await backend.request('GET', `${path}/kept`)).body.data).toEqual({ a: '1' });
    });

    behaviour('patches by content type', async () => {
      const namespace = await makeNamespace();
      await backend.request('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
        body: {
          metadata: { name: 'web' },
          spec: {
            replicas: 0,
            selector: { matchLabels: { app: 'web' } },
            template: {
              metadata: { labels: { app: 'web' } },
              spec: {
                containers: [
                  { name: 'a', image: 'a:1' },
                  { name: 'b', image: 'b:1' },
                ],
              },
            },
          },
        },
      });
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web`;
      const patch = (contentType: string, body: unknown): Promise<Answer> => backend.request('PATCH', path, { body, contentType });
      const images = ({ body }: Answer): string[] =>
        body.spec.template.spec.containers.map((container: { name: string; image?: string }) => `${container.name}=${container.image}`);
      const containers = (image: string) => ({ spec: { template: { spec: { containers: [{ name: 'b', image }] } } } });
      expect(images(await patch(STRATEGIC, containers('b:2')))).toEqual(['a=a:1', 'b=b:2']);
      expect(images(await patch(JSON_PATCH, [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'a:2' }]))).toEqual([
        'a=a:2',
        'b=b:2',
      ]);
      expect(images(await patch(MERGE, containers('b:3')))).toEqual(['b=b:3']);
      const test = await patch(JSON_PATCH, [{ op: 'test', path: '/spec/replicas', value: 7 }]);
      expect([test.status, test.body.reason]).toEqual([422, 'Invalid']);
      const wrong = await patch('application/json', {});
      expect([wrong.status, wrong.body.reason]).toEqual([415, 'UnsupportedMediaType']);
    });

    behaviour('refuses a patch of a version that is no longer there, and keeps the version where nothing changed', async () => {
      const namespace = await makeNamespace();
      const first = (await makeConfigMap(namespace, 'one')).body;
      const path = `/api/v1/namespaces/${namespace}/configmaps/one`;
      const guarded = (resourceVersion: string, value: string): Promise<Answer> =>
        backend.request('PATCH', path, { body: { metadata: { resourceVersion }, data: { a: value } }, contentType: MERGE });
      const second = await guarded(first.metadata.resourceVersion, '2');
      expect(second.status).toBe(200);
      expect(Number(second.body.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
      const stale = await guarded(first.metadata.resourceVersion, '3');
      expect([stale.status, stale.body.reason]).toEqual([409, 'Conflict']);
      expect(stale.body.message).toContain('Operation cannot be fulfilled on configmaps "one": the object has been modified');
      const same = await guarded(second.body.metadata.resourceVersion, '2');
      expect(same.body.metadata.resourceVersion).toBe(second.body.metadata.resourceVersion);
      const put = await backend.request('PUT', path, { body: { ...second.body, data: { b: '1' } } });
      expect([put.status, put.body.data]).toEqual([200, { b: '1' }]);
      const stalePut = await backend.request('PUT', path, { body: second.body });
      expect([stalePut.status, stalePut.body.reason]).toEqual([409, 'Conflict']);
    });

    behaviour('removes an annotation by null and leaves all else', async () => {
      const namespace = await makeNamespace();
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
      await backend.request('POST', path, {
        body: {
          metadata: { name: 'app', annotations: { 'eks.amazonaws.com/role-arn': 'x', other: 'y' } },
          imagePullSecrets: [{ name: 's' }],
          automountServiceAccountToken: false,
        },
      });
      const { body } = await backend.request('PATCH', `${path}/app`, {
        body: { metadata: { annotations: { 'eks.amazonaws.com/role-arn': null } } },
        contentType: MERGE,
      });
      expect([body.metadata.annotations, body.imagePullSecrets, body.automountServiceAccountToken]).toEqual([
        { other: 'y' },
        [{ name: 's' }],
        false,
      ]);
    });

    behaviour('takes null for absent wherever it stands, and for an empty text in a map', async () => {
      const namespace = await makeNamespace();
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const spec = {
        containers: [{ name: 'main', image: 'registry.example/app:1', env: null, command: null }],
        initContainers: null,
        volumes: null,
        nodeSelector: null,
      };
      const { status, body } = await backend.request('POST', `${path}?dryRun=All`, {
        body: { metadata: { name: 'nulls', labels: { app: null, tier: 'a' }, annotations: null, ownerReferences: null }, spec },
      });
      expect(status).toBe(201);
      expect(body.metadata.labels).toEqual({ app: '', tier: 'a' });
      for (const member of ['annotations', 'ownerReferences']) expect(body.metadata).not.toHaveProperty(member);
      for (const member of ['initContainers', 'nodeSelector']) expect(body.spec).not.toHaveProperty(member);
      for (const member of ['env', 'command']) expect(body.spec.containers[0]).not.toHaveProperty(member);
      const nameless = await backend.request('POST', path, { body: { metadata: { name: 'nulls' }, spec: { containers: [null] } } });
      expect([nameless.status, nameless.body.details.causes[0].field]).toEqual([422, 'spec.containers[0].name']);
    });

    behaviour('takes what a JSON patch sets to null for absent', async () => {
      const namespace = await makeNamespace();
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      await backend.request('POST', path, { body: { metadata: { name: 'nulls', labels: { a: 'b' } }, data: { key: 'value' } } });
      const { status, body } = await backend.request('PATCH', `${path}/nulls`, {
        body: [
          { op: 'replace', path: '/metadata/labels', value: null },
          { op: 'replace', path: '/data/key', value: null },
        ],
        contentType: 'application/json-patch+json',
      });
      expect(status).toBe(200);
      expect(body.metadata).not.toHaveProperty('labels');
      expect(body.data).toEqual({ key: '' });
    });

    behaviour('counts generations by the spec alone', async () => {
      const namespace = await makeNamespace();
      const path = `/apis/batch/v1/namespaces/${namespace}/cronjobs`;
      const template = { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'a:1' }] } } } };
      const created = await backend.request('POST', path, {
        body: { metadata: { name: 'nightly' }, spec: { schedule: '0 3 1 1 *', jobTemplate: template } },
      });
      const patch = async (body: object): Promise<number> =>
        (await backend.request('PATCH', `${path}/nightly`, { body, contentType: MERGE })).body.metadata.generation;
      expect(created.body.metadata.generation).toBe(1);
      expect(await patch({ metadata: { annotations: { a: 'b' } } })).toBe(1);
      expect(await patch({ spec: { suspend: true } })).toBe(2);
      expect(await patch({ status: { lastScheduleTime: '2026-01-01T00:00:00Z' } })).toBe(2);
      expect((await backend.request('GET', `${path}/nightly`)).body.status).toEqual({});
    });

    behaviour('counts the templates of a DaemonSet in an annotation of its own', async () => {
      const namespace = await makeNamespace();
      const path = `/apis/apps/v1/namespaces/${namespace}/daemonsets`;
      const labels = { app: 'agent' };
      const template = { metadata: { labels }, spec: pod('agent').spec };
      const count = ({ body }: Answer): string => body.metadata.annotations['deprecated.daemonset.template.generation'];
      const patch = (body: object): Promise<Answer> => backend.request('PATCH', `${path}/agent`, { body, contentType: MERGE });
      const restart = (at: string | null): Promise<Answer> =>
        patch({ spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': at } } } } });
      const made = await backend.request('POST', path, {
        body: { metadata: { name: 'agent' }, spec: { selector: { matchLabels: labels }, template } },
      });
      expect(count(made)).toBe('1');
      expect(count(await restart('2026-03-01T12:00:00Z'))).toBe('2');
      expect(count(await patch({ metadata: { annotations: { 'deprecated.daemonset.template.generation': '9', other: 'x' } } }))).toBe('2');
      expect(count(await patch({ spec: { minReadySeconds: 1 } }))).toBe('2');
      expect(count(await restart(null))).toBe('3');
    });

    behaviour('refuses to change what may not change', async () => {
      const namespace = await makeNamespace();
      const template = {
        metadata: { labels: { app: 'x' } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'a:1' }] },
      };
      const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
      await backend.request('POST', jobs, { body: { metadata: { name: 'once' }, spec: { parallelism: 0, template } } });
      const restart = { spec: { template: { metadata: { annotations: { a: 'b' } } } } };
      const job = await backend.request('PATCH', `${jobs}/once`, { body: restart, contentType: MERGE });
      expect([job.status, job.body.reason, job.body.details.kind]).toEqual([422, 'Invalid', 'Job']);
      expect(job.body.message).toContain('field is immutable');
      await backend.request('POST', `/api/v1/namespaces/${namespace}/pods`, { body: pod('one') });
      const moved = await backend.request('PATCH', `/api/v1/namespaces/${namespace}/pods/one`, {
        body: { spec: { serviceAccountName: 'other' } },
        contentType: MERGE,
      });
      expect([moved.status, moved.body.reason]).toEqual([422, 'Invalid']);
    });

    behaviour('deletes under preconditions, and answers 404 for what is gone', async () => {
      const namespace = await makeNamespace();
      const created = (await makeConfigMap(namespace, 'one')).body;
      const path = `/api/v1/namespaces/${namespace}/configmaps/one`;
      const wrong = await backend.request('DELETE', path, { body: { preconditions: { uid: 'other' } } });
      expect([wrong.status, wrong.body.reason]).toEqual([409, 'Conflict']);
      const gone = await backend.request('DELETE', path, { body: { preconditions: { uid: created.metadata.uid } } });
      expect(gone.body).toMatchObject({
        kind: 'Status',
        status: 'Success',
        details: { name: 'one', kind: 'configmaps', uid: created.metadata.uid },
      });
      expect((await backend.request('DELETE', path)).status).toBe(404);
    });

    behaviour('admits pods with the default service account, its mirror and defaults; a missing one is forbidden', async () => {
      const namespace = await makeNamespace();
      const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
      const { spec, status } = (await backend.request('POST', path, { body: pod('one') })).body;
      expect(spec).toMatchObject({
        serviceAccountName: 'default',
        serviceAccount: 'default',
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
      });
      expect(spec.containers[0]).toMatchObject({ terminationMessagePath: '/dev/termination-log', imagePullPolicy: 'IfNotPresent' });
      expect(status.phase).toBe('Pending');
      const missing = await backend.request('POST', path, { body: pod('two', { serviceAccountName: 'nobody' }) });
      expect([missing.status, missing.body.reason]).toEqual([403, 'Forbidden']);
      expect(missing.body.message).toBe(
        `pods "two" is forbidden: error looking up service account ${namespace}/nobody: serviceaccount "nobody" not found`,
      );
    });
  });
}
