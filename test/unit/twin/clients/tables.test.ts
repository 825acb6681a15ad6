import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../../src/kubernetes/gateway.ts';
import { KindRegistry } from '../../../../twin/kubernetes/kinds.ts';
import { columnsOf, tableOf } from '../../../../twin/kubernetes/table.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const kinds = new KindRegistry();
const definition = (columns: unknown[]): KubernetesObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.example.org' },
  spec: {
    group: 'example.org',
    names: { kind: 'Thing', plural: 'things' },
    scope: 'Namespaced',
    versions: [{ name: 'v1', served: true, storage: true, additionalPrinterColumns: columns }],
  },
});

/** One row as `kubectl get` would show it, with what `-o wide` adds. */
function rowOf(object: { apiVersion: string; kind: string; [member: string]: unknown }, columns?: unknown[]): [string[], unknown[]] {
  const whole = { metadata: { name: 'a', creationTimestamp: '2026-03-01T11:00:00Z' }, ...object } as KubernetesObject;
  const own = new KindRegistry();
  if (columns !== undefined) own.learnDefinition(definition(columns));
  const registry = columns === undefined ? kinds : own;
  registry.learnObject(whole);
  const kind = registry.of(whole);
  if (kind === undefined) throw new Error(`no kind ${object.kind}`);
  const version = object.apiVersion.split('/').at(-1) ?? '';
  const table = tableOf({
    columns: columnsOf(kind, version, () => (columns === undefined ? undefined : definition(columns))),
    items: [whole],
    metadata: {},
    now: NOW,
    includeObject: null,
  }) as { columnDefinitions: { name: string; priority: number }[]; rows: { cells: unknown[] }[] };
  return [table.columnDefinitions.map(({ name, priority }) => (priority === 0 ? name : `${name}+`)), table.rows[0]?.cells ?? []];
}

const statusOf = (pod: object) => rowOf({ apiVersion: 'v1', kind: 'Pod', ...pod })[1].slice(1, 4);
const spec = (initContainers: object[] = []) => ({ containers: [{ name: 'a' }, { name: 'b' }], initContainers });
const container = (state: object, more: object = {}) => ({ name: 'a', ready: false, restartCount: 0, state, ...more });
const running = container({ running: {} }, { ready: true });

describe('the row of a pod', () => {
  it.each<[string, object, unknown[]]>([
    [
      'that runs',
      { spec: spec(), status: { phase: 'Running', containerStatuses: [running, { ...running, name: 'b' }] } },
      ['2/2', 'Running', '0'],
    ],
    [
      'whose container crashes, and when it did last',
      {
        spec: spec(),
        status: {
          phase: 'Running',
          containerStatuses: [
            running,
            container(
              { waiting: { reason: 'CrashLoopBackOff' } },
              { name: 'b', restartCount: 4, lastState: { terminated: { exitCode: 1, finishedAt: '2026-03-01T11:55:00Z' } } },
            ),
          ],
        },
      },
      ['1/2', 'CrashLoopBackOff', '4 (5m ago)'],
    ],
    [
      'that ended without a reason',
      { spec: spec(), status: { phase: 'Failed', containerStatuses: [container({ terminated: { exitCode: 3 } })] } },
      ['0/2', 'ExitCode:3', '0'],
    ],
    [
      'that was killed by a signal',
      { spec: spec(), status: { phase: 'Failed', containerStatuses: [container({ terminated: { exitCode: 137, signal: 9 } })] } },
      ['0/2', 'Signal:9', '0'],
    ],
    ['that was evicted', { spec: spec(), status: { phase: 'Failed', reason: 'Evicted' } }, ['0/2', 'Evicted', '0']],
    [
      'whose first init container is at work',
      {
        spec: spec([{ name: 'i' }, { name: 'j' }]),
        status: {
          phase: 'Pending',
          initContainerStatuses: [container({ running: {} }), container({ waiting: { reason: 'PodInitializing' } })],
          containerStatuses: [container({ waiting: { reason: 'PodInitializing' } })],
        },
      },
      ['0/2', 'Init:0/2', '0'],
    ],
    [
      'whose second init container fails',
      {
        spec: spec([{ name: 'i' }, { name: 'j' }]),
        status: {
          phase: 'Pending',
          initContainerStatuses: [
            container({ terminated: { exitCode: 0, reason: 'Completed' } }, { restartCount: 1 }),
            container({ waiting: { reason: 'CrashLoopBackOff' } }, { restartCount: 2 }),
          ],
        },
      },
      ['0/2', 'Init:CrashLoopBackOff', '3'],
    ],
    [
      'with a sidecar that counts',
      {
        spec: spec([{ name: 's', restartPolicy: 'Always' }]),
        status: {
          phase: 'Running',
          initContainerStatuses: [container({ running: {} }, { name: 's', started: true, ready: true, restartCount: 2 })],
          containerStatuses: [running, { ...running, name: 'b' }],
        },
      },
      ['3/3', 'Running', '2'],
    ],
    [
      'of which one container is done and the other runs',
      {
        spec: spec(),
        status: {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'False' }],
          containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } }), { ...running, name: 'b' }],
        },
      },
      ['1/2', 'NotReady', '0'],
    ],
    [
      'that goes',
      {
        metadata: { name: 'a', deletionTimestamp: '2026-03-01T11:59:00Z' },
        spec: spec(),
        status: { phase: 'Running', containerStatuses: [running] },
      },
      ['1/2', 'Terminating', '0'],
    ],
    ['of which nothing is known', { spec: spec() }, ['0/2', 'Pending', '0']],
  ])('%s', (_what, pod, cells) => {
    expect(statusOf(pod)).toEqual(cells);
  });
});

describe('the columns of a kind', () => {
  it.each<[string, Parameters<typeof rowOf>[0], string[], unknown[]]>([
    [
      'Service',
      {
        apiVersion: 'v1',
        kind: 'Service',
        spec: { type: 'LoadBalancer', clusterIPs: ['10.0.0.1'], ports: [{ port: 443, nodePort: 30_443 }], selector: { app: 'x' } },
      },
      ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector+'],
      ['a', 'LoadBalancer', '10.0.0.1', '<pending>', '443:30443/TCP', '60m', 'app=x'],
    ],
    [
      'Job',
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        spec: { completions: 3, template: { spec: { containers: [{ name: 'c', image: 'i' }] } }, selector: { matchLabels: { a: 'b' } } },
        status: { succeeded: 1, startTime: '2026-03-01T11:58:00Z' },
      },
      ['Name', 'Status', 'Completions', 'Duration', 'Age', 'Containers+', 'Images+', 'Selector+'],
      ['a', 'Running', '1/3', '2m', '60m', 'c', 'i', 'a=b'],
    ],
    [
      'PodDisruptionBudget',
      { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', spec: { maxUnavailable: '25%' }, status: { disruptionsAllowed: 2 } },
      ['Name', 'Min Available', 'Max Unavailable', 'Allowed Disruptions', 'Age'],
      ['a', 'N/A', '25%', 2, '60m'],
    ],
    [
      'HorizontalPodAutoscaler',
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        spec: {
          scaleTargetRef: { kind: 'Deployment', name: 'web' },
          maxReplicas: 5,
          metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
        },
      },
      ['Name', 'Reference', 'Targets', 'MinPods', 'MaxPods', 'Replicas', 'Age'],
      ['a', 'Deployment/web', 'cpu: <unknown>/80%', '<unset>', 5, 0, '60m'],
    ],
    [
      'RoleBinding',
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        roleRef: { kind: 'ClusterRole', name: 'edit' },
        subjects: [
          { kind: 'ServiceAccount', name: 's', namespace: 'n' },
          { kind: 'Group', name: 'g' },
        ],
      },
      ['Name', 'Role', 'Age', 'Users+', 'Groups+', 'ServiceAccounts+'],
      ['a', 'ClusterRole/edit', '60m', '', 'g', 'n/s'],
    ],
    [
      'Event',
      {
        apiVersion: 'v1',
        kind: 'Event',
        type: 'Warning',
        reason: 'BackOff',
        message: 'Back-off restarting \n',
        involvedObject: { kind: 'Pod', name: 'p' },
        lastTimestamp: '2026-03-01T11:59:30Z',
        firstTimestamp: '2026-03-01T11:00:00Z',
        count: 7,
        source: { component: 'kubelet', host: 'n1' },
      },
      ['Last Seen', 'Type', 'Reason', 'Object', 'Subobject+', 'Source+', 'Message', 'First Seen+', 'Count+', 'Name+'],
      ['30s', 'Warning', 'BackOff', 'pod/p', '', 'kubelet, n1', 'Back-off restarting', '60m', 7, 'a'],
    ],
    [
      'NetworkPolicy',
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        spec: { podSelector: { matchLabels: { b: '1' }, matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['y', 'x'] }] } },
      },
      ['Name', 'Pod-Selector', 'Age'],
      ['a', 'a notin (x,y),b=1', '60m'],
    ],
    ['APIService', { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService' }, ['Name', 'Age'], ['a', '60m']],
  ])('%s', (_kind, object, columns, cells) => {
    expect(rowOf(object)).toEqual([columns, cells]);
  });

  it('shows every built-in kind of which nothing is known but its name', () => {
    for (const { kind, group, versions } of new KindRegistry().all()) {
      const [columns, cells] = rowOf({ apiVersion: group === '' ? 'v1' : `${group}/${versions[0]}`, kind });
      expect(cells).toHaveLength(columns.length);
      expect(cells.every((cell) => ['string', 'number', 'boolean'].includes(typeof cell))).toBe(true);
    }
  });

  it('of a custom resource are those of its definition', () => {
    const columns = [
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Ports', type: 'string', jsonPath: '.spec.ports[*].number' },
      { name: 'First', type: 'integer', jsonPath: '.spec.ports[0].number' },
      { name: 'Owner', type: 'string', jsonPath: ".metadata.labels['app.kubernetes.io/owner']" },
      { name: 'Synced', type: 'date', jsonPath: '.status.at' },
      { name: 'Missing', type: 'string', jsonPath: '.status.nothing' },
      { name: 'Whole', type: 'string', jsonPath: '.spec.whole', priority: 1 },
    ];
    const thing = {
      apiVersion: 'example.org/v1',
      kind: 'Thing',
      metadata: { name: 'a', labels: { 'app.kubernetes.io/owner': 'me' } },
      spec: { ports: [{ number: 1 }, { number: 2 }], whole: { x: 1 } },
      status: {
        at: '2026-03-01T11:59:00Z',
        conditions: [
          { type: 'Live', status: 'Unknown' },
          { type: 'Ready', status: 'True' },
        ],
      },
    };
    expect(rowOf(thing, columns)).toEqual([
      ['Name', 'Ready', 'Ports', 'First', 'Owner', 'Synced', 'Missing', 'Whole+'],
      ['a', 'True', '1,2', 1, 'me', '60s', '', '{"x":1}'],
    ]);
    expect(rowOf(thing, [])[0]).toEqual(['Name', 'Age']);
  });
});
