import { hasCustomResources } from '../inventory/consumers/scope.ts';
import type { KubernetesGateway, KubernetesObject, Resource, ServedResources } from '../kubernetes/gateway.ts';
import { RESOURCES } from '../kubernetes/resources.ts';
import { isPodshiftError } from '../model/errors.ts';
import { type Outcomes, outcomeOfError } from './outcomes.ts';

/** Keeps the objects of a kind; called once for each, with all of them. */
export type KeepObjects = (resource: Resource, objects: readonly KubernetesObject[]) => Promise<void>;

/** Listed more than once for one plan, and small enough to be held. */
const HELD: ReadonlySet<Resource> = new Set<Resource>([RESOURCES.namespaces, RESOURCES.configMaps, RESOURCES.serviceAccounts]);

/** A gateway that hands every object that is listed to a capture, and notes what may not be read. */
export interface RecordingGateway {
  readonly gateway: KubernetesGateway;
  /**
   * Lists what no plan of this moment needed, and another one may: every kind of podshift's own table. What is refused is noted, and
   * kinds that the cluster's discovery does not name are absent.
   */
  readRest(): Promise<void>;
  /** Groups whose own server did not answer. */
  readonly unanswered: readonly string[];
}

/** Wraps the gateway to a cluster for one capture. */
export function recordKubernetes(kubernetes: KubernetesGateway, keep: KeepObjects, outcomes: Outcomes): RecordingGateway {
  const held = new Map<Resource, Promise<KubernetesObject[]>>();
  const single: KubernetesObject[] = [];
  let discovery: Promise<ServedResources> | undefined;
  let served: ServedResources | undefined;

  const discover = (): Promise<ServedResources> => {
    discovery ??= kubernetes.discover(hasCustomResources).then(
      (found) => {
        served = found;
        return found;
      },
      (error: unknown) => {
        if (isPodshiftError(error, 'KubernetesForbidden')) outcomes.refuseDiscovery();
        throw error;
      },
    );
    return discovery;
  };
  /** Whether the cluster serves no such kind. */
  const isAbsent = async (resource: Resource): Promise<boolean> => {
    if (!hasCustomResources(resource.group)) return false;
    const found = await discover().catch(() => undefined);
    return found !== undefined && !serves(found, resource);
  };
  const listOnce = async (resource: Resource): Promise<KubernetesObject[]> => {
    if (await isAbsent(resource)) {
      outcomes.kind(resource, 'absent');
      return [];
    }
    try {
      const objects = await kubernetes.list(resource);
      // A kind that is listed in two of its versions is kept as it was seen first.
      if (outcomes.outcomeOf(resource) !== 'read') {
        outcomes.kind(resource, 'read');
        await keep(resource, objects);
      }
      return objects;
    } catch (error) {
      const outcome = outcomeOfError(error);
      if (outcome !== undefined) outcomes.kind(resource, outcome);
      throw error;
    }
  };
  const list = (resource: Resource): Promise<KubernetesObject[]> => {
    const known = held.get(resource);
    if (known !== undefined) return known;
    const listing = listOnce(resource);
    if (HELD.has(resource)) held.set(resource, listing);
    return listing;
  };

  const gateway: KubernetesGateway = {
    ...kubernetes,
    list: (resource, options = {}) => (Object.keys(options).length === 0 ? list(resource) : kubernetes.list(resource, options)),
    visit: async (resource, visit) => {
      // Kept whole all the same: it goes into one file.
      for (const object of await list(resource)) visit(object);
    },
    discover: async (wanted) => {
      const { resources, unanswered } = await discover();
      return { resources: resources.filter(({ group }) => wanted(group)), unanswered: unanswered.filter(wanted) };
    },
    get: async (resource, namespace, name) => {
      if (resource !== RESOURCES.configMaps) return kubernetes.get(resource, namespace, name);
      const all = await list(resource).catch((error: unknown) => {
        if (outcomeOfError(error) === undefined) throw error;
        return undefined;
      });
      if (all !== undefined) return all.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
      // Who may not list them may be allowed to read some.
      const object = await kubernetes.get(resource, namespace, name);
      if (object !== undefined) single.push(object);
      return object;
    },
  };
  return {
    gateway,
    get unanswered() {
      return served?.unanswered ?? [];
    },
    readRest: async () => {
      for (const resource of Object.values(RESOURCES)) {
        if (outcomes.outcomeOf(resource) !== undefined) continue;
        await list(resource).catch((error: unknown) => {
          if (outcomeOfError(error) === undefined) throw error;
        });
      }
      if (single.length > 0) await keep(RESOURCES.configMaps, single);
    },
  };
}

/** Whether a kind is among those that were discovered; of a group whose server did not answer nothing is known. */
function serves({ resources, unanswered }: ServedResources, { group, plural }: Resource): boolean {
  return unanswered.includes(group) || resources.some((one) => one.group === group && one.plural === plural);
}
