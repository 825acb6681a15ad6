import { type Api, must } from './api.ts';

/** A resource that the API server serves. */
export interface ServedResource {
  readonly kind: string;
  readonly apiVersion: string;
  /** `PLURAL`, or `PLURAL.GROUP`. */
  readonly name: string;
  readonly namespaced: boolean;
  /** The path of its collection in all namespaces. */
  readonly path: string;
}

interface Discovered {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** Written all the time, and looked at by nothing. */
const IGNORED = new Set(['events', 'events.events.k8s.io', 'leases.coordination.k8s.io']);

/** Every resource that can be listed and watched, custom ones too, in its group's preferred version: by discovery, so that none can be forgotten. */
export async function watchableResources(api: Api): Promise<ServedResource[]> {
  const groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[] = must(
    await api('GET', '/apis'),
    'groups',
  ).groups;
  const versions = ['v1', ...groups.map(({ preferredVersion }) => preferredVersion.groupVersion)];
  const lists = await Promise.all(
    versions.map(async (apiVersion) => {
      const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      const resources: readonly Discovered[] = must(await api('GET', base), base).resources;
      return resources
        .filter(({ name, verbs }) => !name.includes('/') && verbs.includes('list') && verbs.includes('watch'))
        .map(({ name, kind, namespaced }) => {
          const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
          return { kind, apiVersion, name: `${name}${group}`, namespaced, path: `${base}/${name}` };
        });
    }),
  );
  return lists.flat().filter(({ name }) => !IGNORED.has(name));
}
