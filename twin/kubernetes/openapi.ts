import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { apiVersionOf, type Kind, type KindRegistry } from './kinds.ts';
import { type NamedSchemas, schemasOf } from './schemas.ts';

/** Query parameters that a client asks the document about before it uses them. */
const PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({ name, in: 'query', schema: { type: 'string' } }));

/**
 * The answer to an OpenAPI v3 path, or undefined where nothing is served. The documents hold what kubectl looks for before
 * it applies an object, that kinds can be patched and with which parameters (k8s.io/cli-runtime
 * pkg/resource/query_param_verifier_v3.go), and the schemas that `kubectl explain` shows: of built-in kinds those of the Kubernetes
 * client, of custom ones those of their definitions.
 */
export function openApi(path: string, kinds: KindRegistry, definitionOf: (kind: Kind) => KubernetesObject | undefined): unknown {
  const groups = new Map<string, Kind[]>();
  for (const kind of kinds.all()) {
    for (const version of kind.versions) {
      const name = `${kind.group === '' ? 'api' : 'apis'}/${apiVersionOf(kind.group, version)}`;
      groups.set(name, [...(groups.get(name) ?? []), kind]);
    }
  }
  if (path === '/openapi/v3') {
    return { paths: Object.fromEntries([...groups.keys()].map((name) => [name, { serverRelativeURL: `/openapi/v3/${name}` }])) };
  }
  const name = path.replace(/^\/openapi\/v3\//, '');
  const served = groups.get(name);
  if (served === undefined || name === path) {
    return undefined;
  }
  const version = name.split('/').at(-1) ?? '';
  const paths = served.map((kind) => {
    const where = `/${name}/${kind.namespaced ? 'namespaces/{namespace}/' : ''}${kind.plural}/{name}`;
    const gvk = { group: kind.group, version, kind: kind.kind };
    return [where, { patch: { parameters: PARAMETERS, responses: {}, 'x-kubernetes-group-version-kind': gvk } }] as const;
  });
  const schemas = new Map<string, unknown>();
  for (const kind of served) {
    const found = kind.custom ? customSchema(definitionOf(kind), kind, version) : schemasOf(version, kind.kind);
    if (found === undefined) continue;
    for (const [key, schema] of found.schemas) if (!schemas.has(key)) schemas.set(key, schema);
    const gvk = { group: kind.group, version, kind: kind.kind };
    schemas.set(found.name, { ...found.schemas.get(found.name), 'x-kubernetes-group-version-kind': [gvk] });
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1' },
    paths: Object.fromEntries(paths),
    components: { schemas: Object.fromEntries(schemas) },
  };
}

/** The schema that a definition has for a version of its kind; an object of which nothing is said where there is none. */
function customSchema(definition: KubernetesObject | undefined, { group, kind }: Kind, version: string): NamedSchemas {
  const versions: readonly { readonly name: string; readonly schema?: { readonly openAPIV3Schema?: Readonly<Record<string, unknown>> } }[] =
    definition?.spec?.versions ?? [];
  const schema = versions.find((one) => one.name === version)?.schema?.openAPIV3Schema ?? { type: 'object' };
  const name = `${group.split('.').reverse().join('.')}.${version}.${kind}`;
  return { name, schemas: new Map([[name, schema]]) };
}
