import { describe, expect, it } from 'vitest';
import { createTestCluster, node } from '../../fixtures/twin-kubernetes-cluster.ts';

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.example.org' },
  spec: {
    group: 'example.org',
    names: { kind: 'Thing', plural: 'things' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', description: 'What it is.' } } } },
      },
    ],
  },
};
const stray = { apiVersion: 'stray.example.org/v1', kind: 'Stray', metadata: { name: 's', namespace: 'shop' } };
const cluster = createTestCluster([node('n1'), definition, stray]);
const schemasAt = (path: string) => cluster.request('GET', `/openapi/v3/${path}`).body.components.schemas;

describe('the schemas that the twin serves', () => {
  it('are those of the API, with its words, what each needs, and how lists merge', () => {
    const schemas = schemasAt('apis/apps/v1');
    expect(schemas['io.k8s.api.v1.Deployment']).toMatchObject({
      'x-kubernetes-group-version-kind': [{ group: 'apps', version: 'v1', kind: 'Deployment' }],
      description: 'Deployment enables declarative updates for Pods and ReplicaSets.',
      properties: { spec: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.v1.DeploymentSpec' }] } },
    });
    const spec = schemas['io.k8s.api.v1.DeploymentSpec'];
    expect(spec.required).toEqual(['selector', 'template']);
    expect(spec.properties).toMatchObject({ replicas: { type: 'integer' }, strategy: { 'x-kubernetes-patch-strategy': 'retainKeys' } });
    expect(schemas['io.k8s.api.v1.PodSpec'].properties).toMatchObject({
      containers: { type: 'array', 'x-kubernetes-patch-merge-key': 'name', 'x-kubernetes-patch-strategy': 'merge' },
      volumes: { 'x-kubernetes-patch-merge-key': 'name', 'x-kubernetes-patch-strategy': 'merge,retainKeys' },
      nodeSelector: { type: 'object', additionalProperties: { type: 'string' } },
    });
    expect(schemas['io.k8s.api.v1.ObjectMeta'].properties).toMatchObject({
      labels: { additionalProperties: { type: 'string' } },
      creationTimestamp: { type: 'string', format: 'date-time' },
    });
  });

  it('refer to nothing that is not there, in any group', () => {
    const { paths } = cluster.request('GET', '/openapi/v3').body;
    for (const path of Object.keys(paths)) {
      const schemas = schemasAt(path);
      const referred = [...JSON.stringify(schemas).matchAll(/#\/components\/schemas\/([^"]+)"/g)].map(([, name = '']) => name);
      expect(referred.filter((name) => !(name in schemas))).toEqual([]);
    }
  });

  it('are there for each built-in kind', () => {
    const { paths } = cluster.request('GET', '/openapi/v3').body;
    const missing = Object.keys(paths).flatMap((path) => {
      const { resources } = cluster.request('GET', `/${path}`).body as { resources: { name: string; kind: string }[] };
      const schemas = Object.values(schemasAt(path)) as { 'x-kubernetes-group-version-kind'?: { kind: string }[] }[];
      const known = new Set(schemas.flatMap((schema) => (schema['x-kubernetes-group-version-kind'] ?? []).map(({ kind }) => kind)));
      return resources.filter(({ name, kind }) => !(name.includes('/') || known.has(kind))).map(({ kind }) => kind);
    });
    expect(missing).toEqual([]);
  });

  it('of a custom kind are those of its definition, or an object where there is none', () => {
    expect(schemasAt('apis/example.org/v1')['org.example.v1.Thing']).toMatchObject({
      properties: { spec: { description: 'What it is.' } },
    });
    expect(schemasAt('apis/stray.example.org/v1')['org.example.stray.v1.Stray']).toMatchObject({ type: 'object' });
  });
});
