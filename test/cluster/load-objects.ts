import pLimit from 'p-limit';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { type Api, type ApiAnswer, must } from './api.ts';
import { missingDefinitions } from './custom-definitions.ts';
import { withoutServerFields } from './server-fields.ts';

/** What came of loading a snapshot's objects. */
export interface LoadOutcome {
  /** Objects made, or changed to what the snapshot says where they were there already. */
  readonly loaded: number;
  /** `Kind/namespace/name: why` of those that were left out. */
  readonly skipped: readonly string[];
}

/** Kinds whose objects the cluster makes itself. */
const MADE_BY_CLUSTER = new Set([
  'ControllerRevision',
  'Endpoints',
  'EndpointSlice',
  'Event',
  'Lease',
  'CertificateSigningRequest',
  'APIService',
  'ComponentStatus',
]);
/** Kinds that call services, which nothing answers here: with failurePolicy Fail they would refuse everything. */
const CALLS_SERVICES = new Set(['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']);
/** What must be there before the next group: definitions, places, what pods need to be admitted, what makes pods. */
const GROUPS: readonly ((object: KubernetesObject) => boolean)[] = [
  ({ kind }) => ['CustomResourceDefinition', 'Namespace', 'Node', 'PriorityClass', 'StorageClass', 'RuntimeClass'].includes(kind),
  ({ kind }) =>
    ['ServiceAccount', 'ConfigMap', 'Secret', 'LimitRange', 'ResourceQuota', 'PersistentVolume', 'PersistentVolumeClaim'].includes(kind),
  ({ kind }) => !['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'CronJob', 'Pod'].includes(kind),
  () => true,
];

/**
 * Loads objects as `kubectl get -o yaml` gives them, custom ones with stand-ins for definitions that are missing. What a controller of the cluster makes anew (pods, ReplicaSets),
 * what cannot work here and what the API server refuses is left out and named. Throws only where the API server does not answer.
 */
export async function loadObjects(api: Api, objects: readonly KubernetesObject[]): Promise<LoadOutcome> {
  const skipped: string[] = [];
  const uids = new Map<string, string>();
  const plurals = createPlurals(api);
  const limit = pLimit(10);
  let loaded = 0;
  let rest = objects.filter((object) => {
    const why = reasonToSkip(object, objects);
    if (why !== undefined) {
      skipped.push(`${title(object)}: ${why}`);
    }
    return why === undefined;
  });
  const load = async (object: KubernetesObject): Promise<void> => {
    const path = await plurals(object);
    if (path === undefined) {
      skipped.push(`${title(object)}: the cluster does not serve ${object.apiVersion} ${object.kind}`);
      return;
    }
    const answer = await createOrChange(api, path, withoutServerFields(object, uids), managerOf(object));
    if (answer.status >= 300) {
      skipped.push(`${title(object)}: ${answer.status} ${answer.body.message}`);
      return;
    }
    loaded += 1;
    if (object.metadata.uid !== undefined) {
      uids.set(object.metadata.uid, answer.body.metadata.uid);
    }
  };
  const groups: readonly { readonly name: string }[] = must(await api('GET', '/apis'), 'groups').groups;
  const definitions = missingDefinitions(objects, new Set(groups.map(({ name }) => name)));
  for (const definition of definitions) {
    must(await api('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: definition }), title(definition));
  }
  await definitionsEstablished(api, definitions);
  for (const belongs of GROUPS) {
    const group = rest.filter(belongs);
    rest = rest.filter((object) => !group.includes(object));
    // Owners come first, so that their new uids are known.
    for (const owned of [false, true]) {
      await Promise.all(
        group.filter((object) => (object.metadata.ownerReferences !== undefined) === owned).map((object) => limit(() => load(object))),
      );
    }
    await definitionsEstablished(api, group);
  }
  return { loaded, skipped };
}

function reasonToSkip(object: KubernetesObject, all: readonly KubernetesObject[]): string | undefined {
  if (MADE_BY_CLUSTER.has(object.kind)) {
    return 'the cluster makes its own';
  }
  if (CALLS_SERVICES.has(object.kind)) {
    return 'nothing answers for its service here';
  }
  if (object.kind === 'Secret' && object.type === 'kubernetes.io/service-account-token') {
    return 'it holds a token of another cluster';
  }
  const controller = object.metadata.ownerReferences?.find((owner) => owner.controller === true);
  const made = ['Pod', 'ReplicaSet', 'Job'].includes(object.kind) && controller !== undefined;
  return made && all.some(({ metadata }) => metadata.uid === controller.uid)
    ? `${controller.kind}/${controller.name} makes it anew`
    : undefined;
}

async function createOrChange(api: Api, collection: string, object: KubernetesObject, manager: string): Promise<ApiAnswer> {
  const query = `?fieldManager=${encodeURIComponent(manager)}`;
  const created = await api('POST', `${collection}${query}`, { body: object });
  if (created.status !== 409) {
    return created;
  }
  return api('PATCH', `${collection}/${object.metadata.name}${query}`, { body: object, contentType: 'application/merge-patch+json' });
}

/**
 * The field manager that the snapshot tells of, so that GitOps and Helm are still to be seen; where it has no record, as kubectl leaves
 * it out, one that says nothing of whose the manifest was.
 */
function managerOf(object: KubernetesObject): string {
  const managers = (object.metadata.managedFields ?? []).flatMap(({ manager }) => manager ?? []);
  return managers.find((manager) => !/^(kube-|kubelet)/.test(manager)) ?? 'kubectl-client-side-apply';
}

/** The path of an object's collection, by the API server's discovery; undefined for a kind that it does not serve. */
function createPlurals(api: Api): (object: KubernetesObject) => Promise<string | undefined> {
  const known = new Map<string, Promise<readonly { kind: string; name: string; namespaced: boolean }[]>>();
  const ask = async (base: string): Promise<readonly { kind: string; name: string; namespaced: boolean }[]> => {
    const answer = await api('GET', base);
    return answer.status === 404 ? [] : must(answer, base).resources;
  };
  return async ({ apiVersion, kind, metadata }) => {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resources = known.get(base) ?? ask(base);
    known.set(base, resources);
    const found = (await resources).find((resource) => resource.kind === kind && !resource.name.includes('/'));
    if (found === undefined) {
      return undefined;
    }
    return `${base}/${found.namespaced ? `namespaces/${metadata.namespace ?? 'default'}/` : ''}${found.name}`;
  };
}

/** Waits until the API server serves what the group defines: the condition comes first, discovery after it. */
async function definitionsEstablished(api: Api, group: readonly KubernetesObject[]): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (const definition of group.filter(({ kind }) => kind === 'CustomResourceDefinition')) {
    while (!(await isServed(api, definition)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** True also where waiting is of no use: the definition was refused, or its names are taken. */
async function isServed(api: Api, { metadata, spec }: KubernetesObject): Promise<boolean> {
  const { status, body } = await api('GET', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${metadata.name}`);
  const conditions: readonly { type: string; status: string }[] = body.status?.conditions ?? [];
  const has = (type: string, value: string): boolean => conditions.some((one) => one.type === type && one.status === value);
  if (status === 404 || has('NamesAccepted', 'False')) return true;
  if (!has('Established', 'True')) return false;
  const version = spec.versions.find(({ served }: { served: boolean }) => served)?.name;
  const discovery = await api('GET', `/apis/${spec.group}/${version}`);
  const resources: readonly { kind: string }[] = discovery.status === 200 ? discovery.body.resources : [];
  return version === undefined || resources.some(({ kind }) => kind === spec.names.kind);
}

function title({ kind, metadata }: KubernetesObject): string {
  return [kind, ...(metadata.namespace === undefined ? [] : [metadata.namespace]), metadata.name].join('/');
}
