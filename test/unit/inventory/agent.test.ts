import { describe, expect, it } from 'vitest';
import { agentPod, agentSet, isAgent } from '../../../src/inventory/agent.ts';
import { agentConfiguration } from '../../../src/model/agent.ts';
import type { AgentFacts, Inventory, NodeFacts } from '../../../src/model/inventory.ts';
import { edit, find, object, small, take } from '../fixtures/inventory-worlds.ts';
import { cluster, inventory, node, planOf, unitOf, workload } from '../fixtures/plan-inventories.ts';

const AGENT = 'eks-pod-identity-agent';
const IMAGE = `602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks/${AGENT}:v0.1.20`;
const IPV4 = '{"agent":{"additionalArgs":{"-b":"169.254.170.23"}}}';
const SCHEMA = JSON.stringify({
  $schema: 'http://json-schema.org/draft-06/schema#',
  $ref: '#/definitions/Agent',
  definitions: {
    Agent: {
      type: 'object',
      additionalProperties: false,
      properties: {
        agent: { type: 'object', properties: { additionalArgs: { type: 'object' } } },
        daemonsets: {
          type: 'object',
          additionalProperties: false,
          properties: { hybrid: { type: 'object' }, 'hybrid-bottlerocket': { type: 'object' } },
        },
      },
    },
  },
});

describe('the DaemonSet of the agent', () => {
  const set = (name: string, image = 'other:1', labels: Record<string, string> = {}) =>
    object('DaemonSet', { spec: { template: { spec: { containers: [{ image }] } } } }, { name, labels });

  it.each<[string, Parameters<typeof isAgent>[0], boolean]>([
    ['its name', set(AGENT), true],
    ['its chart’s label', set('release', 'other:1', { 'app.kubernetes.io/name': AGENT }), true],
    ['its image, from any registry', set('credentials', IMAGE), true],
    ['its image by digest', set('credentials', `registry.example.com/${AGENT}@sha256:00`), true],
    ['its image, of the DaemonSet for hybrid nodes', set(`${AGENT}-hybrid`, IMAGE), true],
    ['nothing', set('other', `registry.example.com/${AGENT}-exporter:1`), false],
    ['an image alone, of another kind', { ...set(AGENT, IMAGE), kind: 'Deployment' }, false],
  ])('is known by %s', (_, given, expected) => {
    expect(isAgent(given)).toBe(expected);
  });

  it.each<[string[], 'ipv4' | 'ipv6' | 'both']>([
    [[], 'both'],
    [['--port', '80', '-b', '169.254.170.23'], 'ipv4'],
    [['--bind-hosts=[fd00:ec2::23]'], 'ipv6'],
    [['-b', '169.254.170.23', '-b', '[fd00:ec2::23]'], 'both'],
    [['-b', '10.0.0.1'], 'both'],
  ])('with the arguments %j listens on %s', (args, listens) => {
    expect(agentSet(object('DaemonSet', { spec: { template: { spec: { containers: [{ args }] } } } })).listens).toBe(listens);
  });

  it('says how its pods are found', () => {
    const selector = { matchLabels: { 'app.kubernetes.io/name': AGENT, 'app.kubernetes.io/instance': 'release' } };
    expect(agentSet(object('DaemonSet', { spec: { selector } })).labelSelector).toBe(
      `app.kubernetes.io/instance=release,app.kubernetes.io/name=${AGENT}`,
    );
    expect(agentSet(object('DaemonSet')).labelSelector).toContain(`${AGENT}-hybrid`);
  });
});

describe('a pod of the agent', () => {
  const pod = (status: object, kind = 'DaemonSet', name = AGENT, image = 'mirror:1') =>
    object(
      'Pod',
      { spec: { nodeName: 'n', containers: [{ image }] }, status },
      { ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: 'u', controller: true }] },
    );
  const ready = { conditions: [{ type: 'Ready', status: 'True' }] };

  it('is ready, or ends again and again', () => {
    expect(agentPod(pod(ready))).toEqual({ daemonSet: `shop/${AGENT}`, nodeName: 'n', ready: true, restarting: false });
    expect(agentPod(pod({ containerStatuses: [{ restartCount: 3 }] }))).toMatchObject({ ready: false, restarting: true });
    expect(agentPod(pod({ initContainerStatuses: [{ restartCount: 5 }] }))?.restarting).toBe(true);
    expect(agentPod(pod({ ...ready, containerStatuses: [{ restartCount: 9 }] }))?.restarting).toBe(false);
    expect(agentPod(pod({ containerStatuses: [{}] }))?.restarting).toBe(false);
  });

  it('is one of a DaemonSet, by name or by image', () => {
    expect(agentPod(pod(ready, 'DaemonSet', 'other', IMAGE))?.daemonSet).toBe('shop/other');
    expect(agentPod(pod(ready, 'DaemonSet', 'other'))).toBeUndefined();
    expect(agentPod(pod(ready, 'ReplicaSet'))).toBeUndefined();
    expect(agentPod(object('Pod', { spec: {} }))).toBeUndefined();
  });
});

describe('the inventory of the agent', () => {
  const settings = async (version: string, schema: string | undefined) => {
    const world = small((given) => {
      given.defaultAddonVersion = version;
      if (schema !== undefined) given.schemas = { [`${AGENT}@${version}`]: schema };
    });
    return (await take(world)).inventory.agent.settings;
  };

  it('knows what the configuration of the version to install can set', async () => {
    expect(await settings('v1.3.8-eksbuild.2', SCHEMA)).toEqual(['ipv4-only', 'hybrid', 'hybrid-bottlerocket']);
    expect(await settings('v1.3.4-eksbuild.1', SCHEMA)).toEqual(['ipv4-only', 'hybrid']);
    expect(await settings('v1.3.2-eksbuild.2', '{}')).toEqual(['ipv4-only']);
    expect(await settings('v1.3.8-eksbuild.2', '{"type":"object","additionalProperties":false,"properties":{}}')).toEqual([]);
  });

  it.each([undefined, '', 'no JSON', '{"if":{},"then":{}}'])('sets nothing by a schema that cannot be read: %s', async (schema) => {
    expect(await settings('v1.3.8-eksbuild.2', schema)).toEqual([]);
  });

  it('finds one that Helm installed anywhere, where its pods are ready and where they end', async () => {
    const world = small((given) => {
      const nodes = given.objects.filter(({ kind }) => kind === 'Node').map(({ metadata }) => metadata.name);
      const selector = { matchLabels: { app: 'agent' } };
      const owner = [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: 'u', controller: true }];
      given.objects.push(
        object(
          'DaemonSet',
          { spec: { selector, template: { spec: { containers: [{ image: IMAGE, args: ['-b', '169.254.170.23'] }] } } } },
          { name: 'agent', namespace: 'security' },
        ),
        ...nodes.slice(0, 2).map((nodeName, index) =>
          edit({
            ...object('Pod', {}, { name: `agent-${index}`, namespace: 'security', ownerReferences: owner }),
            apiVersion: 'v1',
            spec: { nodeName, containers: [{ image: IMAGE }] },
            status: index === 0 ? { conditions: [{ type: 'Ready', status: 'True' }] } : { containerStatuses: [{ restartCount: 7 }] },
          }),
        ),
      );
    });
    const { inventory: found, log } = await take(world);
    expect(found.agent).toMatchObject({
      addon: null,
      daemonSet: { namespace: 'security', name: 'agent' },
      settings: [],
      listens: 'ipv4',
      pods: [{ namespace: 'security', labelSelector: 'app=agent' }],
    });
    expect(found.agent.restarting).toEqual([found.nodes[1]?.name]);
    expect(found.nodes.filter(({ agentReady }) => agentReady).map(({ name }) => name)).toEqual([found.nodes[0]?.name]);
    expect(log).not.toContain('DescribeAddonVersions');
  });

  it('tells Bottlerocket from other nodes, and the family of addresses', async () => {
    const world = small((given) => {
      given.cluster = { ...given.cluster, ipFamily: 'ipv6' };
      edit(find(given, 'Node')).metadata.labels['os.bottlerocket.aws/version'] = '1.40.0';
    });
    const { inventory: found } = await take(world);
    expect(found.nodes.map(({ bottlerocket }) => bottlerocket)).toEqual([true, undefined, undefined, undefined]);
    expect(found.cluster.ipFamily).toBe('ipv6');
  });
});

describe('the plan of the agent', () => {
  const missing: AgentFacts = {
    addon: null,
    daemonSet: null,
    defaultVersion: 'v1.3.8-eksbuild.2',
    settings: ['ipv4-only', 'hybrid', 'hybrid-bottlerocket'],
  };
  const there: AgentFacts = { ...missing, addon: { version: 'v1', status: 'ACTIVE' }, defaultVersion: null, listens: 'both' };
  const ofFamily = (ipFamily: string | undefined) => cluster(ipFamily === undefined ? {} : { ipFamily });
  const plan = (more: Partial<Inventory>) => planOf(inventory(more));

  it.each<[string, Partial<Inventory>, string | null]>([
    ['listens on IPv4 alone in a cluster of IPv4', ofFamily('ipv4'), IPV4],
    ['listens on both in a cluster of IPv6', ofFamily('ipv6'), null],
    ['listens on both where EKS does not say', ofFamily(undefined), null],
    ['is told nothing that its version does not take', { ...ofFamily('ipv4'), agent: { ...missing, settings: [] } }, null],
  ])('%s', (_, more, configuration) => {
    expect(plan({ agent: missing, ...more }).agent).toMatchObject({ action: 'install', configuration });
  });

  it('shows its configuration, and the digest stands for it', () => {
    const made = plan({ ...ofFamily('ipv4'), agent: missing });
    expect(made.findings.find(({ code }) => code === 'PS402')?.message).toContain(IPV4);
    expect(made.digest).not.toBe(plan({ ...ofFamily('ipv6'), agent: missing }).digest);
  });

  const hybrid = (more: Partial<NodeFacts> = {}) => node('h', { class: 'hybrid', agentReady: false, ...more });
  const onHybrid = { workloads: [workload('shop/api', { nodeNames: ['h', 'node-a'] })] };

  it.each<[string, Partial<NodeFacts>, string]>([
    ['hybrid nodes', {}, 'hybrid'],
    ['hybrid nodes on Bottlerocket', { bottlerocket: true }, 'hybrid-bottlerocket'],
  ])('is installed for %s, and waited for there', (_, more, key) => {
    const made = plan({ ...onHybrid, nodes: [node('node-a'), hybrid(more), hybrid({ ...more, name: 'unused' })], agent: missing });
    expect(JSON.parse(made.agent.configuration ?? '{}')).toEqual({ daemonsets: { [key]: { create: true } } });
    expect(made.agent.nodeNames).toEqual(['node-a', 'h']);
    expect(unitOf(made).decision).toBe('migrate');
  });

  it.each<[string, AgentFacts]>([
    ['its version knows none', { ...missing, settings: ['ipv4-only'] }],
    ['it is there already, without one', there],
  ])('holds pods on hybrid nodes where %s', (_, agent) => {
    const made = plan({ ...onHybrid, nodes: [node('node-a'), hybrid()], agent });
    expect(unitOf(made)).toMatchObject({ decision: 'hold', findings: ['PS407'] });
    expect(made.agent.nodeNames).toEqual(['node-a']);
    expect(made.findings.find(({ code }) => code === 'PS407')?.remedy).toContain('{"daemonsets":{"hybrid":{"create":true}}}');
  });

  it.each<[string, string | undefined, AgentFacts['listens'], boolean]>([
    ['on IPv4 alone in a cluster of IPv6', 'ipv6', 'ipv4', true],
    ['on IPv6 alone in a cluster of IPv4', 'ipv4', 'ipv6', true],
    ['on IPv4 alone in a cluster of IPv4', 'ipv4', 'ipv4', false],
    ['on both', 'ipv6', 'both', false],
    ['on IPv4 alone, and EKS does not say', undefined, 'ipv4', false],
    ['nobody knows where', 'ipv6', null, false],
  ])('holds everything or nothing where the agent listens %s', (_, family, listens, held) => {
    const made = plan({ ...ofFamily(family), agent: { ...there, listens: listens ?? null } });
    expect(unitOf(made)).toMatchObject(held ? { decision: 'hold', findings: ['PS414'] } : { decision: 'migrate' });
  });

  it('warns of an agent that ends again and again, and says what to set where IPv6 may be off', () => {
    const of = (family: string, listens: AgentFacts['listens']) =>
      plan({ ...ofFamily(family), agent: { ...there, listens: listens ?? null, restarting: ['node-a'] } }).findings.find(
        ({ code }) => code === 'PS415',
      );
    expect(of('ipv4', 'both')).toMatchObject({ subject: 'Node/node-a', severity: 'warning', remedy: expect.stringContaining(IPV4) });
    expect(of('ipv4', 'ipv4')?.remedy).not.toContain(IPV4);
    expect(of('ipv6', 'both')?.remedy).not.toContain(IPV4);
  });

  it('has one configuration for several settings', () => {
    expect(JSON.parse(agentConfiguration(['ipv4-only', 'hybrid', 'hybrid-bottlerocket']) ?? '')).toEqual({
      agent: { additionalArgs: { '-b': '169.254.170.23' } },
      daemonsets: { hybrid: { create: true }, 'hybrid-bottlerocket': { create: true } },
    });
    expect(agentConfiguration([])).toBeNull();
  });
});
