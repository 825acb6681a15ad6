import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createTestCluster, node } from '../../fixtures/twin-kubernetes-cluster.ts';

const web = (more: object = {}, template: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'app', image: 'web:1', env: [{ name: 'A', value: '1' }] }], ...template },
    },
    ...more,
  },
});
const PATH = '/apis/apps/v1/namespaces/shop/deployments/web';
const open = () => {
  const cluster = createTestCluster([node('n1'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }]);
  const apply = (manager: string, object: unknown, more = '') =>
    cluster.request('PATCH', `${PATH}?fieldManager=${manager}${more}`, typeof object === 'string' ? object : stringify(object), {
      contentType: 'application/apply-patch+yaml',
    });
  return { cluster, apply, get: () => cluster.request('GET', PATH).body };
};
const config = (spec: object, metadata: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  spec,
});
const containers = (...list: object[]) => config({ template: { spec: { containers: list } } });
const managersOf = (object: { metadata: { managedFields: { manager: string; operation: string }[] } }) =>
  object.metadata.managedFields.filter(({ operation }) => operation === 'Apply').map(({ manager }) => manager);

describe('server-side apply', () => {
  it('makes what is not there, from YAML and from JSON, and says who has which field', () => {
    const { apply } = open();
    const made = apply('me', web());
    expect(made.status).toBe(201);
    expect(made.body.metadata.managedFields).toMatchObject([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        fieldsV1: {
          'f:spec': {
            'f:replicas': {},
            'f:selector': {},
            'f:template': {
              'f:spec': { 'f:containers': { 'k:{"name":"app"}': { '.': {}, 'f:image': {}, 'f:env': { 'k:{"name":"A"}': { '.': {} } } } } },
            },
          },
        },
      },
    ]);
    const again = apply('me', JSON.stringify(web()));
    expect([again.status, again.body.metadata.resourceVersion]).toEqual([200, made.body.metadata.resourceVersion]);
  });

  it('takes away what its manager no longer applies, unless somebody else has it', () => {
    const { apply, get } = open();
    apply('me', web({ minReadySeconds: 5, revisionHistoryLimit: 3 }, { nodeSelector: { a: 'b' } }));
    apply('you', config({ revisionHistoryLimit: 3 }, { annotations: { x: 'y' } }));
    apply('me', web());
    const { spec, metadata } = get();
    expect([spec.minReadySeconds, spec.revisionHistoryLimit, spec.template.spec.nodeSelector]).toEqual([undefined, 3, undefined]);
    expect(metadata.annotations.x).toBe('y');
    expect(managersOf(get()).sort()).toEqual(['me', 'you']);
  });

  it('merges lists by their keys: an item of somebody else stays, its own goes', () => {
    const { apply, get } = open();
    apply('me', web());
    apply('sidecar', containers({ name: 'proxy', image: 'proxy:1' }));
    const names = () => get().spec.template.spec.containers.map(({ name }: { name: string }) => name);
    expect(names()).toEqual(['app', 'proxy']);
    apply('me', web({}, { containers: [{ name: 'app', image: 'web:2' }] }));
    expect(get().spec.template.spec.containers[0]).toMatchObject({ name: 'app', image: 'web:2' });
    expect(get().spec.template.spec.containers[0].env).toBeUndefined();
    apply('sidecar', config({}));
    expect(names()).toEqual(['app']);
  });

  it('refuses to change what another has with another value, and names it; forced, it takes it', () => {
    const { apply, get } = open();
    apply('me', web());
    const refused = apply('you', config({ replicas: 3 }));
    expect([refused.status, refused.body.reason, refused.body.message]).toEqual([
      409,
      'Conflict',
      'Apply failed with 1 conflict: conflict with "me": .spec.replicas',
    ]);
    expect(refused.body.details.causes).toEqual([
      { reason: 'FieldManagerConflict', message: 'conflict with "me"', field: '.spec.replicas' },
    ]);
    expect(apply('you', config({ replicas: 1 })).status).toBe(200);
    expect(apply('you', config({ replicas: 3 })).status).toBe(409);
    expect(apply('you', config({ replicas: 3 }), '&force=true').body.spec.replicas).toBe(3);
    expect(apply('me', web()).status).toBe(409);
    expect(get().spec.replicas).toBe(3);
  });

  it('names every field of several, item by item', () => {
    const { apply } = open();
    apply('me', web());
    const { body } = apply('you', {
      ...containers({ name: 'app', image: 'web:9', env: [{ name: 'A', value: '2' }] }),
    });
    expect(body.message).toBe(
      'Apply failed with 2 conflicts: conflict with "me":\n- .spec.template.spec.containers[name="app"].image\n- .spec.template.spec.containers[name="app"].env[name="A"].value',
    );
  });

  it('is in the way of an update, which takes the fields that it changes', () => {
    const { apply, cluster, get } = open();
    apply('me', web());
    cluster.request('PATCH', `${PATH}?fieldManager=kubectl-edit`, { spec: { replicas: 4 } });
    expect(get().spec.replicas).toBe(4);
    const { body } = apply('me', web());
    expect(body.message).toBe('Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas');
    const { replicas: _left, ...rest } = web().spec;
    expect(apply('me', config(rest)).body.spec.replicas).toBe(4);
  });

  it('writes nothing on a dry run', () => {
    const { apply, cluster } = open();
    expect(apply('me', web(), '&dryRun=All').body.spec.replicas).toBe(1);
    expect(cluster.request('GET', PATH).status).toBe(404);
  });

  it.each<[string, string, unknown, number, string]>([
    ['without a manager', '', web(), 422, 'fieldManager: Required value: is required for apply patch'],
    ['of no YAML', 'me', 'a: [', 400, 'error decoding YAML'],
    ['of no object', 'me', '- a', 400, 'cannot unmarshal'],
    ['of another object', 'me', { ...web(), metadata: { name: 'other' } }, 400, 'does not match the name on the URL'],
    ['that says who manages it', 'me', { ...web(), metadata: { name: 'web', managedFields: [] } }, 400, 'managedFields must be nil'],
  ])('is refused %s', (_what, manager, object, status, message) => {
    const answer = open().apply(manager, object);
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringContaining(message)]);
  });

  it('treats the lists of a custom resource as one value', () => {
    const thing = (list: unknown[]) => ({
      apiVersion: 'example.org/v1',
      kind: 'Thing',
      metadata: { name: 't', namespace: 'shop' },
      spec: { containers: list },
    });
    const cluster = createTestCluster([thing([{ name: 'a' }, { name: 'b' }])]);
    const path = '/apis/example.org/v1/namespaces/shop/things/t?fieldManager=me';
    const { body } = cluster.request('PATCH', path, stringify(thing([{ name: 'c' }])), { contentType: 'application/apply-patch+yaml' });
    expect(body.spec.containers).toEqual([{ name: 'c' }]);
  });
});
