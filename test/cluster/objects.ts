/** A pod of one container. */
export function pod(
  name: string,
  serviceAccountName: string,
): { readonly metadata: { readonly name: string }; readonly [field: string]: unknown } {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { serviceAccountName, containers: [{ name: 'app', image: 'example' }] },
  };
}

/** A workload of the group apps named web, whose pods have one container. */
export function workload(kind: string, spec: object): unknown {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'example' }] } };
  return { apiVersion: 'apps/v1', kind, metadata: { name: 'web' }, spec: { selector: { matchLabels: { app: 'web' } }, template, ...spec } };
}

/** The variables of a pod's first container. */
export function environment(object: { spec: { containers: { env?: { name: string; value: string }[] }[] } }): Record<string, string> {
  return Object.fromEntries((object.spec.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
}

/** Their names. */
export function variables(object: Parameters<typeof environment>[0]): string[] {
  return Object.keys(environment(object));
}
