import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { Kind } from './kinds.ts';
import { type FieldError, invalidFields } from './status.ts';

interface Named {
  readonly name?: string;
}

interface Container extends Named {
  readonly volumeMounts?: readonly (Named & { readonly mountPath?: string })[];
}

interface Volume extends Named {
  readonly projected?: { readonly sources?: readonly { readonly serviceAccountToken?: { readonly expirationSeconds?: number } }[] };
}

/** Where a built-in kind has its pod template; undefined for kinds without one. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

/**
 * Throws the 422 of a pod spec that no API server would take, be it a pod's or a template's: what webhooks made of it is
 * validated after them (k8s.io/kubernetes pkg/apis/core/validation: ValidatePodSpec).
 */
export function validatePodSpecs(kind: Kind, object: KubernetesObject): void {
  const path = kind.kind === 'Pod' ? [] : kind.custom ? undefined : TEMPLATES[kind.kind];
  if (path === undefined) return;
  // biome-ignore lint/suspicious/noExplicitAny: a template, wherever its kind keeps it
  const spec = (path.reduce((value: any, key) => value?.[key], object) as { spec?: unknown } | undefined)?.spec;
  if (typeof spec !== 'object' || spec === null) return;
  const errors = errorsOf(spec, [...path, 'spec'].join('.'));
  if (errors.length > 0) throw invalidFields(kind, object.metadata.name, errors);
}

function errorsOf(
  spec: { volumes?: readonly Volume[]; containers?: readonly Container[]; initContainers?: readonly Container[] },
  path: string,
): FieldError[] {
  const { volumes = [], containers = [], initContainers = [] } = spec;
  const names = new Set<string>();
  return [
    ...duplicates(volumes, `${path}.volumes`, new Set()),
    ...volumes.flatMap((volume, index) => lifetimes(volume, `${path}.volumes[${index}]`)),
    ...containers.flatMap((container, index) => mounts(container, `${path}.containers[${index}]`)),
    ...duplicates(containers, `${path}.containers`, names),
    ...initContainers.flatMap((container, index) => mounts(container, `${path}.initContainers[${index}]`)),
    ...duplicates(initContainers, `${path}.initContainers`, names),
  ];
}

function duplicates(items: readonly Named[], path: string, taken: Set<string>): FieldError[] {
  return items.flatMap(({ name = '' }, index) => {
    const field = `${path}[${index}].name`;
    if (name === '') return [{ field, why: 'Required value' }];
    if (taken.has(name)) return [{ field, why: `Duplicate value: ${JSON.stringify(name)}` }];
    taken.add(name);
    return [];
  });
}

function mounts({ volumeMounts = [] }: Container, path: string): FieldError[] {
  const taken = new Set<string>();
  return volumeMounts.flatMap(({ mountPath = '' }, index) => {
    const field = `${path}.volumeMounts[${index}].mountPath`;
    const isTaken = taken.has(mountPath);
    taken.add(mountPath);
    return isTaken ? [{ field, why: `Invalid value: ${JSON.stringify(mountPath)}: must be unique` }] : [];
  });
}

function lifetimes({ projected }: Volume, path: string): FieldError[] {
  return (projected?.sources ?? []).flatMap(({ serviceAccountToken }, index) => {
    const seconds = serviceAccountToken?.expirationSeconds;
    const problem =
      seconds === undefined
        ? undefined
        : seconds < 600
          ? 'less than 10 minutes'
          : seconds > 2 ** 32
            ? 'larger than 2^32 seconds'
            : undefined;
    const field = `${path}.projected.sources[${index}].serviceAccountToken.expirationSeconds`;
    return problem === undefined ? [] : [{ field, why: `Invalid value: ${seconds}: may not specify a duration ${problem}` }];
  });
}
