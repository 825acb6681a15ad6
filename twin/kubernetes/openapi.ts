import { apiVersionOf, type Kind, type KindRegistry } from './kinds.ts';

/** Query parameters that a client asks the document about before it uses them. */
const PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({ name, in: 'query', schema: { type: 'string' } }));

/**
 * The answer to an OpenAPI v3 path, or undefined where nothing is served. The documents hold what kubectl looks for before
 * it applies an object: that kinds can be patched, and with which parameters. Schemas are not there: kubectl has its own of
 * built-in kinds (k8s.io/cli-runtime pkg/resource/query_param_verifier_v3.go).
 */
export function openApi(path: string, kinds: KindRegistry): unknown {
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
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1' }, paths: Object.fromEntries(paths), components: { schemas: {} } };
}
