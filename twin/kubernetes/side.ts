import type { KubernetesSide } from '../contracts.ts';
import { withDefaults } from './defaults.ts';
import type { Kind } from './kinds.ts';
import { withMetadata } from './objects.ts';
import type { World } from './world.ts';

/** What the AWS half and the watch over the promises see and do. */
export function createSide(world: World): KubernetesSide {
  const { store, kinds } = world;
  const find = (name: string): Kind | undefined => kinds.named(name)[0];
  return {
    objects: (name) => {
      const named = kinds.named(name);
      const [only] = named;
      return only !== undefined && named.length === 1 ? store.list(only) : named.flatMap((kind) => store.list(kind));
    },
    object: (name, namespace, objectName) => {
      for (const kind of kinds.named(name)) {
        const object = store.get(kind, namespace, objectName);
        if (object !== undefined) {
          return object;
        }
      }
      return undefined;
    },
    apply: (object) => {
      kinds.learnObject(object);
      const kind = kinds.of(object) as Kind;
      const complete = kind.custom ? object : withDefaults(object);
      const before = store.get(kind, object.metadata.namespace, object.metadata.name);
      if (before === undefined) {
        store.create(kind, complete, 'system');
      } else {
        const kept = 'status' in object || !('status' in before) ? complete : { ...complete, status: before.status };
        const { managedFields, annotations, ...metadata } = before.metadata;
        // The deployment controller's own annotation is none of the writer's.
        const revision = annotations?.['deployment.kubernetes.io/revision'];
        const own =
          revision === undefined
            ? kept.metadata.annotations
            : { ...kept.metadata.annotations, 'deployment.kubernetes.io/revision': revision };
        store.update(kind, before, withMetadata(kept, { uid: metadata.uid, managedFields, annotations: own }), 'system');
      }
    },
    remove: (name, namespace, objectName) => {
      const kind = find(name);
      const object = kind === undefined ? undefined : store.get(kind, namespace, objectName);
      if (kind !== undefined && object !== undefined) {
        world.delete(kind, object);
      }
    },
    onChange: (listener) => {
      store.subscribe(({ before, after, by }) => void listener({ before, after, by }));
    },
  };
}
