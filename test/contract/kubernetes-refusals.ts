import { beforeAll, describe, expect } from 'vitest';
import type { RunningKubernetes } from './kubernetes-backends.ts';
import type { Answer } from './kubernetes-client.ts';
import type { KubernetesSuite } from './kubernetes-suite.ts';

const MERGE = 'application/merge-patch+json';

/** What an API server says to requests that make no sense, whoever it is: 400, 404, 405, 409, 422. */
export function describeRefusals({ behaviour, running, makeNamespace }: KubernetesSuite): void {
  describe('the refusals', () => {
    let backend: RunningKubernetes;
    let namespace = '';
    beforeAll(async () => {
      backend = running();
      namespace = await makeNamespace();
    });
    const create = (plural: string, body: unknown, group = 'api/v1'): Promise<Answer> =>
      backend.request('POST', `/${group}/namespaces/${namespace}/${plural}`, { body });
    const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
      metadata: { name, ...metadata },
      spec: { containers: [{ name: 'main', image: 'registry.example/app:1' }], ...spec },
    });
    const workload = (name: string, labels: Record<string, string>) => ({
      metadata: { name },
      spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels }, spec: pod(name).spec } },
    });
    /** Of a Status: what clients go by. */
    const gist = ({ status, body }: Answer) => ({
      status,
      reason: body.reason,
      name: body.details?.name,
      kind: body.details?.kind,
      fields: body.details?.causes?.map((cause: { field?: string; reason?: string }) => `${cause.reason} ${cause.field}`),
    });

    behaviour('refuses a name that is none', async () => {
      const answer = await create('configmaps', { metadata: { name: 'Not_A_Name' } });
      expect(gist(answer)).toEqual({
        status: 422,
        reason: 'Invalid',
        name: 'Not_A_Name',
        kind: 'ConfigMap',
        fields: ['FieldValueInvalid metadata.name'],
      });
      expect(answer.body.message).toMatch(
        /^ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain must consist of/,
      );
    });

    behaviour('refuses a pod without containers', async () => {
      expect(gist(await create('pods', { metadata: { name: 'empty' }, spec: {} }))).toEqual({
        status: 422,
        reason: 'Invalid',
        name: 'empty',
        kind: 'Pod',
        fields: ['FieldValueRequired spec.containers'],
      });
    });

    const volumes = ['a', 'b'].map((name) => ({ name, emptyDir: {} }));
    const twice = (first: string, second: string) => ({
      volumes,
      containers: [
        {
          name: 'main',
          image: 'registry.example/app:1',
          volumeMounts: [
            { name: 'a', mountPath: first },
            { name: 'b', mountPath: second },
          ],
        },
      ],
    });

    behaviour('refuses a pod that mounts two volumes at one path, and takes one whose paths differ by a slash', async () => {
      const answer = await create('pods', pod('twice', twice('/data', '/data')));
      expect(gist(answer)).toEqual({
        status: 422,
        reason: 'Invalid',
        name: 'twice',
        kind: 'Pod',
        fields: ['FieldValueInvalid spec.containers[0].volumeMounts[1].mountPath'],
      });
      expect(answer.body.message).toBe(
        'Pod "twice" is invalid: spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/data": must be unique',
      );
      expect((await create('pods?dryRun=All', pod('twice', twice('/data', '/data')))).status).toBe(422);
      expect((await create('pods?dryRun=All', pod('twice', twice('/data', '/data/')))).status).toBe(201);
    });

    behaviour('names all that is wrong with a pod, init containers too', async () => {
      const [container] = twice('/data', '/data').containers;
      const answer = await create(
        'pods',
        pod('both', { volumes: [...volumes, volumes[0]], containers: [container], initContainers: [container] }),
      );
      expect(gist(answer)).toMatchObject({
        status: 422,
        fields: [
          'FieldValueDuplicate spec.volumes[2].name',
          'FieldValueInvalid spec.containers[0].volumeMounts[1].mountPath',
          'FieldValueInvalid spec.initContainers[0].volumeMounts[1].mountPath',
          'FieldValueDuplicate spec.initContainers[0].name',
        ],
      });
      expect(answer.body.message).toBe(
        'Pod "both" is invalid: [spec.volumes[2].name: Duplicate value: "a", ' +
          'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/data": must be unique, ' +
          'spec.initContainers[0].volumeMounts[1].mountPath: Invalid value: "/data": must be unique, ' +
          'spec.initContainers[0].name: Duplicate value: "main"]',
      );
    });

    behaviour('refuses a workload whose pods would mount two volumes at one path', async () => {
      const body = workload('mounts', { app: 'mounts' });
      const spec = { ...body.spec, template: { ...body.spec.template, spec: twice('/data', '/data') } };
      const path = 'spec.template.spec.containers[0].volumeMounts[1].mountPath';
      expect(gist(await create('deployments', { ...body, spec }, 'apis/apps/v1'))).toMatchObject({
        status: 422,
        fields: [`FieldValueInvalid ${path}`],
      });
      expect((await create('deployments', { ...body, spec: { ...body.spec, replicas: 0 } }, 'apis/apps/v1')).status).toBe(201);
      const answer = await backend.request('PATCH', `/apis/apps/v1/namespaces/${namespace}/deployments/mounts`, {
        body: { spec: { template: { spec: twice('/data', '/data') } } },
        contentType: MERGE,
      });
      expect(gist(answer)).toMatchObject({ status: 422, fields: [`FieldValueInvalid ${path}`] });
    });

    behaviour('refuses a token of a lifetime that no token has', async () => {
      const tokenOf = (expirationSeconds: number) => ({
        volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds } }] } }],
      });
      const field = 'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds';
      for (const [seconds, why] of [
        [599, 'less than 10 minutes'],
        [4_294_967_297, 'larger than 2^32 seconds'],
      ] as const) {
        expect((await create('pods', pod('token', tokenOf(seconds)))).body.message).toBe(
          `Pod "token" is invalid: ${field}: Invalid value: ${seconds}: may not specify a duration ${why}`,
        );
      }
      expect((await create('pods?dryRun=All', pod('token', tokenOf(4_294_967_296)))).status).toBe(201);
    });

    behaviour('refuses a workload whose selector does not choose its pods', async () => {
      expect(gist(await create('deployments', workload('stray', { app: 'other' }), 'apis/apps/v1'))).toEqual({
        status: 422,
        reason: 'Invalid',
        name: 'stray',
        kind: 'Deployment',
        fields: ['FieldValueInvalid spec.template.metadata.labels'],
      });
    });

    behaviour('refuses to change a selector', async () => {
      await create('deployments', { ...workload('fixed', { app: 'fixed', more: 'x' }) }, 'apis/apps/v1');
      const answer = await backend.request('PATCH', `/apis/apps/v1/namespaces/${namespace}/deployments/fixed`, {
        body: { spec: { selector: { matchLabels: { more: 'x' } } } },
        contentType: MERGE,
      });
      expect(gist(answer)).toEqual({
        status: 422,
        reason: 'Invalid',
        name: 'fixed',
        kind: 'Deployment',
        fields: ['FieldValueInvalid spec.selector'],
      });
      expect(answer.body.message).toContain('field is immutable');
    });

    behaviour('refuses other changes of a StatefulSet than those that it takes', async () => {
      await create('statefulsets', { ...workload('db', { app: 'db' }), ...{} }, 'apis/apps/v1');
      const answer = await backend.request('PATCH', `/apis/apps/v1/namespaces/${namespace}/statefulsets/db`, {
        body: { spec: { serviceName: 'other' } },
        contentType: MERGE,
      });
      expect(gist(answer)).toEqual({
        status: 422,
        reason: 'Invalid',
        name: 'db',
        kind: 'StatefulSet',
        fields: ['FieldValueForbidden spec'],
      });
      expect(answer.body.message).toContain('updates to statefulset spec for fields other than');
    });

    behaviour('refuses a ClusterRoleBinding to a service account of no namespace, and one without a role', async () => {
      const path = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
      const answer = await backend.request('POST', path, {
        body: { metadata: { name: 'nowhere' }, roleRef, subjects: [{ kind: 'ServiceAccount', name: 'app' }] },
      });
      expect(gist(answer)).toEqual({
        status: 422,
        reason: 'Invalid',
        name: 'nowhere',
        kind: 'ClusterRoleBinding',
        fields: ['FieldValueRequired subjects[0].namespace'],
      });
      const changed = {
        metadata: { name: `binding-${namespace}` },
        roleRef,
        subjects: [{ kind: 'ServiceAccount', name: 'app', namespace }],
      };
      expect((await backend.request('POST', path, { body: changed })).status).toBe(201);
      const other = await backend.request('PATCH', `${path}/binding-${namespace}`, {
        body: { roleRef: { name: 'edit' } },
        contentType: MERGE,
      });
      expect(gist(other)).toMatchObject({ status: 422, fields: ['FieldValueInvalid roleRef'] });
    });

    behaviour('refuses a body of another name, of another namespace and of another kind', async () => {
      await create('configmaps', { metadata: { name: 'one' } });
      const put = await backend.request('PUT', `/api/v1/namespaces/${namespace}/configmaps/one`, { body: { metadata: { name: 'two' } } });
      expect([put.status, put.body.reason]).toEqual([400, 'BadRequest']);
      const elsewhere = await create('configmaps', { metadata: { name: 'one', namespace: 'default' } });
      expect([elsewhere.status, elsewhere.body.reason, elsewhere.body.message]).toEqual([
        400,
        'BadRequest',
        'the namespace of the provided object does not match the namespace sent on the request',
      ]);
      const kind = await create('configmaps', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'three' } });
      expect([kind.status, kind.body.reason]).toEqual([400, 'BadRequest']);
    });

    behaviour('refuses a create without a name, and a body that is no JSON object', async () => {
      const nameless = await create('configmaps', { metadata: {} });
      expect(gist(nameless)).toMatchObject({ status: 422, reason: 'Invalid', fields: ['FieldValueRequired metadata.name'] });
      const list = await create('configmaps', []);
      expect([list.status, list.body.reason]).toEqual([400, 'BadRequest']);
    });

    behaviour('answers 404 to a patch, an eviction and a scale of what is not there', async () => {
      const base = `/namespaces/${namespace}`;
      const patch = await backend.request('PATCH', `/api/v1${base}/serviceaccounts/missing`, { body: {}, contentType: MERGE });
      expect([patch.status, patch.body.message]).toEqual([404, 'serviceaccounts "missing" not found']);
      const eviction = await backend.request('POST', `/api/v1${base}/pods/missing/eviction`, {
        body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'missing', namespace } },
      });
      expect([eviction.status, eviction.body.message]).toEqual([404, 'pods "missing" not found']);
      const scale = await backend.request('PATCH', `/apis/apps/v1${base}/deployments/missing/scale`, { body: {}, contentType: MERGE });
      expect([scale.status, scale.body.message]).toEqual([404, 'deployments.apps "missing" not found']);
    });

    behaviour('answers 404 to a resource, a version and a subresource that it does not serve', async () => {
      for (const path of ['/api/v1/nothings', '/apis/apps/v9/deployments', `/api/v1/namespaces/${namespace}/configmaps/one/scale`]) {
        const { status } = await backend.request('GET', path);
        expect([path, status]).toEqual([path, 404]);
      }
    });

    behaviour('refuses selectors that cannot be read', async () => {
      const path = `/api/v1/namespaces/${namespace}/pods`;
      for (const query of ['labelSelector=a%20in%20b', 'fieldSelector=nonsense', 'limit=many', 'continue=nonsense']) {
        const { status, body } = await backend.request('GET', `${path}?${query}`);
        expect([query, status, body.reason]).toEqual([query, 400, 'BadRequest']);
      }
    });

    behaviour('refuses a dry run of an unknown kind', async () => {
      const answer = await backend.request('POST', `/api/v1/namespaces/${namespace}/configmaps?dryRun=Some`, {
        body: { metadata: { name: 'x' } },
      });
      expect([answer.status, answer.body.reason]).toEqual([422, 'Invalid']);
    });

    behaviour('refuses JSON patches that point nowhere', async () => {
      await create('configmaps', { metadata: { name: 'flat' }, data: { a: '1' } });
      const patch = (body: unknown): Promise<Answer> =>
        backend.request('PATCH', `/api/v1/namespaces/${namespace}/configmaps/flat`, { body, contentType: 'application/json-patch+json' });
      expect((await patch([{ op: 'remove', path: '/data/missing' }])).status).toBe(422);
      expect((await patch([{ op: 'nonsense', path: '/data' }])).status).toBe(422);
      expect((await patch({ op: 'remove', path: '/data/a' })).status).toBe(400);
    });
  });
}
