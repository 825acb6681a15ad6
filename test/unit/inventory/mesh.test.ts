import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import type { FakeWorld } from '../fixtures/fake-gateways.ts';
import { edit, find, small, take } from '../fixtures/inventory-worlds.ts';

const custom = (apiVersion: string, kind: string, spec: object, namespace = 'team-0', name = 'x'): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  spec,
});
const istio = (mode: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'istio', namespace: 'istio-system' },
  data: { mesh: `outboundTrafficPolicy:\n  mode: ${mode}\n` },
});
const sidecar = (spec: object, namespace = 'team-0', name = 's') => custom('networking.istio.io/v1', 'Sidecar', spec, namespace, name);
const entry = (spec: object, namespace = 'team-0') =>
  custom(
    'networking.istio.io/v1',
    'ServiceEntry',
    {
      hosts: ['agent.internal'],
      addresses: ['169.254.170.23/32'],
      ports: [{ number: 80 }],
      ...spec,
    },
    namespace,
  );
const policy = (mode: string) => ({ outboundTrafficPolicy: { mode } });

/** A world whose pods have this container, and more objects. */
function meshed(
  container: object | null,
  objects: readonly KubernetesObject[] = [],
  annotations: object = {},
  labels: object = {},
): FakeWorld {
  return small((world) => {
    for (const pod of world.objects.filter(({ kind }) => kind === 'Pod')) {
      const { spec, metadata } = edit(pod);
      if (container !== null) spec.containers.push(container);
      metadata.annotations = { ...metadata.annotations, ...annotations };
      metadata.labels = { ...metadata.labels, ...labels };
    }
    world.objects.push(...objects);
  });
}
const factsOf = async (world: FakeWorld) => (await take(world)).inventory.workloads[0];
const PROXY = { name: 'istio-proxy', image: 'istio/proxyv2' };
const DROPS = [{ mesh: 'Istio', verdict: 'blocks', by: 'ConfigMap/istio-system/istio' }];

describe('Istio', () => {
  it.each<[string, FakeWorld, unknown]>([
    ['drops what is not registered', meshed(PROXY, [istio('REGISTRY_ONLY')]), DROPS],
    ['passes everything', meshed(PROXY, [istio('ALLOW_ANY')]), undefined],
    ['passes everything by default', meshed(PROXY, [{ ...istio(''), data: { mesh: 'enableTracing: true' } }]), undefined],
    ['has no proxy in these pods', meshed(null, [istio('REGISTRY_ONLY')]), undefined],
    [
      'has a proxy as an init container that stays',
      small((world) => {
        for (const pod of world.objects.filter(({ kind }) => kind === 'Pod')) edit(pod).spec.initContainers = [PROXY];
        world.objects.push(istio('REGISTRY_ONLY'));
      }),
      DROPS,
    ],
    [
      'excludes the agent’s address',
      meshed(PROXY, [istio('REGISTRY_ONLY')], { 'traffic.sidecar.istio.io/excludeOutboundIPRanges': '10.0.0.0/8, 169.254.0.0/16' }),
      undefined,
    ],
    [
      'excludes another address',
      meshed(PROXY, [istio('REGISTRY_ONLY')], { 'traffic.sidecar.istio.io/excludeOutboundIPRanges': '169.254.169.254/32' }),
      DROPS,
    ],
    [
      'excludes the port',
      meshed(PROXY, [istio('REGISTRY_ONLY')], { 'traffic.sidecar.istio.io/excludeOutboundPorts': '443,80' }),
      undefined,
    ],
    ['excludes another port', meshed(PROXY, [istio('REGISTRY_ONLY')], { 'traffic.sidecar.istio.io/excludeOutboundPorts': '443' }), DROPS],
    [
      'includes other ranges alone',
      meshed(PROXY, [istio('REGISTRY_ONLY')], { 'traffic.sidecar.istio.io/includeOutboundIPRanges': '172.20.0.0/16' }),
      undefined,
    ],
    ['includes everything', meshed(PROXY, [istio('REGISTRY_ONLY')], { 'traffic.sidecar.istio.io/includeOutboundIPRanges': '*' }), DROPS],
    [
      'excludes the address for the whole mesh',
      meshed({ name: 'istio-init', args: ['istio-iptables', '-i', '*', '-x', '169.254.170.23/32', '-o', ''] }, [istio('REGISTRY_ONLY')]),
      undefined,
    ],
    ['lets a Sidecar of the namespace pass everything', meshed(PROXY, [istio('REGISTRY_ONLY'), sidecar(policy('ALLOW_ANY'))]), undefined],
    ['has a Sidecar without a word about it', meshed(PROXY, [istio('REGISTRY_ONLY'), sidecar({})]), DROPS],
    [
      'has a Sidecar that drops',
      meshed(PROXY, [istio('ALLOW_ANY'), sidecar(policy('REGISTRY_ONLY'))]),
      [{ mesh: 'Istio', verdict: 'blocks', by: 'Sidecar/team-0/s' }],
    ],
    [
      'has a Sidecar of the root namespace that drops',
      meshed(PROXY, [istio('ALLOW_ANY'), sidecar(policy('REGISTRY_ONLY'), 'istio-system')]),
      [{ mesh: 'Istio', verdict: 'blocks', by: 'Sidecar/istio-system/s' }],
    ],
    [
      'has a Sidecar that selects the pods',
      meshed(PROXY, [
        istio('ALLOW_ANY'),
        sidecar(policy('ALLOW_ANY')),
        sidecar({ ...policy('REGISTRY_ONLY'), workloadSelector: { labels: { app: 'app-0' } } }, 'team-0', 'own'),
      ]),
      [{ mesh: 'Istio', verdict: 'blocks', by: 'Sidecar/team-0/own' }],
    ],
    [
      'has a Sidecar that selects others',
      meshed(PROXY, [istio('ALLOW_ANY'), sidecar({ ...policy('REGISTRY_ONLY'), workloadSelector: { labels: { app: 'other' } } })]),
      undefined,
    ],
    ['has a ServiceEntry for the agent', meshed(PROXY, [istio('REGISTRY_ONLY'), entry({})]), undefined],
    [
      'has a ServiceEntry by its endpoint',
      meshed(PROXY, [istio('REGISTRY_ONLY'), entry({ addresses: undefined, endpoints: [{ address: '169.254.170.23' }] })]),
      undefined,
    ],
    ['has a ServiceEntry for another port', meshed(PROXY, [istio('REGISTRY_ONLY'), entry({ ports: [{ number: 443 }] })]), DROPS],
    ['has a ServiceEntry for another address', meshed(PROXY, [istio('REGISTRY_ONLY'), entry({ addresses: ['10.0.0.1'] })]), DROPS],
    ['has a bare ServiceEntry', meshed(PROXY, [istio('REGISTRY_ONLY'), custom('networking.istio.io/v1', 'ServiceEntry', {})]), DROPS],
    [
      'has a ServiceEntry that another namespace keeps for itself',
      meshed(PROXY, [istio('REGISTRY_ONLY'), entry({ exportTo: ['.'] }, 'other')]),
      DROPS,
    ],
    [
      'has a ServiceEntry that its namespace keeps for itself',
      meshed(PROXY, [istio('REGISTRY_ONLY'), entry({ exportTo: ['.'] })]),
      undefined,
    ],
    [
      'imports the ServiceEntry by a pattern',
      meshed(PROXY, [istio('REGISTRY_ONLY'), entry({}), sidecar({ egress: [{ hosts: ['./*.internal'] }] })]),
      undefined,
    ],
    [
      'imports all of another namespace',
      meshed(PROXY, [istio('REGISTRY_ONLY'), entry({}, 'ops'), sidecar({ egress: [{ hosts: ['ops/*'] }] })]),
      undefined,
    ],
    [
      'imports other hosts alone',
      meshed(PROXY, [istio('REGISTRY_ONLY'), entry({}), sidecar({ egress: [{ hosts: ['istio-system/*', '*/sts.example.com'] }, {}] })]),
      DROPS,
    ],
    ['cannot be read', meshed(PROXY), [{ mesh: 'Istio', verdict: 'unknown', by: 'its mesh configuration cannot be read' }]],
    [
      'is no YAML',
      meshed(PROXY, [{ ...istio(''), data: { mesh: 'a: [' } }]),
      [{ mesh: 'Istio', verdict: 'unknown', by: 'its mesh configuration cannot be read' }],
    ],
  ])('that %s', async (_, world, expected) => {
    expect((await factsOf(world))?.meshes).toEqual(expected);
  });

  it('has a configuration for each revision of its control plane', async () => {
    const plane = (revision: string) => ({
      ...find(small(), 'Deployment'),
      metadata: { name: `istiod-${revision}`, namespace: 'mesh', labels: { app: 'istiod', 'istio.io/rev': revision } },
    });
    const config = (name: string, mode: string) => ({ ...istio(mode), metadata: { name, namespace: 'mesh' } });
    const planes = [plane('default'), plane('canary'), config('istio', 'ALLOW_ANY'), config('istio-canary', 'REGISTRY_ONLY')];
    expect((await factsOf(meshed(PROXY, planes)))?.meshes).toBeUndefined();
    expect((await factsOf(meshed(PROXY, planes, {}, { 'istio.io/rev': 'default' })))?.meshes).toBeUndefined();
    const canary = await factsOf(meshed(PROXY, planes, { 'istio.io/rev': 'canary' }));
    expect(canary?.meshes).toEqual([{ mesh: 'Istio', verdict: 'blocks', by: 'ConfigMap/mesh/istio-canary' }]);
  });

  it('is told of a workload that does not run by what injects its pods', async () => {
    const world = (namespaceLabels: object, labels: object = {}, spec: object = {}) =>
      small((given) => {
        const kept = given.objects.filter(({ kind }) => kind !== 'Pod');
        const template = edit(find(given, 'Deployment')).spec.template;
        Object.assign(template.spec, spec);
        template.metadata.labels = { ...template.metadata.labels, ...labels };
        given.objects = [
          ...kept,
          istio('REGISTRY_ONLY'),
          sidecar({}),
          { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-0', labels: namespaceLabels } } as KubernetesObject,
        ];
      });
    expect((await factsOf(world({ 'istio-injection': 'enabled' })))?.meshes).toEqual(DROPS);
    expect((await factsOf(world({}, { 'sidecar.istio.io/inject': 'true' })))?.meshes).toEqual(DROPS);
    expect((await factsOf(world({ 'istio-injection': 'enabled' }, { 'sidecar.istio.io/inject': 'false' })))?.meshes).toBeUndefined();
    expect((await factsOf(world({ 'istio-injection': 'enabled' }, {}, { hostNetwork: true })))?.meshes).toBeUndefined();
    expect((await factsOf(world({})))?.meshes).toBeUndefined();
  });
});

describe('another mesh', () => {
  const egress = (spec: object, namespace = 'team-0') => custom('policy.linkerd.io/v1alpha1', 'EgressNetwork', spec, namespace, 'out');
  const through = (spec?: object) =>
    custom('kuma.io/v1alpha1', 'MeshPassthrough', spec === undefined ? {} : { default: spec }, 'kuma-system');
  const kuma = (spec: object) => ({ ...custom('kuma.io/v1alpha1', 'Mesh', spec), metadata: { name: 'default' } });
  const appMesh = (spec: object) => ({ ...custom('appmesh.k8s.aws/v1beta2', 'Mesh', spec), metadata: { name: 'shop' } });
  const consul = (spec: object) => custom('consul.hashicorp.com/v1alpha1', 'Mesh', spec, 'consul', 'mesh');
  const LINKERD = { name: 'linkerd-proxy' };
  const KUMA = { name: 'kuma-sidecar' };
  const CONSUL = { name: 'consul-dataplane' };
  const APP_MESH = { name: 'envoy', image: 'public.ecr.aws/appmesh/aws-appmesh-envoy:v1' };

  it.each<[string, FakeWorld, string | undefined]>([
    ['Linkerd passes what it does not know', meshed(LINKERD), undefined],
    [
      'Linkerd denies by the namespace’s EgressNetwork',
      meshed(LINKERD, [egress({ trafficPolicy: 'Deny' })]),
      'blocks EgressNetwork/team-0/out',
    ],
    [
      'Linkerd denies by the cluster’s',
      meshed(LINKERD, [egress({ trafficPolicy: 'Deny' }, 'linkerd-egress')]),
      'blocks EgressNetwork/linkerd-egress/out',
    ],
    [
      'Linkerd takes the namespace’s word first',
      meshed(LINKERD, [egress({ trafficPolicy: 'Allow' }), egress({ trafficPolicy: 'Deny' }, 'linkerd-egress')]),
      undefined,
    ],
    [
      'Linkerd denies others',
      meshed(LINKERD, [egress({ trafficPolicy: 'Deny' }, 'other'), egress({ trafficPolicy: 'Deny', networks: [{ cidr: '10.0.0.0/8' }] })]),
      undefined,
    ],
    [
      'Linkerd excepts the agent',
      meshed(LINKERD, [egress({ trafficPolicy: 'Deny', networks: [{ cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] }] })]),
      undefined,
    ],
    [
      'Linkerd skips the agent’s network',
      meshed(LINKERD, [egress({ trafficPolicy: 'Deny' })], { 'config.linkerd.io/skip-subnets': '169.254.170.23/32' }),
      undefined,
    ],
    [
      'Linkerd skips a range of ports',
      meshed(LINKERD, [egress({ trafficPolicy: 'Deny' })], { 'config.linkerd.io/skip-outbound-ports': '25,79-90' }),
      undefined,
    ],
    ['Consul passes by default', meshed(CONSUL, [consul({})]), undefined],
    [
      'Consul knows the mesh alone',
      meshed(CONSUL, [consul({ transparentProxy: { meshDestinationsOnly: true } })]),
      'blocks Mesh/consul/mesh',
    ],
    ['Consul is not there to be asked', meshed(CONSUL), undefined],
    ['Kuma passes by default', meshed(KUMA, [kuma({})]), undefined],
    ['Kuma passes nothing', meshed(KUMA, [kuma({ networking: { outbound: { passthrough: false } } })]), 'blocks Mesh/default'],
    [
      'Kuma’s policy outranks the Mesh',
      meshed(KUMA, [kuma({ networking: { outbound: { passthrough: false } } }), through({ passthroughMode: 'All' })]),
      undefined,
    ],
    [
      'Kuma’s policy limits',
      meshed(KUMA, [kuma({}), through({ passthroughMode: 'Matched' })]),
      'unknown MeshPassthrough/kuma-system/x limits what passes its proxies',
    ],
    [
      'Kuma’s policy says nothing',
      meshed(KUMA, [kuma({}), through()]),
      'unknown MeshPassthrough/kuma-system/x limits what passes its proxies',
    ],
    ['Kuma’s Mesh is another', meshed(KUMA, [kuma({})], { 'kuma.io/mesh': 'shop' }), 'unknown its Mesh cannot be read'],
    ['App Mesh drops by default', meshed(APP_MESH, [appMesh({})]), 'blocks Mesh/shop'],
    ['App Mesh passes all', meshed(APP_MESH, [appMesh({ egressFilter: { type: 'ALLOW_ALL' } })]), undefined],
    ['App Mesh is not there to be asked', meshed(APP_MESH), 'unknown its Mesh cannot be read'],
    ['an Envoy of somebody’s own is no mesh', meshed({ name: 'envoy', image: 'envoyproxy/envoy:v1' }, [appMesh({})]), undefined],
  ])('%s', async (_, world, expected) => {
    const [first] = (await factsOf(world))?.meshes ?? [];
    expect(first === undefined ? undefined : `${first.verdict} ${first.by}`).toBe(expected);
  });

  it('App Mesh lets the agent’s address by where its init container ignores it', async () => {
    const world = meshed(APP_MESH, [appMesh({})]);
    for (const pod of world.objects.filter(({ kind }) => kind === 'Pod'))
      edit(pod).spec.initContainers = [
        { name: 'proxyinit', env: [{ name: 'APPMESH_EGRESS_IGNORED_IP', value: '169.254.169.254,169.254.170.23' }] },
      ];
    expect((await factsOf(world))?.meshes).toBeUndefined();
  });
});

describe('Cilium’s egress gateway', () => {
  const gateway = (selectors: object[], more: object = {}) => ({
    ...custom('cilium.io/v2', 'CiliumEgressGatewayPolicy', { selectors, destinationCIDRs: ['0.0.0.0/0'], ...more }),
    metadata: { name: 'out' },
  });
  const namespace: KubernetesObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-0', labels: { team: 'zero' } } };

  it.each<[string, KubernetesObject, string[] | undefined]>([
    ['selects the pods', gateway([{ podSelector: { matchLabels: { app: 'app-0' } } }]), ['CiliumEgressGatewayPolicy/out']],
    [
      'selects the namespace by its name',
      gateway([{ podSelector: { matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'team-0' } } }]),
      ['CiliumEgressGatewayPolicy/out'],
    ],
    [
      'selects the namespace by its labels',
      gateway([{ namespaceSelector: { matchLabels: { team: 'zero' } } }]),
      ['CiliumEgressGatewayPolicy/out'],
    ],
    ['selects another namespace', gateway([{ namespaceSelector: { matchLabels: { team: 'one' } } }]), undefined],
    ['selects other pods', gateway([{ podSelector: { matchLabels: { app: 'other' } } }]), undefined],
    ['takes other destinations', gateway([{}], { destinationCIDRs: ['10.0.0.0/8'] }), undefined],
    ['excepts the agent', gateway([{}], { excludedCIDRs: ['169.254.0.0/16'] }), undefined],
    ['says nothing', { ...gateway([]), spec: {} }, undefined],
  ])('that %s', async (_, object, expected) => {
    expect((await factsOf(meshed(null, [object, namespace])))?.egressGateways).toEqual(expected);
  });

  it('does not take calls of pods on the host network', async () => {
    const world = meshed(null, [gateway([{}]), namespace]);
    edit(find(world, 'Deployment')).spec.template.spec.hostNetwork = true;
    expect((await factsOf(world))?.egressGateways).toBeUndefined();
  });
});
