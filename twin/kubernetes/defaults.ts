import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';

type Fields = Readonly<Record<string, unknown>>;

// From k8s.io/kubernetes pkg/apis/{core,apps,batch}/v1/defaults.go
const POD_SPEC: Fields = {
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  securityContext: {},
  schedulerName: 'default-scheduler',
};
const CONTAINER: Fields = { resources: {}, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' };

const SPECS: Readonly<Record<string, Fields>> = {
  Deployment: {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
  },
  ReplicaSet: { replicas: 1 },
  ReplicationController: { replicas: 1 },
  StatefulSet: {
    replicas: 1,
    podManagementPolicy: 'OrderedReady',
    revisionHistoryLimit: 10,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
  },
  DaemonSet: { revisionHistoryLimit: 10, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } },
  Job: { parallelism: 1, completions: 1, backoffLimit: 6, suspend: false, completionMode: 'NonIndexed' },
  CronJob: { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
};

const ROLLING: Readonly<Record<string, { readonly field: string; readonly defaults: Fields }>> = {
  Deployment: { field: 'strategy', defaults: { maxUnavailable: '25%', maxSurge: '25%' } },
  StatefulSet: { field: 'updateStrategy', defaults: { partition: 0 } },
  DaemonSet: { field: 'updateStrategy', defaults: { maxUnavailable: 1, maxSurge: 0 } },
};

/** A built-in object with the fields that the API server fills in; the very same object where nothing is missing. */
export function withDefaults(object: KubernetesObject): KubernetesObject {
  const { kind } = object;
  if (kind === 'Pod') {
    const spec = podSpec(object.spec);
    return spec === object.spec ? object : { ...object, spec };
  }
  const defaults = SPECS[kind];
  if (defaults === undefined) {
    return object;
  }
  let spec = fill((object.spec ?? {}) as Fields, defaults);
  const rolling = ROLLING[kind];
  if (rolling !== undefined) {
    spec = edit(spec, rolling.field, (strategy) => rollingDefaults(strategy as Fields, rolling.defaults));
  }
  spec = edit(spec, 'template', template);
  spec = edit(spec, 'jobTemplate', (job) => edit(job as Fields, 'spec', (inner) => edit(inner as Fields, 'template', template)));
  return spec === object.spec ? object : { ...object, spec };
}

function rollingDefaults(strategy: Fields, defaults: Fields): Fields {
  const typed = fill(strategy, { type: 'RollingUpdate' });
  return typed.type === 'RollingUpdate' ? { ...typed, rollingUpdate: fill((typed.rollingUpdate ?? {}) as Fields, defaults) } : typed;
}

function template(value: unknown): unknown {
  return edit(value as Fields, 'spec', podSpec);
}

/** A pod's spec with what the API server fills in. */
export function podSpec(value: unknown): unknown {
  let spec = withServiceAccount(fill((value ?? {}) as Fields, POD_SPEC));
  for (const list of ['initContainers', 'containers']) {
    spec = edit(spec, list, (containers) => shared(containers as readonly Fields[], container));
  }
  return edit(spec, 'volumes', (volumes) =>
    shared(volumes as readonly Fields[], (volume) => edit(volume, 'projected', (source) => projected(source as Fields))),
  );
}

function projected(value: Fields): Fields {
  return edit(fill(value, { defaultMode: 420 }), 'sources', (sources) =>
    shared(sources as readonly Fields[], (source) =>
      edit(source, 'serviceAccountToken', (token) => fill(token as Fields, { expirationSeconds: 3600 })),
    ),
  );
}

/** The two service account fields are one: the deprecated one counts where the other is absent. From pkg/apis/core/v1/conversion.go */
function withServiceAccount(spec: Fields): Fields {
  const name = spec.serviceAccountName || spec.serviceAccount;
  return name && (spec.serviceAccountName !== name || spec.serviceAccount !== name)
    ? { ...spec, serviceAccountName: name, serviceAccount: name }
    : spec;
}

function container(value: Fields): Fields {
  const image = String(value.image ?? '');
  return fill(value, {
    ...CONTAINER,
    imagePullPolicy: image.endsWith(':latest') || !/[:@]/.test(image.slice(image.lastIndexOf('/') + 1)) ? 'Always' : 'IfNotPresent',
  });
}

function shared<T>(list: readonly T[], map: (item: T) => T): readonly T[] {
  const mapped = list.map(map);
  return mapped.some((item, index) => item !== list[index]) ? mapped : list;
}

function fill(value: Fields, defaults: Fields): Fields {
  const missing = Object.entries(defaults).filter(([key]) => value[key] === undefined || value[key] === null);
  return missing.length === 0 ? value : { ...value, ...Object.fromEntries(missing) };
}

function edit(value: Fields, key: string, map: (part: unknown) => unknown): Fields {
  const before = value[key];
  if (before === undefined || before === null) {
    return value;
  }
  const after = map(before);
  return after === before || JSON.stringify(after) === JSON.stringify(before) ? value : { ...value, [key]: after };
}
